"""Which polygons are neighbours: those that share a stretch of border, however it is cut into vertices."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.blocks import Border
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import shapely

NEAR = 1e-4
"""Borders this close are one border, as a part of the side of a typical unit: coordinates are rounded."""
SHORTEST = 10
"""A contact along less than so many times that distance is a corner."""
MOST_OVERLAP = 0.01
"""Units that share more than this part of the smaller one are no map."""
DIGITS = 6


def shared_borders(file: str, shapes: Mapping[str, shapely.MultiPolygon]) -> tuple[list[Border], int]:
    """Borders with their lengths, and the number of pairs that only touch at points.

    Two borders are one where they run closer than ``NEAR``, so a side may meet two others half-way
    along, and rounding may leave slivers and small gaps between units.

    Raises
    ------
    InputError
        For two units that overlap by more than a sliver.
    """
    import shapely  # slow to import, and only polygons need it

    ids, areas = list(shapes), list(shapes.values())
    near = NEAR * float(shapely.area(areas).mean()) ** 0.5
    edges = shapely.boundary(areas)
    bands = shapely.buffer(edges, near)
    pairs = shapely.STRtree(areas).query(areas, predicate="dwithin", distance=near).T.tolist()
    borders, touching = [], 0
    for one, other in sorted((one, other) for one, other in pairs if ids[one] < ids[other]):
        overlap = areas[one].intersection(areas[other]).area
        if overlap > MOST_OVERLAP * min(areas[one].area, areas[other].area):
            raise InputError(
                f"units {ids[one]} and {ids[other]} overlap",
                file=file,
                found=f"a common area of {overlap:.6g}",
                wanted="units that share borders only",
            )
        together = edges[one].intersection(bands[other]).length
        if together <= SHORTEST * near:
            touching += 1
            continue
        # The band reaches round the ends of a border; where the lines agree exactly, their length counts.
        exact = edges[one].intersection(edges[other]).length
        length = exact if exact >= together - SHORTEST * near else together
        borders.append(Border(ids[one], ids[other], Fraction(round(length * 10**DIGITS), 10**DIGITS)))
    return sorted(borders, key=lambda border: (border.one, border.other)), touching
