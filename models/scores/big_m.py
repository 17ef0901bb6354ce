r"""Sparse least absolute deviations: a binary for each feature, and a bound on each coefficient that the data prove.

.. math::

    \min \tfrac1n \sum_i e_i, \quad (4), \qquad \lvert b_j \rvert \le M_j s_j, \quad \sum_j s_j \le k \ (5)

:math:`M_j` is no guess: equation (6) of ``residuals`` proves it.
"""

from __future__ import annotations

import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.scores import residuals
from fairbound.models.scores.evaluate import largest
from fairbound.models.scores.instance import SPARSE_LAD, LinearModel, ScoresInstance

WIDEST = 1e5
"""Beyond this engines do not keep a bound on a coefficient apart from none."""


def build(instance: ScoresInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:  # noqa: ARG001
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="big_m")
    residuals.add_residuals(model, instance)
    places = range(len(instance.design.columns))
    model.s = pyo.Var(places, domain=pyo.UnitInterval if relaxed else pyo.Binary)
    _, limit = residuals.bounds(instance)

    def row(model: pyo.ConcreteModel, j: int, sign: int) -> pyo.Expression:
        return weighted([(model.b[j], sign), (model.s[j], -float(limit[j + 1]))]) <= 0

    model.eq5_chosen = pyo.Constraint(places, (1, -1), rule=row)
    model.eq5_count = pyo.Constraint(expr=weighted((model.s[j], 1) for j in places) <= instance.k)
    return model


def extract(model: pyo.ConcreteModel) -> LinearModel:
    """Read the coefficients of the chosen features."""
    for j, variable in model.s.items():
        if (variable.value or 0) < 0.5:
            model.b[j].set_value(0.0, skip_validation=True)
    return residuals.extract(model)


def assign(model: pyo.ConcreteModel, solution: LinearModel) -> None:
    """Write the k largest coefficients and which they are."""
    instance: ScoresInstance = model.instance
    sparse = largest(instance, solution, instance.k)
    residuals.assign(model, sparse)
    for j, b in enumerate(sparse.coefficients):
        model.s[j].set_value(int(b != 0), skip_validation=True)


def refuses(instance: ScoresInstance, objective: str) -> str | None:
    """It needs bounds on the coefficients."""
    if objective != SPARSE_LAD:
        return f"it states sparse_lad, and {objective} is asked"
    if not float(residuals.bounds(instance)[1].max()) < WIDEST:
        return "features that depend on each other bound no coefficient; choose fewer (--set features=scores)"
    return None


FORMULATION = Formulation(
    name="big_m",
    summary="a binary for each feature, with bounds on coefficients that the data prove",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
)
