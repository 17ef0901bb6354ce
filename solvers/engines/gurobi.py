"""Gurobi through its PyPI wheel, with whatever licence is on the machine; the free one takes 2,000 columns and rows."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from fairbound.solvers.core.result import Termination
from fairbound.solvers.engines import mps
from fairbound.solvers.engines.base import Asked, Engine, EngineRefused, Program, Run, made, set_options

INFINITE = 1e99


def run(program: Program, asked: Asked) -> Run:
    """Gurobi with its defaults, gaps of zero unless asked for others."""
    import gurobipy
    from gurobipy import GRB

    settings = asked.settings
    try:
        environment = gurobipy.Env(empty=True)
        environment.setParam("OutputFlag", int(asked.log()))
        environment.start()
        with mps.written(program) as path:
            model = gurobipy.read(path, env=environment)
    except gurobipy.GurobiError as error:
        raise EngineRefused(f"Gurobi refuses: {error}") from None
    usual = {"MIPGap": settings.gap, "MIPGapAbs": 0.0, "Threads": settings.threads, "Seed": settings.seed}
    if settings.time_limit is not None:
        usual["TimeLimit"] = settings.time_limit
    set_options("Gurobi", usual, settings, model.setParam, (gurobipy.GurobiError, TypeError))
    columns = sorted(model.getVars(), key=lambda column: int(column.VarName[1:]))
    if asked.start is not None:
        for column, value in zip(columns, asked.start.tolist(), strict=True):
            column.Start = value

    def heard(model: Any, where: int) -> None:
        if where != GRB.Callback.MIPSOL:
            return
        x = np.array(model.cbGetSolution(columns))
        told = made(program, Termination.FINISHED, x, model.cbGet(GRB.Callback.MIPSOL_OBJBND), INFINITE)
        asked.tell(told.primal, told.dual, int(model.cbGet(GRB.Callback.MIPSOL_NODCNT)), x)

    sys.stdout.flush()
    try:
        model.optimize(heard)
    except gurobipy.GurobiError as error:
        raise EngineRefused(f"Gurobi refuses: {error}") from None
    if model.Status == GRB.INF_OR_UNBD:
        model.setParam("DualReductions", 0)
        model.optimize()
    ends = {
        GRB.OPTIMAL: Termination.FINISHED,
        GRB.INFEASIBLE: Termination.INFEASIBLE,
        GRB.UNBOUNDED: Termination.UNBOUNDED,
        GRB.TIME_LIMIT: Termination.TIME_LIMIT,
        GRB.INTERRUPTED: Termination.INTERRUPTED,
    }
    found = model.SolCount > 0
    x = np.array([column.X for column in columns]) if found else None
    bound = model.ObjBound if model.IsMIP else (model.ObjVal if model.Status == GRB.OPTIMAL else None)
    return made(
        program,
        ends.get(model.Status, Termination.ENGINE_ERROR),
        x,
        bound,
        INFINITE,
        nodes=int(model.NodeCount),
        message="" if model.Status in ends else f"Gurobi ended with status {model.Status}",
        version=".".join(map(str, gurobipy.gurobi.version())),
    )


ENGINES = (
    Engine(
        "gurobi",
        "Gurobi with the licence of the machine; without one 2,000 columns and rows",
        "gurobipy",
        "pip install fairbound[gurobi]",
        run,
    ),
)
