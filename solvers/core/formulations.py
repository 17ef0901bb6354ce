"""A formulation as a method: build, hand to an engine, read what it found."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.models.core.arrays import collector_paused
from fairbound.models.core.errors import UnsupportedModelError
from fairbound.models.core.problem import Formulation, Instance, Scope
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.answer import Answer, doubt
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import EngineInfo, OnProgress, Progress, Seconds, Settings, Termination
from fairbound.solvers.engines import model
from fairbound.solvers.engines.base import EngineRefused
from fairbound.solvers.engines.registry import DEFAULT, find_engine

if TYPE_CHECKING:
    from fairbound.solvers.engines.base import Engine
    from pyomo.core import ConcreteModel

AT = "@"
"""Between a formulation and its engine in the name of a method."""
PROVEN_LOSS = Fraction(1, 10**6)
"""A proven bound is reported in place of a claim if it loses no more than this share to rounding."""


def answer_formulation(
    formulation: Formulation[Any, Any],
    instance: Instance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Any = None,
    engine: str = DEFAULT,
) -> Answer:
    """Build a formulation, solve it with an engine, and read what it found.

    The dual bound of a restriction bounds its own solutions only, so it is not reported.

    Raises
    ------
    EngineRefused
        If the engine does not take the model, or an option.
    """
    began = time.perf_counter()
    first = None if settings.time_limit is None else _first(formulation, instance, objective, on_progress)
    with collector_paused():
        built_model = formulation.build(instance, objective)
        if start is not None:
            formulation.assign(built_model, start)
    built = time.perf_counter()
    rest = settings
    if settings.time_limit is not None:  # building has used some of it
        rest = replace(settings, time_limit=max(0.0, settings.time_limit - (built - began)))
    if formulation.beyond:
        return _answer_nonlinear(formulation, engine, built_model, rest, built - began)
    # The best of a restriction bounds nothing but the restriction, and where it has none the question may have one.
    bounds = formulation.scope is not Scope.RESTRICTION
    best = formulation.best(instance, objective)
    outcome = model.solve(
        built_model,
        rest,
        on_progress,
        start is not None,
        read=lambda: formulation.extract(built_model),
        witness=best is None,
        prove=bounds and (best is None or settings.prove > 0),
        engine=engine,
    )
    proven = None if outcome.proven is None or not bounds else Bound(outcome.proven, Basis.MULTIPLIERS)
    solution = formulation.extract(built_model) if outcome.has_solution else None
    if outcome.termination in (Termination.TIME_LIMIT, Termination.INTERRUPTED) and solution is None:
        solution = first
    contradiction = outcome.disagreement
    if best is not None and solution is not None and outcome.termination is Termination.FINISHED:
        value = find_problem(instance.problem).evaluate(instance, solution).values[objective]
        if value != best and settings.gap == 0:
            contradiction = f"the engine finds {value} to be the best value, exact arithmetic {best}"
        if settings.prove <= 0:  # else a certificate is to follow, which proves more
            proven = Bound(best, Basis.THEOREM, f"{formulation.name} in exact arithmetic")
    as_good = proven is not None and _as_good(proven.value, outcome.dual)
    disbelief = "" if as_good else doubt(outcome.size)
    if outcome.termination is Termination.INFEASIBLE and not bounds:
        disbelief = "no solution within the restriction"
    return Answer(
        method=method_name(formulation, engine),
        termination=outcome.termination,
        solution=solution,
        claim=outcome.dual if bounds and not as_good else None,
        proven=proven,
        unit=Fraction(getattr(built_model, "objective_unit", 1)),
        disbelief=disbelief,
        contradiction=contradiction,
        engine=outcome.engine,
        model=outcome.size,
        nodes=outcome.nodes,
        trace=outcome.trace,
        message=outcome.message,
        seconds=Seconds(built - began, outcome.compile_seconds, outcome.solve_seconds),
    )


def _first(
    formulation: Formulation[Any, Any], instance: Instance, objective: str, on_progress: OnProgress | None
) -> Any:
    """The plan that is there at once, and told, in case a limit ends the engine before it has one; or ``None``."""
    plan = formulation.first(instance, objective)
    if plan is None:
        return None
    evaluation = find_problem(instance.problem).evaluate(instance, plan)
    if not evaluation.feasible:
        return None
    if on_progress is not None:
        on_progress(Progress(0.0, float(evaluation.values[objective]), None, solution=plan))
    return plan


def _answer_nonlinear(
    formulation: Formulation[Any, Any], name: str, built_model: ConcreteModel, settings: Settings, seconds: float
) -> Answer:
    """A model that is no linear program, on an engine that takes such; its bound is a claim, a local one has none."""
    engine = find_engine(name)
    assert engine.nonlinear is not None
    began = time.perf_counter()
    try:
        found = engine.nonlinear(built_model, settings)
    except UnsupportedModelError as error:
        raise EngineRefused(f"engine {name} refuses the model: {error}") from None
    return Answer(
        found.termination,
        formulation.extract(built_model) if found.has_solution else None,
        claim=found.dual if formulation.scope is not Scope.RESTRICTION else None,
        method=method_name(formulation, name),
        message=found.message,
        engine=EngineInfo(name, found.version, engine.options(settings)),
        nodes=None if engine.local else found.nodes,
        seconds=Seconds(seconds, 0.0, time.perf_counter() - began),
    )


def method_name(formulation: Formulation[Any, Any], engine: str) -> str:
    """``flow`` on the default engine, ``flow@scip`` on another."""
    return formulation.name if engine == DEFAULT else f"{formulation.name}{AT}{engine}"


def split_name(method: str) -> tuple[str, str]:
    """Formulation and engine of a method: ``("membership", "scip")`` of ``membership@scip``; "" if it names none."""
    formulation, _, engine = method.partition(AT)
    return formulation, engine


def engine_refuses(formulation: Formulation[Any, Any], engine: Engine) -> str | None:
    """Why a formulation cannot be given to an engine at all, or ``None``."""
    if formulation.beyond and engine.nonlinear is None:
        return formulation.beyond
    if engine.local and not formulation.beyond:
        return f"engine {engine.name} is asked for nonlinear models alone"
    return engine.missing()


def _as_good(proven: Fraction, claimed: float | None) -> bool:
    """Whether a proven bound is all but what the engine claims."""
    if claimed is None:
        return False
    return abs(proven - Fraction(claimed)) <= PROVEN_LOSS * max(1, abs(claimed))


def relaxation_bound(formulation: Formulation[Any, Any], instance: Instance, objective: str) -> float | None:
    """Optimum of the LP relaxation of a formulation, as a float."""
    return model.solve(formulation.build(instance, objective, relaxed=True), Settings()).dual
