"""Tree certificates of balanced comparisons: who is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.models.matching.instance import Comparison, MatchingInstance

if TYPE_CHECKING:
    from collections.abc import Sequence


def solution_json(_instance: MatchingInstance, comparison: Comparison) -> list[int]:
    """Places of those who are kept."""
    return [i for i, weight in enumerate(comparison.weights) if weight]


def solution_of(instance: MatchingInstance, _system: Any, plan: Sequence[int]) -> Comparison:
    """A column for each student."""
    members = len(instance.members)
    return Comparison.of(members, {i for i in range(members) if plan[i]})
