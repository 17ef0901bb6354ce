"""What the catalogue's real data is made of: published files by address and sha256, and what is done to them.

A problem's ``origins.py``, where it has one, lists its files in ``DATA``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import quote

from fairbound.instances.core.catalogue import entries
from fairbound.instances.core.files import read_bytes
from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Published:
    """A published file: where it is, and the sha256 of its bytes there."""

    address: str
    sha256: str


@dataclass(frozen=True)
class DataFile:
    """A file of real data.

    Attributes
    ----------
    name
        Below the data folder; what ends in ``.gz`` is compressed there.
    sha256
        Of what it holds, unpacked.
    origin
        Who published what, and when, for people.
    licence
        The terms of its publication, or that none are stated.
    recipe
        What was done to the published data, in words.
    parts
        The published files that it is made of; empty where it cannot be made again byte by byte.
    make
        Their bytes, in this order, to what the file holds, unpacked.
    beside
        Names of further files that an instance of this one needs.
    """

    name: str
    sha256: str
    origin: str
    licence: str
    recipe: str
    parts: tuple[Published, ...] = ()
    make: Callable[[Sequence[bytes]], bytes] = b"".join
    beside: tuple[str, ...] = ()


def on_github(repository: str, commit: str, path: str) -> str:
    """The address of a file in a public repository, at one commit for good."""
    return f"https://raw.githubusercontent.com/{repository}/{commit}/{quote(path)}"


def sha256_of(content: bytes) -> str:
    """The sha256 of bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def holds(file: DataFile, path: Path) -> str | None:
    """``None`` where a file holds what it should, else the sha256 of what it holds; raises ``InputError``."""
    found = sha256_of(read_bytes(path))
    return None if found == file.sha256 else found


def data_files() -> dict[str, DataFile]:
    """Every file of real data that the catalogue knows the origin of, by name."""
    modules = [f"fairbound.instances.{problem}.origins" for problem in PROBLEMS]
    return {file.name: file for module in modules if find_spec(module) for file in import_module(module).DATA}


def needed(name: str) -> list[DataFile]:
    """The files behind a catalogue name, a family or a problem; empty where all of it comes with fairbound.

    Raises ``InputError`` for a name that the catalogue does not know, and for a file whose origin it does not.
    """
    known, stem = entries(), f"{name.removesuffix('*').rstrip('/')}/"
    asked = [entry for entry in known if entry.holds(name) or entry.name.startswith(stem)]
    if not asked:
        raise InputError("unknown instance", found=name, wanted=nearest(name, [entry.name for entry in known]))
    files = data_files()
    found: dict[str, DataFile] = {}
    for file in (entry.file for entry in asked if entry.file is not None):
        if file not in files:
            raise InputError("nothing is known of where this comes from", file=file, wanted="the file in a data folder")
        found |= {each: files[each] for each in (file, *files[file].beside)}
    return list(found.values())
