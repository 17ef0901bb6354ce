"""The seed's applicants, each so many times over, with so many times its seats."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.growth import Family
from fairbound.instances.applicants.sources import sfusd65

if TYPE_CHECKING:
    from fairbound.models.applicants.instance import ApplicantInstance


def times(factor: int) -> ApplicantInstance:
    """Each applicant ``factor`` times, but one of each cell, so that numbers have no common divisor."""
    seed = sfusd65()
    cells = tuple(replace(cell, count=cell.count * factor - (factor > 1)) for cell in seed.cells)
    seats = seed.fewest * factor
    return replace(seed, name=f"applicants/sfusd65 times {factor}", cells=cells, fewest=seats, most=seats)


FAMILIES = (Family("copies", "copies of 65 applicants", (1, 10, 100, 1000, 10_000, 100_000), times),)
