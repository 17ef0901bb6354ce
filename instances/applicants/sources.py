"""Applicants to a school: the seed's printed counts, and its two tables with its cleaning steps."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.instances.core.entry import Entry, FileFormat
from fairbound.instances.core.tables import read_header, read_rows
from fairbound.models.applicants.instance import ApplicantInstance, Cell
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

SEED_SCHOOL = "Webster (Daniel) ES"
SEED_SCHOOLS = ("Webster", "Mission Bay")
SEED_SEATS = 22
NOT_SPECIFIED = "Not Specified"
SEED_COUNTS = {
    "White": 16,
    "Black or African American": 3,
    "Hispanic": 12,
    "Chinese": 3,
    "Filipino": 1,
    "Asian Indian": 7,
    "Korean": 1,
    "Vietnamese": 1,
    "Other Asian": 1,
    "Two or More": 17,
    NOT_SPECIFIED: 3,
}
"""The seed's printed shares times its 65 applicants; each product is whole to 1e-7."""


LARGEST_LOSS = Fraction(1, 2)
"""Share of applicants whose block group is in no sheet, beyond which the two files do not belong together."""
APPLICATION_COLUMNS = ("SchoolName", "Grade", "ProgramCode", "Race", "Block Group")
SHEET_COLUMNS = ("Geoid1", "Median HH Income")


def sfusd65() -> ApplicantInstance:
    """The seed's 65 applicants by race, 22 seats; incomes and block groups are not printed."""
    cells = tuple(Cell("", race, count) for race, count in SEED_COUNTS.items())
    return ApplicantInstance("applicants/sfusd65", cells, SEED_SCHOOLS, SEED_SEATS, SEED_SEATS)


def load_tables(
    applications: Path, sheet: Path, school: str = SEED_SCHOOL, seats: int = SEED_SEATS
) -> ApplicantInstance:
    """Read the seed's layout: a table of applications and a sheet of block groups.

    The seed's cleaning steps, in its order: keep general education (``ProgramCode`` GE), grade K
    and the school; keep applicants whose block group is in the sheet; read incomes from dollar
    text; give block groups without one the mean of the applicants that have one, in whole dollars;
    call a missing race "Not Specified". Race and income of a block group make a cell.

    Raises
    ------
    InputError
        For a missing column, an income that is no dollar amount, a block group that stands twice in
        the sheet, and for tables that leave no applicant.
    """
    incomes = _incomes(sheet)
    header, rows = read_rows(applications)
    _need(applications, header, APPLICATION_COLUMNS)
    kept, lost = [], 0
    for line, row in rows:
        if (row["ProgramCode"], row["Grade"], row["SchoolName"]) == ("GE", "K", school):
            place = _place(applications, line, "Block Group", row["Block Group"])
            lost += place not in incomes
            if place in incomes:
                kept.append((place, row["Race"] or NOT_SPECIFIED, incomes[place]))
    if not kept:
        schools = sorted({row["SchoolName"] for _, row in rows})
        wanted = f"rows with ProgramCode GE, Grade K, SchoolName {school} and a block group of {sheet.name}"
        found = f"schools {', '.join(schools[:3])}{', ...' if len(schools) > 3 else ''}"
        raise InputError("no applicant is left", file=str(applications), found=found, wanted=wanted)
    if lost > LARGEST_LOSS * (lost + len(kept)):
        found = f"{lost} of {lost + len(kept)} applicants"
        wanted = f"block groups of {sheet.name}"
        raise InputError("block groups of another place", file=str(applications), found=found, wanted=wanted)
    known = [income for _, _, income in kept if income > 0]
    mean = Fraction(int(sum(known) / len(known))) if known else Fraction(0)
    cells = Counter((place, race, income or mean) for place, race, income in kept)
    return ApplicantInstance(
        name=applications.stem,
        cells=tuple(Cell(place, race, count, income) for (place, race, income), count in sorted(cells.items())),
        schools=SEED_SCHOOLS,
        fewest=min(seats, len(kept)),
        most=min(seats, len(kept)),
        repairs=(f"{lost} applicants whose block group is not in {sheet.name} are left out",) if lost else (),
    )


def _need(path: Path, header: list[str], columns: tuple[str, ...]) -> None:
    for column in columns:
        if column not in header:
            raise InputError("missing column", file=str(path), row=1, column=column, wanted=", ".join(columns))


def _geoid(text: str) -> str:
    """A block group's number without what files add or lose: a decimal point, the Census prefix, zeros at its head.

    Raises ``ValueError`` for a number in E notation, of which digits are gone.
    """
    plain = text.strip().removesuffix(".0").removeprefix("1500000US")
    if re.fullmatch(r"[\d.]+[eE][+-]?\d+", plain):
        raise ValueError(text)
    return plain.lstrip("0")


def _place(path: Path, line: int, column: str, text: str) -> str:
    try:
        return _geoid(text)
    except ValueError:
        wanted = "twelve digits; a spreadsheet has lost some"
        raise InputError("cannot be used", file=str(path), row=line, column=column, found=text, wanted=wanted) from None


def _incomes(sheet: Path) -> dict[str, Fraction]:
    """Income of every block group of the sheet; 0 where it has none."""
    header, rows = read_rows(sheet)
    _need(sheet, header, SHEET_COLUMNS)
    incomes: dict[str, Fraction] = {}
    for line, row in rows:
        place, text = _place(sheet, line, "Geoid1", row["Geoid1"]), row["Median HH Income"]
        if not place:
            continue  # the line of totals
        if place in incomes:
            raise InputError("block group stands twice", file=str(sheet), row=line, column="Geoid1", found=place)
        digits = text.removeprefix("$").replace(",", "")
        if text and not digits.isdigit():
            raise InputError(
                "cannot be used", file=str(sheet), row=line, column="Median HH Income", found=text, wanted="$123,944"
            )
        incomes[place] = Fraction(int(digits)) if text else Fraction(0)
    return incomes


def _header(path: Path) -> set[str]:
    try:
        return set(read_header(path))
    except InputError:
        return set()


def _recognises(path: Path) -> bool:
    """Whether a file is meant to be a table of applications."""
    return {"ProgramCode", "Block Group"} <= _header(path)


def _load(path: Path) -> ApplicantInstance:
    """Read a table of applications with the sheet of block groups that lies beside it."""
    sheets = [other for other in sorted(path.parent.glob("*.csv")) if "Geoid1" in _header(other)]
    if len(sheets) != 1:
        found = ", ".join(sheet.name for sheet in sheets) or "none"
        raise InputError("sheets of block groups beside it", file=str(path), found=found, wanted="one CSV with Geoid1")
    return load_tables(path, sheets[0])


ENTRIES = (
    Entry(
        "applicants/sfusd65",
        "65 applicants to Daniel Webster Elementary by race, 22 seats",
        "printed in the Datathon Fall 2024 notebook on SFUSD",
        lambda _name: sfusd65(),
    ),
)
FORMATS = (FileFormat("applicants", "a CSV of applications with ProgramCode and Block Group", _recognises, _load),)
