"""What a method answers, and what is known once the answer was evaluated exactly.

A method finds a solution and bounds; ``conclude`` scores the one, weighs the others, and is the only
place where statuses and levels are set.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor, isfinite
from typing import TYPE_CHECKING, Any

from fairbound.models.core.problem import Instance, Problem, Sense
from fairbound.solvers.core.bound import Basis, Bound, level_of
from fairbound.solvers.core.result import (
    BELIEVED_RANGE,
    EngineInfo,
    ModelSize,
    Progress,
    Result,
    Seconds,
    Settings,
    Status,
    Termination,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ABSOLUTE_TOLERANCE = Fraction(1, 10**6)
RELATIVE_TOLERANCE = Fraction(1, 10**9)
SLIP = Fraction(1, 1000)
"""A float that passes a value of the lattice by no more than this part of a step says nothing of the next value."""


@dataclass(frozen=True)
class Answer:
    """What a method found; nothing in it has been checked.

    Attributes
    ----------
    claim
        A dual bound as an engine's float, or a rational to which the method has rounded it itself: L1 at most.
    proven
        A dual bound that holds whatever an engine did; it stands where there is no claim, or no stronger one.
    unit
        Value of one unit of the objective of the engine's model.
    gap
        The gap asked for, where it is not that of the settings.
    disbelief
        Why an engine's claims (bound, infeasible) are dropped; the message says so.
    contradiction
        The same where something else contradicts the claims.
    method
        The method that answered, where that is another one.
    seconds
        Seconds of the steps; what is left out is filled in from the clock.
    """

    termination: Termination
    solution: Any = None
    claim: float | Fraction | None = None
    proven: Bound | None = None
    unit: Fraction = Fraction(1)
    gap: float | None = None
    disbelief: str = ""
    contradiction: str = ""
    method: str = ""
    message: str = ""
    explanation: tuple[str, ...] = ()
    engine: EngineInfo | None = None
    model: ModelSize | None = None
    nodes: int | None = None
    trace: tuple[Progress, ...] = ()
    seconds: Seconds = field(default_factory=Seconds)
    certificate: Mapping[str, Any] | None = None


def answer_of(result: Result, **changes: Any) -> Answer:
    """What a result says of its run, as an answer to be concluded again; its bounds are for the caller to name."""
    kept = ("solution", "engine", "model", "nodes", "trace", "message", "certificate", "seconds")
    known = {name: getattr(result, name) for name in kept}
    return Answer(result.termination, **{**known, **changes})


def engine_accuracy(bound: Fraction, unit: Fraction = Fraction(1)) -> Fraction:
    """How finely an engine's floating-point bound is believed: 1e-6 of the model's unit, or 1e-9 of a large bound."""
    return max(ABSOLUTE_TOLERANCE * unit, RELATIVE_TOLERANCE * abs(bound))


def resolves(lattice: Fraction | None, bound: Fraction, unit: Fraction = Fraction(1)) -> bool:
    """Whether an engine's bound is accurate enough to tell neighbouring values of the lattice apart."""
    return lattice is not None and lattice > 2 * engine_accuracy(bound, unit)


def doubt(size: ModelSize | None) -> str:
    """Why an engine's claims about a model are not believed, or ``""``."""
    if size is None or size.row_range <= BELIEVED_RANGE:
        return ""
    return (
        f"the coefficients of a row differ by a factor of {size.row_range:.1e}, which engines do not keep apart "
        f"(1e6 at most): what the engine claims is not believed"
    )


def lattice_bound(claimed: float, lattice: Fraction | None, sense: Sense, unit: Fraction = Fraction(1)) -> Fraction:
    """Turn an engine's floating-point dual bound into a rational claim.

    A bound within the engine's accuracy of a multiple of the lattice is that multiple, and so is one that passes it
    by a small part of a step: where steps are wide, a slip of the engine would be rounded to a whole one. Any other
    is rounded to the next multiple that a solution can reach. Where the lattice is finer than the
    accuracy, the float itself is the claim.
    """
    bound = Fraction(claimed)
    if lattice is None or not resolves(lattice, bound, unit):
        return bound
    near = round(bound / lattice) * lattice
    slip = engine_accuracy(bound, unit)
    if sense.improves(near, bound):
        slip = max(slip, SLIP * lattice)
    return near if abs(bound - near) <= slip else reachable(bound, lattice, sense)


def reachable(bound: Fraction, lattice: Fraction, sense: Sense) -> Fraction:
    """The next multiple of the lattice that a dual bound allows."""
    steps = bound / lattice
    return floor(steps) * lattice if sense is Sense.MAXIMIZE else -floor(-steps) * lattice


def _beyond(value: Fraction, by: Fraction, sense: Sense) -> Fraction:
    """A bound that is weaker by so much."""
    return value + sense.sign * by


def conclude(
    problem: Problem[Any, Any],
    instance: Instance,
    objective: str,
    method: str,
    answer: Answer,
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Result:
    """Evaluate the solution of an answer exactly and state what is known.

    A dual bound never moves towards the primal. A claimed one is as fine as its engine's accuracy: where
    the lattice does not round it, it is weakened by that and stays that far from the value, so the result is
    not optimal.
    """
    asked = problem.objective(objective)
    sense, own = asked.sense, answer.proven
    # Only such bounds are rounded to the lattice, and to find that takes longer than all else here.
    rounded = answer.claim is not None or (own is not None and own.basis is Basis.MULTIPLIERS)
    lattice = problem.lattice(instance, objective) if rounded else None
    gap = settings.gap if answer.gap is None else answer.gap
    doubted = bool(answer.disbelief or answer.contradiction)
    base: dict[str, Any] = {
        "problem": problem.name,
        "instance": instance.name,
        "digest": instance.digest,
        "parameters": instance.parameters,
        "objective": objective,
        "sense": sense,
        "method": answer.method or method,
        "termination": answer.termination,
        "seed": settings.seed,
        "message": "; ".join(filter(None, (answer.message, answer.contradiction, answer.disbelief))),
        "contradiction": answer.contradiction,
        "explanation": answer.explanation,
        "engine": answer.engine,
        "model": answer.model,
        "nodes": answer.nodes,
        "trace": answer.trace,
        "seconds": answer.seconds,
        "certificate": answer.certificate,
    }
    natural = None
    if asked.natural_bound is not None:
        natural = Bound(asked.natural_bound, Basis.THEOREM, "by the definition of the objective")
    # The next value that a solution can have. What a certificate proves stays as its checker finds it.
    if own is not None and lattice is not None and own.basis is Basis.MULTIPLIERS:
        own = replace(own, value=reachable(own.value, lattice, sense))
    proven = _strongest(sense, own, natural)
    dual, claimed = None, None
    if answer.claim is not None and not doubted and isfinite(answer.claim):
        value = answer.claim
        if not isinstance(value, Fraction):
            value = lattice_bound(value, lattice, sense, answer.unit)
            if not resolves(lattice, value, answer.unit):  # it is coarse: the truth may pass it
                claimed = value
                value = _beyond(value, engine_accuracy(value, answer.unit), sense)
        dual = Bound(value, Basis.CLAIM)
    stronger = dual is not None and proven is not None and not sense.improves(proven.value, dual.value)
    if stronger or (dual is None and own is not None):
        dual, claimed = proven, None  # no claim is stronger, or none is believed
    if answer.solution is None:
        status = Status.INFEASIBLE if answer.termination is Termination.INFEASIBLE and not doubted else Status.UNKNOWN
        return _checked(_bounded(base, dual, proven, status=status), gap)

    evaluation = problem.evaluate(instance, answer.solution)
    known: dict[str, Any] = {
        "solution": answer.solution,
        "values": evaluation.values,
        "measures": evaluation.measures,
        "violations": evaluation.violations,
    }
    if not evaluation.feasible:
        return _checked(_bounded(base, dual, proven, status=Status.INVALID, **known), gap)
    primal = evaluation.values[objective]
    if natural is not None and primal == natural.value and (dual is not None or doubted):
        dual, claimed = natural, None
    if dual is not None and claimed is not None:
        accuracy = engine_accuracy(primal, answer.unit)
        least = _beyond(primal, accuracy, sense)
        if abs(claimed - primal) <= accuracy and sense.improves(least, dual.value):
            dual = replace(dual, value=least)
    beaten = [bound for bound in (dual, proven) if bound is not None and sense.improves(primal, bound.value)]
    if beaten:
        words = f"the bound {beaten[0].value} was contradicted by the exact value {primal} and is withdrawn"
        known |= {"contradiction": words, "message": "; ".join(filter(None, (base["message"], words)))}
        dual = None if dual in beaten else dual
        proven = None if proven in beaten else proven
    status = Status.OPTIMAL if dual is not None and dual.value == primal else Status.FEASIBLE
    return _checked(_bounded(base, dual, proven, status=status, primal_bound=primal, **known), gap)


def _strongest(sense: Sense, *bounds: Bound | None) -> Bound | None:
    """The strongest of some bounds, the first of equals."""
    best: Bound | None = None
    for bound in bounds:
        if bound is not None and (best is None or sense.improves(best.value, bound.value)):
            best = bound
    return best


def _bounded(base: dict[str, Any], dual: Bound | None, proven: Bound | None, **known: Any) -> Result:
    """The result of these fields, what is known of its solution, its bounds, and the level that follows from them."""
    level = level_of(known.get("primal_bound") is not None, dual)
    value, basis = (None, None) if dual is None else (dual.value, dual.basis)
    return Result(**{**base, **known}, dual_bound=value, basis=basis, proven=proven, level=level)


def _checked(result: Result, gap: float) -> Result:
    """The result, without the word ``gap_limit`` where the gap asked for was not reached."""
    if result.termination is not Termination.GAP_LIMIT:
        return result
    reached = result.gap is not None and result.gap <= gap * (1 + 1e-9)
    return result if reached else replace(result, termination=Termination.FINISHED)
