"""SCIP on nonlinear Pyomo models: a global engine, here an independent witness. An optional extra.

Its answers hold to its own tolerance (1e-6 on rows), so its value and bound are claims.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, Literal

import pyomo.environ as pyo
from fairbound.models.core.errors import UnsupportedModelError
from fairbound.solvers.core.result import Settings, Termination
from fairbound.solvers.engines.base import ModelRun
from pyomo.core.expr import LinearExpression, NegationExpression, PowExpression, ProductExpression, SumExpression

NAME = "scip"


def solve(model: pyo.ConcreteModel, settings: Settings) -> ModelRun:
    """Translate polynomial rows and objective, and run SCIP."""
    import pyscipopt
    from pyomo.repn import generate_standard_repn

    scip = pyscipopt.Model()
    scip.hideOutput()
    scip.setParam("limits/gap", settings.gap)
    scip.setParam("randomization/randomseedshift", settings.seed)
    if settings.time_limit is not None:
        scip.setParam("limits/time", settings.time_limit)
    columns = {
        id(v): scip.addVar(v.name, lb=v.lb, ub=v.ub, vtype="C" if v.is_continuous() else "I")
        for v in model.component_data_objects(pyo.Var, active=True)
    }

    def translate(expression: Any) -> Any:
        if isinstance(expression, (int, float)) or not expression.is_potentially_variable():
            return float(pyo.value(expression))
        if expression.is_variable_type():
            return columns[id(expression)]
        parts = [translate(argument) for argument in expression.args]
        if isinstance(expression, SumExpression | LinearExpression):
            return pyscipopt.quicksum(parts)
        if isinstance(expression, PowExpression):
            return parts[0] ** int(parts[1])
        if isinstance(expression, NegationExpression):
            return -parts[0]
        if isinstance(expression, ProductExpression):
            return parts[0] * parts[1]
        raise UnsupportedModelError(f"{type(expression).__name__} is not polynomial")

    for row in model.component_data_objects(pyo.Constraint, active=True):
        body = translate(row.body)
        if row.lower is not None and row.upper is not None and pyo.value(row.lower) == pyo.value(row.upper):
            scip.addCons(body == pyo.value(row.lower))
            continue
        if row.upper is not None:
            scip.addCons(body <= pyo.value(row.upper))
        if row.lower is not None:
            scip.addCons(body >= pyo.value(row.lower))
    [objective] = model.component_data_objects(pyo.Objective, active=True)
    sense: Literal["minimize", "maximize"] = "maximize" if objective.sense == pyo.maximize else "minimize"
    linear = generate_standard_repn(objective.expr)
    if linear.is_linear():
        terms = zip(linear.linear_coefs, linear.linear_vars, strict=True)
        scip.setObjective(pyscipopt.quicksum(float(a) * columns[id(v)] for a, v in terms), sense)
        scip.addObjoffset(float(linear.constant))
    else:  # SCIP takes linear objectives alone: a column stands for the value
        value, goal = scip.addVar("objective", lb=None, ub=None), translate(objective.expr)
        scip.addCons(value <= goal if sense == "maximize" else value >= goal)
        scip.setObjective(value, sense)
    scip.optimize()
    if scip.getNSols():
        best = scip.getBestSol()
        for v in model.component_data_objects(pyo.Var, active=True):
            v.set_value(scip.getSolVal(best, columns[id(v)]), skip_validation=True)
    dual = float(scip.getDualbound())
    ends = {"optimal": Termination.FINISHED, "gaplimit": Termination.GAP_LIMIT, "timelimit": Termination.TIME_LIMIT}
    return ModelRun(
        ends.get(scip.getStatus(), Termination.ENGINE_ERROR),
        scip.getNSols() > 0,
        dual if isfinite(dual) and abs(dual) < 1e19 else None,
        int(scip.getNTotalNodes()),
        version=str(scip.version()),
    )
