"""What runs say against the reference table, and how their answers come into it."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.references.checking import confirm, lattice_status, load
from fairbound.benchmarks.core.references.table import (
    HISTORY,
    MOST_BYTES,
    Reference,
    Replaced,
    Status,
    digest_of,
    packed,
    read_references,
    read_table,
    replaced,
    shipped,
    stated,
    table_folder,
    version_of,
    write_certificate,
    write_references,
    write_solution,
    write_table,
)
from fairbound.instances.core import catalogue
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import LONGEST_NUMBER
from fairbound.models.core.problem import Sense
from fairbound.solvers.core import certificates
from fairbound.solvers.core.bound import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from fairbound.benchmarks.core.questions import Question
    from fairbound.benchmarks.core.row import Row
    from fairbound.models.core.problem import Instance

    Proofs = Callable[[str], Mapping[str, Any] | None]

HOUSE = "fairbound"
"""Who brings in what the project's own runs find."""


def alarms(asked: Iterable[Question], table: Mapping[tuple[str, str], Reference] | None = None) -> list[str]:
    """What a run says against the reference table: a better value, a stronger proven bound, a contradiction."""
    known = shipped() if table is None else table
    said = []
    for question in asked:
        reference = known.get((question.digest, question.objective))
        if reference is not None:
            said += _compare(question, reference)
    return said


def _compare(question: Question, reference: Reference) -> list[str]:
    sense, said = question.sense, []
    primal, dual = reference.primal, reference.dual
    best, bound = question.best_primal, question.best_proven
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
    said += [
        f"CONTRADICTION {reference.label}: {row.method} claims the bound {row.dual} ({row.level}), but the "
        f"reference solution is worth {primal}"
        for row in question.solves
        if row.dual is not None and sense.improves(primal, row.dual)
    ]
    if bound is not None and bound.proven is not None:
        weaker = dual is None or sense.improves(dual, bound.proven)
        if weaker and not sense.improves(primal, bound.proven):
            said.append(
                f"STRONGER BOUND THAN THE REFERENCE {reference.label}: {bound.method} proves {bound.proven} "
                f"({bound.proven_level}), the table {dual if dual is not None else 'none'}"
            )
    return said


def propose(question: Question, date: str, who: str = HOUSE) -> Reference | None:
    """The row that a run offers for a question, without a bound; ``None`` without a value."""
    best = question.best_primal
    if best is None or best.primal_bound is None:
        return None
    return Reference(
        problem=question.problem,
        instance=best.instance,
        given=best.given,
        objective=question.objective,
        digest=question.digest,
        version=version_of(best.instance),
        primal_bound=str(stated(Fraction(best.primal_bound), question.sense)),
        dual_bound="",
        level=Level.L1.value,
        status=Status.OPEN,
        who=who,
        date=date,
        solution="",
        **_maker(best),
    )


def _maker(by: Row) -> dict[str, str]:
    """Who gave a bound, and in which time."""
    engine = f"{by.engine} {by.engine_version}".strip()
    return {"method": by.method, "engine": engine, "seconds": f"{by.wall_seconds:.2f}"}


def update(
    asked: Iterable[Question],
    solutions: Callable[[str], list[dict[str, str]] | None],
    date: str,
    folder: Path | None = None,
    proofs: Proofs = lambda _key: None,
) -> list[Reference]:
    """Take a run's answers into the table where they are better; returns what was written.

    A row changes if the run has a better value, a stronger proven bound, or the same bound at a higher level; what it
    said before is kept in the history. A bound comes with its certificate. One that has none must follow from a
    definition, or be computed again from the row; else it is left out.

    Parameters
    ----------
    solutions, proofs
        Solution and certificate of a row of the run, by its key.
    """
    place = folder or table_folder()
    table = {reference.key: reference for reference in read_references(place)}
    gone: list[Replaced] = []
    written = []
    for question in asked:
        best = question.best_primal
        rows = None if best is None else solutions(best.key)
        if best is None or rows is None or "," in question.objective or _unnamed(best.instance):
            continue
        offered = propose(question, date)
        if offered is None or question.contradictions:
            continue
        old = table.get(offered.key)
        instance = load(offered)
        offered, document = _proven(question, offered, old, instance, proofs, place)
        merged = merge(old, offered, question.sense)
        if merged is None:
            continue
        if merged.primal_bound == offered.primal_bound and (old is None or old.primal_bound != merged.primal_bound):
            merged = replace(merged, solution=write_solution(place, merged.name, rows))
            if not merged.solution:
                merged, document = replace(merged, dual_bound="", level=Level.L0.value), None
        if document is not None and merged.dual_bound == offered.dual_bound:
            merged = with_certificate(merged, document, place)
        merged = replace(merged, status=lattice_status(merged, instance))
        if old is not None:
            gone.append(replaced(old, merged, "a better run"))
        table[merged.key] = merged
        written.append(merged)
        write_references(table.values(), place)
    keep_history(gone, place)
    return written


def keep_history(gone: Iterable[Replaced], folder: Path) -> None:
    """Add what was replaced to the history."""
    new = list(gone)
    if new:
        write_table(folder / HISTORY, [*read_table(folder / HISTORY, Replaced), *new])


def _unnamed(instance: str) -> bool:
    """Whether an instance has no name in the catalogue, or nothing that is made of its data may be passed on."""
    if catalogue.generated(instance) is not None:
        return False
    entry = catalogue.find_entry(instance)
    return entry is None or entry.closed


def is_own(instance: str) -> bool:
    """Whether the data of an instance comes with the project: then it may stand in a certificate."""
    if catalogue.generated(instance) is not None:
        return True
    entry = catalogue.find_entry(instance)
    return entry is not None and entry.file is None


def _proven(
    question: Question,
    offered: Reference,
    old: Reference | None,
    instance: Instance,
    proofs: Proofs,
    folder: Path,
) -> tuple[Reference, Mapping[str, Any] | None]:
    """The offered row with the strongest bound of the run that can be confirmed, and its certificate, if it has one."""
    sense = question.sense
    bare = replace(offered, dual_bound="", level=Level.L1.value)
    rows = [row for row in question.solves if row.proven is not None and not sense.improves(offered.primal, row.proven)]
    # The strongest first; of equal ones, the one at the highest level.
    rows.sort(key=lambda row: row.proven_level, reverse=True)
    rows.sort(key=lambda row: row.proven or 0, reverse=sense is Sense.MINIMIZE)
    for row in rows:
        bound = row.proven_bound or ""
        tried = replace(offered, dual_bound=bound, level=row.proven_level, **_maker(row))
        if len(bound) > LONGEST_NUMBER:
            continue
        if old is not None and old.solution and not _stronger(old, tried, sense):
            break
        document = proofs(row.key)
        level = _accepted(document, tried)
        if level is not None:
            return replace(tried, level=level), document
        try:
            confirm(tried, instance, folder)
        except InputError:
            continue
        return tried, None
    return bare, None


def _accepted(document: Mapping[str, Any] | None, tried: Reference) -> str | None:
    """The level of a certificate of a row's bound, if it is accepted and small enough."""
    if document is None or len(packed(shown(document, tried.instance))) > MOST_BYTES:
        return None
    try:
        proven, level = certificates.verify(document, tried.digest)
    except certificates.Rejected:
        return None
    return level.value if str(proven) == tried.dual_bound else None


def shown(document: Mapping[str, Any], instance: str) -> str:
    """The text of a certificate, without data that is not the project's to pass on."""
    own = is_own(instance)
    return json.dumps({key: part for key, part in document.items() if own or key != certificates.DATA}) + "\n"


def with_certificate(reference: Reference, document: Mapping[str, Any], folder: Path) -> Reference:
    """The row with a certificate that was accepted, written beside the table."""
    text = shown(document, reference.instance)
    file = write_certificate(folder, reference.name, text)
    level = certificates.kind_of(document).level.value
    return replace(reference, certificate=file, sha256=digest_of(text), level=level)


def merge(old: Reference | None, new: Reference, sense: Sense) -> Reference | None:
    """The better of each bound; ``None`` if the old row says it all.

    Parameters
    ----------
    new
        A row of the same question, whose bound is proven.
    """
    if old is None:
        return new
    better = sense.improves(new.primal, old.primal)
    stronger = _stronger(old, new, sense)
    if not better and not stronger:
        return None
    found = replace(old, version=new.version, instance=new.instance, given=new.given)
    if better:
        found = replace(found, primal_bound=new.primal_bound, solution=new.solution, who=new.who, date=new.date)
        if old.dual is not None and sense.improves(new.primal, old.dual):  # the old bound is wrong
            found = replace(found, dual_bound="", level=Level.L1.value, certificate="", sha256="")
    if stronger:
        found = replace(
            found,
            dual_bound=new.dual_bound,
            level=new.level,
            seconds=new.seconds,
            method=new.method,
            engine=new.engine,
            who=new.who,
            date=new.date,
            certificate=new.certificate,
            sha256=new.sha256,
        )
    return found


def _stronger(old: Reference, new: Reference, sense: Sense) -> bool:
    """Whether the new bound is better proven than the old one."""
    one: Fraction | None = new.dual
    if one is None or sense.improves(old.primal, one):  # none, or one that the old solution beats
        return False
    return old.dual is None or sense.improves(old.dual, one) or (one == old.dual and new.level > old.level)
