"""Districts drawn from New York's schools, with replacement beyond their number."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from functools import partial

from fairbound.benchmarks.core.growth import Family
from fairbound.instances.core import catalogue
from fairbound.models.cep import PROBLEM, CepInstance
from fairbound.models.cep.instance import STUDENTS

SEED = 0


def resampled(size: int, seed: int = SEED) -> CepInstance:
    """``size`` of New York's schools with their meals, under the city's rates."""
    city = catalogue.load("cep/nyc1453")
    assert isinstance(city, CepInstance)
    chance = random.Random(seed)
    drawn = chance.sample(city.schools, size) if size <= len(city.schools) else chance.choices(city.schools, k=size)
    schools = tuple(replace(school, id=f"{school.id}.{i}") for i, school in enumerate(drawn))
    return replace(city, name=f"cep/nyc1453 resampled to {size}", schools=schools)


def proportional(size: int, seed: int = SEED) -> CepInstance:
    """The same, meals in proportion to enrolment."""
    city = resampled(size, seed)
    return replace(city, schools=tuple(replace(s, breakfasts=None, lunches=None) for s in city.schools))


def counted(size: int) -> CepInstance:
    """The same with whole students, as counts are; the city publishes means of several months."""
    city = proportional(size)
    schools = tuple(
        replace(
            s, enrolled=Fraction(max(round(s.enrolled), round(s.identified))), identified=Fraction(round(s.identified))
        )
        for s in city.schools
    )
    return replace(city, schools=schools)


def district(size: int, seed: int, cover: str) -> CepInstance:
    """``resampled`` under the threshold of its years: a quarter where schools may stay out."""
    threshold = "0.25" if cover == "any" else "0.40"
    return PROBLEM.with_parameters(resampled(size, seed), {"cover": cover, "threshold": threshold})


FAMILIES = (
    Family(
        "real_meals",
        "schools",
        (10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 20_480),
        resampled,
        narrows=True,
    ),
    Family(
        "real_meals_all_covered",
        "schools",
        (10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 20_480),
        resampled,
        parameters={"cover": "all"},
        narrows=True,
    ),
    Family(
        "proportional_meals",
        "schools",
        (100, 1000, 10_000, 100_000, 1_000_000),
        counted,
        STUDENTS,
        parameters={"threshold": "0.7", "rates": "none"},
    ),
)
RACED = {
    f"{size} schools (seed {seed}){', all covered' if cover == 'all' else ''}": partial(district, size, seed, cover)
    for size, seed, cover in ((50, 0, "any"), (50, 2, "any"), (50, 3, "all"), (50, 4, "all"), (100, 2, "all"))
}
"""Districts whose plans and trees differ by the seed."""
