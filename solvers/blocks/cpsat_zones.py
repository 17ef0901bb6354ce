"""CP-SAT as an independent witness of least dissimilarity, in a process of its own. An optional extra.

It reads an instance's canonical JSON form on standard input and states the question anew, in whole
numbers and without any code of the models: contiguity by flow, as CP-SAT has no lazy rows either.
OR-Tools and HiGHS cannot live in one process, so this file is run by ``solvers/blocks/witnesses.py``
as a script and imports nothing of the project.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from math import ceil, floor
from typing import Any


def solve(instance: dict[str, Any], seconds: float, seed: int) -> dict[str, Any]:
    """Homes of all units, and the engine's dual bound in units of 1/(A B)."""
    from ortools.sat.python import cp_model

    rules = instance["parameters"]
    units = [row[0] for row in instance["units"]]
    place = instance["group_names"].index(rules["group"])
    students = [int(row[1]) for row in instance["units"]]
    group = [int(row[2][place]) for row in instance["units"]]
    names = [row[0] for row in instance["schools"]]
    today = [names.index(row[3]) for row in instance["units"]]
    roots = [units.index(row[1]) for row in instance["schools"]]
    travel = [[Fraction(text) for text in row] for row in instance["travel"]]
    near: list[list[int]] = [[] for _ in units]
    for one, other in instance["borders"]:
        near[units.index(one)].append(units.index(other))
        near[units.index(other)].append(units.index(one))

    model = cp_model.CpModel()
    x: dict[tuple[int, int], Any] = {}
    for i in range(len(units)):
        for j in range(len(names)):
            limit = None if rules["travel_ratio"] == "none" else Fraction(rules["travel_ratio"]) * travel[i][today[i]]
            if j == today[i] or limit is None or travel[i][j] <= limit:
                x[i, j] = model.new_bool_var(f"x_{i}_{j}")
        model.add_exactly_one(x[i, j] for j in range(len(names)) if (i, j) in x)
    tolerance = Fraction(rules["seats_tolerance"])
    total, all_group = sum(students), sum(group)
    above = []
    for j, (_, _, text) in enumerate(instance["schools"]):
        members = [i for i in range(len(units)) if (i, j) in x]
        load = sum(students[i] * x[i, j] for i in members)
        model.add(load >= ceil(Fraction(text) * (1 - tolerance)))
        model.add(load <= floor(Fraction(text) * (1 + tolerance)))
        model.add(x[roots[j], j] == 1)
        excess = model.new_int_var(0, total * total, f"p_{j}")
        model.add(excess >= sum((total * group[i] - all_group * students[i]) * x[i, j] for i in members))
        above.append(excess)
        if rules["contiguous"] == "yes":
            _connect(model, x, near, members, roots[j], j)
    model.minimize(sum(above))
    for (i, j), variable in x.items():
        model.add_hint(variable, int(today[i] == j))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    status = solver.solve(model)
    homes = None
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        homes = [next(j for j in range(len(names)) if (i, j) in x and solver.value(x[i, j])) for i in range(len(units))]
    return {
        "homes": None if homes is None else [names[j] for j in homes],
        "bound": solver.best_objective_bound,
        "status": solver.status_name(status),
    }


def _connect(model: Any, x: Any, near: list[list[int]], members: list[int], root: int, j: int) -> None:
    """One unit of flow from the school to every unit of its zone."""
    inside, most = set(members), len(members)
    flow = {
        (u, v): model.new_int_var(0, most, f"f_{u}_{v}_{j}")
        for u in members
        for v in near[u]
        if v in inside and v != root
    }
    for v in members:
        if v != root:
            inflow = sum(flow[u, v] for u in near[v] if (u, v) in flow)
            outflow = sum(flow[v, w] for w in near[v] if (v, w) in flow)
            model.add(inflow - outflow == x[v, j])
            model.add(inflow <= most * x[v, j])


if __name__ == "__main__":
    question = json.load(sys.stdin)
    json.dump(solve(question["city"], question["seconds"], question["seed"]), sys.stdout)
