"""The live program of a zoning question: without what its rows settle, and with columns of sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.solvers.checker.linear import scaled
from fairbound.solvers.proofs.live import Live

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairbound.solvers.checker.linear import System
    from fairbound.solvers.proofs.live import Floats, Multipliers


class ZoneLive(Live):
    """The program of some of the system's rows, and of columns that were added to it.

    A unit with one school has a row of its own, an equation of one column. In the engine such a column is a number. Of
    a unit with two schools it has one column, and the other is 1 less that. Either way its row stays out, and the row's
    multiplier takes the reduced cost of the column that is gone away. Rows that no point breaks stay out too.

    Attributes
    ----------
    settled
        The value of each column that a row settles, and this row.
    halves
        Of two columns whose sum a row says is 1 the second, with the first and this row.
    age
        How often in a row each row was found slack.
    """

    def __init__(self, system: System, seconds: float, stopped: Callable[[], bool]) -> None:
        self.settled: dict[int, tuple[int, int]] = {}
        self.halves: dict[int, tuple[int, int]] = {}
        for i, (terms, rhs, equation) in enumerate(system.rows):
            if not equation or set(terms.values()) != {1}:
                continue
            if len(terms) == 1:
                self.settled[next(iter(terms))] = rhs, i
            elif len(terms) == 2 and rhs == 1 and all((system.lower[j], system.upper[j]) == (0, 1) for j in terms):
                one, other = terms
                self.halves[other] = one, i
        self.gone = {j: i for part in (self.settled, self.halves) for j, (_, i) in part.items()}
        self.own = set(self.gone.values())
        self._place = {j: k for k, j in enumerate(self.gone)}
        self._rows_of_gone = list(self.gone.values())
        # Rows, places among the columns that are gone, and coefficients of their entries, as far as rows were seen.
        self._entries = [np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)]
        self._costs = np.array([float(system.cost.get(j, 0)) for j in self.gone])
        self._seen = 0
        self.age: list[int] = []
        self.extra_offset = 0.0
        super().__init__(system, seconds, stopped)
        self._others = np.array(list(self.halves), dtype=np.int64)
        self._ones = np.array([one for one, _ in self.halves.values()], dtype=np.int64)
        for j in self.gone:
            value = self.settled.get(j, (0, 0))[0] / self.column_scale[j]
            self.engine.changeColBounds(j, value, value)
            self.low[j] = self.high[j] = value
            self.whole[j] = False  # there is nothing to branch on
        self.extra = np.zeros(len(self.column_scale))
        if self.halves:
            self.set_costs(np.array([float(system.cost.get(j, 0)) for j in range(len(system.lower))]))
        # Devex prices need no start after a basis is set, which every trial of a branch does.
        self.engine.setOptionValue("simplex_dual_edge_weight_strategy", 1)

    def pass_rows(self, rows: Sequence[int]) -> None:
        """Pass rows of the system to the engine, new ones or such as had left."""
        super().pass_rows(rows)
        self.age += [0] * (len(self.rows) - len(self.age))

    def rest(self, i: int) -> tuple[dict[int, int], int]:
        """A row of the system without its settled columns."""
        terms, rhs, _ = self.system.rows[i]
        if self.settled.keys().isdisjoint(terms):
            return terms, rhs
        rhs -= sum(a * self.settled[j][0] for j, a in terms.items() if j in self.settled)
        return {j: a for j, a in terms.items() if j not in self.settled}, rhs

    def live_row(self, i: int) -> tuple[dict[int, int], int]:
        """The same without the second of two columns."""
        terms, rhs = self.rest(i)
        if self.halves.keys().isdisjoint(terms):
            return terms, rhs
        found: dict[int, int] = {}
        for j, a in terms.items():
            if j in self.halves:
                rhs -= a
                one = self.halves[j][0]
                found[one] = found.get(one, 0) - a
            else:
                found[j] = found.get(j, 0) + a
        return {j: a for j, a in found.items() if a}, rhs

    def values(self) -> Floats:
        """The point that the engine found, with the second of two columns."""
        x = super().values()
        x[self._others] = 1 - x[self._ones]
        return x

    def set_costs(self, costs: Floats, extra: Floats | None = None) -> None:
        """Change the engine's costs to these, one for each column of the system, and what they have beyond its own."""
        n = len(costs)
        shown, offset = self._shown(costs)
        self.engine.changeColsCost(n, np.arange(n, dtype=np.int32), shown)
        self.engine.changeObjectiveOffset(offset)
        self.extra, self.extra_offset = self._shown(np.zeros(n) if extra is None else extra)

    def _shown(self, costs: Floats) -> tuple[Floats, float]:
        """The costs that the engine has for those of the system's columns, and what is apart from its columns."""
        shown = costs.copy()
        shown[self._ones] -= costs[self._others]
        shown[self._others] = 0.0
        return shown * self.column_scale / self.cost_scale, float(costs[self._others].sum()) / self.cost_scale

    def worth(self) -> float:
        """What the multipliers of the last solution prove in the system's own costs, as far as floats tell.

        Taking a cost off a column changes its reduced cost alone, which counts at the worse end of its range.
        """
        solution = self.engine.getSolution()
        prices = np.asarray(solution.col_dual)
        own = prices - self.extra
        moved = np.minimum(own * self.low, own * self.high) - prices * np.asarray(solution.col_value)
        return (self.value() - self.extra_offset + float(moved.sum())) * self.cost_scale

    def combined(self, pairs: list[list[Any]]) -> list[list[Any]]:
        """A combination of rows with those of units that take the second of two columns out of it."""
        whole, shift = scaled(pairs, len(self.system.rows))
        sums: dict[int, int] = {}
        for i, y in whole:
            for j, a in self.system.rows[i][0].items():
                if j in self.halves:
                    sums[j] = sums.get(j, 0) - y * a
        return [*pairs, *([self.halves[j][1], y / (1 << shift)] for j, y in sums.items() if y)]

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

    def keep_rows(self, count: int) -> None:
        """Forget the system's rows after the first so many."""
        super().keep_rows(count)
        rows = self._entries[0]
        self._entries = [part[rows < count] for part in self._entries]
        self._seen = min(self._seen, count)

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
        self.low, self.high = np.append(self.low, zeros), np.append(self.high, ones)
        self.width, self.extra = np.append(self.width, ones), np.append(self.extra, zeros)
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
        y = np.zeros(len(self.system.rows))
        for i, value in multipliers:
            y[i] = value
        if self._seen < len(y):
            place = self._place
            more = [
                (i, place[j], a)
                for i in range(self._seen, len(y))
                for j, a in self.system.rows[i][0].items()
                if j in place
            ]
            self._seen = len(y)
            for k, part in enumerate(zip(*more, strict=True)):
                self._entries[k] = np.append(self._entries[k], np.array(part, self._entries[k].dtype))
        rows, places, values = self._entries
        prices = -np.bincount(places, weights=y[rows] * values, minlength=len(self.gone))
        if costs:
            prices += self._costs
        own = zip(self._rows_of_gone, prices.tolist(), strict=True)
        return [*multipliers, *((i, price) for i, price in own if price)]
