"""Made-up counties of growing size."""

from __future__ import annotations

from fairbound.benchmarks.core.growth import Family
from fairbound.instances.core import catalogue

FAMILIES = (
    Family(
        "planar", "districts", (5, 10, 20, 40, 80, 160, 320), lambda count: catalogue.load(f"transfers/planar/{count}")
    ),
)
