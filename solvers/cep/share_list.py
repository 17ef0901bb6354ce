"""Groups of the middle, all listed: those that lose less than what the prices of a node exceed the target.

A grouping worth more has no other. So below that node prices hold in the middle once no group of the list is worth
more (54): a sum for each group instead of a search, in the tree as in its replay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.cep.share_members import Codes, Members, codes
from fairbound.solvers.cep.share_pricing import Found

if TYPE_CHECKING:
    from fairbound.solvers.cep.level_lp import UnitArrays
    from fairbound.solvers.cep.share_cells import Flags
    from fairbound.solvers.cep.share_members import Indices
    from fairbound.solvers.cep.share_pricing import Pricer
    from fairbound.solvers.engines.base import Floats

MOST_STEPS, MOST_GROUPS, MOST_ROWS = 60_000_000, 3_000_000, 300_000_000
"""Partial groups that a list may cost, which a replay looks at again; groups that it may hold, and their rows of 0 and
1 altogether."""


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
    members
        Units of all groups.
    steps, run
        Partial groups that were looked at to list them, and cells that were searched as one.
    """

    inside: Flags
    cell: Indices
    worth: Floats
    traits: dict[str, Floats]
    code: Codes
    members: Members
    steps: int
    run: int

    @classmethod
    def of(cls, inside: Flags, cell: Indices, pricer: Pricer, steps: int, run: int) -> Listed:
        """Groups given as rows, each with its cell; in the order of their codes."""
        members = Members.of(inside)
        code = codes(members, inside.shape[1])
        order = np.argsort(code, kind="stable")
        inside, cell, code = inside[order], cell[order], code[order]
        members = Members.of(inside)
        return cls(inside, cell, pricer.worth(members), traits(members, pricer.arrays), code, members, steps, run)

    def __len__(self) -> int:
        return len(self.worth)

    def excess(self, units: Floats) -> Floats:
        """Worth of each group above the prices of its units."""
        return self.worth - self.members.sums(units)

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
            members=self.members.only(keep),
        )

    def within(self, allowed: Flags) -> Listed:
        """Those whose units may all be in their cell (rows: cells of the middle)."""
        if not len(self):
            return self
        members = self.members
        here = allowed[np.repeat(self.cell, members.sizes), members.units]
        return self.only(np.logical_and.reduceat(here, members.starts))

    def cells(self, count: int) -> Flags:
        """Units (columns) of the groups in each of so many cells."""
        found = np.zeros((count, self.inside.shape[1]), dtype=bool)
        found[np.repeat(self.cell, self.members.sizes), self.members.units] = True
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


def traits(members: Members, arrays: UnitArrays) -> dict[str, Floats]:
    """Students of groups, and their weight per student."""
    people = members.sums(arrays.enrolled)
    return {"students": people, "weight": members.sums(arrays.slope) / people}
