"""Grid cities of growing size, a school for every two units of the city's side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.benchmarks.core.growth import Family
from fairbound.instances.core import catalogue
from fairbound.models.blocks.instance import DISSIMILARITY

if TYPE_CHECKING:
    from fairbound.models.core.problem import Instance

SEED = 1


def grid(units: int, schools: int | None = None, seed: int = SEED) -> Instance:
    """A grid city as its file is read."""
    return catalogue.load(f"blocks/grid/n={units},k={schools or max(2, round(units**0.5 / 2))}/{seed}")


FAMILIES = (
    Family("grid", "units", (100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200), grid, DISSIMILARITY),
    Family("two_zones", "units", (100, 400, 1600, 6400, 25_600), lambda units: grid(units, 2), DISSIMILARITY),
)
