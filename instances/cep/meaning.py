"""Tables of schools that do not say what they seem to: refused, because their numbers would be taken for others.

Each is a layout that public files have. The refusal says how to make the table say what is meant.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.instances.core.totals import check_totals
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from fairbound.models.cep import School

MEALS = re.compile(r"breakfast|lunch|meal|\badp\b", re.IGNORECASE)
MARKS = re.compile(r"^(include|included|active|status|is_active)", re.IGNORECASE)
LEFT_OUT = {"no", "n", "false", "f", "0", "inactive", "closed", "excluded"}
DISTRICTS = re.compile(r"^(district|lea|sfa|sponsor)([ _]?(code|id|name|no|number))?$", re.IGNORECASE)
FEWEST_MEALS, MOST_DAYS = 10, 366
"""A year has more meals for each student than the first number, and of each kind not more than the second."""


SYNONYMS = {
    "school_id": ("schoolid", "schoolcode", "schoolnumber", "ncessch"),
    "name": ("schoolname",),
    "enrolled": ("totalenrolled", "enrollment", "totalenrollment", "enrolledstudents"),
    "identified": ("totaleligible", "identifiedstudents", "totalidentified"),
}
"""Names that published tables have for a column, without case, blanks and underscores."""


def understood(file: str, header: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Columns that stand under another name, and what to say of them.

    Raises
    ------
    InputError
        Where two columns could be meant.
    """
    folded = {column: re.sub(r"[\s_-]", "", column).lower() for column in header}
    names: dict[str, str] = {}
    for wanted, others in SYNONYMS.items():
        found = [column for column in header if folded[column] in (*others, wanted.replace("_", ""))]
        if wanted in header or not found:
            continue
        if len(found) > 1:
            raise InputError("two columns could be meant", file=file, row=1, found=" and ".join(found), wanted=wanted)
        names[found[0]] = wanted
    return names, tuple(f"column {column} is read as {name}" for column, name in names.items())


def check_meaning(
    file: str, rows: Sequence[tuple[int, Mapping[str, str]]], schools: Sequence[School], read: Collection[str]
) -> None:
    """Raise ``InputError`` for a table whose numbers are probably not what their columns are called.

    Parameters
    ----------
    read
        Names of the columns that are read; every other one is ignored.
    """
    _check_columns(file, rows, read)
    _check_shares(file, rows, schools)
    check_totals(
        file,
        [line for line, _ in rows],
        [(school.id, school.name) for school in schools],
        [(school.enrolled, school.identified) for school in schools],
    )
    _check_meals(file, rows, schools)


def _check_columns(file: str, rows: Sequence[tuple[int, Mapping[str, str]]], read: Collection[str]) -> None:
    """Ignored columns that change what the table means."""
    ignored = [column for column in rows[0][1] if column not in read]
    for column in ignored:
        values = {row[column].strip() for _, row in rows}
        if DISTRICTS.match(column) and len(values) > 1:
            found = ", ".join(sorted(values)[:3]) + (", ..." if len(values) > 3 else "")
            wanted = "one district: schools of two are never one group"
            raise InputError(
                "several districts in a table", file=file, row=1, column=column, found=found, wanted=wanted
            )
        if MARKS.match(column):
            for line, row in rows:
                if row[column].strip().lower() in LEFT_OUT:
                    wanted = "the table without schools that are to be left out, or without this column"
                    raise InputError(
                        "a school that is marked as left out",
                        file=file,
                        row=line,
                        column=column,
                        found=row[column],
                        wanted=wanted,
                    )
        elif MEALS.search(column):
            wanted = "a year's meals in breakfasts and lunches; or the table without this column"
            raise InputError("a column of meals that is not read", file=file, row=1, column=column, wanted=wanted)


def _check_shares(file: str, rows: Sequence[tuple[int, Mapping[str, str]]], schools: Sequence[School]) -> None:
    """Shares and percentages where students are wanted."""
    identified = [school.identified for school in schools if school.identified]
    if not identified or max(school.enrolled for school in schools) <= 1:
        return
    fractions = [value for value in identified if value.denominator != 1]
    share = max(identified) <= 1 and fractions
    pointed = all("." in row.get("identified", ".") for _, row in rows)
    # Estimated counts have more digits, percentages two at most.
    short = all((100 * value).denominator == 1 for value in identified)
    percent = max(identified) <= 100 and fractions and pointed and short and len(identified) > 1
    if share or percent:
        found = ", ".join(decimal_text(value) for value in identified[:3])
        raise InputError(
            f"identified looks like a {'share' if share else 'percentage'}",
            file=file,
            column="identified",
            found=found,
            wanted="numbers of students",
        )


def _check_meals(file: str, rows: Sequence[tuple[int, Mapping[str, str]]], schools: Sequence[School]) -> None:
    """Meals of a day in the place of a year's."""
    students = sum((school.enrolled for school in schools), Fraction(0))
    served = sum(((school.breakfasts or 0) + (school.lunches or 0) for school in schools), Fraction(0))
    if 0 < served < FEWEST_MEALS * students:
        found = f"{float(served / students):.2g} meals for each student"
        raise InputError("meals look like those of a day", file=file, column="lunches", found=found, wanted="a year's")
    for (line, _), school in zip(rows, schools, strict=True):
        for column, meals in (("breakfasts", school.breakfasts), ("lunches", school.lunches)):
            if meals is not None and meals > MOST_DAYS * school.enrolled:
                wanted = f"at most {MOST_DAYS} a year for each student"
                raise InputError(
                    "more meals than days", file=file, row=line, column=column, found=decimal_text(meals), wanted=wanted
                )
