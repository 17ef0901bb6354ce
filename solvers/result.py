"""What a method reports: why it stopped, what is known, and both bounds.

Why a method stopped (``Termination``) and what is known (``Status``) are separate facts. A value
is always the exact evaluation of the solution; an engine's own objective value is never reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from math import floor, isfinite
from typing import Any

from fairbound.models.problem import Instance, Problem, Sense, Violation

ABSOLUTE_TOLERANCE = Fraction(1, 10**6)
RELATIVE_TOLERANCE = Fraction(1, 10**9)


def engine_accuracy(bound: Fraction) -> Fraction:
    """How finely an engine's floating-point bound is believed: 1e-6, or 1e-9 of a large bound."""
    return max(ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE * abs(bound))


class Termination(StrEnum):
    """Why a method stopped."""

    FINISHED = "finished"
    """It ran to its own end: an exact method has closed its gap, a heuristic has no more steps."""
    GAP_LIMIT = "gap_limit"
    """The gap asked for was reached."""
    TIME_LIMIT = "time_limit"
    INTERRUPTED = "interrupted"
    """A person stopped it; incumbent and bound are kept."""
    INFEASIBLE = "infeasible"
    """The engine claims that no solution exists."""
    UNBOUNDED = "unbounded"
    """The engine claims that values have no bound."""
    ENGINE_ERROR = "engine_error"


class Status(StrEnum):
    """What is known, once the solution was evaluated exactly."""

    OPTIMAL = "optimal"
    """Primal and dual bound are equal. How far the dual bound is proven says ``Level``."""
    FEASIBLE = "feasible"
    """A solution that keeps every rule, checked exactly; not known to be best."""
    INVALID = "invalid"
    """The solution breaks a rule; ``violations`` says which."""
    INFEASIBLE = "infeasible"
    """The engine claims that no solution exists."""
    UNKNOWN = "unknown"
    """No solution."""


class Level(StrEnum):
    """The certificate ladder: what was checked, and by whom (``docs/ladder.md``)."""

    L0 = "L0"
    """Claimed: the engine says so."""
    L1 = "L1"
    """Exact primal: feasibility and value recomputed in rationals; the dual bound is a claim."""
    L2 = "L2"
    """Exact bound: the dual bound is a rational that a theorem or multipliers prove."""
    L3 = "L3"
    """Independent engines agree."""
    L4 = "L4"
    """A tree certificate was replayed."""
    L5 = "L5"
    """A VIPR certificate was accepted."""


@dataclass(frozen=True)
class Settings:
    """Limits and choices of one solve.

    Attributes
    ----------
    time_limit
        Seconds for the engine, or ``None``.
    gap
        Relative gap at which to stop; 0 asks for a proof.
    threads, seed
        One thread and a seed make a run repeatable.
    """

    time_limit: float | None = None
    gap: float = 0.0
    threads: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """A moment of a running solve; bounds are the engine's floats.

    Attributes
    ----------
    solution
        The incumbent, where it is new and the method has it at hand; not in a trace.
    """

    seconds: float
    primal: float | None
    dual: float | None
    nodes: int = 0
    solution: Any = field(default=None, repr=False)


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class ModelSize:
    """Size of the model that the engine received."""

    columns: int
    rows: int
    nonzeros: int
    integers: int


@dataclass(frozen=True)
class Seconds:
    """Wall seconds of each step of a solve."""

    build: float = 0.0
    compile: float = 0.0
    solve: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class EngineInfo:
    """Which program answered, with the options it was given."""

    name: str
    version: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """The answer of one method on one instance. Both bounds always travel together.

    Attributes
    ----------
    primal_bound
        Exact value of ``solution``; ``None`` without a feasible solution.
    dual_bound
        No solution is better than this; ``None`` where the method gives no bound.
    values, measures
        Every objective and further figures of the solution, exactly.
    trace
        Engine's bounds over time.
    stages
        Results of the earlier objectives of a lexicographic solve.
    message
        What a reader must know beyond the fields, such as a contradicted claim.
    certificate
        JSON object that ``fairbound verify`` replays to confirm a dual bound.
    """

    problem: str
    instance: str
    digest: str
    parameters: Mapping[str, str]
    objective: str
    sense: Sense
    method: str
    status: Status
    termination: Termination
    level: Level
    primal_bound: Fraction | None = None
    dual_bound: Fraction | None = None
    solution: Any = None
    values: Mapping[str, Fraction] = field(default_factory=dict)
    measures: Mapping[str, Fraction] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    engine: EngineInfo | None = None
    model: ModelSize | None = None
    seconds: Seconds = Seconds()
    nodes: int | None = None
    seed: int = 0
    trace: tuple[Progress, ...] = ()
    stages: tuple[Result, ...] = ()
    message: str = ""
    certificate: Mapping[str, Any] | None = None

    @property
    def gap(self) -> float | None:
        """Relative distance of the bounds: |dual - primal| / |primal|; ``None`` without both."""
        return relative_gap(self.primal_bound, self.dual_bound)


def relative_gap(primal: Fraction | None, dual: Fraction | None) -> float | None:
    """|dual - primal| / |primal|; infinite for a primal bound of 0 that is not the dual bound."""
    if primal is None or dual is None:
        return None
    if primal == dual:
        return 0.0
    return float(abs(dual - primal) / abs(primal)) if primal else float("inf")


def shortfall(value: Fraction | None, bound: Fraction | None) -> float | None:
    """How far a value stays behind a dual bound, as a share of the bound; ``None`` without both."""
    if value is None or bound is None:
        return None
    if value == bound:
        return 0.0
    return float(abs(bound - value) / abs(bound)) if bound else float("inf")


def tells_apart(lattice: Fraction | None, bound: Fraction) -> bool:
    """Whether an engine's bound is accurate enough to tell neighbouring values of the lattice apart."""
    return lattice is not None and lattice > 2 * engine_accuracy(bound)


def lattice_bound(claimed: float, lattice: Fraction | None, sense: Sense) -> Fraction:
    """Turn an engine's floating-point dual bound into a rational claim.

    A bound within the engine's accuracy of a multiple of the lattice is that multiple; any other
    is rounded to the next multiple that a solution can reach. Where the lattice is finer than the
    accuracy, the float itself is the claim.
    """
    bound = Fraction(claimed)
    if lattice is None or not tells_apart(lattice, bound):
        return bound
    steps = bound / lattice
    near = round(steps)
    if abs(bound - near * lattice) <= engine_accuracy(bound):
        return near * lattice
    return floor(steps) * lattice if sense is Sense.MAXIMIZE else -floor(-steps) * lattice


def conclude(
    problem: Problem[Any, Any],
    instance: Instance,
    objective: str,
    method: str,
    *,
    solution: Any,
    termination: Termination,
    claimed_bound: float | None = None,
    exact_bound: Fraction | None = None,
    settings: Settings = Settings(),
    **details: Any,
) -> Result:
    """Evaluate a solution exactly and state what is known.

    Parameters
    ----------
    claimed_bound
        A dual bound as an engine's float: the level stays L1 at most.
    exact_bound
        A dual bound that a theorem or exact arithmetic proves: the level can be L2.
    details
        Further fields of ``Result``.
    """
    sense = problem.objective(objective).sense
    base = Result(
        problem=problem.name,
        instance=instance.name,
        digest=instance.digest,
        parameters=instance.parameters,
        objective=objective,
        sense=sense,
        method=method,
        status=Status.UNKNOWN,
        termination=termination,
        level=Level.L0,
        seed=settings.seed,
        **details,
    )
    lattice = problem.lattice(instance, objective)
    dual = exact_bound
    if dual is None and claimed_bound is not None and isfinite(claimed_bound):
        dual = lattice_bound(claimed_bound, lattice, sense)
    if solution is None:
        status = Status.INFEASIBLE if termination is Termination.INFEASIBLE else Status.UNKNOWN
        return replace(base, status=status, dual_bound=dual)

    evaluation = problem.evaluate(instance, solution)
    known = replace(
        base,
        solution=solution,
        values=evaluation.values,
        measures=evaluation.measures,
        violations=evaluation.violations,
        dual_bound=dual,
    )
    if not evaluation.feasible:
        return replace(known, status=Status.INVALID)
    primal = evaluation.values[objective]
    message = base.message
    ended = exact_bound is None and termination is Termination.FINISHED
    near = dual is not None and abs(primal - dual) <= ABSOLUTE_TOLERANCE * (abs(primal) or Fraction(1))
    if dual is not None and ended and near and not tells_apart(lattice, dual):
        dual = primal  # a search that ended claims that its bounds met; what is left is rounding
    if dual is not None and sense.improves(primal, dual):
        if exact_bound is None and abs(primal - dual) <= engine_accuracy(primal):
            dual = primal  # beaten within the engine's accuracy: the claim never was finer than that
        else:
            message = f"the bound {dual} was contradicted by the exact value {primal} and is withdrawn"
            dual, exact_bound = None, None
    status = Status.OPTIMAL if dual == primal else Status.FEASIBLE
    level = Level.L2 if exact_bound is not None else Level.L1
    return replace(known, status=status, level=level, primal_bound=primal, dual_bound=dual, message=message)
