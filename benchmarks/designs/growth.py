"""The first students of a simulated cohort."""

from __future__ import annotations

from fairbound.benchmarks.core.growth import Family
from fairbound.instances.designs.sources import simulated

FAMILIES = (
    Family("cohort", "subjects", (12, 16, 20, 24, 28, 32, 40, 60, 100), lambda n: simulated(f"designs/seed{n}")),
)
