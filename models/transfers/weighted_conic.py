r"""Enrolment-weighted deviations: convex, rotated second-order cones.

.. math::

    \min \frac1S \sum_j \sum_r w_{jr}, \quad m_{jr}^2 \le w_{jr} n_j \ (14), \quad (2), (6), (7)

Changed against the poster: each district counts by its students, equation (9), not once. Kept:
everything else. A quadratic over a positive linear function is jointly convex, so a local optimum is a
global one; ``outer_approximation`` solves it with linear programs.
"""

from __future__ import annotations

from fairbound.models.core.problem import Formulation
from fairbound.models.transfers import rules
from fairbound.models.transfers.instance import RACE_WEIGHTED, TransferInstance
from fairbound.models.transfers.terms import ratios
from pyomo.core import ConcreteModel, Constraint, NonNegativeReals, Objective, Var, minimize

NOT_LINEAR = "second-order cones, beyond HiGHS; the method outer_approximation solves it with linear programs"


def build(instance: TransferInstance, objective: str, relaxed: bool = False) -> ConcreteModel:  # noqa: ARG001
    """Build the model; sizes and moves are in units of each district's size of today."""
    model = rules.start_model("weighted_conic", instance)
    parts = ratios(instance, objective)
    index = [(j, r) for j in range(len(instance.districts)) for r in range(len(parts))]
    model.w = Var(index, domain=NonNegativeReals)
    model.eq14_cone = Constraint(index)
    for j, r in index:
        numerator, denominator = rules.ratio_scale(model, parts[r], j)
        model.eq14_cone[j, r] = numerator**2 <= model.w[j, r] * denominator
    weights = [float(size / instance.total) for size in instance.sizes]
    model.objective = Objective(expr=sum(weights[j] * model.w[j, r] for j, r in index), sense=minimize)
    return model


def refuses(instance: TransferInstance, objective: str) -> str | None:
    """Questions that the program itself cannot state."""
    return rules.refuse_common(instance, objective, (RACE_WEIGHTED,))


FORMULATION = Formulation(
    name="weighted_conic",
    summary="deviations weighted by students: convex, second-order cones",
    build=build,
    extract=rules.extract,
    assign=rules.assign,
    refuses=refuses,
    beyond=NOT_LINEAR,
)
