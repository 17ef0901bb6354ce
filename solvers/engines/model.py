"""A Pyomo model on an engine: compiled once, run, values back in its variables, and a bound that rows prove."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.core.errors import TriviallyInfeasibleError
from fairbound.solvers.core.result import (
    BELIEVED_RANGE,
    EngineInfo,
    ModelSize,
    OnProgress,
    Progress,
    Settings,
    Termination,
)
from fairbound.solvers.engines import highs, process
from fairbound.solvers.engines.base import Engine, EngineRefused, Floats, Program, Reader, Run
from fairbound.solvers.engines.registry import DEFAULT, find_engine
from fairbound.solvers.engines.standard_form import StandardForm, compile_model
from fairbound.solvers.proofs.safe_bounds import matrix_bound

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyomo.core as pyo

WITNESS_SECONDS = 1.0
LEAST_ROOT_SECONDS, ROOT_SHARE = 1.0, 0.25
"""For a proven bound the relaxation gets as long as the search, and at least so long; of a time limit, this share."""


@dataclass(frozen=True)
class Outcome:
    """What the engine claims. Values are in the Pyomo variables if ``has_solution``.

    Attributes
    ----------
    primal, dual
        The engine's floats, for progress and traces only.
    proven
        A bound that row multipliers prove (``proofs.safe_bounds``): of a solved linear program, or of the relaxation
        of an integer one.
    disagreement
        What a second run without presolve found instead; empty where it agrees or was not made.
    """

    termination: Termination
    has_solution: bool
    primal: float | None
    dual: float | None
    nodes: int
    size: ModelSize
    compile_seconds: float
    solve_seconds: float
    trace: tuple[Progress, ...]
    engine: EngineInfo
    message: str = ""
    proven: Fraction | None = None
    disagreement: str = ""


def solve(
    model: pyo.ConcreteModel,
    settings: Settings,
    on_progress: OnProgress | None = None,
    warm_start: bool = False,
    read: Callable[[], Any] | None = None,
    witness: bool = False,
    prove: bool = False,
    engine: str = DEFAULT,
) -> Outcome:
    """Compile and run a Pyomo model; values come back in its variables.

    Engines work to an absolute accuracy, so a model whose values are small states its objective in a
    smaller unit and says so: ``model.objective_unit`` is the value of one unit of its objective.

    Parameters
    ----------
    warm_start
        Take the variables' present values as a MIP start.
    read
        Reads a solution from the variables' values; incumbents then travel with their progress.
    witness
        Run an integer program again without presolve where it took less than ``WITNESS_SECONDS``, or where its
        coefficients lie too far apart to be believed. HiGHS alone is asked twice.
    prove
        Solve the relaxation of an integer program too, for the bound that its row multipliers prove; HiGHS does that,
        whatever the engine.

    Raises
    ------
    UnsupportedModelError
        For a model that no engine must see; nothing has been run then.
    EngineRefused
        For a model or an option that this engine does not take.
    """
    chosen = find_engine(engine)
    began = time.perf_counter()
    try:
        form = compile_model(model)
    except TriviallyInfeasibleError as error:
        seconds = time.perf_counter() - began
        info, empty = EngineInfo(engine, "", chosen.options(settings)), ModelSize(0, 0, 0, 0)
        return Outcome(Termination.INFEASIBLE, False, None, None, 0, empty, seconds, 0.0, (), info, str(error))
    reason = chosen.refuses(form)
    if reason is not None:
        raise EngineRefused(f"engine {engine} refuses the model: {reason}")
    start = form.start() if warm_start else None
    compiled = time.perf_counter()
    rest = settings
    if settings.time_limit is not None:  # compiling has used some of it
        rest = replace(settings, time_limit=max(0.0, settings.time_limit - (compiled - began)))
    exact_unit = Fraction(getattr(model, "objective_unit", 1))
    unit = float(exact_unit)

    def scaled(moment: Progress) -> Progress:
        primal, dual = (None if value is None else value * unit for value in (moment.primal, moment.dual))
        return replace(moment, primal=primal, dual=dual)

    def incumbent(values: Floats) -> Any:
        assert read is not None
        form.load(values)
        return read()

    integer = prove and form.integrality.any() and form.Q is None
    root: float | None = None
    if integer and settings.time_limit is not None and rest.time_limit is not None:
        # Before the search: where the limit ends that, the time for a proof is over too.
        root = _proven_root(form, settings, ROOT_SHARE * rest.time_limit)
        rest = replace(rest, time_limit=max(0.0, settings.time_limit - (time.perf_counter() - began)))
    searching = time.perf_counter()
    ran = _run(chosen, form, rest, start, on_progress, scaled, None if read is None else incumbent)
    seconds = time.perf_counter() - searching
    termination, primal, dual = ran.termination, ran.primal, ran.dual
    if termination is Termination.FINISHED and settings.gap > 0 and primal is not None and dual is not None:
        closed = abs(dual - primal) <= 1e-9 * max(1.0, abs(primal))
        termination = Termination.FINISHED if closed else Termination.GAP_LIMIT
    if ran.values is not None:
        form.load(ran.values)
    proven = proven_bound(form, ran.row_dual) if termination is Termination.FINISHED else None
    if integer:
        unlimited = settings.time_limit is None
        proven = _proven_root(form, settings, max(LEAST_ROOT_SECONDS, seconds)) if unlimited else root
    disagreement = ""
    size = form.size
    twice = witness and engine == DEFAULT and form.integrality.any()
    if twice and (seconds < WITNESS_SECONDS or size.row_range > BELIEVED_RANGE):
        limit = replace(settings, time_limit=max(WITNESS_SECONDS, seconds))
        disagreement = _second_opinion(form, limit, termination, primal, exact_unit)
    return Outcome(
        termination=termination,
        has_solution=ran.values is not None,
        primal=None if primal is None else primal * unit,
        dual=None if dual is None else dual * unit,
        nodes=ran.nodes,
        size=size,
        compile_seconds=compiled - began,
        solve_seconds=time.perf_counter() - compiled,
        trace=tuple(scaled(moment) for moment in ran.trace),
        engine=EngineInfo(engine, ran.version, chosen.options(settings)),
        message=ran.message,
        proven=None if proven is None else Fraction(proven) * exact_unit,
        disagreement=disagreement,
    )


def _run(
    engine: Engine,
    form: StandardForm,
    settings: Settings,
    start: Floats | None,
    on_progress: OnProgress | None,
    scaled: Callable[[Progress], Progress],
    incumbent: Callable[[Floats], Any] | None,
) -> Run:
    """The engine in this process or in one of its own, with progress in the units of the question."""
    if not engine.own_process:
        heard = None if on_progress is None else (lambda moment: on_progress(scaled(moment)))
        return highs.solve(form, settings, start, heard, incumbent)
    reader = Reader(incumbent)

    def told(moment: Progress, point: Callable[[], Floats] | None) -> None:
        if on_progress is not None:
            if point is not None:
                reader.better = point
            on_progress(scaled(reader.carry(moment)))

    return process.run(engine.name, form, settings, start, told)


def proven_bound(program: Program, row_dual: Floats | None) -> float | None:
    """A bound of a linear program from its row multipliers, rounded outward; ``None`` where they prove none."""
    if row_dual is None:
        return None
    sign = -1.0 if program.maximize else 1.0
    sides = (program.row_lower, program.row_upper)
    bound = matrix_bound(
        sign * program.c, program.column_lower, program.column_upper, program.A, *sides, sign * row_dual
    )
    if not np.isfinite(bound):
        return None
    # The offset is data rounded once, and the sum is rounded once more.
    return sign * (bound + sign * program.offset - 2.0**-50 * (abs(program.offset) + abs(bound)))


def _proven_root(form: StandardForm, settings: Settings, limit: float) -> float | None:
    """The bound that the relaxation proves within so many seconds."""
    relaxed = replace(form, integrality=np.zeros(len(form.columns), dtype=np.int32))
    ran = highs.solve(relaxed, replace(settings, time_limit=limit, engine_options=(), log=""))
    return proven_bound(relaxed, ran.row_dual) if ran.termination is Termination.FINISHED else None


def _second_opinion(
    form: StandardForm, settings: Settings, termination: Termination, primal: float | None, unit: Fraction
) -> str:
    """What the engine says of the model without presolve, where that is something else; else nothing."""
    if termination not in (Termination.FINISHED, Termination.INFEASIBLE):
        return ""
    second = highs.solve(form, replace(settings, log=""), presolve="off")
    if second.termination not in (Termination.FINISHED, Termination.INFEASIBLE):
        return ""
    if second.termination is not termination:
        return f"with presolve the engine says {termination.value}, without it {second.termination.value}"
    if second.termination is Termination.INFEASIBLE or primal is None or second.primal is None:
        return ""
    # Integers are whole to 1e-6 only: plans that are the same differ by that much of the value.
    if abs(second.primal - primal) <= (1e-6 + settings.gap) * max(1.0, abs(primal)):
        return ""
    first, other = (value * float(unit) for value in (primal, second.primal))
    return f"with presolve the engine finds {first:.12g} to be the best value, without it {other:.12g}"
