"""What a catalogue entry and a file format are, and where real data is found."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError
from platformdirs import user_cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fairbound.instances.core.source import Source
    from fairbound.models.core.problem import Instance
    from fairbound.models.core.truth import Truth

DATA_VARIABLE = "FAIRBOUND_DATA"
OWN_LICENCE = "MIT"


@dataclass(frozen=True)
class Entry:
    """One catalogue entry, or a family of them.

    Attributes
    ----------
    name
        ``cep/calpads33``; a family ends in ``/*`` (``cep/us/*`` holds ``cep/us/ca/01702``).
    origin
        Where the data comes from, for people.
    load
        Takes the full name.
    file
        The file it needs below the data folder; ``None`` for embedded data.
    members
        Full names of a family; empty where its file is absent.
    problem
        Its problem, where that is not the first part of the name: listed under both.
    truth
        The hidden truth of a simulation, which audits and studies may look at.
    licence
        What its publisher says of the data; the project's own where it was made up or generated.
    closed
        Whether nothing that was made from the data may be passed on.
    """

    name: str
    summary: str
    origin: str
    load: Callable[[str], Instance]
    file: str | None = None
    members: Callable[[], Iterable[str]] | None = None
    problem: str | None = None
    truth: Callable[[], Truth] | None = None
    licence: str = OWN_LICENCE
    closed: bool = False

    def holds(self, name: str) -> bool:
        """Whether it is the instance of a full name, or the family of it."""
        return name == self.name or (self.members is not None and name.startswith(self.name.removesuffix("*")))


@dataclass(frozen=True)
class FileFormat:
    """How a problem reads its instances from a file.

    Attributes
    ----------
    recognises
        Whether a file is meant to be of this format; it looks and never complains.
    wanted
        What tells the format, for the error where no format recognises a file.
    load
        Reads the file; raises ``InputError``. What it notes in the source becomes the instance's first repairs.
    takes
        What can be accepted or left out in such a file: names of ``ACCEPTED`` and ``LEFT_OUT``.
    template
        A small example as people would fill it in: the lines of its tables, by what their names add to the stem.
    """

    problem: str
    wanted: str
    recognises: Callable[[Source], bool]
    load: Callable[[Source], Instance]
    takes: tuple[str, ...] = ()
    template: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def data_home() -> Path:
    """The data folder that files are fetched into: ``FAIRBOUND_DATA``, else one among the user's caches."""
    named = os.environ.get(DATA_VARIABLE)
    if named:
        return Path(named)
    return Path(user_cache_dir("fairbound")) / "data"


def home_of(relative: str) -> Path:
    """The data folder in which a file is, or would be fetched into.

    Without ``FAIRBOUND_DATA`` that is ``../shared/data`` where it is there, looked for beside the working folder and
    beside the project's own folder.
    """
    return next((home for home in _beside() if (home / relative).is_file()), data_home())


_ABOVE = str(Path(__file__).parents[3])


def _beside() -> list[Path]:
    """The folders ``../shared/data``, unless another is named."""
    return [] if os.environ.get(DATA_VARIABLE) else [_shared(os.path.dirname(os.getcwd())), _shared(_ABOVE)]


@cache
def _shared(root: str) -> Path:
    return Path(root, "shared", "data")


def data_file(relative: str) -> Path | None:
    """Find a file of real data, or ``None``: in ``FAIRBOUND_DATA``, ``../shared/data``, or where it was fetched to."""
    homes = [os.environ[DATA_VARIABLE]] if os.environ.get(DATA_VARIABLE) else [*_beside(), data_home()]
    # A sweep asks thousands of times: a path takes longer to make than to look at.
    return next((path for home in homes if os.path.isfile(path := _below(home, relative))), None)


@cache
def _below(home: Path | str, relative: str) -> Path:
    return Path(home, relative)


def need_file(name: str, relative: str) -> Path:
    """The same; raises ``InputError`` that says how to provide the data of entry ``name``."""
    path = data_file(relative)
    if path is None:
        raise InputError(
            f"the data of {name} is not on this machine",
            found=os.environ.get(DATA_VARIABLE, "no ../shared/data"),
            wanted=f"a folder with {relative}, named by {DATA_VARIABLE} (fairbound instance fetch {name})",
        )
    return path


@dataclass(frozen=True)
class Generator:
    """A family of generated instances: ``fairbound instance make blocks grid --set n=1000``.

    Attributes
    ----------
    settings
        Names and defaults of its settings; ``None`` for one that must be given.
    make
        ``make(settings, seed)`` returns the texts of its files, by what their names add to the stem: ``""``
        for the one that ``load`` reads, ``"_borders"`` for a table beside it; raises ``InputError``.
    file
        Name of the first file where only a folder is named.
    version
        Another one for every change after which the same settings and seed give another instance.
    """

    problem: str
    name: str
    summary: str
    settings: Mapping[str, str | None]
    make: Callable[[Mapping[str, str], int], Mapping[str, str]]
    file: str
    version: int = 1
