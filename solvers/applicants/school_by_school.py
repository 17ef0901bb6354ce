"""The largest distance of a school, with a bound that needs no engine.

No division is nearer to the pool than each school could be alone: the largest of the schools' least distances, each
by largest remainders (``race_counts``), bounds (27) in whole numbers (L2). Two schools have the same gaps, so the
nearest division of the first reaches the bound. For more, ``school_counts`` improves on each school's shares.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.applicants import school_counts
from fairbound.models.applicants.evaluate import evaluate
from fairbound.models.applicants.instance import WORST
from fairbound.solvers.applicants.race_counts import best_counts, near_shares
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.formulations import answer_formulation
from fairbound.solvers.core.result import Termination

if TYPE_CHECKING:
    from fairbound.models.applicants.instance import ApplicantInstance, Division
    from fairbound.solvers.core.result import OnProgress, Settings

NAME = "school_by_school"


def least(instance: ApplicantInstance) -> tuple[Fraction, int]:
    """The bound, and the first school's seats there: the least of the largest distances over its sizes."""
    totals = instance.race_counts([cell.count for cell in instance.cells])

    def distance(seats: int) -> Fraction:
        return Fraction(best_counts(totals, seats)[0], 2 * seats * instance.total) if seats else Fraction(0)

    sizes = range(instance.fewest, instance.most + 1)
    return min((max(map(distance, instance.seats_of(first))), first) for first in sizes)


def answer(
    instance: ApplicantInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Division | None = None,
) -> Answer:
    """Each school's shares where the bound says that they are best, else ``school_counts`` with the bound."""
    value, first = least(instance)
    bound = Bound(value, Basis.THEOREM, "every school's least distance")
    shares = near_shares(instance, first)
    if evaluate(instance, shares).values[WORST] == value:
        return Answer(Termination.FINISHED, shares, proven=bound)
    found = answer_formulation(
        school_counts.FORMULATION, instance, objective, settings, on_progress, shares if start is None else start
    )
    if found.solution is None and found.termination is not Termination.INFEASIBLE:
        found = replace(found, solution=shares)
    if found.proven is not None and found.proven.value >= bound.value:
        return found
    return replace(found, proven=bound)
