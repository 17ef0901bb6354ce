r"""Weights of which the largest is least, as a linear program.

.. math::

    \min W, \qquad \sum_{i \in T} w_i = \sum_{i \in C} w_i = 1 \ (7), \quad 0 \le w_i \le W \ (4), \quad
    \sum_{i \in T_\ell} w_i = \sum_{i \in C_\ell} w_i \ (1), \quad
    \Bigl| \sum_{i \in T} d_i w_i - \sum_{i \in C} d_i w_i \Bigr| \le \delta \ (2)

With :math:`v = w / W` it is the relaxation of ``subset``: the least largest weight is the reciprocal of that bound.
"""

from __future__ import annotations

from fractions import Fraction

import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.matching.instance import WEIGHT, Comparison, MatchingInstance
from fairbound.models.matching.subset import mean_row


def build(instance: MatchingInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:  # noqa: ARG001
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="largest_weight")
    model.instance = instance
    members = range(len(instance.members))
    model.w = pyo.Var(members, bounds=(0, 1))
    model.W = pyo.Var(bounds=(0, 1))
    sides = (instance.treated, instance.controls)
    model.eq7_side = pyo.Constraint(range(2), rule=lambda m, k: weighted((m.w[i], 1) for i in sides[k]) == 1)
    model.eq4_largest = pyo.Constraint(members, rule=lambda m, i: weighted([(m.w[i], 1), (m.W, -1)]) <= 0)
    sign = {i: 1 if unit.treated else -1 for i, unit in enumerate(instance.members)}
    model.eq1_balance = pyo.ConstraintList()
    for those in instance.levels.values():
        model.eq1_balance.add(weighted((model.w[i], sign[i]) for i in those) == 0)
    if instance.means:
        model.eq2_means = pyo.ConstraintList()
    for offsets, allowed in instance.mean_rows.values():
        for direction in (1, -1):
            row = mean_row(instance, offsets, allowed, direction)
            model.eq2_means.add(weighted((model.w[i], a) for i, a in row.items()) <= 0)
    model.objective = pyo.Objective(expr=model.W, sense=pyo.minimize)
    return model


def extract(model: pyo.ConcreteModel) -> Comparison:
    """Read the weights, the largest scaled to 1; floats, so balance holds to rounding only."""
    values = [max(0.0, variable.value or 0.0) for variable in model.w.values()]
    largest = max(values) or 1.0
    return Comparison(tuple(Fraction(value / largest) for value in values))


def assign(model: pyo.ConcreteModel, comparison: Comparison) -> None:
    """Write weights as shares of their side."""
    instance: MatchingInstance = model.instance
    largest = 0.0
    for side in (instance.treated, instance.controls):
        total = sum(comparison.weights[i] for i in side) or 1
        for i in side:
            share = float(comparison.weights[i] / total)
            largest = max(largest, share)
            model.w[i].set_value(share, skip_validation=True)
    model.W.set_value(largest, skip_validation=True)


def refuses(instance: MatchingInstance, objective: str) -> str | None:
    """It bounds weights."""
    if instance.fewest_pairs:
        return "pairs are counted, and weights are any numbers here"
    return None if objective == WEIGHT else "pairs are asked, and weights are any numbers here"


FORMULATION = Formulation(
    name="largest_weight",
    summary="the least largest weight as a linear program, for other engines and for export",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
    beyond="weights in floats keep no balance exactly; exact_weights solves the same program in rationals",
)
