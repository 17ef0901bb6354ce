"""The specification of a linear model: exact values, equations (1) to (3), and errors on the test rows."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, isqrt, lcm
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.core.problem import Evaluation, Violation
from fairbound.models.scores.instance import BEST_SUBSET, LAD, SPARSE_LAD, LinearModel, ScoresInstance
from fairbound.models.scores.panel import SPENDING, Panel

if TYPE_CHECKING:
    from numpy.typing import NDArray

DECIMALS = 10**6


def evaluate(instance: ScoresInstance, model: LinearModel) -> Evaluation:
    """Score a model exactly; it breaks no rule unless it is one of other features."""
    design = instance.design
    if len(model.coefficients) != len(design.columns):
        found = f"{len(model.coefficients)} coefficients"
        return Evaluation({}, (Violation("features", "the model", found, f"{len(design.columns)}"),))
    sparse = largest(instance, model, instance.k)
    left = residuals(instance, model)
    of_few = left if sparse is model else residuals(instance, sparse)
    values = {
        LAD: mean_absolute(*left),
        SPARSE_LAD: mean_absolute(*of_few),
        BEST_SUBSET: mean_square(*of_few) + instance.ridge * penalty(instance, sparse),
    }
    return Evaluation(values, (), test_errors(instance, model))


def largest(instance: ScoresInstance, model: LinearModel, k: int) -> LinearModel:
    """The model with its k largest coefficients alone, in standard deviations of their features."""
    if len(model.used) <= k:
        return model
    weight = [model.coefficients[j] ** 2 * variance(instance, j) for j in range(len(model.coefficients))]
    kept = set(sorted(range(len(weight)), key=lambda j: (-weight[j], j))[:k])
    return LinearModel(
        model.intercept, tuple(b if j in kept else Fraction(0) for j, b in enumerate(model.coefficients))
    )


def variance(instance: ScoresInstance, j: int) -> Fraction:
    """Variance of a feature in the training rows, in its own unit."""
    moments = instance.moments
    return Fraction(int(moments.gram[j, j]), moments.n**2) * instance.design.columns[j].unit ** 2


def penalty(instance: ScoresInstance, model: LinearModel) -> Fraction:
    """Sum of squared coefficients in standard deviations."""
    return sum((model.coefficients[j] ** 2 * variance(instance, j) for j in model.used), Fraction(0))


def residuals(instance: ScoresInstance, model: LinearModel, test: bool = False) -> tuple[NDArray[Any], Fraction]:
    """Labels less predictions, a whole number for each row, and the unit that they count."""
    design = instance.design
    labels = np.array(design.test_labels if test else design.labels, dtype=object)
    weights = {j: model.coefficients[j] * design.columns[j].unit / design.label_unit for j in model.used}
    start = model.intercept / design.label_unit
    common = lcm(start.denominator, *(weight.denominator for weight in weights.values()))
    found = labels * common - int(start * common)
    for j, weight in weights.items():
        column = design.columns[j]
        found = found - np.array(column.test if test else column.training, dtype=object) * int(weight * common)
    return found, design.label_unit / common


def mean_absolute(numbers: NDArray[Any], unit: Fraction) -> Fraction:
    """Mean of absolute values over rows, equation (1)."""
    return Fraction(int(np.abs(numbers).sum()), len(numbers)) * unit


def mean_square(numbers: NDArray[Any], unit: Fraction) -> Fraction:
    """Mean of squares over rows."""
    return Fraction(int((numbers**2).sum()), len(numbers)) * unit**2


def root(square: Fraction) -> Fraction:
    """A square root, rounded down to a millionth."""
    return Fraction(isqrt(int(square * DECIMALS**2)), DECIMALS)


def test_errors(instance: ScoresInstance, model: LinearModel) -> dict[str, Fraction]:
    """Errors on the test rows, how many features count, and how many of them are spending."""
    design = instance.design
    counts = {
        "features": Fraction(len(model.used)),
        "spending_features": Fraction(sum(design.columns[j].kind == SPENDING for j in model.used)),
    }
    if not design.test_labels:
        return counts
    numbers, unit = residuals(instance, model, test=True)
    found = {}
    for name, inside in bands(instance).items():
        if inside.any():
            found[name] = root(mean_square(numbers[inside], unit))
    return found | counts


def bands(instance: ScoresInstance) -> dict[str, NDArray[np.bool_]]:
    """Which test rows each error is of: all, and for districts the seed's bands above 25, from 15 to 25, below 15."""
    labels = np.array(instance.design.test_labels)
    found = {"rmse": np.ones(len(labels), dtype=bool)}
    if isinstance(instance.source, Panel):
        high, low = (bound / instance.design.label_unit for bound in (25, 15))
        found["rmse_high"] = labels > floor(high)
        found["rmse_low"] = labels < ceil(low)
        found["rmse_middle"] = ~found["rmse_high"] & ~found["rmse_low"]
    return found
