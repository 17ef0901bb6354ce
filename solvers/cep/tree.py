"""Certificates of CEP grouping: trees with proportional meals, of who is in CEP; with any meals claim shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.models.cep import CepInstance, Grouping
from fairbound.solvers.cep import claim_shares
from fairbound.solvers.core.result import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction


def solution_json(_instance: CepInstance, grouping: Grouping) -> list[list[str]]:
    """Groups of school ids."""
    return [list(group) for group in grouping.groups]


def solution_of(instance: CepInstance, system: Any, plan: Sequence[int]) -> Grouping:
    """The schools of each slot."""
    return Grouping.of(
        [school.id for school, column in zip(instance.schools, slot, strict=True) if plan[column]] for slot in system.x
    )


def other_certificate(
    instance: CepInstance, objective: str, _value: Fraction, grouping: Grouping, seconds: float
) -> tuple[Mapping[str, Any], Grouping] | None:
    """A replayed certificate, found from a grouping, and the best one that is known then; ``None`` where none is."""
    if claim_shares.refuses(instance, objective) is not None or claim_shares.hesitates(instance, objective) is not None:
        return None
    answer = claim_shares.answer(instance, objective, Settings(time_limit=seconds), start=grouping)
    return None if answer.certificate is None else (answer.certificate, answer.solution)
