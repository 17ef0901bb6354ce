"""What one solve is: everything that decides its answer, and the key by which it is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Specification:
    """One solve of a suite.

    Attributes
    ----------
    instance
        Catalogue name or path of a file.
    parameters
        Changed parameters as pairs of text, sorted.
    objective
        A name, or several joined by commas (lexicographic).
    relaxed
        Ask for the optimum of the formulation's LP relaxation instead.
    repetition
        Number of the repetition, from 0.
    seconds, grace
        The engine is asked to stop after ``seconds``; its process is killed ``grace`` seconds later.
    memory_mb
        Memory limit of the process beyond the libraries.
    content
        sha256 of the instance file, where the instance is a file: a changed file is another question.
    """

    problem: str
    instance: str
    parameters: tuple[tuple[str, str], ...]
    objective: str
    method: str
    relaxed: bool = False
    seed: int = 0
    repetition: int = 0
    seconds: float = 60.0
    grace: float = 10.0
    memory_mb: float = 1500.0
    threads: int = 1
    gap: float = 0.0
    content: str = ""

    @cached_property
    def key(self) -> str:
        """sha256 of everything above, in hexadecimal."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def label(self) -> str:
        """A short name for people."""
        changed = "".join(f" {name}={value}" for name, value in self.parameters)
        return f"{self.instance}{changed} {self.objective} {self.method}{' (LP)' if self.relaxed else ''}"

    def to_json(self) -> dict[str, Any]:
        """The specification as JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Specification:
        """The inverse of ``to_json``."""
        pairs = tuple((str(name), str(value)) for name, value in document["parameters"])
        return cls(**{**document, "parameters": pairs})


def content_of(instance: str) -> str:
    """sha256 of an instance file, or nothing for a catalogue name."""
    path = Path(instance)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
