"""Grid cities of growing size, a school for every two units of the city's side."""

from __future__ import annotations

from functools import partial
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
RACED = {
    f"grid of {units:,} (seed {seed})": partial(grid, units, schools, seed)
    for units, schools, seed in (
        (300, 8, 1),
        (300, 8, 2),
        (1000, 15, 1),
        (1000, 15, 9),
        (1500, 19, 1),
        (1500, 19, 2),
        (2000, 20, 1),
        (2000, 20, 2),
        (2000, 20, 4),
    )
}
"""Cities whose trees differ by the seed."""
