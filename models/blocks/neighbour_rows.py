r"""Neighbour rows only: every unit of a zone has a neighbour in it. A *relaxation* of contiguity.

.. math::

    x_{vj} \le \sum_{u \in N(v)} x_{uj} \quad v \ne r_j \ (13)

Two units far from their school may vouch for each other, so an answer can have islands; its dual
bound holds for the question all the same. It is the base of every other formulation, and the model
that the separator loop starts from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.blocks import rules
from fairbound.models.core.problem import Formulation, Scope

if TYPE_CHECKING:
    from fractions import Fraction

    from fairbound.models.blocks.instance import ZoneInstance
    from pyomo.core import ConcreteModel


def build(
    instance: ZoneInstance, objective: str, relaxed: bool = False, share_level: Fraction | None = None
) -> ConcreteModel:
    """Build the model; see the module for its equations."""
    model = rules.start_model("neighbour_rows", instance, relaxed)
    if instance.contiguous:
        rules.neighbour_rows(model)
    rules.set_goal(model, objective, share_level)
    return model


FORMULATION = Formulation(
    name="neighbour_rows",
    summary="every unit has a neighbour in its zone: a relaxation of contiguity",
    build=build,
    extract=rules.extract,
    assign=rules.assign,
    refuses=rules.refuses,
    scope=Scope.RELAXATION,
)
