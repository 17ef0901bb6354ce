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

import numpy as np
from fairbound.models.blocks import rules
from fairbound.models.core.arrays import Columns, Part, Rows
from fairbound.models.core.problem import Formulation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.blocks.instance import ZoneInstance, Zoning
    from pyomo.core import ConcreteModel


def most_units(instance: ZoneInstance, units: Sequence[int], school: int) -> int:
    """M_j: how many of the units, lightest first, the seats of a school can hold."""
    left, count = instance.seat_range(instance.schools[school])[1], 0
    for students in sorted(instance.units[i].students for i in units):
        left -= students
        if left < 0:
            break
        count += 1
    return max(1, count)


def build(instance: ZoneInstance, objective: str, relaxed: bool = False, fixing: bool = True) -> ConcreteModel:
    """Build the model; see the module for its equations."""
    model = rules.start_model("flow", instance, relaxed, fixing)
    if instance.contiguous:
        rules.neighbour_rows(model)
        add_flow(model)
    rules.set_goal(model, objective)
    return model


def add_flow(model: ConcreteModel) -> None:
    """Equations (15) and (16) over the units that may attend each school."""
    instance: ZoneInstance = model.instance
    names, ids = [school.id for school in instance.schools], [unit.id for unit in instance.units]
    near, far = rules.edges(instance)
    units, schools, row = rules.guests(model)
    arcs = [np.flatnonzero((number[near] >= 0) & (row[far, j] >= 0)) for j, number in enumerate(model.number.T)]
    home = np.repeat(np.arange(len(names)), [len(few) for few in arcs])
    start, end = near[np.concatenate(arcs)], far[np.concatenate(arcs)]
    model.arcs = [start, end, home]

    def arc_names() -> list[tuple[str, str, str]]:
        return [(ids[u], ids[v], names[j]) for u, v, j in zip(*(ends.tolist() for ends in model.arcs), strict=True)]

    model.f = Columns(len(start), arc_names, lower=0, upper=len(ids))
    every, rows = np.arange(len(start)), range(len(units))
    own = model.number[units, schools]
    into = Part(model.f, row[end, home], every, 1)
    leaving = np.flatnonzero(row[start, home] >= 0)
    out = Part(model.f, row[start, home][leaving], leaving, -1)
    model.eq15_balance = Rows(
        len(units), lambda: rules.guest_names(model), [into, out, Part(model.x, rows, own, -1)], lower=0, upper=0
    )
    most = np.array([most_units(instance, zone, j) for j, zone in enumerate(model.zone_units)])
    model.eq16_inside = Rows(
        len(units), lambda: rules.guest_names(model), [into, Part(model.x, rows, own, -most[schools])], upper=0
    )


def assign(model: ConcreteModel, zoning: Zoning) -> None:
    """Write a zoning, and flow along a breadth-first tree of every zone."""
    rules.assign(model, zoning)
    instance: ZoneInstance = model.instance
    if not instance.contiguous:
        return
    number = {arc: i for i, arc in enumerate(zip(*(ends.tolist() for ends in model.arcs), strict=True))}
    sent = np.zeros(len(model.f))
    for j, parent in enumerate(rules.zone_trees(instance, zoning)):
        below = dict.fromkeys((instance.roots[j], *parent), 1)
        for v, u in reversed(parent.items()):
            if (u, v, j) in number:
                sent[number[u, v, j]] = below[v]
            below[u] += below[v]
    model.f.write(sent)


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
