"""Tree certificates of experimental designs: the first group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.models.designs.instance import Design, DesignInstance

if TYPE_CHECKING:
    from collections.abc import Sequence


def solution_json(instance: DesignInstance, design: Design) -> list[int]:
    """Places of the first group."""
    return [i for i, subject in enumerate(instance.subjects) if subject.id in design.first]


def solution_of(instance: DesignInstance, _system: Any, plan: Sequence[int]) -> Design:
    """A column for each subject."""
    return Design(frozenset(subject.id for subject, x in zip(instance.subjects, plan, strict=False) if x))
