"""Tree certificates of class types: the flows of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.models.classes.instance import ClassInstance, Plan

if TYPE_CHECKING:
    from collections.abc import Sequence


def solution_json(_instance: ClassInstance, plan: Plan) -> list[list[Any]]:
    """School, group, from, to and students of each flow."""
    return [[*arc, count] for arc, count in plan.flows]


def solution_of(instance: ClassInstance, _system: Any, plan: Sequence[int]) -> Plan:
    """The flows' columns come first, in the instance's order."""
    return Plan.of(dict(zip(instance.arcs, plan, strict=False)))
