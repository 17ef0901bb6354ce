"""The simulation with a known truth: students, classes, schools, test scores, and what made them.

Source: the notebook that simulates class sizes for 6,000 students. Draws, their order and every number are the
notebook's under NumPy's legacy generator and seed 100. Its last sort is an unstable quicksort; here it is stable, so
the order of students within a class, which nothing depends on, may differ from a printed file.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import parse_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

RACES, RACE_SHARES = ("WHITE", "BLACK", "HISPANIC", "ASIAN"), (0.5, 0.15, 0.2, 0.15)
LEAST_INCOME, MOST_INCOME = 30_000, 150_000
SMALL_SIZE, LARGE_SIZE = 15.0, 30.0
FIRST_SMALL, FIRST_LARGE, FIRST_SCHOOL = 7001, 8001, 9001
BASE = 45
STUDENT_COLUMNS = ("student_id", "class_id", "school_id", "test_score", "family_income", "race", "cohort")
CLASS_COLUMNS = ("class_id", "school_id", "n_students", "class_size", "teacher_has_ma")
TRUTH_COLUMNS = ("quantity", "id", "value")
MOST = 10**6


@dataclass(frozen=True)
class Settings:
    """What the simulation may be told; the defaults are the notebook's.

    Attributes
    ----------
    regular, experimental
        Students of the cohort whose classes depend on income, race and ability, and of the one with random classes.
    schools
        Classes are spread over them at random.
    small_effect, ma_effect
        True points of a small class, and of a teacher with a master's degree.
    ma_small, ma_large
        Probability of such a teacher in a small and in a large class.
    school_effect
        School effects are even between minus this and this.
    aide, aide_effect
        Probability that a class has an aide, and its true points; at 0 the tables have no such column.
    ability
        Whether the table of students shows their ability: a study that measured it.
    """

    regular: int = 4000
    experimental: int = 2000
    schools: int = 20
    small_effect: float = 5
    ma_effect: float = 10
    ma_small: float = 0.5
    ma_large: float = 0.4
    school_effect: float = 5
    aide: float = 0
    aide_effect: float = 0
    ability: bool = False

    @staticmethod
    def read(texts: Mapping[str, str]) -> Settings:
        """From text; raises ``InputError``."""
        found: dict[str, Any] = {}
        for field in fields(Settings):
            text = texts.get(field.name)
            if text is None:
                continue
            if field.name == "ability":
                if text not in ("yes", "no"):
                    raise InputError("setting ability", found=text, wanted="yes or no")
                found[field.name] = text == "yes"
                continue
            try:
                number = parse_number(text)
            except ValueError:
                raise InputError(f"setting {field.name}", found=text, wanted="a number") from None
            whole = field.name in ("regular", "experimental", "schools")
            if whole and (number.denominator != 1 or not 0 <= number <= MOST):
                raise InputError(f"setting {field.name}", found=text, wanted=f"a whole number from 0 to {MOST:,}")
            share = field.name in ("ma_small", "ma_large", "aide")
            if share and not 0 <= number <= 1:
                raise InputError(f"setting {field.name}", found=text, wanted="a probability from 0 to 1")
            if abs(number) > MOST:
                raise InputError(f"setting {field.name}", found=text, wanted=f"a number up to {MOST:,}")
            found[field.name] = int(number) if whole else _plain(float(number))
        return Settings(**found)


def _plain(number: float) -> float | int:
    """A whole number as one: the notebook's coefficients are whole."""
    return int(number) if number.is_integer() else number


@dataclass(frozen=True)
class Simulated:
    """The tables that a study would export, and the truth that it would not know; rows of text below headers."""

    students: tuple[tuple[str, ...], ...]
    classes: tuple[tuple[str, ...], ...]
    truth: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=4)
def simulate(settings: Settings = Settings(), seed: int = 100) -> Simulated:
    """Draw a simulation; one seed gives one on every machine.

    Raises
    ------
    InputError
        For so few students that there is no small or no large class.
    """
    random = np.random.RandomState(seed % 2**32)
    n = settings.regular + settings.experimental
    if n < 1 or settings.schools < 1:
        raise InputError("a simulation without students or schools", wanted="at least one of each")
    race = random.choice(RACES, size=n, replace=True, p=RACE_SHARES)
    income = random.randint(low=LEAST_INCOME, high=MOST_INCOME, size=n)
    spread = np.log(MOST_INCOME) - np.log(LEAST_INCOME)
    luck = random.uniform(low=0, high=25, size=n)
    ability = 10 * (np.log(income) - np.log(LEAST_INCOME)) / spread + luck
    # In the regular cohort a small class is likelier for high incomes and abilities, and for some races.
    chance = 0.1 + 0.2 * (np.log(income) - np.log(LEAST_INCOME)) / spread
    chance = chance - 0.25 * (race == "WHITE") - 0.3 * (race == "ASIAN") + 0.02 * luck
    regular = np.arange(n) < settings.regular
    small = (random.uniform(size=n) < chance) & regular
    small = np.where(regular, small, random.uniform(size=n) < 0.5)
    class_of, classes, small_ones = _classes(small)
    small_class = np.arange(len(classes)) < small_ones
    draw = random.uniform(size=len(classes))
    ma = np.where(small_class, draw < settings.ma_small, draw < settings.ma_large)
    school = FIRST_SCHOOL + random.randint(low=0, high=settings.schools, size=len(classes))
    used = np.unique(school)
    # One effect for each school that has a class, in their order, as the notebook draws them.
    bound = settings.school_effect
    effect = random.uniform(low=-bound, high=bound, size=len(used))
    place = np.searchsorted(classes, class_of)
    score = BASE + 1 * ability + settings.small_effect * small_class[place] + settings.ma_effect * ma[place]
    score = score + 1 * effect[np.searchsorted(used, school[place])]
    order = random.permutation(n)
    aide = random.uniform(size=len(classes)) < settings.aide
    if settings.aide:
        score = score + settings.aide_effect * aide[place]
    order = order[np.argsort(class_of[order], kind="stable")]
    students = [
        (str(i), f"{class_of[k]}.0", str(school[place[k]]), repr(float(score[k])), str(income[k]), str(race[k]))
        + ("REGULAR" if regular[k] else "EXPERIMENTAL",)
        + ((repr(float(ability[k])),) if settings.ability else ())
        for i, k in enumerate(order)
    ]
    sizes = np.bincount(place, minlength=len(classes))
    table = [
        (f"{c}.0", str(school[j]), str(sizes[j]), "SMALL" if small_class[j] else "LARGE", str(bool(ma[j])))
        + ((str(bool(aide[j])),) if settings.aide else ())
        for j, c in enumerate(classes)
    ]
    truth: list[tuple[str, ...]] = [("base", "", str(BASE))]
    worth = {"small": settings.small_effect, "ma": settings.ma_effect, "aide": settings.aide_effect}
    truth += [("effect", name, repr(points)) for name, points in worth.items()]
    truth += [("school_effect", str(s), repr(float(x))) for s, x in zip(used, effect, strict=True)]
    truth += [("ability", str(i), repr(float(ability[k]))) for i, k in enumerate(order)]
    return Simulated(
        (STUDENT_COLUMNS + (("ability",) if settings.ability else ()), *students),
        (CLASS_COLUMNS + (("has_aide",) if settings.aide else ()), *table),
        (TRUTH_COLUMNS, *truth),
    )


def _classes(small: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The class of every student, one after the other in turn; the classes in order; and how many are small."""
    of = np.zeros(len(small), dtype=np.int64)
    found: list[NDArray[np.int64]] = []
    for who, size, first, word in (
        (small, SMALL_SIZE, FIRST_SMALL, "small"),
        (~small, LARGE_SIZE, FIRST_LARGE, "large"),
    ):
        number = int(who.sum())
        classes = int(number / size)
        if not classes:
            raise InputError(f"too few students for one {word} class", found=number, wanted=f"at least {size:.0f}")
        if found:  # more small classes than the notebook's numbers leave room for push the large ones up
            first = max(first, int(found[0][-1]) + 1)
        of[who] = first + np.arange(number) % classes
        found.append(first + np.arange(classes))
    return of, np.concatenate(found), len(found[0])
