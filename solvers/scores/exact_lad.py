r"""Least absolute deviations exactly: the dual by an engine, its final basis solved again in rationals.

The dual asks for weights :math:`-1 \le u_i \le 1` that sum to 0, are orthogonal to every feature, and make
:math:`\sum_i u_i y_i` largest (8). Its basic columns are the rows that a best model passes through, and the model
solves these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import highspy
import numpy as np
from fairbound.models.core.exact import LONGEST_NUMBER
from fairbound.models.scores import residuals
from fairbound.models.scores.instance import LAD, LinearModel, ScoresInstance
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.engines.highs import execute, new
from fairbound.solvers.proofs.exact_vertex import solve_square
from fairbound.solvers.scores.baselines import constant

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "exact_lad"
SHORT_DIGITS = 15
LONGEST_FRACTION = LONGEST_NUMBER // 2
BASIC, UPPER = highspy.HighsBasisStatus.kBasic, highspy.HighsBasisStatus.kUpper


@dataclass(frozen=True)
class Fit:
    """A model of some features, and the proven bound of all such models, if any."""

    model: LinearModel
    bound: Fraction | None


def answer(
    instance: ScoresInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    _start: LinearModel | None = None,
) -> Answer:
    """The model and the bound of one basis; where the time does not suffice for it, the median label."""
    design, search = instance.design, Search(instance, objective, settings, on_progress)
    search.offer(constant(instance, objective, settings.seed, None))
    found = fit(instance, range(len(design.columns)), settings.time_limit, settings.seed)
    if found is None:
        return Answer(Termination.TIME_LIMIT, search.solution, message="no optimal basis was found")
    model, message = found.model, ""
    if any(_long(b) for b in (model.intercept, *model.coefficients)):
        model = LinearModel(_short(model.intercept), tuple(map(_short, model.coefficients)))
        message = f"coefficients are rounded to {SHORT_DIGITS} digits: as fractions no table would hold them"
    proven = None if found.bound is None else Bound(found.bound, Basis.MULTIPLIERS, "weights (8)")
    return Answer(Termination.FINISHED, model, proven=proven, message=message)


def fit(instance: ScoresInstance, subset: Sequence[int], seconds: float | None, seed: int) -> Fit | None:
    """The best model of the features of a subset; ``None`` where no basis was found in time."""
    found = _basis(instance, subset, seconds, seed)
    if found is None:
        return None
    points, rows, weights = found
    design = instance.design
    columns = [design.columns[j] for j in subset]
    table = [(1,) * len(design.labels), *(column.training for column in columns)]
    matrix = [[table[r][i] for r in rows] for i in points]
    solved = solve_square(matrix, [Fraction(design.labels[i]) for i in points])
    fixed = {i: u for i, u in enumerate(weights) if u}
    right = [Fraction(-sum(u * table[r][i] for i, u in fixed.items())) for r in rows]
    rest = solve_square([list(row) for row in zip(*matrix, strict=True)], right)
    if solved is None or rest is None:
        return None
    exact = {**{i: Fraction(u) for i, u in fixed.items()}, **dict(zip(points, rest, strict=True))}
    each = dict(zip(rows, solved, strict=True))
    coefficients = [Fraction(0)] * len(design.columns)
    for place, (j, column) in enumerate(zip(subset, columns, strict=True), start=1):
        coefficients[j] = each.get(place, Fraction(0)) * design.label_unit / column.unit
    model = LinearModel(each.get(0, Fraction(0)) * design.label_unit, tuple(coefficients))
    return Fit(model, _bound(instance, table, exact))


def _basis(
    instance: ScoresInstance, subset: Sequence[int], seconds: float | None, seed: int
) -> tuple[list[int], list[int], list[int]] | None:
    """Basic weights, rows that are tight (0 for the sum, then features), and every other weight: 1, -1 or 0."""
    table = residuals.scaled(instance)[0][:, list(subset)]
    y = residuals.labels(instance)
    y = y - np.median(y)
    n, p = table.shape
    live = new(output_flag=False, threads=1, presolve="off", random_seed=seed)
    if seconds is not None:
        live.setOptionValue("time_limit", seconds)
    empty = np.zeros(0, dtype=np.int32)
    for _ in range(p + 1):
        live.addRow(0.0, 0.0, 0, empty, np.zeros(0))
    full = np.column_stack([np.ones(n), table])
    starts = np.arange(n, dtype=np.int32) * (p + 1)
    index = np.tile(np.arange(p + 1, dtype=np.int32), n)
    live.addCols(n, -y, -np.ones(n), np.ones(n), full.size, starts, index, full.ravel())
    execute(live)
    if live.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    basis = live.getBasis()
    points = [i for i, status in enumerate(basis.col_status) if status == BASIC]
    rows = [r for r, status in enumerate(basis.row_status) if status != BASIC]
    if len(points) != len(rows):
        return None
    weights = [0 if status == BASIC else 1 if status == UPPER else -1 for status in basis.col_status]
    return points, rows, weights


def _bound(instance: ScoresInstance, table: Sequence[Sequence[int]], weights: dict[int, Fraction]) -> Fraction | None:
    """What the weights prove (8), shrunk until none is beyond 1; ``None`` where they are not orthogonal."""
    for row in table:
        if sum((u * row[i] for i, u in weights.items()), Fraction(0)):
            return None
    beyond = max(Fraction(1), *(abs(u) for u in weights.values()))
    total = sum((u * instance.design.labels[i] for i, u in weights.items()), Fraction(0))
    return total / beyond / len(instance.design.labels) * instance.design.label_unit


def _long(value: Fraction) -> bool:
    return max(value.numerator, value.denominator).bit_length() > 3 * LONGEST_FRACTION


def _short(value: Fraction) -> Fraction:
    return Fraction(f"{float(value):.{SHORT_DIGITS}g}")


def refuses(_instance: ScoresInstance, objective: str) -> str | None:
    """It counts every coefficient."""
    return None if objective == LAD else f"{objective} counts k features, and all may count here"
