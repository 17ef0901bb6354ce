"""What people do: no model, last year's score, least squares, greedy selection, the lasso.

Each returns a linear model, so that all are scored on the same rows. Where few features are asked for, each keeps its k
best ones and is fitted again on them by least squares.
"""

from __future__ import annotations

import warnings
from fractions import Fraction
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.scores import residuals
from fairbound.models.scores.instance import BEST_SUBSET, LAD, LinearModel, ScoresInstance
from fairbound.models.scores.panel import SCORE
from fairbound.solvers.core.baseline import Baseline
from fairbound.solvers.scores.selection import correlations, greedy, ridge_model

if TYPE_CHECKING:
    from collections.abc import Sequence


def constant(instance: ScoresInstance, objective: str, _seed: int, _argument: str | None) -> LinearModel:
    """The median label, or the mean where squares are asked."""
    labels = np.array(instance.design.labels)
    middle = labels.mean() if objective == BEST_SUBSET else np.median(labels)
    return LinearModel(
        Fraction(float(middle)) * instance.design.label_unit, (Fraction(0),) * len(instance.design.columns)
    )


def persistence(instance: ScoresInstance, _objective: str, _seed: int, _argument: str | None) -> LinearModel:
    """Next year's score is this year's; of a plain table, the feature nearest to the label as it is."""
    columns = instance.design.columns
    past = [j for j, column in enumerate(columns) if column.kind == SCORE]
    last = past[-1] if past else int(np.abs(correlations(instance).linear).argmax())
    return LinearModel(Fraction(0), tuple(Fraction(int(j == last)) for j in range(len(columns))))


def least_squares(instance: ScoresInstance, objective: str, _seed: int, _argument: str | None) -> LinearModel:
    """Every feature by least squares; where k are asked, the k largest coefficients fitted again."""
    table, _, _ = residuals.scaled(instance)
    labels = residuals.labels(instance)
    fitted = np.linalg.lstsq(table, labels - labels.mean(), rcond=None)[0]
    if objective == LAD:
        return residuals.model_of(instance, float(labels.mean()), fitted)
    return refitted(instance, objective, np.argsort(-np.abs(fitted))[: instance.k].tolist())


def refitted(instance: ScoresInstance, objective: str, subset: Sequence[int]) -> LinearModel:
    """The best model of a subset: with the ridge that is asked, or by least squares."""
    exact = ridge_model(instance, sorted(subset), None if objective == BEST_SUBSET else Fraction(0))
    if exact is not None:
        return exact
    table, _, _ = residuals.scaled(instance)
    labels = residuals.labels(instance)
    each = np.zeros(table.shape[1])
    chosen = sorted(subset)
    each[chosen] = np.linalg.lstsq(table[:, chosen], labels - labels.mean(), rcond=None)[0]
    return residuals.model_of(instance, float(labels.mean()), each)


def greedy_swaps(instance: ScoresInstance, objective: str, _seed: int, _argument: str | None) -> LinearModel:
    """Features one by one, swapped while that helps; all of them where no number is asked."""
    count = len(instance.design.columns) if objective == LAD else instance.k
    return refitted(instance, objective, greedy(correlations(instance), count))


def lasso(instance: ScoresInstance, objective: str, seed: int, _argument: str | None) -> LinearModel:
    """The lasso with its weight by cross-validation, or the path's first k features, fitted again."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LassoCV, lars_path

    table, _, _ = residuals.scaled(instance)
    labels = residuals.labels(instance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a heuristic may stop where it likes
        if objective == LAD:
            found = LassoCV(cv=min(5, len(labels)), random_state=seed).fit(table, labels)
            return residuals.model_of(instance, float(found.intercept_), found.coef_)
        _, active, _ = lars_path(table, labels - labels.mean(), method="lasso", max_iter=4 * instance.k)
    return refitted(instance, objective, [int(j) for j in active[: instance.k]])


def without_sklearn() -> str | None:
    """Whether scikit-learn is there."""
    return None if find_spec("sklearn") else 'scikit-learn is not installed: pip install "fairbound[learn]"'


def abess(instance: ScoresInstance, objective: str, _seed: int, _argument: str | None) -> LinearModel:
    """Splicing (Zhu and others 2020): exchanges of features in polynomial time, without a proof."""
    from abess import LinearRegression

    table, _, _ = residuals.scaled(instance)
    labels = residuals.labels(instance)
    found = LinearRegression(support_size=instance.k, alpha=float(instance.ridge)).fit(table, labels - labels.mean())
    return refitted(instance, objective, np.flatnonzero(found.coef_).tolist())


def without_abess() -> str | None:
    """Whether abess is there."""
    return None if find_spec("abess") else 'abess is not installed: pip install "fairbound[peers]"'


BASELINES = (
    Baseline("constant", "the median of the labels, or their mean", constant),
    Baseline("persistence", "next year's score is this year's", persistence),
    Baseline("least_squares", "least squares; of k features the k largest, fitted again", least_squares),
    Baseline("greedy_swaps", "features one by one, swapped while that helps", greedy_swaps),
    Baseline(
        "lasso", "the lasso by cross-validation, or the first k features of its path", lasso, refuses=without_sklearn
    ),
    Baseline("abess", "the splicing of the library abess, fitted again", abess, refuses=without_abess),
)
