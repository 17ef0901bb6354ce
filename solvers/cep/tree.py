"""Tree certificates of CEP grouping with proportional meals: who is in CEP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.models.cep import CepInstance, Grouping

if TYPE_CHECKING:
    from collections.abc import Sequence


def solution_json(_instance: CepInstance, grouping: Grouping) -> list[list[str]]:
    """Groups of school ids."""
    return [list(group) for group in grouping.groups]


def solution_of(instance: CepInstance, system: Any, plan: Sequence[int]) -> Grouping:
    """The schools of each slot."""
    return Grouping.of(
        [school.id for school, column in zip(instance.schools, slot, strict=True) if plan[column]] for slot in system.x
    )
