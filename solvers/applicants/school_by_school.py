"""The largest distance of a school, with a bound that needs no engine.

No division is nearer to the pool than each school could be alone: the largest of the schools' least distances, each
from the table of race counts (``race_counts``), bounds (27) in whole numbers (L2). ``school_counts`` finds the plan.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.applicants import school_counts
from fairbound.solvers.applicants.race_counts import best_counts
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.formulations import answer_formulation

if TYPE_CHECKING:
    from fairbound.models.applicants.instance import ApplicantInstance, Division
    from fairbound.solvers.core.answer import Answer
    from fairbound.solvers.core.result import OnProgress, Settings

NAME = "school_by_school"


def least(instance: ApplicantInstance) -> Fraction:
    """The bound: over the sizes that the first school may have, the least of the largest distances."""
    totals = instance.race_counts([cell.count for cell in instance.cells])

    def distance(seats: int) -> Fraction:
        return Fraction(best_counts(totals, seats)[0], 2 * seats * instance.total) if seats else Fraction(0)

    return min(max(map(distance, instance.seats_of(first))) for first in range(instance.fewest, instance.most + 1))


def answer(
    instance: ApplicantInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Division | None = None,
) -> Answer:
    """Solve ``school_counts``, and prove what the schools one by one prove."""
    found = answer_formulation(school_counts.FORMULATION, instance, objective, settings, on_progress, start)
    bound = Bound(least(instance), Basis.THEOREM, "every school's least distance")
    if found.proven is not None and found.proven.value >= bound.value:
        return found
    return replace(found, proven=bound)
