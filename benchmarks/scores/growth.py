"""Drawn tables of growing width and length, eight of whose features count."""

from __future__ import annotations

from fairbound.benchmarks.core.growth import Family
from fairbound.instances.scores.simulation import drawn_design
from fairbound.models.scores.instance import BEST_SUBSET, LAD, ScoresInstance

ROWS, COUNT = 5000, 8


def table(features: int, rows: int = ROWS) -> ScoresInstance:
    """Correlated features."""
    design = drawn_design(features, rows, COUNT, 0.5, 1)
    return ScoresInstance(f"scores/drawn {features}", design, k=COUNT)


FAMILIES = (
    Family("best_subset", "features", (20, 50, 100, 200, 500, 1000, 2000), table, BEST_SUBSET),
    Family("least_absolute", "rows", (500, 1000, 2000, 5000, 10_000, 20_000, 50_000), lambda n: table(20, n), LAD),
)
