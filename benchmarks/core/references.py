"""The reference table: the best proven answer of each question, and what a run says against it.

``references/*.csv`` holds one row for each question, with both bounds as exact rationals. ``verify``
recomputes every row from its solution file; ``alarms`` compares a run with the table.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairbound.instances.core import catalogue
from fairbound.instances.core.entry import data_file
from fairbound.instances.core.files import read_json, write_text
from fairbound.instances.core.question import load
from fairbound.instances.core.tables import read_rows, write_csv
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import parse_number
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core import certificates
from fairbound.solvers.core.bound import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fairbound.benchmarks.core.analysis import Question
    from fairbound.benchmarks.core.row import Row

PROVEN = (Level.L2, Level.L4, Level.L5)
"""Levels at which a dual bound is a fact and not an engine's claim."""


@dataclass(frozen=True)
class Reference:
    """The best answer known for a question.

    Attributes
    ----------
    problem
        Name of the problem; one table for each.
    given
        Changed parameters as ``name=value`` words of a shell.
    primal_bound, dual_bound
        Exact rationals as text; the dual bound may be empty.
    level
        What stands behind the dual bound.
    method, engine
        Who gave the dual bound, with the engine's version.
    solution, certificate
        Files below ``solutions/`` and ``certificates/``; the certificate may be empty.
    """

    problem: str
    instance: str
    given: str
    objective: str
    digest: str
    primal_bound: str
    dual_bound: str
    level: str
    method: str
    engine: str
    date: str
    solution: str
    certificate: str = ""

    @property
    def label(self) -> str:
        """The question in words."""
        return f"{self.instance}{' ' + self.given if self.given else ''}, {self.objective}"

    @property
    def parameters(self) -> dict[str, str]:
        """Its changed parameters, as text."""
        return dict(text.split("=", 1) for text in shlex.split(self.given))


def table_folder() -> Path:
    """The folder of the reference table."""
    return Path(str(files("fairbound.benchmarks") / "references"))


def read_references(folder: Path | None = None) -> list[Reference]:
    """Every row of the table; raises ``InputError`` for a row that is not one."""
    found = []
    for path in sorted((folder or table_folder()).glob("*.csv")):
        wanted = [field.name for field in fields(Reference)]
        header, rows = read_rows(path)
        if header != wanted:
            raise InputError("wrong columns", file=str(path), row=1, wanted=", ".join(wanted))
        found += [_reference(path, line, row) for line, row in rows]
    return found


def _reference(path: Path, line: int, row: Mapping[str, str]) -> Reference:
    """A row of the table, its cells read once."""
    for column in ("primal_bound", "dual_bound"):
        if row[column] or column == "primal_bound":
            try:
                parse_number(row[column])
            except ValueError:
                raise InputError(
                    "cannot be used",
                    file=str(path),
                    row=line,
                    column=column,
                    found=row[column],
                    wanted="a rational number",
                ) from None
    if row["level"] not in list(Level):
        raise InputError("cannot be used", file=str(path), row=line, column="level", found=row["level"], wanted="L0-L5")
    for column in ("solution", "certificate"):
        if row[column] != Path(row[column]).name:
            raise InputError("cannot be used", file=str(path), row=line, column=column, wanted="a file's name")
    reference = Reference(**row)
    try:
        _ = reference.parameters
    except ValueError:
        raise InputError(
            "cannot be used", file=str(path), row=line, column="given", wanted="name=value words"
        ) from None
    return reference


@cache
def _shipped() -> dict[tuple[str, str], Reference]:
    return {(reference.digest, reference.objective): reference for reference in read_references()}


@dataclass(frozen=True)
class Check:
    """Verdict on one reference: ``faults`` is empty if it holds; ``absent`` says what data is missing."""

    reference: Reference
    faults: tuple[str, ...] = ()
    absent: str = ""
    certified: bool = False


def verify(references: Iterable[Reference] | None = None, folder: Path | None = None) -> Iterable[Check]:
    """Recompute every row: the digest, the exact value of its solution, and its certificate if it has one."""
    place = folder or table_folder()
    for reference in read_references(place) if references is None else references:
        yield _verify(reference, place)


def _verify(reference: Reference, folder: Path) -> Check:
    for entry in catalogue.entries():
        member = entry.name.endswith("/*") and reference.instance.startswith(entry.name.removesuffix("*"))
        if (member or entry.name == reference.instance) and entry.file is not None and data_file(entry.file) is None:
            return Check(reference, absent=f"{entry.file} is not on this machine")
    problem = find_problem(reference.problem)
    faults = []
    try:
        instance = load(reference.instance, reference.parameters)
        if instance.digest != reference.digest:
            return Check(reference, (f"the instance has digest {instance.digest[:16]}, not {reference.digest[:16]}",))
        rows = read_rows(folder / "solutions" / reference.solution)[1]
        solution = problem.read_solution(instance, [row for _, row in rows])
    except (InputError, OSError) as error:
        return Check(reference, (str(error),))
    evaluation = problem.evaluate(instance, solution)
    faults += [f"the solution breaks a rule: {violation}" for violation in evaluation.violations]
    value, primal = evaluation.values[reference.objective], Fraction(reference.primal_bound)
    if value != primal:
        faults.append(f"the solution is worth {value}, not {primal}")
    sense = problem.objective(reference.objective).sense
    if reference.dual_bound and sense.improves(value, Fraction(reference.dual_bound)):
        faults.append(f"the solution is worth {value}, beyond the bound {reference.dual_bound}")
    certified = False
    if reference.certificate:
        try:
            document = read_json(folder / "certificates" / reference.certificate)
            proven, level = certificates.verify(document, instance.digest)
            if document.get("objective") != reference.objective:
                faults.append(f"the certificate is about {document.get('objective')}")
            certified = bool(reference.dual_bound) and not sense.improves(Fraction(reference.dual_bound), proven)
            certified = certified and not sense.improves(proven, Fraction(reference.dual_bound))
            if not certified:
                faults.append(f"the certificate proves {proven}, not {reference.dual_bound}")
            elif level.value != reference.level:
                faults.append(f"the certificate is worth {level.value}, not {reference.level}")
        except certificates.Rejected as reason:
            faults.append(f"the certificate {reference.certificate} is rejected: {reason}")
        except InputError as error:
            faults.append(str(error))
    return Check(reference, tuple(faults), certified=certified)


def alarms(asked: Iterable[Question], table: Mapping[tuple[str, str], Reference] | None = None) -> list[str]:
    """What a run says against the reference table: a better value, a stronger bound, a contradiction."""
    known = _shipped() if table is None else table
    said = []
    for question in asked:
        reference = known.get((question.digest, question.objective))
        if reference is not None:
            said += _compare(question, reference)
    return said


def _compare(question: Question, reference: Reference) -> list[str]:
    sense, said = question.sense, []
    primal = Fraction(reference.primal_bound)
    dual = Fraction(reference.dual_bound) if reference.dual_bound else None
    best, bound = question.best_primal, question.best_dual
    if best is not None and best.primal is not None:
        if dual is not None and sense.improves(best.primal, dual):
            said.append(
                f"CONTRADICTION {reference.label}: {best.method} has the exact value {best.primal}, but the reference "
                f"table says that nothing passes {dual} ({reference.level})"
            )
        elif sense.improves(best.primal, primal):
            said.append(
                f"BETTER THAN THE REFERENCE {reference.label}: {best.method} has the exact value {best.primal}, the "
                f"table {primal}"
            )
    if bound is not None and bound.dual is not None:
        said += [
            f"CONTRADICTION {reference.label}: {row.method} claims the bound {row.dual} ({row.level}), but the "
            f"reference solution is worth {primal}"
            for row in question.solves
            if row.dual is not None and sense.improves(primal, row.dual)
        ]
        weaker = dual is None or sense.improves(dual, bound.dual)
        if weaker and not sense.improves(primal, bound.dual):
            said.append(
                f"STRONGER BOUND THAN THE REFERENCE {reference.label}: {bound.method} gives {bound.dual} "
                f"({bound.level}), the table {dual if dual is not None else 'none'}"
            )
    return said


def propose(question: Question, _solution: Sequence[Mapping[str, str]], date: str) -> Reference | None:
    """The reference that a run offers for a question; ``None`` without a value."""
    best, bound = question.best_primal, question.best_dual
    if best is None or best.primal_bound is None:
        return None
    by: Row = bound or best
    name = "-".join(part for part in (best.instance, best.given, question.objective) if part)
    file = "".join(character if character.isalnum() or character in "._-" else "-" for character in name) + ".csv"
    return Reference(
        problem=question.problem,
        instance=best.instance,
        given=best.given,
        objective=question.objective,
        digest=question.digest,
        primal_bound=best.primal_bound,
        dual_bound="" if bound is None or bound.dual_bound is None else bound.dual_bound,
        level=question.level,
        method=by.method,
        engine=f"{by.engine} {by.engine_version}".strip(),
        date=date,
        solution=file,
    )


def update(
    asked: Iterable[Question],
    solutions: Callable[[str], list[dict[str, str]] | None],
    date: str,
    folder: Path | None = None,
    proofs: Callable[[str], Mapping[str, Any] | None] = lambda _key: None,
) -> list[Reference]:
    """Take a run's answers into the table where they are better; returns what was written.

    A row is replaced if the run has a better value, a stronger bound, or the same bound at a higher level.
    A bound that the run contradicts is never kept. A certificate comes along where it proves the row's bound.

    Parameters
    ----------
    solutions, proofs
        Solution and certificate of a row, by its key.
    """
    place = folder or table_folder()
    table = {(r.digest, r.objective): r for r in read_references(place)}
    written = []
    for question in asked:
        best = question.best_primal
        rows = None if best is None else solutions(best.key)
        if best is None or rows is None or "," in question.objective or "/" not in best.instance:
            continue
        offered = propose(question, rows, date)
        if offered is None or question.contradictions:
            continue
        merged = _merge(table.get((offered.digest, offered.objective)), offered, question)
        if merged is not None:
            merged = _certified(merged, question, proofs, place)
            table[merged.digest, merged.objective] = merged
            if merged.primal_bound == offered.primal_bound:
                write_csv(place / "solutions" / merged.solution, rows)
            written.append(merged)
    by_problem: dict[str, list[Reference]] = {}
    for reference in table.values():
        by_problem.setdefault(reference.problem, []).append(reference)
    for problem, references in by_problem.items():
        references.sort(key=lambda r: (r.instance, r.given, r.objective))
        lines: list[dict[str, Any]] = [asdict(reference) for reference in references]
        write_csv(place / f"{problem}.csv", lines)
    return written


def _certified(
    reference: Reference, question: Question, proofs: Callable[[str], Mapping[str, Any] | None], folder: Path
) -> Reference:
    """The reference with the certificate of its bound, written beside the table, if a row of the run has one."""
    for row in question.solves:
        document = proofs(row.key)
        if document is None or row.dual_bound != reference.dual_bound:
            continue
        try:
            proven, level = certificates.verify(document, reference.digest)
        except certificates.Rejected:
            continue
        if str(proven) == reference.dual_bound:
            file = Path(reference.solution).stem + ".json"
            write_text(folder / "certificates" / file, json.dumps(document) + "\n")
            return replace(reference, certificate=file, level=level.value)
    return reference


def _merge(old: Reference | None, new: Reference, question: Question) -> Reference | None:
    """The better of each bound; ``None`` if the old row says it all."""
    if old is None:
        return new
    sense = question.sense
    better_value = sense.improves(Fraction(new.primal_bound), Fraction(old.primal_bound))
    if not new.dual_bound:
        stronger = False
    elif not old.dual_bound:
        stronger = True
    else:
        one, other = Fraction(new.dual_bound), Fraction(old.dual_bound)
        proven = old.level in PROVEN and new.level not in PROVEN
        stronger = (sense.improves(other, one) and not proven) or (one == other and new.level > old.level)
        stronger = stronger or sense.improves(Fraction(new.primal_bound), other)
    if stronger:
        return (
            new
            if better_value or new.primal_bound == old.primal_bound
            else replace(new, primal_bound=old.primal_bound, solution=old.solution)
        )
    if better_value:
        return replace(old, primal_bound=new.primal_bound, solution=new.solution, date=new.date)
    return None
