"""Rows of totals and averages: they stand in published tables, and would be counted as one more school or district."""

from __future__ import annotations

import re
from fractions import Fraction
from operator import add
from typing import TYPE_CHECKING

from fairbound.instances.core.source import LEFT_OUT_WORDS
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.instances.core.source import Source

TOTAL = re.compile(
    r"(.*[\s_-])?(sub|grand )?totals?\s*([:,(/-].*)?|all schools|(state|district|county)[ -]?wide"
    r"|((state|district|county|school|overall)[ _-])?(averages?|avg\.?|means?|medians?)",
    re.IGNORECASE,
)
"""Names of totals and averages; "Total Learning Academy" is a school, "Mean Elementary" too."""
FEWEST = 4
"""A table of fewer rows may sum up by chance."""


def total_rows(names: Sequence[Sequence[str]], counts: Sequence[Sequence[Fraction]]) -> list[int]:
    """Rows that are called a total, or whose counts are the sums of all others or of the rows of their block.

    Parameters
    ----------
    names
        What each row is called: its id, and its name if it has one.
    counts
        Numbers of each row that would add up; of fewer than two the names alone tell.
    """
    if counts and len(counts[0]) < 2:
        counts = [(Fraction(0),)] * len(names)
    sums = [sum(column, Fraction(0)) for column in zip(*counts, strict=True)]
    blocks = _ends_of_blocks(counts)
    found = []
    for i, (called, numbers) in enumerate(zip(names, counts, strict=True)):
        named = any(TOTAL.fullmatch(name.strip()) for name in called)
        adds_up = all(2 * number == total for number, total in zip(numbers, sums, strict=True)) and numbers[0] > 0
        if named or i in blocks or (adds_up and len(counts) >= FEWEST):
            found.append(i)
    return found


def _ends_of_blocks(counts: Sequence[Sequence[Fraction]]) -> list[int]:
    """Subtotals, and the total of these: where the table is nothing but blocks of rows, each followed by its sums.

    Of one block, or of blocks of one row, that may be by chance.
    """
    ends: list[int] = []
    sums: list[Fraction] = []
    size = 0
    for i, numbers in enumerate(counts):
        if size >= 2 and numbers[0] > 0 and sums == list(numbers):
            ends.append(i)
            size = 0
        else:
            sums = list(map(add, sums, numbers)) if size else list(numbers)
            size += 1
    if len(ends) < 2:
        return []
    if size == 1 and sums == [sum(column) for column in zip(*(counts[i] for i in ends), strict=True)]:
        return [*ends, len(counts) - 1]
    return [] if size else ends


def without_totals(
    source: Source, lines: Sequence[int], names: Sequence[Sequence[str]], counts: Sequence[Sequence[Fraction]]
) -> list[int]:
    """Places of the rows that are no totals, or all that are accepted; ``lines`` are their places in the file.

    Raises ``InputError`` where nobody said what to do with a row of ``total_rows``.
    """
    totals = total_rows(names, counts)
    for i in totals:
        if "totals" in source.reading.leave_out:
            source.notes.append(f"row {lines[i]} ({' '.join(filter(None, names[i]))}){LEFT_OUT_WORDS}a row of totals")
        else:
            source.refuse(total_refused(source.file, lines[i], names[i]), "totals")
    return [i for i in range(len(lines)) if i not in totals or "totals" in source.reading.accept]


def need_rows(source: Source, rows: Sequence[object]) -> None:
    """Raise ``InputError`` where nothing but totals stood in a table."""
    if not rows:
        raise InputError("no row is left", file=source.file, found="rows of totals alone", wanted="one that is none")


def check_totals(
    file: str, lines: Sequence[int], names: Sequence[Sequence[str]], counts: Sequence[Sequence[Fraction]]
) -> None:
    """Raise ``InputError`` for a row of ``total_rows``; ``lines`` are the places of rows in the file."""
    for i in total_rows(names, counts):
        raise total_refused(file, lines[i], names[i])


def total_refused(file: str, line: int, called: Sequence[str]) -> InputError:
    """The error for a row of totals."""
    return InputError("a row of totals", file=file, row=line, found=called[-1] or called[0], wanted="none")
