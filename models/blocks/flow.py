r"""Single-commodity flow: every school sends one unit of flow to each unit of its zone.

.. math::

    \sum_{a \in \delta^-(v)} f_{aj} - \sum_{a \in \delta^+(v)} f_{aj} = x_{vj} \ (15), \quad
    \sum_{a \in \delta^-(v)} f_{aj} \le M_j x_{vj} \ (16), \quad v \ne r_j

Flow enters units of the zone only, and each of them consumes some, so each has a path of units of
the zone from the school: exact. M_j is the largest number of units that the seats of j can hold.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pyomo.environ as pyo
from fairbound.models.blocks import rules
from fairbound.models.core.problem import Formulation
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.blocks.instance import ZoneInstance, Zoning


def most_units(instance: ZoneInstance, units: Sequence[int], school: int) -> int:
    """M_j: how many of the units, lightest first, the seats of a school can hold."""
    left, count = instance.seat_range(instance.schools[school])[1], 0
    for students in sorted(instance.units[i].students for i in units):
        left -= students
        if left < 0:
            break
        count += 1
    return max(1, count)


def build(instance: ZoneInstance, objective: str, relaxed: bool = False, fixing: bool = True) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = rules.start_model("flow", instance, relaxed, fixing)
    if instance.contiguous:
        rules.neighbour_rows(model)
        add_flow(model)
    rules.set_goal(model, objective)
    return model


def add_flow(model: pyo.ConcreteModel) -> None:
    """Equations (15) and (16) over the units that may attend each school."""
    instance: ZoneInstance = model.instance
    arcs = []
    for j, units in enumerate(model.zone_units):
        inside = set(units)
        arcs += [(u, v, j) for u in units for v in instance.neighbours[u] if v in inside and v != instance.roots[j]]
    ids = [unit.id for unit in instance.units]
    named = [(ids[u], ids[v], instance.schools[j].id) for u, v, j in arcs]
    model.f = pyo.Var(named, bounds=(0, len(instance.units)))
    flow = dict(zip(arcs, (model.f[name] for name in named), strict=True))
    model.flow = flow
    into: dict[tuple[int, int], list[pyo.Var]] = {pair: [] for pair in model.pairs}
    out_of: dict[tuple[int, int], list[pyo.Var]] = {pair: [] for pair in model.pairs}
    for (u, v, j), variable in flow.items():
        into[v, j].append(variable)
        out_of[u, j].append(variable)
    model.eq15_balance = pyo.ConstraintList()
    model.eq16_inside = pyo.ConstraintList()
    for j, units in enumerate(model.zone_units):
        most = most_units(instance, units, j)
        for v in units:
            if v == instance.roots[j]:
                continue
            x, inflow, outflow = model.columns[v, j], into[v, j], out_of[v, j]
            signs = [1] * len(inflow) + [-1] * len(outflow) + [-1]
            model.eq15_balance.add(LinearExpression(linear_coefs=signs, linear_vars=[*inflow, *outflow, x]) == 0)
            signs = [1] * len(inflow) + [-most]
            model.eq16_inside.add(LinearExpression(linear_coefs=signs, linear_vars=[*inflow, x]) <= 0)


def assign(model: pyo.ConcreteModel, zoning: Zoning) -> None:
    """Write a zoning, and flow along a breadth-first tree of every zone."""
    rules.assign(model, zoning)
    instance: ZoneInstance = model.instance
    if not instance.contiguous:
        return
    for variable in model.flow.values():
        variable.set_value(0, skip_validation=True)
    for j, parent in enumerate(rules.zone_trees(instance, zoning)):
        below = dict.fromkeys((instance.roots[j], *parent), 1)
        for v, u in reversed(parent.items()):
            arc = model.flow.get((u, v, j))
            if arc is not None:
                arc.set_value(below[v], skip_validation=True)
            below[u] += below[v]


FORMULATION = Formulation(
    name="flow",
    summary="single-commodity flow from every school to the units of its zone",
    build=build,
    extract=rules.extract,
    assign=assign,
    refuses=rules.refuses,
)
UNFIXED = Formulation(
    name="flow_without_fixing",
    summary="the same without leaving out pairs that are too far for the seats",
    build=partial(build, fixing=False),
    extract=rules.extract,
    assign=assign,
    refuses=rules.refuses,
)
