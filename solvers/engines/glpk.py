"""GLPK through swiglpk: branch and cut of an older school; no bound before its end. An optional extra."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from fairbound.solvers.core.result import Termination
from fairbound.solvers.engines import mps
from fairbound.solvers.engines.base import Asked, Engine, EngineRefused, Program, Run, made, set_options

INFINITE = 1e300


def run(program: Program, asked: Asked) -> Run:
    """The simplex method, and branch and cut where columns must be whole. A start is not taken."""
    import swiglpk as glpk

    settings = asked.settings
    glpk.glp_term_out(glpk.GLP_ON if asked.log() else glpk.GLP_OFF)
    problem = glpk.glp_create_prob()
    with mps.written(program) as path:
        if glpk.glp_read_mps(problem, glpk.GLP_MPS_FILE, None, path):
            raise EngineRefused("GLPK does not read the model")
    whole = bool(program.integrality.any())
    parameters: Any = glpk.glp_iocp() if whole else glpk.glp_smcp()
    (glpk.glp_init_iocp if whole else glpk.glp_init_smcp)(parameters)
    parameters.presolve = glpk.GLP_ON
    if settings.time_limit is not None:
        parameters.tm_lim = max(1, int(1000 * settings.time_limit))
    if whole:
        parameters.mip_gap = settings.gap

    def put(name: str, value: Any) -> None:
        if not hasattr(parameters, name) or name.startswith("_"):
            raise TypeError("unknown")
        setattr(parameters, name, value)

    set_options("GLPK", {}, settings, put, (TypeError,))
    sys.stdout.flush()
    ended = (glpk.glp_intopt if whole else glpk.glp_simplex)(problem, parameters)
    status = (glpk.glp_mip_status if whole else glpk.glp_get_status)(problem)
    value = glpk.glp_mip_col_val if whole else glpk.glp_get_col_prim
    found = status in (glpk.GLP_OPT, glpk.GLP_FEAS)
    x = np.array([value(problem, j + 1) for j in range(len(program.c))]) if found else None
    ends = {
        glpk.GLP_ENOPFS: Termination.INFEASIBLE,
        glpk.GLP_ENODFS: Termination.UNBOUNDED,
        glpk.GLP_ETMLIM: Termination.TIME_LIMIT,
        glpk.GLP_EMIPGAP: Termination.GAP_LIMIT,
    }
    termination = ends.get(ended, Termination.ENGINE_ERROR)
    if ended == 0:
        known = {
            glpk.GLP_OPT: Termination.FINISHED,
            glpk.GLP_NOFEAS: Termination.INFEASIBLE,
            glpk.GLP_INFEAS: Termination.INFEASIBLE,
            glpk.GLP_UNBND: Termination.UNBOUNDED,
        }
        termination = known.get(status, Termination.ENGINE_ERROR)
    objective = (glpk.glp_mip_obj_val if whole else glpk.glp_get_obj_val)(problem)
    return made(
        program,
        termination,
        x,
        objective if termination is Termination.FINISHED else None,
        INFINITE,
        message="" if termination is not Termination.ENGINE_ERROR else f"GLPK ended with code {ended}, status {status}",
        version=glpk.glp_version(),
    )


ENGINES = (
    Engine(
        "glpk",
        "GLPK: simplex, branch and cut; a bound only at its end",
        "swiglpk",
        "pip install fairbound[glpk]",
        run,
        seeded=False,
    ),
)
