"""Files as bytes, text and JSON, read within bounds and written in one step."""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import stat
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import LONGEST_NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LARGEST_FILE = 256 * 2**20
"""Bytes of a file, unpacked; the largest data of this field is a tenth of it."""
DEEPEST = 100
"""Levels of lists and objects in JSON; GeoJSON needs 8."""
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def read_text(path: Path, largest: int = LARGEST_FILE) -> str:
    """The text of a UTF-8 file, plain or ``.gz``; raises ``InputError`` as ``read_bytes`` does, and for other text."""
    raw = read_bytes(path, largest)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("not UTF-8 text", file=str(path), row=line, wanted="a file saved as UTF-8") from None


def read_bytes(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """What a file holds, unpacked if it is ``.gz``; raises ``InputError`` if it cannot be read or is too large.

    Pipes, devices and folders are refused: they may never end.
    """
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            raise InputError("not a file", file=str(path), found=_kind_of(kind), wanted="a regular file")
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            raw = stream.read(largest + 1)
        if len(raw) > largest:
            raise InputError("too large", file=str(path), wanted=f"at most {largest >> 20:,} MiB, unpacked")
        return raw
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot be read ({reason})", file=str(path)) from None


def _kind_of(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def read_json(path: Path) -> Any:
    """The JSON document in a file, numbers with a point or an exponent as text; raises ``InputError``.

    Refused are numbers that are none (``NaN``), that are too long, lists in lists beyond ``DEEPEST``, and objects in
    which a name stands twice.
    """
    file, text = str(path), read_text(path)
    depth = deepest = 0
    for sign in _BRACKETS.findall(text):
        depth += 1 if sign in "[{" else -1 if sign in "]}" else 0
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise InputError("lists in lists too deep", file=file, found=deepest, wanted=f"at most {DEEPEST} levels")

    def number(digits: str) -> int:
        if len(digits) > LONGEST_NUMBER:
            raise InputError("a number that is too long", file=file, wanted=f"at most {LONGEST_NUMBER} characters")
        return int(digits)

    def constant(word: str) -> Any:
        raise InputError("not JSON", file=file, found=word, wanted="a number")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            name = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
            raise InputError("a name stands twice in an object", file=file, found=name, wanted="each once")
        return found

    try:
        document = json.loads(text, parse_float=str, parse_int=number, parse_constant=constant, object_pairs_hook=once)
        if "\\ud" in text.lower():
            json.dumps(document, ensure_ascii=False).encode()
        return document
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON ({error.msg})", file=file, row=error.lineno) from None
    except UnicodeEncodeError:
        raise InputError("half a character (a surrogate alone)", file=file, wanted="whole characters") from None


_kept: set[Path] = set()


def keep(path: Path) -> None:
    """Data come from this file: nothing is written over it from now on."""
    _kept.add(path.resolve())


NOT_OURS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG}
"""A disk that is full or broken off, a folder that is somebody else's: nothing that a program does wrong."""


def unwritable(error: OSError, file: object) -> InputError:
    """What is said where a file cannot be written."""
    return InputError(f"cannot be written ({error.strerror or error})", file=str(file))


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step: a reader sees the old file or the whole new one.

    Raises ``InputError`` where it cannot be written.
    """
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A place to write what then becomes ``path`` in one step, on the disk before it has that name.

    Its folder is made; a link stays, and what it names is written. Raises ``InputError`` where that, or the file,
    cannot be written, for a pipe or a device, which a file would take the place of, and for what ``keep`` named.
    """
    with suppress(OSError):  # there is nothing yet
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            raise InputError("cannot be written", file=str(path), found=_kind_of(kind), wanted="a regular file")
        if path.resolve() in _kept:
            raise InputError("the instance was read from this file", file=str(path), wanted="another name or --out")
        path = path.resolve()
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _sync(part, os.O_RDWR)
        part.replace(path)
        if hasattr(os, "O_DIRECTORY"):
            _sync(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise unwritable(error, path) from None


def forget(folder: Path, patterns: Iterable[str]) -> None:
    """Remove files of an earlier answer, which would stand beside the new one as if they were a part of it.

    Raises ``InputError`` where one cannot be removed.
    """
    for path in (path for pattern in patterns for path in folder.glob(pattern) if path.is_file()):
        try:
            path.unlink()
        except OSError as error:
            raise InputError(f"cannot be removed ({error.strerror or error})", file=str(path)) from None


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
