"""A formulation as a method: build, hand to HiGHS, read what it found."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from typing import Any

from fairbound.models.core.problem import Formulation, Instance, Scope
from fairbound.solvers.core.answer import Answer, doubt
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import OnProgress, Seconds, Settings, Termination
from fairbound.solvers.engines import highs

PROVEN_LOSS = Fraction(1, 10**6)
"""A proven bound is reported in place of a claim if it loses no more than this share to rounding."""


def answer_formulation(
    formulation: Formulation[Any, Any],
    instance: Instance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Any = None,
) -> Answer:
    """Build a formulation, solve it with HiGHS, and read what it found.

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
    # The best of a restriction bounds nothing but the restriction, and where it has none the question may have one.
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
    proven = None if outcome.proven is None or not bounds else Bound(outcome.proven, Basis.MULTIPLIERS)
    as_good = proven is not None and _as_good(proven.value, outcome.dual)
    disbelief = "" if as_good else doubt(outcome.size)
    if outcome.termination is Termination.INFEASIBLE and not bounds:
        disbelief = "no solution within the restriction"
    return Answer(
        method=formulation.name,
        termination=outcome.termination,
        solution=formulation.extract(model) if outcome.has_solution else None,
        claim=outcome.dual if bounds and not as_good else None,
        proven=proven,
        unit=Fraction(getattr(model, "objective_unit", 1)),
        disbelief=disbelief,
        contradiction=outcome.disagreement,
        engine=outcome.engine,
        model=outcome.size,
        nodes=outcome.nodes,
        trace=outcome.trace,
        message=outcome.message,
        seconds=Seconds(built - began, outcome.compile_seconds, outcome.solve_seconds),
    )


def _as_good(proven: Fraction, claimed: float | None) -> bool:
    """Whether a proven bound is all but what the engine claims."""
    if claimed is None:
        return False
    return abs(proven - Fraction(claimed)) <= PROVEN_LOSS * max(1, abs(claimed))


def relaxation_bound(formulation: Formulation[Any, Any], instance: Instance, objective: str) -> float | None:
    """Optimum of the LP relaxation of a formulation, as a float."""
    return highs.solve(formulation.build(instance, objective, relaxed=True), Settings()).dual
