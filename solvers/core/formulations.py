"""A formulation as a method: build, hand to HiGHS, evaluate exactly."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from typing import Any

from fairbound.models.core.problem import Formulation, Instance, Problem, Scope
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import OnProgress, Result, Seconds, Settings, Status, conclude, doubt
from fairbound.solvers.engines import highs

PROVEN_LOSS = Fraction(1, 10**6)
"""A proven bound is reported in place of a claim if it loses no more than this share to rounding."""


def solve_formulation(
    problem: Problem[Any, Any],
    formulation: Formulation[Any, Any],
    instance: Instance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Any = None,
) -> Result:
    """Build a formulation, solve it with HiGHS, and evaluate what it found exactly.

    The dual bound of a restriction bounds its own solutions only, so it is not reported.
    """
    began = time.perf_counter()
    model = formulation.build(instance, objective)
    if start is not None:
        formulation.assign(model, start)
    built = time.perf_counter()
    rest = settings
    if settings.time_limit is not None:  # building has used some of it
        rest = replace(settings, time_limit=max(0.0, settings.time_limit - (built - began)))
    # The best of a restriction bounds nothing but the restriction.
    bounds = formulation.scope is not Scope.RESTRICTION
    outcome = highs.solve(
        model,
        rest,
        on_progress,
        start is not None,
        read=lambda: formulation.extract(model),
        witness=True,
        prove=bounds,
    )
    proven = outcome.proven if bounds and _as_good(outcome.proven, outcome.dual) else None
    result = conclude(
        problem,
        instance,
        objective,
        formulation.name,
        solution=formulation.extract(model) if outcome.has_solution else None,
        termination=outcome.termination,
        claimed_bound=outcome.dual if bounds else None,
        exact_bound=proven,
        basis=Basis.MULTIPLIERS,
        proven=None if outcome.proven is None or not bounds else Bound(outcome.proven, Basis.MULTIPLIERS),
        unit=Fraction(getattr(model, "objective_unit", 1)),
        disbelief="" if proven is not None else doubt(outcome.size),
        contradiction=outcome.disagreement,
        settings=settings,
        engine=outcome.engine,
        model=outcome.size,
        nodes=outcome.nodes,
        trace=outcome.trace,
        message=outcome.message,
    )
    if formulation.scope is Scope.RESTRICTION and result.status is Status.INFEASIBLE:
        result = replace(result, status=Status.UNKNOWN, message="no solution within the restriction")
    seconds = Seconds(built - began, outcome.compile_seconds, outcome.solve_seconds, time.perf_counter() - began)
    return replace(result, seconds=seconds)


def _as_good(proven: Fraction | None, claimed: float | None) -> bool:
    """Whether a proven bound is all but what the engine claims."""
    if proven is None or claimed is None:
        return False
    return abs(proven - Fraction(claimed)) <= PROVEN_LOSS * max(1, abs(claimed))


def relaxation_bound(
    problem: Problem[Any, Any], formulation: Formulation[Any, Any], instance: Instance, objective: str
) -> float | None:
    """Optimum of the LP relaxation of a formulation, as a float."""
    return highs.solve(formulation.build(instance, objective, relaxed=True), Settings()).dual
