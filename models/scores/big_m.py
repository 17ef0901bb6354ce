r"""Sparse least absolute deviations: a binary for each feature, and a bound on each coefficient that the data prove.

.. math::

    \min \tfrac1n \sum_i e_i, \quad (4), \qquad \lvert b_j \rvert \le M_j s_j, \quad \sum_j s_j \le k \ (5)

:math:`M_j` is no guess. A model of one feature leaves :math:`T = \sum_i \lvert y_i - m \rvert`, so a best one leaves no more.
For any weights :math:`\lvert u_i \rvert \le 1` that sum to 0 and are orthogonal to every feature but j,
:math:`\sum_i u_i y_i - b_j \sum_i u_i x_{ij} \le T`. The residuals of feature j on the others, scaled, are such weights (6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyomo.environ as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.scores import residuals
from fairbound.models.scores.evaluate import largest
from fairbound.models.scores.instance import SPARSE_LAD, LinearModel, ScoresInstance

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPARE = 1.001
"""Bounds are raised by this factor: far more than their floats can be wrong by."""
WIDEST = 1e5
"""Beyond this engines do not keep a bound on a coefficient apart from none."""


def bounds(instance: ScoresInstance) -> NDArray[np.float64]:
    """M of each coefficient (6), in points for a standard deviation."""
    table, _, _ = residuals.scaled(instance)
    y = residuals.labels(instance)
    n, p = table.shape
    slopes = (y - y.mean()) @ table / n
    one = int(np.abs(slopes).argmax())
    left = y - slopes[one] * table[:, one]
    most = float(np.abs(left - np.median(left)).sum())
    y = y - np.median(y)
    triangle = np.linalg.qr(np.column_stack([np.ones(n), table]), mode="r")
    found = np.full(p, np.inf)
    if abs(np.diag(triangle)).min() < 1e-9 * abs(np.diag(triangle)).max():
        return found
    # Columns of the pseudo-inverse are the residuals of each feature on the others, divided by their squared length.
    inverse = np.linalg.solve(triangle.T @ triangle, np.column_stack([np.ones(n), table]).T)
    for j in range(p):
        weights = inverse[j + 1]
        u = weights / np.abs(weights).max()
        slope, start = float(u @ table[:, j]), float(u @ y)
        found[j] = SPARE * (most + abs(start)) / slope
    return found


def build(instance: ScoresInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:  # noqa: ARG001
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="big_m")
    residuals.add_residuals(model, instance)
    places = range(len(instance.design.columns))
    model.s = pyo.Var(places, domain=pyo.UnitInterval if relaxed else pyo.Binary)
    limit = bounds(instance)

    def row(model: pyo.ConcreteModel, j: int, sign: int) -> pyo.Expression:
        return weighted([(model.b[j], sign), (model.s[j], -float(limit[j]))]) <= 0

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
    if not float(bounds(instance).max()) < WIDEST:
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
