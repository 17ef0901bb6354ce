"""CPLEX through its PyPI wheel, with the licence of the machine; the community one takes 1,000 columns and rows."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from fairbound.solvers.core.result import Termination
from fairbound.solvers.engines import mps
from fairbound.solvers.engines.base import Asked, Engine, EngineRefused, Program, Run, made, set_options

INFINITE = 1e19
AMBIGUOUS = (4, 119)
"""Infeasible or unbounded, of a linear program and of one with whole columns."""


def run(program: Program, asked: Asked) -> Run:
    """CPLEX with its defaults, gaps of zero unless asked for others; options are paths, as ``mip.strategy.search``."""
    import cplex

    settings = asked.settings
    problem = cplex.Cplex()
    for stream in (problem.set_results_stream, problem.set_log_stream, problem.set_warning_stream):
        stream(sys.stdout if asked.log() else None)
    problem.set_error_stream(None)
    usual: dict[str, Any] = {
        "mip.tolerances.mipgap": settings.gap,
        "mip.tolerances.absmipgap": 0.0,
        "threads": settings.threads,
        "randomseed": settings.seed,
    }
    if settings.time_limit is not None:
        usual["timelimit"] = settings.time_limit

    def put(name: str, value: Any) -> None:
        parameter = problem.parameters
        for part in name.split("."):
            parameter = getattr(parameter, part)
        parameter.set(value)

    set_options("CPLEX", usual, settings, put, (cplex.exceptions.CplexError, AttributeError, TypeError, ValueError))
    try:
        with mps.written(program) as path:
            problem.read(path)
        if asked.start is not None:
            places = list(range(len(program.c)))
            effort = problem.MIP_starts.effort_level.auto
            problem.MIP_starts.add(cplex.SparsePair(places, asked.start.tolist()), effort)
        problem.solve()
        if problem.solution.get_status() in AMBIGUOUS:  # presolve stops at the first of the two that it can tell
            problem.parameters.preprocessing.presolve.set(0)
            problem.solve()
    except cplex.exceptions.CplexError as error:
        raise EngineRefused(f"CPLEX refuses: {error}") from None
    solution, status = problem.solution, problem.solution.status
    whole = bool(program.integrality.any())
    ends = {
        status.optimal: Termination.FINISHED,
        status.MIP_optimal: Termination.FINISHED,
        status.optimal_tolerance: Termination.FINISHED if settings.gap == 0 else Termination.GAP_LIMIT,
        status.infeasible: Termination.INFEASIBLE,
        status.MIP_infeasible: Termination.INFEASIBLE,
        status.unbounded: Termination.UNBOUNDED,
        status.MIP_unbounded: Termination.UNBOUNDED,
        status.abort_time_limit: Termination.TIME_LIMIT,
        status.MIP_time_limit_feasible: Termination.TIME_LIMIT,
        status.MIP_time_limit_infeasible: Termination.TIME_LIMIT,
    }
    ended = solution.get_status()
    found = solution.is_primal_feasible()
    x = np.array(solution.get_values(), dtype=float) if found else None
    bound = None
    if whole and (found or ended == status.MIP_time_limit_infeasible):
        bound = solution.MIP.get_best_objective()
    elif not whole and ended == status.optimal:
        bound = solution.get_objective_value()
    return made(
        program,
        ends.get(ended, Termination.ENGINE_ERROR),
        x,
        bound,
        INFINITE,
        nodes=int(solution.progress.get_num_nodes_processed()),
        message="" if ended in ends else f"CPLEX ended with {solution.get_status_string()}",
        version=problem.get_version(),
    )


ENGINES = (
    Engine(
        "cplex",
        "CPLEX with the licence of the machine; without one 1,000 columns and rows",
        "cplex",
        "pip install fairbound[cplex]",
        run,
    ),
)
