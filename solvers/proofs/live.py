"""A live linear program beside the exact system: floats for the engine, numbers scaled by powers of two."""

from __future__ import annotations

import time
from math import frexp, inf
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from fairbound.solvers.engines.highs import execute, new

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairbound.solvers.checker.linear import Box, System
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LARGEST = 256.0
"""Rows, columns and costs are divided by powers of two until no number of the engine's is much larger."""
SLACK = 1e-6

Multipliers = list[tuple[int, float]]
"""Rows of the exact system, and what each is multiplied by."""


class Live:
    """The engine's program of a system, which follows it to the boxes of nodes and takes new rows.

    Attributes
    ----------
    rows, row_scale
        The system's row of each row of the engine's, and what it is divided by.
    scales
        What every row of the system is divided by.
    """

    def __init__(self, system: System, seconds: float, stopped: Callable[[], bool]) -> None:
        self.system, self.stopped = system, stopped
        self.deadline = time.perf_counter() + seconds
        self._moved: set[int] = set()
        n = len(system.lower)
        self.column_scale = _powers(
            np.array([max(abs(low), abs(high)) / LARGEST for low, high in zip(system.lower, system.upper, strict=True)])
        )
        cost = np.array([float(system.cost.get(j, 0)) for j in range(n)]) * self.column_scale
        self.cost_scale = float(_powers(np.abs(cost).max(initial=0.0) / LARGEST))
        self.rows: list[int] = []
        self.row_scale: list[float] = []
        self.scales: list[float] = []
        self.engine: Any = new(
            output_flag=False,
            threads=1,
            presolve="off",
            dual_feasibility_tolerance=1e-9,
            primal_feasibility_tolerance=1e-9,
        )
        empty = np.zeros(0, dtype=np.int32)
        low, high = (np.array(bounds) / self.column_scale for bounds in (system.lower, system.upper))
        self.engine.addCols(n, cost / self.cost_scale, low, high, 0, np.zeros(n, dtype=np.int32), empty, np.zeros(0))
        self.pass_rows(range(len(system.rows)))
        self.lower, self.upper = system.lower.copy(), system.upper.copy()
        self._question = system
        self.low, self.high, self.width = low, high, high - low
        self.whole = np.array([j not in system.continuous for j in range(n)])

    # Rows ------------------------------------------------------------------------------------------

    def pass_rows(self, rows: Sequence[int]) -> None:
        """Pass rows of the system to the engine."""
        new = [i for i in rows if i >= len(self.scales)]
        self.scales += [1.0] * len(new)
        kept = [(i, *self.live_row(i)) for i in rows if self.wanted(i)]
        if not kept:
            return
        lengths = [len(terms) for _, terms, _ in kept]
        columns = np.array([j for _, terms, _ in kept for j in terms], dtype=np.int32)
        values = np.array([float(a) for _, terms, _ in kept for a in terms.values()]) * self.column_scale[columns]
        starts = np.cumsum([0, *lengths[:-1]])
        largest = np.zeros(len(kept))
        np.maximum.at(largest, np.repeat(np.arange(len(kept)), lengths), np.abs(values))
        scales = _powers(largest / LARGEST)
        values /= np.repeat(scales, lengths)
        right = np.array([float(rhs) if abs(rhs) < 2**1000 else inf for *_, rhs in kept]) / scales
        equation = [self.system.rows[i][2] for i, *_ in kept]
        self.engine.addRows(
            len(kept),
            right,
            np.where(equation, right, highspy.kHighsInf),
            len(columns),
            starts.astype(np.int32),
            columns,
            values,
        )
        for (i, *_), scale in zip(kept, scales.tolist(), strict=True):
            self.rows.append(i)
            self.row_scale.append(scale)
            self.scales[i] = scale

    def rest(self, i: int) -> tuple[dict[int, int], int]:
        """Coefficients and right-hand side of a row of the system, without columns that are settled."""
        terms, rhs, _ = self.system.rows[i]
        return terms, rhs

    def live_row(self, i: int) -> tuple[dict[int, int], int]:
        """Coefficients and right-hand side of a row of the system, as the engine is to have them."""
        return self.rest(i)

    def combined(self, pairs: list[list[Any]]) -> list[list[Any]]:
        """A combination of the engine's rows as one of the system's."""
        return pairs

    def wanted(self, _row: int) -> bool:
        """Whether the engine is to have a row of the system."""
        return True

    def forget(self, gone: list[int]) -> None:
        """Take rows of the engine's out."""
        self.engine.deleteRows(len(gone), np.array(gone, dtype=np.int32))
        out = set(gone)
        kept = [r for r in range(len(self.rows)) if r not in out]
        self.rows, self.row_scale = [self.rows[r] for r in kept], [self.row_scale[r] for r in kept]

    def keep_rows(self, count: int) -> None:
        """Forget the system's rows after the first so many."""
        self.forget([r for r, i in enumerate(self.rows) if i >= count])
        del self.scales[count:]

    def free_slack_rows(self, first: int) -> None:
        """Take the slack ones of the system's rows from ``first`` on out of the program: fewer rows, faster nodes."""
        activity = np.asarray(self.engine.getSolution().row_value)
        if len(activity) != len(self.rows):
            return
        for r, i in enumerate(self.rows):
            right = float(self.live_row(i)[1]) / self.row_scale[r] if i >= first else inf
            if activity[r] > right + SLACK * max(1.0, abs(right)):
                self.engine.changeRowBounds(r, -highspy.kHighsInf, highspy.kHighsInf)

    # Boxes -----------------------------------------------------------------------------------------

    def bounds(self, j: int) -> tuple[int, int]:
        """A column's bounds in the present box."""
        return self.lower[j], self.upper[j]

    def set_box(self, question: System, changed: Box) -> None:
        """Move the program to a node: bounds of a question, and those that differ from them."""
        moved = self._moved | set(changed)
        if question is not self._question:
            own = zip(question.lower, question.upper, strict=True)
            moved |= {j for j, bounds in enumerate(own) if bounds != self.bounds(j)}
        for j in moved:
            low, high = changed.get(j, (question.lower[j], question.upper[j]))
            if (low, high) != self.bounds(j):
                self.set_bounds(j, low, high)
        self._moved, self._question = set(changed), question

    def set_bounds(self, j: int, low: int, high: int) -> None:
        """Change the bounds of a column."""
        self.lower[j], self.upper[j] = low, high
        self.low[j], self.high[j] = low / self.column_scale[j], high / self.column_scale[j]
        self.width[j] = self.high[j] - self.low[j]
        self.engine.changeColBounds(j, self.low[j], self.high[j])

    # Runs ------------------------------------------------------------------------------------------

    def late(self) -> bool:
        """Whether the time is over, or somebody asked to stop."""
        return self.stopped() or time.perf_counter() > self.deadline

    def solve(self) -> str:
        """Run; ``optimal``, ``infeasible`` or ``other``."""
        if self._run() == highspy.HighsModelStatus.kUnknown and not self.late():
            self.engine.clearSolver()  # the basis that it began from had become inaccurate
            self._run()
        return self.state()

    def state(self) -> str:
        """How the last run ended: ``optimal``, ``infeasible`` or ``other``."""
        status = self.engine.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return "optimal"
        return "infeasible" if status == highspy.HighsModelStatus.kInfeasible else "other"

    def _run(self) -> Any:
        left = max(0.05, self.deadline - time.perf_counter())
        self.engine.setOptionValue("time_limit", self.engine.getRunTime() + left)
        execute(self.engine)
        return self.engine.getModelStatus()

    def value(self) -> float:
        """Cost of the point that the engine found, in its scale."""
        return float(self.engine.getInfo().objective_function_value)

    def values(self) -> Floats:
        """The point that the engine found."""
        return np.asarray(np.asarray(self.engine.getSolution().col_value) * self.column_scale, dtype=float)

    def fractions(self, x: Floats) -> Floats:
        """How far each column is from a whole number that it must be."""
        return np.asarray(np.abs(x - np.round(x)) * self.whole)

    def dual(self) -> Multipliers:
        """Multipliers of the point that the engine found."""
        return self._exact(np.asarray(self.engine.getSolution().row_dual), self.cost_scale)

    def ray(self) -> Multipliers:
        """Multipliers of an infeasible program."""
        _, there, values = self.engine.getDualRay()
        return self._exact(np.asarray(values), 1.0) if there else []

    def _exact(self, y: Floats, factor: float) -> Multipliers:
        """Row multipliers of the exact system; those of inequalities are not negative."""
        found = []
        least = 1e-12 * float(np.abs(y).max(initial=0.0))
        for r in np.flatnonzero(np.abs(y) > least).tolist():
            i, value = self.rows[r], float(y[r])
            if value > 0 or self.system.rows[i][2]:
                found.append((i, value * factor / self.row_scale[r]))
        return found

    def shortened(self, multipliers: Multipliers, bits: int) -> Multipliers:
        """The same in so many bits: whole multiples of a small share of the largest, as the engine's scale has them."""
        inner = [y * self.scales[i] for i, y in multipliers]
        grain = 2.0 ** (frexp(max(map(abs, inner), default=1.0))[1] - bits)
        whole = [round(y / grain) for y in inner]
        return [(i, k * grain / self.scales[i]) for (i, _), k in zip(multipliers, whole, strict=True) if k]

    def narrowing(self, target: float) -> int:
        """How many columns (4) would narrow below a cost in the engine's scale, as floats tell."""
        room = max(0.0, target - self.value())
        prices = np.abs(np.asarray(self.engine.getSolution().col_dual))
        return int(np.count_nonzero((prices * self.width > room) & (self.width > 0) & self.whole))


def _powers(values: Floats) -> Floats:
    """The power of two above each number; 1 for a small one."""
    return np.where(values <= 1, 1.0, np.ldexp(1.0, np.frexp(values)[1]))
