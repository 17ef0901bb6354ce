"""What one solve is: everything that decides its answer, and the key by which it is known."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from fairbound.instances.core import catalogue
from fairbound.instances.core.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT = "default"
"""In the place of a method: the first exact one that takes the question, chosen where it is solved."""


@dataclass(frozen=True)
class Specification:
    """One solve of a suite or a sweep.

    Attributes
    ----------
    instance
        Catalogue name or path of a file.
    method
        A method's name, or ``DEFAULT``.
    parameters
        Changed parameters as pairs of text, sorted.
    objective
        A name, or several joined by commas (lexicographic).
    relaxed
        Ask for the optimum of the formulation's LP relaxation instead.
    repetition
        Number of the repetition, from 0.
    seconds, grace
        The engine is asked to stop after ``seconds``; its process is killed ``grace`` seconds later. ``None``: never.
    memory_mb
        Memory limit of the process beyond the libraries, or ``None``.
    engine_options
        Options of the engine of a formulation, as sorted pairs of text.
    prove
        Seconds at most for a certificate after the solve; they are not counted among those of the method.
    content
        What ``content_of`` says of the instance's data: changed data is another question.
    version
        What ``machine.versions`` says: another version's answer is another answer.
    """

    problem: str
    instance: str
    parameters: tuple[tuple[str, str], ...]
    objective: str
    method: str
    relaxed: bool = False
    seed: int = 0
    repetition: int = 0
    seconds: float | None = 60.0
    grace: float = 10.0
    memory_mb: float | None = 1500.0
    threads: int = 1
    gap: float = 0.0
    prove: float = 0.0
    engine_options: tuple[tuple[str, str], ...] = ()
    content: str = ""
    version: str = ""

    @cached_property
    def key(self) -> str:
        """sha256 of everything above, in hexadecimal."""
        said = self.to_json()
        if not self.prove:
            del said["prove"]  # keys of rows from before there were proofs
        if not self.engine_options:
            del said["engine_options"]
        text = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def label(self) -> str:
        """A short name for people."""
        changed = "".join(f" {name}={value}" for name, value in self.parameters)
        return f"{self.instance}{changed} {self.objective} {self.method}{' (LP)' if self.relaxed else ''}"

    def to_json(self) -> dict[str, Any]:
        """The specification as JSON types."""
        return {name: getattr(self, name) for name in _NAMES}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Specification:
        """The inverse of ``to_json``."""
        read = dict(document)
        for name in ("parameters", "engine_options"):
            read[name] = tuple((str(key), str(value)) for key, value in document.get(name, ()))
        return cls(**read)


_NAMES = tuple(field.name for field in fields(Specification))


def content_of(instance: str, problem: str | None = None) -> str:
    """A digest of the data behind an instance; nothing where the data comes with fairbound.

    For a file, which may have others beside it, that of the instance itself; for a part of its rows the sha256 of the
    file, and for a catalogue name that of the data file.
    """
    source = catalogue.source(instance)
    if source is not None:
        return _digest(source)
    file = Source.named(instance)
    if file is not None and file.reading.only:
        return _digest(file.path)
    return "" if file is None else catalogue.load(instance, problem).digest


def _digest(path: Path) -> str:
    state = os.stat(path)
    return _sha256(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _sha256(path: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
