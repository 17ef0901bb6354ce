"""Applicants to a school: the seed's printed counts, and its two tables with its cleaning steps."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.instances.applicants.drawn import GENERATORS
from fairbound.instances.core.columns import check_years
from fairbound.instances.core.entry import Entry, FileFormat
from fairbound.instances.core.source import Source, alike, plain_geoid
from fairbound.instances.core.tables import LARGEST, cell_number, first_lines, need_columns
from fairbound.models.applicants.instance import ApplicantInstance, Cell
from fairbound.models.core.errors import InputError
from fairbound.models.core.text import says_nothing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
NAMES: dict[str, tuple[str, ...]] = dict.fromkeys(APPLICATION_COLUMNS, ())
SEED_CHOICE = {"ProgramCode": "GE", "Grade": "K", "SchoolName": SEED_SCHOOL}
SHEET_NAMES: dict[str, tuple[str, ...]] = {"Geoid1": (), "Median HH Income": ()}


def sfusd65() -> ApplicantInstance:
    """The seed's 65 applicants by race, 22 seats; incomes and block groups are not printed."""
    cells = tuple(Cell("", race, count) for race, count in SEED_COUNTS.items())
    return ApplicantInstance("applicants/sfusd65", cells, SEED_SCHOOLS, SEED_SEATS, SEED_SEATS)


def load_tables(given: Path | Source, sheet: Path | Source, seats: int | None = None) -> ApplicantInstance:
    """Read the seed's layout: a table of applications and a sheet of block groups.

    The seed's cleaning steps, in its order: keep general education (``ProgramCode`` GE), grade K and the school, or
    whatever programme, grade and school the source is asked for (``only``); keep applicants whose block group is in
    the sheet; read incomes from dollar text; give block groups without one the mean of the applicants that have one,
    in whole dollars; call a missing race "Not Specified". Race and income of a block group make a cell.

    Raises
    ------
    InputError
        For a missing column, an income that is no dollar amount, a block group that stands twice in
        the sheet, applications of several years, names that look alike, and for tables that leave no applicant.
    """
    source, sheet = Source.of(given), Source.of(sheet)
    incomes = _incomes(source, sheet)
    header, rows = source.table(NAMES)
    need_columns(source.file, header, APPLICATION_COLUMNS)
    asked = _asked(source, rows)
    meant = [(line, row) for line, row in rows if all(row[column] == value for column, value in asked.items())]
    if len(meant) < len(rows):
        others = f"{len(rows) - len(meant):,} of {len(rows):,} applications"
        source.notes.append(f"{others} are for another programme, grade or school, and are not read")
    check_years(source, meant, APPLICATION_COLUMNS)
    source.check_alike("Race", first_lines(meant, "Race"), "values")
    masked = sum(says_nothing(row["Race"]) for _, row in meant)
    if masked:
        source.notes.append(f"{masked} applicants without a race are called {NOT_SPECIFIED}")
    kept, lost = [], 0
    for line, row in meant:
        place = _place(source.file, line, "Block Group", row["Block Group"])
        lost += place not in incomes
        if place in incomes:
            kept.append((place, NOT_SPECIFIED if says_nothing(row["Race"]) else row["Race"], incomes[place]))
    if not kept:
        which = " and ".join(f"{column} {value}" for column, value in asked.items())
        wanted = f"rows with {which} and a block group of {sheet.short_name}"
        raise InputError("no applicant is left", file=source.file, wanted=wanted)
    if lost > LARGEST_LOSS * (lost + len(kept)):
        found = f"{lost} of {lost + len(kept)} applicants"
        wanted = f"block groups of {sheet.short_name}"
        raise InputError("block groups of another place", file=source.file, found=found, wanted=wanted)
    known = [income for _, _, income in kept if income is not None]
    mean = Fraction(int(sum(known) / len(known))) if known else None
    if mean is None:
        source.notes.append("no block group of an applicant has an income")
    elif len(known) < len(kept):
        filled = f"{len(kept) - len(known)} applicants whose block group has no income"
        source.notes.append(f"{filled} are given the mean of the others, {int(mean):,} dollars")
    cells = Counter((place, race, mean if income is None else income) for place, race, income in kept)
    repairs = [f"{lost} applicants whose block group is not in {sheet.short_name} are left out"] if lost else []
    seed = asked["SchoolName"] == SEED_SCHOOL
    if seats is None:
        seats = SEED_SEATS if seed else max(1, len(kept) // 2)
        if not seed:
            repairs.append(f"{seats} seats, half of the applicants (--set seats=...)")
    return ApplicantInstance(
        name=source.path.stem,
        cells=tuple(Cell(place, race, count, income) for (place, race, income), count in sorted(cells.items())),
        schools=SEED_SCHOOLS if seed else (asked["SchoolName"], "the other school"),
        fewest=min(seats, len(kept)),
        most=min(seats, len(kept)),
        repairs=tuple(repairs),
    )


def _asked(source: Source, rows: Sequence[tuple[int, Mapping[str, str]]]) -> dict[str, str]:
    """Programme, grade and school whose applicants are meant.

    They are what the source is asked for, else the seed's, else the only one that the table has; raises ``InputError``
    where several could be meant.
    """
    named = dict(source.reading.only)
    asked = {}
    for column, default in SEED_CHOICE.items():
        values = sorted({row[column] for _, row in rows})
        if column in named or default in values:
            asked[column] = named.get(column, default)
            first = first_lines(rows, column)
            near = {text: line for text, line in first.items() if alike(text) == alike(asked[column])}
            source.check_alike(column, near, "values")
        elif len(values) == 1:
            asked[column] = values[0]
            source.notes.append(f"applicants with {column} {values[0]}, the only one in the table")
        else:
            found = ", ".join(values[:3]) + (", ..." if len(values) > 3 else "")
            wanted = f'one of them: --only "{column}={values[0]}"'
            raise InputError("several could be meant", file=source.file, column=column, found=found, wanted=wanted)
    return asked


def _place(file: str, line: int, column: str, text: str) -> str:
    try:
        return plain_geoid(text)
    except ValueError:
        wanted = "twelve digits; a spreadsheet has lost some"
        raise InputError("cannot be used", file=file, row=line, column=column, found=text, wanted=wanted) from None


def _incomes(source: Source, sheet: Source) -> dict[str, Fraction | None]:
    """Income of every block group of the sheet, in dollars; ``None`` where it has none."""
    header, rows = source.beside(sheet, SHEET_NAMES)
    need_columns(sheet.file, header, SHEET_NAMES)
    incomes: dict[str, Fraction | None] = {}
    for line, row in rows:
        place, text = _place(sheet.file, line, "Geoid1", row["Geoid1"]), row["Median HH Income"]
        if not place:
            continue  # the line of totals
        if place in incomes:
            wanted = "every block group once"
            raise InputError(
                "block group stands twice", file=sheet.file, row=line, column="Geoid1", found=place, wanted=wanted
            )
        try:
            income = None if says_nothing(text) else cell_number(text.removeprefix("$"))
        except ValueError:
            income = Fraction(0)
        if income is not None and not 0 < income < LARGEST:
            wanted = "dollars such as $123,944, or nothing where none are published"
            raise InputError(
                "cannot be used", file=sheet.file, row=line, column="Median HH Income", found=text, wanted=wanted
            )
        incomes[place] = income
    return incomes


def _recognises(source: Source) -> bool:
    """Whether a file is meant to be a table of applications."""
    return source.has("ProgramCode", "Block Group", names=NAMES)


def _load(source: Source) -> ApplicantInstance:
    """Read a table of applications with the sheet of block groups that lies beside it."""
    return load_tables(source, source.partner("sheets of block groups", ("Geoid1",), SHEET_NAMES))


TEMPLATE = {
    "": (
        "SchoolName,Grade,ProgramCode,Race,Block Group",
        "Alder ES,K,GE,White,060750101001",
        "Alder ES,K,GE,Hispanic,060750101001",
        "Alder ES,K,GE,White,060750101002",
        "Alder ES,K,GE,Chinese,060750101002",
    ),
    "_block_groups": ("Geoid1,Median HH Income", '060750101001,"$90,000"', '060750101002,"$60,000"'),
}
ENTRIES = (
    Entry(
        "applicants/sfusd65",
        "65 applicants to Daniel Webster Elementary by race, 22 seats",
        "printed in the Datathon Fall 2024 notebook on SFUSD",
        lambda _name: sfusd65(),
        licence="figures printed in the notebook",
    ),
)
FORMATS = (
    FileFormat(
        "applicants",
        "a CSV of applications with ProgramCode and Block Group",
        _recognises,
        _load,
        ("alike", "years"),
        TEMPLATE,
    ),
)
__all__ = ["ENTRIES", "FORMATS", "GENERATORS", "SEED_COUNTS", "load_tables", "sfusd65"]
