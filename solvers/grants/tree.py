"""Tree certificates of grants: changes by district and function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairbound.models.grants.instance import GrantsInstance, Plan


def solution_json(_instance: GrantsInstance, plan: Plan) -> list[list[Any]]:
    """Changes in dollars per student."""
    return [[d, f, str(x)] for d, f, x in plan.changes]
