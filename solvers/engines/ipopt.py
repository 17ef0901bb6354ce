"""Ipopt through casadi: local answers to nonlinear Pyomo models, without a bound. An optional extra."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pyomo.repn.plugins.nl_writer import NLWriter

if TYPE_CHECKING:
    import pyomo.environ as pyo

NAME = "ipopt"


@dataclass(frozen=True)
class LocalOutcome:
    """How a run ended; values are in the Pyomo variables."""

    success: bool
    words: str
    value: float


def missing() -> str | None:
    """Why this engine cannot be used, or ``None``."""
    return (
        None if find_spec("casadi") else "casadi, which brings Ipopt, is not installed (pip install fairbound[ipopt])"
    )


def version() -> str:
    """Version of the casadi that carries Ipopt."""
    return f"casadi {metadata.version('casadi')}"


def solve(model: pyo.ConcreteModel, time_limit: float | None = None) -> LocalOutcome:
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
        return LocalOutcome(bool(stats["success"]), str(stats["return_status"]), float(answer["f"]))
