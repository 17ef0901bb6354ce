"""Groups of the middle, all listed: those that lose less than what the prices of a node exceed the target.

A grouping worth more has no other. So below that node prices hold in the middle once no group of the list is worth
more (54): a product of a matrix and a vector instead of a search, and a sum for each group when it is replayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.cep.share_pricing import Found

if TYPE_CHECKING:
    from fairbound.solvers.cep.share_cells import Flags
    from fairbound.solvers.cep.share_pricing import Indices
    from fairbound.solvers.engines.base import Floats

MOST_STEPS, MOST_GROUPS = 400_000, 30_000
"""Partial groups that a list may cost, which a replay looks at again, and groups that it may hold."""


@dataclass(frozen=True)
class Listed:
    """Groups as rows of 0 and 1 over the units.

    Attributes
    ----------
    cell, worth
        Cell of each, among those of the middle, and its worth.
    steps
        Partial groups that were looked at to list them.
    """

    inside: Flags
    cell: Indices
    worth: Floats
    steps: int

    def __len__(self) -> int:
        return len(self.worth)

    def excess(self, units: Floats) -> Floats:
        """Worth of each group above the prices of its units."""
        return np.asarray(self.worth - self.inside @ units)

    def only(self, keep: Flags) -> Listed:
        """Those of the list that are wanted."""
        return self if keep.all() else Listed(self.inside[keep], self.cell[keep], self.worth[keep], self.steps)

    def joined(self, other: Listed) -> Listed:
        """Both lists, one after the other."""
        inside, cell = np.vstack([self.inside, other.inside]), np.r_[self.cell, other.cell]
        return Listed(inside, cell, np.r_[self.worth, other.worth], self.steps)

    def least(self, most: int, units: Floats) -> Listed:
        """So many of them at most: those that lose least against their prices."""
        if len(self) <= most:
            return self
        keep = np.zeros(len(self), dtype=bool)
        keep[np.argsort(-self.excess(units), kind="stable")[:most]] = True
        return self.only(keep)

    def within(self, allowed: Flags) -> Listed:
        """Those whose units may all be in their cell (rows: cells of the middle)."""
        return self.only(np.asarray(~(self.inside & ~allowed[self.cell]).any(axis=1)))

    def cells(self, count: int) -> Flags:
        """Units (columns) of the groups in each of so many cells."""
        found = np.zeros((count, self.inside.shape[1]), dtype=bool)
        order = np.argsort(self.cell, kind="stable")
        cells, first = np.unique(self.cell[order], return_index=True)
        if len(cells):
            found[cells] = np.logical_or.reduceat(self.inside[order], first)
        return found

    def search(self, units: Floats, cut: float) -> Found:
        """The groups worth more than ``cut`` above their prices: all that there are."""
        excess = self.excess(units)
        more = excess > cut
        return Found(self.inside[more], self.cell[more], excess[more], np.ones(1, dtype=bool), len(self))

    def holds(self, inside: Flags) -> Flags:
        """Which of some groups are on the list."""
        return np.asarray(np.isin(_keys(inside), _keys(self.inside)))


def _keys(inside: Flags) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Groups as single numbers of many bytes."""
    bits = np.ascontiguousarray(np.packbits(inside, axis=1))
    return bits.view(np.dtype((np.void, bits.shape[1]))).ravel()
