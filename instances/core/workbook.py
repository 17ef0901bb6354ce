"""The sheets of a workbook as rows of cells, and what a sheet does not show.

openpyxl takes time to load, so this module is loaded where a workbook is read, and nowhere else.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import openpyxl
from fairbound.instances.core.files import LARGEST_FILE
from fairbound.instances.core.grid import MOST_COLUMNS, MOST_ROWS
from fairbound.models.core.errors import InputError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from fairbound.instances.core.grid import Line

_PADDED = re.compile(r"0+")
_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\s[^>]*\bhidden=\"(?:1|true)\"")
_COLUMNS = re.compile(rb"<(?:\w+:)?col\s[^>]*>")
_HIDDEN = re.compile(rb"\bhidden=\"(?:1|true)\"")
_ENDS = re.compile(rb"\b(min|max)=\"(\d+)\"")
_FORMULA = re.compile(
    rb"<(?:\w+:)?c\s([^>]*)>\s*<(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v\s*></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
"""A cell with a formula and without a value."""
_EMPTY_TEXT = re.compile(rb"\bt=\"str\"")
"""In a cell whose formula has been computed, and is a text without letters."""
_PLACE = re.compile(rb"\br=\"([A-Z]+)(\d+)\"")


Places = set[tuple[int, int]]
"""Rows of a sheet from 1, and columns from 0."""


def read_workbook(path: Path, raw: bytes, sheet: str) -> tuple[list[Line], list[str], Places]:
    """The rows of a sheet, what is to be said of it, and where it shows percentages.

    It is the sheet that is named, or the only one that has cells.

    Raises
    ------
    InputError
        For a damaged workbook, for a sheet that is not there or not named, and for cells that hold no value.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_FILE:
                raise InputError("too large", file=str(path), wanted=f"at most {LARGEST_FILE >> 20:,} MiB, unpacked")
            if "xl/workbook.xml" not in packed.namelist():
                raise InputError("not an Excel workbook", file=str(path), wanted="a workbook saved as .xlsx, or a CSV")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what only a spreadsheet needs
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
            pages = {page.title: page for page in book.worksheets}
            found = {title: _sheet(path, page) for title, page in pages.items()}
        filled = [title for title, (lines, _) in found.items() if title == sheet or (lines and not sheet)]
        if len(filled) == 1:
            lines, percentages = found[filled[0]]
            return lines, _notes(path, raw, pages[filled[0]], lines), percentages
    except InputError:
        raise
    except Exception as error:  # a damaged workbook fails anywhere in the library
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise InputError(f"a workbook that cannot be read ({reason})", file=str(path)) from None
    if sheet:
        raise InputError("no such sheet", file=str(path), found=sheet, wanted=nearest(sheet, found))
    if filled:
        wanted = " or ".join(f"{path.name}#{name}" for name in filled[:5])
        raise InputError("several sheets", file=str(path), found=", ".join(filled[:5]), wanted=wanted)
    return [], [], set()


def sheet_names(path: Path) -> list[str]:
    """The sheets of a workbook; none of a file that is no workbook or cannot be read."""
    try:
        return list(openpyxl.load_workbook(path, read_only=True).sheetnames)
    except Exception:  # whoever reads a sheet of it says why
        return []


def _notes(path: Path, raw: bytes, page: Any, lines: list[Line]) -> list[str]:
    """What is said of a sheet: which one it is, and that rows and columns are read that it does not show.

    openpyxl knows that only of sheets that it loads whole, and never whether a formula has been computed. Raises
    ``InputError`` for one that has not: its cell would be a blank one.
    """
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        text = packed.read(page._worksheet_path)  # noqa: SLF001 - it has no other name
    for about in _FORMULA.findall(text):
        if not _EMPTY_TEXT.search(about):
            place = _PLACE.search(about)
            row, column = (int(place[2]), place[1].decode()) if place else (None, None)
            wanted = "a workbook that a spreadsheet has computed and saved"
            raise InputError("a formula without its value", file=str(path), row=row, column=column, wanted=wanted)
    width = max((len(cells) for _, cells in lines), default=0)
    columns = 0
    for ends in (dict(_ENDS.findall(column)) for column in _COLUMNS.findall(text) if _HIDDEN.search(column)):
        columns += max(0, min(int(ends[b"max"]), width) - int(ends[b"min"]) + 1)
    unseen = ((len(_HIDDEN_ROW.findall(text)), "rows"), (columns, "columns"))
    hidden = [f"{count} {what} that the sheet hides are read too" for count, what in unseen if count]
    return [f"sheet {page.title} of the workbook is read", *hidden]


def _sheet(path: Path, page: Any) -> tuple[list[Line], Places]:
    lines: list[Line] = []
    percentages: Places = set()
    for row, cells in enumerate(page.iter_rows(), start=1):
        if len(cells) > MOST_COLUMNS or len(lines) > MOST_ROWS:
            wanted = f"at most {MOST_COLUMNS:,} columns and {MOST_ROWS:,} rows"
            raise InputError("too large", file=str(path), row=row, wanted=wanted)
        texts = [_cell(path, row, cell) for cell in cells]
        if any(text.strip() for text in texts):
            lines.append((row, texts))
            percentages |= {
                (row, place)
                for place, cell in enumerate(cells)
                if isinstance(cell.value, float | int) and "%" in str(cell.number_format)
            }
    return lines, percentages


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
