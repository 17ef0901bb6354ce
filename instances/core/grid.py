"""Cells as a file holds them: text of any usual encoding and separator, or a sheet of a workbook.

What had to be understood on the way (another encoding, another separator, lines above the header) is said.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from fairbound.instances.core.files import LARGEST_FILE, read_bytes
from fairbound.models.core.errors import InputError, nearest
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
_HIDDEN = re.compile(rb"<(?:\w+:)?row\s[^>]*\bhidden=\"(?:1|true)\"")
_PADDED = re.compile(r"0+")

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
    if raw.startswith(WORKBOOK):
        lines, notes = _workbook(path, raw, sheet)
    elif raw.startswith(_OLD_WORKBOOK):
        raise InputError("an old Excel workbook", file=str(path), wanted="a workbook saved as .xlsx, or a CSV")
    elif sheet:
        raise InputError("only a workbook has sheets", file=str(path), found=sheet)
    else:
        lines, notes = _text(path, raw)
    return _table(path, lines, notes)


# Text -------------------------------------------------------------------------------------------


def decoded(path: Path, raw: bytes) -> tuple[str, list[str]]:
    """The text of a table, and a word on an encoding that is not UTF-8; raises ``InputError``."""
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
        _refuse_two_readings(path, lines)
    return lines, notes


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


# Workbooks --------------------------------------------------------------------------------------


def _workbook(path: Path, raw: bytes, sheet: str) -> tuple[list[Line], list[str]]:
    """The rows of a sheet: of the one that is named, or of the only one that has cells."""
    import openpyxl  # slow to import, and only workbooks need it

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_FILE:
                raise InputError("too large", file=str(path), wanted=f"at most {LARGEST_FILE >> 20:,} MiB, unpacked")
            if "xl/workbook.xml" not in packed.namelist():
                raise InputError("not an Excel workbook", file=str(path), wanted="a workbook saved as .xlsx, or a CSV")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what only a spreadsheet needs
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
            found = {page.title: _sheet(path, page) for page in book.worksheets}
            hidden = {page.title: _hidden_rows(raw, page) for page in book.worksheets}
    except InputError:
        raise
    except Exception as error:  # a damaged workbook fails anywhere in the library
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise InputError(f"a workbook that cannot be read ({reason})", file=str(path)) from None
    if sheet:
        if sheet not in found:
            raise InputError("no such sheet", file=str(path), found=sheet, wanted=nearest(sheet, found))
        return found[sheet], _sheet_notes(sheet, hidden[sheet])
    filled = [name for name, lines in found.items() if lines]
    if len(filled) > 1:
        wanted = " or ".join(f"{path.name}#{name}" for name in filled[:5])
        raise InputError("several sheets", file=str(path), found=", ".join(filled[:5]), wanted=wanted)
    return (found[filled[0]], _sheet_notes(filled[0], hidden[filled[0]])) if filled else ([], [])


def _sheet_notes(sheet: str, hidden: int) -> list[str]:
    """What is said of a sheet: which one it is, and that rows are read that it does not show."""
    unseen = [f"{hidden} rows that the sheet hides are read too"] if hidden else []
    return [f"sheet {sheet} of the workbook is read", *unseen]


def _hidden_rows(raw: bytes, page: Any) -> int:
    """How many rows a filter, or a hand, has hidden; openpyxl knows it only of sheets that it loads whole."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        return len(_HIDDEN.findall(packed.read(page._worksheet_path)))  # noqa: SLF001 - it has no other name


def _sheet(path: Path, page: Any) -> list[Line]:
    lines: list[Line] = []
    for row, cells in enumerate(page.iter_rows(), start=1):
        if len(cells) > MOST_COLUMNS or len(lines) > MOST_ROWS:
            wanted = f"at most {MOST_COLUMNS:,} columns and {MOST_ROWS:,} rows"
            raise InputError("too large", file=str(path), row=row, wanted=wanted)
        texts = [_cell(path, row, cell) for cell in cells]
        if any(text.strip() for text in texts):
            lines.append((row, texts))
    return lines


def _cell(path: Path, row: int, cell: Any) -> str:
    """A cell as text that says what the sheet shows: numbers in full, ids with the zeros that their format adds."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if cell.data_type == "e":
        raise InputError("a formula that failed", file=str(path), row=row, found=str(value), wanted="a value")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int) and _PADDED.fullmatch(str(cell.number_format)):
        return str(value).zfill(len(cell.number_format))
    return str(value)


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
