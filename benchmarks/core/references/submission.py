"""Answers of others: a solution or a certificate for a row is checked in full, and kept if it is better."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.export import Format, read_sol
from fairbound.benchmarks.core.references.checking import lattice_status, load, whole
from fairbound.benchmarks.core.references.growing import keep_history, merge, with_certificate
from fairbound.benchmarks.core.references.models import written
from fairbound.benchmarks.core.references.table import (
    Reference,
    find_reference,
    read_references,
    replaced,
    stated,
    table_folder,
    write_references,
    write_solution,
)
from fairbound.instances.core.files import read_json
from fairbound.instances.core.question import read_solution
from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core import certificates

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from fairbound.models.core.problem import Formulation, Instance

OUTSIDE = "submitted"
"""The method of a bound that was brought in."""


def submit(file: Path, who: str, date: str, row: str = "", folder: Path | None = None) -> Reference:
    """Take a better solution or bound into the table; returns the row as it is now.

    Parameters
    ----------
    file
        A certificate (``.json``, ``.json.gz``); or a solution: the project's table (``.csv``, ``.csv.gz``), or the
        columns of the row's exported model (``.sol``).
    row
        Name of the row. A certificate tells it by itself, unless several rows ask the same.

    Raises
    ------
    InputError
        If the submission is wrong, or no better than what stands.
    """
    if not who.strip():
        raise InputError("nobody submits this", wanted="--name WHO")
    place = folder or table_folder()
    references = read_references(place)
    kind = file.with_suffix("").suffix if file.suffix == ".gz" else file.suffix
    if kind == ".json":
        old, new = _bound(file, references, row, place)
    elif kind in (".csv", ".sol"):
        if not row:
            raise InputError("a solution of which row?", file=str(file), wanted="--row NAME")
        old = find_reference(references, row)
        new = _solution(file, old, kind, who, date, place)
    else:
        raise InputError("neither solution nor certificate", file=str(file), wanted=".csv, .sol or .json")
    new = replace(new, who=who, date=date)
    write_references([new if each.key == old.key else each for each in references], place)
    keep_history([replaced(old, new, "a submission")], place)
    return new


def _solution(file: Path, old: Reference, kind: str, who: str, date: str, folder: Path) -> Reference:
    instance, problem = load(old), find_problem(old.problem)
    if kind == ".sol":
        solution = read_sol(_linear(instance, old), instance, old.objective, file)
    else:
        solution = read_solution(problem, instance, file)
    evaluation = problem.evaluate(instance, solution)
    if evaluation.violations:
        raise InputError(f"the solution breaks a rule: {evaluation.violations[0]}", file=str(file))
    sense = old.asked.sense
    value = stated(evaluation.values[old.objective], sense)
    if old.dual is not None and sense.improves(value, old.dual):
        raise InputError(
            f"CONTRADICTION {old.name}: the value passes a bound at {old.level}; please report this", file=str(file),
            found=value, wanted=f"nothing better than {old.dual}",
        )  # fmt: skip
    if not sense.improves(value, old.primal):
        raise InputError(f"no better than what stands in {old.name}", file=str(file), found=value, wanted=_beyond(old))
    offered = replace(old, primal_bound=str(value), who=who, date=date, dual_bound="", level="L1")
    merged = merge(old, offered, sense)
    assert merged is not None
    merged = replace(merged, solution=write_solution(folder, old.name, problem.solution_rows(instance, solution)))
    return _settled(merged, instance)


def _linear(instance: Instance, old: Reference) -> Formulation[Any, Any]:
    """The formulation whose columns a ``.sol`` names."""
    found = written(instance, old.objective)
    if found is None or found.kind is not Format.MPS:
        raise InputError(f"{old.name} has no model with columns of that name", wanted="the problem's table, as .csv")
    return found.formulation


def _bound(file: Path, references: list[Reference], row: str, folder: Path) -> tuple[Reference, Reference]:
    document = read_json(file)
    old = _meant(file, document, references, row)
    instance = load(old)
    document = whole(document, instance)
    try:
        proven, level = certificates.verify(document, instance.digest)
    except certificates.Rejected as reason:
        raise InputError(f"the certificate is rejected: {reason}", file=str(file)) from None
    if document.get("objective") != old.objective:
        raise InputError(
            "about another objective", file=str(file), found=document.get("objective"), wanted=old.objective
        )
    sense = old.asked.sense
    if sense.improves(old.primal, proven):
        raise InputError(
            f"CONTRADICTION {old.name}: the bound is beaten by the solution that stands; please report this",
            file=str(file), found=proven, wanted=f"none beyond {old.primal}",
        )  # fmt: skip
    offered = replace(
        old, dual_bound=str(proven), level=level.value, method=OUTSIDE, engine="", seconds="", certificate="", sha256=""
    )
    merged = merge(old, offered, sense)
    if merged is None:
        stands = f"{old.dual_bound} at {old.level}"
        raise InputError(f"no better than what stands in {old.name}", file=str(file),
                         found=f"{proven} at {level.value}", wanted=f"stronger than {stands}")  # fmt: skip
    return old, _settled(with_certificate(merged, document, folder), instance)


def _meant(file: Path, document: Any, references: list[Reference], row: str) -> Reference:
    """The row that a certificate is about."""
    if row:
        return find_reference(references, row)
    if not isinstance(document, dict):
        raise InputError("not a certificate", file=str(file), wanted="a JSON object")
    key = (document.get("digest"), document.get("objective"))
    for reference in references:
        if reference.key == key:
            return reference
    raise InputError("about no row of the table", file=str(file), found=f"{key[1]} of {str(key[0])[:16]}")


def _beyond(old: Reference) -> str:
    return f"{'more' if old.asked.sense.improves(old.primal + 1, old.primal) else 'less'} than {old.primal_bound}"


def _settled(reference: Reference, instance: Instance) -> Reference:
    return replace(reference, status=lattice_status(reference, instance))
