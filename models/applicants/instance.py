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

TVD, INCOME, LOSS = "tvd", "income", "loss"
OBJECTIVES = (
    Objective(TVD, Sense.MINIMIZE, "share", "total variation distance of the first school, equation (20)", Fraction(0)),
    Objective(INCOME, Sense.MINIMIZE, "share", "relative gap of its mean income, equation (21)", Fraction(0)),
    Objective(
        LOSS, Sense.MINIMIZE, "share", "the sum of both: the loss that the seed means, equation (22)", Fraction(0)
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
PARAMETERS = (
    Parameter("seats", SEATS, "the seed's 22", "seats that the first school fills", fields=("fewest", "most")),
    *limits(OBJECTIVES),
)


@dataclass(frozen=True)
class ApplicantInstance(Instance):
    """Applicants in cells, two schools, and how many seats the first one fills.

    Attributes
    ----------
    fewest, most
        n_1 is between them; equal for fixed seats. The rest goes to the second school.
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = PARAMETERS
    name: str
    cells: tuple[Cell, ...]
    schools: tuple[str, str]
    fewest: int
    most: int
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

    @property
    def problem(self) -> str:
        return "applicants"

    def canonical(self) -> dict[str, Any]:
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
        return sum(cell.count for cell in self.cells)

    @cached_property
    def races(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cell.race for cell in self.cells))

    def race_counts(self, counts: Sequence[int]) -> tuple[int, ...]:
        """Applicants of each race among those that ``counts`` takes of each cell."""
        sums = dict.fromkeys(self.races, 0)
        for cell, count in zip(self.cells, counts, strict=True):
            sums[cell.race] += count
        return tuple(sums.values())

    @cached_property
    def has_incomes(self) -> bool:
        return all(cell.income is not None for cell in self.cells if cell.count)

    @cached_property
    def mean_income(self) -> Fraction:
        """Mean income of all applicants; 1 where it is 0, so that relative gaps stay finite."""
        amounts = (cell.count * (cell.income or Fraction(0)) for cell in self.cells)
        return sum(amounts, Fraction(0)) / self.total or Fraction(1)


@dataclass(frozen=True)
class Division:
    """A solution: how many applicants of every cell go to the first school, in the cells' order."""

    counts: tuple[int, ...]
