r"""A closer neighbour is in the zone: a *restriction* of contiguity that needs no flow.

.. math::

    x_{vj} \le \sum_{u \in N(v),\ d_{uj} < d_{vj}} x_{uj} \quad v \ne r_j \ (18)

Following closer neighbours leads to the school, so zones are connected; but a connected zone that
bends away from its school is forbidden, so the best value may be missed. Published zoning systems
use it as if it were contiguity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyomo.environ as pyo
from fairbound.models.blocks import rules
from fairbound.models.core.problem import Formulation, Scope

if TYPE_CHECKING:
    from fairbound.models.blocks.instance import ZoneInstance


def build(instance: ZoneInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = rules.start_model("closer_neighbour", instance, relaxed)
    if instance.contiguous:
        model.eq18_closer = pyo.ConstraintList()
        for j, units in enumerate(model.zone_units):
            for v in units:
                if v != instance.roots[j]:
                    far = instance.travel[v][j]
                    near = [u for u in instance.neighbours[v] if instance.travel[u][j] < far]
                    near = [u for u in near if (u, j) in model.columns]
                    rules.at_most_sum(model, model.eq18_closer, v, near, j)
    rules.set_goal(model, objective)
    return model


FORMULATION = Formulation(
    name="closer_neighbour",
    summary="a neighbour nearer to the school is in the zone: a restriction of contiguity",
    build=build,
    extract=rules.extract,
    assign=rules.assign,
    refuses=rules.refuses,
    scope=Scope.RESTRICTION,
)
