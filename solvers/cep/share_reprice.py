"""Prices that are best for the states of a cover (58): an LP over what they have left to settle.

The bound of a state is the sum of what its groups are worth, of the most that its units in the strips are worth at some
multipliers, and of the prices of the units that are not settled. Its mean over all states is least at the duals of a
master LP with three rows for each unit: the share of states in which it is not settled, with all columns; that in which
it is in the lower strip, with the levels there; and that in which it is in the upper one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.cep.share_members import Members

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.solvers.cep.share_cells import Box, Cells, Prices
    from fairbound.solvers.cep.share_list import Listed
    from fairbound.solvers.cep.share_master import Master
    from fairbound.solvers.engines.base import Floats

ROUNDS = 150
"""Rounds of column generation."""
ADDED, ADDED_PER_UNIT = 300, 8
"""Groups that become columns in one round, and those that hold the same unit."""
PLACES = 3
"""Rows of a unit: not settled, in the lower strip, in the upper."""


class Repricing:
    """The LP, kept alive from cover to cover of the same cells.

    Parameters
    ----------
    source
        The master LP of the tree, whose groups are columns to begin with.
    """

    def __init__(self, cells: Cells, source: Master) -> None:
        self.cells, self.source = cells, source
        self.master = source.again(PLACES)
        count, lower = len(cells.units), cells.strips[0] + 1
        units, levels = np.arange(count), np.arange(len(cells.knots))
        for place, among in enumerate((levels, levels[:lower], levels[lower:])):
            self.master.add_pairs(np.repeat(place * count + units, len(among)), np.tile(among, count))

    def begin(self, listed: Listed) -> None:
        """Take the groups of a list from the tree's LP, and forget those that are not on it."""
        master, source = self.master, self.source
        master.purge((master.unit >= 0) | listed.holds(master.code))
        groups = np.flatnonzero(source.unit < 0)
        groups = groups[listed.holds(source.code[groups])]
        inside = source.inside[groups]
        master.add_groups(inside, self.cells.pricer.worth(Members.of(inside)), source.cell[groups])

    def prices(self, box: Box, listed: Listed, shares: Floats, late: Callable[[], bool]) -> Prices | None:
        """The best prices for shares of units (rows: not settled, lower, upper) that hold for all groups of a list."""
        master, cells, count = self.master, self.cells, len(self.cells.units)
        pairs = master.unit >= 0
        wanted = listed.holds(master.code)
        wanted[pairs] = cells.levels_allowed(box)[master.level[pairs], master.unit[pairs] % count]
        master.restrict(wanted, np.r_[box.must, np.ones((PLACES - 1) * count, dtype=bool)])
        master.weigh(shares.ravel())
        for _ in range(ROUNDS):
            optimum = None if late() else master.solve()
            if optimum is None:
                return None
            units, levels = cells.repaired(optimum.prices[:count], optimum.lam, box)
            found = listed.search(units, float(cells.step) / 2)
            best = found.best(ADDED, ADDED_PER_UNIT)
            inside = found.inside[best]
            if not master.add_groups(inside, cells.pricer.worth(Members.of(inside)), cells.middle[found.cell[best]]):
                return None if len(found.excess) else cells.prices(units, levels, np.zeros(0))
        return None
