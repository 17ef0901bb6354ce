"""Rows of the reference table are confirmed: digest, value of the solution, and the proof of the dual bound."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import lru_cache
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.references.table import (
    CERTIFICATES,
    SOLUTIONS,
    Reference,
    Status,
    digest_of,
    read_references,
    stated,
    status_of,
    table_folder,
    version_of,
)
from fairbound.instances.core import catalogue, question
from fairbound.instances.core.entry import data_file
from fairbound.instances.core.files import read_json, read_text
from fairbound.instances.core.tables import read_rows
from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core import certificates
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import Settings, Termination
from fairbound.solvers.core.solve import solve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from fairbound.models.core.problem import Instance

CERTIFICATE, DEFINITION, AGAIN = "certificate replayed", "by definition", "computed again"
DIGEST = "digest holds, no solution is kept"
AGAIN_SECONDS = 120.0
"""Time limit of a computation that is made again."""
QUICK_SECONDS = 2.0
"""Rows whose check took longer are left out of a quick one."""


@dataclass(frozen=True)
class Check:
    """Verdict on one row.

    Attributes
    ----------
    faults
        Empty if the row holds.
    absent
        Which data is missing.
    skipped
        Why it was not looked at.
    proof
        What confirmed the dual bound; empty where there is none.
    seconds
        That the check took.
    """

    reference: Reference
    faults: tuple[str, ...] = ()
    absent: str = ""
    skipped: str = ""
    proof: str = ""
    seconds: float = 0.0

    @property
    def certified(self) -> bool:
        """Whether a certificate was replayed."""
        return self.proof == CERTIFICATE

    @property
    def said(self) -> str:
        """The verdict in a few words."""
        return "; ".join(self.faults) or self.absent or self.skipped or self.proof or "value holds, no bound"


def chosen(references: Iterable[Reference], only: str = "") -> list[Reference]:
    """The rows whose name or question a pattern meets (``*`` stands for anything), or holds; all without one."""
    return [r for r in references if not only or any(only in text or fnmatch(text, only) for text in (r.name, r.label))]


def verify(
    references: Iterable[Reference] | None = None,
    folder: Path | None = None,
    workers: int = 1,
    seconds: Mapping[str, float] | None = None,
    most: float | None = None,
) -> Iterator[Check]:
    """Confirm rows, in the order in which they are done.

    Parameters
    ----------
    workers
        Processes; with one everything stays in this process.
    seconds, most
        What a check took before, by the row's name, and rows that took longer than ``most`` are skipped.
    """
    place = folder or table_folder()
    known = dict(seconds or {})
    groups: dict[str, list[Reference]] = {}
    for reference in read_references(place) if references is None else references:
        before = known.get(reference.name)
        if most is not None and before is not None and before > most:
            yield Check(reference, skipped=f"skipped: its check takes {before:.0f} s")
        else:
            groups.setdefault(reference.instance, []).append(reference)
    # Rows of one instance come together, so that it is loaded once; those that take longest begin.
    ordered = sorted(groups.values(), key=lambda rows: -sum(known.get(row.name, 0.0) for row in rows))
    if workers == 1:
        for rows in ordered:
            for reference in rows:
                yield check(reference, place)
        return
    # Fresh interpreters: a fork of a process with threads may hang.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            for done in as_completed([pool.submit(_check_all, rows, place) for rows in ordered]):
                yield from done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _check_all(references: Sequence[Reference], folder: Path) -> list[Check]:
    return [check(reference, folder) for reference in references]


def load(reference: Reference) -> Instance:
    """The instance of a row, with its parameters; raises ``InputError``."""
    return question.load(catalogue_instance(reference.instance), reference.parameters)


@lru_cache(maxsize=2)
def catalogue_instance(name: str) -> Instance:
    """An instance by name; the last two are kept."""
    return catalogue.load(name)


def absent(name: str) -> str:
    """Which data file of an instance is not on this machine; empty if nothing is missing."""
    entry = catalogue.find_entry(name)
    if entry is None or entry.file is None or data_file(entry.file) is not None:
        return ""
    return f"{entry.file} is not on this machine"


def check(reference: Reference, folder: Path) -> Check:
    """Confirm one row."""
    missing = absent(reference.instance)
    if missing:
        return Check(reference, absent=missing)
    began = time.perf_counter()
    found = _checked(reference, folder)
    return replace(found, seconds=time.perf_counter() - began)


def _checked(reference: Reference, folder: Path) -> Check:
    problem = find_problem(reference.problem)
    try:
        instance = load(reference)
        if instance.digest != reference.digest:
            return Check(reference, (_other_digest(reference, instance),))
        if not reference.solution:
            return Check(reference, proof=DIGEST)
        rows = read_rows(folder / SOLUTIONS / reference.solution)[1]
        solution = problem.read_solution(instance, [row for _, row in rows])
    except (InputError, OSError) as error:
        return Check(reference, (str(error),))
    evaluation = problem.evaluate(instance, solution)
    faults = [f"the solution breaks a rule: {violation}" for violation in evaluation.violations]
    value, primal, dual = evaluation.values[reference.objective], reference.primal, reference.dual
    if stated(value, reference.asked.sense) != primal:
        faults.append(f"the solution is worth {value}, not {primal}")
    if dual is not None and reference.asked.sense.improves(value, dual):
        faults.append(f"the solution is worth {value}, beyond the bound {dual}")
    status = lattice_status(reference, instance)
    if status != reference.status:
        faults.append(f"the status is {status}, not {reference.status}")
    proof = ""
    if dual is not None:
        try:
            proof = confirm(reference, instance, folder)
        except InputError as error:
            faults.append(str(error))
    return Check(reference, tuple(faults), proof=proof)


def _other_digest(reference: Reference, instance: Instance) -> str:
    said = f"the instance has digest {instance.digest[:16]}, not {reference.digest[:16]}"
    version = version_of(reference.instance)
    if version != reference.version:
        said += f": version {reference.version} of the generator made it, here is version {version}"
    return said


def confirm(reference: Reference, instance: Instance, folder: Path) -> str:
    """How the dual bound of a row was confirmed.

    A bound that is computed again must be there when the method ends by itself: what a time limit leaves is another
    bound on another machine.

    Raises
    ------
    InputError
        If it was not.
    """
    dual = reference.dual
    assert dual is not None
    if reference.certificate:
        _replay(reference, instance, folder)
        return CERTIFICATE
    if reference.level != Level.L2:
        raise InputError("a level without its certificate", found=reference.level)
    if reference.asked.natural_bound == dual:
        return DEFINITION
    settings = Settings(prove=0, time_limit=AGAIN_SECONDS)
    proven = None
    # A default answer may add a theorem to what the method that it names proves.
    for method in (reference.method, None):
        result = solve(instance, reference.objective, method, settings, isolate=False)
        if result.termination is Termination.TIME_LIMIT:
            raise InputError(f"{reference.method} does not prove it in time", wanted=f"{AGAIN_SECONDS:g} s")
        proven = result.proven_bound
        if proven is not None and not reference.asked.sense.improves(proven, dual):
            return AGAIN
    raise InputError(f"{reference.method} proves {proven}", wanted=dual)


def _replay(reference: Reference, instance: Instance, folder: Path) -> None:
    path = folder / CERTIFICATES / reference.certificate
    found = digest_of(read_text(path))
    if found != reference.sha256:
        wanted = f"sha256 {reference.sha256[:16]}"
        raise InputError("another certificate", file=path.name, found=found[:16], wanted=wanted)
    document = whole(read_json(path), instance)
    try:
        proven, level = certificates.verify(document, instance.digest)
    except certificates.Rejected as reason:
        raise InputError(f"the certificate {reference.certificate} is rejected: {reason}") from None
    if document.get("objective") != reference.objective:
        raise InputError(f"the certificate is about {document.get('objective')}")
    if proven != reference.dual:
        raise InputError(f"the certificate proves {proven}, not {reference.dual_bound}")
    if level.value != reference.level:
        raise InputError(f"the certificate is worth {level.value}, not {reference.level}")


def whole(document: Any, instance: Instance) -> dict[str, Any]:
    """A certificate with the instance in it, where that was left out; raises ``InputError`` for anything else."""
    if not isinstance(document, dict):
        raise InputError("not a certificate", found=type(document).__name__, wanted="a JSON object")
    return certificates.whole(document, instance)


def lattice_status(reference: Reference, instance: Instance) -> Status:
    """The status that a row's bounds give."""
    lattice = find_problem(reference.problem).lattice(instance, reference.objective)
    seconds = float(reference.seconds) if reference.seconds else None
    return status_of(reference.primal, reference.dual, lattice, seconds)
