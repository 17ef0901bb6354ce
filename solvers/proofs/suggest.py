"""What the engine suggests to a tree: Gomory rows that a point breaks, and a column to branch on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.engines.highs import execute

if TYPE_CHECKING:
    from fairbound.solvers.checker.linear import Row
    from fairbound.solvers.proofs.live import Floats, Live

MOST_CUTS, CUT_BITS, LEAST_EFFICACY, DENSEST = 12, 24, 1e-4, 3000
CANDIDATES, TRIAL_STEPS = 30, 60
WHOLE = 1e-6
WIDEST = 2**40


def gomory_steps(
    live: Live, x: Floats, most: int = MOST_CUTS, tried: int = 2 * MOST_CUTS
) -> list[tuple[list[Any], Row]]:
    """Steps of the Gomory rows that x breaks most, at most so many of those tried, with these rows."""
    system = live.system
    if system.continuous or not live.engine.getNumNz():  # asked for the basis of an empty matrix, the engine dies
        return []
    fractional = live.fractions(x)
    _, basic = live.engine.getBasicVariables()
    places = {int(j): r for r, j in enumerate(basic) if j >= 0}
    chosen = sorted((j for j in places if fractional[j] > 1e-4), key=lambda j: -fractional[j])[:tried]
    lower, upper = np.array(system.lower, dtype=float), np.array(system.upper, dtype=float)
    flips_all = set(np.flatnonzero(upper - x < x - lower).tolist())
    scales, found = np.array(live.row_scale), []
    for j in chosen:
        if live.late():
            break
        _, combination = live.engine.getBasisInverseRow(places[j])
        rounded = np.round(np.asarray(combination) * 2.0**CUT_BITS) / 2.0**CUT_BITS
        used = np.flatnonzero(rounded)
        pairs: list[list[Any]] = [
            [live.rows[r], float(rounded[r] * live.column_scale[j] / scales[r])] for r in used.tolist()
        ]
        pairs = live.combined(pairs)
        columns = {c for i, _ in pairs for c in system.rows[i][0]}
        step = ["gomory", pairs, sorted(columns & flips_all)]
        if not pairs or len(columns) > DENSEST:
            continue
        try:
            row = system.step_row(step)
        except Rejected:
            continue
        gain = efficacy(live, x, row)
        if gain > LEAST_EFFICACY:
            found.append((gain, step, row))
    found.sort(key=lambda each: -each[0])
    return [(step, row) for _, step, row in found[:most]]


def efficacy(live: Live, x: Floats, row: Row) -> float:
    """How far a point lies beyond a row, in the engine's scale."""
    terms, rhs, _ = row
    index = np.fromiter(terms, dtype=np.int64, count=len(terms))
    values = np.array([float(a) for a in terms.values()]) * live.column_scale[index]
    norm = float(np.sqrt((values**2).sum())) or 1.0
    return (float(rhs) - float((values * x[index] / live.column_scale[index]).sum())) / norm


def branch(live: Live, x: Floats) -> tuple[int, bool] | None:
    """The column to branch on, and whether its upper side looks better; ``None`` where all are settled."""
    fractional = live.fractions(x)
    open_columns = np.flatnonzero(fractional > WHOLE)
    if not len(open_columns):
        # Whole as far as floats tell, yet not closed: rounding hides a row that is broken, or a plan.
        free = [c for c in np.flatnonzero(live.whole).tolist() if live.lower[c] < live.upper[c]]
        if not free:
            return None
        prices = np.abs(np.asarray(live.engine.getSolution().col_dual))
        narrow = [c for c in free if live.upper[c] - live.lower[c] < WIDEST]  # a float cannot halve a wider one
        j = int(max(narrow or free, key=lambda c: (fractional[c], -prices[c])))
        return j, bool(x[j] > live.lower[j])
    if len(open_columns) == 1:
        j = int(open_columns[0])
        return j, bool(x[j] - np.floor(x[j]) > 0.5)
    y = np.abs(np.asarray(live.engine.getSolution().row_dual))
    weight = []
    for j in open_columns.tolist():
        _, rows, values = live.engine.getColEntries(j)
        weight.append(fractional[j] * float(y[rows] @ np.abs(values)))
    order = open_columns[np.argsort(-np.array(weight), kind="stable")][:CANDIDATES]
    return _strongest(live, x, order.tolist())


def _strongest(live: Live, x: Floats, candidates: list[int]) -> tuple[int, bool]:
    """The candidate whose sides cost most, each tried for a few steps of the simplex."""
    engine = live.engine
    basis, start = engine.getBasis(), live.value()
    best, choice = -1.0, (candidates[0], False)
    engine.setOptionValue("simplex_iteration_limit", TRIAL_STEPS)
    for j in candidates:
        if live.late():
            break
        gains = []
        scale, (low, high) = live.column_scale[j], live.bounds(j)
        for least, most in ((low, int(np.floor(x[j]))), (int(np.floor(x[j])) + 1, high)):
            engine.changeColBounds(j, least / scale, most / scale)
            engine.setBasis(basis)
            execute(engine)
            infeasible = engine.getModelStatus() == highspy.HighsModelStatus.kInfeasible
            gains.append(1e9 if infeasible else max(0.0, live.value() - start))
        engine.changeColBounds(j, low / scale, high / scale)
        score = max(gains[0], 1e-9) * max(gains[1], 1e-9)
        if score > best:
            best, choice = score, (j, gains[1] < gains[0])
    engine.setOptionValue("simplex_iteration_limit", 2**31 - 1)
    engine.setBasis(basis)
    return choice
