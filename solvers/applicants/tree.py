"""Tree certificates of applicants: how many of each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.models.applicants.instance import ApplicantInstance, Division

if TYPE_CHECKING:
    from collections.abc import Sequence


def solution_json(_instance: ApplicantInstance, division: Division) -> list[int]:
    """Applicants of each cell."""
    return list(division.counts)


def solution_of(instance: ApplicantInstance, _system: Any, plan: Sequence[int]) -> Division:
    """The cells' columns come first."""
    return Division(tuple(plan[: len(instance.cells)]))
