"""Simulated districts of growing number, one grant for every thirty of them."""

from __future__ import annotations

from dataclasses import replace

from fairbound.benchmarks.core.growth import Family
from fairbound.instances.grants.sources import asked_of
from fairbound.instances.scores.simulation import Settings, simulate
from fairbound.models.grants.instance import FITTED, GrantsInstance


def state(districts: int) -> GrantsInstance:
    """The simulated districts after their last year."""
    panel = simulate(Settings(districts=districts)).panel
    found = asked_of(panel, f"grants/simulated{districts}", districts * 33_000, f"{districts} districts", FITTED)
    return replace(found, districts=max(2, districts // 30))


FAMILIES = (Family("simulated", "districts", (75, 150, 300, 600, 1200, 2400, 4800), state),)
