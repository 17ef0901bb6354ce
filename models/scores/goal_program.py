r"""Absolute deviations as a goal program: how far a row is above its model and how far below, one equation a row.

.. math::

    \min \tfrac1n \sum_i (e^+_i + e^-_i), \qquad
    b_0 + \sum_j (b^+_j - b^-_j) x_{ij} + e^+_i - e^-_i = y_i \ (13), \qquad
    b^+_j + b^-_j \le M_j s_j, \quad \sum_j s_j \le k \ (14)

in the place of (4) and (5) (Charnes, Cooper and Ferguson 1955; Wagner 1959). Half the rows, so half the basis; the LP
bounds are the same. Without a count of features there is no s and no (14).
"""

from __future__ import annotations

import numpy as np
import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.scores import big_m, residuals
from fairbound.models.scores.evaluate import largest
from fairbound.models.scores.instance import LAD, SPARSE_LAD, LinearModel, ScoresInstance


def build(instance: ScoresInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="goal_program")
    model.instance = instance
    table, _, _ = residuals.scaled(instance)
    y = residuals.labels(instance)
    model.centre = float(np.median(y))
    n, p = table.shape
    most, limits = residuals.bounds(instance)
    ends = [m if np.isfinite(m) else None for m in limits.tolist()]
    model.b0 = pyo.Var(bounds=(None if ends[0] is None else -ends[0], ends[0]))
    model.up = pyo.Var(range(p), bounds=lambda _m, j: (0, ends[j + 1]))
    model.down = pyo.Var(range(p), bounds=lambda _m, j: (0, ends[j + 1]))
    model.above = pyo.Var(range(n), bounds=(0, most))
    model.below = pyo.Var(range(n), bounds=(0, most))

    def row(model: pyo.ConcreteModel, i: int) -> pyo.Expression:
        each = [(j, x) for j, x in enumerate(table[i].tolist()) if x]
        fit = [*((model.up[j], x) for j, x in each), *((model.down[j], -x) for j, x in each)]
        return weighted([(model.b0, 1), *fit, (model.above[i], 1), (model.below[i], -1)]) == float(y[i] - model.centre)

    model.eq13_row = pyo.Constraint(range(n), rule=row)
    if objective == SPARSE_LAD:
        model.s = pyo.Var(range(p), domain=pyo.UnitInterval if relaxed else pyo.Binary)
        model.eq14_chosen = pyo.Constraint(
            range(p), rule=lambda m, j: weighted([(m.up[j], 1), (m.down[j], 1), (m.s[j], -ends[j + 1])]) <= 0
        )
        model.eq14_count = pyo.Constraint(expr=weighted((model.s[j], 1) for j in range(p)) <= instance.k)
    model.objective = pyo.Objective(
        expr=weighted((variable, 1 / n) for side in (model.above, model.below) for variable in side.values()),
        sense=pyo.minimize,
    )
    return model


def extract(model: pyo.ConcreteModel) -> LinearModel:
    """Read the coefficients, those of the chosen features where some are chosen."""
    kept = [not hasattr(model, "s") or (model.s[j].value or 0) > 0.5 for j in model.up]
    values = [((model.up[j].value or 0.0) - (model.down[j].value or 0.0)) * keep for j, keep in enumerate(kept)]
    return residuals.model_of(model.instance, (model.b0.value or 0.0) + model.centre, np.array(values))


def assign(model: pyo.ConcreteModel, solution: LinearModel) -> None:
    """Write coefficients, of which the k largest are chosen, and how far rows are above and below."""
    instance: ScoresInstance = model.instance
    sparse = largest(instance, solution, instance.k) if hasattr(model, "s") else solution
    start, each, left = residuals.in_deviations(instance, sparse)
    model.b0.set_value(start - model.centre, skip_validation=True)
    for j, value in enumerate(each):
        model.up[j].set_value(max(value, 0.0), skip_validation=True)
        model.down[j].set_value(max(-value, 0.0), skip_validation=True)
        if hasattr(model, "s"):
            model.s[j].set_value(int(value != 0), skip_validation=True)
    for i, value in enumerate(left):
        model.above[i].set_value(max(value, 0.0), skip_validation=True)
        model.below[i].set_value(max(-value, 0.0), skip_validation=True)


def refuses(instance: ScoresInstance, objective: str) -> str | None:
    """It counts absolute deviations, and needs bounds on coefficients where features are counted."""
    if objective == LAD:
        return None
    if objective != SPARSE_LAD:
        return f"it states lad and sparse_lad, and {objective} is asked"
    return big_m.refuses(instance, objective)


FORMULATION = Formulation(
    name="goal_program",
    summary="how far each row is above and below, in one equation a row",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
)
