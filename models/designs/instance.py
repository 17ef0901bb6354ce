"""Experimental design: divide a small cohort into two groups that look alike before anybody is treated.

Equation numbers are those of ``docs/matching.md``. Source: Bertsimas, Johnson and Kallus (2015).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import decimal_text, standard_deviation
from fairbound.models.core.parameters import IDS, NUMBER, Parameter
from fairbound.models.core.problem import Instance, Objective, Sense

DISCREPANCY = "discrepancy"
OBJECTIVES = (
    Objective(
        DISCREPANCY,
        Sense.MINIMIZE,
        "deviations",
        "largest difference of a mean and rho times that of a second moment, equation (10)",
        Fraction(0),
    ),
)
PARAMETERS = (
    Parameter("covariates", IDS, "every column", "columns of numbers that are to look alike"),
    Parameter("rho", NUMBER, "0.5", "weight of the second moments"),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject and his numbers, in the order of the instance's columns."""

    id: str
    numbers: tuple[Fraction, ...]


@dataclass(frozen=True)
class DesignInstance(Instance):
    """Subjects to be divided into two groups of one size."""

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = PARAMETERS
    name: str
    subjects: tuple[Subject, ...]
    columns: tuple[str, ...]
    covariates: tuple[str, ...]
    rho: Fraction = Fraction(1, 2)
    title: str = ""
    repairs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, count in Counter(subject.id for subject in self.subjects).items():
            if count > 1:
                raise InputError("a subject stands twice", found=name, wanted="every subject once")
        for covariate in self.covariates:
            if covariate not in self.columns:
                raise InputError("no such column", found=covariate, wanted=nearest(covariate, self.columns))
        if self.rho < 0:
            raise InputError("parameter rho", found=decimal_text(self.rho), wanted="at least 0")

    def check_question(self) -> None:
        """Refuse an odd number of subjects and covariates that tell nothing; raises ``InputError``."""
        n = len(self.subjects)
        if n < 2 or n % 2:
            raise InputError("subjects for two groups of one size", found=n, wanted="an even number of them")
        if not self.covariates:
            raise InputError("no covariates", wanted="at least one column of numbers")
        for covariate in self.covariates:
            place = self.columns.index(covariate)
            if len({subject.numbers[place] for subject in self.subjects}) < 2:
                raise InputError("a covariate without variance", found=covariate, wanted="another --set covariates=")

    @property
    def problem(self) -> str:
        """Name of the problem."""
        return "designs"

    def canonical(self) -> dict[str, Any]:
        """What the digest is taken from."""
        places = [self.columns.index(covariate) for covariate in self.covariates]
        subjects = [[s.id, *(decimal_text(s.numbers[place]) for place in places)] for s in self.subjects]
        return {"problem": self.problem, "subjects": subjects, "parameters": self.parameters}

    @cached_property
    def scores(self) -> dict[str, tuple[Fraction, ...]]:
        """Standardised values w of each covariate: mean 0, the standard deviation rounded down."""
        found = {}
        for covariate in self.covariates:
            place = self.columns.index(covariate)
            values = [subject.numbers[place] for subject in self.subjects]
            mean = sum(values, Fraction(0)) / len(values)
            deviation = standard_deviation(values)
            found[covariate] = tuple((value - mean) / deviation for value in values)
        return found


@dataclass(frozen=True)
class Design:
    """A solution: the ids of the first group. Groups may be exchanged; that of the first subject is the first."""

    first: frozenset[str]
