"""Real data brought to this machine: each file whole and of the right digest, or not at all."""

from __future__ import annotations

import gzip
import logging
import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairbound.instances.core.files import read_bytes, unwritable, written_whole
from fairbound.instances.core.published import DataFile, holds, sha256_of
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = ".parts"
"""Folder below the data folder for what is under way; a file that is not yet whole is never where it is read."""
CHUNK = 1 << 16
WAITS = (10, 60)
"""Seconds that a server may take to answer at all, and between two chunks."""


class State(StrEnum):
    """What became of a file."""

    THERE = "there"
    FETCHED = "fetched"
    ABSENT = "absent"
    FAILED = "failed"


@dataclass(frozen=True)
class Fetched:
    """A file, what became of it, and a sentence that says it."""

    file: DataFile
    state: State
    said: str


def check(file: DataFile, folder: Path) -> Fetched:
    """Whether a file is in a folder and holds what it should."""
    path = folder / file.name
    if not path.exists():
        return Fetched(file, State.ABSENT, f"not in {folder}")
    try:
        found = holds(file, path)
    except InputError as error:
        return Fetched(file, State.FAILED, str(error))
    if found is None:
        return Fetched(file, State.THERE, f"in {folder}, of the right sha256")
    changed = InputError("another file of this name", file=str(path), found=found, wanted=f"sha256 {file.sha256}")
    return Fetched(file, State.FAILED, f"{changed}; nothing is written over it")


def fetch(
    file: DataFile, folder: Path, mirror: str | None = None, on_part: Callable[[str], None] = lambda _said: None
) -> Fetched:
    """Bring a file into a folder, unless it is there.

    Parameters
    ----------
    file
        The file; one without published parts comes from a mirror alone.
    folder
        The data folder; what was begun there earlier and broke off is gone on with.
    mirror
        A folder, or the address of one, that holds files by their names below the data folder.
    on_part
        Told what is downloaded next.

    Returns
    -------
    Fetched
        What became of it. What raises ``InputError`` elsewhere is a state here: the next file may be had all the same.
    """
    found = check(file, folder)
    if found.state is not State.ABSENT:
        return found
    if mirror is None and not file.parts:
        return Fetched(
            file, State.ABSENT, f"cannot be fetched: {file.recipe}; from {file.origin}; wanted at {folder / file.name}"
        )
    try:
        if mirror is None:
            parts = []
            for i, part in enumerate(file.parts, start=1):
                on_part(f"{file.name}: {i} of {len(file.parts)}")
                parts.append(_download(part.address, part.sha256, folder))
            content = file.make([path.read_bytes() for path in parts])
            source = f"{len(parts)} published file{'s' if len(parts) > 1 else ''}"
        else:
            on_part(file.name)
            source = f"{mirror.rstrip('/')}/{file.name}"
            parts, content = _from_mirror(source, file, folder)
        if sha256_of(content) != file.sha256:
            raise InputError("not the file that is meant", file=source, found=sha256_of(content), wanted=file.sha256)
        path = folder / file.name
        with written_whole(path) as whole:
            whole.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
        for part_file in parts:
            part_file.unlink(missing_ok=True)
        if (folder / PARTS).is_dir() and not any((folder / PARTS).iterdir()):
            (folder / PARTS).rmdir()
    except InputError as error:
        return Fetched(file, State.FAILED, str(error))
    except OSError as error:
        return Fetched(file, State.FAILED, str(unwritable(error, error.filename or folder)))
    return Fetched(file, State.FETCHED, f"fetched from {source} into {folder}, of the right sha256")


def _from_mirror(source: str, file: DataFile, folder: Path) -> tuple[list[Path], bytes]:
    """Downloads that were made, and what the mirror's file holds, unpacked."""
    if "://" not in source:
        return [], read_bytes(Path(source))
    # A mirror may have compressed a file its own way: what counts is what the file holds.
    path = _download(source, None, folder, ending=Path(file.name).suffix)
    return [path], read_bytes(path)


def _download(address: str, sha256: str | None, folder: Path, ending: str = "") -> Path:
    """The file at an address, whole and of the digest if one is given; raises ``InputError`` and ``OSError``."""
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)
    name = (sha256 or sha256_of(address.encode()))[:32] + ending
    going_on = Resuming(folder / PARTS / f"{name}.half")
    try:
        try:
            found = pooch.retrieve(address, sha256, name, folder / PARTS, downloader=going_on)
        except ValueError:
            if not going_on.resumed:
                raise
            # The half that was there was of another file, or damaged: once more from the beginning.
            found = pooch.retrieve(address, sha256, name, folder / PARTS, downloader=going_on)
    except InputError:
        raise
    except ValueError:
        raise InputError(
            "the file has changed", file=address, found=going_on.digest, wanted=f"sha256 {sha256}"
        ) from None
    except requests.exceptions.ChunkedEncodingError:
        raise InputError("the transfer broke off; the same command goes on where it stopped", file=address) from None
    except requests.exceptions.Timeout:
        raise InputError("no answer in time; the same command goes on where it stopped", file=address) from None
    except requests.exceptions.RequestException as error:
        raise InputError(f"cannot be reached ({type(error).__name__})", file=address) from None
    return Path(found)


class Resuming:
    """How pooch downloads: a transfer that broke off is gone on with, where the server can send the rest.

    Parameters
    ----------
    half
        Where what has come is kept until it is whole.
    """

    def __init__(self, half: Path) -> None:
        self.half = half
        self.resumed = False
        """Whether the last download went on from an earlier one."""
        self.digest = ""
        """The sha256 of the last download."""

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Download; raises ``InputError`` for an answer that is no file, and what ``requests`` raises."""
        import requests

        start = self.half.stat().st_size if self.half.exists() else 0
        # What is counted are the bytes of the file: nothing may pack them on the way.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with requests.get(url, headers=headers, stream=True, timeout=WAITS) as answer:
            status, given = answer.status_code, answer.headers.get("Content-Range", "")
            self.resumed = status == requests.codes.partial and given.startswith(f"bytes {start}-")
            if start and not self.resumed and status in (requests.codes.partial, requests.codes.range_not_satisfiable):
                self.half.unlink()
                self(url, output_file, pooch)
                return
            if status not in (requests.codes.ok, requests.codes.partial):
                raise InputError(f"the server says {status} {answer.reason}", file=url, wanted="a file")
            with self.half.open("ab" if self.resumed else "wb") as out:
                for chunk in answer.iter_content(CHUNK):
                    out.write(chunk)
        self.digest = sha256_of(self.half.read_bytes())
        shutil.move(self.half, output_file)
