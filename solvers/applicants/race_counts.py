"""Least total variation distance of a group of fixed size: each race gets its share, rounded by largest remainders.

With n_1 seats TVD is sum |N n_r - n_1 N_r| / (2 n_1 N): one convex term a race, joined only by sum n_r = n_1. So it is
least where each next seat goes to the race to whose term it adds least (Gross 1956): -N up to the whole part of
n_1 N_r / N, N - 2 f_r with the remainder f_r of that division, +N after that. The whole parts come first, and what is
left goes to the largest remainders, as in Hamilton's apportionment; equal remainders are all the choice there is. Whole
numbers throughout, so the bound is proven (L2), and so is the number of best count vectors.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING

from fairbound.models.applicants.instance import TVD, ApplicantInstance, Division
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import OnProgress, Settings, Termination

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "race_counts"


def best_counts(totals: Sequence[int], seats: int) -> tuple[int, int, tuple[int, ...]]:
    """Least sum of |N n_r - n_1 N_r|, how many count vectors reach it, and one of them."""
    everyone = sum(totals) or 1  # without applicants all counts are 0
    counts = [seats * total // everyone for total in totals]
    remainders = [seats * total % everyone for total in totals]
    left = seats - sum(counts)
    largest = sorted(range(len(totals)), key=lambda race: -remainders[race])[:left]
    for race in largest:
        counts[race] += 1
    gap = sum(abs(everyone * count - seats * total) for count, total in zip(counts, totals, strict=True))
    last = remainders[largest[-1]] if left else 0
    chosen = sum(remainders[race] == last for race in largest)
    return gap, comb(remainders.count(last), chosen), tuple(counts)


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
        near_shares(instance, seats),
        proven=Bound(bound, Basis.THEOREM, "every count vector"),
        message=f"{ways} count vector{plural} it; with {seats} seats ({vector})",
    )


def near_shares(instance: ApplicantInstance, first: int) -> Division:
    """School after school, each race's share of its seats, and each cell's of its race; the first fills ``first``."""
    left = [cell.count for cell in instance.cells]
    schools = []
    for seats in instance.seats_of(first)[:-1]:
        taken = [0] * len(left)
        wanted = best_counts(instance.race_counts(left), seats)[2]
        for race, count in zip(instance.races, wanted, strict=True):
            cells = [c for c, cell in enumerate(instance.cells) if cell.race == race]
            for c, share in zip(cells, best_counts([left[c] for c in cells], count)[2], strict=True):
                taken[c] = share
                left[c] -= share
        schools.append(tuple(taken))
    return Division(schools[0], tuple(schools[1:]))


def refuses(instance: ApplicantInstance, objective: str) -> str | None:
    """Refuse questions that are more than race counts."""
    if objective != TVD:
        return "only race counts are enumerated"
    return "limits on objectives are not race counts" if instance.limits else None
