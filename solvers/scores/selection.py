"""Ridge loss of subsets from correlations alone, and a good subset by greedy steps and swaps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.scores.instance import LinearModel
from fairbound.solvers.proofs.exact_vertex import solve_square

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairbound.models.scores.instance import ScoresInstance
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_GAIN = 1e-12


@dataclass(frozen=True)
class Correlations:
    """Features and label in standard deviations: the quadratic that subsets minimise, in units of the label's variance.

    Attributes
    ----------
    quadratic
        Correlations of the features (p, p) with the ridge on the diagonal.
    linear
        Correlations of the features with the label (p,).
    """

    quadratic: Floats
    linear: Floats

    def loss(self, subset: Sequence[int]) -> float:
        """Least ridge loss of the features of a subset."""
        chosen = list(subset)
        if not chosen:
            return 1.0
        g = self.linear[chosen]
        return 1.0 - float(g @ np.linalg.solve(self.quadratic[np.ix_(chosen, chosen)], g))


def correlations(instance: ScoresInstance) -> Correlations:
    """The correlations of the training rows, as floats of exact sums."""
    moments = instance.moments
    spread = np.sqrt(np.array(np.diag(moments.gram), dtype=float))
    table = np.array(moments.gram, dtype=float) / np.outer(spread, spread)
    linear = np.array(moments.cross, dtype=float) / (spread * np.sqrt(float(moments.label)))
    return Correlations(table + float(instance.ridge) * np.eye(len(spread)), linear)


def greedy(found: Correlations, k: int, late: Callable[[], bool] = lambda: False) -> list[int]:
    """Features taken one by one, each the one that helps most; after each step swaps while they help."""
    chosen: list[int] = []
    while len(chosen) < min(k, len(found.linear)) and not late():
        chosen.append(best_addition(found, chosen))
        improved = True
        while improved and not late():
            improved = False
            for old in chosen:
                rest = [j for j in chosen if j != old]
                new = best_addition(found, rest)
                if new != old and found.loss([*rest, new]) < found.loss(chosen) - LEAST_GAIN:
                    chosen, improved = [*rest, new], True
    return sorted(chosen)


def best_addition(found: Correlations, chosen: Sequence[int]) -> int:
    """The feature outside of a subset that lowers its loss most."""
    kept = list(chosen)
    if kept:
        solved = np.linalg.solve(
            found.quadratic[np.ix_(kept, kept)], np.column_stack([found.quadratic[kept], found.linear[kept]])
        )
        left = found.linear - found.quadratic[:, kept] @ solved[:, -1]
        room = np.diag(found.quadratic) - np.einsum("ij,ji->i", found.quadratic[:, kept], solved[:, :-1])
    else:
        left, room = found.linear, np.diag(found.quadratic)
    gain = left**2 / np.maximum(room, LEAST_GAIN)
    gain[kept] = -1.0
    return int(gain.argmax())


def ridge_model(instance: ScoresInstance, subset: Sequence[int], ridge: Fraction | None = None) -> LinearModel | None:
    """The best model of a subset under objective (3), in rationals; ``None`` where there is not exactly one."""
    moments, design = instance.moments, instance.design
    weight = instance.ridge if ridge is None else ridge
    chosen = list(subset)
    top, bottom = weight.numerator, weight.denominator
    matrix = [
        [
            int(moments.gram[i, j]) * (bottom + top * (i == j)) if i == j else int(moments.gram[i, j]) * bottom
            for j in chosen
        ]
        for i in chosen
    ]
    solved = solve_square(matrix, [Fraction(int(moments.cross[j]) * bottom) for j in chosen])
    if solved is None:
        return None
    coefficients = [Fraction(0)] * len(design.columns)
    start = Fraction(moments.label_sum, moments.n)
    for j, b in zip(chosen, solved, strict=True):
        coefficients[j] = b * design.label_unit / design.columns[j].unit
        start -= b * Fraction(moments.sums[j], moments.n)
    return LinearModel(start * design.label_unit, tuple(coefficients))
