r"""Least absolute deviations as a linear program: a residual for each training row.

.. math::

    \min \tfrac1n \sum_i e_i, \qquad e_i \ge \bigl\lvert y_i - b_0 - \sum_j b_j x_{ij} \bigr\rvert \ (4)

Features enter about their means and in standard deviations, so that an engine sees numbers near 1.

The data bound each coefficient, :math:`\lvert b_j \rvert \le M_j`. A model of one feature leaves
:math:`T = \sum_i \lvert r_i \rvert`, so a best one leaves no more. For any weights :math:`\lvert u_i \rvert \le 1`
that sum to 0 and are orthogonal to every feature but j,

.. math::

    \Bigl\lvert b_j \sum_i u_i x_{ij} \Bigr\rvert \le T + \Bigl\lvert \sum_i u_i y_i \Bigr\rvert \ (6).

The residuals of feature j on the others, scaled, are such weights.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.scores.evaluate import residuals
from fairbound.models.scores.instance import LAD, LinearModel, ScoresInstance

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPARE = 1.001
"""Bounds are raised by this factor, and what their floats are wrong by must fit into it."""
DIGITS = 12
"""Digits of a coefficient that is read from floats."""


def scaled(instance: ScoresInstance) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Training rows (n, p) in standard deviations about the means, these means, and the deviations, in features' units.

    Means are rounded to the features' units, so that no cell is a difference of rounding.
    """
    columns = instance.design.columns
    table = np.array([column.training for column in columns], dtype=float).T
    means, spreads = np.round(table.mean(axis=0)), table.std(axis=0)
    units = np.array([float(column.unit) for column in columns])
    return (table - means) / spreads, means * units, spreads * units


def labels(instance: ScoresInstance) -> NDArray[np.float64]:
    """Labels of the training rows, in points."""
    return np.array(instance.design.labels, dtype=float) * float(instance.design.label_unit)


def bounds(instance: ScoresInstance) -> tuple[float, NDArray[np.float64]]:
    """T of (6), and M of the constant and of each coefficient in points for a standard deviation (p + 1,).

    The latter are infinite where features depend on each other.
    """
    table, _, _ = scaled(instance)
    y = labels(instance)
    n, p = table.shape
    slopes = (y - y.mean()) @ table / n
    one = int(np.abs(slopes).argmax())
    left = y - slopes[one] * table[:, one]  # any slope will do
    most = SPARE * float(np.abs(left - np.median(left)).sum())
    y = y - np.median(y)
    full = np.column_stack([np.ones(n), table])
    basis, triangle = np.linalg.qr(full)
    found = np.full(p + 1, np.inf)
    if n <= p or abs(np.diag(triangle)).min() < 1e-9 * abs(np.diag(triangle)).max():
        return most, found
    # Rows of the pseudo-inverse are the residuals of each column on the others, divided by their squared length.
    weights = np.linalg.solve(triangle, basis.T)
    weights /= np.abs(weights).max(axis=1, keepdims=True)
    products, right = weights @ full, most + np.abs(weights @ y)
    found = SPARE * right / np.diag(products)
    # Weights are orthogonal to the other columns as far as floats go; what is left of these must fit into the spare.
    leaks = np.abs(products - np.diag(np.diag(products))) @ found
    return most, found if (leaks <= (SPARE - 1) * right).all() else np.full(p + 1, np.inf)


def model_of(instance: ScoresInstance, constant: float, coefficients: NDArray[np.float64]) -> LinearModel:
    """A model in the features' own units, from one in standard deviations about the means: a coefficient for each."""
    _, means, spreads = scaled(instance)
    each = coefficients / spreads
    start = constant - float(each @ means)
    return LinearModel(Fraction(f"{start:.{DIGITS}g}"), tuple(Fraction(f"{b:.{DIGITS}g}") for b in each.tolist()))


def build(instance: ScoresInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:  # noqa: ARG001
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="residuals")
    add_residuals(model, instance)
    return model


def add_residuals(model: pyo.ConcreteModel, instance: ScoresInstance) -> None:
    """Coefficients, residuals, rows (4) and their mean as the objective."""
    model.instance = instance
    table, _, _ = scaled(instance)
    y = labels(instance)
    centre = float(np.median(y))
    model.centre = centre
    n, p = table.shape
    most, limits = bounds(instance)
    sides = [(-m, m) if np.isfinite(m) else (None, None) for m in limits.tolist()]
    model.b0 = pyo.Var(bounds=sides[0])
    model.b = pyo.Var(range(p), bounds=dict(enumerate(sides[1:])))
    model.e = pyo.Var(range(n), bounds=(0, most))

    def row(model: pyo.ConcreteModel, i: int, sign: int) -> pyo.Expression:
        terms = [
            (model.e[i], 1),
            (model.b0, sign),
            *((model.b[j], sign * x) for j, x in enumerate(table[i].tolist()) if x),
        ]
        return weighted(terms) >= sign * float(y[i] - centre)

    model.eq4_residual = pyo.Constraint(range(n), (1, -1), rule=row)
    model.objective = pyo.Objective(expr=weighted((model.e[i], 1 / n) for i in range(n)), sense=pyo.minimize)


def extract(model: pyo.ConcreteModel) -> LinearModel:
    """Read the coefficients, to twelve digits."""
    values = np.array([variable.value or 0.0 for variable in model.b.values()])
    return model_of(model.instance, (model.b0.value or 0.0) + model.centre, values)


def assign(model: pyo.ConcreteModel, solution: LinearModel) -> None:
    """Write coefficients, and the residuals that they leave."""
    for variable, left in zip(model.e.values(), assign_coefficients(model, solution), strict=True):
        variable.set_value(abs(left), skip_validation=True)


def assign_coefficients(model: pyo.ConcreteModel, solution: LinearModel) -> list[float]:
    """Write coefficients in standard deviations about the means; returns the residuals, in points."""
    start, each, left = in_deviations(model.instance, solution)
    for j, value in enumerate(each):
        model.b[j].set_value(value, skip_validation=True)
    model.b0.set_value(start - model.centre, skip_validation=True)
    return left


def in_deviations(instance: ScoresInstance, solution: LinearModel) -> tuple[float, list[float], list[float]]:
    """The constant and the coefficients in standard deviations about the means, and the residuals, in points."""
    _, means, spreads = scaled(instance)
    each = np.array([float(b) for b in solution.coefficients])
    numbers, unit = residuals(instance, solution)
    left = [float(number * unit) for number in numbers.tolist()]
    return float(solution.intercept) + float(each @ means), (each * spreads).tolist(), left


def refuses(instance: ScoresInstance, objective: str) -> str | None:  # noqa: ARG001 - every instance has residuals
    """It counts every coefficient."""
    return None if objective == LAD else f"{objective} counts k features, and all may count here"


FORMULATION = Formulation(
    name="residuals",
    summary="a residual for each training row, bounded from both sides",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
)
