"""Many small solves in one process: a fork each would cost more than the solves.

A process tells each answer as it has it, and ends after a while. A solve that ended it badly is tried again in
a process of its own, where it alone is to blame; only the wall limit is a verdict at once, since it
counts from the start of each solve.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from fairbound.benchmarks.core.specification import Specification
from fairbound.solvers.core.fork_server import words_of
from fairbound.solvers.core.isolation import Ending, Isolation, Limits, Outcome

MANY = "fairbound.benchmarks.core.batches:solve_many"
SECONDS = 2.0
"""After so many seconds a process begins no further solve."""
LARGEST = 1000
"""Solves that are handed to one process at most."""

OnStart = Callable[[Specification], None]
OnEnd = Callable[[Specification, Ending], None]


def process_limits(specification: Specification) -> Limits:
    """Limits of the process: the engine's own time limit, once for each objective, plus the grace."""
    stages = specification.objective.count(",") + 1
    limit = specification.seconds
    return Limits(None if limit is None else stages * limit + specification.grace, specification.memory_mb)


def solve_batch(
    isolation: Isolation, work: str, specifications: Sequence[Specification], started: OnStart, ended: OnEnd
) -> list[Specification]:
    """Solve specifications of equal limits for a while, at least the first; returns those that are left.

    One alone gets the process to itself, and its measures are the system's.
    """
    first, left = specifications[0], list(specifications)
    limits = process_limits(first)
    started(first)
    if len(left) == 1:
        ended(first, isolation.run(work, first.to_json(), limits))
        return []

    def on_told(answer: dict[str, Any]) -> None:
        ended(left.pop(0), _ending(answer))
        if left and answer["more"]:
            started(left[0])

    documents = [specification.to_json() for specification in specifications]
    request = {"work": work, "documents": documents, "seconds": SECONDS}
    ending = isolation.run(MANY, request, replace(limits, renewed=True), on_told, tries=1)
    if ending.outcome is not Outcome.OK and left:
        if ending.outcome is not Outcome.TIMEOUT:
            ending = isolation.run(work, left[0].to_json(), limits)
        ended(left.pop(0), ending)
    return left


def _ending(answer: Mapping[str, Any]) -> Ending:
    return Ending(
        Outcome(answer["kind"]),
        answer.get("value"),
        answer.get("message", ""),
        answer["wall_seconds"],
        answer["cpu_seconds"],
        answer["peak_mb"],
    )


def solve_many(request: Mapping[str, Any], tell: Callable[[Any], None]) -> None:
    """In the process of the solves: one after the other."""
    module, _, name = request["work"].partition(":")
    function = getattr(import_module(module), name)
    documents, until = request["documents"], time.monotonic() + request["seconds"]
    used, _ = _usage()
    for i, document in enumerate(documents, start=1):
        answer, used = _solve(function, document, used)
        more = i < len(documents) and time.monotonic() < until
        tell(answer | {"more": more})
        if not more:
            return


def _solve(function: Callable[[Any], Any], document: Any, before: float) -> tuple[dict[str, Any], float]:
    """One solve with what it used, and what all have used by then; running out of memory is for the process to say."""
    began = time.perf_counter()
    try:
        answer = {"kind": Outcome.OK, "value": function(document)}
    except MemoryError:
        raise
    except Exception as error:
        answer = {"kind": Outcome.ERROR, "message": words_of(error)}
    used, peak = _usage()
    seconds = {"wall_seconds": time.perf_counter() - began, "cpu_seconds": used - before}
    return answer | seconds | {"peak_mb": peak}, used


def _usage() -> tuple[float, float]:
    """Processor seconds of this process and those it has waited for, and its largest memory in megabytes."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    peak = own.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime, peak
