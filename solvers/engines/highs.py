"""HiGHS: arrays in, solution, both bounds and a trace out.

What this engine really does with gaps, callbacks, interrupts and quadratics, and why each option
below is set: ``docs/engines.md``.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.isolation import note_engine_threads
from fairbound.solvers.core.result import (
    BELIEVED_RANGE,
    EngineInfo,
    ModelSize,
    OnProgress,
    Progress,
    Settings,
    Termination,
)
from fairbound.solvers.engines.standard_form import (
    Floats,
    StandardForm,
    TriviallyInfeasibleError,
    UnsupportedModelError,
    compile_model,
)
from fairbound.solvers.proofs.safe_bounds import matrix_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyomo.environ as pyo

NAME = "highs"

_TERMINATION = {
    highspy.HighsModelStatus.kOptimal: Termination.FINISHED,
    highspy.HighsModelStatus.kModelEmpty: Termination.FINISHED,
    highspy.HighsModelStatus.kInfeasible: Termination.INFEASIBLE,
    highspy.HighsModelStatus.kUnbounded: Termination.UNBOUNDED,
    highspy.HighsModelStatus.kTimeLimit: Termination.TIME_LIMIT,
    highspy.HighsModelStatus.kInterrupt: Termination.INTERRUPTED,
}

_CALLBACKS = (
    highspy.cb.HighsCallbackType.kCallbackMipLogging,
    highspy.cb.HighsCallbackType.kCallbackMipImprovingSolution,
    highspy.cb.HighsCallbackType.kCallbackMipInterrupt,
    highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt,
    highspy.cb.HighsCallbackType.kCallbackIpmInterrupt,
)
WITNESS_SECONDS = 1.0
LEAST_ROOT_SECONDS = 1.0
"""The relaxation of an integer program gets at least so long for a proven bound."""
READING_START, READING_SHARE = 0.1, 0.05
"""Incumbents are read for at most so many seconds, plus this share of the run."""
_SOLUTION = highspy.cb.HighsCallbackType.kCallbackMipSolution


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


@cache
def version() -> str:
    """Version of the HiGHS library."""
    return str(new().version())


def new(**chosen: Any) -> highspy.Highs:
    """A silent ``Highs`` object with these options.

    From 1.16 on the library greets on the file descriptor of standard output before any option can forbid it.
    The greeting goes nowhere, so that a program's output holds what the program says and nothing else.
    """
    with _MUTE, _nowhere(1):
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in {"log_to_console": False, **chosen}.items():
        highs.setOptionValue(name, value)
    return highs


_MUTE = threading.Lock()


@contextmanager
def _nowhere(descriptor: int) -> Iterator[None]:
    """While inside, what is written to a file descriptor is lost; one that is closed stays so."""
    try:
        kept = os.dup(descriptor)
    except OSError:
        yield
        return
    hole = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(hole, descriptor)
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(hole)
        os.close(kept)


def execute(highs: highspy.Highs) -> None:
    """Run a live model.

    The library's scheduler keeps the thread count of the first run in the process, whoever made it. A run that asks
    for another count ends at once with nothing set; the scheduler is started anew then, and the run repeated.
    """
    highs.run()
    if highs.getModelStatus() == highspy.HighsModelStatus.kNotset:
        highspy.Highs.resetGlobalScheduler(True)
        highs.run()


def why_stopped(status: Any) -> Termination:
    """Why a run stopped, from the engine's model status."""
    return _TERMINATION.get(status, Termination.ENGINE_ERROR)


def options(settings: Settings) -> dict[str, Any]:
    """The HiGHS options that a setting stands for."""
    chosen: dict[str, Any] = {
        # Both gaps must be named: the relative one defaults to 1e-4 and calls that optimal.
        "mip_rel_gap": settings.gap,
        "mip_abs_gap": 0.0,
        "threads": settings.threads,
        "random_seed": settings.seed,
    }
    if settings.time_limit is not None:
        chosen["time_limit"] = settings.time_limit
    return chosen


def pass_model(form: StandardForm, settings: Settings) -> highspy.Highs:
    """A live ``Highs`` object that holds the model; algorithms change it and run it again.

    Raises
    ------
    UnsupportedModelError
        If HiGHS does not take the model.
    """
    note_engine_threads(settings.threads)
    # The callbacks that carry bounds are silent without output, so output is on and goes nowhere.
    highs = new(**options(settings))
    status = highs.passModel(
        len(form.columns),
        len(form.rows),
        int(form.A.nnz),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize if form.maximize else highspy.ObjSense.kMinimize),
        form.offset,
        form.c,
        form.column_lower,
        form.column_upper,
        form.row_lower,
        form.row_upper,
        form.A.indptr.astype(np.int32),
        form.A.indices.astype(np.int32),
        form.A.data,
        form.integrality,
    )
    if status == highspy.HighsStatus.kOk and form.Q is not None:
        status = highs.passHessian(
            form.Q.shape[0],
            int(form.Q.nnz),
            int(highspy.HessianFormat.kTriangular),
            form.Q.indptr.astype(np.int32),
            form.Q.indices.astype(np.int32),
            form.Q.data,
        )
    if status == highspy.HighsStatus.kError:
        raise UnsupportedModelError("HiGHS refused the model")
    return highs


def solve(
    model: pyo.ConcreteModel,
    settings: Settings,
    on_progress: OnProgress | None = None,
    warm_start: bool = False,
    read: Callable[[], Any] | None = None,
    witness: bool = False,
    prove: bool = False,
) -> Outcome:
    """Compile, pass and run a Pyomo model; values come back in its variables.

    HiGHS works to an absolute accuracy, so a model whose values are small states its objective in a
    smaller unit and says so: ``model.objective_unit`` is the value of one unit of its objective.

    Parameters
    ----------
    warm_start
        Take the variables' present values as a MIP start.
    read
        Reads a solution from the variables' values; incumbents then travel with their progress.
    witness
        Run an integer program again without presolve where it took less than ``WITNESS_SECONDS``, or where its
        coefficients lie too far apart to be believed.
    prove
        Solve the relaxation of an integer program too, for the bound that its row multipliers prove.

    Raises
    ------
    UnsupportedModelError
        For a model that HiGHS must not see; nothing has been run then.
    """
    info = EngineInfo(NAME, version(), options(settings))
    began = time.perf_counter()
    try:
        form = compile_model(model)
    except TriviallyInfeasibleError as error:
        seconds = time.perf_counter() - began
        empty = ModelSize(0, 0, 0, 0)
        return Outcome(Termination.INFEASIBLE, False, None, None, 0, empty, seconds, 0.0, (), info, str(error))
    start = form.start() if warm_start else None
    highs = pass_model(form, settings)
    compiled = time.perf_counter()
    if settings.time_limit is not None:  # compiling has used some of it
        highs.setOptionValue("time_limit", max(0.0, settings.time_limit - (compiled - began)))
    if start is not None:
        highs.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
    exact_unit = Fraction(getattr(model, "objective_unit", 1))
    unit = float(exact_unit)

    def incumbent(values: Floats) -> Any:
        assert read is not None
        form.load(values)
        return read()

    reading = None if read is None else incumbent
    trace = run(highs, on_progress, unit, incumbent=reading)
    seconds = time.perf_counter() - compiled

    termination = why_stopped(highs.getModelStatus())
    if highs.getModelStatus() == highspy.HighsModelStatus.kUnboundedOrInfeasible:
        # Presolve stops at the first of the two that it can tell; without it the answer is definite.
        highs.setOptionValue("presolve", "off")
        trace += run(highs, on_progress, unit, incumbent=reading)
        termination = why_stopped(highs.getModelStatus())
    values, primal, dual, nodes = _read(highs, form, termination)
    if termination is Termination.FINISHED and settings.gap > 0 and primal is not None and dual is not None:
        closed = abs(dual - primal) <= 1e-9 * max(1.0, abs(primal))
        termination = Termination.FINISHED if closed else Termination.GAP_LIMIT
    if values is not None:
        form.load(values)
    proven = _proven(highs, form) if termination is Termination.FINISHED else None
    if prove and form.integrality.any() and form.Q is None:
        left = None if settings.time_limit is None else settings.time_limit - (time.perf_counter() - began)
        proven = _proven_root(form, settings, seconds, left)
    disagreement = ""
    size = form.size
    if witness and form.integrality.any() and (seconds < WITNESS_SECONDS or size.row_range > BELIEVED_RANGE):
        limit = replace(settings, time_limit=max(WITNESS_SECONDS, seconds))
        disagreement = _second_opinion(form, limit, termination, primal, exact_unit)
    return Outcome(
        termination=termination,
        has_solution=values is not None,
        primal=None if primal is None else primal * unit,
        dual=None if dual is None else dual * unit,
        nodes=nodes,
        size=size,
        compile_seconds=compiled - began,
        solve_seconds=seconds,
        trace=tuple(trace),
        engine=info,
        message="" if termination is not Termination.ENGINE_ERROR else str(highs.getModelStatus()),
        proven=None if proven is None else Fraction(proven) * exact_unit,
        disagreement=disagreement,
    )


def _proven(highs: highspy.Highs, form: StandardForm) -> float | None:
    """A bound of a linear program from its row multipliers, rounded outward; ``None`` where they prove none."""
    if form.integrality.any() or form.Q is not None or not len(form.columns):
        return None
    sign = -1.0 if form.maximize else 1.0
    y = sign * np.asarray(highs.getSolution().row_dual, dtype=float)
    bound = matrix_bound(sign * form.c, form.column_lower, form.column_upper, form.A, form.row_lower, form.row_upper, y)
    if not np.isfinite(bound):
        return None
    # The offset is data rounded once, and the sum is rounded once more.
    return sign * (bound + sign * form.offset - 2.0**-50 * (abs(form.offset) + abs(bound)))


def _proven_root(form: StandardForm, settings: Settings, seconds: float, left: float | None) -> float | None:
    """The bound that the relaxation proves, in about the time of the program itself, and no more than is left."""
    limit = max(LEAST_ROOT_SECONDS, seconds)
    if left is not None:
        limit = min(limit, left)
    if limit <= 0:
        return None
    relaxed = replace(form, integrality=np.zeros(len(form.columns), dtype=np.int32))
    highs = pass_model(relaxed, replace(settings, time_limit=limit))
    run(highs)
    return _proven(highs, relaxed) if highs.getModelStatus() == highspy.HighsModelStatus.kOptimal else None


def _second_opinion(
    form: StandardForm, settings: Settings, termination: Termination, primal: float | None, unit: Fraction
) -> str:
    """What the engine says of the model without presolve, where that is something else; else nothing."""
    if termination not in (Termination.FINISHED, Termination.INFEASIBLE):
        return ""
    highs = pass_model(form, settings)
    highs.setOptionValue("presolve", "off")
    run(highs)
    second = why_stopped(highs.getModelStatus())
    if second not in (Termination.FINISHED, Termination.INFEASIBLE):
        return ""
    if second is not termination:
        return f"with presolve the engine says {termination.value}, without it {second.value}"
    if second is Termination.INFEASIBLE or primal is None:
        return ""
    other = float(highs.getInfo().objective_function_value)
    # Integers are whole to 1e-6 only: plans that are the same differ by that much of the value.
    if abs(other - primal) <= (1e-6 + settings.gap) * max(1.0, abs(primal)):
        return ""
    first, other = (value * float(unit) for value in (primal, other))
    return f"with presolve the engine finds {first:.12g} to be the best value, without it {other:.12g}"


def _read(
    highs: highspy.Highs, form: StandardForm, termination: Termination
) -> tuple[Floats | None, float | None, float | None, int]:
    """Column values, the engine's two bounds and the number of nodes."""
    info = highs.getInfo()
    feasible = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    if not len(form.columns):
        # Of a model without columns the engine tells no value: it is the constant, if the rows allow it.
        value = form.offset if termination is Termination.FINISHED else None
        return (None if value is None else np.zeros(0)), value, value, 0
    values = np.asarray(highs.getSolution().col_value, dtype=float) if feasible else None
    primal = float(info.objective_function_value) if feasible else None
    if form.integrality.any():
        dual = float(info.mip_dual_bound)
        return values, primal, dual if abs(dual) < highspy.kHighsInf else None, max(0, int(info.mip_node_count))
    # A linear or convex quadratic programme has a dual bound only once it is solved.
    return values, primal, primal if termination is Termination.FINISHED else None, 0


def run(
    highs: highspy.Highs,
    on_progress: OnProgress | None = None,
    unit: float = 1.0,
    on_solution: Callable[[Floats], None] | None = None,
    incumbent: Callable[[Floats], Any] | None = None,
) -> list[Progress]:
    """Run a live model; Ctrl-C stops it and keeps incumbent and bound. Returns the trace.

    ``unit`` is the value of one unit of the model's objective; ``on_solution`` is given the column
    values of every feasible solution that the search meets. ``incumbent`` makes a solution of the
    problem from the column values of a better one, which progress then carries; it may take a
    twentieth of the time, and what is skipped for that is made later.
    """
    trace: list[Progress] = []
    began = time.perf_counter()
    better: Floats | None = None
    reading = 0.0

    def carry(moment: Progress) -> Progress:
        """The moment with the newest incumbent, if there is one and time for it."""
        nonlocal better, reading
        if incumbent is None or better is None or reading > READING_START + READING_SHARE * moment.seconds:
            return moment
        started = time.perf_counter()
        solution, better = incumbent(better), None
        reading += time.perf_counter() - started
        return replace(moment, solution=solution)

    with interruptible() as stop:

        def callback(kind: Any, _message: str, data: Any, answer: Any, _: Any) -> None:
            nonlocal better
            if kind in _CALLBACKS[:2]:
                primal, dual = float(data.mip_primal_bound), float(data.mip_dual_bound)
                moment = Progress(
                    time.perf_counter() - began,
                    primal * unit if abs(primal) < highspy.kHighsInf else None,
                    dual * unit if abs(dual) < highspy.kHighsInf else None,
                    int(data.mip_node_count),
                )
                trace.append(moment)
                if on_progress is not None:
                    if incumbent is not None and kind == _CALLBACKS[1]:
                        better = np.array(data.mip_solution, dtype=float)
                    on_progress(carry(moment))
            elif kind == _SOLUTION and on_solution is not None:
                on_solution(np.array(data.mip_solution, dtype=float))
            elif answer is not None and stop.is_set():
                answer.user_interrupt = True

        highs.setCallback(callback, None)
        kinds = _CALLBACKS if on_solution is None else (*_CALLBACKS, _SOLUTION)
        for kind in kinds:
            highs.startCallback(kind)
        execute(highs)
        for kind in kinds:
            highs.stopCallback(kind)
    return trace
