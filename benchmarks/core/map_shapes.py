"""Polygons of map units as series of a figure, whatever the problem calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely
from fairbound.benchmarks.core.figure import Mark, Series
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

Point = tuple[float, float]
Shape = tuple[tuple[Point, ...], ...]
"""Closed rings."""


def shapes(
    name: str,
    units: Sequence[str],
    points: Sequence[tuple[Fraction, Fraction] | None],
    outline: Iterable[tuple[str, Shape]],
) -> list[Shape]:
    """The rings of every unit; where one has none, the Voronoi cells of all units' points.

    Cells are cut at the hull of all points, moved outwards by about half the distance of two units.

    Raises
    ------
    InputError
        If there are neither polygons nor a point of its own for every unit.
    """
    rings = dict(outline)
    if all(rings.get(unit) for unit in units):
        return [rings[unit] for unit in units]
    places = shapely.MultiPoint([(float(x), float(y)) for x, y in (point for point in points if point is not None)])
    if len(set(places.geoms)) < len(units) or len(units) < 2:
        raise InputError(f"no map of {name}", wanted="a point of its own for every unit, or polygons")
    hull = places.convex_hull
    pad = (max(hull.area, hull.length**2 / 100) / len(units)) ** 0.5 / 2
    edge = hull.buffer(pad, join_style="mitre")
    cells = shapely.voronoi_polygons(places, extend_to=edge, ordered=True)
    return [_exteriors(cell.intersection(edge)) for cell in cells.geoms]


def _exteriors(shape: shapely.Geometry) -> Shape:
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    return tuple(tuple((round(x, 4), round(y, 4)) for x, y in part.exterior.coords) for part in parts)


def area(name: str, drawn: Sequence[Shape], units: Iterable[int], colour: str, hatch: str = "") -> Series:
    """Some units in one colour."""
    x: list[float | None] = []
    y: list[float | None] = []
    for ring in (ring for i in units for ring in drawn[i]):
        x += [*(point[0] for point in ring), None]
        y += [*(point[1] for point in ring), None]
    return Series(name, tuple(x[:-1]), tuple(y[:-1]), Mark.AREA, colour=colour, hatch=hatch[:1])
