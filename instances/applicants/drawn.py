"""Drawn pools of applicants: races and block groups with incomes, in the layout of the seed's two tables."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from fairbound.instances.core.entry import Generator
from fairbound.instances.core.settings import whole
from fairbound.instances.core.tables import csv_text
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

RACES = ("White", "Hispanic", "Chinese", "Black or African American", "Filipino", "Asian Indian", "Two or More")
COUNTY = "06075"


def pool(settings: Mapping[str, str], seed: int) -> dict[str, str]:
    """Applicants of one school, and the sheet of block groups.

    Each block group has a median income, log-normal around 90,000 dollars (sigma 0.45, whole thousands), and weights of
    the races that are squares of even draws. An applicant's block group is drawn evenly, his race by its weights.

    Raises
    ------
    InputError
        For a setting that cannot be meant.
    """
    n, places, races = whole(settings, "n", 2, 10**5), whole(settings, "places", 1, 5000), whole(settings, "races", 1)
    if races > len(RACES):
        raise InputError("setting races", found=races, wanted=f"at most {len(RACES)}")
    random = Random(f"pool {n} {places} {races} {seed}")
    ids = [f"{COUNTY}{100 + i // 9:06d}{1 + i % 9}" for i in range(places)]
    sheet = [("Geoid1", "Median HH Income")]
    sheet += [(place, f"${1000 * round(90 * random.lognormvariate(0, 0.45)):,}") for place in ids]
    weights = [[random.random() ** 2 for _ in range(races)] for _ in ids]
    rows = [("SchoolName", "Grade", "ProgramCode", "Race", "Block Group")]
    for _ in range(n):
        k = random.randrange(places)
        [race] = random.choices(RACES[:races], weights[k])
        rows.append(("Alder ES", "K", "GE", race, ids[k]))
    return {"": csv_text(rows), "_block_groups": csv_text(sheet)}


GENERATORS = (
    Generator(
        "applicants",
        "pool",
        "n applicants of some races from places with incomes; half of them get a seat",
        {"n": None, "places": "12", "races": "5"},
        pool,
        "applications.csv",
    ),
)
