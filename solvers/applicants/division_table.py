"""The best division by the table of its certificate: every sum of incomes that seats and race counts can reach.

An engine tells two divisions apart only by floats, and sums of incomes lie nearer together than that. The table is
exact, and the less it may miss the best value by, the smaller it is: claims are tried from the nearest on. What is
found below one is the best there is, since all divisions that beat a claim are in its table.

Where the table is too large, or half the time is over, ``cell_counts`` improves on each cell's share instead. What the
races alone allow bounds the distance, and with it the loss.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Any

from fairbound.models.applicants import cell_counts
from fairbound.models.applicants.instance import INCOME, LOSS, WORST, ApplicantInstance, Division
from fairbound.solvers.applicants.race_counts import best_counts, near_shares
from fairbound.solvers.checker.applicants import FORMAT, Table
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.checker.rows.applicants import Applicants
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.formulations import answer_formulation
from fairbound.solvers.core.result import OnProgress, Progress, Settings, Termination
from fairbound.solvers.core.search import Search

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairbound.solvers.checker.applicants import Layer

NAME = "division_table"
MARGINS = [Fraction(1, 10**k) for k in (9, 8, 7, 6, 5, 4, 3, 2, 1)]
"""By how much a claim is above what the races alone allow."""


@dataclass(frozen=True)
class Found:
    """The least value, and how many of each cell the first school takes."""

    value: Fraction
    counts: tuple[int, ...]


TABLE_SHARE = 0.5
"""Share of the time limit after which the table is given up."""


class Late(Exception):
    """The time is over."""


def below(asked: Applicants, objective: str, claim: Fraction, deadline: float) -> Found | None:
    """The best division that beats a claim, ``None`` without one; raises ``Rejected`` for a table that is too large."""
    best: Found | None = None
    for seats in range(asked.fewest, asked.most + 1):
        table = Table(asked, objective, claim if best is None else best.value, seats)
        layers = []
        for entry in table.layers():
            layers.append(entry)
            if time.perf_counter() > deadline:
                raise Late("the time was over before the table was made")
        last = table.best(*layers[-1])
        if last is not None:
            value, state, sum_ = last
            best = Found(value, _traced(table, [layer for _, layer in layers], state, sum_))
    return best


def _traced(table: Table, layers: list[Layer], state: tuple[int, int, int], sum_: int) -> tuple[int, ...]:
    """One way to reach a sum in a state of the last layer: how many of each cell."""
    counts = [0] * len(table.asked.count)
    cells = [(race, *cell) for race, group in enumerate(table.groups) for cell in group]
    used, gap, count = state
    for i in range(len(cells) - 1, -1, -1):
        race, c, units, most = cells[i]
        before: Layer = layers[i - 1] if i else {(0, 0, 0): 1}
        first = i > 0 and cells[i - 1][0] < race

        def follows(at: tuple[int, int, int], taken: int) -> bool:
            """Whether this state is reached from that one by so many of the cell."""
            done = table.gap(race - 1, at[2]) if first else 0  # noqa: B023 - called at once
            own = 0 if first else at[2]  # noqa: B023
            return (at[0] + taken, at[1] + done, own + taken) == (used, gap, count)  # noqa: B023

        taken, state = next(
            (taken, at)
            for taken in range(min(most, used) + 1)
            for at, bits in before.items()
            if follows(at, taken) and sum_ >= taken * units and (bits >> (sum_ - taken * units)) & 1
        )
        counts[c], sum_ = taken, sum_ - taken * units
        used, gap, count = state
    return tuple(counts)


def nearest(instance: ApplicantInstance) -> tuple[Fraction, int]:
    """The least distance that races allow, and the seats where it is reached."""
    totals = instance.race_counts([cell.count for cell in instance.cells])
    sizes = range(instance.fewest, instance.most + 1)
    return min((Fraction(best_counts(totals, n)[0], 2 * n * instance.total), n) for n in sizes)


def least(instance: ApplicantInstance, objective: str, start: Fraction, deadline: float) -> Found | None:
    """The best division of all, ``None`` where no division keeps the rules; ``start`` bounds its value."""
    asked = Applicants(instance.canonical())
    incomes = [cell.income or Fraction(0) for cell in instance.cells]
    farthest = 2 + max(abs(income - instance.mean_income) for income in incomes) / instance.mean_income
    for margin in (*MARGINS, farthest):
        found = below(asked, objective, start + margin, deadline)
        if found is not None:
            return found
    return None


def certificate_json(instance: ApplicantInstance, objective: str, found: Found) -> dict[str, Any]:
    """The data, the division and its value: the checker makes the table itself."""
    return {
        "format": FORMAT,
        "instance": instance.name,
        "digest": instance.digest,
        "data": instance.canonical(),
        "objective": objective,
        "solution": list(found.counts),
        "bound": str(found.value),
    }


def answer(
    instance: ApplicantInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Division | None = None,
) -> Answer:
    """The best division and its certificate; ``cell_counts`` answers where the table is too large."""
    search = Search(instance, objective, settings, on_progress)
    distance, seats = nearest(instance)
    bound = Fraction(0) if objective == INCOME else distance
    for plan in (near_shares(instance, seats), start):
        if plan is not None:
            search.offer(plan)
    search.tighten(bound)
    limit = inf if settings.time_limit is None else settings.time_limit
    try:
        found = least(instance, objective, bound, search.began + TABLE_SHARE * limit)
    except (Late, Rejected) as reason:
        return _by_engine(search, bound, str(reason))
    if found is None:
        return Answer(Termination.INFEASIBLE, message="no division in the table keeps the limits")
    return Answer(
        Termination.FINISHED,
        instance.filled(found.counts),
        proven=Bound(found.value, Basis.THEOREM, FORMAT),
        certificate=certificate_json(instance, objective, found),
    )


def _by_engine(search: Search, bound: Fraction, reason: str) -> Answer:
    """What ``cell_counts`` finds in the time that is left, or what was there before it."""
    settings = search.settings
    if settings.time_limit is not None:
        settings = replace(settings, time_limit=max(0.1, search.left() or 0.0))

    def told(moment: Progress) -> None:
        """Pass on what is better."""
        if moment.solution is not None:
            search.offer(moment.solution)

    found = answer_formulation(
        cell_counts.FORMULATION, search.instance, search.objective, settings, told, search.solution
    )
    if found.solution is not None:
        search.offer(found.solution)
    proven = found.proven
    if proven is None or proven.value < bound:
        proven = Bound(bound, Basis.THEOREM, "the least distance of race counts")
    message = "; ".join(filter(None, (reason, found.message)))
    return replace(found, solution=search.solution, proven=proven, trace=tuple(search.trace), message=message)


def refuses(instance: ApplicantInstance, objective: str) -> str | None:
    """Refuse questions about all schools, and about incomes that are not there."""
    asked = {objective, *(name for name, _ in instance.limits)}
    if WORST in asked:
        return "it divides between the first school and the others"
    if {INCOME, LOSS} & asked and not instance.has_incomes:
        return "an applicant has no income, or nobody has any"
    return None


def other_certificate(
    instance: ApplicantInstance, objective: str, value: Fraction, solution: Division, seconds: float
) -> tuple[Mapping[str, Any], Division] | None:
    """A certificate of a value that is known, or of a better one with its division; ``None`` without the time."""
    try:
        asked = Applicants(instance.canonical())
        found = below(asked, objective, value, time.perf_counter() + seconds)
    except (Rejected, Late):
        return None
    if found is None:
        return certificate_json(instance, objective, Found(value, solution.counts)), solution
    return certificate_json(instance, objective, found), instance.filled(found.counts)
