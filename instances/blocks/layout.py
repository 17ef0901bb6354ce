"""What every loader of a city does alike: distances, and today's zones where a file has none."""

from __future__ import annotations

from fractions import Fraction
from heapq import heappop, heappush
from math import hypot
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGITS = 3
"""Distances computed from coordinates are rounded to this many decimals (metres, for kilometres)."""

Point = tuple[Fraction, Fraction]


def straight(one: Point, other: Point) -> Fraction:
    """Straight distance, rounded to ``DIGITS`` decimals: from then on it is exact."""
    length = hypot(float(one[0] - other[0]), float(one[1] - other[1]))
    return Fraction(round(length * 10**DIGITS), 10**DIGITS)


def travel_to(points: Sequence[Point], roots: Sequence[int]) -> tuple[tuple[Fraction, ...], ...]:
    """d_ij: straight distance from each unit to the unit of each school."""
    return tuple(tuple(straight(point, points[root]) for root in roots) for point in points)


def nearest_by_network(points: Sequence[Point], edges: Sequence[tuple[int, int]], roots: Sequence[int]) -> list[int]:
    """The school that is nearest to each unit over the adjacency network.

    An edge is as long as the straight line between its units' points; a tie goes to the school
    that comes first. A unit without any way to a school goes to the nearest by straight line.
    """
    near: list[list[tuple[int, float]]] = [[] for _ in points]
    for one, other in edges:
        (x1, y1), (x2, y2) = points[one], points[other]
        length = hypot(float(x1 - x2), float(y1 - y2))
        near[one].append((other, length))
        near[other].append((one, length))
    home: dict[int, int] = {}
    heap = [(0.0, j, root) for j, root in enumerate(roots)]
    heap.sort()
    while heap:
        length, j, unit = heappop(heap)
        if unit in home:
            continue
        home[unit] = j
        for other, edge in near[unit]:
            if other not in home:
                heappush(heap, (length + edge, j, other))
    for i, point in enumerate(points):
        if i not in home:
            home[i] = min(range(len(roots)), key=lambda j: straight(point, points[roots[j]]))
    return [home[i] for i in range(len(points))]
