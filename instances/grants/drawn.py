"""Drawn districts to be granted: students, a score, and dollars per student by function."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from fairbound.instances.core.entry import Generator
from fairbound.instances.core.settings import whole
from fairbound.instances.core.tables import csv_text
from fairbound.instances.scores.simulation import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping


def districts(settings: Mapping[str, str], seed: int) -> dict[str, str]:
    """A table of districts; raises ``InputError`` for settings that cannot be meant.

    Students are log-normal around 900 (sigma 1.2), at least 40. Scores are normal, mean 19.5, deviation 1.5, to one
    decimal. Spending on a function is log-normal around its usual level (as in the simulated panels), whole dollars.
    """
    n, f = whole(settings, "n", 2, 20_000), whole(settings, "functions", 1, len(FUNCTIONS))
    random = Random(f"districts {n} {f} {seed}")
    names = list(FUNCTIONS)[:f]
    rows = [("district_id", "students", "score", *names)]
    for i in range(1, n + 1):
        students, score = max(40, round(random.lognormvariate(6.8, 1.2))), random.gauss(19.5, 1.5)
        spent = (round(FUNCTIONS[name][0] * random.lognormvariate(0, FUNCTIONS[name][1])) for name in names)
        rows.append((str(i), str(students), f"{min(36.0, max(1.0, score)):.1f}", *map(str, spent)))
    return {"": csv_text(rows)}


GENERATORS = (
    Generator(
        "grants",
        "districts",
        "n districts that spend on some functions; effects and money are parameters",
        {"n": None, "functions": "10"},
        districts,
        "districts.csv",
    ),
)
