"""What people do: no comparison at all, regression, nearest neighbours, and rounding a relaxation.

Each returns weights, so that all of them are scored, and held against the same balance, alike.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.matching.instance import PAIRS, Comparison, MatchingInstance
from fairbound.models.matching.subset import FORMULATION
from fairbound.solvers.core.baseline import Baseline
from fairbound.solvers.core.result import Settings
from fairbound.solvers.engines.model import solve as solve_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEPS, RIDGE = 50, 1e-6


def design(instance: MatchingInstance) -> tuple[list[tuple[str, str]], Floats]:
    """The columns in balance as a matrix with their names: indicators of all values but the first, numbers scaled."""
    names, columns = [("", "")], [np.ones(len(instance.members))]
    first: set[str] = set()
    for (column, value), members in instance.levels.items():
        if column in first:
            indicator = np.zeros(len(instance.members))
            indicator[list(members)] = 1
            columns.append(indicator)
            names.append((column, value))
        first.add(column)
    for column, numbers in instance.numbers.items():
        values = np.array([float(number) for number in numbers])
        columns.append((values - values.mean()) / (values.std() or 1.0))
        names.append((column, ""))
    return names, np.column_stack(columns)


def coefficients(instance: MatchingInstance) -> dict[tuple[str, str], float]:
    """Least squares of the outcome on the side, ``("side", "")``, and the columns in balance."""
    names, matrix = design(instance)
    side = np.array([float(unit.treated) for unit in instance.members])
    outcome = np.array([float(unit.score) for unit in instance.members])
    found = np.linalg.lstsq(np.column_stack([side, matrix]), outcome, rcond=None)[0]
    return dict(zip([("side", ""), *names], found.tolist(), strict=True))


def naive(instance: MatchingInstance, _objective: str, _seed: int, _argument: str | None) -> Comparison:
    """Everybody counts: the plain difference of means."""
    return Comparison((Fraction(1),) * len(instance.members))


def least_squares(instance: MatchingInstance, _objective: str, _seed: int, _argument: str | None) -> Comparison:
    """The weights that a regression on side and covariates implies (Chattopadhyay and Zubizarreta 2023).

    Its coefficient of the side is the weighted difference of means with these weights, which may be negative. They
    are the residuals of the side on the covariates, as shares of each side.
    """
    _, matrix = design(instance)
    side = np.array([float(unit.treated) for unit in instance.members])
    residual = side - matrix @ np.linalg.lstsq(matrix, side, rcond=None)[0]
    return Comparison(tuple(Fraction(float(r if t else -r)) for r, t in zip(residual, side, strict=True)))


def nearest_neighbour(instance: MatchingInstance, _objective: str, _seed: int, _argument: str | None) -> Comparison:
    """Each treated student, most likely first, takes the free control of the nearest propensity score."""
    score = propensity(instance)
    free = sorted(instance.controls, key=lambda j: score[j])
    chosen: set[int] = set()
    for i in sorted(instance.treated, key=lambda i: -score[i]):
        if not free:
            break
        place = int(np.searchsorted([score[j] for j in free], score[i]))
        near = min((k for k in (place - 1, place) if 0 <= k < len(free)), key=lambda k: abs(score[free[k]] - score[i]))
        chosen |= {i, free.pop(near)}
    return Comparison.of(len(instance.members), chosen)


def propensity(instance: MatchingInstance) -> Floats:
    """Log-odds of being treated, by logistic regression (Newton's method, a trace of ridge)."""
    _, matrix = design(instance)
    side = np.array([float(unit.treated) for unit in instance.members])
    beta = np.zeros(matrix.shape[1])
    for _ in range(STEPS):
        odds = 1 / (1 + np.exp(-np.clip(matrix @ beta, -30, 30)))
        hessian = matrix.T @ (matrix * (odds * (1 - odds))[:, None]) + RIDGE * np.eye(len(beta))
        step = np.linalg.solve(hessian, matrix.T @ (side - odds) - RIDGE * beta)
        beta += step
        if float(np.abs(step).max()) < 1e-10:
            break
    return np.asarray(matrix @ beta)


def rounded_relaxation(instance: MatchingInstance, _objective: str, seed: int, _argument: str | None) -> Comparison:
    """Solve the linear relaxation and round, as matching packages do by default; balance may break.

    Where more stay on one side than on the other, those whose value was nearest to one half leave.
    """
    model = FORMULATION.build(instance, PAIRS, relaxed=True)
    solve_model(model, Settings(seed=seed), read=lambda: None)
    value = {i: float(variable.value or 0.0) for i, variable in model.v.items()}
    kept = [[i for i in side if value[i] >= 0.5] for side in (instance.treated, instance.controls)]
    size = min(map(len, kept))
    chosen = {i for side in kept for i in sorted(side, key=lambda i: -value[i])[:size]}
    return Comparison.of(len(instance.members), chosen)


BASELINES = (
    Baseline("naive", "everybody counts: the plain difference of means", naive),
    Baseline("least_squares", "the weights that a regression on the covariates implies", least_squares),
    Baseline("nearest_neighbour", "greedy nearest neighbour on a propensity score", nearest_neighbour),
    Baseline("rounded_relaxation", "the linear relaxation, rounded", rounded_relaxation),
)
