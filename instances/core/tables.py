"""Read a table strictly: every refusal names file, row, column, what was found and what was wanted."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Annotated, Any, TypeGuard, TypeVar

from fairbound.instances.core.files import write_text
from fairbound.instances.core.grid import read_grid
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import SMALLEST_QUANTITY, is_number, parse_number
from fairbound.models.core.text import short
from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

Row = TypeVar("Row", bound=BaseModel)

TextRow = tuple[int, dict[str, str]]
"""Number of a row in its file, and its cells by column."""
MOST_NAMED = 20
"""Bad cells whose places are named."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of cells that a spreadsheet takes for a formula."""
_RISKY = (*_FORMULA, "'")

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
LARGEST = 10**15
"""Nothing that a table counts comes near; a number beyond is a slip, and floats would lose its digits."""


@lru_cache(maxsize=1 << 14)
def cell_number(text: str) -> Fraction:
    """Read a cell as ``parse_number`` does, thousands separated by commas too; raises ``ValueError``.

    Where semicolons separate cells, such a number is refused before: it has two readings.
    """
    number = parse_number(without_thousands(text))
    if number and abs(number) < SMALLEST_QUANTITY:
        raise ValueError(text)
    return number


def without_thousands(text: str) -> str:
    """A number without the commas between its thousands; any other text as it is."""
    return text.replace(",", "") if _THOUSANDS.fullmatch(text.strip()) else text


def _exact(value: Any) -> Fraction:
    try:
        number = cell_number(str(value))
    except ValueError:
        raise PydanticCustomError("number", "a number such as 120 or 52.5") from None
    if abs(number.numerator) >= LARGEST * number.denominator:
        raise PydanticCustomError("number", "a number below 1e15")
    return number


def _count(value: Any) -> Fraction:
    number = _exact(value)
    if number.numerator < 0:
        raise PydanticCustomError("count", "a number that is not negative")
    return number


def _flag(value: Any) -> bool:
    # bool("False") is True, so only words that mean one thing are read.
    words = {"yes": True, "true": True, "1": True, "y": True, "no": False, "false": False, "0": False, "n": False}
    try:
        return words[str(value).strip().lower()]
    except KeyError:
        raise PydanticCustomError("flag", "yes or no") from None


def _text(value: Any) -> str:
    text = str(value).strip()
    if not text:
        raise PydanticCustomError("text", "some text")
    return text


Number = Annotated[Fraction, BeforeValidator(_exact)]
Count = Annotated[Fraction, BeforeValidator(_count)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Text = Annotated[str, BeforeValidator(_text)]


def read_rows(path: Path) -> tuple[list[str], list[TextRow]]:
    """Header and rows of a table; blanks around cells are dropped. Raises ``InputError`` as ``read_grid`` does."""
    grid = read_grid(path)
    return grid.header, text_rows(grid.header, grid.rows)


def text_rows(header: Sequence[str], lines: Iterable[tuple[int, Sequence[str]]], strip: bool = True) -> list[TextRow]:
    """Rows by column; blanks around cells are dropped unless ``strip`` is false."""
    return [
        (number, dict(zip(header, [said(cell.strip() if strip else cell) for cell in cells], strict=True)))
        for number, cells in lines
    ]


def first_lines(rows: Iterable[tuple[int, Mapping[str, str]]], column: str) -> dict[str, int]:
    """The line in which each text of a column stands first, in the order of the lines."""
    found: dict[str, int] = {}
    for line, row in rows:
        found.setdefault(row[column], line)
    return found


def need_columns(path: Path | str, header: Sequence[str], wanted: Iterable[str]) -> None:
    """Raise ``InputError`` for a table that lacks a column."""
    for name in wanted:
        if name not in header:
            has = f"{', '.join(header[:8])}{', ...' if len(header) > 8 else ''}"
            ways = f"{name}; the file has {has}: --map {name}=..."
            raise InputError("missing column", file=str(path), row=1, column=name, wanted=ways)


def check_header(path: Path | str, header: Iterable[str], model: type[BaseModel]) -> None:
    """Refuse a table that lacks a column, or has one that looks like a misspelled optional one.

    Raises ``InputError``.
    """
    columns = list(header)
    need_columns(path, columns, (name for name, field in model.model_fields.items() if field.is_required()))
    absent = [name for name in model.model_fields if name not in columns]
    for column in columns:
        if column not in model.model_fields:
            close = get_close_matches(column.lower(), absent, n=1, cutoff=0.85)
            if close:
                raise InputError("unknown column", file=str(path), row=1, column=column, wanted=nearest(column, close))


@dataclass(frozen=True)
class BadCell:
    """A cell that cannot be used; ``column`` is ``None`` where the row as a whole cannot."""

    row: int
    column: str | None
    found: str | None
    wanted: str


def validate_rows(
    path: Path | str, rows: Iterable[tuple[int, Mapping[str, str]]], model: type[Row]
) -> list[tuple[int, Row]]:
    """Turn text rows into typed rows; an empty cell of an optional column counts as absent.

    Raises ``InputError`` for the first cell that cannot be read; it names where the others are.
    """
    typed, bad = sorted_rows(rows, model)
    if bad:
        raise refusal(path, bad)
    return typed


def sorted_rows(
    rows: Iterable[tuple[int, Mapping[str, str]]], model: type[Row]
) -> tuple[list[tuple[int, Row]], list[BadCell]]:
    """Typed rows, and the cells that keep the other rows from being typed."""
    optional = _optional(model)
    typed: list[tuple[int, Row]] = []
    bad: list[BadCell] = []
    for line, row in rows:
        try:
            typed.append((line, model.model_validate({k: v for k, v in row.items() if v != "" or k not in optional})))
        except ValidationError as error:
            for one in error.errors():
                column = str(one["loc"][0]) if one["loc"] else None
                bad.append(BadCell(line, column, row.get(column) if column else None, one["msg"]))
    return typed, bad


@cache
def _optional(model: type[BaseModel]) -> frozenset[str]:
    """The columns of a table that may be absent."""
    return frozenset(name for name, field in model.model_fields.items() if not field.is_required())


def refusal(path: Path | str, bad: Sequence[BadCell], way_out: str = "") -> InputError:
    """The error for cells that cannot be used: the first, and where the others are."""
    first, wanted = bad[0], bad[0].wanted
    if len(bad) > 1:
        others = [f"row {cell.row} {cell.column or ''} {short(cell.found or '')}" for cell in bad[1:MOST_NAMED]]
        more = ", ..." if len(bad) > MOST_NAMED else ""
        wanted += f"; {len(bad)} such cells: also {', '.join(others)}{more}"
    return InputError(
        "cannot be used", file=str(path), row=first.row, column=first.column, found=first.found, wanted=wanted + way_out
    )


def _harmless(cell: str) -> str:
    """A cell as it is written: with an apostrophe before it where a spreadsheet would compute it."""
    if not cell.startswith(_RISKY):
        return cell
    risky = cell[0] != "'" or cell[1:].startswith(_RISKY)
    return f"'{cell}" if risky and len(cell) > 1 and not is_number(cell) else cell


def said(cell: str) -> str:
    """The inverse of ``_harmless``."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_RISKY) else cell


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells, the header's first, as the text of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def full_rows(rows: Iterable[Mapping[str, object]], exact: Iterable[str] = ()) -> list[dict[str, str]]:
    """Rows as text for ``write_csv``, numbers in full: no digit is rounded, no thousands are separated.

    A float is its ``repr``. A fraction that is not whole is a float too, and ``p/q`` in a column ``NAME_exact``
    beside it, which every row then has; so have the columns named by ``exact``, whatever their cells are.
    """
    table = list(rows)
    broken = {name for row in table for name, cell in row.items() if is_broken(cell)} | set(exact)
    found = []
    for row in table:
        cells: dict[str, str] = {}
        for name, cell in row.items():
            cells[name] = full_text(cell)
            if name in broken:
                cells[f"{name}_exact"] = str(cell) if isinstance(cell, Fraction | int) else ""
        found.append(cells)
    return found


def full_text(cell: object) -> str:
    """A cell for a program: nothing for ``None``, ``repr`` of a float, which a fraction that is not whole becomes."""
    if cell is None:
        return ""
    if is_broken(cell):
        cell = float(cell)
    return repr(float(cell)) if isinstance(cell, float) else str(cell)


def is_broken(cell: object) -> TypeGuard[Fraction]:
    """Whether a cell is a fraction that is not whole."""
    return isinstance(cell, Fraction) and cell.denominator != 1


def write_csv(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write rows as CSV in one step: a reader sees the old file or the whole new one."""
    write_text(path, table_text(rows))


def table_text(rows: Iterable[Mapping[str, str]]) -> str:
    """Rows as the text of a CSV file.

    A text that begins with ``= + - @``, a tab or a carriage return gets an apostrophe before it, so that no
    spreadsheet takes it for a formula; ``read_rows`` takes it away again. Numbers stay as they are.
    """
    table = list(rows)
    columns = list(table[0]) if table else []
    cells = [columns, *([str(row[column]) for column in columns] for row in table)]
    return csv_text([_harmless(cell) for cell in line] for line in cells)
