"""A city from a table of units (CSV) or from polygons (GeoJSON).

Columns, or GeoJSON properties, of a unit: ``unit``, ``students``, one column ``group:NAME`` for each
group, ``today`` (school id); optional ``income``, ``x`` and ``y``, ``neighbours`` (unit ids joined by
``;``), ``school`` (id of the school that stands in the unit), ``seats``, and ``travel:SCHOOL``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.instances.blocks.borders import shared_borders
from fairbound.instances.blocks.layout import kilometres, straight
from fairbound.instances.core.geojson import Ring, read_features
from fairbound.instances.core.source import Source
from fairbound.instances.core.tables import LARGEST, cell_number
from fairbound.models.blocks import Border, School, Unit, ZoneInstance
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

GROUP, TRAVEL = "group:", "travel:"
NAMES: dict[str, tuple[str, ...]] = {
    "unit": ("geoid", "geoid10", "geoid20", "blockgroup", "tract"),
    "students": (),
    "today": ("assignment",),
    "school": (),
    "income": (),
    "x": (),
    "y": (),
    "neighbours": ("neighbors",),
    "seats": (),
}
"""Columns of a unit, with other names that published tables have for them."""
PLANE = (Fraction(1), Fraction(1))
"""Distances in the units of the coordinates."""
Row = tuple[int, Mapping[str, str]]


def load_csv(given: Path | Source) -> ZoneInstance:
    """Read a city from a table of units; adjacency stands in its column ``neighbours``.

    Raises
    ------
    InputError
        With file, row and column, for anything that cannot be meant.
    """
    source = Source.of(given)
    path = source.path
    header, rows = source.table(NAMES)
    if "neighbours" not in header:
        raise InputError("missing column", file=str(path), row=1, column="neighbours", wanted="unit ids joined by ;")
    borders = named_borders(str(path), rows)
    return _city(str(path), source.name, header, rows, [Border(*pair) for pair in borders], (), ())


def named_borders(file: str, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Pairs of units that the column ``neighbours`` joins, sorted; raises ``InputError`` for an unknown unit."""
    borders: dict[tuple[str, str], int] = {}
    for line, row in rows:
        for near in (part.strip() for part in row.get("neighbours", "").split(";")):
            if near:
                borders.setdefault((min(row.get("unit", ""), near), max(row.get("unit", ""), near)), line)
    known = {row.get("unit", "") for _, row in rows}
    for pair, line in borders.items():
        for end in pair:
            if end not in known:
                wanted = "the id of a unit of this file"
                raise InputError(
                    "adjacency names an unknown unit",
                    file=file,
                    row=line,
                    column="neighbours",
                    found=end,
                    wanted=wanted,
                )
    return sorted(borders)


def load_geojson(given: Path | Source) -> ZoneInstance:
    """Read a city from polygons: units that share a stretch of border are neighbours.

    Borders are found from the geometry (``zone_borders``), so they need not share vertices. Units
    that only touch at points are no neighbours; how many such pairs were dropped is noted among the
    repairs. The property ``neighbours`` adds borders, such as bridges. A unit without coordinates gets
    the mean of its outer ring's vertices as its point.

    Raises
    ------
    InputError
        For text that is no feature collection, for rings that are not closed, for polygons that cross
        themselves, have no area or overlap within a unit, and for units that overlap.
    """
    path = Source.of(given).path
    rows: list[Row] = []
    outline: dict[str, tuple[Ring, ...]] = {}
    shapes, placed = {}, False
    for feature in read_features(path, "unit"):
        unit, number, cells = feature.name, feature.number, feature.cells
        if unit in shapes:
            raise InputError("duplicate unit", file=str(path), row=number, found=unit, wanted="each unit once")
        shapes[unit] = feature.shape
        outline[unit] = feature.rings
        outer = max(feature.rings, key=len)
        placed |= bool(cells.get("x") or cells.get("y"))
        for axis, column in enumerate(("x", "y")):
            if not cells.get(column):
                cells[column] = str(round(sum(point[axis] for point in outer[:-1]) / (len(outer) - 1), 6))
        rows.append((number, cells))
    header = list(dict.fromkeys(column for _, cells in rows for column in cells))
    borders, touching = shared_borders(str(path), shapes)
    dropped = "1 contact at a point is no border" if touching == 1 else f"{touching} contacts at points are no borders"
    repairs = (dropped,) if touching else ()
    known = {(border.one, border.other) for border in borders}
    added = [pair for pair in named_borders(str(path), rows) if pair not in known and pair[::-1] not in known]
    if added:
        borders = [*borders, *(Border(*pair) for pair in added)]
        repairs = (*repairs, f"{len(added)} borders are added by the property neighbours")
    corners = [(Fraction(str(x)), Fraction(str(y))) for rings in outline.values() for ring in rings for x, y in ring]
    scale = None if placed else kilometres(corners)  # points of its own may be on another plane
    if scale is not None and not any(column.startswith(TRAVEL) for column in header):
        repairs = (*repairs, "coordinates are degrees: travel is straight lines in kilometres")
    return _city(str(path), path.stem, header, rows, borders, repairs, tuple(outline.items()), scale or PLANE)


def _city(
    file: str,
    name: str,
    header: Sequence[str],
    rows: Sequence[Row],
    borders: Sequence[Border],
    repairs: tuple[str, ...],
    outline: tuple[tuple[str, tuple[Ring, ...]], ...],
    scale: tuple[Fraction, Fraction] = PLANE,
) -> ZoneInstance:
    groups = [column.removeprefix(GROUP) for column in header if column.startswith(GROUP)]
    needed = ["unit", "students", "today", "school"]
    for column in needed if groups else [*needed, "group:NAME"]:
        if column not in header:
            raise InputError(
                "missing column", file=file, row=1, column=column, wanted=", ".join([*needed, "group:NAME"])
            )

    for line, row in rows:
        for column in needed:
            if column not in row:
                raise InputError(
                    "missing property", file=file, row=line, column=column, wanted="a value; null for none"
                )
        if not row["unit"]:
            raise InputError("no name", file=file, row=line, column="unit", wanted="a unit's id")

    def number(line: int, row: Mapping[str, str], column: str, whole: bool = False) -> Fraction:
        try:
            value = cell_number(row.get(column, ""))
        except ValueError:
            value = Fraction(-1)
        if not 0 <= value < LARGEST or (whole and value.denominator != 1):
            wanted = "a whole number, at least 0" if whole else "a number, at least 0"
            raise InputError(
                "cannot be used", file=file, row=line, column=column, found=row.get(column, ""), wanted=wanted
            )
        return value

    def point(line: int, row: Mapping[str, str]) -> tuple[Fraction, Fraction]:
        try:
            x, y = cell_number(row.get("x", "")), cell_number(row.get("y", ""))
        except ValueError:
            raise InputError("cannot be used", file=file, row=line, column="x or y", wanted="coordinates") from None
        if max(abs(x), abs(y)) >= LARGEST:
            raise InputError("cannot be used", file=file, row=line, column="x or y", wanted="numbers below 1e15")
        return x, y

    sites = [(row["school"], row, line) for line, row in rows if row["school"]]
    has_travel = any(column.startswith(TRAVEL) for column in header)
    has_points = {"x", "y"} <= set(header)
    if not has_travel and not has_points:
        raise InputError("missing columns", file=file, row=1, wanted="x and y, or travel:SCHOOL for each school")
    seats = dict.fromkeys((school for school, _, _ in sites), Fraction(0))
    units = []
    for line, row in rows:
        count = int(number(line, row, "students", whole=True))
        if row["today"] not in seats:
            wanted = "one of " + ", ".join(list(seats)[:8])
            raise InputError("unknown school", file=file, row=line, column="today", found=row["today"], wanted=wanted)
        seats[row["today"]] += count
        members = tuple(int(number(line, row, GROUP + group, whole=True)) for group in groups)
        if sum(members) > count:
            raise InputError(
                "more students in groups than students",
                file=file,
                row=line,
                column=GROUP + groups[0] if len(groups) == 1 else None,
                found=sum(members),
                wanted=f"at most the {count} of unit {row['unit']}",
            )
        units.append(
            Unit(
                id=row["unit"],
                students=count,
                groups=members,
                today=row["today"],
                income=number(line, row, "income") if row.get("income") else None,
                point=point(line, row) if has_points else None,
            )
        )
    if "seats" in header:
        seats = {school: number(line, row, "seats") for school, row, line in sites}
    if has_travel:
        travel = tuple(tuple(number(line, row, TRAVEL + school) for school, _, _ in sites) for line, row in rows)
    else:

        def place(line: int, row: Mapping[str, str]) -> tuple[Fraction, Fraction]:
            x, y = point(line, row)
            return x * scale[0], y * scale[1]

        ends = [place(line, row) for _, row, line in sites]
        travel = tuple(tuple(straight(place(line, row), end) for end in ends) for line, row in rows)
    return ZoneInstance(
        name=name,
        units=tuple(units),
        schools=tuple(School(school, row["unit"], seats[school]) for school, row, _ in sites),
        borders=tuple(borders),
        travel=travel,
        group_names=tuple(groups),
        group=groups[0],
        repairs=repairs,
        outline=outline,
    )


def is_csv(source: Source) -> bool:
    """Whether a file is meant to be a table of units."""
    return source.has("unit", "students", names=NAMES)


def is_geojson(source: Source) -> bool:
    """Whether a file is meant to be a city of polygons."""
    return source.path.suffix == ".geojson"
