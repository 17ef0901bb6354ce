"""One engine's word on whole rows, in a process of its own: JSON on standard input, JSON on standard output.

Engines clash in one process, and a witness that shares a process shares its faults. ``python -m
fairbound.solvers.engines.witness ENGINE`` reads columns, costs and rows, and says what the least cost is.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from typing import Any

LARGEST_FLOAT, LARGEST_SUM = 2**53, 2**62
"""Engines in floats take no larger number exactly, and CP-SAT no larger sum."""


def scip(asked: dict[str, Any]) -> dict[str, Any]:
    """SCIP with its own presolve and cuts."""
    import pyscipopt

    model = pyscipopt.Model()
    model.hideOutput()
    model.setParam("limits/time", asked["seconds"])
    bounds = zip(asked["lower"], asked["upper"], strict=True)
    columns = [model.addVar(vtype="I", lb=low, ub=high) for low, high in bounds]
    for terms, rhs, equation in asked["rows"]:
        body = pyscipopt.quicksum(a * columns[j] for j, a in terms)
        model.addCons(body == rhs if equation else body >= rhs)
    model.setObjective(pyscipopt.quicksum(c * columns[j] for j, c in asked["cost"]))
    model.optimize()
    said = {"optimal": "optimal", "infeasible": "infeasible"}.get(model.getStatus(), "unknown")
    plan = [round(model.getVal(column)) for column in columns] if said == "optimal" else None
    return {"says": said, "plan": plan, "version": f"{model.version():.2f}"}


def cpsat(asked: dict[str, Any]) -> dict[str, Any]:
    """CP-SAT: whole numbers and clauses, no linear program to lean on."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    bounds = zip(asked["lower"], asked["upper"], strict=True)
    columns = [model.new_int_var(low, high, f"x{j}") for j, (low, high) in enumerate(bounds)]
    for terms, rhs, equation in asked["rows"]:
        body = sum(a * columns[j] for j, a in terms)
        model.add(body == rhs if equation else body >= rhs)
    model.minimize(sum(c * columns[j] for j, c in asked["cost"]))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = asked["seconds"]
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    said = {cp_model.OPTIMAL: "optimal", cp_model.INFEASIBLE: "infeasible"}.get(status, "unknown")
    plan = [int(solver.value(column)) for column in columns] if said == "optimal" else None
    return {"says": said, "plan": plan, "version": version("ortools")}


def highs_nopresolve(asked: dict[str, Any]) -> dict[str, Any]:
    """HiGHS again without presolve, where its wrong answers were found to come from."""
    import highspy
    import numpy as np
    from fairbound.solvers.engines import highs as engine

    highs = engine.new(presolve="off", threads=1, mip_rel_gap=0.0, mip_abs_gap=0.0, time_limit=float(asked["seconds"]))
    for low, high in zip(asked["lower"], asked["upper"], strict=True):
        highs.addVar(low, high)
    count = len(asked["lower"])
    highs.changeColsIntegrality(count, np.arange(count, dtype=np.int32), np.ones(count, dtype=np.uint8))
    for j, c in asked["cost"]:
        highs.changeColCost(j, float(c))
    for terms, rhs, equation in asked["rows"]:
        columns = np.array([j for j, _ in terms], dtype=np.int32)
        values = np.array([float(a) for _, a in terms])
        highs.addRow(float(rhs), float(rhs) if equation else highspy.kHighsInf, len(terms), columns, values)
    engine.execute(highs)
    status = highs.getModelStatus()
    known = {highspy.HighsModelStatus.kOptimal: "optimal", highspy.HighsModelStatus.kInfeasible: "infeasible"}
    said = known.get(status, "unknown")
    plan = [round(value) for value in highs.getSolution().col_value] if said == "optimal" else None
    return {"says": said, "plan": plan, "version": engine.version()}


ENGINES = {"scip": scip, "cpsat": cpsat, "highs-nopresolve": highs_nopresolve}
NEEDS = {"scip": "pyscipopt", "cpsat": "ortools", "highs-nopresolve": "highspy"}
"""The library of each engine."""


def too_large(engine: str, asked: dict[str, Any]) -> bool:
    """Whether the numbers are beyond what the engine takes exactly."""
    rows = [*(terms for terms, _, _ in asked["rows"]), asked["cost"]]
    if engine == "cpsat":
        ends = [max(abs(low), abs(high)) for low, high in zip(asked["lower"], asked["upper"], strict=True)]
        return any(sum(abs(a) * ends[j] for j, a in terms) > LARGEST_SUM for terms in rows)
    return any(abs(a) > LARGEST_FLOAT for terms in rows for _, a in terms)


def main(engine: str) -> None:
    """Answer one question; what the engine prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asked = json.load(sys.stdin)
    answer = {"says": "unknown", "plan": None, "version": "", "why": "numbers that it does not take exactly"}
    if not too_large(engine, asked):
        answer = ENGINES[engine](asked)
    json.dump(answer, answers)
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
