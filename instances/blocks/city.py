"""A city from rows of units, whatever file they came from: schools, campuses, seats, travel.

Columns of a unit: ``unit``, ``students``, one column ``group:NAME`` for each group, ``today`` (school id), ``school``
(ids of the schools that stand in the unit, joined by ``;``); optional ``income``, ``x`` and ``y``, ``seats`` (as many
as schools, joined by ``;``), and ``travel:SCHOOL``, where an empty cell says that the unit may not attend the school.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from fairbound.instances.blocks.layout import straight_rows
from fairbound.instances.core.geojson import Ring
from fairbound.instances.core.tables import LARGEST, cell_number
from fairbound.models.blocks import Border, School, Unit, ZoneInstance
from fairbound.models.core.errors import InputError

GROUP, TRAVEL = "group:", "travel:"
NEEDED = ("unit", "students", "today", "school")
PLANE = (Fraction(1), Fraction(1))
"""Distances in the units of the coordinates."""
Row = tuple[int, Mapping[str, str]]
Outline = tuple[tuple[str, tuple[Ring, ...]], ...]


@dataclass(frozen=True)
class Site:
    """A school in a unit: the row of the unit, and the text of its seats."""

    school: str
    row: Row
    seats: str


@dataclass(frozen=True)
class Cells:
    """Reads the cells of a file's rows; raises ``InputError`` for those that cannot be used."""

    file: str

    def number(self, row: Row, column: str, whole: bool = False, text: str | None = None) -> Fraction:
        """A number, at least 0; raises ``InputError`` for any other cell."""
        found = row[1].get(column, "") if text is None else text
        try:
            value = cell_number(found)
        except ValueError:
            value = Fraction(-1)
        if not 0 <= value < LARGEST or (whole and value.denominator != 1):
            wanted = "a whole number, at least 0" if whole else "a number, at least 0"
            raise InputError("cannot be used", file=self.file, row=row[0], column=column, found=found, wanted=wanted)
        return value

    def point(self, row: Row) -> tuple[Fraction, Fraction]:
        """Coordinates; raises ``InputError`` for any other cells."""
        try:
            x, y = cell_number(row[1].get("x", "")), cell_number(row[1].get("y", ""))
        except ValueError:
            raise InputError(
                "cannot be used", file=self.file, row=row[0], column="x or y", wanted="coordinates"
            ) from None
        if max(abs(x), abs(y)) >= LARGEST:
            raise InputError("cannot be used", file=self.file, row=row[0], column="x or y", wanted="numbers below 1e15")
        return x, y


def city_of(
    file: str,
    name: str,
    header: Sequence[str],
    rows: Sequence[Row],
    borders: Sequence[Border],
    repairs: Sequence[str],
    outline: Outline = (),
    scale: tuple[Fraction, Fraction] = PLANE,
) -> ZoneInstance:
    """The city of some rows.

    A school that stands in several units has several campuses: all of them are in its zone, and hold it together.
    Each school of a unit with several has a campus of its own beside it, without students.

    Raises
    ------
    InputError
        With file, row and column, for anything that cannot be meant.
    """
    cells = Cells(file)
    groups = [column.removeprefix(GROUP) for column in header if column.startswith(GROUP)]
    _check(file, header, rows, groups)
    sites = _sites(file, rows, "seats" in header)
    schools: dict[str, list[Site]] = {}
    for site in sites:
        schools.setdefault(site.school, []).append(site)
    has_points = {"x", "y"} <= set(header)
    if not has_points and not any(column.startswith(TRAVEL) for column in header):
        raise InputError("missing columns", file=file, row=1, wanted="x and y, or travel:SCHOOL for each school")
    units = [_unit(cells, row, groups, schools, has_points) for row in rows]
    seats = dict.fromkeys(schools, Fraction(0))
    for unit in units:
        seats[unit.today] += unit.students
    if "seats" in header:
        seats = {
            school: sum((cells.number(site.row, "seats", text=site.seats) for site in own), Fraction(0))
            for school, own in schools.items()
        }
    travel, barred = _travel(cells, header, rows, schools, scale)
    said = list(repairs)
    if barred:
        said.append(f"{len(barred)} pairs of a unit and a school without travel: the unit may not attend it")
    stands = [(site.school, site.row[1]["unit"]) for site in sites]
    campuses = Campuses.of(units, stands, borders, travel)
    forced, bridges = [], []
    for school, own in schools.items():
        first, *others = (campuses.where[school, site.row[1]["unit"]] for site in own)
        forced += [(campus, school) for campus in others]
        bridges += [(first, campus) for campus in others]
        if others:
            said.append(f"school {school} has {len(own)} campuses: {', '.join((first, *others))}")
    return ZoneInstance(
        name=name,
        units=campuses.units,
        schools=tuple(
            School(school, campuses.where[school, own[0].row[1]["unit"]], seats[school])
            for school, own in schools.items()
        ),
        borders=campuses.borders,
        travel=campuses.travel,
        group_names=tuple(groups),
        group=groups[0],
        forced=tuple(sorted(forced)),
        barred=tuple(sorted(barred)),
        bridges=tuple(bridges),
        repairs=(*said, *campuses.notes),
        outline=outline,
    )


@dataclass(frozen=True)
class Campuses:
    """A city in which each school stands in a unit of its own.

    Attributes
    ----------
    where
        The unit of each school, by the school and the unit that it was said to stand in.
    """

    units: tuple[Unit, ...]
    borders: tuple[Border, ...]
    travel: tuple[tuple[Fraction, ...], ...]
    where: Mapping[tuple[str, str], str]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        units: Sequence[Unit],
        stands: Sequence[tuple[str, str]],
        borders: Sequence[Border],
        travel: Sequence[tuple[Fraction, ...]],
    ) -> Campuses:
        """Give each school of a unit with several a campus beside it: a unit without students and as far from all.

        Parameters
        ----------
        stands
            Pairs of a school and the unit that it stands in.
        """
        count = Counter(unit for _, unit in stands)
        where = {(school, unit): unit for school, unit in stands}
        more, beside, rows = list(units), list(borders), list(travel)
        place = {unit.id: i for i, unit in enumerate(units)}
        for school, unit in stands:
            if count[unit] == 1 or unit not in place:
                continue
            campus, home = f"{unit} ({school})", units[place[unit]]
            where[school, unit] = campus
            more.append(Unit(campus, 0, (0,) * len(home.groups), school, None, home.point))
            rows.append(travel[place[unit]])
            ends = ((border.one, border.other) for border in borders)
            near = {other if one == unit else one for one, other in ends if unit in (one, other)}
            beside += [Border(campus, other) for other in sorted({unit, *near})]
        notes = []
        for unit in sorted(unit for unit, schools in count.items() if schools > 1):
            names = ", ".join(school for school, at in stands if at == unit)
            notes.append(f"unit {unit} holds several schools ({names}): each has a campus beside it, without students")
        return cls(tuple(more), tuple(beside), tuple(rows), where, tuple(notes))


def _check(file: str, header: Sequence[str], rows: Sequence[Row], groups: Sequence[str]) -> None:
    """Refuse a table that lacks a column, a property that some units lack, and a unit without a name."""
    for column in NEEDED if groups else (*NEEDED, "group:NAME"):
        if column not in header:
            wanted = ", ".join((*NEEDED, "group:NAME"))
            raise InputError("missing column", file=file, row=1, column=column, wanted=wanted)
    for line, row in rows:
        for column in NEEDED:
            if column not in row:
                wanted = "a value; null for none"
                raise InputError("missing property", file=file, row=line, column=column, wanted=wanted)
        if not row["unit"]:
            raise InputError("no name", file=file, row=line, column="unit", wanted="a unit's id")


def _sites(file: str, rows: Sequence[Row], with_seats: bool) -> list[Site]:
    found = []
    for row in rows:
        schools = [part.strip() for part in row[1]["school"].split(";") if part.strip()]
        seats = [part.strip() for part in row[1].get("seats", "").split(";")] if with_seats else [""] * len(schools)
        if schools and len(seats) != len(schools):
            wanted = f"{len(schools)} numbers joined by ;, one a school"
            raise InputError("seats", file=file, row=row[0], column="seats", found=row[1].get("seats"), wanted=wanted)
        found += [Site(school, row, text) for school, text in zip(schools, seats, strict=False)]
    return found


def _unit(cells: Cells, row: Row, groups: Sequence[str], schools: Mapping[str, object], has_points: bool) -> Unit:
    line, texts = row
    count = int(cells.number(row, "students", whole=True))
    if texts["today"] not in schools:
        wanted = "one of " + ", ".join(list(schools)[:8])
        raise InputError(
            "unknown school", file=cells.file, row=line, column="today", found=texts["today"], wanted=wanted
        )
    members = tuple(int(cells.number(row, GROUP + group, whole=True)) for group in groups)
    if sum(members) > count:
        raise InputError(
            "more students in groups than students",
            file=cells.file,
            row=line,
            column=GROUP + groups[0] if len(groups) == 1 else None,
            found=sum(members),
            wanted=f"at most the {count} of unit {texts['unit']}",
        )
    income = cells.number(row, "income") if texts.get("income") else None
    return Unit(texts["unit"], count, members, texts["today"], income, cells.point(row) if has_points else None)


def _travel(
    cells: Cells,
    header: Sequence[str],
    rows: Sequence[Row],
    schools: Mapping[str, Sequence[Site]],
    scale: tuple[Fraction, Fraction],
) -> tuple[list[tuple[Fraction, ...]], list[tuple[str, str]]]:
    """Travel of every unit to every school, its nearest campus, and the pairs for which there is none."""
    if any(column.startswith(TRAVEL) for column in header):
        barred = [
            (row[1]["unit"], school)
            for row in rows
            for school in schools
            if TRAVEL + school in header and not row[1].get(TRAVEL + school, "")
        ]
        none = set(barred)
        return [
            tuple(
                Fraction(0) if (row[1]["unit"], school) in none else cells.number(row, TRAVEL + school)
                for school in schools
            )
            for row in rows
        ], barred

    def place(row: Row) -> tuple[Fraction, Fraction]:
        x, y = cells.point(row)
        return x * scale[0], y * scale[1]

    ends = [place(site.row) for own in schools.values() for site in own]
    lengths = straight_rows([place(row) for row in rows], ends)
    if len(ends) == len(schools):
        return lengths, []
    last = list(accumulate(len(own) for own in schools.values()))
    spans = [slice(high - len(own), high) for high, own in zip(last, schools.values(), strict=True)]
    return [tuple(min(row[span]) for span in spans) for row in lengths], []
