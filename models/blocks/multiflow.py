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

import pyomo.environ as pyo
from fairbound.models.blocks import rules
from fairbound.models.blocks.reductions import fixed_options
from fairbound.models.core.problem import Formulation
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from fairbound.models.blocks.instance import ZoneInstance, Zoning

MOST_FLOWS = 300_000


def _commodities(instance: ZoneInstance, zone_units: list[list[int]]) -> list[tuple[int, int, list[tuple[int, int]]]]:
    """(unit, school, arcs) of every commodity."""
    found = []
    for j, units in enumerate(zone_units):
        inside, root = set(units), instance.roots[j]
        arcs = [(u, w) for u in units for w in instance.neighbours[u] if w in inside and w != root]
        found += [(v, j, [(u, w) for u, w in arcs if u != v]) for v in units if v != root]
    return found


def build(instance: ZoneInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = rules.start_model("multiflow", instance, relaxed)
    if instance.contiguous:
        ids = [unit.id for unit in instance.units]
        commodities = _commodities(instance, model.zone_units)
        keys = [(ids[v], instance.schools[j].id, ids[u], ids[w]) for v, j, arcs in commodities for u, w in arcs]
        model.f = pyo.Var(keys, bounds=(0, 1))
        model.flow = dict(
            zip(((v, j, u, w) for v, j, arcs in commodities for u, w in arcs), model.f.values(), strict=True)
        )
        model.eq17a_balance = pyo.ConstraintList()
        model.eq17b_inside = pyo.ConstraintList()
        for v, j, arcs in commodities:
            _add_commodity(model, v, j, arcs)
    rules.set_goal(model, objective)
    return model


def _add_commodity(model: pyo.ConcreteModel, v: int, j: int, arcs: list[tuple[int, int]]) -> None:
    root = model.instance.roots[j]
    into: dict[int, list[pyo.Var]] = {v: []}
    out_of: dict[int, list[pyo.Var]] = {}
    for u, w in arcs:
        into.setdefault(w, []).append(model.flow[v, j, u, w])
        out_of.setdefault(u, []).append(model.flow[v, j, u, w])
    for u in sorted({*into, *out_of} - {root}):
        inflow, outflow = into.get(u, []), out_of.get(u, [])
        ends = [model.columns[v, j]] if u == v else []
        signs = [1] * len(inflow) + [-1] * len(outflow) + [-1] * len(ends)
        model.eq17a_balance.add(LinearExpression(linear_coefs=signs, linear_vars=[*inflow, *outflow, *ends]) == 0)
        if u != v and inflow:
            signs = [1] * len(inflow) + [-1]
            model.eq17b_inside.add(
                LinearExpression(linear_coefs=signs, linear_vars=[*inflow, model.columns[u, j]]) <= 0
            )


def assign(model: pyo.ConcreteModel, zoning: Zoning) -> None:
    """Write a zoning, and every unit's flow along a path of its zone."""
    rules.assign(model, zoning)
    instance: ZoneInstance = model.instance
    if not instance.contiguous:
        return
    for variable in model.flow.values():
        variable.set_value(0, skip_validation=True)
    for j, parent in enumerate(rules.zone_trees(instance, zoning)):
        for v in parent:
            w = v
            while w in parent:
                arc = model.flow.get((v, j, parent[w], w))
                if arc is not None:
                    arc.set_value(1, skip_validation=True)
                w = parent[w]


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
