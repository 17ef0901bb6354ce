"""Tables of schools that do not say what they seem to: refused, because their numbers would be taken for others.

Each is a layout that public files have. The refusal says how to make the table say what is meant.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.instances.core import totals
from fairbound.instances.core.columns import check_points, check_years
from fairbound.instances.core.source import ACCEPTED, LEFT_OUT_WORDS
from fairbound.instances.core.tables import refusal
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from fairbound.instances.cep.tables import SchoolRow
    from fairbound.instances.core.source import Source
    from fairbound.instances.core.tables import BadCell, Row, TextRow
    from fairbound.models.cep import School

MEALS = re.compile(r"breakfast|lunch|meal|\badp\b", re.IGNORECASE)
MARKS = re.compile(r"^(include|included|active|status|is_active)", re.IGNORECASE)
LEFT_OUT = {"no", "n", "false", "f", "0", "inactive", "closed", "excluded"}
DISTRICTS = re.compile(r"^(district|lea|sfa|sponsor|state)([ _]?(code|id|name|no|number))?$", re.IGNORECASE)
FEWEST_MEALS, MOST_DAYS = 20, 366
"""A year has more meals for each student than the first number, which a month's claim rarely reaches, and of each kind
not more than the second."""


SYNONYMS = {
    "school_id": ("schoolid", "schoolcode", "schoolnumber", "ncessch"),
    "name": ("schoolname",),
    "enrolled": ("totalenrolled", "enrollment", "totalenrollment", "enrolledstudents"),
    "identified": ("totaleligible", "identifiedstudents", "totalidentified"),
    "breakfasts": (),
    "lunches": (),
    "severe_need": (),
    "gain": (),
    "free": ("freeeligible",),
    "reduced": ("reducedeligible",),
}
"""Names that published tables have for a column, without case, blanks and underscores."""


def without_marked(source: Source, rows: Sequence[TextRow]) -> list[TextRow]:
    """Rows without schools that the table marks as left out; raises ``InputError`` where nobody said what to do."""
    marks = [column for column in (rows[0][1] if rows else {}) if MARKS.match(column)]
    kept = []
    for line, row in rows:
        out = next((column for column in marks if row[column].strip().lower() in LEFT_OUT), None)
        if out is None or "marked" in source.reading.accept:
            kept.append((line, row))
        elif "marked" in source.reading.leave_out:
            source.notes.append(f"row {line}{_called(row)}{LEFT_OUT_WORDS}{out} is {row[out]}")
        else:
            error = InputError(
                "a school that is marked as left out", file=source.file, row=line, column=out, found=row[out],
                wanted="the table without it, or without this column",
            )  # fmt: skip
            source.refuse(error, "marked")
    if not kept:
        wanted = "one school or more that is not marked as left out"
        raise InputError("no row is left", file=source.file, found=f"{len(rows)} marked rows", wanted=wanted)
    if marks and "marked" in source.reading.accept:
        source.notes.append(f"accepted (marked): {ACCEPTED['marked']}, whatever {', '.join(marks)} says")
    return kept


def without_incomplete(
    source: Source, rows: Sequence[TextRow], typed: Sequence[tuple[int, Row]], bad: Sequence[BadCell]
) -> list[tuple[int, Row]]:
    """Typed rows without those that have a bad cell; raises ``InputError`` where nobody said what to do with them."""
    if not bad:
        return list(typed)
    bad = sorted(bad, key=lambda cell: cell.row)
    if "incomplete" not in source.reading.leave_out:
        raise refusal(source.file, bad, "; or --leave-out incomplete")
    wrong: dict[int, list[str]] = {}
    for cell in bad:
        wrong.setdefault(cell.row, []).append(f"{cell.column} is {cell.found!r}")
    for line, row in rows:
        if line in wrong:
            source.notes.append(f"row {line}{_called(row)}{LEFT_OUT_WORDS}{', '.join(wrong[line])}")
    kept = [(line, row) for line, row in typed if line not in wrong]
    if not kept:
        raise refusal(source.file, bad, ", in one row or more")
    return kept


def without_totals(source: Source, rows: Sequence[tuple[int, SchoolRow]]) -> list[tuple[int, SchoolRow]]:
    """Rows without totals; raises ``InputError`` where nobody said what to do with them."""
    names = [(row.school_id, row.name) for _, row in rows]
    counts = [(row.enrolled, row.identified or Fraction(0)) for _, row in rows]
    return [rows[i] for i in totals.without_totals(source, [line for line, _ in rows], names, counts)]


def _called(row: Mapping[str, str]) -> str:
    said = " ".join(filter(None, (row.get("school_id", ""), row.get("name", ""))))
    return f" ({said})" if said else ""


def check_meaning(
    source: Source,
    rows: Sequence[TextRow],
    schools: Sequence[School],
    read: Collection[str],
) -> None:
    """Raise ``InputError`` for a table whose numbers are probably not what their columns are called.

    Parameters
    ----------
    rows
        Rows of the schools.
    read
        Names of the columns that are read; every other one is ignored.
    """
    _check_columns(source, [row for _, row in rows], read)
    check_years(source, rows, read)
    check_points(source, rows, ("enrolled", "identified"))
    _check_shares(source, [row for _, row in rows], schools)
    _check_meals(source, [line for line, _ in rows], schools)


def _check_columns(source: Source, rows: Sequence[Mapping[str, str]], read: Collection[str]) -> None:
    """Ignored columns that change what the table means."""
    for column in (name for name in rows[0] if name not in read):
        values = {row[column].strip() for row in rows}
        if DISTRICTS.match(column) and len(values) > 1:
            found = ", ".join(sorted(values)[:3]) + (", ..." if len(values) > 3 else "")
            wanted = f'one district: --only "{column}={min(values)}", or a sweep --by "{column}"'
            error = InputError(
                "several districts in a table", file=source.file, row=1, column=column, found=found, wanted=wanted
            )
            source.refuse(error, "districts")
        if MEALS.search(column) and not MARKS.match(column):
            wanted = "a year's meals in breakfasts and lunches; or the table without this column"
            error = InputError(
                "a column of meals that is not read", file=source.file, row=1, column=column, wanted=wanted
            )
            source.refuse(error, "meals")


def _check_shares(source: Source, rows: Sequence[Mapping[str, str]], schools: Sequence[School]) -> None:
    """Shares and percentages where students are wanted."""
    identified = [school.identified for school in schools if school.identified]
    if not identified or max(school.enrolled for school in schools) <= 1:
        return
    fractions = [value for value in identified if value.denominator != 1]
    share = max(identified) <= 1 and fractions
    # Few are whole by chance, but "42.0" is written by a program.
    written = all("." in row.get("identified", ".") for row in rows) or 2 * len(fractions) > len(identified)
    # Estimated counts have more digits, percentages two at most.
    short = all((100 * value).denominator == 1 for value in identified)
    percent = max(identified) <= 100 and fractions and written and short and len(identified) > 1
    if share or percent:
        found = ", ".join(decimal_text(value) for value in identified[:3])
        what = f"identified looks like a {'share' if share else 'percentage'}"
        error = InputError(what, file=source.file, column="identified", found=found, wanted="numbers of students")
        source.refuse(error, "counts")


def _check_meals(source: Source, lines: Sequence[int], schools: Sequence[School]) -> None:
    """Meals of a day or a month in the place of a year's."""
    students = sum((school.enrolled for school in schools), Fraction(0))
    served = sum(((school.breakfasts or 0) + (school.lunches or 0) for school in schools), Fraction(0))
    if 0 < served < FEWEST_MEALS * students:
        found = f"{float(served / students):.2g} meals for each student"
        what = "meals look like those of a day or a month"
        error = InputError(what, file=source.file, column="lunches", found=found, wanted="a year's")
        source.refuse(error, "meals")
    for line, school in zip(lines, schools, strict=True):
        for column, meals in (("breakfasts", school.breakfasts), ("lunches", school.lunches)):
            if meals is not None and meals > MOST_DAYS * school.enrolled:
                wanted = f"at most {MOST_DAYS} a year for each student"
                found = decimal_text(meals)
                error = InputError(
                    "more meals than days", file=source.file, row=line, column=column, found=found, wanted=wanted
                )
                source.refuse(error, "meals")
