"""HiGHS: arrays in, solution, both bounds and a trace out.

What this engine really does with gaps, callbacks, interrupts and quadratics, and why each option
below is set: ``docs/engines.md``.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.isolation import note_engine_threads
from fairbound.solvers.core.result import OnProgress, Progress, Settings, Termination
from fairbound.solvers.engines.base import Asked, Engine, EngineRefused, Floats, Program, Reader, Run, set_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "highs"
BELIED = 1e-6
"""Share of the objective's terms by which its value may differ from that of the point."""

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
_SOLUTION = highspy.cb.HighsCallbackType.kCallbackMipSolution


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


def pass_model(program: Program, settings: Settings) -> highspy.Highs:
    """A live ``Highs`` object that holds the model; algorithms change it and run it again.

    Raises
    ------
    EngineRefused
        If HiGHS does not take the model.
    """
    note_engine_threads(settings.threads)
    # The callbacks that carry bounds are silent without output, so output is on and goes nowhere.
    highs = new(**options(settings))
    status = highs.passModel(
        program.A.shape[1],
        program.A.shape[0],
        int(program.A.nnz),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize if program.maximize else highspy.ObjSense.kMinimize),
        program.offset,
        program.c,
        program.column_lower,
        program.column_upper,
        program.row_lower,
        program.row_upper,
        program.A.indptr.astype(np.int32),
        program.A.indices.astype(np.int32),
        program.A.data,
        program.integrality,
    )
    if status == highspy.HighsStatus.kOk and program.Q is not None:
        status = highs.passHessian(
            program.Q.shape[0],
            int(program.Q.nnz),
            int(highspy.HessianFormat.kTriangular),
            program.Q.indptr.astype(np.int32),
            program.Q.indices.astype(np.int32),
            program.Q.data,
        )
    if status == highspy.HighsStatus.kError:
        raise EngineRefused("HiGHS refused the model")
    return highs


def solve(
    program: Program,
    settings: Settings,
    start: Floats | None = None,
    on_progress: OnProgress | None = None,
    incumbent: Callable[[Floats], Any] | None = None,
    **chosen: Any,
) -> Run:
    """Run a program; ``incumbent`` makes of a better point the solution that its progress carries.

    ``start`` has shape (columns,), and so has what ``incumbent`` is given; ``chosen`` are options of the engine beside
    those of the settings.

    Raises
    ------
    EngineRefused
        For a program or an option that HiGHS does not take.
    """
    highs = pass_model(program, settings)

    def put(name: str, value: Any) -> None:
        text = isinstance(value, str) or highs.getOptionType(name)[1] == highspy.HighsOptionType.kString
        if highs.setOptionValue(name, str(value) if text else value) != highspy.HighsStatus.kOk:
            raise ValueError("unknown, or out of its range")

    set_options("HiGHS", chosen, settings, put, (ValueError, TypeError))
    if settings.log:
        highs.setOptionValue("log_file", settings.log)
    if start is not None:
        highs.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
    trace = run(highs, on_progress, incumbent=incumbent)
    termination = why_stopped(highs.getModelStatus())
    if highs.getModelStatus() == highspy.HighsModelStatus.kUnboundedOrInfeasible:
        # Presolve stops at the first of the two that it can tell; without it the answer is definite.
        highs.setOptionValue("presolve", "off")
        trace += run(highs, on_progress, incumbent=incumbent)
        termination = why_stopped(highs.getModelStatus())
    values, primal, dual, nodes = _read(highs, program, termination)
    if start is not None and values is not None and primal is not None and _belied(program, values, primal):
        # Presolve takes a column out at another value than it has in the start, and the search believes the objective
        # of what is left, though no point has it: the start is then given to the model as it is.
        highs.clearSolver()
        highs.setOptionValue("presolve", "off")
        highs.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
        trace = run(highs, on_progress, incumbent=incumbent)
        termination = why_stopped(highs.getModelStatus())
        values, primal, dual, nodes = _read(highs, program, termination)
    linear = not program.integrality.any() and program.Q is None and len(program.c) > 0
    return Run(
        termination,
        values,
        primal,
        dual,
        nodes,
        "" if termination is not Termination.ENGINE_ERROR else str(highs.getModelStatus()),
        version(),
        tuple(trace),
        np.asarray(highs.getSolution().row_dual, dtype=float) if linear else None,
    )


def _belied(program: Program, values: Floats, primal: float) -> bool:
    """Whether an engine's objective value is not that of its own point."""
    if program.Q is not None:
        return False
    terms = program.c * values
    return bool(abs(terms.sum() + program.offset - primal) > BELIED * (1 + np.abs(terms).sum()))


def _read(
    highs: highspy.Highs, program: Program, termination: Termination
) -> tuple[Floats | None, float | None, float | None, int]:
    """Column values, the engine's two bounds and the number of nodes."""
    info = highs.getInfo()
    feasible = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    if not len(program.c):
        # Of a model without columns the engine tells no value: it is the constant, if the rows allow it.
        value = program.offset if termination is Termination.FINISHED else None
        return (None if value is None else np.zeros(0)), value, value, 0
    values = np.asarray(highs.getSolution().col_value, dtype=float) if feasible else None
    primal = float(info.objective_function_value) if feasible else None
    if program.integrality.any():
        dual = float(info.mip_dual_bound)
        return values, primal, dual if abs(dual) < highspy.kHighsInf else None, max(0, int(info.mip_node_count))
    # A linear or convex quadratic programme has a dual bound only once it is solved.
    return values, primal, primal if termination is Termination.FINISHED else None, 0


def run(
    highs: highspy.Highs,
    on_progress: OnProgress | None = None,
    on_solution: Callable[[Floats], None] | None = None,
    incumbent: Callable[[Floats], Any] | None = None,
) -> list[Progress]:
    """Run a live model; Ctrl-C stops it and keeps incumbent and bound. Returns the trace.

    ``on_solution`` is given the column values of every feasible solution that the search meets. ``incumbent`` makes
    a solution of the problem from the column values of a better one, which progress then carries (``Reader``).
    """
    trace: list[Progress] = []
    began = time.perf_counter()
    reader = Reader(incumbent)

    with interruptible() as stop:

        def callback(kind: Any, _message: str, data: Any, answer: Any, _: Any) -> None:
            if kind in _CALLBACKS[:2]:
                primal, dual = float(data.mip_primal_bound), float(data.mip_dual_bound)
                moment = Progress(
                    time.perf_counter() - began,
                    primal if abs(primal) < highspy.kHighsInf else None,
                    dual if abs(dual) < highspy.kHighsInf else None,
                    int(data.mip_node_count),
                )
                trace.append(moment)
                if on_progress is not None:
                    if incumbent is not None and kind == _CALLBACKS[1]:
                        point = np.array(data.mip_solution, dtype=float)
                        reader.better = lambda: point
                    on_progress(reader.carry(moment))
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


def _variant(name: str, summary: str, **chosen: Any) -> Engine:
    def answer(program: Program, asked: Asked) -> Run:
        def heard(moment: Progress) -> None:
            asked.tell(moment.primal, moment.dual, moment.nodes, moment.solution)

        return solve(program, asked.settings, asked.start, heard, incumbent=lambda point: point, **chosen)

    return Engine(
        name,
        summary,
        "highspy",
        "pip install highspy",
        answer,
        refuses=lambda _program: None,
        options=lambda settings: {**options(settings), **chosen, **dict(settings.engine_options)},
        own_process=name != NAME,
    )


ENGINES = (
    _variant(NAME, "HiGHS: branch and cut, and the one engine in fairbound's own process"),
    _variant("highs-nopresolve", "HiGHS without presolve, where wrong answers came from", presolve="off"),
    _variant("highs-ipm", "HiGHS with interior points for its linear programs", solver="ipm", mip_lp_solver="ipm"),
)
