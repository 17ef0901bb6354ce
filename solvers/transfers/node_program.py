r"""The linear program at a node of the spatial tree: sizes in a box, one live ``Highs`` object.

In a box :math:`l_j \le n_j \le u_j` every plan is a mixture of two districts of one composition at slices
of the interval: its ends, and in between :math:`c_j`, today's size or what is nearest to it (theorems 2
and 3 of ``docs/transfers.md``). With :math:`\lambda^t_{ij}` the mass of origin i at slice t of size
:math:`n^t_j`,

.. math::

    \min \sum_j \sum_t q^t_j, \quad \sum_t \sum_i \lambda^t_{ij} = 1 \ (18), \quad
    \sum_t \sum_j n^t_j \lambda^t_{ij} = S_i \ (19), \quad
    \sum_t \sum_i n^t_i \lambda^t_{ii} \ge (1 - p) S \ (20),

every minorant g of G gives the cuts :math:`q^t_j \ge \sum_i g_i \lambda^t_{ij}` (21), and above the lower
end nobody is in his own district twice,

.. math::

    \sum_{t \ne l} n^t_j \lambda^t_{jj} \le S_j \sum_{t \ne l} \sum_i \lambda^t_{ij} \ (24).

The cuts know nothing of the box: branching changes coefficients of (19), (20) and (24) only.

A bound on another objective has q of its own and a row :math:`\sum_j \sum_t q^t_j \le N\,\text{cap}` (23).
Where districts count by their students, q of a slice is multiplied by that slice's size over S/N: along a
ray of one composition a size is the same mixture of slices.

Rows (19) are divided by :math:`S_i`, row (20) by S/N, rows (23) by a power of 2, rows (24) by :math:`S_j`.
All but (18) and (24) have a slack at a high price, so that a node is never infeasible. Bounds need no slacks: see
``transfer_bound``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import highspy
import numpy as np
from fairbound.solvers.engines.highs import execute, new
from fairbound.solvers.transfers.records import Cap, Cut, Ints, Multipliers, Point, Start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.transfers import TransferInstance, TransferPlan
    from fairbound.solvers.transfers.composition import Composition, Floats
    from numpy.typing import NDArray

INFINITY = highspy.kHighsInf
BASIC, LOWER, UPPER = (getattr(highspy.HighsBasisStatus, name) for name in ("kBasic", "kLower", "kUpper"))

SLACK_PRICE = 50.0
"""Times the objective of today, or 1 if that is less, for breaking a rule by a district's whole size."""
SIDES = 3
"""Slices of a box: lower end, upper end, and the middle one at today's size."""
LINES = 6
"""Lines under each term of what stays in a district: two at the ends of its box, the others where points were."""
CAP_PRICE = 1e4
"""Times the objective of today, for breaking a bound on another objective by its whole."""
DEVEX = 1
"""Weights of the dual simplex method that a basis from elsewhere need not have computed anew, row by row."""
PRIMAL, DUAL, PIVOTS = 4, 1, 4
"""Simplex methods of the engine, and the most pivots of the primal one for each column: at times it stalls."""
KEEP_IDLE = 12
PURGE_AT = 100


class NodeProgram:
    """See the module. Sizes are students, as floats that are taken as exact dyadic rationals."""

    def __init__(
        self, instance: TransferInstance, goal_terms: Composition, low: Floats, high: Floats, caps: Sequence[Cap] = ()
    ) -> None:
        self.goals, self.caps = (goal_terms, *(cap.goal_terms for cap in caps)), tuple(caps)
        self.index = instance.index
        self.S = np.array([float(size) for size in instance.sizes])
        self.N, self.total, self.p = len(self.S), float(instance.total), float(instance.p)
        self.near = goal_terms.near
        self.degree = np.array([len(near) for near in self.near])
        self.first = np.concatenate([[0], np.cumsum(self.degree)])
        self.E = int(self.first[-1])
        self.source = np.array([i for near in self.near for i in near])
        self.target = np.repeat(np.arange(self.N), self.degree)
        self.own = np.zeros(self.E)
        self.own[self.first[:-1]] = 1.0
        shape = (len(self.goals), SIDES, self.N)
        self.q = SIDES * self.E + np.arange(np.prod(shape)).reshape(shape)
        self.stays = [(g, term) for g, goal in enumerate(self.goals) for term in goal.size_terms]
        self.q0 = int(self.q[-1, -1, -1]) + 1 + np.arange(self.N * len(self.stays))
        self.ends = self._ends_of(low, high)
        self.pool: list[Cut] = []
        self.width = int(self.degree.max())
        self._coefficients = np.zeros((256, self.width))
        self._magnitude = np.zeros(256)
        self.active = np.zeros(0, dtype=np.int32)  # cut of each cut row, in row order
        self.idle = np.zeros(0, dtype=np.int32)
        today = float(goal_terms.value(goal_terms.rates).sum())
        self.cap_price, self.slack_price = CAP_PRICE * (today or 1.0), SLACK_PRICE * max(1.0, today)
        self.solved = 0
        self._start()

    # Building ---------------------------------------------------------------------------------

    def _start(self) -> None:
        self.highs = highs = new(
            output_flag=False,
            threads=1,
            presolve="off",
            simplex_dual_edge_weight_strategy=DEVEX,
            dual_feasibility_tolerance=1e-9,
            primal_feasibility_tolerance=1e-9,
        )
        E, N, sides = self.E, self.N, range(SIDES)
        columns, prices = self.goal_columns(0)
        cost = np.zeros(SIDES * E + self.q.size + len(self.q0))
        cost[columns] = prices
        cost = np.concatenate([cost, np.full(2 * N + 1, self.slack_price), np.full(len(self.caps), self.cap_price)])
        count, slack = len(cost), SIDES * E + self.q.size + len(self.q0)
        self.cap_slacks = slack + 2 * N + 1 + np.arange(len(self.caps))
        upper = np.full(count, INFINITY)
        upper[: SIDES * E] = 1.0
        upper[self.q] = np.array([goal.most for goal in self.goals])[:, None, :]
        empty = np.zeros(0, dtype=np.int32)
        highs.addCols(count, cost, np.zeros(count), upper, 0, np.zeros(count, dtype=np.int32), empty, np.zeros(0))
        for i in range(N):
            entries = np.flatnonzero(self.source == i)
            columns = np.concatenate([*(side * E + entries for side in sides), [slack + i, slack + N + i]])
            values = np.concatenate(
                [*(self.ends[side, self.target[entries]] / self.S[i] for side in sides), [1.0, -1.0]]
            )
            self._row(1.0, 1.0, columns, values)
        for j in range(N):
            columns = self.columns(j)
            self._row(1.0, 1.0, columns, np.ones(len(columns)))
        own = self.first[:-1]
        scale = N / self.total
        columns = np.concatenate([*(side * E + own for side in sides), [slack + 2 * N]])
        self._row((1 - self.p) * N, INFINITY, columns, np.append((self.ends * scale).ravel(), 1.0))
        for j in range(N):
            columns = np.concatenate([self._block(j, side) for side in (1, 2)])
            self._row(-INFINITY, 0.0, columns, np.concatenate([self.own_values(j, side) for side in (1, 2)]))
        self.cap_rows = self.highs.getNumRow()
        for g, cap in enumerate(self.caps, start=1):
            columns, prices = self.goal_columns(g)
            columns = np.append(columns, self.cap_slacks[g - 1])
            self._row(-INFINITY, cap.limit / cap.unit, columns, np.append(prices / cap.unit, -1.0))
        self.size_rows = self.highs.getNumRow()
        self._lines = np.zeros((len(self.q0), LINES, 2))
        self._tangents = np.zeros((len(self.q0), LINES))
        for position, column in enumerate(self.q0):
            j = position % N
            low, high = self.ends[:2, j] / self.S[j]
            self._tangents[position] = np.linspace(low, high, LINES)
            for line in range(LINES):
                self._set_line(position, line)
                self._row(0.0, INFINITY, np.append(self.columns(j), column), self.line_values(position, line))
        self.base = self.highs.getNumRow()
        self.tight = [LOWER if low > -INFINITY else UPPER for low in self.highs.getLp().row_lower_]
        for g, goal in enumerate(self.goals):
            zero = "inverse" not in goal.kinds
            for j in range(N):
                rates = goal.rates[list(self.near[j])]
                for a in (*rates, rates.mean(axis=0), np.zeros(rates.shape[1]) if zero else rates[0]):
                    for side in sides:
                        self.add_cut(j, side, a, g)

    def factor(self, g: int, sizes: Floats) -> Floats:
        """What the mean of goal g multiplies a district's G with, at these sizes."""
        return sizes * (self.N / self.total) if self.goals[g].by_students else np.ones(len(sizes))

    def goal_columns(self, g: int) -> tuple[Ints, Floats]:
        """Columns that goal g sums, with their coefficients in the present box."""
        rest = [k for k, (goal, _) in enumerate(self.stays) if goal == g]
        q0 = self.q0.reshape(-1, self.N)[rest].ravel()
        prices = [*(self.factor(g, sizes) for sizes in self.ends), np.ones(len(q0))]
        return np.concatenate([self.q[g].ravel(), q0]).astype(np.int32), np.concatenate(prices)

    @property
    def low(self) -> Floats:
        """Lower ends of the box."""
        return np.asarray(self.ends[0])

    @property
    def high(self) -> Floats:
        """Upper ends of the box."""
        return np.asarray(self.ends[1])

    def _ends_of(self, low: Floats, high: Floats) -> Floats:
        """Sizes at the slices of a box: lower and upper end, and today's size or what is nearest to it."""
        return np.array([low, high, np.clip(self.S, low, high)])

    def own_values(self, j: int, side: int) -> Floats:
        """Coefficients of row (24) for one slice, divided by the district's size of today."""
        values = np.full(self.degree[j], -1.0)
        values[0] += self.ends[side, j] / self.S[j]
        return values

    def columns(self, j: int) -> Ints:
        """Masses of a district at every slice."""
        return np.concatenate([self._block(j, side) for side in range(SIDES)])

    def _row(self, low: float, high: float, columns: NDArray[np.integer], values: Floats) -> None:
        self.highs.addRow(low, high, len(columns), columns.astype(np.int32), values.astype(float))

    def _block(self, j: int, side: int) -> Ints:
        return np.arange(self.first[j], self.first[j + 1], dtype=np.int32) + side * self.E

    def _set_line(self, position: int, line: int) -> None:
        """Lay a line under what stays, at its tangent point; the first and the last are those of the box."""
        term, j = self.stays[position // self.N][1], position % self.N
        # Outward, as floats of n/S: the line must hold on all of the box.
        low, high = np.nextafter(self.low[j] / self.S[j], 0.0), np.nextafter(self.high[j] / self.S[j], np.inf)
        at = low if line == 0 else high if line == LINES - 1 else self._tangents[position, line]
        self._tangents[position, line] = min(max(at, low), high)
        self._lines[position, line] = term.line(j, float(self._tangents[position, line]), float(low), float(high))

    def _pass_line(self, position: int, line: int) -> None:
        """Tell the engine the coefficients of a line."""
        row = self.size_rows + LINES * position + line
        columns = self.columns(position % self.N)
        for column, value in zip(columns.tolist(), self.line_values(position, line), strict=False):
            self.highs.changeCoeff(row, column, float(value))

    def line_values(self, position: int, line: int) -> Floats:
        """Row q0 - sum (c + d n/S) over the slices >= 0, for the line c + d x."""
        j, (c, d) = position % self.N, self._lines[position, line]
        return np.append(np.repeat(-(c + d * self.ends[:, j] / self.S[j]), self.degree[j]), 1.0)

    def line_magnitude(self, position: int, line: int) -> float:
        """A bound on the products that the coefficients of a line were summed from."""
        j, (c, d) = position % self.N, self._lines[position, line]
        return float(abs(c) + abs(d) * self.high[j] / self.S[j])

    def add_cut(self, j: int, side: int, a: Floats, g: int = 0) -> None:
        """Add the minorant of goal g at values ``a`` for one end of district j."""
        point = self.goals[g].point(j, a)
        coefficients, magnitude = self.goals[g].coefficients(j, point)
        number = len(self.pool)
        if number == len(self._coefficients):
            self._coefficients = np.concatenate([self._coefficients, np.zeros_like(self._coefficients)])
            self._magnitude = np.concatenate([self._magnitude, np.zeros_like(self._magnitude)])
        self._coefficients[number, : len(coefficients)] = coefficients
        self._magnitude[number] = magnitude
        self.pool.append(Cut(j, side, point, g))
        self._activate(number)

    def _activate(self, number: int) -> None:
        """Make a cut of the pool a row."""
        cut = self.pool[number]
        columns = np.append(self._block(cut.district, cut.side), self.q[cut.goal, cut.side, cut.district])
        self._row(0.0, INFINITY, columns, np.append(-self.cut_row(number)[0], 1.0))
        self.active = np.append(self.active, np.int32(number))
        self.idle = np.append(self.idle, np.int32(0))

    def cut_row(self, number: int) -> tuple[Floats, float]:
        """Coefficients of a cut of the pool, by origin, and a bound on the products they were summed from."""
        degree = self.degree[self.pool[number].district]
        return self._coefficients[number, :degree], float(self._magnitude[number])

    # Moving to a node -------------------------------------------------------------------------

    def set_box(self, low: Floats, high: Floats) -> None:
        """Change the box; only coefficients of (19), (20), (23), (24) and of what stays depend on it."""
        change = self.highs.changeCoeff
        scale = self.N / self.total
        before, self.ends = self.ends, self._ends_of(low, high)
        for j in np.flatnonzero((before != self.ends).any(axis=0)).tolist():
            for side in np.flatnonzero(before[:, j] != self.ends[:, j]).tolist():
                first, size = int(self.first[j]) + side * self.E, float(self.ends[side, j])
                for k, i in enumerate(self.near[j]):
                    change(i, first + k, size / float(self.S[i]))
                change(2 * self.N, first, size * scale)
                if side:
                    change(2 * self.N + 1 + j, first, float(self.own_values(j, side)[0]))
                for g in (g for g, goal in enumerate(self.goals) if goal.by_students):
                    column, price = int(self.q[g, side, j]), size * scale
                    if g == 0:
                        self.highs.changeColCost(column, price)
                    else:
                        change(self.cap_rows + g - 1, column, price / self.caps[g - 1].unit)
            for position in range(j, len(self.q0), self.N):
                for line in range(LINES):
                    self._set_line(position, line)
                    self._pass_line(position, line)

    def limit_caps(self, share: float) -> None:
        """Lower the bounds on other objectives to a share of themselves, or put them back (1)."""
        for k, cap in enumerate(self.caps):
            self.highs.changeRowBounds(self.cap_rows + k, -INFINITY, share * cap.limit / cap.unit)

    def run(self) -> Floats | None:
        """Solve; column values, or ``None`` if the engine gave no optimum."""
        self.solved += 1
        execute(self.highs)
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self.highs.clearSolver()
            execute(self.highs)
            if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
        return np.asarray(self.highs.getSolution().col_value)

    def run_again(self) -> Floats | None:
        """Solve after a change of costs alone, which leaves the last point feasible; ``None`` without an optimum."""
        self.solved += 1
        self.highs.setOptionValue("simplex_strategy", PRIMAL)
        self.highs.setOptionValue("simplex_iteration_limit", PIVOTS * self.highs.getNumCol())
        execute(self.highs)
        self.highs.setOptionValue("simplex_strategy", DUAL)
        self.highs.setOptionValue("simplex_iteration_limit", highspy.kHighsIInf)
        optimal = self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return np.asarray(self.highs.getSolution().col_value) if optimal else None

    def separate(self, x: Floats, tolerances: Sequence[float]) -> float:
        """Add the cuts that x violates by more than the goal's tolerance; returns violations over tolerances."""
        found = 0.0
        for side, sizes in enumerate(self.ends):
            masses = np.maximum(x[side * self.E : (side + 1) * self.E], 0.0)
            mass = np.add.reduceat(masses, self.first[:-1])
            used = mass > 1e-7
            for g, (goal, tolerance) in enumerate(zip(self.goals, tolerances, strict=True)):
                sums = np.add.reduceat(masses[:, None] * goal.rates[self.source], self.first[:-1], axis=0)
                a = sums[used] / mass[used, None]
                short = (mass[used] * goal.value(a) - x[self.q[g, side]][used]) * self.factor(g, sizes)[used]
                for position, j in enumerate(np.flatnonzero(used).tolist()):
                    if short[position] > tolerance:
                        found += float(short[position]) / tolerance
                        self.add_cut(j, side, a[position], g)
        return found + (self._separate_stays(x, tolerances) if self.stays else 0.0)

    def _separate_stays(self, x: Floats, tolerances: Sequence[float]) -> float:
        """Move tangents of what stays to the sizes of x; returns violations over tolerances."""
        found = 0.0
        sizes = np.add.reduceat(self._students_at(x), self.first[:-1])
        for position, column in enumerate(self.q0.tolist()):
            (g, term), j = self.stays[position // self.N], position % self.N
            at = float(sizes[j] / self.S[j])
            short = term.value(j, at) - float(x[column])
            if short > tolerances[g]:
                found += short / tolerances[g]
                heights = self._lines[position, :, 0] + self._lines[position, :, 1] * at
                line = 1 + int(np.argmin(heights[1:-1]))
                self._tangents[position, line] = at
                self._set_line(position, line)
                self._pass_line(position, line)
        return found

    def _students_at(self, x: Floats) -> Floats:
        """Students from each source to each target that an LP solution stands for."""
        masses = np.maximum(x[: SIDES * self.E], 0.0).reshape(SIDES, self.E)
        students: Floats = (self.ends[:, self.target] * masses).sum(axis=0)
        return students

    def point(self, x: Floats) -> Point:
        """What an LP solution means: moves, sizes, and where it is charged less than it scores."""
        students = self._students_at(x)
        charged = np.zeros((len(self.goals), self.N))
        for g in range(len(self.goals)):
            charged[g] = sum(self.factor(g, sizes) * x[self.q[g, side]] for side, sizes in enumerate(self.ends))
        for k, (g, _) in enumerate(self.stays):
            charged[g] += x[self.q0[k * self.N : (k + 1) * self.N]]
        value = charged[0].sum() + self.cap_price * x[self.cap_slacks].sum()
        sizes = np.add.reduceat(students, self.first[:-1])
        return Point(float(value), students, sizes, self.scores(students), charged)

    def students(self, plan: TransferPlan) -> Floats:
        """A plan as students from each source to each target, those who stay included."""
        table = np.diag(self.S)
        for a, b, moved in plan.moves:
            i, j = self.index[a], self.index[b]
            table[i, i] -= float(moved)
            table[i, j] += float(moved)
        found: Floats = table[self.source, self.target]
        return found

    def moves(self, students: Floats) -> dict[tuple[int, int], float]:
        """Students by arc, without those who stay."""
        pairs = zip(self.source.tolist(), self.target.tolist(), students.tolist(), strict=True)
        return {(i, j): moved for i, j, moved in pairs if i != j}

    def scores(self, students: Floats) -> Floats:
        """What students (from each source to each target) score, shape (goals, districts)."""
        sizes = np.add.reduceat(students, self.first[:-1])
        score = np.zeros((len(self.goals), self.N))
        for g, goal in enumerate(self.goals):
            sums = np.add.reduceat(students[:, None] * goal.rates[self.source], self.first[:-1], axis=0)
            score[g] = self.factor(g, sizes) * goal.value(sums / sizes[:, None])
        for g, term in self.stays:
            score[g] += [term.value(j, sizes[j] / self.S[j]) for j in range(self.N)]
        return score

    def excess(self, score: Floats) -> Floats:
        """By how much scores break each bound on another objective, in the units of its row."""
        values = score[1:].sum(axis=1)
        return np.array([max(0.0, value - cap.limit) / cap.unit for value, cap in zip(values, self.caps, strict=True)])

    def purge(self, basis: Start) -> None:
        """Drop cuts that have been slack for long, this time in the basis of the last run, which is kept."""
        self.idle = np.where(np.isin(self.active, list(basis.cuts)), 0, self.idle + 1).astype(np.int32)
        old = self.idle > KEEP_IDLE
        if old.sum() <= PURGE_AT:
            return
        rows = (np.flatnonzero(old) + self.base).astype(np.int32)
        self.highs.deleteRows(len(rows), rows)
        self.active, self.idle = self.active[~old], self.idle[~old]
        self.start_from(basis)

    def forget(self, count: int) -> None:
        """Drop the cuts of the latest rows but for the first ``count``; the next run needs a basis to start from."""
        rows = np.arange(self.base + count, self.base + len(self.active), dtype=np.int32)
        if len(rows):
            self.highs.deleteRows(len(rows), rows)
            self.active, self.idle = self.active[:count], self.idle[:count]

    def basis(self) -> Start:
        """The basis of the last run, to start from again."""
        # Statuses of rows one by one would take as long as a run: only those that are basic are asked for.
        _, variables = self.highs.getBasicVariables()  # type: ignore[attr-defined]  # its stub leaves it out
        slack = np.zeros(self.base + len(self.active), dtype=bool)
        slack[-1 - variables[variables < 0]] = True
        rows = [BASIC if free else side for free, side in zip(slack[: self.base].tolist(), self.tight, strict=True)]
        return Start(self.highs.getBasis().col_status, rows, frozenset(self.active[~slack[self.base :]].tolist()))

    def start_from(self, basis: Start) -> None:
        """Let the next run start from a basis of any earlier box; cuts that it needs become rows again."""
        for number in sorted(basis.cuts - set(self.active.tolist())):
            self._activate(number)
        start = highspy.HighsBasis()
        start.valid = True
        start.col_status = basis.columns
        start.row_status = basis.rows + [LOWER if number in basis.cuts else BASIC for number in self.active.tolist()]
        self.highs.setBasis(start)

    def multipliers(self) -> Multipliers:
        """Multipliers of the last run, with signs that make any bound from them valid."""
        y = np.asarray(self.highs.getSolution().row_dual)
        cuts = np.maximum(y[self.base : self.base + len(self.active)], 0.0)
        used = np.flatnonzero(cuts > 1e-12)
        return Multipliers(
            simplex=y[self.N : 2 * self.N],
            conservation=y[: self.N],
            budget=max(0.0, float(y[2 * self.N])),
            sizes=np.maximum(y[self.size_rows : self.base], 0.0),
            cut_ids=self.active[used],
            cuts=cuts[used],
            caps=np.maximum(-y[self.cap_rows : self.size_rows], 0.0),
            own=np.maximum(-y[2 * self.N + 1 : self.cap_rows], 0.0),
        )
