"""All groups of units in a cell of claim share that lose little, by halves. Standard library, whole numbers.

Sets of every other unit are made, and sets of those between. Two are joined where the sum of q - t N is not below 0 at
the lower end of the cell and not above 0 at the upper one, and what they are worth above their prices is above a cut at
either end.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

from fairbound.solvers.checker.common import Rejected

Item = tuple[int, int, int, int, int]
"""psi of a unit at both ends of a cell, what it adds to the surplus at either, and its number."""
Part = tuple[int, int, int, int, tuple[int, ...]]
"""The same of a set."""
CLASSES = 8
"""Classes of what sets are worth, so that few pairs are looked at that lose too much."""
MOST_SETS = 2_000_000
CHEAP = 8
"""Pairs that do not fit, in the time of one that does."""


def groups_by_halves(items: list[Item], cut: int, spend: Callable[[int], None]) -> Iterator[tuple[int, ...]]:
    """Every group of these units whose share lies in the cell, and for which either end's sum is above the cut.

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
        for low, high, over, under, units in one:
            if max(low, high) + top <= cut:
                continue
            begin, end = bisect_left(overs, -over), bisect_right(overs, spread - under)
            spend(1 + max(end - begin, 0) // CHEAP)
            for x, y, _, down, others in these[begin:end]:
                if under + down <= 0 and (low + x > cut or high + y > cut) and (units or others):
                    spend(1)
                    yield units + others


def _sets(items: list[Item], low: int, high: int, cut: int, spend: Callable[[int], None]) -> list[Part]:
    """Sets of some units that may be part of a group, where all units together are worth so much at either end."""
    parts: list[Part] = [(0, 0, 0, 0, ())]
    for x, y, up, down, unit in items:
        low, high = low - max(x, 0), high - max(y, 0)
        with_it = [(a + x, b + y, c + up, d + down, (*units, unit)) for a, b, c, d, units in parts]
        parts = [part for part in (*parts, *with_it) if part[0] + low > cut or part[1] + high > cut]
        spend(len(parts))
        if len(parts) > MOST_SETS:
            raise Rejected(f"more than {MOST_SETS} sets of units in a cell")
    return parts
