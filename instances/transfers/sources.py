"""Transfer instances: the two-table layout, Alameda County and its parts, planar counties by seed."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import networkx as nx
from fairbound.instances.core.entry import Entry, FileFormat, Generator, need_file
from fairbound.instances.core.geojson import Ring, read_features
from fairbound.instances.core.source import Source
from fairbound.instances.core.tables import (
    LARGEST,
    Count,
    Text,
    cell_number,
    check_header,
    read_rows,
    validate_rows,
    write_csv,
)
from fairbound.instances.core.totals import check_totals
from fairbound.instances.transfers.planar import planar
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import decimal_text
from fairbound.models.transfers import District, Kind, Measure, TransferInstance
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from fairbound.models.transfers.instance import Outline

DISTRICTS = "transfers/alameda_1819.csv"
BORDERS = "transfers/alameda_adjacency.csv"
KNOWN = ("district", "nces_leaid", "enroll", "teachers", "local_revenue", "current_expense_usd", "ada", "x", "y")
"""Columns that are no group of students; so are those that begin with ``per_student:`` or ``students_per:``."""
MERGED, DROPPED = {"filipino": "asian"}, ("notrep",)
"""Groups as the Common Core of Data has them: what California counts apart, and what it adds."""
PLANAR_SIZES = (9, 17, 50, 100, 200)


class DistrictRow(BaseModel):
    """Columns that every district table has; groups and measures are further columns."""

    district: Text
    enroll: Count


class BorderRow(BaseModel):
    """Columns of a border table."""

    a: Text
    b: Text


NAMES: dict[str, tuple[str, ...]] = {"district": (), "enroll": ("enrolled", "enrollment", "totalenrollment")}


def load_csv(given: Path | Source, borders: Path | None = None, name: str | None = None) -> TransferInstance:
    """Read districts and their borders.

    The first table has ``district``, ``enroll``, and one column for each group of students; they add
    up to ``enroll``. ``teachers`` (students per teacher) and ``local_revenue`` (dollars per student)
    are measures, as are columns called ``students_per:NAME`` and ``per_student:NAME``; ``x`` and ``y``
    place a district on a map. The second table has ``a`` and ``b``, a border in each row: all once, or
    all both ways. It is looked for beside the first: ``county_borders.csv`` or
    ``county_adjacency.csv`` for ``county.csv`` and ``county_1819.csv``. Polygons for maps may stand there too,
    as ``county.geojson``: a feature with the property ``district`` for each district.

    Raises
    ------
    InputError
        With file, row and column, for anything that cannot be meant.
    """
    source = Source.of(given)
    path = source.path
    header, rows = source.table(NAMES)
    check_header(path, header, DistrictRow)
    groups = tuple(c for c in header if c not in KNOWN and ":" not in c)
    if not groups:
        raise InputError("no groups", file=str(path), row=1, wanted="a column for each group of students")
    typed = validate_rows(path, rows, DistrictRow)
    first_line: dict[str, int] = {}
    districts = []
    for (line, row), (_, cells) in zip(typed, rows, strict=True):
        if row.district in first_line:
            raise InputError(
                "duplicate district", file=str(path), row=line, column="district", found=row.district,
                wanted=f"each district once (it stands in row {first_line[row.district]} too)",
            )  # fmt: skip
        first_line[row.district] = line
        counts = tuple(_cell(path, line, cells, group) for group in groups)
        if sum(counts) != row.enroll:
            raise InputError(
                "counts do not add up", file=str(path), row=line, column="enroll",
                found=decimal_text(row.enroll), wanted=f"{decimal_text(sum(counts, Fraction(0)))}, the sum of "
                + ", ".join(groups),
            )  # fmt: skip
        if not row.enroll:
            raise InputError(
                "a district with no students", file=str(path), row=line, column="enroll", found="0", wanted="above 0"
            )
        point = None
        if "x" in header and "y" in header:
            point = (_cell(path, line, cells, "x", signed=True), _cell(path, line, cells, "y", signed=True))
        districts.append(District(row.district, counts, point))
    source.check_alike("district", first_line)
    check_totals(
        str(path),
        [line for line, _ in rows],
        [(d.id,) for d in districts],
        [(sum(d.counts, Fraction(0)), *d.counts) for d in districts],
    )
    return TransferInstance(
        name=name or source.name,
        groups=groups,
        districts=tuple(districts),
        borders=read_borders(borders or _beside(path), first_line),
        measures=tuple(_measures(path, header, rows)),
        outline=_outline(path, first_line),
    )


def _cell(path: Path, line: int, cells: Mapping[str, str], column: str, signed: bool = False) -> Fraction:
    try:
        value = cell_number(cells[column])
    except ValueError:
        raise InputError(
            "cannot be used", file=str(path), row=line, column=column, found=cells[column], wanted="a number"
        ) from None
    if (value < 0 and not signed) or abs(value) >= LARGEST:
        wanted = "a number below 1e15" if abs(value) >= LARGEST else "at least 0"
        raise InputError("cannot be used", file=str(path), row=line, column=column, found=cells[column], wanted=wanted)
    return value


def _measures(path: Path, header: Sequence[str], rows: Sequence[tuple[int, dict[str, str]]]) -> list[Measure]:
    measures = []
    for column in header:
        kind, colon, name = column.partition(":")
        if column in ("teachers", "local_revenue"):
            kind, name = (Kind.STUDENTS_PER if column == "teachers" else Kind.PER_STUDENT), column
        elif not colon:
            continue
        if kind not in list(Kind) or not name:
            wanted = "students_per:NAME or per_student:NAME"
            raise InputError("unknown kind of measure", file=str(path), row=1, column=column, wanted=wanted)
        amounts = tuple(_cell(path, line, cells, column) for line, cells in rows)
        for (line, _), amount in zip(rows, amounts, strict=True):
            if kind == Kind.STUDENTS_PER and not amount:
                raise InputError(
                    "students per nothing", file=str(path), row=line, column=column, found="0", wanted="above 0"
                )
        measures.append(Measure(name, Kind(kind), amounts))
    return measures


def _stems(path: Path) -> list[str]:
    """What names of files that belong to a district table begin with: ``county_1819`` and ``county``."""
    return [path.stem, *([path.stem.rpartition("_")[0]] if "_" in path.stem else [])]


def _outline(path: Path, known: Mapping[str, int]) -> Outline:
    """Polygons of the districts, where a GeoJSON file stands beside the table; for maps only."""
    file = next((f for f in (path.with_name(f"{stem}.geojson") for stem in _stems(path)) if f.is_file()), None)
    if file is None:
        return ()
    rings: dict[str, tuple[Ring, ...]] = {}
    for feature in read_features(file, "district")[0]:
        number, district = feature.number, feature.cells.get("district", "")
        if district not in known:
            found, wanted = district or "nothing", nearest(district, sorted(known))
            raise InputError(
                "unknown district", file=str(file), row=number, column="district", found=found, wanted=wanted
            )
        if district in rings:
            wanted = "one feature for each district"
            raise InputError(
                "duplicate district", file=str(file), row=number, column="district", found=district, wanted=wanted
            )
        rings[district] = feature.rings
    for district, line in known.items():
        if district not in rings:
            wanted = f"a feature for {district} (row {line} of {path.name})"
            raise InputError("a district without a polygon", file=str(file), column="district", wanted=wanted)
    return tuple(rings.items())


def _beside(path: Path) -> Path:
    """The border table that belongs to a district table."""
    tried = [path.with_name(f"{stem}_{word}.csv") for stem in _stems(path) for word in ("borders", "adjacency")]
    for candidate in tried:
        if candidate.is_file():
            return candidate
    names = " or ".join(candidate.name for candidate in tried)
    raise InputError("no border table beside it", file=str(path), wanted=names)


def read_borders(path: Path, known: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    """Read pairs of neighbours, each once or all both ways; raises ``InputError``."""
    header, rows = read_rows(path)
    check_header(path, header, BorderRow)
    lines: dict[tuple[str, str], int] = {}
    for line, row in validate_rows(path, rows, BorderRow):
        for column, end in (("a", row.a), ("b", row.b)):
            if end not in known:
                raise InputError(
                    "unknown district", file=str(path), row=line, column=column, found=end,
                    wanted=nearest(end, sorted(known)),
                )  # fmt: skip
        if row.a == row.b:
            raise InputError("border with itself", file=str(path), row=line, column="b", found=row.b)
        if (row.a, row.b) in lines:
            wanted = f"each once (it stands in row {lines[row.a, row.b]} too)"
            raise InputError("duplicate border", file=str(path), row=line, found=f"{row.a}, {row.b}", wanted=wanted)
        lines[row.a, row.b] = line
    if any((b, a) in lines for a, b in lines):
        for (a, b), line in lines.items():
            if (b, a) not in lines:
                raise InputError(
                    "asymmetric borders: others stand both ways", file=str(path), row=line, found=f"{a}, {b}",
                    wanted=f"{b}, {a} too, or every border once",
                )  # fmt: skip
    return tuple(sorted({(min(pair), max(pair)) for pair in lines}))


def write_tables(instance: TransferInstance, path: Path) -> list[Path]:
    """Write an instance in the two-table layout; returns both paths."""
    borders = path.with_name(f"{path.stem}_borders.csv")
    districts, pairs = table_rows(instance)
    write_csv(path, districts)
    write_csv(borders, pairs)
    return [path, borders]


def table_rows(instance: TransferInstance) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The two tables of an instance: districts and borders."""
    rows = []
    for i, (district, size) in enumerate(zip(instance.districts, instance.sizes, strict=True)):
        row = {"district": district.id, "enroll": decimal_text(size)}
        row |= {group: decimal_text(count) for group, count in zip(instance.groups, district.counts, strict=True)}
        for measure in instance.measures:
            plain = measure.name in ("teachers", "local_revenue")
            column = measure.name if plain else f"{measure.kind.value}:{measure.name}"
            row[column] = decimal_text(measure.amounts[i])
        if district.point is not None:
            row |= {"x": decimal_text(district.point[0]), "y": decimal_text(district.point[1])}
        rows.append(row)
    return rows, [{"a": a, "b": b} for a, b in instance.borders]


def merge_groups(instance: TransferInstance) -> TransferInstance:
    """Groups as the Common Core of Data has them: Filipino students are Asian, unreported ones left out."""
    kept = tuple(g for g in instance.groups if g not in MERGED and g not in DROPPED)
    districts = []
    for district in instance.districts:
        counts = dict.fromkeys(kept, Fraction(0))
        for group, count in zip(instance.groups, district.counts, strict=True):
            if group not in DROPPED:
                counts[MERGED.get(group, group)] += count
        districts.append(replace(district, counts=tuple(counts.values())))
    repairs = ("Filipino students counted as Asian; students without a reported group left out",)
    return replace(instance, groups=kept, districts=tuple(districts), repairs=repairs)


def alameda(name: str) -> TransferInstance:
    """The 17 unified districts of Alameda County in 2018-19, with stand-ins for the two missing columns.

    Revenue is the current expense of each district (a proxy: it is not local revenue); teachers are
    synthetic, one for 18 to 25 students.
    """
    path = need_file(name, DISTRICTS)
    raw = load_csv(path, need_file(name, BORDERS), name)
    merged = merge_groups(raw)
    expense = tuple(_cell(path, line, cells, "current_expense_usd") for line, cells in read_rows(path)[1])
    teachers = []
    for district, size in zip(merged.districts, merged.sizes, strict=True):
        ratio = random.Random(district.id).randint(180, 250)
        teachers.append(Fraction(max(1, round(size * 10 / ratio))))
    measures = (
        Measure("teachers", Kind.STUDENTS_PER, tuple(teachers), "synthetic, 18 to 25 students each"),
        Measure("local_revenue", Kind.PER_STUDENT, expense, "proxy: current expense"),
    )
    return replace(merged, measures=measures)


def part(instance: TransferInstance, count: int, name: str) -> TransferInstance:
    """The first districts that a breadth-first walk from the first one meets, with the borders among them."""
    graph: nx.Graph = nx.Graph()
    graph.add_nodes_from(range(len(instance.districts)))
    graph.add_edges_from(instance.arcs)
    walk = [0, *(j for _, j in nx.bfs_edges(graph, 0, sort_neighbors=sorted))]
    chosen = sorted(walk[:count])
    ids = {instance.districts[i].id for i in chosen}
    return replace(
        instance,
        name=name,
        districts=tuple(instance.districts[i] for i in chosen),
        borders=tuple((a, b) for a, b in instance.borders if a in ids and b in ids),
        outline=tuple(shape for shape in instance.outline if shape[0] in ids),
        measures=tuple(replace(m, amounts=tuple(m.amounts[i] for i in chosen)) for m in instance.measures),
    )


def _load_part(name: str) -> TransferInstance:
    text = name.removeprefix("transfers/alameda/")
    if not text.isdigit() or not 2 <= int(text) <= 17:
        raise InputError("unknown instance", found=name, wanted="transfers/alameda/2 to transfers/alameda/17")
    return part(alameda(name), int(text), name)


def _load_planar(name: str) -> TransferInstance:
    text = name.removeprefix("transfers/planar/")
    count, _, seed = text.partition("-")
    if not count.isdigit() or not (seed or "1").isdigit() or int(count) < 1:
        raise InputError("unknown instance", found=name, wanted="transfers/planar/N or N-SEED, for example 50-1")
    return replace(planar(int(count), int(seed or 1)), name=name)


def _recognises(source: Source) -> bool:
    """Whether a file's header is meant to be that of a district table."""
    return source.has("district", "enroll", names=NAMES)


PUBLIC = "figures of public agencies"
ENTRIES = (
    Entry(
        "transfers/planar9",
        "9 districts of a made-up county, with teachers and revenue",
        "generated (planar, seed 1)",
        lambda name: replace(planar(9, 1), name=name),
    ),
    Entry(
        "transfers/alameda17",
        "17 unified districts of Alameda County 2018-19 (teachers synthetic, revenue a proxy)",
        "California Department of Education enrolment; borders of Census 2012",
        alameda,
        file=DISTRICTS,
        licence=PUBLIC,
    ),
    Entry(
        "transfers/alameda/*",
        "connected parts of Alameda County: transfers/alameda/10 has 10 districts",
        "as transfers/alameda17",
        _load_part,
        file=DISTRICTS,
        licence=PUBLIC,
        members=lambda: [f"transfers/alameda/{count}" for count in range(2, 18)],
    ),
    Entry(
        "transfers/planar/*",
        "made-up counties of any size: transfers/planar/50 (seed 1), transfers/planar/50-2 (seed 2)",
        "generated",
        _load_planar,
        members=lambda: [f"transfers/planar/{count}" for count in PLANAR_SIZES],
    ),
)


def _make_planar(settings: Mapping[str, str], seed: int) -> dict[str, str]:
    """A made-up county as the texts of its two tables."""
    n = settings["n"].strip()
    if not (n.isdecimal() and n.isascii() and int(n) >= 2):
        raise InputError("planar: n", found=settings["n"], wanted="a whole number of districts, at least 2")
    return dict(zip(("", "_borders"), map(_csv_text, table_rows(planar(int(n), seed))), strict=True))


def _csv_text(rows: Sequence[Mapping[str, str]]) -> str:
    with io.StringIO(newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()


GENERATORS = (
    Generator("transfers", "planar", "a county of n districts on a plane", {"n": None}, _make_planar, "county.csv"),
)
TEMPLATE = {
    "": (
        "district,enroll,black,hispanic,white,teachers",
        "North,900,300,200,400,45",
        "South,1200,100,300,800,70",
        "West,600,250,250,100,28",
    ),
    "_borders": ("a,b", "North,South", "South,West"),
}
FORMATS = (
    FileFormat("transfers", "a CSV with the columns district and enroll", _recognises, load_csv, ("alike",), TEMPLATE),
)
