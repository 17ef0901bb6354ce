"""Figures of applicants: the shares of races in both schools, beside the pool's."""

from __future__ import annotations

from itertools import chain, cycle
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.answers import instance_of, questions_of, ranked
from fairbound.benchmarks.core.figure import PALETTE, Axis, Figure, Mark, Series, Solutions
from fairbound.benchmarks.core.numbers import value_text
from fairbound.models.applicants import ApplicantInstance, Division
from fairbound.models.core.registry import find_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.benchmarks.core.row import Row

EVERYONE = "#555555"
MOST_PLANS = 5
"""So many plans of one question at most get bars."""


def applicant_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """The seed's charts: shares of the races among all applicants and at each school, one figure for a plan."""
    figures = []
    for number, group in enumerate(questions_of(rows), start=1):
        instance = instance_of(group[0], ApplicantInstance)
        if instance is None:
            continue
        plans: dict[Division, list[Row]] = {}
        for row in ranked(group):
            solution = solutions(row.key)
            if solution is not None:
                plans.setdefault(find_problem("applicants").read_solution(instance, solution), []).append(row)
        for place, (division, makers) in enumerate(list(plans.items())[:MOST_PLANS], start=1):
            figures.append(_share_bars(f"applicants-{number}-{place}", instance, division, makers))
    return figures


def _share_bars(name: str, instance: ApplicantInstance, division: Division, makers: Sequence[Row]) -> Figure:
    totals = instance.race_counts([cell.count for cell in instance.cells])
    schools = [instance.race_counts(counts) for counts in division.by_school(instance)]
    row = makers[0]
    series = []
    labels = ("all", *instance.schools)
    for label, counts, colour in zip(labels, (totals, *schools), chain((EVERYONE,), cycle(PALETTE)), strict=False):
        whole = sum(counts)
        series.append(
            Series(
                f"{label} ({whole})",
                tuple(count / (whole or 1) for count in counts),
                instance.races,
                Mark.BARS,
                tuple(f"{label}: {count} {race}" for count, race in zip(counts, instance.races, strict=True)),
                colour,
            )
        )
    value = "breaks a rule" if row.primal is None else f"{row.objective} {value_text(row.primal)}"
    return Figure(
        name,
        f"Shares by race: {', '.join(dict.fromkeys(maker.method for maker in makers))}",
        f"{row.title}: {value}. An even division gives each school the bars of all applicants.",
        Axis("share", percent=True),
        Axis("", categories=instance.races),
        tuple(series),
    )


FIGURES = (applicant_figures,)
