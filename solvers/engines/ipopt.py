"""Ipopt through casadi: local answers to nonlinear Pyomo models, without a bound. An optional extra."""

from __future__ import annotations

import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
from fairbound.solvers.core.result import Settings, Termination
from fairbound.solvers.engines.base import Asked, Engine, EngineRefused, ModelRun, Program, Run
from pyomo.repn.plugins.nl_writer import NLWriter

NAME = "ipopt"


def solve(model: pyo.ConcreteModel, time_limit: float | None = None) -> ModelRun:
    """Run Ipopt from the variables' present values."""
    import casadi

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.nl"
        with path.open("w", newline="") as stream:
            written = NLWriter().write(model, stream, linear_presolve=False)
        builder = casadi.NlpBuilder()
        builder.import_nl(str(path))
        options: dict[str, Any] = {"print_time": False, "ipopt.print_level": 0, "ipopt.sb": "yes"}
        if time_limit is not None:
            options["ipopt.max_wall_time"] = time_limit
        nlp = {"x": casadi.vertcat(*builder.x), "f": builder.f, "g": casadi.vertcat(*builder.g)}
        solver = casadi.nlpsol("local", "ipopt", nlp, options)
        answer = solver(
            x0=[v.value or 0.0 for v in written.variables],
            lbx=builder.x_lb,
            ubx=builder.x_ub,
            lbg=builder.g_lb,
            ubg=builder.g_ub,
        )
        for variable, value in zip(written.variables, np.asarray(answer["x"]).ravel().tolist(), strict=True):
            variable.set_value(value, skip_validation=True)
        stats = solver.stats()
        # A point that it gives up on is scored like any other; what it says of the point is its message.
        ended = Termination.FINISHED if stats["success"] else Termination.ENGINE_ERROR
        carrier = f"casadi {metadata.version('casadi')}"
        return ModelRun(ended, True, message=str(stats["return_status"]), version=carrier)


def nonlinear(model: Any, settings: Settings) -> ModelRun:
    """A local answer from where the variables stand, or from the middle of their bounds."""
    for variable in model.component_data_objects(pyo.Var, active=True):
        if variable.value is None:
            variable.set_value(middle(variable.lb, variable.ub), skip_validation=True)
    return solve(model, settings.time_limit)


def middle(low: float | None, high: float | None) -> float:
    """A point between bounds, near the one that is there."""
    if low is None or high is None:
        return (low or 0.0) if high is None else high
    return (low + high) / 2


def run(_program: Program, _asked: Asked) -> Run:
    """Linear programs are not for this engine."""
    raise EngineRefused("Ipopt is asked for nonlinear models alone")


ENGINES = (
    Engine(
        NAME,
        "Ipopt (through casadi): local answers to nonlinear models, no bound",
        "casadi",
        "pip install fairbound[ipopt]",
        run,
        refuses=lambda _program: "it is asked for nonlinear models alone",
        nonlinear=nonlinear,
        local=True,
        seeded=False,
    ),
)
