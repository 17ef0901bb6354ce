"""What every loader of a city does alike: distances, and today's zones where a file has none."""

from __future__ import annotations

from fractions import Fraction
from heapq import heappop, heappush
from math import cos, hypot, radians
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


KM_A_DEGREE = 111.195
"""Of a meridian: the mean radius of the earth, 6,371.0 km, times pi / 180."""


def kilometres(points: Sequence[Point]) -> tuple[Fraction, Fraction] | None:
    """Kilometres in a degree of longitude and of latitude where points lie; ``None`` where they are no degrees.

    GeoJSON holds longitude and latitude (RFC 7946). Coordinates beyond their range are on somebody's plane, and so
    are whole numbers throughout, which no survey has.
    """
    if not points or all(x.denominator == y.denominator == 1 for x, y in points):
        return None
    if any(abs(x) > 180 or abs(y) > 90 for x, y in points):
        return None
    middle = float(sum((y for _, y in points), Fraction(0)) / len(points))
    east = KM_A_DEGREE * cos(radians(middle))
    return Fraction(round(east * 10**6), 10**6), Fraction(round(KM_A_DEGREE * 10**6), 10**6)


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
