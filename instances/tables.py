"""Read a table strictly: every refusal names file, row, column, what was found and what was wanted."""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fairbound.models.errors import InputError, nearest
from fairbound.models.exact import parse_number
from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic_core import PydanticCustomError

Row = TypeVar("Row", bound=BaseModel)

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


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, plain or ``.gz``; raises ``InputError`` if it cannot be read."""
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("not UTF-8 text", file=str(path), row=line, wanted="a CSV saved as UTF-8") from None
    except (OSError, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot be read ({reason})", file=str(path)) from None


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


def read_rows(path: Path, strip: bool = True) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Header and rows of a CSV file; each row with its line number in the file.

    Blanks around cells are dropped unless ``strip`` is false.

    Raises ``InputError`` for an empty file, a repeated column, or a row of the wrong length.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        header = [column.strip() for column in next(reader, [])]
        if not any(header):
            raise InputError("empty file", file=str(path), wanted="a header line and one row per school or unit")
        for column in header:
            if header.count(column) > 1:
                raise InputError("column stands twice", file=str(path), row=1, column=column)
        rows = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise InputError(
                    "wrong number of cells", file=str(path), row=reader.line_num, found=len(cells), wanted=len(header)
                )
            cells = [cell.strip() for cell in cells] if strip else cells
            rows.append((reader.line_num, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise InputError(f"not a CSV table ({error})", file=str(path), row=reader.line_num) from None
    if not rows:
        raise InputError("no rows below the header", file=str(path), wanted="at least one")
    return header, rows


def check_header(path: Path, header: Iterable[str], model: type[BaseModel]) -> None:
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

    Raises ``InputError`` for the first cell that cannot be read.
    """
    optional = {name for name, field in model.model_fields.items() if not field.is_required()}
    typed = []
    for line, row in rows:
        try:
            typed.append((line, model.model_validate({k: v for k, v in row.items() if v != "" or k not in optional})))
        except ValidationError as error:
            first = error.errors()[0]
            column = str(first["loc"][0]) if first["loc"] else None
            found = row.get(column) if column else None
            raise InputError(
                "cannot be used", file=str(path), row=line, column=column, found=found, wanted=first["msg"]
            ) from None
    return typed


def write_csv(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write rows as CSV in one step: a reader sees the old file or the whole new one."""
    table = list(rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(table[0]) if table else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    write_text(path, text.getvalue())


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
