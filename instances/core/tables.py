"""Read a table strictly: every refusal names file, row, column, what was found and what was wanted."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import stat
import zlib
from collections import Counter
from contextlib import contextmanager
from difflib import get_close_matches
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import LONGEST_NUMBER, is_number, parse_number
from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

Row = TypeVar("Row", bound=BaseModel)

LARGEST_FILE = 256 * 2**20
"""Bytes of a file, unpacked; the largest data of this field is a tenth of it."""
MOST_COLUMNS, MOST_ROWS = 1000, 2_000_000
DEEPEST = 100
"""Levels of lists and objects in JSON; GeoJSON needs 8."""
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_OTHER_KINDS = (
    (b"PK\x03\x04", "an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
MOST_NAMED = 20
"""Bad cells whose places are named."""
_FIRST_ROWS = 20
"""Rows among which a header is looked for that is not the first."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of cells that a spreadsheet takes for a formula."""

LARGEST = 10**15
"""Nothing that a table counts comes near; a number beyond is a slip, and floats would lose its digits."""


def _exact(value: Any) -> Fraction:
    try:
        number = parse_number(str(value))
    except ValueError:
        raise PydanticCustomError("number", "a number such as 120 or 52.5") from None
    if abs(number) >= LARGEST:
        raise PydanticCustomError("number", "a number below 1e15")
    return number


def _count(value: Any) -> Fraction:
    number = _exact(value)
    if number < 0:
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


def read_text(path: Path, largest: int = LARGEST_FILE) -> str:
    """The text of a UTF-8 file, plain or ``.gz``; raises ``InputError`` if it cannot be read or is too large.

    Pipes, devices and folders are refused: they may never end.
    """
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            raise InputError("not a file", file=str(path), found=_kind_of(kind), wanted="a regular file")
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            raw = stream.read(largest + 1)
        for beginning, what in _OTHER_KINDS:
            if raw.startswith(beginning):
                raise InputError(what, file=str(path), wanted="a table saved as CSV UTF-8")
        if len(raw) > largest:
            raise InputError("too large", file=str(path), wanted=f"at most {largest >> 20:,} MiB, unpacked")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("not UTF-8 text", file=str(path), row=line, wanted="a file saved as UTF-8") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot be read ({reason})", file=str(path)) from None


def _kind_of(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def read_json(path: Path) -> Any:
    """The JSON document in a file, numbers with a point or an exponent as text; raises ``InputError``.

    Refused are numbers that are none (``NaN``), that are too long, and lists in lists beyond ``DEEPEST``.
    """
    file, text = str(path), read_text(path)
    depth = deepest = 0
    for sign in _BRACKETS.findall(text):
        depth += 1 if sign in "[{" else -1 if sign in "]}" else 0
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise InputError("lists in lists too deep", file=file, found=deepest, wanted=f"at most {DEEPEST} levels")

    def number(digits: str) -> int:
        if len(digits) > LONGEST_NUMBER:
            raise InputError("a number that is too long", file=file, wanted=f"at most {LONGEST_NUMBER} characters")
        return int(digits)

    def constant(word: str) -> Any:
        raise InputError("not JSON", file=file, found=word, wanted="a number")

    try:
        document = json.loads(text, parse_float=str, parse_int=number, parse_constant=constant)
        if "\\ud" in text.lower():
            json.dumps(document, ensure_ascii=False).encode()
        return document
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON ({error.msg})", file=file, row=error.lineno) from None
    except UnicodeEncodeError:
        raise InputError("half a character (a surrogate alone)", file=file, wanted="whole characters") from None


def read_header(path: Path) -> list[str]:
    """The columns that the first line names; raises ``InputError`` where there are none.

    Enough to tell what a file is meant to be: what is wrong below is for its reader to say.
    """
    try:
        header = next(csv.reader(io.StringIO(read_text(path), newline=""), strict=True), [])
    except csv.Error as error:
        raise InputError(f"not a CSV table ({error})", file=str(path), row=1) from None
    if not any(cell.strip() for cell in header):
        raise InputError("empty file", file=str(path), wanted="a header line and one row per school or unit")
    return [column.strip() for column in header]


def check_first_row(path: Path, text: str) -> None:
    """Raise ``InputError`` for a first row that is no header: a title, other separators, columns without a name."""
    lines = csv.reader(io.StringIO(text, newline=""))
    try:
        rows = [[cell.strip() for cell in cells] for cells in islice(lines, _FIRST_ROWS)]
    except csv.Error as error:
        raise InputError(f"not a CSV table ({error})", file=str(path), row=lines.line_num) from None
    header = rows[0] if rows else []
    if len(header) == 1:
        for sign, word in _SEPARATORS.items():
            if sign in header[0]:
                raise InputError(f"cells are separated by {word}", file=str(path), row=1, wanted="commas between cells")
    named = sum(map(bool, header))
    if named < 2 or header.count("") > 1:
        for number, cells in enumerate(rows[1:], start=2):
            if len(cells) > 1 and sum(map(bool, cells)) > max(named, 1) and "" not in cells[: named + 1]:
                wanted = f"the header first; row {number} begins {', '.join(cells[:3])}"
                raise InputError(
                    "no header", file=str(path), row=1, found=next(filter(None, header), ""), wanted=wanted
                )
    if header.count("") > 1:
        found = f"{header.count('')} columns without a name"
        raise InputError(
            "columns without a name", file=str(path), row=1, found=found, wanted="a name for each, or fewer commas"
        )


def read_rows(path: Path, strip: bool = True) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Header and rows of a CSV file; each row with its line number in the file.

    Blanks around cells are dropped unless ``strip`` is false.

    Raises ``InputError`` for an empty file, a repeated column, or a row of the wrong length.
    """
    text = read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        check_first_row(path, text)
        header = [column.strip() for column in next(reader, [])]
        if not any(header):
            raise InputError("empty file", file=str(path), wanted="a header line and one row per school or unit")
        if len(header) > MOST_COLUMNS:
            raise InputError(
                "too many columns", file=str(path), row=1, found=len(header), wanted=f"{MOST_COLUMNS} at most"
            )
        for column, count in Counter(header).items():
            if count > 1:
                raise InputError("column stands twice", file=str(path), row=1, column=column)
        rows: list[tuple[int, dict[str, str]]] = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise InputError(
                    "wrong number of cells", file=str(path), row=reader.line_num, found=len(cells), wanted=len(header)
                )
            if len(rows) == MOST_ROWS:
                raise InputError("too many rows", file=str(path), row=reader.line_num, wanted=f"at most {MOST_ROWS:,}")
            cells = [_said(cell.strip() if strip else cell) for cell in cells]
            rows.append((reader.line_num, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise InputError(f"not a CSV table ({error})", file=str(path), row=reader.line_num) from None
    if not rows:
        raise InputError("no rows below the header", file=str(path), wanted="at least one")
    return header, rows


def check_header(path: Path | str, header: Iterable[str], model: type[BaseModel]) -> None:
    """Refuse a table that lacks a column, or has one that looks like a misspelled optional one."""
    columns = list(header)
    for name, field in model.model_fields.items():
        if field.is_required() and name not in columns:
            wanted = f"{name} (the file has {', '.join(columns[:8])}{', ...' if len(columns) > 8 else ''})"
            raise InputError("missing column", file=str(path), row=1, column=name, wanted=wanted)
    absent = [name for name in model.model_fields if name not in columns]
    for column in columns:
        if column not in model.model_fields:
            close = get_close_matches(column.lower(), absent, n=1, cutoff=0.85)
            if close:
                raise InputError("unknown column", file=str(path), row=1, column=column, wanted=nearest(column, close))


def validate_rows(
    path: Path | str, rows: Iterable[tuple[int, Mapping[str, str]]], model: type[Row]
) -> list[tuple[int, Row]]:
    """Turn text rows into typed rows; an empty cell of an optional column counts as absent.

    Raises ``InputError`` for the first cell that cannot be read; it names where the others are.
    """
    optional = {name for name, field in model.model_fields.items() if not field.is_required()}
    typed = []
    bad: list[tuple[int, str | None, str | None, str]] = []
    for line, row in rows:
        try:
            typed.append((line, model.model_validate({k: v for k, v in row.items() if v != "" or k not in optional})))
        except ValidationError as error:
            for one in error.errors():
                column = str(one["loc"][0]) if one["loc"] else None
                bad.append((line, column, row.get(column) if column else None, one["msg"]))
    if bad:
        line, column, found, wanted = bad[0]
        if len(bad) > 1:
            others = [f"row {at} {where or ''}".rstrip() for at, where, _, _ in bad[1:MOST_NAMED]]
            more = ", ..." if len(bad) > MOST_NAMED else ""
            wanted += f"; {len(bad)} such cells: also {', '.join(others)}{more}"
        raise InputError("cannot be used", file=str(path), row=line, column=column, found=found, wanted=wanted)
    return typed


def _harmless(cell: str) -> str:
    """A cell as it is written: with an apostrophe before it where a spreadsheet would compute it."""
    risky = cell.startswith(_FORMULA) or (cell.startswith("'") and cell[1:].startswith((*_FORMULA, "'")))
    return f"'{cell}" if risky and len(cell) > 1 and not is_number(cell) else cell


def _said(cell: str) -> str:
    """The inverse of ``_harmless``."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_FORMULA, "'")) else cell


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells, the header's first, as the text of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def write_csv(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write rows as CSV in one step: a reader sees the old file or the whole new one.

    A text that begins with ``= + - @``, a tab or a carriage return gets an apostrophe before it, so that no
    spreadsheet takes it for a formula; ``read_rows`` takes it away again. Numbers stay as they are.
    """
    table = list(rows)
    columns = list(table[0]) if table else []
    cells = [columns, *([str(row[column]) for column in columns] for row in table)]
    write_text(path, csv_text([_harmless(cell) for cell in line] for line in cells))


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step: a reader sees the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A place to write what then becomes ``path`` in one step, on the disk before it has that name."""
    part = path.with_name(path.name + ".part")
    yield part
    _sync(part, os.O_RDWR)
    part.replace(path)
    if hasattr(os, "O_DIRECTORY"):
        _sync(path.parent, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
