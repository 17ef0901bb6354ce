"""Cells as a file holds them: text of any usual encoding and separator, or a sheet of a workbook.

What had to be understood on the way (another encoding, another separator, lines above the header) is said.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from fairbound.instances.core.files import read_bytes
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import is_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MOST_COLUMNS, MOST_ROWS = 1000, 2_000_000
WORKBOOK = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_MARKED = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_FIRST_ROWS = 20
"""Rows among which the header is looked for, and from which the separator is told."""
_TWO_READINGS = re.compile(r"-?\d{1,3}(,\d{3})+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_ONE_READING = re.compile(r"[+-]?(\d{4,},\d+|\d+,(\d{1,2}|\d{4,})|0\d*,\d+)")
_POINTS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")

Line = tuple[int, list[str]]
"""Number of a row in its file, and its cells, blanks around them kept."""


@dataclass(frozen=True)
class Grid:
    """The header of a table, the rows below it, and what was understood to get there."""

    header: list[str]
    rows: list[Line]
    notes: tuple[str, ...]


def read_grid(path: Path, sheet: str = "") -> Grid:
    """The table of a file; blank rows are no rows.

    Parameters
    ----------
    sheet
        The sheet of a workbook; may be left out where only one has cells.

    Raises
    ------
    InputError
        For a file that holds no table: no header, columns without a name that hold something, rows of another length.
    """
    raw = read_bytes(path)
    if sheet:
        path = path.with_name(f"{path.name}#{sheet}")  # for errors
    if raw.startswith(WORKBOOK):
        from fairbound.instances.core.workbook import read_workbook  # slow to load, and only workbooks need it

        lines, notes, percentages = read_workbook(path, raw, sheet)
        found = _table(path, lines, notes)
        return replace(found, notes=(*found.notes, *_of_percentages(path, found, percentages)))
    if raw.startswith(_OLD_WORKBOOK):
        raise InputError("an old Excel workbook", file=str(path), wanted="a workbook saved as .xlsx, or a CSV")
    if sheet:
        raise InputError("only a workbook has sheets", file=str(path), found=sheet, wanted="the file without a sheet")
    return _table(path, *_text(path, raw))


def _of_percentages(path: Path, grid: Grid, places: set[tuple[int, int]]) -> list[str]:
    """What is said of percentages, which are read as shares; raises ``InputError`` for other numbers beside them."""
    columns = {place for row, place in places if row >= grid.rows[0][0] and place < len(grid.header)}
    for place in sorted(columns):
        for row, cells in grid.rows:
            cell = cells[place].strip()
            if (row, place) not in places and is_number(cell) and cell.strip("0."):
                wanted = "percentages in all of the column, or in none"
                raise InputError(
                    "a number beside percentages", file=str(path), row=row, column=grid.header[place], found=cell,
                    wanted=wanted,
                )  # fmt: skip
    return [f"percentages in column {grid.header[place]} are read as shares" for place in sorted(columns)]


# Text -------------------------------------------------------------------------------------------


def decoded(path: Path, raw: bytes) -> tuple[str, list[str]]:
    """The text of a table, and a word on an encoding that is not UTF-8; raises ``InputError``."""
    text, notes = _decoded(path, raw)
    if "\0" in text:  # UTF-16 without its mark, or a damaged file: in an id nobody would see it
        row = text[: text.index("\0")].count("\n") + 1
        raise InputError("a zero byte in the text", file=str(path), row=row, wanted="a file saved as UTF-8")
    return text, notes


def _decoded(path: Path, raw: bytes) -> tuple[str, list[str]]:
    for mark, encoding in _MARKED:
        if raw.startswith(mark):
            try:
                return raw.decode(encoding), ["the file is read as UTF-16"]
            except UnicodeDecodeError:
                raise InputError("broken UTF-16 text", file=str(path), wanted="a file saved as UTF-8") from None
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        try:
            if b"\0" in raw:
                raise error
            return raw.decode("cp1252"), [f"the file is not UTF-8 (row {line}): read as Windows text (cp1252)"]
        except UnicodeDecodeError:
            raise InputError("not UTF-8 text", file=str(path), row=line, wanted="a file saved as UTF-8") from None


def _text(path: Path, raw: bytes) -> tuple[list[Line], list[str]]:
    text, notes = decoded(path, raw)
    separator, skip = "", 0
    named = re.match(r"sep=(.)\r?\n", text)
    if named:  # a line for Excel
        separator, skip = named[1], 1
        text = text[named.end() :]
    if separator not in _SEPARATORS:
        separator = _separator(path, text)
    if separator != ",":
        notes.append(f"cells are separated by {_SEPARATORS[separator]}")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    lines: list[Line] = []
    try:
        for cells in reader:
            if len(cells) > MOST_COLUMNS:
                wanted = f"{MOST_COLUMNS} at most"
                raise InputError(
                    "too many columns", file=str(path), row=reader.line_num + skip, found=len(cells), wanted=wanted
                )
            if len(lines) > MOST_ROWS:
                wanted = f"at most {MOST_ROWS:,}"
                raise InputError("too many rows", file=str(path), row=reader.line_num + skip, wanted=wanted)
            if any(map(str.strip, cells)):
                lines.append((reader.line_num + skip, cells))
    except csv.Error as error:
        raise InputError(f"not a CSV table ({error})", file=str(path), row=reader.line_num + skip) from None
    if separator == ";":
        if any(_ONE_READING.fullmatch(cell.strip()) for _, cells in lines for cell in cells):
            notes.append("commas in numbers are decimal commas")
            lines = [(row, [_pointed(path, row, cell) for cell in cells]) for row, cells in lines]
        _refuse_two_readings(path, lines)
    return lines, notes


def _pointed(path: Path, row: int, cell: str) -> str:
    """A cell of a table with decimal commas, with a point; one with points already is of thousands, or a slip."""
    text = cell.strip()
    if _POINTS.fullmatch(text):
        wanted = f"a number such as {text.replace('.', '')}"
        raise InputError("points where commas are decimal", file=str(path), row=row, found=text, wanted=wanted)
    return text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else cell


def _separator(path: Path, text: str) -> str:
    """The sign that cuts the first rows into cells most evenly; a comma where none does."""
    scores, whole = {}, io.StringIO(text, newline="")
    for sign in _SEPARATORS:
        whole.seek(0)
        lines = csv.reader(whole, delimiter=sign)
        try:
            widths = [len(cells) for cells in islice(lines, _FIRST_ROWS) if any(cell.strip() for cell in cells)]
        except csv.Error as error:
            raise InputError(f"not a CSV table ({error})", file=str(path), row=lines.line_num) from None
        [(width, count)] = Counter(widths).most_common(1) or [(0, 0)]
        scores[sign] = (count, width) if width > 1 else (0, 0)
    return max(scores, key=lambda sign: scores[sign])


def _refuse_two_readings(path: Path, lines: Iterable[Line]) -> None:
    """Where semicolons separate, 1,200 may be a thousand and two hundred, or one and a fifth."""
    for row, cells in lines:
        for cell in cells:
            if _TWO_READINGS.fullmatch(cell.strip()):
                wanted = f"{cell.strip().replace(',', '')} or {cell.strip().replace(',', '.', 1)}"
                raise InputError("a number with two readings", file=str(path), row=row, found=cell, wanted=wanted)


# The table among the rows -----------------------------------------------------------------------


def _table(path: Path, lines: list[Line], notes: list[str]) -> Grid:
    if not lines:
        raise InputError("empty file", file=str(path), wanted="a header line and one row per school or unit")
    first = _header_row(lines)
    if first:
        shown = next(cell.strip() for cell in lines[0][1] if cell.strip())
        which = f"row {lines[0][0]}" if first == 1 else f"rows {lines[0][0]} to {lines[first - 1][0]}"
        notes.append(f"{which} above the header: skipped ({shown})")
    row, header = lines[first][0], [cell.strip() for cell in lines[first][1]]
    below = lines[first + 1 :]
    if not header[-1]:  # a spreadsheet's commas at the end of every line
        widest = max((_width(cells) for _, cells in below), default=0)
        while header and not header[-1] and widest < len(header):
            header.pop()
    if header.count("") > 1:
        found = f"{header.count('')} columns without a name"
        raise InputError("columns without a name", file=str(path), row=row, found=found, wanted="a name for each")
    for column, count in Counter(header).items():
        if count > 1:
            raise InputError("column stands twice", file=str(path), row=row, column=column)
    width = len(header)
    for at, cells in below:
        if len(cells) != width and (_width(cells) > width or len(cells) < width):
            raise InputError("wrong number of cells", file=str(path), row=at, found=len(cells), wanted=width)
        del cells[width:]
    if not below:
        raise InputError("no rows below the header", file=str(path), wanted="at least one")
    return Grid(header, below, tuple(notes))


def _width(cells: Sequence[str]) -> int:
    """Cells up to the last that holds something."""
    return next((i for i in range(len(cells), 0, -1) if cells[i - 1].strip()), 0)


def _header_row(lines: Sequence[Line]) -> int:
    """Where the header is: the first row, unless that is a title; then the first that names as many columns as any.

    A title has one cell, or fewer than most rows have, its first among them. No cell of a header is a number.
    """
    head = lines[:_FIRST_ROWS]
    filled = [sum(bool(cell.strip()) for cell in cells) for _, cells in head]
    usual = sorted(filled)[len(filled) // 2]
    if filled[0] > 1 and (filled[0] >= usual or not head[0][1][0].strip()):
        return 0
    for i, (_, cells) in enumerate(head):
        if filled[i] == max(filled) and not any(is_number(cell.strip()) for cell in cells):
            return i
    return 0
