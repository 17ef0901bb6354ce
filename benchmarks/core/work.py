"""The work of one solve, as it runs in a process of its own: a specification in, a document out."""

from __future__ import annotations

import json
import time
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.specification import DEFAULT, Specification, content_of
from fairbound.instances.core import catalogue, question
from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.formulations import relaxation_bound
from fairbound.solvers.core.methods import cheapest_first
from fairbound.solvers.core.result import Progress, Settings
from fairbound.solvers.core.serialise import answer_json
from fairbound.solvers.core.solve import choose
from fairbound.solvers.core.solve import solve as solve_question
from fairbound.solvers.engines.base import EngineRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairbound.models.core.problem import Instance

SOLVE = "fairbound.benchmarks.core.work:solve"
PREPARE = "fairbound.benchmarks.core.work:prepare"
"""The names by which an isolation finds ``solve`` and ``prepare``."""

MODULES = ("fairbound.benchmarks.core.work",)
MOST_MOMENTS = 200

REFUSED = "refused"
"""Status of a method that says it cannot state the question, and of a file that is refused; beside ``Status``."""


def load(specification: Specification) -> Instance:
    """The instance of a specification, its parameters changed; raises ``InputError``."""
    if specification.content and content_of(specification.instance, specification.problem) != specification.content:
        raise InputError("the data has changed since the run was planned", found=specification.instance)
    return question.load(specification.instance, dict(specification.parameters), specification.problem)


def prepare(document: Mapping[str, Any]) -> None:
    """Load methods and the instance of a specification: forks of this process find both, and its family's file read."""
    specification = Specification.from_json(document)
    cheapest_first(find_problem(specification.problem))
    content_of(specification.instance, specification.problem)
    with suppress(InputError):  # a part of the file that is refused tells so when it is solved
        catalogue.load(specification.instance, specification.problem)


def solve(document: Mapping[str, Any]) -> dict[str, Any]:
    """Solve one specification (JSON types in and out)."""
    specification = Specification.from_json(document)
    problem = find_problem(specification.problem)
    try:
        instance = load(specification)
    except InputError as error:
        if error.file is None:
            raise
        return {"status": REFUSED, "message": str(error)}  # one bad part of a file leaves the others to be solved
    objectives = specification.objective.split(",")
    answer: dict[str, Any] = {
        "digest": instance.digest,
        # As texts: nobody reads them before they are in the store.
        "about": json.dumps({"title": instance.title, "facts": problem.facts(instance), "repairs": instance.repairs}),
        "parameters": json.dumps(instance.parameters),
    }
    named = None if specification.method == DEFAULT else specification.method
    try:
        method = choose(instance, named, objectives)
    except InputError as error:
        if named is not None:
            raise
        return answer | {"status": REFUSED, "message": str(error)}
    answer["method"] = method.name
    refusal = method.refuses(instance, objectives[0])
    if refusal is not None:
        return answer | {"status": REFUSED, "message": refusal}
    if specification.relaxed and method.formulation is not None:
        began = time.perf_counter()
        bound = relaxation_bound(method.formulation, instance, objectives[0])
        return answer | {"status": "relaxation", "relaxation": bound, "seconds": time.perf_counter() - began}
    settings = Settings(
        time_limit=specification.seconds,
        gap=specification.gap,
        threads=specification.threads,
        seed=specification.seed,
        prove=specification.prove,
        engine_options=specification.engine_options,
    )
    try:
        result = solve_question(instance, specification.objective, method.name, settings, isolate=False)
    except EngineRefused as refused:
        return answer | {"status": REFUSED, "message": str(refused)}
    if specification.method == DEFAULT:
        answer["method"] = result.method  # the one that it left the question to, if it did
    answer["result"] = answer_json(problem, instance, result)
    answer["trace"] = [[m.seconds, m.primal, m.dual, m.nodes] for m in thin(result.trace)]
    return answer


def thin(trace: Sequence[Progress], most: int = MOST_MOMENTS) -> list[Progress]:
    """The moments of a trace at which a bound changed, and the last; evenly picked where they are too many."""
    changed = [
        moment
        for i, moment in enumerate(trace)
        if i in (0, len(trace) - 1) or (moment.primal, moment.dual) != (trace[i - 1].primal, trace[i - 1].dual)
    ]
    if len(changed) <= most:
        return changed
    return [changed[round(i * (len(changed) - 1) / (most - 1))] for i in range(most)]


def pack(text: str) -> bytes:
    """Compress a text for the store."""
    data = text.encode()
    # A window as large as the text and no larger: to set up the usual one takes longer than to pack a few lines.
    bits = min(zlib.MAX_WBITS, max(9, len(data).bit_length()))
    packer = zlib.compressobj(9, zlib.DEFLATED, bits, bits - 6)
    return packer.compress(data) + packer.flush()


def unpack(data: bytes) -> str:
    """The inverse of ``pack``."""
    return zlib.decompress(data).decode()
