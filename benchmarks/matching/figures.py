"""The love plot: differences of means before and after, of every covariate and method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.benchmarks.core.answers import instance_of, questions_of
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series, Solutions
from fairbound.models.core.registry import find_problem
from fairbound.models.matching.evaluate import standardised
from fairbound.models.matching.instance import MatchingInstance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.benchmarks.core.row import Row


def love_plots(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """One figure a question: each covariate a line, before and after each method."""
    figures = []
    for number, group in enumerate(questions_of(rows), start=1):
        instance = instance_of(group[0], MatchingInstance)
        if instance is None:
            continue
        series: list[Series] = []
        for row in group:
            solution = None if row.relaxed else solutions(row.key)
            if solution is None:
                continue
            found = standardised(instance, find_problem("matching").read_solution(instance, solution))
            names = tuple(found)
            if not series:
                series.append(_points("before", names, [found[name][0] for name in names]))
            after = [gap for name in names if (gap := found[name][1]) is not None]
            if after and after != list(series[0].x):  # everybody is kept: as before; nobody is: no comparison
                series.append(_points(row.method, names, after))
        if series:
            figures.append(
                Figure(
                    f"matching-balance-{number}",
                    f"Balance before and after: {group[0].title}, {group[0].objective}",
                    f"Difference of means, treated less control, in standard deviations. Asked: 0 for values of an "
                    f"exact column, at most {float(instance.tolerance):g} for a mean.",
                    Axis("standardised difference"),
                    Axis("", categories=series[0].y),  # type: ignore[arg-type]
                    tuple(series),
                )
            )
    return figures


def _points(label: str, names: tuple[str, ...], values: Sequence[float]) -> Series:
    hover = tuple(f"{label}: {name} {value:+.4f}" for name, value in zip(names, values, strict=True))
    return Series(label, tuple(values), names, Mark.POINTS, hover)


FIGURES = (love_plots,)
