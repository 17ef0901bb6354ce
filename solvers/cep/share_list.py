"""Groups of the middle, all listed: those that lose less than what the prices of a node exceed the target.

A grouping worth more has no other. So below that node prices hold in the middle once no group of the list is worth
more (54): a sum for each group instead of a search, in the tree as in its replay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.cep.share_pricing import Found
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fairbound.solvers.cep.level_lp import UnitArrays
    from fairbound.solvers.cep.share_cells import Flags
    from fairbound.solvers.cep.share_pricing import Indices, Pricer
    from fairbound.solvers.engines.base import Floats

Codes = NDArray[np.uint64]

MOST_STEPS, MOST_GROUPS = 40_000_000, 1_000_000
"""Partial groups that a list may cost, which a replay looks at again, and groups that it may hold."""


ROWS = 100_000
"""Groups whose codes are made at a time."""


@dataclass(frozen=True)
class Listed:
    """Groups as rows of 0 and 1 over the units.

    Attributes
    ----------
    cell, worth
        Cell of each, among those of the middle, and its worth.
    traits
        Those of each, by name.
    code
        A number for each by which to know it, rising: two groups may share one by a chance of 1 in 1e10.
    members, sizes
        Units of all groups, one group after the other, and how many each has.
    steps, run
        Partial groups that were looked at to list them, and cells that were searched as one.
    """

    inside: Flags
    cell: Indices
    worth: Floats
    traits: dict[str, Floats]
    code: Codes
    members: Indices
    sizes: Indices
    steps: int
    run: int

    @classmethod
    def of(cls, inside: Flags, cell: Indices, pricer: Pricer, steps: int, run: int) -> Listed:
        """Groups given as rows, each with its cell; in the order of their codes."""
        code = codes(inside)
        order = np.argsort(code, kind="stable")
        inside, cell, code = inside[order], cell[order], code[order]
        group, unit = np.nonzero(inside)
        sizes, known = np.bincount(group, minlength=len(inside)), traits(inside, pricer.arrays)
        return cls(inside, cell, pricer.worth(inside), known, code, unit, sizes, steps, run)

    def __len__(self) -> int:
        return len(self.worth)

    @cached_property
    def starts(self) -> Indices:
        """Where the units of each group begin."""
        return np.cumsum(self.sizes) - self.sizes

    def excess(self, units: Floats) -> Floats:
        """Worth of each group above the prices of its units."""
        return self.worth - (np.add.reduceat(units[self.members], self.starts) if len(self) else 0.0)

    def only(self, keep: Flags) -> Listed:
        """Those of the list that are wanted."""
        if keep.all():
            return self
        return replace(
            self,
            inside=self.inside[keep],
            cell=self.cell[keep],
            worth=self.worth[keep],
            traits={name: values[keep] for name, values in self.traits.items()},
            code=self.code[keep],
            members=self.members[np.repeat(keep, self.sizes)],
            sizes=self.sizes[keep],
        )

    def within(self, allowed: Flags) -> Listed:
        """Those whose units may all be in their cell (rows: cells of the middle)."""
        if not len(self):
            return self
        return self.only(np.logical_and.reduceat(allowed[np.repeat(self.cell, self.sizes), self.members], self.starts))

    def cells(self, count: int) -> Flags:
        """Units (columns) of the groups in each of so many cells."""
        found = np.zeros((count, self.inside.shape[1]), dtype=bool)
        found[np.repeat(self.cell, self.sizes), self.members] = True
        return found

    def search(self, units: Floats, cut: float) -> Found:
        """The groups worth more than ``cut`` above their prices: all that there are."""
        excess = self.excess(units)
        more = excess > cut
        return Found(self.inside[more], self.cell[more], excess[more], np.ones(1, dtype=bool), len(self))

    def holds(self, code: Codes) -> Flags:
        """Which of some groups, by their codes, are on the list."""
        if not len(self):
            return np.zeros(len(code), dtype=bool)
        return np.asarray(self.code[np.minimum(np.searchsorted(self.code, code), len(self) - 1)] == code)


def traits(inside: Flags, arrays: UnitArrays) -> dict[str, Floats]:
    """Students of groups, and their weight per student."""
    rows = inside.astype(float)
    people = rows @ arrays.enrolled
    return {"students": people, "weight": (rows @ arrays.slope) / people}


def codes(inside: Flags) -> Codes:
    """A number for each of some groups."""
    chance = np.random.default_rng(0).integers(2**63, size=inside.shape[1], dtype=np.uint64)
    found = np.zeros(len(inside), dtype=np.uint64)
    for begin in range(0, len(inside), ROWS):
        rows = inside[begin : begin + ROWS]
        found[begin : begin + ROWS] = np.where(rows, chance, np.uint64(0)).sum(axis=1, dtype=np.uint64)
    return found
