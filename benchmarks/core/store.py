"""The results of a run: SQLite in WAL mode with one writer, Parquet to share, pandas in and out.

A folder holds ``results.sqlite``, and beside it whatever is made from it. A row is committed when
its solve has ended, under the hash of its specification, so that a stopped run goes on where it was.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any

from fairbound.benchmarks.core.row import COLUMNS, Row
from fairbound.benchmarks.core.work import pack, unpack
from fairbound.instances.core.files import unwritable, written_whole
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    import pandas as pd  # imported where it is used: every command would wait for it

FILE = "results.sqlite"
PARQUET = "results.parquet"
VERSION = "version"
"""Name of the fact that says which version made the rows."""

_SQL = {"str": "TEXT", "int": "INTEGER", "float": "REAL", "bool": "INTEGER"}
_FRAME = {"str": "string", "int": "Int64", "float": "Float64", "bool": "boolean"}


Kept = tuple[Row, Sequence[Mapping[str, str]] | None, Mapping[str, Any] | None]
"""A row, its solution and its certificate."""


def _base(annotation: str) -> str:
    return annotation.partition(" | ")[0]


_TABLE = ", ".join(
    f'"{name}" {_SQL[_base(kind)]}{"" if "None" in kind else " NOT NULL"}{" PRIMARY KEY" if name == "key" else ""}'
    for name, kind in COLUMNS.items()
)


_cells = attrgetter(*COLUMNS)
"""The values of a row, which are all plain."""


def _lock(folder: Path) -> IO[str]:
    """Hold the folder for writing; the system lets go when this process ends, however it ends."""
    try:
        import fcntl
    except ImportError:
        raise InputError("runs need a system with fork and file locks", wanted="Linux, macOS or WSL") from None
    lock = (folder / ".lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip() or "a process that has not said which"
        lock.close()
        what, wanted = "another run is writing here", "that run to end, or another --out"
        raise InputError(what, file=str(folder), found=holder, wanted=wanted) from None
    lock.truncate(0)
    lock.write(f"process {os.getpid()} on {socket.gethostname()}\n")
    lock.flush()
    return lock


def _connected(path: Path, write: bool) -> sqlite3.Connection:
    """The database in a file; where nothing can be written, and nothing waits to be, it is read as it stands."""
    if write or os.access(path.parent, os.W_OK) or path.with_name(f"{path.name}-wal").exists():
        return sqlite3.connect(path)
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


class Store:
    """The results in a folder. Many may read; only one process at a time may open it to write.

    Parameters
    ----------
    folder
        Made if it does not exist and ``write`` is asked.

    Raises
    ------
    InputError
        If there are no results to read, another run is writing here, or the file is no store of this version.
    """

    def __init__(self, folder: Path, write: bool = False) -> None:
        self.folder, self.path = folder, folder / FILE
        self._lock: IO[str] | None = None
        if write:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._lock = _lock(folder)
            except OSError as error:
                raise unwritable(error, folder) from None
        elif not self.path.is_file():
            raise InputError("no results here", file=str(folder), wanted=f"a folder with {FILE}, made by bench run")
        try:
            self._db = _connected(self.path, write)
        except sqlite3.OperationalError as error:
            if self._lock is not None:
                self._lock.close()
            raise InputError(f"cannot be used ({error})", file=str(self.path)) from None
        try:
            if write:
                self._db.execute("PRAGMA journal_mode=WAL")
                # What is committed survives the end of any process; a commit waits for no disk.
                self._db.execute("PRAGMA synchronous=NORMAL")
                self._db.execute(f"CREATE TABLE IF NOT EXISTS rows ({_TABLE})")
                for table in ("solutions", "certificates"):
                    columns = "key TEXT PRIMARY KEY, document BLOB NOT NULL"
                    self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
                self._db.execute("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
                self._db.commit()
            known = [name for _, name, *_ in self._db.execute("PRAGMA table_info(rows)")]
        except sqlite3.OperationalError as error:
            self.close()
            raise InputError(f"cannot be used ({error})", file=str(self.path)) from None
        except sqlite3.DatabaseError as error:
            self.close()
            raise InputError(f"not a results file ({error})", file=str(self.path)) from None
        if known != list(COLUMNS):
            self.close()
            raise InputError("results of another version of fairbound", file=str(self.path), wanted="another --out")

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let others write."""
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def add(
        self,
        row: Row,
        solution: Sequence[Mapping[str, str]] | None = None,
        certificate: Mapping[str, Any] | None = None,
    ) -> bool:
        """Commit a row; ``False`` (and nothing changes) if its key is here already."""
        return self.add_all([(row, solution, certificate)]) == 1

    def add_all(self, rows: Iterable[Kept]) -> int:
        """Commit rows with solutions and certificates, all or none; returns how many were not here already.

        Raises ``InputError`` where they cannot be written, as on a full disk.
        """
        insert = f"INSERT OR IGNORE INTO rows VALUES ({', '.join('?' * len(COLUMNS))})"
        added = 0
        with self._writing():
            for row, *documents in rows:
                new = self._db.execute(insert, _cells(row)).rowcount == 1
                added += new
                for table, document in zip(("solutions", "certificates"), documents, strict=True):
                    if new and document is not None:
                        packed = pack(json.dumps(document))
                        self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (row.key, packed))
        return added

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Changes of which all are committed or none; raises ``InputError`` where they cannot be written."""
        try:
            with self._db:
                yield
        except sqlite3.OperationalError as error:
            raise InputError(f"cannot be written ({error})", file=str(self.path)) from None

    def forget(self, keys: Iterable[str]) -> None:
        """Drop rows, so that they are solved again; raises ``InputError`` as ``add_all`` does."""
        with self._writing():
            for key in keys:
                self._db.execute("DELETE FROM rows WHERE key = ?", (key,))
                self._db.execute("DELETE FROM solutions WHERE key = ?", (key,))
                self._db.execute("DELETE FROM certificates WHERE key = ?", (key,))

    def keys(self) -> set[str]:
        """The keys of all rows."""
        return {key for (key,) in self._db.execute("SELECT key FROM rows")}

    def __iter__(self) -> Iterator[Row]:
        columns = ", ".join(f'"{name}"' for name in COLUMNS)
        flags = [i for i, kind in enumerate(COLUMNS.values()) if kind == "bool"]
        for values in self._db.execute(f"SELECT {columns} FROM rows ORDER BY rowid"):
            cells = list(values)
            for i in flags:
                cells[i] = bool(cells[i])
            yield Row(*cells)

    def rows(self) -> list[Row]:
        """Every row, in the order of their ends."""
        return list(self)

    def solution(self, key: str) -> list[dict[str, str]] | None:
        """The solution of a row as a table, or ``None``."""
        found = self._db.execute("SELECT document FROM solutions WHERE key = ?", (key,)).fetchone()
        if found is None:
            return None
        rows: list[dict[str, str]] = json.loads(unpack(found[0]))
        return rows

    def certificate(self, key: str) -> dict[str, Any] | None:
        """The certificate of a row's bound, or ``None``."""
        found = self._db.execute("SELECT document FROM certificates WHERE key = ?", (key,)).fetchone()
        if found is None:
            return None
        document: dict[str, Any] = json.loads(unpack(found[0]))
        return document

    def claim_version(self, version: str) -> None:
        """Keep which version the rows are of; raises ``InputError`` if those here are of another one."""
        before = self.facts().get(VERSION)
        if before != version and self.keys():
            raise InputError(
                "results of another version", file=str(self.folder), found=before or "none", wanted="another --out"
            )
        self.note(VERSION, version)

    def note(self, name: str, value: str) -> None:
        """Keep a fact about the whole run, such as the suite's title; raises ``InputError`` as ``add_all`` does."""
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def facts(self) -> dict[str, str]:
        """The facts about the whole run."""
        return dict(self._db.execute("SELECT name, value FROM facts ORDER BY name"))

    def to_frame(self) -> pd.DataFrame:
        """Every row as a DataFrame."""
        return to_frame(self)

    def export(self, path: Path | None = None) -> Path:
        """Write the rows as Parquet, in one step; returns the path."""
        target = path or self.folder / PARQUET
        with written_whole(target) as part:
            self.to_frame().to_parquet(part, index=False)
        return target


def to_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as a DataFrame with the columns of ``Row``; absent values are ``<NA>``."""
    import pandas as pd

    cells = [_cells(row) for row in rows]
    # Each column as its own type at once: by way of floats, large integers beside absent ones would lose digits.
    columns = {
        name: pd.array([line[i] for line in cells], dtype=_FRAME[_base(kind)])
        for i, (name, kind) in enumerate(COLUMNS.items())
    }
    return pd.DataFrame(columns)


def from_frame(frame: pd.DataFrame) -> list[Row]:
    """The inverse of ``to_frame``; raises ``InputError`` for a missing or strange column."""
    import pandas as pd

    for name in COLUMNS:
        if name not in frame.columns:
            raise InputError("missing column of results", column=name, wanted=", ".join(COLUMNS))
    types: dict[str, Any] = {"str": str, "int": int, "float": float, "bool": bool}
    kinds = {name: types[_base(kind)] for name, kind in COLUMNS.items()}
    rows = []
    for line, record in enumerate(frame[list(COLUMNS)].to_dict("records"), start=1):
        cells: dict[str, Any] = {}
        for name, value in record.items():
            if pd.isna(value):
                if "None" not in COLUMNS[str(name)]:
                    raise InputError("results without a value", row=line, column=str(name))
                cells[str(name)] = None
            else:
                cells[str(name)] = kinds[str(name)](value)
        rows.append(Row(**cells))
    return rows


def read_rows(source: Path) -> list[Row]:
    """Rows of a folder with results, or of a Parquet file; raises ``InputError``."""
    if source.suffix == ".parquet":
        if not source.is_file():
            raise InputError("no such file", file=str(source))
        import pandas as pd

        try:
            return from_frame(pd.read_parquet(source))
        except (OSError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"cannot be read as Parquet ({error})", file=str(source)) from None
    with Store(source) as store:
        return store.rows()
