"""After a solve: a certificate of the answer, where the question has exact rows, replayed before anything is claimed.

``solvers/<problem>/tree.py`` says how a solution stands in a certificate (``solution_json``), which solution a plan
by columns is (``solution_of``), and which rows of the problem a point breaks (``separate``, where it has such). Where
no rows are stated it may have a certificate of another kind (``other_certificate``).
"""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fairbound.models import PROBLEMS
from fairbound.models.core.problem import Sense
from fairbound.models.core.registry import find_problem
from fairbound.solvers.checker import tree as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.core import certificates
from fairbound.solvers.core.answer import answer_of, conclude
from fairbound.solvers.core.bound import Basis, Bound, Level
from fairbound.solvers.core.contradictions import beaten, named
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.isolation import note_engine_threads
from fairbound.solvers.core.result import Result, Settings, Status, Termination
from fairbound.solvers.proofs import staged
from fairbound.solvers.proofs.tree import prove

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairbound.models.core.problem import Instance


FAULT = "the checker rejected its certificate, which is a fault to report"


def room_of(problem: str) -> Any:
    """The problem's ``tree.py``, or ``None``."""
    name = f"fairbound.solvers.{problem}.tree"
    return None if problem not in PROBLEMS or find_spec(name) is None else import_module(name)


def _wanted(result: Result, settings: Settings) -> Fraction:
    """The bound that closes the gap that was asked for: the value itself without one."""
    value = result.primal_bound
    assert value is not None
    allowed = Fraction(settings.gap) * abs(value)
    return value - allowed if result.sense is Sense.MINIMIZE else value + allowed


def proven(instance: Instance, result: Result, settings: Settings, theorems_too: bool = False) -> Result:
    """The result with a certificate, if one can be made and is accepted; otherwise as it was.

    What a theorem settles needs none, unless the certificate is to be joined with others (``theorems_too``).

    A plan that is better than the result's, where the tree meets one, takes its place. A certificate of a weaker bound
    than what is claimed stands beside the claim. Ctrl-C ends the proof, not the answer.
    """
    try:
        return _proven(instance, result, settings, theorems_too)
    except KeyboardInterrupt:
        return replace(result, termination=Termination.INTERRUPTED)


def seconds_for(instance: Instance, result: Result, settings: Settings, theorems_too: bool = False) -> float:
    """Seconds that a proof may take; 0 where there is nothing to prove, or no rows to prove it from."""
    seconds = settings.prove
    if not seconds:
        return 0.0
    if settings.time_limit is not None:
        seconds = min(seconds, settings.time_limit - result.seconds.total)
    optimal = result.status is Status.OPTIMAL
    by_theorem = result.basis is Basis.THEOREM and not theorems_too
    settled = optimal and (by_theorem or result.certificate is not None)
    # A method whose own proof the limit ended has no time for another.
    settled |= result.certificate is not None and result.termination is Termination.TIME_LIMIT
    nothing = settled or result.primal_bound is None or result.contradiction or room_of(instance.problem) is None
    return 0.0 if nothing else max(0.0, seconds)


def _proven(instance: Instance, result: Result, settings: Settings, theorems_too: bool) -> Result:
    """The same as ``proven``, as long as nobody interrupts it."""
    seconds = seconds_for(instance, result, settings, theorems_too)
    if not seconds:
        return result
    room = room_of(instance.problem)
    began, data = time.perf_counter(), instance.canonical()
    try:
        system = checker.rows_of(instance.problem).system(data, result.objective)
    except Rejected:  # no rows are stated for this question
        return _otherwise(instance, result, settings, seconds) if hasattr(room, "other_certificate") else result
    separate = room.separate(instance, system) if hasattr(room, "separate") else None
    note_engine_threads(1)
    with interruptible() as stop:
        left = seconds - 2 * (time.perf_counter() - began)  # the checker builds the rows once more
        if left <= 0:
            return result
        proof = prove(system, _wanted(result, settings), separate, left, stop.is_set)
    if stop.is_set():
        result = replace(result, termination=Termination.INTERRUPTED)
    if proof is None:
        return result
    solution = result.solution if proof.plan is None else room.solution_of(instance, system, proof.plan)
    document = {
        "format": checker.FORMAT,
        "instance": instance.name,
        "digest": instance.digest,
        "data": data,
        "objective": result.objective,
        "solution": room.solution_json(instance, solution),
        "bound": str(proof.claim),
        **proof.parts,
    }
    try:
        bound = Bound(checker.check(document), Basis.CERTIFICATE, checker.FORMAT)
    except Rejected as reason:
        return replace(result, message="; ".join(filter(None, (result.message, f"{FAULT}: {reason}"))))
    return _concluded(instance, result, settings, solution, bound, document, began)


def _otherwise(instance: Instance, result: Result, settings: Settings, seconds: float) -> Result:
    """The result with a certificate that is no tree, and the better plan that this came upon, if it did.

    A method that brings one has proven what it could.
    """
    if result.certificate is not None:
        return result
    began = time.perf_counter()
    room = room_of(instance.problem)
    made = room.other_certificate(instance, result.objective, result.primal_bound, result.solution, seconds)
    if made is None:
        return result
    document, solution = made
    try:
        value, level = certificates.verify(document, instance.digest)
    except certificates.Rejected as reason:
        return replace(result, message="; ".join(filter(None, (result.message, f"{FAULT}: {reason}"))))
    basis = Basis.CERTIFICATE if level is Level.L4 else Basis.THEOREM
    return _concluded(instance, result, settings, solution, Bound(value, basis, document["format"]), document, began)


def _concluded(
    instance: Instance,
    result: Result,
    settings: Settings,
    solution: Any,
    bound: Bound,
    document: Mapping[str, Any],
    began: float,
) -> Result:
    """The result with what was proven of it since it began, and the plan that this met; what is stronger stays."""
    known = result.proven
    weaker = known is not None and not result.sense.improves(known.value, bound.value) and known.value != bound.value
    answer = answer_of(
        result,
        solution=solution,
        claim=Fraction(result.dual_bound) if result.basis is Basis.CLAIM and result.dual_bound is not None else None,
        proven=known if weaker else bound,
        certificate=result.certificate if weaker else document,
    )
    problem = find_problem(instance.problem)
    again = conclude(problem, instance, result.objective, result.method, answer, settings)
    if again.contradiction and result.dual_bound is not None and again.primal_bound is not None:
        met = "a plan that the proof met"
        words = beaten(named(result), result.dual_bound, result.level.value, met, again.primal_bound)
        again = replace(again, contradiction=words, message="; ".join(filter(None, (result.message, words))))
    took = time.perf_counter() - began
    return replace(again, seconds=replace(result.seconds, prove=took, total=result.seconds.total + took))


def joined(instance: Instance, stages: Sequence[Result]) -> tuple[Mapping[str, Any] | None, Bound | None, str]:
    """The one certificate of all stages of an answer, what it proves of the last, or why its checker rejects it."""
    document = staged.joined(instance, [stage.certificate for stage in stages])
    if document is None:
        return None, None, ""
    try:
        return document, Bound(staged.CHECKER.check(document), Basis.CERTIFICATE, staged.FORMAT), ""
    except Rejected as reason:
        # A stage whose value is not proven the best settles nothing for the next one.
        settled = all(stage.status is Status.OPTIMAL and stage.basis is not Basis.CLAIM for stage in stages[:-1])
        return None, None, f"{FAULT}: {reason}" if settled else ""
