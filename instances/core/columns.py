"""Columns that are read whatever they are called, and numbers that are probably not what they seem."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fairbound.instances.core.source import folded
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from fractions import Fraction

    from fairbound.instances.core.source import Source
    from fairbound.instances.core.tables import TextRow

YEARS = re.compile(r"^((school|fiscal|academic)[ _]?)?(year|yr)$|^(sy|fy)$", re.IGNORECASE)
POINTED = re.compile(r"[1-9]\d{0,2}\.\d{3}")
"""A number with three decimals, or one of thousands as half of the world writes it."""
_AGAIN = re.compile(r"(.+)\.\d+")
"""What a data frame makes of a name that stands twice; ``x.1`` and ``x.2`` without ``x`` are two columns."""
_NO_NAME = re.compile(r"(Unnamed: \d+)?")
_BEGINS_AS_A_NUMBER = re.compile(r"\W*\d")
_MISSING = re.compile(r"-(9{2,}|8{3,}|([2356])\2{8})(\.0+)?")
"""What surveys and the Census write where nobody knows."""
_TOTAL = re.compile(r"(.*[^a-z])?(sub)?totals?([^a-z].*)?", re.IGNORECASE)


def number_columns(source: Source, header: Sequence[str], rows: Sequence[TextRow], known: Collection[str]) -> list[str]:
    """The columns besides those that are known, without names, notes and a data frame's index.

    A column of words is one in which no cell begins as a number does; that it is not read is noted.

    Raises
    ------
    InputError
        For two columns whose names differ in case, blanks or the number that a data frame adds.
    """
    first: dict[str, str] = {}
    for column in header:
        name, again = folded(column), _AGAIN.fullmatch(column)
        twin = first.setdefault(name, column)
        if again is not None:
            twin = first.get(folded(again[1]), twin)
        if twin != column:
            found = f"{twin} and {column}"
            raise InputError("columns that look alike", file=source.file, row=1, found=found, wanted="one of them")
    others = [column for column in header if column not in known]
    words = [
        column
        for column in others
        if _NO_NAME.fullmatch(column) or not any(_BEGINS_AS_A_NUMBER.match(row[column]) for _, row in rows)
    ]
    note_unread(source, words)
    return [column for column in others if column not in words]


def note_unread(source: Source, columns: Sequence[str], file: str = "") -> None:
    """Note that columns are not read; ``file`` is the name of another table that they are of."""
    if columns:
        names = ", ".join(column or "(no name)" for column in columns)
        source.notes.append(f"{file and f'{file}: '}columns that are not read: {names}")


def without_total_columns(
    source: Source, columns: Sequence[str], amounts: Mapping[str, Sequence[Fraction | int]]
) -> list[str]:
    """Columns without a total of the others, by its name or its numbers; raises ``InputError`` where nobody said so."""
    kept = []
    for column in columns:
        others = [amounts[name] for name in columns if name != column]
        adds_up = (
            len(others) > 1
            and any(amounts[column])
            and all(sum(parts) == total for total, *parts in zip(amounts[column], *others, strict=True))
        )
        if (adds_up or _TOTAL.fullmatch(column)) and "totals" in source.reading.leave_out:
            note_unread(source, [column])
            continue
        if adds_up or _TOTAL.fullmatch(column):
            error = InputError("a column of totals", file=source.file, row=1, column=column, wanted="its parts alone")
            source.refuse(error, "totals")
        kept.append(column)
    return kept


def check_years(source: Source, rows: Sequence[TextRow], read: Collection[str]) -> list[str]:
    """The columns of years among those that are not read; raises ``InputError`` where one has several."""
    found = [column for column in (rows[0][1] if rows else ()) if column not in read and YEARS.match(column)]
    for column in found:
        values = {row[column] for _, row in rows}
        if len(values) > 1:
            error = InputError(
                "several years in a table", file=source.file, row=1, column=column, found=", ".join(sorted(values)[:3]),
                wanted=f'one year: --only "{column}={max(values)}"',
            )  # fmt: skip
            source.refuse(error, "years")
    return found


def check_points(source: Source, rows: Sequence[TextRow], columns: Sequence[str], whole: bool = True) -> None:
    """Refuse points between thousands, which would be read as decimals; raises ``InputError``.

    Parameters
    ----------
    whole
        Whether the columns count something, so that thousandths are unlikely. Of others a column is suspected whose
        cells end in zeros beside cells without a point: programs write all decimals or none that are 0.
    """
    for group in [columns] if whole else [[column] for column in columns]:
        cells = [row.get(column, "") for _, row in rows for column in group]
        pointed = [cell for cell in cells if "." in cell]
        mixed = len(pointed) < len(cells) and any(cell.endswith("0") for cell in pointed)
        if len(pointed) > 1 and all(POINTED.fullmatch(cell) for cell in pointed) and (whole or mixed):
            error = InputError(
                "points between thousands, or three decimals", file=source.file, column=group[0],
                found=", ".join(pointed[:3]), wanted=f"numbers such as {pointed[0].replace('.', '')}",
            )  # fmt: skip
            source.refuse(error, "counts")


def check_missing(source: Source, rows: Sequence[TextRow], columns: Sequence[str], marks: Collection[str] = ()) -> None:
    """Refuse numbers below 0 that say that a value is missing, where few are below 0; raises ``InputError``.

    Parameters
    ----------
    marks
        Further cells that say so in these columns.
    """
    for column in columns:
        below = [(line, row[column]) for line, row in rows if row[column].startswith("-")]
        for line, cell in below:
            if 4 * len(below) <= len(rows) and (_MISSING.fullmatch(cell) or cell in marks):
                error = InputError(
                    "a mark for a missing value", file=source.file, row=line, column=column, found=cell,
                    wanted="a number, or the table without this row",
                )  # fmt: skip
                source.refuse(error, "counts")
