"""The reference table: one row for each question, both bounds as exact rationals.

``references/PROBLEM.csv`` holds the rows, ``solutions/`` and ``certificates/`` what stands behind them. Three tables
beside them are about rows: ``statistics.csv``, ``engines.csv`` and ``history.csv``.
"""

from __future__ import annotations

import gzip
import shlex
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from fractions import Fraction
from functools import cache
from hashlib import sha256
from importlib.resources import files
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fairbound.instances.core import catalogue
from fairbound.instances.core.files import written_whole
from fairbound.instances.core.tables import read_rows, table_text, write_csv
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import LONGEST_NUMBER, parse_number
from fairbound.models.core.problem import Sense
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import relative_gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fairbound.models.core.problem import Objective

PROVEN = (Level.L2, Level.L4, Level.L5)
"""Levels at which a dual bound is a fact and not an engine's claim; no other bound stands in the table."""
STATISTICS, ENGINES, HISTORY = "statistics.csv", "engines.csv", "history.csv"
SOLUTIONS, CERTIFICATES = "solutions", "certificates"
EASY_SECONDS = 60.0
ROUNDED = 10**40
"""Values that are too long to be read are whole multiples of 1 over this, on their worse side."""
NEAR = 1e-6
"""Where values have no lattice an optimum may be no rational number; such a question is closed at this relative gap."""
ALL = "all"
PLAIN_BYTES, MOST_BYTES = 16_384, 600_000
"""A larger solution is compressed; a solution or certificate that is larger than the latter even so is not kept."""


class Status(StrEnum):
    """How hard a question is for us, in the words of MIPLIB."""

    EASY = "easy"
    """Closed by a proof within a minute on one core."""
    HARD = "hard"
    """Closed by a proof that took longer."""
    OPEN = "open"


@dataclass(frozen=True)
class Reference:
    """The best answer known for a question.

    Attributes
    ----------
    problem
        Name of the problem; one table for each.
    given
        Changed parameters as ``name=value`` words of a shell.
    digest, version
        sha256 of the instance; version of its generator, empty where it is not generated.
    primal_bound, dual_bound
        Exact rationals as text; see ``stated`` for values of very many digits. The dual bound is proven, or empty.
    level
        What stands behind the dual bound; L1 where there is none. L0 where the solution is too large to be kept, so
        that nobody can confirm the value.
    status, seconds
        See ``Status``; wall seconds of the solve that gave the dual bound, its proof included.
    method, engine
        Who gave the dual bound, with the engine's version.
    who, date
        Who brought the row in, and when.
    solution, certificate, sha256
        Files below ``solutions/`` and ``certificates/``, and the certificate's sha256, unpacked; all may be empty.
    """

    problem: str
    instance: str
    given: str
    objective: str
    digest: str
    version: str
    primal_bound: str
    dual_bound: str
    level: str
    status: str
    seconds: str
    method: str
    engine: str
    who: str
    date: str
    solution: str
    certificate: str = ""
    sha256: str = ""

    @property
    def label(self) -> str:
        """The question for people."""
        return f"{self.instance}{' ' + self.given if self.given else ''}, {self.objective}"

    @property
    def name(self) -> str:
        """The row's name, which its files have too."""
        return name_of(self.instance, self.given, self.objective)

    @property
    def parameters(self) -> dict[str, str]:
        """The changed parameters by name; raises ``ValueError`` where they are none."""
        return dict(text.split("=", 1) for text in shlex.split(self.given))

    @property
    def primal(self) -> Fraction:
        """The value of the solution."""
        return Fraction(self.primal_bound)

    @property
    def dual(self) -> Fraction | None:
        """The proven bound, or ``None``."""
        return Fraction(self.dual_bound) if self.dual_bound else None

    @property
    def gap(self) -> float | None:
        """Relative distance of both bounds; ``None`` without a dual bound."""
        return relative_gap(self.primal, self.dual)

    @property
    def asked(self) -> Objective:
        """The objective with its sense and unit."""
        return find_problem(self.problem).objective(self.objective)

    @property
    def key(self) -> tuple[str, str]:
        """What tells a question from every other: digest and objective."""
        return self.digest, self.objective


def name_of(instance: str, given: str, objective: str) -> str:
    """A question as a file's name: letters, digits, dots and hyphens."""
    text = "-".join(part for part in (instance, given, objective) if part)
    return "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in text)


def status_of(primal: Fraction, dual: Fraction | None, lattice: Fraction | None, seconds: float | None) -> Status:
    """What is known of a question, from its proven bounds.

    Parameters
    ----------
    lattice
        Of the question's values, or ``None``.
    seconds
        Of the solve that closed it; unknown ones count as long.
    """
    gap = relative_gap(primal, dual)
    if gap is None or gap > (0 if lattice is not None else NEAR):
        return Status.OPEN
    return Status.EASY if seconds is not None and seconds <= EASY_SECONDS else Status.HARD


def stated(value: Fraction, sense: Sense) -> Fraction:
    """A value as the table has it: exact, or, where it has more digits than anybody reads, a little worse."""
    if len(str(value)) <= LONGEST_NUMBER:
        return value
    scaled = value * ROUNDED
    return Fraction(floor(scaled) if sense is Sense.MAXIMIZE else ceil(scaled), ROUNDED)


def version_of(instance: str) -> str:
    """Version of the generator behind an instance's name; empty where none makes it."""
    made = catalogue.generated(instance)
    return "" if made is None else str(made.generator.version)


def table_folder() -> Path:
    """The folder of the reference table."""
    return Path(str(files("fairbound.benchmarks") / "references"))


def read_references(folder: Path | None = None) -> list[Reference]:
    """Every row of the table; raises ``InputError`` for a row that is not one."""
    found = []
    for path in sorted((folder or table_folder()).glob("*.csv")):
        if path.name not in (STATISTICS, ENGINES, HISTORY):
            found += [_reference(path, line, row) for line, row in _rows(path, Reference)]
    seen: dict[str, str] = {}
    for reference in found:
        if reference.name in seen:
            raise InputError("two rows of one name", found=f"{seen[reference.name]} and {reference.label}")
        seen[reference.name] = reference.label
    return found


def _rows(path: Path, kind: type[Any]) -> list[tuple[int, dict[str, str]]]:
    wanted = [field.name for field in fields(kind)]
    header, rows = read_rows(path)
    if header != wanted:
        raise InputError("wrong columns", file=str(path), row=1, wanted=", ".join(wanted))
    return rows


def _reference(path: Path, line: int, row: Mapping[str, str]) -> Reference:
    """A row of the table, its cells read once."""

    def wrong(column: str, wanted: str) -> InputError:
        return InputError("cannot be used", file=str(path), row=line, column=column, found=row[column], wanted=wanted)

    for column, needed in (("primal_bound", True), ("dual_bound", False), ("seconds", False)):
        if row[column] or needed:
            try:
                parse_number(row[column])
            except ValueError:
                raise wrong(column, "a rational number") from None
    unproven = Level.L1 if row["solution"] else Level.L0
    if row["level"] not in ((*PROVEN,) if row["dual_bound"] and row["solution"] else (unproven,)):
        raise wrong("level", "L2, L4 or L5 with a dual bound, L1 without, L0 without a solution")
    if row["status"] not in list(Status):
        raise wrong("status", ", ".join(Status))
    for column in ("solution", "certificate"):
        if row[column] != Path(row[column]).name:
            raise wrong(column, "a file's name")
    reference = Reference(**row)
    try:
        _ = reference.parameters
    except ValueError:
        raise wrong("given", "name=value words") from None
    return reference


@cache
def shipped() -> dict[tuple[str, str], Reference]:
    """The shipped table by digest and objective."""
    return {reference.key: reference for reference in read_references()}


def find_reference(references: Iterable[Reference], name: str) -> Reference:
    """The row of a name; raises ``InputError`` with the nearest ones."""
    known = {reference.name: reference for reference in references}
    if name not in known:
        raise InputError("no such row", found=name, wanted=nearest(name, known))
    return known[name]


def write_references(references: Iterable[Reference], folder: Path) -> None:
    """Write every problem's table."""
    by_problem: dict[str, list[Reference]] = {}
    for reference in references:
        by_problem.setdefault(reference.problem, []).append(reference)
    for problem, rows in by_problem.items():
        write_table(folder / f"{problem}.csv", sorted(rows, key=lambda r: (r.instance, r.given, r.objective)))


def summary(references: Iterable[Reference]) -> list[dict[str, str]]:
    """How many rows each problem has, by status and by level; the last line is of all."""
    rows = list(references)
    lines = []
    for word in (*dict.fromkeys(row.problem for row in rows), ALL):
        own = [row for row in rows if word in (ALL, row.problem)]
        line = {"problem": word, "rows": str(len(own))}
        line |= {status.value: str(sum(row.status == status for row in own)) for status in Status}
        for level in (Level.L4, Level.L2, Level.L1, Level.L0):
            line[level.value] = str(sum(row.level == level for row in own))
        lines.append(line)
    return lines


Line = TypeVar("Line")


def read_table(path: Path, kind: type[Line]) -> list[Line]:
    """The rows of a table beside the references; none where there is no such file. Raises ``InputError``."""
    return [kind(**row) for _, row in _rows(path, kind)] if path.is_file() else []


def write_table(path: Path, rows: Sequence[Any]) -> None:
    """Write rows, which are frozen dataclasses of text, as a table; the header stands there without rows too."""
    if rows:
        write_csv(path, [asdict(row) for row in rows])


@dataclass(frozen=True)
class Replaced:
    """A row that was replaced: what it said, when it went, by whom, and why."""

    row: str
    primal_bound: str
    dual_bound: str
    level: str
    method: str
    engine: str
    who: str
    date: str
    replaced: str
    by: str
    why: str


def replaced(old: Reference, new: Reference, why: str) -> Replaced:
    """What is kept of a row that another takes the place of."""
    return Replaced(
        row=old.name,
        primal_bound=old.primal_bound,
        dual_bound=old.dual_bound,
        level=old.level,
        method=old.method,
        engine=old.engine,
        who=old.who,
        date=old.date,
        replaced=new.date,
        by=new.who,
        why=why,
    )


def packed(text: str) -> bytes:
    """A text compressed; the same text gives the same bytes."""
    return gzip.compress(text.encode(), mtime=0)


def digest_of(text: str) -> str:
    """sha256 of a text."""
    return sha256(text.encode()).hexdigest()


def write_solution(folder: Path, name: str, rows: Sequence[Mapping[str, str]]) -> str:
    """Write a solution below ``solutions/``; returns the file's name, nothing for one that is too large."""
    text = table_text(rows)
    if len(packed(text)) > MOST_BYTES:
        return ""
    return _write(folder / SOLUTIONS, f"{name}.csv", text, len(text) > PLAIN_BYTES)


def write_certificate(folder: Path, name: str, text: str) -> str:
    """Write a certificate below ``certificates/``; returns the file's name."""
    return _write(folder / CERTIFICATES, f"{name}.json", text, True)


def _write(folder: Path, file: str, text: str, pack: bool) -> str:
    for other in (folder / file, folder / f"{file}.gz"):
        other.unlink(missing_ok=True)
    path = folder / (f"{file}.gz" if pack else file)
    with written_whole(path) as part:
        part.write_bytes(packed(text) if pack else text.encode())
    return path.name
