r"""What both formulations share: the mean of the worst tenth as a linear program (Rockafellar and Uryasev 2000).

.. math::

    \max\ \eta - \tfrac1q \sum_d \xi_d \ (6), \qquad \xi_d \ge \eta - y_d, \quad \xi_d \ge 0 \ (7)

A threshold above the highest one that any plan reaches is never needed, so districts that begin there are left out (9).
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.grants.evaluate import gain
from fairbound.models.grants.instance import MEAN, WORST, GrantsInstance, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def add_scores(
    model: pyo.ConcreteModel,
    instance: GrantsInstance,
    spent: Mapping[int, list[Any]],
    start: Sequence[Fraction],
    objective: str,
) -> None:
    """Rows (6) and (7) over scores that begin at ``start`` and gain what is spent, limits, and the objective.

    ``spent`` has for each district pairs of a variable and the points that a unit of it adds.
    """
    count, limits = len(start), dict(instance.limits)
    if objective == WORST or WORST in limits:
        low, high = float(min(start)), float(max(instance.highest_threshold, min(start)))
        model.eta = pyo.Var(bounds=(low, high))
        model.xi = pyo.Var(instance.near, bounds=(0, high - low))
        model.eq7_short = pyo.Constraint(
            instance.near,
            rule=lambda m, d: weighted([(m.xi[d], 1), (m.eta, -1), *spent.get(d, [])]) >= -float(start[d]),
        )
        each = float(1 / (instance.tail * count))
        tail = weighted([(model.eta, 1), *((xi, -each) for xi in model.xi.values())])
    total = weighted(pair for pairs in spent.values() for pair in pairs)
    base = sum(start, Fraction(0))
    if WORST in limits:
        model.eq5_least = pyo.Constraint(expr=tail >= float(limits[WORST]))
    if MEAN in limits:
        model.eq4_least = pyo.Constraint(expr=total >= float(limits[MEAN] * count - base))
    # The mean is stated as a sum, and the unit says so: an engine would take coefficients that small for nothing.
    model.objective_unit = Fraction(1, count) if objective == MEAN else Fraction(1)
    model.objective = pyo.Objective(expr=tail if objective == WORST else total + float(base), sense=pyo.maximize)


def assign_scores(model: pyo.ConcreteModel, plan: Plan) -> None:
    """Write who is granted, the threshold of the worst tenth, and how far each district is below it."""
    instance: GrantsInstance = model.instance
    scores = [district.score for district in instance.districts_data]
    amounts = [Fraction(0)] * len(scores)
    for d, f, x in plan.changes:
        scores[d] += gain(instance, f, x)
        amounts[d] += x
    if hasattr(model, "z"):
        for d, variable in model.z.items():
            variable.set_value(int(amounts[d] > 0), skip_validation=True)
    if hasattr(model, "eta"):
        eta = sorted(scores)[ceil(instance.tail * len(scores)) - 1]
        model.eta.set_value(float(eta), skip_validation=True)
        for d, variable in model.xi.items():
            variable.set_value(float(max(Fraction(0), eta - scores[d])), skip_validation=True)
