"""Certificates of applicants: how many of each cell; where no tree is grown, a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.solvers.applicants.division_table import other_certificate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.applicants.instance import ApplicantInstance, Division


def solution_json(_instance: ApplicantInstance, division: Division) -> list[int]:
    """Applicants of each cell."""
    return list(division.counts)


def solution_of(instance: ApplicantInstance, _system: Any, plan: Sequence[int]) -> Division:
    """The cells' columns come first."""
    return instance.filled(plan[: len(instance.cells)])


__all__ = ["other_certificate", "solution_json", "solution_of"]
