"""Drawn studies of growing size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.benchmarks.core.growth import Family
from fairbound.instances.classes.sources import drawn_settings, simulated_roster
from fairbound.instances.matching.sources import instance_of

if TYPE_CHECKING:
    from fairbound.models.matching.instance import MatchingInstance


def study(students: int) -> MatchingInstance:
    """Small against large classes among drawn students."""
    name = f"matching/drawn{students}"
    return instance_of(name, simulated_roster(drawn_settings(name), 1))


FAMILIES = (Family("drawn", "students", (200, 600, 2000, 6000, 20_000, 60_000, 200_000), study),)
