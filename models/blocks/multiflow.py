r"""Multi-commodity flow: every unit of a zone draws its own unit of flow from the school.

.. math::

    \sum_{a \in \delta^-(u)} f^{vj}_a - \sum_{a \in \delta^+(u)} f^{vj}_a =
    \begin{cases} x_{vj} & u = v \\ 0 & u \ne v, r_j \end{cases} \ (17a), \qquad
    \sum_{a \in \delta^-(u)} f^{vj}_a \le x_{uj} \ (17b)

By max-flow min-cut its LP bound is that of all separator rows (19) together. One commodity a pair
(unit, school) makes it a formulation for small cities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.blocks import rules
from fairbound.models.blocks.reductions import fixed_options
from fairbound.models.core.arrays import Columns, Entries
from fairbound.models.core.problem import Formulation

if TYPE_CHECKING:
    from fairbound.models.blocks.instance import ZoneInstance, Zoning
    from pyomo.core import ConcreteModel

MOST_FLOWS = 300_000


Commodity = tuple[int, int, list[tuple[int, int]]]
"""Unit, school, arcs."""


def _commodities(instance: ZoneInstance, zone_units: list[list[int]]) -> list[Commodity]:
    found = []
    for j, units in enumerate(zone_units):
        inside, root = set(units), instance.roots[j]
        arcs = [(u, w) for u in units for w in instance.neighbours[u] if w in inside and w != root]
        found += [(v, j, [(u, w) for u, w in arcs if u != v]) for v in units if v != root]
    return found


def build(instance: ZoneInstance, objective: str, relaxed: bool = False) -> ConcreteModel:
    """Build the model; see the module for its equations."""
    model = rules.start_model("multiflow", instance, relaxed)
    if instance.contiguous:
        ids, names = [unit.id for unit in instance.units], [school.id for school in instance.schools]
        commodities = _commodities(instance, model.zone_units)
        keys = [(v, j, u, w) for v, j, arcs in commodities for u, w in arcs]
        model.f = Columns(
            len(keys), lambda: [(ids[v], names[j], ids[u], ids[w]) for v, j, u, w in keys], lower=0, upper=1
        )
        model.flow = {key: place for place, key in enumerate(keys)}
        _add_commodities(model, commodities)
    rules.set_goal(model, objective)
    return model


def _add_commodities(model: ConcreteModel, commodities: list[Commodity]) -> None:
    """Equations (17a) and (17b), a row for each unit that a commodity passes."""
    instance: ZoneInstance = model.instance
    balance, inside = Entries(), Entries()
    for v, j, arcs in commodities:
        into: dict[int, list[int]] = {v: []}
        out_of: dict[int, list[int]] = {}
        for u, w in arcs:
            into.setdefault(w, []).append(model.flow[v, j, u, w])
            out_of.setdefault(u, []).append(model.flow[v, j, u, w])
        names = instance.units[v].id, instance.schools[j].id
        for u in sorted({*into, *out_of} - {instance.roots[j]}):
            inflow, outflow = into.get(u, []), out_of.get(u, [])
            key = (*names, instance.units[u].id)
            drawn = [(model.x, model.number[v, j], -1)] if u == v else []
            arriving = [(model.f, place, 1) for place in inflow]
            balance.add(key, [*arriving, *((model.f, place, -1) for place in outflow), *drawn])
            if u != v and inflow:
                inside.add(key, [*arriving, (model.x, model.number[u, j], -1)])
    model.eq17a_balance = balance.rows(lower=0, upper=0)
    model.eq17b_inside = inside.rows(upper=0)


def assign(model: ConcreteModel, zoning: Zoning) -> None:
    """Write a zoning, and every unit's flow along a path of its zone."""
    rules.assign(model, zoning)
    instance: ZoneInstance = model.instance
    if not instance.contiguous:
        return
    sent = np.zeros(len(model.f))
    for j, parent in enumerate(rules.zone_trees(instance, zoning)):
        for v in parent:
            w = v
            while w in parent:
                arc = model.flow.get((v, j, parent[w], w))
                if arc is not None:
                    sent[arc] = 1.0
                w = parent[w]
    model.f.write(sent)


def refuses(instance: ZoneInstance, objective: str) -> str | None:
    """Refuse a city with too many flow variables."""
    options = fixed_options(instance)
    zone_units = [[i for i, s in enumerate(options) if j in s] for j in range(len(instance.schools))]
    arcs = (sum(j in options[w] for u in units for w in instance.neighbours[u]) for j, units in enumerate(zone_units))
    flows = sum(count * len(units) for count, units in zip(arcs, zone_units, strict=True))
    if flows > MOST_FLOWS:
        return f"about {flows} flow variables are too many (at most {MOST_FLOWS})"
    return rules.refuses(instance, objective)


FORMULATION = Formulation(
    name="multiflow",
    summary="one flow per unit and school: the LP bound of all separators, for small cities",
    build=build,
    extract=rules.extract,
    assign=assign,
    refuses=refuses,
)
