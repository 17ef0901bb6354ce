"""The best design of a few dozen subjects: two lists of half the subjects each, joined (Horowitz and Sahni 1974).

All divisions of one half of the subjects are listed, all of the other, and only pairs are looked at that have as many
subjects on both sides and whose first difference of means in (10) is within a limit. A limit that no design keeps is a
proven bound, and one that some keep holds the best. Limits begin small and are doubled: the last one costs the most.
Values are floats, whose roundings ``slack`` outweighs; what is near the least value is scored exactly. Where sums fit
64 bits they are exact, and divisions with the same sums are listed once: columns of few values leave short lists.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, inf, lcm
from typing import TYPE_CHECKING, Any

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
    Sums = NDArray[Any]
    """Whole numbers of 64 bits, or floats."""
    Rows = NDArray[np.intp]

NAME = "two_lists"
FEW, MOST = 24, 40
"""Up to so many subjects ``halves`` is proven by a tree in seconds; for more than 40 the lists are too long."""
FIRST_PAIRS, CHUNK = 10**5, 2 * 10**6
"""Pairs that the first limit leaves at most, and numbers that are looked at together."""
MOST_NEAR = 10_000
"""Divisions near the least value that are kept to be scored; of more the bound is lowered by the slack instead."""
LARGEST = 2**62


class Lists:
    """Sums of both halves, shape (divisions, 2 covariates): means, then second moments.

    Attributes
    ----------
    units
        What one of a sum is worth in (10), shape (2 covariates,).
    exact
        Whether sums are whole numbers; then no two rows of a list are alike.
    slack
        By more than the value of a division in floats can err: sums of n terms that are rounded once.
    """

    def __init__(self, instance: DesignInstance) -> None:
        n = self.n = len(instance.subjects)
        columns = [_whole(column, Fraction(2, n)) for column in instance.scores.values()]
        units = [unit for _, unit in columns] + [instance.rho * n / 2 * unit**2 for _, unit in columns]
        numbers = [numbers for numbers, _ in columns]
        # A second moment that nobody asks about tells no divisions apart.
        squares = [[x * x if instance.rho else 0 for x in column] for column in numbers]
        self.exact = n * max(max(map(abs, column)) for column in [*numbers, *squares]) < LARGEST
        table = np.array([*numbers, *squares], dtype=np.int64 if self.exact else float).T
        self.units = np.array([float(unit) for unit in units])
        self.slack = float((n + 8) * 2.0**-52 * (np.abs(table) * self.units).sum())
        # The groups may be exchanged, so the first subject is in the first one.
        self.left, counts = _sums(table[1 : n // 2], table[0])
        self.right, others = _sums(table[n // 2 :], np.zeros_like(table[0]))
        self.groups = []
        for count in range(n // 2):
            mine = self.distinct(self.left, np.flatnonzero(counts == count))
            rest = self.distinct(self.right, np.flatnonzero(others == n // 2 - 1 - count))
            firsts = self.right[rest, 0] * self.units[0]
            order = np.argsort(firsts)
            self.groups.append((mine, rest[order], firsts[order]))

    def distinct(self, sums: Sums, rows: Rows) -> Rows:
        """Of rows with the same exact sums the first."""
        if not self.exact or len(np.unique(sums[rows, 0])) > len(rows) // 2:  # few are alike, which takes time to tell
            return rows
        return rows[np.unique(sums[rows], axis=0, return_index=True)[1]]

    def within(self, limit: float) -> list[tuple[Rows, Rows, Rows, Rows]]:
        """For each number of seats: rows on the left, rows on the right, and where those begin and end that cancel."""
        found, reach = [], limit + self.slack
        for mine, rest, firsts in self.groups:
            wanted = -self.left[mine, 0] * self.units[0]
            low, high = np.searchsorted(firsts, wanted - reach), np.searchsorted(firsts, wanted + reach, "right")
            found.append((mine, rest, low, high))
        return found

    def pairs(self, limit: float) -> Iterator[tuple[Rows, Rows, Sums, Floats]]:
        """Left rows, right rows, absolute sums and values of all divisions of at most this value, and of others.

        They come in pieces.
        """
        half = len(self.units) // 2
        for mine, rest, low, high in self.within(limit):
            totals, first = np.cumsum(high - low), 0
            while first < len(mine):
                done = int(totals[first - 1]) if first else 0
                last = max(first + 1, int(np.searchsorted(totals, done + CHUNK // half, side="right")))
                some = high[first:last] - low[first:last]
                steps = np.arange(int(some.sum())) - np.repeat(np.cumsum(some) - some, some)
                left, right = np.repeat(mine[first:last], some), rest[np.repeat(low[first:last], some) + steps]
                sums = np.abs(self.left[left] + self.right[right])
                each = sums * self.units
                yield left, right, sums, (each[:, :half] + each[:, half:]).max(axis=1)
                first = last

    def first_limit(self, most: float) -> float:
        """A limit that leaves few pairs, or hardly more than cancel exactly; not above ``most``."""
        limit, few = most, max(FIRST_PAIRS, 2 * self.many(0.0))
        while limit > self.slack and self.many(limit) > few:
            limit /= 2
        return limit

    def many(self, limit: float) -> int:
        """How many pairs a limit leaves."""
        return sum(int((high - low).sum()) for *_, low, high in self.within(limit))

    def places(self, left: int, right: int) -> list[int]:
        """The first group of two rows: bit k says where the k-th subject of a half is."""
        half = self.n // 2
        mine = [k for k in range(1, half) if left >> (k - 1) & 1]
        return [0, *mine, *(k for k in range(half, self.n) if right >> (k - half) & 1)]


def _whole(column: tuple[Fraction, ...], unit: Fraction) -> tuple[list[int], Fraction]:
    """Numbers as whole multiples of a unit, and that times the unit that is given."""
    below = lcm(*(x.denominator for x in column))
    numbers = [int(x * below) for x in column]
    common = gcd(*numbers)
    return [x // common for x in numbers], unit * common / below


def _sums(table: Sums, start: Sums) -> tuple[Sums, Rows]:
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
        lists = Lists(instance) if search.value else None
        done = lists is None  # nothing is more even than 0
        limit = 0.0 if lists is None else lists.first_limit(float(search.value or 0))
        while lists is not None and not search.late():
            floor = _looked(search, lists, limit)
            if floor is None:
                break
            assert search.value is not None
            done = search.value <= limit  # all that may be better has been looked at
            bound = max(bound, min(search.value if done else Fraction(limit), floor))
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


def _looked(search: Search, lists: Lists, limit: float) -> Fraction | None:
    """Offer the best design that is met; ``None`` if the time did not suffice for all of at most this value.

    Returns what no design is below that was met and not scored, the best value where there is none.
    """
    near: dict[Any, tuple[float, int, int]] = {}
    least, dropped, late = float(search.value or 0), inf, False
    for left, right, sums, values in lists.pairs(limit):
        late = search.late()
        if late:
            break
        least = min(least, float(values.min(initial=least)))
        most = least + 2 * lists.slack
        near = {key: each for key, each in near.items() if each[0] <= most}
        kept = lists.distinct(sums, np.flatnonzero(values <= most))
        room = MOST_NEAR - len(near)
        dropped = min(dropped, float(values[kept[room:]].min(initial=inf)))
        for k in kept[:room].tolist():
            one, other = int(left[k]), int(right[k])
            near.setdefault(_key(search, lists, one, other, sums[k]), (float(values[k]), one, other))
    subjects = search.instance.subjects
    for _, one, other in near.values():
        search.offer(Design(frozenset(subjects[k].id for k in lists.places(one, other))))
    assert search.value is not None
    return None if late else search.value if dropped == inf else Fraction(dropped - lists.slack)


def _key(search: Search, lists: Lists, one: int, other: int, sums: Sums) -> Any:
    """The same for designs of the same value: exact sums, or else the numbers of the first group's subjects."""
    if lists.exact:
        return sums.tobytes()
    return tuple(sorted(search.instance.subjects[k].numbers for k in lists.places(one, other)))


def refuses(instance: DesignInstance, _objective: str) -> str | None:
    """Refuse more subjects than lists can hold."""
    many = len(instance.subjects) > MOST
    return f"more than {MOST} subjects make lists of more than a million divisions" if many else None


def hesitates(instance: DesignInstance, _objective: str) -> str | None:
    """Few subjects are proven with a certificate."""
    return None if len(instance.subjects) > FEW else f"at most {FEW} subjects"
