"""The best design of a few dozen subjects: two lists of half the subjects each, joined (Horowitz and Sahni 1974).

All divisions of one half of the subjects are listed, all of the other, and only pairs are looked at that have as many
subjects on both sides and whose first difference of means in (10) is within a limit. A limit that no design keeps is a
proven bound, and one that some keep holds the best. Limits begin small and are doubled: the last one costs the most.
Sums are floats, whose roundings ``slack`` outweighs; what is near the least value is scored exactly.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.designs.instance import Design, DesignInstance
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.designs.baselines import rerandomised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

NAME = "two_lists"
FEW, MOST = 24, 40
"""Up to so many subjects ``halves`` is proven by a tree in seconds; for more than 40 the lists are too long."""
FIRST_PAIRS, CHUNK = 10**5, 10**6
"""Pairs that the first limit leaves at most, and pairs that are looked at together."""


class Lists:
    """Sums of both halves, shape (divisions, 2 covariates): means, then second moments, in the units of (10).

    Attributes
    ----------
    slack
        By more than the value of a division in floats can err: sums of n terms that are rounded once.
    """

    def __init__(self, instance: DesignInstance) -> None:
        n = self.n = len(instance.subjects)
        scores = list(instance.scores.values())
        means = [[float(2 * w / n) for w in column] for column in scores]
        seconds = [[float(2 * instance.rho * w * w / n) for w in column] for column in scores]
        table = np.array([*means, *seconds]).T
        self.slack = float((n + 8) * 2.0**-52 * np.abs(table).sum())
        # The groups may be exchanged, so the first subject is in the first one.
        self.left, counts = _sums(table[1 : n // 2], table[0])
        self.right, others = _sums(table[n // 2 :], np.zeros_like(table[0]))
        self.groups = []
        for count in range(n // 2):
            mine, rest = np.flatnonzero(counts == count), np.flatnonzero(others == n // 2 - 1 - count)
            rest = rest[np.argsort(self.right[rest, 0])]
            self.groups.append((mine, rest, self.right[rest, 0]))

    def within(self, limit: float) -> list[tuple[Rows, Rows, Rows, Rows]]:
        """For each number of seats: rows on the left, rows on the right, and where those begin and end that cancel."""
        found, reach = [], limit + self.slack
        for mine, rest, sums in self.groups:
            wanted = -self.left[mine, 0]
            low, high = np.searchsorted(sums, wanted - reach), np.searchsorted(sums, wanted + reach, "right")
            found.append((mine, rest, low, high))
        return found

    def pairs(self, limit: float) -> Iterator[tuple[Rows, Rows, Floats]]:
        """Left rows, right rows and values of all divisions of at most this value, and of others, in pieces."""
        for mine, rest, low, high in self.within(limit):
            totals, first = np.cumsum(high - low), 0
            while first < len(mine):
                done = int(totals[first - 1]) if first else 0
                last = max(first + 1, int(np.searchsorted(totals, done + CHUNK, side="right")))
                some = high[first:last] - low[first:last]
                steps = np.arange(int(some.sum())) - np.repeat(np.cumsum(some) - some, some)
                left, right = np.repeat(mine[first:last], some), rest[np.repeat(low[first:last], some) + steps]
                each = np.abs(self.left[left] + self.right[right])
                half = each.shape[1] // 2
                yield left, right, (each[:, :half] + each[:, half:]).max(axis=1)
                first = last

    def first_limit(self, most: float) -> float:
        """A limit that leaves few pairs, not above ``most``."""
        limit = most
        while limit > self.slack and sum(int((high - low).sum()) for *_, low, high in self.within(limit)) > FIRST_PAIRS:
            limit /= 2
        return limit

    def places(self, left: int, right: int) -> list[int]:
        """The first group of two rows: bit k says where the k-th subject of a half is."""
        half = self.n // 2
        mine = [k for k in range(1, half) if left >> (k - 1) & 1]
        return [0, *mine, *(k for k in range(half, self.n) if right >> (k - half) & 1)]


def _sums(table: Floats, start: Floats) -> tuple[Floats, Rows]:
    """Sums of all choices of signs, +1 in the place of bit k for row k, and how many are +1."""
    sums, counts = start[None, :], np.zeros(1, dtype=np.intp)
    for row in table:
        sums, counts = np.concatenate([sums - row, sums + row]), np.concatenate([counts, counts + 1])
    return sums, counts


def answer(
    instance: DesignInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Design | None = None,
) -> Answer:
    """The best design, or a bound on it: the last limit that no design keeps."""
    search = Search(instance, objective, settings, on_progress)
    for plan in (start, rerandomised(instance, objective, settings.seed, None)):
        if plan is not None:
            search.offer(plan)
    bound, done = Fraction(0), False
    with search.interruptible():
        lists = Lists(instance)
        limit = lists.first_limit(float(search.value or 0))
        while not search.late() and _looked(search, lists, limit):
            assert search.value is not None
            done = search.value <= limit  # all that may be better has been looked at
            bound = search.value if done else Fraction(limit)
            search.tighten(bound)
            if done:
                break
            limit = min(2 * limit, float(search.value) + lists.slack)
    return Answer(
        Termination.FINISHED if done else search.why_late(),
        search.solution,
        proven=Bound(bound, Basis.THEOREM, "every pair of the two lists"),
        trace=tuple(search.trace),
    )


def _looked(search: Search, lists: Lists, limit: float) -> bool:
    """Offer the best design that is met; ``False`` if the time did not suffice for all of at most this value."""
    near: list[tuple[float, int, int]] = []
    least, late = float(search.value or 0), False
    for left, right, values in lists.pairs(limit):
        late = search.late()
        if late:
            break
        least = min(least, float(values.min(initial=least)))
        kept = np.flatnonzero(values <= least + 2 * lists.slack)
        near = [each for each in near if each[0] <= least + 2 * lists.slack]
        near += [(float(values[k]), int(left[k]), int(right[k])) for k in kept.tolist()]
    subjects, tried = search.instance.subjects, set()
    for _, one, other in near:
        places = lists.places(one, other)
        alike = tuple(sorted(subjects[k].numbers for k in places))  # subjects with the same numbers are exchangeable
        if alike not in tried:
            tried.add(alike)
            search.offer(Design(frozenset(subjects[k].id for k in places)))
    return not late


def refuses(instance: DesignInstance, _objective: str) -> str | None:
    """Refuse more subjects than lists can hold."""
    many = len(instance.subjects) > MOST
    return f"more than {MOST} subjects make lists of more than a million divisions" if many else None


def hesitates(instance: DesignInstance, _objective: str) -> str | None:
    """Few subjects are proven with a certificate."""
    return None if len(instance.subjects) > FEW else f"at most {FEW} subjects"
