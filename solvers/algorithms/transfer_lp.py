r"""The linear program at a node of the spatial tree: sizes in a box, one live ``Highs`` object.

In a box :math:`l_j \le n_j \le u_j` every plan is a mixture of two districts at the ends of the interval,
of one composition (theorem 2 of ``docs/transfers.md``). With :math:`\underline\lambda_{ij}` and
:math:`\overline\lambda_{ij}` the masses of origin i in the two,

.. math::

    \min \sum_j \underline q_j + \overline q_j, \quad
    \sum_i \underline\lambda_{ij} + \overline\lambda_{ij} = 1 \ (18), \quad
    \sum_j l_j \underline\lambda_{ij} + u_j \overline\lambda_{ij} = S_i \ (19), \quad
    \sum_i l_i \underline\lambda_{ii} + u_i \overline\lambda_{ii} \ge (1 - p) S \ (20),

and every minorant g of G gives the cuts :math:`\underline q_j \ge \sum_i g_i \underline\lambda_{ij}`
(21), the same above. The cuts know nothing of the box: branching changes coefficients of (19) and (20) only.

Rows (19) are divided by :math:`S_i`, row (20) by S/N. Each has a slack at a high price, so that a node is never
infeasible and any multipliers within the price bound it.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from fairbound.models.district_transfer import TransferInstance
from fairbound.solvers.algorithms.composition import Composition, Floats
from numpy.typing import NDArray

Ints = NDArray[np.int32]
INFINITY = highspy.kHighsInf

UNIT_ROUNDOFF_SHARE = 2.0**-38
"""Every safe bound is lowered by this share of the magnitudes summed. A sum of m products of rounded
data errs by less than (m + 16) 2**-53 of them; no row or column here has 2**14 entries."""

SLACK_PRICE = 50.0
KEEP_IDLE = 25
PURGE_AT = 100


@dataclass(frozen=True)
class Cut:
    """A minorant in the pool: district, end of the interval (0 lower, 1 upper), cut point v."""

    district: int
    side: int
    point: Floats


@dataclass(frozen=True)
class Point:
    """A solved node: LP value, moves into each district, and what each district scores and is charged."""

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


class NodeProgram:
    """See the module. Sizes are students, as floats that are taken as exact dyadic rationals."""

    def __init__(self, instance: TransferInstance, game: Composition, low: Floats, high: Floats) -> None:
        self.game = game
        self.S = np.array([float(size) for size in instance.sizes])
        self.N, self.total, self.p = len(self.S), float(instance.total), float(instance.p)
        self.near = game.near
        self.degree = np.array([len(near) for near in self.near])
        self.first = np.concatenate([[0], np.cumsum(self.degree)])
        self.E = int(self.first[-1])
        self.source = np.array([i for near in self.near for i in near])
        self.target = np.repeat(np.arange(self.N), self.degree)
        self.own = np.zeros(self.E)
        self.own[self.first[:-1]] = 1.0
        self.q = 2 * self.E + np.arange(2 * self.N).reshape(2, self.N)
        self.q0 = 2 * self.E + 2 * self.N + np.arange(self.N * len(game.size_terms))
        self.low, self.high = low.copy(), high.copy()
        self.pool: list[Cut] = []
        self.width = int(self.degree.max())
        self._coefficients = np.zeros((256, self.width))
        self._magnitude = np.zeros(256)
        self.active = np.zeros(0, dtype=np.int32)  # cut of each cut row, in row order
        self.idle = np.zeros(0, dtype=np.int32)
        self.solved = 0
        self._start()

    # Building ---------------------------------------------------------------------------------

    def _start(self) -> None:
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (
            ("output_flag", False), ("threads", 1), ("presolve", "off"), ("dual_feasibility_tolerance", 1e-9),
            ("primal_feasibility_tolerance", 1e-9),
        ):  # fmt: skip
            highs.setOptionValue(name, value)
        self.highs = highs
        E, N = self.E, self.N
        cost = np.concatenate([np.zeros(2 * E), np.ones(2 * N + len(self.q0)), np.full(2 * N + 1, SLACK_PRICE)])
        upper = np.concatenate(
            [np.ones(2 * E), np.tile(self.game.most, 2), np.full(len(self.q0), INFINITY), np.full(2 * N + 1, INFINITY)]
        )
        count = len(cost)
        empty = np.zeros(0, dtype=np.int32)
        highs.addCols(count, cost, np.zeros(count), upper, 0, np.zeros(count, dtype=np.int32), empty, np.zeros(0))
        slack = count - (2 * N + 1)
        for i in range(N):
            entries = np.flatnonzero(self.source == i)
            columns = np.concatenate([entries, E + entries, [slack + i, slack + N + i]])
            values = np.concatenate(
                [self.low[self.target[entries]] / self.S[i], self.high[self.target[entries]] / self.S[i], [1.0, -1.0]]
            )
            self._row(1.0, 1.0, columns, values)
        for j in range(N):
            columns = np.concatenate([self._block(j, 0), self._block(j, 1)])
            self._row(1.0, 1.0, columns, np.ones(len(columns)))
        own = self.first[:-1]
        scale = N / self.total
        self._row(
            (1 - self.p) * N,
            INFINITY,
            np.concatenate([own, E + own, [slack + 2 * N]]),
            np.concatenate([self.low * scale, self.high * scale, [1.0]]),
        )
        self.size_rows = 2 * N + 1
        self._lines = np.zeros((len(self.q0), 3, 2))
        for position, column in enumerate(self.q0):
            j = position % N
            self._lines[position] = self._lines_of(position)
            for line in range(3):
                columns = np.concatenate([self._block(j, 0), self._block(j, 1), [column]])
                self._row(0.0, INFINITY, columns, self._line_values(position, line))
        self.base = self.highs.getNumRow()
        for j in range(N):
            rates = self.game.rates[list(self.near[j])]
            for a in (*rates, rates.mean(axis=0), np.zeros(rates.shape[1]) if self._zero_allowed else rates[0]):
                self.add_cut(j, 0, a)
                self.add_cut(j, 1, a)

    @property
    def _zero_allowed(self) -> bool:
        return "inverse" not in self.game.kinds

    def _row(self, low: float, high: float, columns: NDArray[np.integer], values: Floats) -> None:
        self.highs.addRow(low, high, len(columns), columns.astype(np.int32), values.astype(float))

    def _block(self, j: int, side: int) -> Ints:
        return np.arange(self.first[j], self.first[j + 1], dtype=np.int32) + side * self.E

    def _lines_of(self, position: int) -> list[tuple[float, float]]:
        term, j = self.game.size_terms[position // self.N], position % self.N
        return term.lines(j, self.low[j] / self.S[j], self.high[j] / self.S[j])

    def _line_values(self, position: int, line: int) -> Floats:
        """Row q0 - sum (c + d n/S) over both ends >= 0, for the line c + d x."""
        j, (c, d) = position % self.N, self._lines[position, line]
        ends = (c + d * self.low[j] / self.S[j], c + d * self.high[j] / self.S[j])
        return np.concatenate([np.full(self.degree[j], -ends[0]), np.full(self.degree[j], -ends[1]), [1.0]])

    def add_cut(self, j: int, side: int, a: Floats) -> None:
        """Add the minorant of G at values ``a`` for one end of district j."""
        point = self.game.point(j, a)
        coefficients, magnitude = self.game.coefficients(j, point)
        number = len(self.pool)
        if number == len(self._coefficients):
            self._coefficients = np.concatenate([self._coefficients, np.zeros_like(self._coefficients)])
            self._magnitude = np.concatenate([self._magnitude, np.zeros_like(self._magnitude)])
        self._coefficients[number, : len(coefficients)] = coefficients
        self._magnitude[number] = magnitude
        self.pool.append(Cut(j, side, point))
        columns = np.append(self._block(j, side), self.q[side, j])
        self._row(0.0, INFINITY, columns, np.append(-coefficients, 1.0))
        self.active = np.append(self.active, np.int32(number))
        self.idle = np.append(self.idle, np.int32(0))

    # Moving to a node -------------------------------------------------------------------------

    def set_box(self, low: Floats, high: Floats) -> None:
        """Change the box; only coefficients of (19), (20) and of what stays depend on it."""
        change = self.highs.changeCoeff
        scale = self.N / self.total
        for j in np.flatnonzero((low != self.low) | (high != self.high)).tolist():
            first = int(self.first[j])
            for new, old, shift in ((low[j], self.low[j], 0), (high[j], self.high[j], self.E)):
                if new != old:
                    for k, i in enumerate(self.near[j]):
                        change(i, first + k + shift, float(new / self.S[i]))
                    change(2 * self.N, first + shift, float(new * scale))
            self.low[j], self.high[j] = low[j], high[j]
            for position in range(j, len(self.q0), self.N):
                self._lines[position] = self._lines_of(position)
                columns = np.concatenate([self._block(j, 0), self._block(j, 1)])
                for line in range(3):
                    row = self.size_rows + 3 * position + line
                    for column, value in zip(columns.tolist(), self._line_values(position, line), strict=False):
                        change(row, column, float(value))

    def run(self) -> Floats | None:
        """Solve; column values, or ``None`` if the engine gave no optimum."""
        self.solved += 1
        self.highs.run()
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self.highs.clearSolver()
            self.highs.run()
            if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
        return np.asarray(self.highs.getSolution().col_value)

    def separate(self, x: Floats, tolerance: float) -> float:
        """Add the cuts that x violates by more than the tolerance; returns the total violation."""
        rates, found = self.game.rates, 0.0
        for side in (0, 1):
            masses = np.maximum(x[side * self.E : (side + 1) * self.E], 0.0)
            mass = np.add.reduceat(masses, self.first[:-1])
            sums = np.add.reduceat(masses[:, None] * rates[self.source], self.first[:-1], axis=0)
            used = mass > 1e-7
            a = sums[used] / mass[used, None]
            short = mass[used] * self.game.value(a) - x[self.q[side]][used]
            for position, j in enumerate(np.flatnonzero(used).tolist()):
                if short[position] > tolerance:
                    found += float(short[position])
                    self.add_cut(j, side, a[position])
        return found

    def point(self, x: Floats) -> Point:
        """What an LP solution means: moves, sizes, and where it is charged less than it scores."""
        lower, upper = np.maximum(x[: self.E], 0.0), np.maximum(x[self.E : 2 * self.E], 0.0)
        students = self.low[self.target] * lower + self.high[self.target] * upper
        sizes = np.add.reduceat(students, self.first[:-1])
        sums = np.add.reduceat(students[:, None] * self.game.rates[self.source], self.first[:-1], axis=0)
        score = self.game.value(sums / sizes[:, None])
        charged = x[self.q[0]] + x[self.q[1]]
        for number, term in enumerate(self.game.size_terms):
            score = score + [term.value(j, sizes[j] / self.S[j]) for j in range(self.N)]
            charged = charged + x[self.q0[number * self.N : (number + 1) * self.N]]
        return Point(float(charged.sum()), students, sizes, score, charged)

    def purge(self) -> None:
        """Drop cuts that have been slack for long; the basis of the rest stays."""
        basis = self.highs.getBasis()
        basic = np.array(
            [s == highspy.HighsBasisStatus.kBasic for s in basis.row_status[self.base : self.base + len(self.active)]]
        )
        self.idle = np.where(basic, self.idle + 1, 0).astype(np.int32)
        old = self.idle > KEEP_IDLE
        if old.sum() <= PURGE_AT:
            return
        rows = (np.flatnonzero(old) + self.base).astype(np.int32)
        kept = [s for r, s in enumerate(basis.row_status) if r < self.base or not old[r - self.base]]
        self.highs.deleteRows(len(rows), rows)
        basis.row_status = kept
        self.highs.setBasis(basis)
        self.active, self.idle = self.active[~old], self.idle[~old]

    # Bounds -----------------------------------------------------------------------------------

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
        )

    def safe_bound(
        self, y: Multipliers, cost: tuple[Floats, Floats] | None = None, cap: tuple[float, float] | None = None
    ) -> float:
        """A number that the LP of the present box never falls under, whatever the multipliers.

        Weak duality: sum y b + sum over columns of the least (c - y A) x in the column's range.
        Rounding is paid for with ``UNIT_ROUNDOFF_SHARE``.

        Parameters
        ----------
        cost
            Costs of the lower and upper masses; by default the objective, which is on q alone.
        cap
            (multiplier, right-hand side) of a row ``sum q <= rhs``.
        """
        N, E = self.N, self.E
        q_cost = 1.0 if cost is None else 0.0
        value = y.simplex.sum() + y.conservation.sum() + y.budget * (1 - self.p) * N
        magnitude = np.abs(y.simplex).sum() + np.abs(y.conservation).sum() + y.budget * N
        if cap is not None:
            q_cost += cap[0]
            value -= cap[0] * cap[1]
            magnitude += cap[0] * cap[1]
        reduced_q = np.full((2, N), q_cost)
        size_q = np.full((2, N), q_cost)
        reduced, sizes = [], []
        for side, ends in ((0, self.low), (1, self.high)):
            share = ends[self.target] / self.S[self.source]
            own = self.own * y.budget * ends[self.target] * (N / self.total)
            d = -(y.conservation[self.source] * share) - y.simplex[self.target] - own
            m = np.abs(y.conservation[self.source]) * share + np.abs(y.simplex[self.target]) + own
            if cost is not None:
                d, m = d + cost[side], m + np.abs(cost[side])
            reduced.append(d)
            sizes.append(m)
        for number, weight in zip(y.cut_ids.tolist(), y.cuts.tolist(), strict=True):
            cut = self.pool[number]
            start, stop = self.first[cut.district], self.first[cut.district + 1]
            reduced[cut.side][start:stop] += weight * self._coefficients[number, : stop - start]
            sizes[cut.side][start:stop] += weight * self._magnitude[number]
            reduced_q[cut.side, cut.district] -= weight
            size_q[cut.side, cut.district] += weight
        for position in np.flatnonzero(y.sizes).tolist():
            line = self._line_values(position // 3, position % 3)
            j = (position // 3) % N
            span = slice(self.first[j], self.first[j + 1])
            reduced[0][span] -= y.sizes[position] * line[: self.degree[j]]
            reduced[1][span] -= y.sizes[position] * line[self.degree[j] : -1]
        over = y.sizes.reshape(-1, 3).sum(axis=1) > (1.0 if cost is None else 0.0) + (cap[0] if cap else 0.0) + 1e-9
        if over.any():
            return -np.inf
        for d, m in zip(reduced, sizes, strict=True):
            value += np.minimum(d, 0.0).sum()
            magnitude += m.sum()
        value += (np.minimum(reduced_q, 0.0) * self.game.most).sum()
        magnitude += (size_q * self.game.most).sum()
        assert len(y.cuts) + 4 * E < 2**14
        return float(value - UNIT_ROUNDOFF_SHARE * magnitude)
