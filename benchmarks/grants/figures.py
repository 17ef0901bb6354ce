"""Figures of grants: the lowest scores before and after the best plan of each question."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.answers import best_solutions
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series, Solutions
from fairbound.benchmarks.core.numbers import value_text
from fairbound.models.grants.evaluate import gain, planned
from fairbound.models.grants.instance import GrantsInstance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.benchmarks.core.row import Row


def worst_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """Scores of the districts that begin in the worst tenth, today and as planned, one figure a question."""
    figures = []
    for number, (best, instance, plan) in enumerate(best_solutions(rows, solutions, GrantsInstance), start=1):
        after = planned(instance, {(d, f): gain(instance, f, x) for d, f, x in plan.changes})
        districts = instance.districts_data
        order = sorted(range(len(districts)), key=lambda d: (districts[d].score, d))
        lowest = order[: ceil(instance.tail * len(order))]
        place = tuple(float(k) for k in range(1, len(lowest) + 1))
        series = tuple(
            Series(
                word,
                place,
                tuple(float(scores[d]) for d in lowest),
                mark,
                tuple(
                    f"{districts[d].id}: {value_text(scores[d])}, {districts[d].students:,} students" for d in lowest
                ),
                labels=tuple(districts[d].id for d in lowest),
            )
            for word, scores, mark in (
                ("today", [district.score for district in districts], Mark.LINE),
                ("planned", after, Mark.POINTS),
            )
        )
        figures.append(
            Figure(
                f"grants-worst-{number}",
                f"The lowest scores before and after the plan: {best.method}",
                f"{best.title}: {best.objective} {value_text(best.primal)}. Under the effects that were "
                "stated; points above the line are districts with a grant.",
                Axis("district, lowest score first"),
                Axis("score"),
                series,
            )
        )
    return figures


FIGURES = (worst_figures,)
