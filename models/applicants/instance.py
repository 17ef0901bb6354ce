"""Single applicants to two schools: the seed's experiment as a question of its own.

Applicants of the first school are divided between it and a second one. Equation numbers are those
of ``docs/blocks.md``. Source: Datathon Fall 2024, SFUSD Student Program Optimization.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text
from fairbound.models.core.parameters import Form, Parameter, limits
from fairbound.models.core.problem import Instance, Objective, Sense

if TYPE_CHECKING:
    from collections.abc import Sequence

TVD, INCOME, LOSS, WORST = "tvd", "income", "loss", "worst_tvd"
OBJECTIVES = (
    Objective(TVD, Sense.MINIMIZE, "share", "total variation distance of the first school, equation (20)", Fraction(0)),
    Objective(INCOME, Sense.MINIMIZE, "share", "relative gap of its mean income, equation (21)", Fraction(0)),
    Objective(
        LOSS, Sense.MINIMIZE, "share", "the sum of both: the loss that the seed means, equation (22)", Fraction(0)
    ),
    Objective(
        WORST, Sense.MINIMIZE, "share", "total variation distance of the worst school, equation (27)", Fraction(0)
    ),
)


@dataclass(frozen=True)
class Cell:
    """Applicants who are alike: same block group, same race, same income.

    ``income`` is the median household income of their block group in dollars, or ``None``.
    """

    place: str
    race: str
    count: int
    income: Fraction | None = None


def _seats(text: str) -> tuple[int, int]:
    parts = text.split("-")
    if not 1 <= len(parts) <= 2 or not all(part.strip().isdecimal() for part in parts):
        raise ValueError(text)
    return int(parts[0]), int(parts[-1])


SEATS = Form(
    _seats,
    lambda seats: str(seats[0]) if seats[0] == seats[1] else f"{seats[0]}-{seats[1]}",
    "a number, or two joined by -",
)
Named = tuple[tuple[str, ...], int, int, tuple[int, ...]]
"""Schools, the first one's fewest and most seats, and the seats of those after it."""


def _named(text: str) -> Named:
    names, seats = [], []
    for part in text.split(";"):
        name, equals, count = part.rpartition("=")
        if not equals or not name.strip() or not count.strip().isdecimal():
            raise ValueError(text)
        names.append(name.strip())
        seats.append(int(count))
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(text)
    # That the seats add up to the applicants is for the instance to see.
    return tuple(names), seats[0], seats[0], tuple(seats[1:])


def _written(value: Named) -> str:
    schools, fewest, _, rest = value
    if not rest:
        return ""
    return ";".join(f"{name}={count}" for name, count in zip(schools, (fewest, *rest), strict=True))


SCHOOLS = Form(_named, _written, "NAME=SEATS for each school, joined by ;")
PARAMETERS = (
    Parameter("seats", SEATS, "the seed's 22", "seats that the first school fills", fields=("fewest", "most")),
    Parameter(
        "schools",
        SCHOOLS,
        "",
        "schools with their seats",
        "",
        fields=("schools", "fewest", "most", "rest"),
        silent=True,
    ),
    *limits(OBJECTIVES),
)


@dataclass(frozen=True)
class ApplicantInstance(Instance):
    """Applicants in cells, two schools or more, and how many seats the first one fills.

    Attributes
    ----------
    fewest, most
        n_1 is between them; equal for fixed seats. Of two schools the second takes the rest.
    rest
        Seats of the schools after the first, where they are named; all seats together are the applicants.
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = PARAMETERS
    name: str
    cells: tuple[Cell, ...]
    schools: tuple[str, ...]
    fewest: int
    most: int
    rest: tuple[int, ...] = ()
    limits: tuple[tuple[str, Fraction], ...] = ()
    repairs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.cells:
            raise InputError("no applicants", wanted="at least one")
        for cell in self.cells:
            if cell.count < 0:
                raise InputError(f"applicants of {cell.place}, {cell.race}", found=cell.count, wanted="at least 0")
        keys = [(cell.place, cell.race, cell.income) for cell in self.cells]
        if len(set(keys)) < len(keys):
            raise InputError("two cells of the same applicants", wanted="each block group, race and income once")
        if not 1 <= self.fewest <= self.most <= self.total:
            wanted = f"1 to the {self.total} applicants"
            raise InputError("parameter seats", found=f"{self.fewest}-{self.most}", wanted=wanted)

        if len(self.schools) < 2 or (self.rest and len(self.rest) != len(self.schools) - 1):
            raise InputError(
                "parameter schools", found=len(self.schools), wanted="two schools or more, each with seats"
            )
        if len(self.schools) > 2 and not self.rest:
            raise InputError("parameter schools", found=len(self.schools), wanted="seats for each")
        if self.rest and (self.fewest != self.most or self.most + sum(self.rest) != self.total):
            found = f"{self.most + sum(self.rest)} seats"
            raise InputError("parameter schools", found=found, wanted=f"seats for the {self.total} applicants, no more")

    @property
    def problem(self) -> str:
        """Name of the problem."""
        return "applicants"

    def seats_of(self, first: int) -> tuple[int, ...]:
        """Seats of every school where the first one fills so many."""
        return (first, *(self.rest or (self.total - first,)))

    def filled(self, counts: Sequence[int]) -> Division:
        """The division that gives the first school these and the others the rest, in the order of the cells."""
        left = [cell.count - count for cell, count in zip(self.cells, counts, strict=True)]
        more = []
        for seats in self.rest[:-1]:
            taken: list[int] = []
            for c, count in enumerate(left):
                taken.append(max(0, min(count, seats - sum(taken))))
                left[c] -= taken[-1]
            more.append(tuple(taken))
        return Division(tuple(counts), tuple(more))

    def canonical(self) -> dict[str, Any]:
        """What the digest is taken from."""
        return {
            "problem": self.problem,
            "cells": [
                [c.place, c.race, str(c.count), "" if c.income is None else decimal_text(c.income)] for c in self.cells
            ],
            "schools": list(self.schools),
            "parameters": self.parameters,
        }

    @cached_property
    def total(self) -> int:
        """All applicants."""
        return sum(cell.count for cell in self.cells)

    @cached_property
    def races(self) -> tuple[str, ...]:
        """Races, in the order of the cells."""
        return tuple(dict.fromkeys(cell.race for cell in self.cells))

    def race_counts(self, counts: Sequence[int]) -> tuple[int, ...]:
        """Applicants of each race among those that ``counts`` takes of each cell."""
        sums = dict.fromkeys(self.races, 0)
        for cell, count in zip(self.cells, counts, strict=True):
            sums[cell.race] += count
        return tuple(sums.values())

    @cached_property
    def has_incomes(self) -> bool:
        """Whether every applicant has an income, and their mean is above 0: income gaps (21) are shares of it."""
        known = all(cell.income is not None for cell in self.cells if cell.count)
        return known and sum(cell.count * (cell.income or Fraction(0)) for cell in self.cells) > 0

    @cached_property
    def mean_income(self) -> Fraction:
        """Mean income of all applicants; 1 where there is none."""
        amounts = (cell.count * (cell.income or Fraction(0)) for cell in self.cells)
        return sum(amounts, Fraction(0)) / self.total or Fraction(1)


@dataclass(frozen=True)
class Division:
    """A solution: how many applicants of every cell go to the first school, in the cells' order.

    Attributes
    ----------
    more
        The same for the schools between the first and the last, which takes the rest.
    """

    counts: tuple[int, ...]
    more: tuple[tuple[int, ...], ...] = ()

    def by_school(self, instance: ApplicantInstance) -> list[tuple[int, ...]]:
        """The counts of every school."""
        given = [self.counts, *self.more]
        rest = tuple(
            cell.count - sum(taken) for cell, taken in zip(instance.cells, zip(*given, strict=True), strict=True)
        )
        return [*given, rest]
