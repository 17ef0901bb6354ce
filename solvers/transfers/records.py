"""What the spatial tree's linear program is told, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fairbound.solvers.transfers.composition import Composition, Floats

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Cut:
    """A minorant in the pool: district, end of the interval (0 lower, 1 upper), cut point v, and whose G."""

    district: int
    side: int
    point: Floats
    goal: int = 0


@dataclass(frozen=True)
class Cap:
    """A bound on another objective, in units of 1/N: largest value, and the power of 2 its row is divided by."""

    goal_terms: Composition
    limit: float
    unit: float


@dataclass(frozen=True)
class Point:
    """A solved node: moves into each district, and what each district scores and is charged.

    Attributes
    ----------
    value
        Of the linear program, broken bounds on other objectives at their price.
    score, charged
        Of every goal in each district, shape (goals, districts); the first goal is the objective.
    """

    value: float
    students: Floats
    sizes: Floats
    score: Floats
    charged: Floats


@dataclass(frozen=True)
class Multipliers:
    """Row multipliers of a solved node, by row; cuts by their number in the pool."""

    simplex: Floats
    conservation: Floats
    budget: float
    sizes: Floats
    cut_ids: Ints
    cuts: Floats
    caps: Floats = field(default_factory=lambda: np.zeros(0))
    own: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Start:
    """A basis of the engine: status of each column, of each row that is no cut, and the cuts that are tight."""

    columns: list[Any]
    rows: list[Any]
    cuts: frozenset[int]


@dataclass
class Record:
    """A node of the finished tree: a split with two children, or a leaf with multipliers."""

    split: tuple[int, float] | None = None
    children: list[Record] = field(default_factory=list)
    multipliers: Multipliers | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was solved here."""
        return self.split is None and self.multipliers is None


@dataclass(frozen=True)
class Tightening:
    """A proof that every plan scoring at most ``limit`` has a size on the right side of ``size``.

    Attributes
    ----------
    side
        0 if ``size`` is a least size, 1 if a largest one.
    price
        Multiplier of the row that bounds the score.
    """

    district: int
    side: int
    size: float
    limit: float
    price: float
    multipliers: Multipliers
