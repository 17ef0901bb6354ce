"""A file that a person names, and how it is to be read: which sheet, columns and rows, and what stands as it is.

``schools.xlsx#Sheet 2`` names a sheet. ``schools.csv#map=enrolled=total_enrolled&leave_out=incomplete`` says more:
parts joined by ``&``, in which ``%26`` stands for that sign. The commands write it from their options.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from fairbound.instances.core.files import keep, read_json
from fairbound.instances.core.grid import Grid, Line, read_grid
from fairbound.instances.core.tables import TextRow, text_rows
from fairbound.models.core.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
"""Of files beside another that may be its second table."""
NO_TABLES = (".json", ".geojson", ".gpkg", ".shp", ".toml")
ACCEPTED = {
    "counts": "numbers that look like shares, percentages, thousands with points or marks are what they are",
    "meals": "numbers of meals are a year's, and other columns of meals may be ignored",
    "districts": "all rows are one district",
    "marked": "schools that are marked as left out are in",
    "totals": "rows and columns that look like totals are none",
    "over": "more identified than enrolled: capped at the enrolled",
    "alike": "ids that differ in case, blanks, zeros or marks that nobody sees are different ones",
    "years": "rows of several years belong together",
    "shapes": "polygons that cross themselves: mended (shapely.make_valid)",
}
"""What can be taken as it stands (``--accept``)."""
LEFT_OUT = {
    "incomplete": "rows with a cell that cannot be used",
    "marked": "schools that are marked as left out",
    "totals": "rows and columns that look like totals",
}
"""Rows that can be left out (``--leave-out``)."""
LEFT_OUT_WORDS = ": left out, "
"""In what is noted of such a row, between the row and the reason."""


@dataclass(frozen=True)
class Reading:
    """How a file is to be read, where it does not say so itself.

    Attributes
    ----------
    sheet
        Of a workbook.
    columns
        Pairs of a column that is wanted and the one that holds it.
    only
        Pairs of a column and the text that rows must have in it.
    accept, leave_out
        Names of ``ACCEPTED`` and ``LEFT_OUT``.
    """

    sheet: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    only: tuple[tuple[str, str], ...] = ()
    accept: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, given, known in (("accept", self.accept, ACCEPTED), ("leave out", self.leave_out, LEFT_OUT)):
            for kind in given:
                if kind not in known:
                    raise InputError(f"nothing to {what} has this name", found=kind, wanted=nearest(kind, known))
        for kind in self.accept:
            if kind in self.leave_out:
                raise InputError("accepted and left out", found=kind, wanted="one of the two")

    @property
    def text(self) -> str:
        """What follows ``#``; nothing where nothing is said."""
        parts = [("sheet", self.sheet)] if self.sheet else []
        parts += [("map", f"{wanted}={found}") for wanted, found in self.columns]
        parts += [("only", f"{column}={value}") for column, value in self.only]
        parts += [("accept", kind) for kind in self.accept] + [("leave_out", kind) for kind in self.leave_out]
        return "&".join(f"{key}={quote(value, safe=' =/:,.+()')}" for key, value in parts)

    @classmethod
    def parse(cls, text: str) -> Reading:
        """The inverse of ``text``; a part without ``=`` is a sheet. Raises ``InputError``."""
        found = cls()
        for part in filter(None, text.split("&")):
            key, equals, value = part.partition("=")
            value = unquote(value)
            if not equals:
                found = replace(found, sheet=unquote(part))
            elif key == "sheet":
                found = replace(found, sheet=value)
            elif key == "map":
                found = replace(found, columns=(*found.columns, pair(value, "map")))
            elif key == "only":
                found = replace(found, only=(*found.only, pair(value, "only")))
            elif key == "accept":
                found = replace(found, accept=(*found.accept, value))
            elif key == "leave_out":
                found = replace(found, leave_out=(*found.leave_out, value))
            else:
                wanted = "a sheet, or sheet=, map=, only=, accept=, leave_out="
                raise InputError("how a file is to be read", found=part, wanted=wanted)
        return found

    def joined(self, other: Reading) -> Reading:
        """What both say."""
        return Reading(
            other.sheet or self.sheet,
            self.columns + other.columns,
            self.only + other.only,
            tuple(dict.fromkeys(self.accept + other.accept)),
            tuple(dict.fromkeys(self.leave_out + other.leave_out)),
        )


_LOST_DIGITS = re.compile(r"\d(\.\d+)?[eE]\+\d+")


def pair(text: str, what: str) -> tuple[str, str]:
    """The two sides of ``=``; raises ``InputError``."""
    one, equals, other = (part.strip() for part in text.partition("="))
    if not (one and equals and other):
        wanted = "WANTED=FOUND, two names of columns" if what == "map" else "COLUMN=TEXT"
        raise InputError(what, found=text, wanted=wanted)
    return one, other


def alike(name: str) -> str:
    """An id without what spreadsheets and keyboards change: case, blanks, marks that are not seen, zeros, ``.0``."""
    text = name.casefold()
    if not name.isascii():
        seen = (sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
        text = "".join(seen)
    text = " ".join(text.split())
    number = re.fullmatch(r"0*(\d+)(\.0+)?", text)
    return number[1] if number else text


def folded(name: str) -> str:
    """A column's name without case, blanks, underscores and hyphens."""
    return re.sub(r"[\s_-]", "", name).lower()


def plain_geoid(text: str) -> str:
    """An id of the Census without what files add or lose: a decimal point, a prefix, zeros at its head.

    Raises ``ValueError`` for a number in E notation, of which digits are gone.
    """
    plain = re.sub(r"^\d{7}US", "", text.strip().removesuffix(".0"))
    if re.fullmatch(r"[\d.]+[eE][+-]?\d+", plain):
        raise ValueError(text)
    return plain.lstrip("0") or plain


@dataclass
class Source:
    """A file and its reading; while it is read, ``notes`` gathers what had to be understood."""

    path: Path
    reading: Reading = Reading()
    notes: list[str] = field(default_factory=list)
    _document: Any = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, given: Path | Source) -> Source:
        """The same, or a file that is read as it is."""
        return given if isinstance(given, Source) else cls(given)

    @classmethod
    def named(cls, name: str) -> Source | None:
        """The file of a name such as ``schools.xlsx#Sheet 2``; ``None`` where there is none.

        Raises ``InputError`` where the file is there and what follows says nothing.
        """
        if is_there(name):
            return cls(Path(name))
        path, sign, text = name.rpartition("#")
        while sign and not is_there(path):
            path, sign, rest = path.rpartition("#")
            text = f"{rest}#{text}"
        return cls(Path(path), Reading.parse(text)) if sign else None

    def __str__(self) -> str:
        return f"{self.path}#{self.reading.text}" if self.reading.text else str(self.path)

    @property
    def file(self) -> str:
        """What errors call the file, and its sheet if one is named."""
        return f"{self.path}#{self.reading.sheet}" if self.reading.sheet else str(self.path)

    @property
    def short_name(self) -> str:
        """What notes call the file, and its sheet if one is named."""
        return os.path.basename(self.file)

    @property
    def name(self) -> str:
        """What an instance is called: the file, and the rows that were chosen."""
        stem = self.path.stem.removesuffix(".csv")
        return "/".join([stem, *(value for _, value in self.reading.only)])

    def grid(self) -> Grid:
        """The cells of the chosen rows; raises ``InputError``."""
        whole = _grid(self.path, *_state(self.path), self.reading.sheet)
        if not self.reading.only:
            return whole
        columns = tuple(column for column, _ in self.reading.only)
        values = tuple(value for _, value in self.reading.only)
        chosen = _chosen(self.path, *_state(self.path), self.reading.sheet, columns)
        if values not in chosen:
            found, known = ", ".join(values), [", ".join(key) for key in chosen]
            raise InputError(
                "no such rows", file=self.file, column=", ".join(columns), found=found, wanted=nearest(found, known)
            )
        return Grid(whole.header, chosen[values], whole.notes)

    def groups(self, columns: Sequence[str]) -> dict[tuple[str, ...], int]:
        """The texts that rows have in some columns, and how many rows have them; raises ``InputError``."""
        found = _chosen(self.path, *_state(self.path), self.reading.sheet, tuple(columns))
        return {values: len(lines) for values, lines in found.items()}

    def has(self, *wanted: str, names: Mapping[str, tuple[str, ...]] | None = None) -> bool:
        """Whether the file is a table with these columns; it looks and never complains.

        Parameters
        ----------
        names
            Columns with other names (folded) that published tables have for them.
        """
        if self.path.suffix.lower() in NO_TABLES:
            return False
        try:
            header = self.grid().header
            return set(wanted) <= {*header, *self.renamed(header, names or dict.fromkeys(wanted, ())).values()}
        except InputError:
            return False

    def table(self, names: Mapping[str, tuple[str, ...]] | None = None) -> tuple[list[str], list[TextRow]]:
        """Header and rows with the columns called what a reader calls them.

        Raises
        ------
        InputError
            Also where two columns could be meant, and for a mapped column that is not there.
        """
        grid = self.grid()
        renamed = self.renamed(grid.header, names or {})
        self.notes += [note for note in grid.notes if note not in self.notes]
        self.notes += [f"column {found} is read as {wanted}" for found, wanted in renamed.items()]
        header = [renamed.get(column, column) for column in grid.header]
        replaced = {wanted for wanted in renamed.values() if header.count(wanted) > 1}
        for i, column in enumerate(grid.header):
            if column in replaced and column not in renamed:
                header[i] = f"{column} (of the file)"
        return header, text_rows(header, grid.rows)

    def document(self) -> Any:
        """The JSON document, read once; raises ``InputError``."""
        if self._document is None:
            self._document = read_json(self.path)
        return self._document

    def document_or_none(self) -> Any:
        """The same, or ``None`` where there is none; it looks and never complains."""
        try:
            return self.document()
        except InputError:
            return None

    def beside(
        self, given: Path | Source, names: Mapping[str, tuple[str, ...]] | None = None
    ) -> tuple[list[str], list[TextRow]]:
        """Header and rows of another table that belongs to this one, as ``table`` has them."""
        other = Source.of(given)
        keep(other.path)
        found = other.table(names)
        self.notes += [f"{other.short_name}: {note}" for note in other.notes]
        return found

    def siblings(self) -> list[Source]:
        """Other sheets of the workbook, then other tables in the folder by name; what is accepted here is there."""
        found = (path for path in self.path.parent.iterdir() if _is_table(path))
        reading = Reading(accept=self.reading.accept, leave_out=self.reading.leave_out)
        sheets: list[str] = []
        if self.reading.sheet:
            from fairbound.instances.core.workbook import sheet_names  # slow to load, and only workbooks need it

            sheets = [sheet for sheet in sheet_names(self.path) if sheet != self.reading.sheet]
        others = [Source(self.path, replace(reading, sheet=sheet)) for sheet in sheets]
        return [*others, *(Source(path, reading) for path in sorted(found) if path != self.path)]

    def partner(self, what: str, needed: Sequence[str], names: Mapping[str, tuple[str, ...]]) -> Source:
        """The one other table, of ``siblings``, that has the columns needed.

        A sheet of the same workbook, or a file whose name begins like this one's, comes before any other.

        Parameters
        ----------
        what
            What such tables are called, in the plural.
        names
            As ``has`` takes them.

        Raises
        ------
        InputError
            Where there is none, with what is wrong with tables that may be meant, or where there are several.
        """
        near = self.siblings()
        stem = self.path.name.partition(".")[0]
        own = [other for other in near if other.path == self.path or other.path.name.startswith(f"{stem}_")]
        near = own + [other for other in near if other not in own]
        found = [other for other in near if other.has(*needed, names=names)]
        first = [other for other in found if other in own]
        faults = [str(fault) for other in (own if found else near) if (fault := other.fault()) is not None]
        # Of another file nobody knows whether it is meant, where one of this table's own cannot be read.
        if len(first or found) == 1 and (first or not faults):
            chosen = (first or found)[0]
            if len(found) > 1:
                self.notes.append(f"of {len(found)} {what} {chosen.short_name} is read")
            return chosen
        wanted = f"one table with {', '.join(needed)}"
        if not first and faults:
            wanted += f"; not read: {'; '.join(faults[:3])}"
        listed = ", ".join(other.short_name for other in found) or "none"
        raise InputError(f"{what} beside it", file=self.file, found=listed, wanted=wanted)

    def fault(self) -> InputError | None:
        """What is wrong with the table, if it cannot be read."""
        try:
            self.grid()
        except InputError as error:
            return error
        return None

    def refuse(self, error: InputError, kind: str) -> None:
        """Raise an error that says how the file can be taken as it stands, or note that it was.

        Raises ``InputError``.
        """
        if kind in self.reading.accept:
            place = "" if error.row is None else f"row {error.row}: "
            self.notes.append(f"accepted ({kind}): {place}{error.what}")
            return
        ways = [f"--accept {kind}" if kind in ACCEPTED else "", f"--leave-out {kind}" if kind in LEFT_OUT else ""]
        raise InputError(
            error.what,
            file=error.file,
            row=error.row,
            column=error.column,
            found=error.found,
            wanted=" or ".join(filter(None, (str(error.wanted or ""), *ways))),
        )

    def check_alike(self, column: str, lines: Mapping[str, int], what: str = "ids", file: str | None = None) -> None:
        """Refuse ids, by their lines, that a spreadsheet may make of the same, or has made; raises ``InputError``.

        Parameters
        ----------
        what, file
            What they are, and the file that they are of, where it is another.
        """
        known: dict[str, str] = {}
        for name, line in lines.items():
            if _LOST_DIGITS.fullmatch(name) and what == "ids":
                error = InputError(
                    "an id of which a spreadsheet has lost digits", file=file or self.file, row=line, column=column,
                    found=name, wanted="the id in full",
                )  # fmt: skip
                self.refuse(error, "alike")
            first = known.setdefault(alike(name), name)
            if first != name:
                wanted = f"one that differs from {first!r} of row {lines[first]} in more than case, blanks or zeros"
                error = InputError(
                    f"{what} that look alike",
                    file=file or self.file,
                    row=line,
                    column=column,
                    found=name,
                    wanted=wanted,
                )
                self.refuse(error, "alike")

    def check_reading(self, accepts: Iterable[str], what: str) -> None:
        """Raise ``InputError`` for something to accept or to leave out that means nothing to this kind of file."""
        for kind in (*self.reading.accept, *self.reading.leave_out):
            if kind not in accepts:
                raise InputError("means nothing here", file=self.file, found=kind, wanted=f"a file that is {what}")

    def renamed(self, header: Sequence[str], names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        """Columns that are read under another name: as a person says, or as published tables call them.

        Raises ``InputError`` where two columns could be meant, and for a mapped column that is not there.
        """
        renamed: dict[str, str] = {}
        for wanted, found in self.reading.columns:
            if found not in header:
                raise InputError("no such column", file=self.file, found=found, wanted=nearest(found, list(header)))
            if found in renamed or wanted in renamed.values():
                raise InputError("map names a column twice", file=self.file, found=f"{wanted}={found}")
            renamed[found] = wanted
        for wanted, others in names.items():
            if wanted in header or wanted in renamed.values():
                continue
            alike = [c for c in header if c not in renamed and folded(c) in (*others, folded(wanted))]
            if len(alike) > 1:
                found, means = " and ".join(alike), f"{wanted}; --map {wanted}={alike[0]}"
                raise InputError("two columns could be meant", file=self.file, row=1, found=found, wanted=means)
            renamed |= dict.fromkeys(alike, wanted)
        return renamed


def _is_table(path: Path) -> bool:
    """Whether a file may be a table, packed or not."""
    return Path(path.name.lower().removesuffix(".gz")).suffix in SUFFIXES and path.is_file()


def is_there(path: Path | str) -> bool:
    """Whether a path leads anywhere; no name that a file can have does."""
    return bool(path) and os.path.exists(path)


def _state(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except (OSError, ValueError):
        return 0, 0
    return state.st_mtime_ns, state.st_size


def _grid(path: Path, changed: int, size: int, sheet: str) -> Grid:
    found = _read(path, changed, size, sheet)
    if isinstance(found, InputError):
        raise found
    return found


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, _size: int, sheet: str) -> Grid | InputError:
    """Every format looks at a file, so that what is wrong with it is remembered too."""
    try:
        return read_grid(path, sheet)
    except InputError as error:
        return error


@lru_cache(maxsize=2)
def _chosen(
    path: Path, changed: int, size: int, sheet: str, columns: tuple[str, ...]
) -> dict[tuple[str, ...], list[Line]]:
    """Rows by their texts in some columns, in the order of the file."""
    grid = _grid(path, changed, size, sheet)
    for column in columns:
        if column not in grid.header:
            raise InputError("no such column", file=str(path), found=column, wanted=nearest(column, grid.header))
    places = [grid.header.index(column) for column in columns]
    found: dict[tuple[str, ...], list[Line]] = {}
    for line in grid.rows:
        found.setdefault(tuple(line[1][place].strip() for place in places), []).append(line)
    return found
