"""Figures of class types: means of the groups, and what plans with other effects do under the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.benchmarks.core.answers import best_solutions
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series, Solutions
from fairbound.benchmarks.core.numbers import value_text
from fairbound.instances.core import catalogue
from fairbound.models.classes.evaluate import group_means, judge
from fairbound.models.classes.instance import STATUS_QUO, ClassInstance
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.benchmarks.core.row import Row


def mean_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """Mean score of each group today and under the best plan found, one figure a question."""
    figures = []
    for number, (row, instance, plan) in enumerate(best_solutions(rows, solutions, ClassInstance), start=1):
        names = tuple(instance.group_sizes)
        series = [
            Series(
                name,
                tuple(float(means[group]) for group in names),
                names,
                Mark.POINTS,
                tuple(
                    f"{group}: {value_text(means[group])}, {instance.group_sizes[group]:,} students" for group in names
                ),
            )
            for name, means in (("today", group_means(instance, STATUS_QUO)), ("planned", group_means(instance, plan)))
        ]
        value = f"{row.objective} {value_text(row.primal)}"
        figures.append(
            Figure(
                f"classes-means-{number}",
                f"Mean score of each group: {row.method}",
                f"{row.title}: {value}. Predicted with the assumed effects.",
                Axis("points"),
                Axis("", categories=names),
                tuple(series),
            )
        )
    return figures


def truth_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """What plans made with other effects do under the truth: moves against the true gap, one figure an instance."""
    points: dict[tuple[str, str], list[tuple[float, float, str, str]]] = {}
    for row, instance, plan in best_solutions(rows, solutions, ClassInstance):
        try:
            truth = catalogue.load_truth(row.instance)
        except InputError:
            continue
        found = judge(instance, plan, truth)
        moves = sum(count for _, count in plan.flows)
        effects = f"small {float(instance.small_effect):g}, degree {float(instance.ma_effect):g}"
        hover = f"{effects}: {moves} moves, true gap {value_text(found['true_gap'])}"
        points.setdefault((row.instance, instance.groups), []).append((moves, float(found["true_gap"]), hover, effects))
    figures = []
    for number, ((name, groups), those) in enumerate(points.items(), start=1):
        if len(those) < 2:
            continue
        x, y, said, assumed = zip(*those, strict=True)
        figures.append(
            Figure(
                f"classes-truth-{number}",
                f"Plans made with estimates, judged under the truth: {name}, groups by {groups}",
                "Each point is the best plan for one pair of assumed effects. To the right children are moved, "
                "above groups remain apart: a wrong estimate pays with one or both.",
                Axis("students who change type"),
                Axis("true gap, points"),
                (Series("plan", x, y, Mark.POINTS, said, labels=assumed),),
            )
        )
    return figures


FIGURES = (mean_figures, truth_figures)
