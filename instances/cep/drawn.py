"""Drawn districts: schools of any number, from stated distributions."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from fairbound.instances.core.entry import Generator
from fairbound.instances.core.settings import flag, share, whole
from fairbound.instances.core.tables import csv_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def district(settings: Mapping[str, str], seed: int) -> dict[str, str]:
    """A table of schools.

    Enrolment is log-normal around 450 students (sigma 0.6), at least 20. Identified shares follow a beta
    distribution with mean ``share`` and the two parameters adding up to 4. With ``meals=yes`` a school serves 180 days
    of breakfasts to an even share of 10 to 60 % of its students, and of lunches to 40 to 95 %.

    Raises
    ------
    InputError
        For a setting that cannot be meant.
    """
    n, meals, mean = whole(settings, "n", 1), flag(settings, "meals"), float(share(settings, "share"))
    random = Random(f"district {n} {settings['share']} {settings['meals']} {seed}")
    counted = ("breakfasts", "lunches") if meals else ()
    rows: list[tuple[str, ...]] = [("school_id", "enrolled", "identified", *counted)]
    for i in range(1, n + 1):
        enrolled = max(20, round(450 * random.lognormvariate(0, 0.6)))
        identified = round(enrolled * _beta(random, mean))
        served = (round(180 * enrolled * random.uniform(0.1, 0.6)), round(180 * enrolled * random.uniform(0.4, 0.95)))
        rows.append((f"s{i}", str(enrolled), str(identified), *(map(str, served) if meals else ())))
    return {"": csv_text(rows)}


def _beta(random: Random, mean: float) -> float:
    return mean if mean in (0, 1) else random.betavariate(4 * mean, 4 * (1 - mean))


GENERATORS = (
    Generator(
        "cep",
        "district",
        "a district of n schools; share is the mean identified share, meals=yes counts meals school by school",
        {"n": None, "share": "0.4", "meals": "no"},
        district,
        "district.csv",
    ),
)
