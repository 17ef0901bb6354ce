r"""A closer neighbour is in the zone: a *restriction* of contiguity that needs no flow.

.. math::

    x_{vj} \le \sum_{u \in N(v),\ d_{uj} < d_{vj}} x_{uj} \quad v \ne r_j \ (18)

Following closer neighbours leads to the school, so zones are connected; but a connected zone that
bends away from its school is forbidden, so the best value may be missed. Published zoning systems
use it as if it were contiguity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.blocks import rules
from fairbound.models.core.problem import Formulation, Scope

if TYPE_CHECKING:
    from fairbound.models.blocks.instance import ZoneInstance
    from pyomo.core import ConcreteModel


def build(instance: ZoneInstance, objective: str, relaxed: bool = False) -> ConcreteModel:
    """Build the model; see the module for its equations."""
    model = rules.start_model("closer_neighbour", instance, relaxed)
    if instance.contiguous:
        start, end = rules.edges(instance)
        travel = rules.travel(instance).numbers.reshape(model.number.shape)
        model.eq18_closer = rules.at_most_neighbours(model, lambda j: travel[end, j] < travel[start, j])
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
