"""SCIP on linear programs with whole columns; on nonlinear models it is ``scip_nlp``. An optional extra."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from fairbound.solvers.core.result import Settings, Termination
from fairbound.solvers.engines import mps
from fairbound.solvers.engines.base import Asked, Engine, ModelRun, Program, Run, made, set_options

ENDS = {
    "optimal": Termination.FINISHED,
    "gaplimit": Termination.GAP_LIMIT,
    "timelimit": Termination.TIME_LIMIT,
    "infeasible": Termination.INFEASIBLE,
    "unbounded": Termination.UNBOUNDED,
    "userinterrupt": Termination.INTERRUPTED,
}
INFINITE = 1e19


def run(program: Program, asked: Asked) -> Run:
    """SCIP with its own presolve and cuts; incumbents are told as they are found."""
    import pyscipopt
    from pyscipopt.scip import PY_SCIP_EVENTTYPE, PY_SCIP_PARAMSETTING

    settings = asked.settings
    scip = pyscipopt.Model()
    if not asked.log():
        scip.hideOutput()
    with mps.written(program) as path:
        scip.readProblem(path)
    usual = {
        "limits/gap": settings.gap,
        "limits/absgap": 0.0,
        "randomization/randomseedshift": settings.seed,
        "misc/catchctrlc": False,
    }
    if settings.time_limit is not None:
        usual["limits/time"] = settings.time_limit
    set_options("SCIP", usual, settings, scip.setParam, (Exception,))  # it raises many kinds
    columns = sorted(scip.getVars(), key=lambda column: int(column.name[1:]))
    if asked.start is not None:
        start = scip.createSol()
        for column, value in zip(columns, asked.start.tolist(), strict=True):
            scip.setSolVal(start, column, value)
        scip.addSol(start)

    class Teller(pyscipopt.Eventhdlr):  # type: ignore[misc,unused-ignore]
        def eventinit(self) -> None:
            self.model.catchEvent(PY_SCIP_EVENTTYPE.BESTSOLFOUND, self)

        def eventexit(self) -> None:
            self.model.dropEvent(PY_SCIP_EVENTTYPE.BESTSOLFOUND, self)

        def eventexec(self, event: Any) -> None:
            best = self.model.getBestSol()
            x = np.array([self.model.getSolVal(best, column) for column in columns])
            told = made(program, Termination.FINISHED, x, self.model.getDualbound(), INFINITE)
            asked.tell(told.primal, told.dual, int(self.model.getNTotalNodes()), x)

    scip.includeEventhdlr(Teller(), "teller", "tells of better points")
    sys.stdout.flush()
    scip.optimize()
    if scip.getStatus() == "inforunbd":  # presolve stops at the first of the two that it can tell
        scip.freeTransform()
        scip.setPresolve(PY_SCIP_PARAMSETTING.OFF)
        scip.optimize()
    found = scip.getNSols() > 0
    best = scip.getBestSol() if found else None
    x = np.array([scip.getSolVal(best, column) for column in columns]) if found else None
    status = scip.getStatus()
    return made(
        program,
        ENDS.get(status, Termination.ENGINE_ERROR),
        x,
        float(scip.getDualbound()),
        INFINITE,
        nodes=int(scip.getNTotalNodes()),
        message="" if status in ENDS else f"SCIP ended with {status}",
        version=f"{scip.version():.2f}",
    )


def nonlinear(model: Any, settings: Settings) -> ModelRun:
    """SCIP on a polynomial Pyomo model."""
    from fairbound.solvers.engines import scip_nlp

    return scip_nlp.solve(model, settings)


ENGINES = (
    Engine(
        "scip",
        "SCIP: branch, cut and price; global on nonlinear models too",
        "pyscipopt",
        "pip install fairbound[scip]",
        run,
        nonlinear=nonlinear,
    ),
)
