"""A row: everything that is kept of one solve."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache, cached_property
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.machine import describe
from fairbound.benchmarks.core.specification import DEFAULT, Specification
from fairbound.models.core.problem import Sense
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.isolation import Ending, Outcome
from fairbound.solvers.core.method import Kind
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.core.result import BELIEVED_GAP, Status, Termination

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Row:
    """One solve. Bounds are exact text (``"86824/5"``) with a float beside them.

    Attributes
    ----------
    key
        Hash of the specification.
    instance, given
        Name of the instance and the parameters changed by the suite, as ``name=value`` words of a shell.
    digest, parameters
        Digest of the instance and all its parameters (JSON).
    method, kind
        The method that answered; ``default`` where it ended before one was chosen.
    about
        JSON: ``title``, ``facts`` and ``repairs`` of the instance.
    time_limit, memory_limit_mb
        Infinite where there was none.
    relaxed
        The row holds the optimum of an LP relaxation (``relaxation``) and no solution.
    outcome
        How the process ended: ok, timeout, memory, killed, error.
    status, termination, level
        Of the result; ``refused`` where the method says that it cannot state the question.
    build_seconds, compile_seconds, solve_seconds, total_seconds
        Wall seconds of the method's steps; a proof that followed is left out.
    wall_seconds, cpu_seconds, memory_mb
        Of the process, a proof included: from fork to end, user and system, largest resident memory with libraries.
    trace
        JSON list of [seconds, primal, dual, nodes].
    """

    key: str
    suite: str
    problem: str
    instance: str
    given: str
    digest: str
    about: str
    parameters: str
    objective: str
    sense: str
    method: str
    kind: str
    relaxed: bool
    seed: int
    repetition: int
    threads: int
    gap_limit: float
    time_limit: float
    memory_limit_mb: float
    outcome: str
    message: str
    contradiction: str
    status: str
    termination: str
    level: str
    primal_bound: str | None
    dual_bound: str | None
    proven_bound: str | None
    proven_level: str
    primal_float: float | None
    dual_float: float | None
    gap: float | None
    relaxation: float | None
    nodes: int | None
    model_columns: int | None
    model_rows: int | None
    model_nonzeros: int | None
    model_integers: int | None
    build_seconds: float | None
    compile_seconds: float | None
    solve_seconds: float | None
    total_seconds: float | None
    wall_seconds: float
    cpu_seconds: float
    memory_mb: float
    engine: str
    engine_version: str
    options: str
    objective_values: str
    trace: str
    machine: str
    finished_at: str

    @property
    def title(self) -> str:
        """The question for people."""
        return f"{self.instance}{' ' + self.given if self.given else ''}"

    @cached_property
    def primal(self) -> Fraction | None:
        """The value of the solution, exactly."""
        return None if self.primal_bound is None else Fraction(self.primal_bound)

    @cached_property
    def dual(self) -> Fraction | None:
        """The dual bound, exactly."""
        return None if self.dual_bound is None else Fraction(self.dual_bound)

    @cached_property
    def proven(self) -> Fraction | None:
        """The strongest proven dual bound of the solve."""
        return None if self.proven_bound is None else Fraction(self.proven_bound)

    @property
    def direction(self) -> Sense:
        """Whether more or less is better."""
        return Sense(self.sense)

    @property
    def moments(self) -> list[tuple[float, float | None, float | None, int]]:
        """The trace: seconds, primal and dual bound, nodes."""
        return [tuple(moment) for moment in json.loads(self.trace)]

    @property
    def solved(self) -> bool:
        """Both bounds are equal, or as near as the method was asked, or its engine is believed, to bring them."""
        near = self.termination == Termination.GAP_LIMIT and self.primal_bound is not None
        near = near or (self.termination == Termination.FINISHED and self.gap is not None and self.gap <= BELIEVED_GAP)
        return self.outcome == Outcome.OK and (self.status == Status.OPTIMAL or near)


COLUMNS = {field.name: str(field.type) for field in fields(Row)}
"""Name and type of every column, in order."""


@cache
def _kind(problem: str, method: str) -> Kind:
    return find_method(find_problem(problem), method).kind


@cache
def _here() -> str:
    return json.dumps(describe())


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _without_proof(seconds: Mapping[str, float]) -> float:
    return seconds["total"] - seconds.get("prove", 0.0)


def make_row(suite: str, specification: Specification, ending: Ending, machine: Mapping[str, str] | None = None) -> Row:
    """The row of a solve, however it ended."""
    problem = find_problem(specification.problem)
    value: dict[str, Any] = ending.value if ending.outcome is Outcome.OK else {}
    result: dict[str, Any] = value.get("result", {})
    method = value.get("method", specification.method)
    kind = Kind.ALGORITHM if method == DEFAULT else _kind(problem.name, method)
    seconds = result.get("seconds", {})
    size = result.get("model") or {}
    engine = result.get("engine") or {}
    return Row(
        key=specification.key,
        suite=suite,
        problem=specification.problem,
        instance=specification.instance,
        given=shlex.join(f"{name}={text}" for name, text in specification.parameters),
        digest=value.get("digest", ""),
        about=value.get("about", "{}"),
        parameters=value.get("parameters", "{}"),
        objective=specification.objective,
        sense=problem.objective(specification.objective.split(",")[-1]).sense.value,
        method=method,
        kind=kind.value,
        relaxed=specification.relaxed,
        seed=specification.seed,
        repetition=specification.repetition,
        threads=specification.threads,
        gap_limit=specification.gap,
        time_limit=inf if specification.seconds is None else specification.seconds,
        memory_limit_mb=inf if specification.memory_mb is None else specification.memory_mb,
        outcome=ending.outcome.value,
        contradiction=result.get("contradiction", ""),
        message=ending.message or result.get("message") or value.get("message", ""),
        status=result.get("status") or value.get("status", ""),
        termination=result.get("termination", ""),
        level=result.get("level", ""),
        primal_bound=result.get("primal_bound"),
        dual_bound=result.get("dual_bound"),
        proven_bound=result.get("proven_bound"),
        proven_level=result.get("proven_level") or "",
        primal_float=result.get("primal_bound_float"),
        dual_float=result.get("dual_bound_float"),
        gap=_finite(result.get("gap")),
        relaxation=_finite(value.get("relaxation")),
        nodes=result.get("nodes"),
        model_columns=size.get("columns"),
        model_rows=size.get("rows"),
        model_nonzeros=size.get("nonzeros"),
        model_integers=size.get("integers"),
        build_seconds=seconds.get("build"),
        compile_seconds=seconds.get("compile"),
        solve_seconds=seconds.get("solve"),
        total_seconds=_without_proof(seconds) if seconds else value.get("seconds"),
        wall_seconds=ending.wall_seconds,
        cpu_seconds=ending.cpu_seconds,
        memory_mb=ending.peak_mb,
        engine=engine.get("name", ""),
        engine_version=engine.get("version", ""),
        options=json.dumps(engine.get("options", {})),
        objective_values=json.dumps(result.get("values", {})),
        trace=json.dumps(value.get("trace", [])),
        machine=_here() if machine is None else json.dumps(dict(machine)),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
