"""What every loader of a city does alike: distances, and today's zones where a file has none."""

from __future__ import annotations

from fractions import Fraction
from heapq import heappop, heappush
from math import cos, hypot, lcm, radians
from typing import TYPE_CHECKING

from fairbound.instances.core.geojson import says_degrees
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text
from fairbound.models.core.text import short

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


def kilometres(points: Sequence[Point], file: str, system: str = "") -> tuple[Fraction, Fraction] | None:
    """Kilometres in a degree of longitude and of latitude where points lie; ``None`` where they are no degrees.

    GeoJSON holds longitude and latitude (RFC 7946). Where no system of coordinates is said, those beyond their range
    are on somebody's plane, and so are whole numbers throughout, which no survey has.

    Raises
    ------
    InputError
        For coordinates that are not what the system says, as far as that can be seen.
    """
    beyond = next(((x, y) for x, y in points if abs(x) > 180 or abs(y) > 90), None)
    whole = all(x.denominator == y.denominator == 1 for x, y in points)
    if says_degrees(system):
        if beyond is not None:
            found, wanted = ", ".join(map(decimal_text, beyond)), f"longitude and latitude, as {short(system)} says"
            raise InputError("coordinates that are no degrees", file=file, column="crs", found=found, wanted=wanted)
    elif not points or whole or beyond is not None:
        return None
    elif system:
        wanted = "longitude and latitude without it, or coordinates on its plane"
        raise InputError(
            "coordinates that may be degrees, in another system", file=file, column="crs", found=system, wanted=wanted
        )
    middle = float(sum((y for _, y in points), Fraction(0)) / len(points))
    east = KM_A_DEGREE * cos(radians(middle))
    return Fraction(round(east * 10**6), 10**6), Fraction(round(KM_A_DEGREE * 10**6), 10**6)


def travel_to(points: Sequence[Point], roots: Sequence[int]) -> tuple[tuple[Fraction, ...], ...]:
    """d_ij: straight distance from each unit to the unit of each school."""
    ends = [points[root] for root in roots]
    return tuple(straight_rows(points, ends))


def straight_rows(points: Sequence[Point], ends: Sequence[Point]) -> list[tuple[Fraction, ...]]:
    """``straight`` from each point to each end, in whole numbers; equal distances are one object.

    The difference of two coordinates over their common denominator is rounded once, as that of two fractions is.
    """
    steps = lcm(*{value.denominator for point in (*points, *ends) for value in point})
    (xs, ys), (to_x, to_y) = (
        [[point[axis].numerator * (steps // point[axis].denominator) for point in of] for axis in (0, 1)]
        for of in (points, ends)
    )
    known: dict[int, Fraction] = {}
    rows = []
    for x, y in zip(xs, ys, strict=True):
        lengths = map(hypot, [(x - other) / steps for other in to_x], [(y - other) / steps for other in to_y])
        whole = [round(length * 10**DIGITS) for length in lengths]
        for value in whole:
            if value not in known:
                known[value] = Fraction(value, 10**DIGITS)
        rows.append(tuple([known[value] for value in whole]))
    return rows


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
