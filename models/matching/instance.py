"""Balanced comparison: which treated and untreated students may be compared, so that both sides look alike.

Equation numbers are those of ``docs/matching.md``. Source: cardinality matching, Zubizarreta,
Paredes and Rosenbaum (2014).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, gcd
from typing import Any, ClassVar

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import common_measure, decimal_text, parse_number, standard_deviation, whole_multiples
from fairbound.models.core.parameters import IDS, NUMBER, TEXT, Parameter, limits
from fairbound.models.core.problem import Instance, Objective, Sense
from fairbound.models.core.text import says_nothing

PAIRS, WEIGHT, IMBALANCE = "pairs", "weight", "imbalance"
OBJECTIVES = (
    Objective(PAIRS, Sense.MAXIMIZE, "pairs", "treated students with a comparison each, equation (3)"),
    Objective(WEIGHT, Sense.MINIMIZE, "share", "largest weight of a student on his side, equation (4)", Fraction(0)),
    Objective(IMBALANCE, Sense.MINIMIZE, "deviations", "largest difference of a mean, equation (11)", Fraction(0)),
)
COHORT_COLUMN, EVERYONE = "cohort", "all"

PARAMETERS = (
    Parameter("tolerance", NUMBER, "0.01", "largest difference of means, in standard deviations"),
    Parameter("exact", IDS, "race;teacher_has_ma;school_id", "columns whose every value is as frequent on both sides"),
    Parameter("means", IDS, "family_income", "columns of numbers whose means agree within the tolerance"),
    Parameter("cohort", TEXT, EVERYONE, "students who may be compared: a value of the column cohort, or all"),
    *limits(objective for objective in OBJECTIVES if objective.name != WEIGHT),
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A student: whether he is treated, his outcome, and the cells of the instance's columns."""

    id: str
    treated: bool
    score: Fraction
    labels: tuple[str, ...]


@dataclass(frozen=True)
class MatchingInstance(Instance):
    """Students on two sides, and what must be alike.

    Attributes
    ----------
    exact
        Columns in fine balance, rule (1).
    means
        Columns of numbers in mean balance, rule (2).
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = PARAMETERS
    name: str
    units: tuple[Unit, ...]
    columns: tuple[str, ...]
    tolerance: Fraction = Fraction(1, 100)
    exact: tuple[str, ...] = ("race", "school_id", "teacher_has_ma")
    means: tuple[str, ...] = ("family_income",)
    cohort: str = EVERYONE
    limits: tuple[tuple[str, Fraction], ...] = ()
    title: str = ""
    repairs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, limit in self.limits:
            if limit < 0:
                raise InputError(f"limit on {name}", found=decimal_text(limit), wanted="at least 0")
        if self.tolerance < 0:
            raise InputError("parameter tolerance", found=decimal_text(self.tolerance), wanted="at least 0")
        for name, count in Counter(unit.id for unit in self.units).items():
            if count > 1:
                raise InputError("a student stands twice", found=name, wanted="every student once")
        for column in self.exact:
            if column in self.means:
                raise InputError("a covariate in exact and in means", found=column, wanted="one of them")

    def check_question(self) -> None:
        """Refuse a side without students and covariates that tell nothing; raises ``InputError``."""
        if not self.members:
            known = sorted({unit.labels[self._place(COHORT_COLUMN)] for unit in self.units})
            raise InputError("parameter cohort", found=self.cohort, wanted=nearest(self.cohort, [*known, EVERYONE]))
        for treated, word in ((True, "treated"), (False, "control")):
            if all(unit.treated is not treated for unit in self.members):
                raise InputError(f"no {word} students", found=f"cohort {self.cohort}", wanted="students on both sides")
        for column in self.exact:
            none = next((unit for unit in self.members if says_nothing(self.cell(unit, column))), None)
            if none is not None:
                wanted = "a value for each student, which may be a word such as unknown"
                raise InputError(f"student {none.id} has no {column}", found=self.cell(none, column), wanted=wanted)
            if len({unit.labels[self._place(column)] for unit in self.members}) < 2:
                raise InputError("a covariate without variance", found=column, wanted="leave it out (--set exact=)")
        for column in self.means:
            if len(set(self.numbers[column])) < 2:
                raise InputError("a covariate without variance", found=column, wanted="leave it out (--set means=)")

    @property
    def problem(self) -> str:
        """Name of the problem."""
        return "matching"

    def canonical(self) -> dict[str, Any]:
        """Sides, values of the columns in balance, and outcomes."""
        places = [self._place(column) for column in self.exact]
        units = [
            [unit.id, int(unit.treated), decimal_text(unit.score)]
            + [unit.labels[place] for place in places]
            + [decimal_text(self.numbers[column][i]) for column in self.means]
            for i, unit in enumerate(self.members)
        ]
        return {"problem": self.problem, "units": units, "parameters": self.parameters}

    def _place(self, column: str) -> int:
        if column not in self.columns:
            raise InputError("no such column of students", found=column, wanted=nearest(column, self.columns))
        return self.columns.index(column)

    def cell(self, unit: Unit, column: str) -> str:
        """A student's cell in a column; raises ``InputError`` for an unknown one."""
        return unit.labels[self._place(column)]

    @cached_property
    def members(self) -> tuple[Unit, ...]:
        """The students of the cohort."""
        if self.cohort == EVERYONE:
            return self.units
        place = self._place(COHORT_COLUMN)
        return tuple(unit for unit in self.units if unit.labels[place] == self.cohort)

    @cached_property
    def treated(self) -> tuple[int, ...]:
        """Members who are treated."""
        return tuple(i for i, unit in enumerate(self.members) if unit.treated)

    @cached_property
    def controls(self) -> tuple[int, ...]:
        """Members who are not."""
        return tuple(i for i, unit in enumerate(self.members) if not unit.treated)

    @cached_property
    def levels(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Members of each value of each column in fine balance."""
        found: dict[tuple[str, str], list[int]] = {}
        for column in self.exact:
            place = self._place(column)
            for i, unit in enumerate(self.members):
                found.setdefault((column, unit.labels[place]), []).append(i)
        return {key: tuple(found[key]) for key in sorted(found)}

    @cached_property
    def numbers(self) -> dict[str, tuple[Fraction, ...]]:
        """Values of the columns in mean balance; raises ``InputError`` for one that is no number."""
        found = {}
        for column in self.means:
            place = self._place(column)
            found[column] = tuple(_number(column, unit, unit.labels[place]) for unit in self.members)
        return found

    @cached_property
    def multiples(self) -> dict[str, tuple[list[int], Fraction]]:
        """The same as whole multiples of a unit of each column."""
        return {column: whole_multiples(values) for column, values in self.numbers.items()}

    @cached_property
    def deviations(self) -> dict[str, Fraction]:
        """Standard deviation of each column in mean balance among the members, rounded down."""
        return {column: standard_deviation(values) for column, values in self.numbers.items()}

    @cached_property
    def allowed(self) -> Fraction:
        """The largest difference of means in standard deviations: the tolerance, or a limit on the imbalance."""
        return min(self.tolerance, dict(self.limits).get(IMBALANCE, self.tolerance))

    @cached_property
    def fewest_pairs(self) -> int:
        """Pairs that there must be at least."""
        return max(0, ceil(dict(self.limits).get(PAIRS, Fraction(0))))

    @cached_property
    def mean_units(self) -> dict[str, Fraction]:
        """What the whole numbers of (2) count."""
        found = {}
        for column, (whole, unit) in self.multiples.items():
            allowed = self.allowed * self.deviations[column]
            finest = gcd(*(number - whole[0] for number in whole)) * unit
            found[column] = common_measure([finest, allowed]) or Fraction(1)
        return found

    @cached_property
    def mean_rows(self) -> dict[str, tuple[tuple[int, ...], int]]:
        """Rule (2) in whole numbers: d of each member, and the allowance for each pair.

        Values count from a number near their mean, which changes no difference between two sides of one size.
        """
        found = {}
        for column, (whole, step) in self.multiples.items():
            allowed = self.allowed * self.deviations[column]
            unit = self.mean_units[column]
            fine = step / unit  # differences of multiples, times this, are whole
            origin = round(fine * (Fraction(sum(whole), len(whole)) - whole[0]))
            offsets = tuple((number - whole[0]) * fine.numerator // fine.denominator - origin for number in whole)
            found[column] = (offsets, int(allowed / unit))
        return found


def _number(column: str, unit: Unit, text: str) -> Fraction:
    try:
        return parse_number(text)
    except ValueError:
        raise InputError(f"{column} of student {unit.id}", found=text, wanted="a number") from None


@dataclass(frozen=True)
class Comparison:
    """A solution: how much each member counts on his side, in the members' order; 1 and 0 for pairs."""

    weights: tuple[Fraction, ...]

    @staticmethod
    def of(members: int, chosen: set[int]) -> Comparison:
        """Those who are chosen count 1."""
        none, one = Fraction(0), Fraction(1)
        return Comparison(tuple(one if i in chosen else none for i in range(members)))
