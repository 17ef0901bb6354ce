"""All groups of units in a cell of claim share that lose little, by halves. Standard library, whole numbers.

Sets of every other unit are made, and sets of those between. Two are joined where the sum of q - t N is not below 0 at
the lower end of the cell and not above 0 at the upper one, and what they are worth above their prices is above a cut at
either end. psi of a set is linear in t, and so is its surplus, which is 0 at the share of its group: so the four sums
say what the group is worth above its prices.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fairbound.solvers.checker.common import Rejected

Item = tuple[int, int, int, int, int]
"""psi of a unit at both ends of a cell, what it adds to the surplus at either, and its number."""
Part = tuple[int, int, int, int, int, tuple[int, ...]]
"""The same sums of a set, and its units as bits and as numbers."""
CLASSES = 8
"""Classes of what sets are worth, so that few pairs are looked at that lose too much."""
MOST_SETS = 2_000_000
CHEAP, LISTED = 8, 6
"""Pairs that do not fit, in the time of one that does, and steps for a group that is found."""


class Group(NamedTuple):
    """A group: its units, also as bits, its worth above its prices, rounded up, and its surplus at both ends."""

    units: tuple[int, ...]
    bits: int
    excess: int
    over: int
    under: int


def groups_by_halves(items: list[Item], cut: int, spend: Callable[[int], None]) -> Iterator[Group]:
    """Every group of these units whose share lies in the cell and that is worth more than the cut above its prices.

    ``spend`` is told how many sets and pairs were looked at, and may stop the search.
    """
    items = sorted(items, key=lambda item: -max(abs(item[0]), abs(item[1])))
    low, high = sum(max(item[0], 0) for item in items), sum(max(item[1], 0) for item in items)
    if low <= cut and high <= cut:
        return
    one, other = (_sets(items[begin::2], low, high, cut, spend) for begin in (0, 1))
    if not one or not other:
        return
    best = max(max(part[0], part[1]) for part in one)
    least, most = cut - best, max(max(part[0], part[1]) for part in other)
    width = max(1, -(-(most - least) // CLASSES))
    classes: dict[int, list[Part]] = {}
    for part in other:
        if max(part[0], part[1]) > least:
            classes.setdefault((max(part[0], part[1]) - least) // width, []).append(part)
    for these in classes.values():
        these.sort(key=lambda part: part[2])
        overs = [part[2] for part in these]
        spread, top = max(part[2] - part[3] for part in these), max(max(part[0], part[1]) for part in these)
        for low, high, over, under, bits, units in one:
            if max(low, high) + top <= cut:
                continue
            begin, end = bisect_left(overs, -over), bisect_right(overs, spread - under)
            fits = found = 0
            for x, y, up, down, more, others in these[begin:end]:
                if under + down <= 0 and (low + x > cut or high + y > cut) and (bits or more):
                    fits += 1
                    a, b = over + up, under + down
                    excess = -(((low + x) * b - (high + y) * a) // (a - b))
                    if excess > cut:
                        found += 1
                        yield Group(units + others, bits | more, excess, a, b)
            spend(1 + max(end - begin, 0) // CHEAP + fits + LISTED * found)


def _sets(items: list[Item], low: int, high: int, cut: int, spend: Callable[[int], None]) -> list[Part]:
    """Sets of some units that may be part of a group, where all units together are worth so much at either end."""
    parts: list[Part] = [(0, 0, 0, 0, 0, ())]
    for x, y, up, down, unit in items:
        low, high = low - max(x, 0), high - max(y, 0)
        bit = 1 << unit
        with_it = [(a + x, b + y, c + up, d + down, e | bit, (*units, unit)) for a, b, c, d, e, units in parts]
        parts = [part for part in (*parts, *with_it) if part[0] + low > cut or part[1] + high > cut]
        spend(len(parts))
        if len(parts) > MOST_SETS:
            raise Rejected(f"more than {MOST_SETS} sets of units in a cell")
    return parts
