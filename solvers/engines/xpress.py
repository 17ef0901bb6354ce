"""FICO Xpress through its PyPI wheel, with whatever licence is on the machine; the community one takes 5,000 in all."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
from fairbound.solvers.core.result import Termination
from fairbound.solvers.engines import mps
from fairbound.solvers.engines.base import Asked, Engine, EngineRefused, Program, Run, made, set_options

INFINITE = 1e19


def run(program: Program, asked: Asked) -> Run:
    """Xpress with its defaults, gaps of zero unless asked for others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the licence, which is community without one
        import xpress

        settings = asked.settings
        usual: dict[str, Any] = {
            "outputlog": int(asked.log()),
            "miprelstop": settings.gap,
            "mipabsstop": 0.0,
            "miprelcutoff": 0.0,
            "threads": settings.threads,
            "randomseed": settings.seed,
        }
        if settings.time_limit is not None:
            usual["timelimit"] = settings.time_limit
        sys.stdout.flush()
        try:
            problem = xpress.problem()
            problem.controls.outputlog = int(asked.log())

            def put(name: str, value: Any) -> None:
                problem.setControl(name, value)

            wrong = (xpress.InterfaceError, xpress.SolverError, xpress.ModelError, TypeError, ValueError)
            set_options("Xpress", usual, settings, put, wrong)
            with mps.written(program) as path:
                problem.readProb(path)
            if asked.start is not None:
                problem.addMipSol(asked.start.tolist(), range(len(program.c)), "start")
            problem.optimize()
        except (xpress.InterfaceError, xpress.SolverError, xpress.ModelError) as error:
            raise EngineRefused(f"Xpress refuses: {error}") from None
        solved, known = problem.attributes.solvestatus, problem.attributes.solstatus
        found = known in (xpress.SolStatus.OPTIMAL, xpress.SolStatus.FEASIBLE)
        x = np.array(problem.getSolution(), dtype=float) if found else None
        ends = {
            xpress.SolStatus.OPTIMAL: Termination.FINISHED,
            xpress.SolStatus.INFEASIBLE: Termination.INFEASIBLE,
            xpress.SolStatus.UNBOUNDED: Termination.UNBOUNDED,
        }
        termination = Termination.TIME_LIMIT
        if solved == xpress.SolveStatus.COMPLETED:
            termination = ends.get(known, Termination.ENGINE_ERROR)
        whole = bool(program.integrality.any())
        bound = problem.attributes.bestbound if whole else (problem.attributes.objval if found else None)
        return made(
            program,
            termination,
            x,
            bound,
            INFINITE,
            nodes=int(problem.attributes.nodes),
            message="" if termination is not Termination.ENGINE_ERROR else f"Xpress ended with {solved!r}, {known!r}",
            version=str(xpress.getVersion()),
        )


ENGINES = (
    Engine(
        "xpress",
        "Xpress with the licence of the machine; without one 5,000 columns and rows together",
        "xpress",
        "pip install fairbound[xpress]",
        run,
    ),
)
