"""Figures of groupings: how large the groups are, and how many of their students are identified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.benchmarks.core.figure import PALETTE, Axis, Figure, Mark, Series
from fairbound.models.cep.evaluate import totals

if TYPE_CHECKING:
    from fairbound.models.cep import CepInstance, Grouping

ENROLLED, IDENTIFIED = "#999999", PALETTE[4]
MOST_GROUPS = 30


def decision_of(instance: CepInstance, grouping: Grouping) -> list[Figure]:
    """Enrolled and identified students of every group, and of the schools outside; the largest groups where many."""
    inside = {identifier for group in grouping.groups for identifier in group}
    named = [(f"group {g + 1}", [instance.by_id[i] for i in group]) for g, group in enumerate(grouping.groups)]
    named = sorted(named, key=lambda pair: -totals(pair[1])[1])[:MOST_GROUPS]
    outside = [school for school in instance.schools if school.id not in inside]
    named += [("outside", outside)] if outside else []
    sums = [totals(schools) for _, schools in named]
    names = tuple(name for name, _ in named)
    bars = (
        Series("enrolled", tuple(float(n) for _, n in sums), names, Mark.BARS, (), ENROLLED),
        Series("identified", tuple(float(e) for e, _ in sums), names, Mark.BARS, (), IDENTIFIED),
    )
    caption = f"A group needs {float(instance.threshold):.4g} of its students identified."
    return [Figure("groups", "Students by group", caption, Axis("students"), Axis("", categories=names), bars)]
