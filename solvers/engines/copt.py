"""COPT through its PyPI wheel, with whatever licence is on the machine; the free size takes 2,000 columns and rows."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from fairbound.solvers.core.result import Termination
from fairbound.solvers.engines import mps
from fairbound.solvers.engines.base import Asked, Engine, EngineRefused, Program, Run, made, set_options

INFINITE = 1e29


def run(program: Program, asked: Asked) -> Run:
    """COPT with its defaults, gaps of zero unless asked for others; it has no seed."""
    import coptpy
    from coptpy import COPT

    settings = asked.settings
    try:
        model = coptpy.Envr().createModel("program")
        model.setParam("Logging", int(asked.log()))
        with mps.written(program) as path:
            model.readMps(path)
    except coptpy.CoptError as error:
        raise EngineRefused(f"COPT refuses: {error}") from None
    usual: dict[str, Any] = {"RelGap": settings.gap, "AbsGap": 0.0, "Threads": settings.threads}
    if settings.time_limit is not None:
        usual["TimeLimit"] = settings.time_limit

    def put(name: str, value: Any) -> None:
        model.getParam(name)  # setParam passes over names that it does not know, and moves values into their range
        model.setParam(name, value)
        if model.getParam(name) != value:
            raise ValueError("out of its range")

    set_options("COPT", usual, settings, put, (coptpy.CoptError, AttributeError, TypeError, ValueError))
    columns = model.getVars()
    if asked.start is not None:
        model.setMipStart(columns, asked.start.tolist())
        model.loadMipStart()
    sys.stdout.flush()
    try:
        model.solve()
        if model.status == COPT.INF_OR_UNB:  # presolve stops at the first of the two that it can tell
            model.setParam("Presolve", 0)
            model.solve()
    except coptpy.CoptError as error:
        raise EngineRefused(f"COPT refuses: {error}") from None
    whole = bool(program.integrality.any())
    found = bool(model.hasmipsol) if whole else model.lpstatus == COPT.OPTIMAL
    x = np.array(model.getValues(), dtype=float) if found else None
    ends = {
        COPT.OPTIMAL: Termination.FINISHED,
        COPT.INFEASIBLE: Termination.INFEASIBLE,
        COPT.UNBOUNDED: Termination.UNBOUNDED,
        COPT.TIMEOUT: Termination.TIME_LIMIT,
    }
    return made(
        program,
        ends.get(model.status, Termination.ENGINE_ERROR),
        x,
        float(model.bestbnd) if whole else (float(model.objval) if found else None),
        INFINITE,
        nodes=int(model.nodecnt) if whole else 0,
        message="" if model.status in ends else f"COPT ended with status {model.status}",
        version=f"{COPT.VERSION_MAJOR}.{COPT.VERSION_MINOR}.{COPT.VERSION_TECHNICAL}",
    )


ENGINES = (
    Engine(
        "copt",
        "COPT with the licence of the machine; without one 2,000 columns and rows",
        "coptpy",
        "pip install fairbound[copt]",
        run,
        seeded=False,
    ),
)
