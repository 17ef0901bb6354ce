"""Least total variation distance of a group of fixed size, by dynamic programming in whole numbers.

With n_1 seats TVD is sum |N n_r - n_1 N_r| / (2 n_1 N): one term a race, joined only by sum n_r =
n_1. Taking the races one after the other, the least sum for every number of seats used so far
follows from the one before, and with it the number of count vectors that reach it. Whole numbers
throughout, so the bound is proven (L2), and so is the number of best count vectors.
"""

from __future__ import annotations

from fractions import Fraction

from fairbound.models.applicants.instance import TVD, ApplicantInstance, Division
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import OnProgress, Settings, Termination

NAME = "race_counts"


def best_counts(totals: tuple[int, ...], seats: int) -> tuple[int, int, tuple[int, ...]]:
    """Least sum of |N n_r - n_1 N_r|, how many count vectors reach it, and one of them."""
    everyone = sum(totals)
    # seats used -> (least sum, vectors that reach it, one of them)
    best: dict[int, tuple[int, int, tuple[int, ...]]] = {0: (0, 1, ())}
    for total in totals:
        longer: dict[int, tuple[int, int, tuple[int, ...]]] = {}
        for used, (gap, ways, counts) in best.items():
            for count in range(min(total, seats - used) + 1):
                new = gap + abs(everyone * count - seats * total)
                old = longer.get(used + count)
                if old is None or new < old[0]:
                    longer[used + count] = (new, ways, (*counts, count))
                elif new == old[0]:
                    longer[used + count] = (new, old[1] + ways, old[2])
        best = longer
    return best[seats]


def answer(
    instance: ApplicantInstance,
    _objective: str,
    _settings: Settings,
    _on_progress: OnProgress | None = None,
    _start: Division | None = None,
) -> Answer:
    """Solve for every number of seats that is allowed and keep the best."""
    totals = instance.race_counts([cell.count for cell in instance.cells])
    options = []
    for seats in range(instance.fewest, instance.most + 1):
        gap, ways, counts = best_counts(totals, seats)
        options.append((Fraction(gap, 2 * seats * instance.total), seats, ways, counts))
    bound = min(option[0] for option in options)
    winners = [option for option in options if option[0] == bound]
    _, seats, _, counts = winners[0]
    ways = sum(option[2] for option in winners)
    vector = ",".join(map(str, counts))
    plural = "s reach" if ways > 1 else " reaches"
    return Answer(
        Termination.FINISHED,
        _division(instance, counts),
        proven=Bound(bound, Basis.THEOREM, "every count vector"),
        message=f"{ways} count vector{plural} it; with {seats} seats ({vector})",
    )


def _division(instance: ApplicantInstance, counts: tuple[int, ...]) -> Division:
    """Fill the race counts from the cells in their order."""
    left = dict(zip(instance.races, counts, strict=True))
    taken = []
    for cell in instance.cells:
        count = min(cell.count, left[cell.race])
        left[cell.race] -= count
        taken.append(count)
    return instance.filled(taken)


def refuses(instance: ApplicantInstance, objective: str) -> str | None:
    """Refuse questions that are more than race counts."""
    if objective != TVD:
        return "only race counts are enumerated"
    return "limits on objectives are not race counts" if instance.limits else None
