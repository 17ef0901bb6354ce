"""Cities from files: a table of units, polygons (GeoJSON, GeoPackage, shapefile), or a dual graph.

Columns, or properties, of a unit are those of ``city``, and ``neighbours``: unit ids joined by ``;``.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.instances.blocks.borders import shared_borders
from fairbound.instances.blocks.city import PLANE, TRAVEL, Row, city_of
from fairbound.instances.blocks.layout import kilometres
from fairbound.instances.core.geojson import GEO, Ring, read_features
from fairbound.instances.core.source import Source, plain_geoid
from fairbound.instances.core.tables import cell_number
from fairbound.models.blocks import Border, ZoneInstance
from fairbound.models.core.errors import InputError
from fairbound.models.core.text import LONGEST, clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NAMES: dict[str, tuple[str, ...]] = {
    "unit": ("geoid", "geoid10", "geoid20"),
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
    source.check_alike("unit", {row.get("unit", ""): line for line, row in rows})
    return city_of(str(path), source.name, header, rows, [Border(*pair) for pair in borders], (), ())


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
    the centroid of its area as its point.

    Raises
    ------
    InputError
        For text that is no feature collection, for rings that are not closed, for polygons that cross
        themselves, have no area or overlap within a unit, for units that overlap, and for coordinates that are not
        what the file says of them.
    """
    source = Source.of(given)
    path = source.path
    rows: list[Row] = []
    outline: dict[str, tuple[Ring, ...]] = {}
    shapes, placed = {}, False
    features, system = read_features(source, "unit", NAMES)
    if system:
        source.notes.append(f"coordinates are of {clean(system)[:LONGEST]}")
    for feature in features:
        unit, number, cells = feature.name, feature.number, feature.cells
        if unit in shapes:
            raise InputError("duplicate unit", file=str(path), row=number, found=unit, wanted="each unit once")
        shapes[unit] = feature.shape
        outline[unit] = feature.rings
        centre = feature.shape.centroid
        placed |= bool(cells.get("x") or cells.get("y"))
        for axis, column in enumerate(("x", "y")):
            if not cells.get(column):
                cells[column] = str(round((centre.x, centre.y)[axis], 6))
        rows.append((number, cells))
    source.check_alike("unit", {unit: line for unit, (line, _) in zip(shapes, rows, strict=True)})
    rows = [(line, prefixed(cells)) for line, cells in joined(source, rows)]
    header = list(dict.fromkeys(column for _, cells in rows for column in cells))
    borders, touching = shared_borders(str(path), shapes)
    dropped = "1 contact at a point is no border" if touching == 1 else f"{touching} contacts at points are no borders"
    repairs = (dropped,) if touching else ()
    known = {(border.one, border.other) for border in borders}
    added = [pair for pair in named_borders(str(path), rows) if pair not in known and pair[::-1] not in known]
    if added:
        borders = [*borders, *(Border(*pair) for pair in added)]
        repairs = (*repairs, f"{len(added)} borders are added by the property neighbours")
    points = [point for rings in outline.values() for ring in rings for point in ring]
    exact = {value: Fraction(str(value)) for point in points for value in point}
    corners = [(exact[x], exact[y]) for x, y in points]
    # Points of its own may be on another plane.
    scale = None if placed else kilometres(corners, source.file, system)
    if scale is not None and not any(column.startswith(TRAVEL) for column in header):
        repairs = (*repairs, "coordinates are degrees: travel is straight lines in kilometres")
    return city_of(str(path), path.stem, header, rows, borders, repairs, tuple(outline.items()), scale or PLANE)


def load_dual_graph(given: Path | Source) -> ZoneInstance:
    """Read a city from a dual graph as GerryChain writes it: units are nodes, their columns its attributes.

    ``shared_perim`` of an edge is the length of the border. Columns that the graph lacks may stand in tables beside it
    (``joined``).

    Raises
    ------
    InputError
        For a graph that is none, and as ``city_of`` does.
    """
    source = Source.of(given)
    file, data = source.file, source.document()
    if not is_graph(data):
        raise InputError("no dual graph", file=file, wanted="nodes, and adjacency or links")
    nodes = data["nodes"]
    if not nodes or not all(isinstance(node, dict) and "id" in node for node in nodes):
        raise InputError("no dual graph", file=file, column="nodes", wanted="objects with an id")
    header = list(dict.fromkeys(str(key) for node in nodes for key in node if key != "id"))
    renamed = source.renamed(header, NAMES)
    names: dict[str, str] = {}
    taken: set[str] = set()
    rows: list[Row] = []
    for number, node in enumerate(nodes, start=1):
        cells = {renamed.get(key, key): "" if v is None else str(v) for key, v in node.items() if key != "id"}
        cells["unit"] = cells.get("unit") or str(node["id"])
        if str(node["id"]) in names or cells["unit"] in taken:
            raise InputError("duplicate unit", file=file, row=number, found=cells["unit"], wanted="each unit once")
        names[str(node["id"])] = cells["unit"]
        taken.add(cells["unit"])
        rows.append((number, cells))
    source.check_alike("unit", {cells["unit"]: number for number, cells in rows})
    rows = [(line, prefixed(cells)) for line, cells in joined(source, rows)]
    header = list(dict.fromkeys(column for _, cells in rows for column in cells))
    return city_of(file, source.name, header, rows, _edges(file, data, names), ())


def is_graph(data: Any) -> bool:
    """Whether a JSON document is a graph of nodes and adjacency, or of nodes and links."""
    return isinstance(data, dict) and isinstance(data.get("nodes"), list) and bool({"adjacency", "links"} & set(data))


def _edges(file: str, data: Mapping[str, Any], names: Mapping[str, str]) -> list[Border]:
    lengths: dict[tuple[str, str], Fraction | None] = {}
    try:
        if "adjacency" in data:
            ids = [str(node["id"]) for node in data["nodes"]]
            pairs = [(ids[i], edge["id"], edge) for i, edges in enumerate(data["adjacency"]) for edge in edges]
        else:
            pairs = [(str(edge["source"]), edge["target"], edge) for edge in data["links"]]
        for one, other, edge in pairs:
            ends = sorted((names[one], names[str(other)]))
            length = edge.get("shared_perim")
            if ends[0] != ends[1]:
                lengths[ends[0], ends[1]] = None if length is None else cell_number(str(length))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError("no dual graph", file=file, found=str(error), wanted="edges between its nodes") from None
    return [Border(one, other, length) for (one, other), length in sorted(lengths.items())]


JOINED = ("units", "assignment")
LARGEST_LOSS = Fraction(1, 2)
"""Share of rows beside a city that belong to no unit of it, beyond which they are of another one."""


def prefixed(cells: Mapping[str, str]) -> dict[str, str]:
    """Cells with ``group_NAME`` and ``travel_NAME`` called as elsewhere: shapefiles know no colon."""
    return {re.sub(r"^(group|travel)_", r"\1:", column): text for column, text in cells.items()}


def joined(source: Source, rows: Sequence[Row]) -> list[Row]:
    """Rows with the columns of the tables beside the file: ``city_units.csv`` and ``city_assignment.csv``.

    They join by the unit's id, without what spreadsheets and the Census add or lose. A column of the table takes the
    place of the file's.

    Raises ``InputError`` for a table of another city.
    """
    found = [(line, dict(cells)) for line, cells in rows]
    units = {plain_geoid(cells.get("unit", "")): cells for _, cells in found}
    for word in JOINED:
        for beside in source.siblings():
            if beside.path.stem != f"{source.path.stem}_{word}":
                continue
            header, more = source.beside(beside.path, NAMES)
            if "unit" not in header:
                raise InputError("missing column", file=beside.file, row=1, column="unit", wanted="ids of units")
            lost = [cells["unit"] for _, cells in more if plain_geoid(cells["unit"]) not in units]
            if len(lost) > LARGEST_LOSS * len(more):
                wanted = f"units of {source.path.name}"
                raise InputError("units of another city", file=beside.file, found=f"{len(lost)} rows", wanted=wanted)
            for _, cells in more:
                mine = units.get(plain_geoid(cells["unit"]))
                if mine is not None:
                    mine.update({column: text for column, text in cells.items() if column != "unit"})
            source.notes.append(f"{beside.path.name}: {len(more) - len(lost)} rows joined, {len(lost)} not")
    return list(found)


def is_csv(source: Source) -> bool:
    """Whether a file is meant to be a table of units."""
    return source.has("unit", "students", names=NAMES)


def is_polygons(source: Source) -> bool:
    """Whether a file is meant to be a city of polygons."""
    return source.path.suffix.lower() in (".geojson", *GEO)


def is_dual_graph(source: Source) -> bool:
    """Whether a file is meant to be a dual graph."""
    return source.path.suffix == ".json" and is_graph(source.document_or_none())
