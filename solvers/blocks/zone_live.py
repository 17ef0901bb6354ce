"""The live program of a zoning question: without what its rows settle, and with columns of sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.proofs.live import Live

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairbound.solvers.checker.linear import System
    from fairbound.solvers.proofs.live import Multipliers


class ZoneLive(Live):
    """The program of some of the system's rows, and of columns that were added to it.

    A unit with one school has a row of its own, an equation of one column. In the engine such a column is a number, and
    its row gets the multiplier that takes the column's reduced cost away. Rows that no point breaks stay out.

    Attributes
    ----------
    settled
        The value of each column that a row settles, and this row.
    age
        How often in a row each row was found slack.
    """

    def __init__(self, system: System, seconds: float, stopped: Callable[[], bool]) -> None:
        self.settled: dict[int, tuple[int, int]] = {}
        for i, (terms, rhs, equation) in enumerate(system.rows):
            if equation and len(terms) == 1:
                ((j, a),) = terms.items()
                if a == 1:
                    self.settled[j] = rhs, i
        self.own = {i for _, i in self.settled.values()}
        self.age: list[int] = []
        super().__init__(system, seconds, stopped)
        for j, (value, _) in self.settled.items():
            self.engine.changeColBounds(j, value / self.column_scale[j], value / self.column_scale[j])
            self.whole[j] = False  # there is nothing to branch on
        # Devex prices need no start after a basis is set, which every trial of a branch does.
        self.engine.setOptionValue("simplex_dual_edge_weight_strategy", 1)

    def pass_rows(self, rows: Sequence[int]) -> None:
        """Pass rows of the system to the engine, new ones or such as had left."""
        super().pass_rows(rows)
        self.age += [0] * (len(self.rows) - len(self.age))

    def live_row(self, i: int) -> tuple[dict[int, int], int]:
        """A row of the system without its settled columns."""
        terms, rhs, _ = self.system.rows[i]
        if self.settled.keys().isdisjoint(terms):
            return terms, rhs
        rhs -= sum(a * self.settled[j][0] for j, a in terms.items() if j in self.settled)
        return {j: a for j, a in terms.items() if j not in self.settled}, rhs

    def wanted(self, row: int) -> bool:
        """Whether a point within the columns' bounds can break the row."""
        if row in self.own:
            return False
        (terms, rhs), equation = self.live_row(row), self.system.rows[row][2]
        lower, upper = self.system.lower, self.system.upper
        return equation or sum(a * (lower[j] if a > 0 else upper[j]) for j, a in terms.items()) < rhs

    def hopeless(self) -> list[Multipliers]:
        """Rows that the settled columns alone break, which the engine has no ray for: each with its multipliers."""
        found = []
        for i in self.rows:
            terms, rhs = self.live_row(i)
            if not terms and rhs:
                found.append(self._completed([(i, 1.0 if rhs > 0 else -1.0)], False))
        return found

    def forget(self, gone: list[int]) -> None:
        """Take rows of the engine's out."""
        super().forget(gone)
        out = set(gone)
        self.age = [age for r, age in enumerate(self.age) if r not in out]

    def prices(self, count: int) -> list[float]:
        """Multipliers of the first so many rows of the system."""
        y = np.asarray(self.engine.getSolution().row_dual)
        found = [0.0] * count
        for r, i in enumerate(self.rows):
            if i < count:
                found[i] = float(y[r]) * self.cost_scale / self.row_scale[r]
        return found

    def add_columns(self, count: int) -> None:
        """Binary columns without a cost or an entry, which the system has by now or will have."""
        zeros, ones, empty = np.zeros(count), np.ones(count), np.zeros(0, dtype=np.int32)
        self.column_scale = np.append(self.column_scale, ones)
        self.width = np.append(self.width, ones)
        self.whole = np.append(self.whole, ones > 0)
        self.lower += [0] * count
        self.upper += [1] * count
        self.engine.addCols(count, zeros, zeros, ones, 0, np.zeros(count, dtype=np.int32), empty, np.zeros(0))

    def dual(self) -> Multipliers:
        """Multipliers of the point that the engine found."""
        return self._completed(super().dual(), True)

    def ray(self) -> Multipliers:
        """Multipliers of an infeasible program."""
        return self._completed(super().ray(), False)

    def _completed(self, multipliers: Multipliers, costs: bool) -> Multipliers:
        """With those of the rows that the engine does not have."""
        prices = dict.fromkeys(self.settled, 0.0)
        if costs:
            prices.update((j, float(c)) for j, c in self.system.cost.items() if j in self.settled)
        for i, y in multipliers:
            for j, a in self.system.rows[i][0].items():
                if j in prices:
                    prices[j] -= y * a
        return [*multipliers, *((self.settled[j][1], price) for j, price in prices.items() if price)]
