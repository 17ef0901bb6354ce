r"""Best subset with ridge as a mixed-integer quadratic program in its perspective form, for engines that take such.

.. math::

    \min \tfrac1n \sum_i e_i^2 + \rho \sum_j t_j, \qquad e_i = y_i - b_0 - \sum_j b_j x_{ij}, \quad
    b_j^2 \le t_j s_j, \quad \sum_j s_j \le k \ (7)

with features in standard deviations. HiGHS takes no quadratic program with binaries; ``subset_tree`` proves the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.scores import residuals
from fairbound.models.scores.evaluate import largest
from fairbound.models.scores.instance import BEST_SUBSET, LinearModel, ScoresInstance


def build(instance: ScoresInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:  # noqa: ARG001
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="perspective")
    model.instance = instance
    table, _, _ = residuals.scaled(instance)
    y = residuals.labels(instance)
    model.centre = float(np.mean(y))
    n, p = table.shape
    model.b0 = pyo.Var()
    model.b, model.e = pyo.Var(range(p)), pyo.Var(range(n))
    model.t = pyo.Var(range(p), bounds=(0, None))
    model.s = pyo.Var(range(p), domain=pyo.UnitInterval if relaxed else pyo.Binary)

    def row(model: pyo.ConcreteModel, i: int) -> Any:
        terms = [(model.e[i], 1), (model.b0, 1), *((model.b[j], x) for j, x in enumerate(table[i].tolist()) if x)]
        return weighted(terms) == float(y[i] - model.centre)

    model.eq7_residual = pyo.Constraint(range(n), rule=row)
    model.eq7_perspective = pyo.Constraint(range(p), rule=lambda m, j: m.b[j] ** 2 <= m.t[j] * m.s[j])
    model.eq7_count = pyo.Constraint(expr=weighted((model.s[j], 1) for j in range(p)) <= instance.k)
    squares = sum(model.e[i] ** 2 for i in range(n)) / n
    ridge = float(instance.ridge) * sum(model.t[j] for j in range(p))
    model.objective = pyo.Objective(expr=squares + ridge, sense=pyo.minimize)
    return model


def extract(model: pyo.ConcreteModel) -> LinearModel:
    """Read the coefficients of the chosen features."""
    values = np.array([(model.b[j].value or 0.0) * ((model.s[j].value or 0) > 0.5) for j in model.b])
    return residuals.model_of(model.instance, (model.b0.value or 0.0) + model.centre, values)


def assign(model: pyo.ConcreteModel, solution: LinearModel) -> None:
    """Write the k largest coefficients, which they are, and what they leave."""
    instance: ScoresInstance = model.instance
    sparse = largest(instance, solution, instance.k)
    for variable, left in zip(model.e.values(), residuals.assign_coefficients(model, sparse), strict=True):
        variable.set_value(left, skip_validation=True)
    for j, variable in model.b.items():
        model.t[j].set_value(variable.value**2, skip_validation=True)
        model.s[j].set_value(int(variable.value != 0), skip_validation=True)


def refuses(instance: ScoresInstance, objective: str) -> str | None:  # noqa: ARG001 - every instance has squares
    """It counts squares."""
    return None if objective == BEST_SUBSET else f"it states best_subset, and {objective} is asked"


FORMULATION = Formulation(
    name="perspective",
    summary="best subset with ridge in its perspective form, for other engines and for export",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
    beyond="HiGHS takes no quadratic program with binaries; subset_tree proves the same question",
)
