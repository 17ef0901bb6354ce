"""Figures of certified prediction: what the best model of each question counts."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.answers import best_solutions
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series, Solutions
from fairbound.benchmarks.core.numbers import value_text
from fairbound.models.scores.evaluate import variance
from fairbound.models.scores.instance import ScoresInstance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.benchmarks.core.row import Row

MOST_FEATURES = 20


def coefficient_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """Coefficients of the best model in standard deviations, largest first, one figure a question."""
    figures = []
    for number, (best, instance, model) in enumerate(best_solutions(rows, solutions, ScoresInstance), start=1):
        columns = instance.design.columns
        each = [(columns[j].name, float(model.coefficients[j]) * sqrt(variance(instance, j))) for j in model.used]
        each = sorted(each, key=lambda pair: -abs(pair[1]))[:MOST_FEATURES]
        if not each:
            continue
        names, sizes = zip(*each, strict=True)
        hover = tuple(f"{name}: {size:+.4f} points" for name, size in each)
        figures.append(
            Figure(
                f"scores-coefficients-{number}",
                f"What the model counts: {best.method}",
                f"{best.title}: {best.objective} {value_text(best.primal)}. Points that a standard "
                "deviation more of a feature adds to the forecast; not what it causes.",
                Axis("points per standard deviation"),
                Axis("", categories=names),
                (Series("coefficient", sizes, names, Mark.POINTS, hover),),
            )
        )
    return figures


FIGURES = (coefficient_figures,)
