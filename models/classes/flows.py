r"""Flows: how many students of a cell change to another type.

.. math::

    & \textstyle\sum_b f_{sgab} \le n_{sga} \ (2), \qquad
      \sum_{g,a} f_{sgab} = \sum_{g,c} f_{sgbc} \ (3), \qquad f \in \mathbb{Z}_{\ge 0} \\
    & K_g = \textstyle\sum_{s,a,b} \frac{e_b - e_a}{u} f_{sgab} \ (6), \qquad
      \frac{S_g + u K_g}{n_g} - \frac{S_h + u K_h}{n_h} \le \varepsilon \ (7)

Students of a cell are interchangeable, so counts lose nothing. (7) is written with whole coefficients and a right-hand
side rounded down, which loses nothing either: K is whole. For the least gap :math:`\varepsilon` is a variable.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import floor, gcd
from typing import Any

import pyomo.core as pyo
from fairbound.models.classes.evaluate import group_means
from fairbound.models.classes.instance import GAP, MOVES, ClassInstance, Plan
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation

FEW_UNITS, MANY_UNITS = 10, 1e6
"""K is whole by itself; engines are told so where a change is worth few units, since branching on it helps only
there. Where a change is worth more than many, K counts larger units, for floats' sake."""


def build(instance: ClassInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="flows")
    model.instance = instance
    arcs = instance.arcs
    model.f = pyo.Var(range(len(arcs)), domain=pyo.NonNegativeReals if relaxed else pyo.NonNegativeIntegers)
    leaving: dict[Any, list[Any]] = {}
    balance: dict[Any, list[Any]] = {}
    for i, (school, group, source, target) in enumerate(arcs):
        model.f[i].setub(min(instance.cells[school, group, source], instance.seats[school, target]))
        leaving.setdefault((school, group, source), []).append((model.f[i], 1))
        balance.setdefault((school, source), []).append((model.f[i], -1))
        balance.setdefault((school, target), []).append((model.f[i], 1))
    model.eq2_students = pyo.ConstraintList()
    for cell, terms in leaving.items():
        model.eq2_students.add(weighted(terms) <= instance.cells[cell])
    model.eq3_seats = pyo.ConstraintList()
    for terms in balance.values():
        model.eq3_seats.add(weighted(terms) == 0)
    changes: dict[str, list[tuple[Any, float]]] = {group: [] for group in instance.group_sizes}
    for i, (_, group, source, target) in enumerate(arcs):
        if instance.gain(source, target):
            changes[group].append((model.f[i], instance.gain(source, target)))
    add_gap_rows(model, instance, changes, objective, relaxed)
    add_goal(model, instance, [(model.f[i], 1) for i in range(len(arcs))], objective)
    return model


def add_gap_rows(
    model: pyo.ConcreteModel,
    instance: ClassInstance,
    changes: dict[str, list[tuple[Any, float]]],
    objective: str,
    relaxed: bool,
) -> None:
    """The groups' changes K, rows (6), and the gap between every two of them, rows (7)."""
    most = max((abs(a) for terms in changes.values() for _, a in terms), default=0)
    whole = most <= FEW_UNITS and not relaxed
    model.K = pyo.Var(list(instance.group_sizes), domain=pyo.Integers if whole else pyo.Reals)
    model.K_unit = max(1.0, most / MANY_UNITS)
    model.eq6_change = pyo.Constraint(list(instance.group_sizes))
    for group, terms in changes.items():
        scaled = [(variable, a / model.K_unit) for variable, a in terms]
        reach = sum(abs(a) * (variable.ub or 1) for variable, a in scaled)
        model.K[group].setlb(-reach)
        model.K[group].setub(reach)
        model.eq6_change[group] = weighted([*scaled, (model.K[group], -1)]) == 0
    limits, unit = dict(instance.limits), Fraction(model.K_unit)
    if GAP in limits:
        model.eq7_gap = pyo.ConstraintList()
        for g, h in permutations(instance.group_sizes, 2):
            a, b, right = gap_row(instance, g, h, limits[GAP])
            model.eq7_gap.add(weighted([(model.K[g], a), (model.K[h], -b)]) <= float(right / unit))
    if objective == GAP:
        model.gap = pyo.Var(bounds=(0, None))
        model.eq7_least = pyo.ConstraintList()
        for g, h in permutations(instance.group_sizes, 2):
            n, m = instance.group_sizes[g], instance.group_sizes[h]
            ahead = instance.score_sums[h] / m - instance.score_sums[g] / n
            step = instance.unit * unit
            terms = [(model.K[g], float(step / n)), (model.K[h], -float(step / m)), (model.gap, -1)]
            model.eq7_least.add(weighted(terms) <= float(ahead))


def gap_row(instance: ClassInstance, g: str, h: str, limit: Fraction) -> tuple[int, int, int]:
    """Row (7) of two groups as ``a K_g - b K_h <= c`` in whole numbers, as strong as it can be."""
    n, m = instance.group_sizes[g], instance.group_sizes[h]
    right = (limit * n * m - m * instance.score_sums[g] + n * instance.score_sums[h]) / instance.unit
    common = gcd(n, m)
    return m // common, n // common, floor(right / common)


def add_goal(model: pyo.ConcreteModel, instance: ClassInstance, moved: list[tuple[Any, float]], objective: str) -> None:
    """The objective (4) or (5), and the budget of moves if there is one."""
    limits = dict(instance.limits)
    if MOVES in limits:
        model.eq4_budget = (
            pyo.Constraint(expr=weighted(moved) <= floor(limits[MOVES])) if moved else pyo.Constraint.Skip
        )
    if objective == MOVES:
        model.objective = pyo.Objective(expr=weighted(moved), sense=pyo.minimize)
    else:
        model.objective = pyo.Objective(expr=model.gap, sense=pyo.minimize)


def extract(model: pyo.ConcreteModel) -> Plan:
    """Read the flows, rounded."""
    instance: ClassInstance = model.instance
    return Plan.of({arc: round(model.f[i].value or 0) for i, arc in enumerate(instance.arcs)})


def assign(model: pyo.ConcreteModel, plan: Plan) -> None:
    """Write a plan, and what follows from it."""
    instance: ClassInstance = model.instance
    flows = dict(plan.flows)
    for i, arc in enumerate(instance.arcs):
        model.f[i].set_value(flows.get(arc, 0), skip_validation=True)
    assign_gap(model, plan)


def assign_gap(model: pyo.ConcreteModel, plan: Plan) -> None:
    """Write the groups' changes and the gap of a plan."""
    instance: ClassInstance = model.instance
    changes = dict.fromkeys(instance.group_sizes, 0)
    for (_, group, source, target), count in plan.flows:
        changes[group] += count * instance.gain(source, target)
    for group, change in changes.items():
        model.K[group].set_value(change / model.K_unit, skip_validation=True)
    if hasattr(model, "gap"):
        means = group_means(instance, plan).values()
        model.gap.set_value(float(max(means) - min(means)), skip_validation=True)


FORMULATION: Formulation[ClassInstance, Plan] = Formulation(
    name="flows",
    summary="how many students of each school, group and type change to another type",
    build=build,
    extract=extract,
    assign=assign,
)
