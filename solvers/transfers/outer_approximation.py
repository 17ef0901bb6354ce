r"""Outer approximation of the student-weighted deviations: linear programs to a certified gap.

:math:`m^2 / n` is jointly convex in (m, n), and

.. math:: \frac{m_{jr}^2}{n_j} \ge 2 v m_{jr} - v^2 n_j \quad \text{for every } v \qquad (22)

with equality at v = m/n. So a linear program with some of these cuts bounds the optimum from below, its plan
scores above, and the cuts at its plan close in on both. The bound reported is made safe from the multipliers
of the last program; the plan is repaired and evaluated exactly.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from fairbound.models.transfers.evaluate import values_today
from fairbound.models.transfers.instance import RACE_WEIGHTED
from fairbound.models.transfers.repair import repair
from fairbound.models.transfers.weighted_conic import refuses
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import EngineInfo, ModelSize, OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.engines import highs
from fairbound.solvers.proofs.safe_bounds import Rows, safe_bound
from fairbound.solvers.transfers.composition import POINT_BITS, Floats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.transfers import TransferInstance

NAME = "outer_approximation"
DEFAULT_GAP = 1e-5
"""Asked for where a gap of 0 is asked."""
NEGLIGIBLE = 1e-6
"""A share of the value of today that is not worth a proof: an optimum of 0 has no relative gap."""
MOST_ROUNDS = 200
START_POINTS = 5
VIOLATED = 1e-9


class ConicProgram:
    """The linear program: shares y_e of origins in each district, and w_jk above the cuts so far.

    Columns are y (one for each origin and each district it can attend, itself included) and then w, in
    units of S_j; rows are conservation, sizes, the budget, and the cuts.
    """

    def __init__(self, instance: TransferInstance) -> None:
        self.instance = instance
        self.S = np.array([float(size) for size in instance.sizes])
        self.N, self.K, total = len(self.S), len(instance.groups), float(instance.total)
        entries = [(i, j) for j in range(self.N) for i in (j, *instance.neighbours[j])]
        self.source = np.array([i for i, _ in entries])
        self.target = np.array([j for _, j in entries])
        self.E = len(entries)
        self.rates = np.array([[float(a) for a in row] for row in instance.deviations])
        near = [self.rates[[j, *instance.neighbours[j]]] for j in range(self.N)]
        self.least, self.largest = (np.array([f(rows, axis=0) for rows in near]) for f in (np.min, np.max))
        low, high = (np.array([float(b[k]) for b in instance.size_bounds]) for k in (0, 1))
        self.c = np.concatenate([np.zeros(self.E), np.repeat(self.S / total, self.K)])
        peak = np.maximum(self.least**2, self.largest**2) * (high / self.S)[:, None]
        self.upper = np.concatenate([np.ones(self.E), peak.ravel() * (1 + 1e-9) + 1e-12])
        self.rows = Rows(len(self.c))
        ratio = self.S[self.source] / self.S[self.target]
        for i in range(self.N):
            self.rows.add(np.flatnonzero(self.source == i), np.ones(int((self.source == i).sum())), 1.0, 1.0)
        for j in range(self.N):
            chosen = np.flatnonzero(self.target == j)
            self.rows.add(chosen, ratio[chosen], low[j] / self.S[j], high[j] / self.S[j])
        stays = np.flatnonzero(self.source == self.target)
        scale = self.N / total
        self.rows.add(stays, self.S[self.source[stays]] * scale, (1 - float(instance.p)) * self.N, np.inf)
        self.by_target = [np.flatnonzero(self.target == j) for j in range(self.N)]
        self.ratio = ratio
        grid = np.linspace(0, 1, START_POINTS)
        for share in grid:
            self._cut(self.least + share * (self.largest - self.least), np.ones((self.N, self.K), dtype=bool))
        self.highs = highs.new(output_flag=False, threads=1, dual_feasibility_tolerance=1e-9)
        count, none = len(self.c), np.zeros(0, dtype=np.int32)
        self.highs.addCols(count, self.c, np.zeros(count), self.upper, 0, np.zeros(count, np.int32), none, np.zeros(0))
        self.passed = 0

    def _cut(self, v: Floats, chosen: Any) -> None:
        """Add cut (22) at v[j, k] for the chosen pairs."""
        v = np.rint(np.ldexp(v, POINT_BITS)) / 2.0**POINT_BITS
        for j, k in zip(*np.nonzero(chosen), strict=True):
            near, u = self.by_target[j], v[j, k]
            a = self.rates[self.source[near], k]
            values = np.append(-(2 * u * a - u * u) * self.ratio[near], 1.0)
            magnitude = np.append((2 * abs(u) * np.abs(a) + u * u) * self.ratio[near], 1.0)
            self.rows.add(np.append(near, self.E + j * self.K + k), values, 0.0, np.inf, magnitude)

    def run(self) -> Floats | None:
        """Pass the new rows and solve; column values, or ``None`` if the engine gave no optimum."""
        low, high, start, index, value = self.rows.arrays(self.passed)
        self.highs.addRows(len(low), low, high, len(index), start, index, value)
        self.passed = len(self.rows)
        highs.execute(self.highs)
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.asarray(self.highs.getSolution().col_value)

    def separate(self, x: Floats) -> tuple[float, bool]:
        """Exact objective (as a float) of the plan in x, and whether a cut was added."""
        y = np.maximum(x[: self.E], 0.0) * self.ratio
        n = np.bincount(self.target, y, self.N)
        m = np.stack([np.bincount(self.target, y * self.rates[self.source, k], self.N) for k in range(self.K)], axis=1)
        score = m * m / n[:, None]
        weight = self.c[self.E :].reshape(self.N, self.K)
        violated = weight * (score - x[self.E :].reshape(self.N, self.K)) > VIOLATED / self.N
        self._cut(m / n[:, None], violated)
        return float((weight * score).sum()), bool(violated.any())

    def bound(self) -> float:
        """A safe bound from the multipliers of the last run."""
        y = np.asarray(self.highs.getSolution().row_dual)
        return safe_bound(self.c, np.zeros(len(self.c)), self.upper, self.rows, y)

    def students(self, x: Floats) -> dict[tuple[int, int], float]:
        """Moves in students."""
        return {
            (int(i), int(j)): float(value * self.S[i])
            for i, j, value in zip(self.source, self.target, x, strict=False)
            if i != j
        }


def answer(
    instance: TransferInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    _start: Any = None,
) -> Answer:
    """Answer to ``settings.gap`` (``DEFAULT_GAP`` if 0)."""
    search = Search(instance, objective, settings, on_progress)
    gap = settings.gap or DEFAULT_GAP
    program = ConicProgram(instance)
    today = float(values_today(instance)[RACE_WEIGHTED])
    termination, best, plan, bound = Termination.ENGINE_ERROR, np.inf, None, 0.0
    while search.nodes < MOST_ROUNDS:
        search.nodes += 1
        with search.interruptible():
            x = program.run()
        if x is None:
            break
        bound = max(bound, program.bound())
        value, violated = program.separate(x)
        if value < best:
            best, plan = value, x
        search.note(best, bound)
        # Rounding the plan to a grid of students costs a little: stop at half the gap asked.
        if best - bound <= max(gap / 2 * best, NEGLIGIBLE * today) or not violated:
            termination = Termination.GAP_LIMIT
            break
        if search.late():
            termination = search.why_late()
            break
    return Answer(
        termination,
        None if plan is None else repair(instance, program.students(plan)),
        proven=Bound(max(Fraction(0), Fraction(bound)), Basis.MULTIPLIERS, "cuts on (27)"),
        gap=gap,
        engine=EngineInfo(highs.NAME, highs.version(), {"gap": gap, "threads": 1}),
        model=ModelSize(len(program.c), len(program.rows), program.rows.nonzeros, 0),
        nodes=search.nodes,
        trace=tuple(search.trace),
    )


METHOD = Method(
    NAME,
    Kind.ALGORITHM,
    "cuts on a linear program: student-weighted deviations to a proven gap",
    answer,
    refuses,
    seeded=False,
)

__all__: Sequence[str] = ["METHOD", "ConicProgram", "answer"]
