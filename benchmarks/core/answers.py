"""The rows of a report's figures: by question, best first, with the instance they are about."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, TypeVar

from fairbound.instances.core import catalogue
from fairbound.models.core.errors import InputError
from fairbound.models.core.problem import Instance, Sense
from fairbound.models.core.registry import find_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fairbound.benchmarks.core.figure import Solutions
    from fairbound.benchmarks.core.row import Row

Kind = TypeVar("Kind", bound=Instance)


def questions_of(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows that answer one question, together."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.instance, row.given, row.objective), []).append(row)
    return list(groups.values())


def ranked(rows: Iterable[Row]) -> list[Row]:
    """Rows with a solution, best value first; those whose solution breaks a rule last."""
    kept = [row for row in rows if not row.relaxed]
    up = {row.sense for row in kept} == {Sense.MAXIMIZE.value}
    return sorted(kept, key=lambda row: (row.primal_float is None, (row.primal_float or 0.0) * (-1 if up else 1)))


def best_solutions(rows: Iterable[Row], solutions: Solutions, kind: type[Kind]) -> Iterator[tuple[Row, Kind, Any]]:
    """The best solution of each question with its row and instance; questions without one are left out."""
    for group in questions_of(rows):
        instance = instance_of(group[0], kind)
        best = next((row for row in ranked(group) if row.primal_float is not None), None)
        solution = None if best is None else solutions(best.key)
        if instance is not None and best is not None and solution is not None:
            yield best, instance, find_problem(best.problem).read_solution(instance, solution)


def instance_of(row: Row, kind: type[Kind]) -> Kind | None:
    """The instance of a row; ``None`` where its data is not here or is another by now."""
    try:
        found = catalogue.load(row.instance, row.problem)
        changes = dict(word.split("=", 1) for word in shlex.split(row.given))
        if changes:
            found = find_problem(row.problem).with_parameters(found, changes)
    except InputError:
        return None
    return found if isinstance(found, kind) and found.digest == row.digest else None
