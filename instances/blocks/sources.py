"""Zoning instances: the JSON graph layout and the catalogue."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.instances.blocks import tables as cities
from fairbound.instances.blocks.city import Campuses
from fairbound.instances.blocks.grid_city import grid_city
from fairbound.instances.blocks.layout import nearest_by_network, travel_to
from fairbound.instances.core.entry import Entry, FileFormat, Generator, need_file
from fairbound.instances.core.source import Source
from fairbound.instances.core.tables import LARGEST
from fairbound.models.blocks import Border, School, Unit, ZoneInstance
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text, parse_number
from fairbound.models.core.text import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_FIELDS = ("n", "k", "roots", "students", "group", "xy", "edges")
_OPTIONAL = ("name", "ids", "school_ids", "group_name", "assignment", "seats", "income")


def load_json(given: Path | Source, name: str | None = None) -> ZoneInstance:
    """Read a city from the JSON graph layout.

    ``roots[j]`` is the unit of school j, ``students[i]`` and ``group[i]`` count a unit's students
    and those of the group, ``xy[i]`` is its point and ``edges`` are pairs of neighbours; units are
    numbered from 0. Optional: ``ids``, ``school_ids``, ``group_name``, ``assignment`` (today's
    school of each unit), ``seats``, ``income``. Without an assignment each unit's school of today
    is the nearest over the adjacency network; without seats they are today's students.

    Raises
    ------
    InputError
        With the field, for anything that cannot be meant.
    """
    source = Source.of(given)
    path, data = source.path, source.document()
    if not isinstance(data, dict):
        raise InputError("not a JSON object", file=str(path), wanted="one with " + ", ".join(_FIELDS))
    ignored = [short(field) for field in data if field not in (*_FIELDS, *_OPTIONAL)]
    if ignored:
        source.notes.append(f"fields that are not read: {', '.join(ignored)}")
    return _city(_Reader(str(path), data), name or path.stem)


class _Reader:
    """Fields of a JSON object, each checked on its way out."""

    def __init__(self, file: str, data: Mapping[str, Any]) -> None:
        self.file, self.data = file, data
        for field in _FIELDS:
            if field not in data:
                raise InputError("missing field", file=file, column=field, wanted=", ".join(_FIELDS))

    def wrong(self, field: str, found: object, wanted: str) -> InputError:
        return InputError("cannot be used", file=self.file, column=field, found=found, wanted=wanted)

    def values(self, field: str, length: int) -> list[Any]:
        values = self.data[field]
        if not isinstance(values, list) or len(values) != length:
            found = f"{len(values)} values" if isinstance(values, list) else short(values)
            raise self.wrong(field, found, f"a list of {length}")
        return values

    def whole(self, field: str, value: Any, below: int | None = None) -> int:
        most = LARGEST if below is None else below
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < most:
            wanted = f"a whole number, at least 0 and below {'1e15' if below is None else below}"
            raise self.wrong(field, value, wanted)
        return value

    def number(self, field: str, value: Any) -> Fraction:
        try:
            # Text comes from the file digit by digit; a generated float is written out first.
            number = parse_number("" if isinstance(value, bool) else str(value))
        except ValueError:
            raise self.wrong(field, value, "a number") from None
        if abs(number) >= LARGEST:
            raise self.wrong(field, value, "a number below 1e15")
        return number

    def texts(self, field: str, length: int) -> list[str]:
        return [str(value) for value in self.values(field, length)]


def _city(reader: _Reader, name: str) -> ZoneInstance:
    data = reader.data
    n, k = reader.whole("n", data["n"]), reader.whole("k", data["k"])
    if not n or not k:
        raise reader.wrong("n" if not n else "k", 0, "at least one unit and one school")
    roots = [reader.whole("roots", root, n) for root in reader.values("roots", k)]
    students = [reader.whole("students", count) for count in reader.values("students", n)]
    group = [reader.whole("group", count) for count in reader.values("group", n)]
    for i, (part, whole) in enumerate(zip(group, students, strict=True)):
        if part > whole:
            raise reader.wrong("group", f"{part} in unit {i}", f"at most its {whole} students")
    points = []
    for pair in reader.values("xy", n):
        if not isinstance(pair, list) or len(pair) != 2:
            raise reader.wrong("xy", pair, "pairs of numbers")
        points.append((reader.number("xy", pair[0]), reader.number("xy", pair[1])))
    edges = []
    for pair in data["edges"]:
        if not isinstance(pair, list) or len(pair) != 2:
            raise reader.wrong("edges", pair, "pairs of units")
        one, other = (reader.whole("edges", end, n) for end in pair)
        if one == other:
            raise reader.wrong("edges", pair, "two different units")
        edges.append((one, other))
    ids = reader.texts("ids", n) if "ids" in data else [str(i) for i in range(n)]
    school_ids = reader.texts("school_ids", k) if "school_ids" in data else [f"s{j}" for j in range(k)]
    if "assignment" in data:
        today = [reader.whole("assignment", j, k) for j in reader.values("assignment", n)]
    else:
        today = nearest_by_network(points, edges, roots)
    seats = [Fraction(0)] * k
    for home, count in zip(today, students, strict=True):
        seats[home] += count
    if "seats" in data:
        seats = [reader.number("seats", value) for value in reader.values("seats", k)]
    incomes: Sequence[Fraction | None] = [None] * n
    if "income" in data:
        incomes = [None if v is None else reader.number("income", v) for v in reader.values("income", n)]
        if any(income is not None and income < 0 for income in incomes):
            least = min(income for income in incomes if income is not None)
            raise InputError(
                "income below 0", file=reader.file, found=decimal_text(least), wanted="null where it is unknown"
            )
    units = tuple(Unit(ids[i], students[i], (group[i],), school_ids[today[i]], incomes[i], points[i]) for i in range(n))
    group_name = str(data.get("group_name", "group"))
    borders = [Border(ids[one], ids[other]) for one, other in sorted({(min(e), max(e)) for e in edges})]
    stands = [(school_ids[j], ids[roots[j]]) for j in range(k)]
    campuses = Campuses.of(units, stands, borders, travel_to(points, roots))
    return ZoneInstance(
        name=name,
        units=campuses.units,
        schools=tuple(
            School(school, campuses.where[school, unit], seats[j]) for j, (school, unit) in enumerate(stands)
        ),
        borders=campuses.borders,
        travel=campuses.travel,
        group_names=(group_name,),
        group=group_name,
        repairs=campuses.notes,
    )


def _recognises(source: Source) -> bool:
    """Whether a file is meant to be of the JSON graph layout."""
    if source.path.suffix != ".json":
        return False
    data = source.document_or_none()
    return isinstance(data, dict) and not {"roots", "edges"}.isdisjoint(data)


def _real(name: str, file: str, summary: str, origin: str) -> Entry:
    return Entry(
        name, summary, origin, lambda name: load_json(need_file(name, file), name), file, licence="census figures"
    )


def grid100(name: str) -> ZoneInstance:
    """The embedded city: 100 units and 4 schools, generated."""
    return _city(_Reader(name, grid_city(100, 4, 1)), name)


def _grid(n: int, k: int) -> Entry:
    """A larger generated city, for benchmarks: the generator's seed is 1."""
    name = f"blocks/grid{n}"
    return Entry(
        name,
        f"a generated city: {n:,} units, {k} schools",
        "generated: grid, seed 1",
        lambda name: _city(_Reader(name, grid_city(n, k, 1)), name),
    )


ENTRIES = (
    Entry("blocks/grid100", "a small generated city: 100 units, 4 schools", "generated: grid, seed 1", grid100),
    _grid(1000, 15),
    _grid(2000, 20),
    _real(
        "blocks/sf194",
        "blocks/sf_tract2010_k6.json",
        "194 census tracts of San Francisco, 6 school sites (students and sites synthetic)",
        "2010 Census; geometry of the San Francisco Chronicle's sf-shapefiles",
    ),
    _real(
        "blocks/nm498",
        "blocks/nm_tract_k12.json",
        "498 census tracts of New Mexico, 12 school sites (students and sites synthetic)",
        "2010 Census through Political-Districting-to-Minimize-Cut-Edges",
    ),
    _real(
        "blocks/la1124",
        "blocks/la_tract_k30.json",
        "1,124 census tracts of Louisiana, 30 school sites (students and sites synthetic)",
        "2010 Census through Political-Districting-to-Minimize-Cut-Edges",
    ),
)


def _make_grid(settings: Mapping[str, str], seed: int) -> dict[str, str]:
    """A grid city as JSON text."""
    sizes = {}
    for key in ("n", "k"):
        if not settings[key].strip().isdigit():
            raise InputError(f"grid: {key}", found=settings[key], wanted="a whole number")
        sizes[key] = int(settings[key])
    try:
        segregation = float(parse_number(settings["segregation"]))
    except ValueError:
        raise InputError("grid: segregation", found=settings["segregation"], wanted="a number such as 1") from None
    return {"": json.dumps(grid_city(sizes["n"], sizes["k"], seed, segregation)) + "\n"}


GENERATORS = (
    Generator(
        "blocks",
        "grid",
        "a grid city of n units and k schools",
        {"n": None, "k": None, "segregation": "1"},
        _make_grid,
        "city.json",
    ),
)
TEMPLATE = {
    "": (
        "unit,students,group:low_income,today,school,seats,x,y,neighbours",
        "A,120,60,Alder,Alder,230,0,0,B;C",
        "B,90,20,Alder,,,1,0,A;D",
        "C,100,70,Birch,,,0,1,A;D",
        "D,110,30,Birch,Birch,230,1,1,B;C",
    )
}
FORMATS = (
    FileFormat("blocks", "a JSON graph with roots and edges", _recognises, load_json),
    FileFormat(
        "blocks",
        "a CSV with the columns unit and students",
        cities.is_csv,
        cities.load_csv,
        ("alike",),
        TEMPLATE,
    ),
    FileFormat(
        "blocks",
        "a GeoJSON, GeoPackage or shapefile of units",
        cities.is_polygons,
        cities.load_geojson,
        ("shapes", "alike"),
    ),
    FileFormat(
        "blocks", "a dual graph with nodes and adjacency", cities.is_dual_graph, cities.load_dual_graph, ("alike",)
    ),
)
