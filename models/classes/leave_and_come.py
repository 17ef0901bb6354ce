r"""Who leaves a type and who comes to it, counted apart: flows without saying which leaver comes where.

.. math::

    \textstyle\sum_a l_{sga} = \sum_b c_{sgb} \ (10), \qquad \sum_g l_{sga} = \sum_g c_{sga} \ (11), \qquad
    0 \le l_{sga} \le n_{sga}

with the gaps (7) of ``flows`` on the changes :math:`K_g = \sum_{s,a} \frac{e_a - e_0}{u} (c_{sga} - l_{sga})`.
Within a school and group, leavers and places are the sides of a transport problem with every arc open but the one to
where a student is, so any whole sums with (10) are those of flows (Gale 1957): the projection has the same solutions
and the same LP bound, and two variables a type in the place of one for each two.
"""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from fairbound.models.classes.flows import add_gap_rows, add_goal, assign_gap
from fairbound.models.classes.instance import ClassInstance, Plan
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation


def build(instance: ClassInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="leave_and_come")
    model.instance = instance
    arcs = instance.arcs
    domain = pyo.NonNegativeReals if relaxed else pyo.NonNegativeIntegers
    model.l = pyo.Var(list(dict.fromkeys((s, g, a) for s, g, a, _ in arcs)), domain=domain)
    model.c = pyo.Var(list(dict.fromkeys((s, g, b) for s, g, _, b in arcs)), domain=domain)
    base = min(instance.effects, key=lambda kind: (instance.effects[kind], kind))
    groups: dict[Any, list[Any]] = {}
    types: dict[Any, list[Any]] = {}
    changes: dict[str, list[tuple[Any, float]]] = {group: [] for group in instance.group_sizes}
    for side, sign in ((model.l, -1), (model.c, 1)):
        for (school, group, kind), variable in side.items():
            most = instance.cells[school, group, kind] if sign < 0 else instance.seats[school, kind]
            variable.setub(most)
            groups.setdefault((school, group), []).append((variable, sign))
            types.setdefault((school, kind), []).append((variable, sign))
            if instance.gain(base, kind):
                changes[group].append((variable, sign * instance.gain(base, kind)))
    model.eq10_group = pyo.ConstraintList()
    for terms in groups.values():
        model.eq10_group.add(weighted(terms) == 0)
    model.eq11_seats = pyo.ConstraintList()
    for terms in types.values():
        model.eq11_seats.add(weighted(terms) == 0)
    add_gap_rows(model, instance, changes, objective, relaxed)
    add_goal(model, instance, [(variable, 1) for variable in model.l.values()], objective)
    return model


def extract(model: pyo.ConcreteModel) -> Plan:
    """Lead leavers to places; who leaves a type that his like come to stays, and nothing else changes."""
    left: dict[tuple[str, str], dict[str, int]] = {}
    for side, sign in ((model.l, -1), (model.c, 1)):
        for (school, group, kind), variable in side.items():
            nets = left.setdefault((school, group), {})
            nets[kind] = nets.get(kind, 0) + sign * round(variable.value or 0)
    flows: dict[tuple[str, str, str, str], int] = {}
    for (school, group), nets in left.items():
        leavers = [kind for kind, net in nets.items() for _ in range(-net)]
        places = [kind for kind, net in nets.items() for _ in range(net)]
        for source, target in zip(leavers, places, strict=False):
            arc = (school, group, source, target)
            flows[arc] = flows.get(arc, 0) + 1
    return Plan.of(flows)


def assign(model: pyo.ConcreteModel, plan: Plan) -> None:
    """Write a plan, and what follows from it."""
    for variable in (*model.l.values(), *model.c.values()):
        variable.set_value(0, skip_validation=True)
    for (school, group, source, target), count in plan.flows:
        for variable in (model.l[school, group, source], model.c[school, group, target]):
            variable.set_value(variable.value + count, skip_validation=True)
    assign_gap(model, plan)


FORMULATION: Formulation[ClassInstance, Plan] = Formulation(
    name="leave_and_come",
    summary="how many students of each school and group leave each type, and how many come to it",
    build=build,
    extract=extract,
    assign=assign,
)
