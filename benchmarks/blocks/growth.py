"""Grid cities of growing size, a school for every two units of the city's side."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.growth import Family
from fairbound.instances.core import catalogue
from fairbound.models.blocks.instance import DISSIMILARITY

if TYPE_CHECKING:
    from fairbound.models.core.problem import Instance

SEED = 1


def grid(units: int, schools: int | None = None, seed: int = SEED) -> Instance:
    """A grid city as its file is read."""
    given = {"n": str(units), "k": str(schools or max(2, round(units**0.5 / 2)))}
    with TemporaryDirectory() as folder:
        made = catalogue.write_made("blocks", "grid", given, seed, Path(folder) / "city.json")
        return catalogue.load(str(made[0]))


FAMILIES = (
    Family("grid", "units", (100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200), grid, DISSIMILARITY),
    Family("two_zones", "units", (100, 400, 1600, 6400, 25_600), lambda units: grid(units, 2), DISSIMILARITY),
)
