"""Tables of districts with a column of dollars per student for each function, as predictions and grants read them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.instances.core.columns import (
    check_points,
    check_years,
    note_unread,
    number_columns,
    without_total_columns,
)
from fairbound.instances.core.tables import cell_number
from fairbound.instances.core.totals import need_rows, without_totals
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from fairbound.instances.core.source import Source
    from fairbound.instances.core.tables import TextRow

DISTRICT, YEAR, SCORE, STUDENTS = "district_id", "year", "score", "students"
TAKES = ("counts", "totals", "alike", "years")
"""What can be accepted or left out in a table of spending."""
MOST_DIGITS, MOST_DOLLARS = 12, 10**6


def spending_table(
    source: Source, header: Sequence[str], rows: list[TextRow]
) -> tuple[list[str], list[TextRow], list[tuple[int, ...]]]:
    """Columns of spending, the rows that are no totals, and whole dollars per student of each row on each function.

    Columns of spending are all that hold numbers, but those that have a name of their own, years and totals. Raises
    ``InputError`` where there are none, and for what is probably not meant.
    """
    known = (DISTRICT, YEAR, SCORE, STUDENTS)
    years = check_years(source, rows, known)
    note_unread(source, years)
    columns = number_columns(source, header, rows, (*known, *years))
    rows = _without_totals(source, rows, [column for column in header if column not in (*columns, *known[1:])])
    amounts = {column: [number_in(source.path, line, column, row[column]) for line, row in rows] for column in columns}
    functions = without_total_columns(source, columns, amounts)
    if not functions:
        wanted = "dollars per student, a column a function"
        raise InputError("no column of spending", file=source.file, row=1, wanted=wanted)
    check_points(source, rows, functions)
    spending = [[dollars(amount, 1) for amount in amounts[function]] for function in functions]
    for function, spent in zip(functions, spending, strict=True):
        for place, (amount, whole) in enumerate(zip(amounts[function], spent, strict=True)):
            if amount.numerator < 0 or whole > MOST_DOLLARS:
                _refuse_amount(source, *rows[place], function)
    return functions, rows, list(zip(*spending, strict=True))


def _refuse_amount(source: Source, line: int, row: Mapping[str, str], function: str) -> None:
    """Refuse a negative amount, and one that is a whole district's unless it is accepted; raises ``InputError``."""
    found = row[function]
    if found.startswith("-"):
        raise InputError(
            "negative spending", file=source.file, row=line, column=function, found=found, wanted="at least 0"
        )
    what, wanted = "more than any district spends on a student", f"dollars for each student, at most {MOST_DOLLARS:,}"
    error = InputError(what, file=source.file, row=line, column=function, found=found, wanted=wanted)
    source.refuse(error, "counts")


def _without_totals(source: Source, rows: list[TextRow], called: Sequence[str]) -> list[TextRow]:
    """Rows of districts, year by year; scores and spending do not add up in a total, so the students tell alone."""
    years: dict[str, list[TextRow]] = {}
    for line, row in rows:
        years.setdefault(row.get(YEAR, ""), []).append((line, row))
    kept = set[int]()
    for found in years.values():
        names = [[row[column] for column in called] for _, row in found]
        students = [_or_none(row[STUDENTS]) for _, row in found]  # averages often have no students
        lines = [line for line, _ in found]
        kept |= {lines[i] for i in without_totals(source, lines, names, [(count, count) for count in students])}
    left = [(line, row) for line, row in rows if line in kept]
    need_rows(source, left)
    return left


def _or_none(text: str) -> Fraction:
    """A number of students; 0 where there is none, which is refused where it matters."""
    try:
        return cell_number(text)
    except ValueError:
        return Fraction(0)


def dollars(amount: Fraction | int, students: int) -> int:
    """Whole dollars per student; half a dollar is rounded up."""
    return int((2 * amount + students) // (2 * students))


def number_in(path: Path, line: int, column: str, text: str) -> Fraction | int:
    """A cell as a number; raises ``InputError``."""
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
        return int(text)  # a table has hundreds of thousands of them
    try:
        value = cell_number(text)
    except ValueError:
        raise InputError(
            "cannot be used", file=str(path), row=line, column=column, found=text, wanted="a number"
        ) from None
    if abs(value) >= 10**MOST_DIGITS:
        raise InputError(
            "cannot be used", file=str(path), row=line, column=column, found=text, wanted="a number below 1e12"
        )
    return value
