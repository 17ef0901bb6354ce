"""Drawn cohorts of growing size."""

from __future__ import annotations

from fairbound.benchmarks.core.growth import Family
from fairbound.instances.classes.sources import drawn

FAMILIES = (
    Family("drawn", "students", (200, 600, 2000, 6000, 20_000, 60_000, 200_000), lambda n: drawn(f"classes/drawn{n}")),
    Family(
        "drawn_by_race",
        "students",
        (200, 600, 2000, 6000, 20_000, 60_000),
        lambda n: drawn(f"classes/drawn{n}"),
        parameters={"groups": "race"},
    ),
)
