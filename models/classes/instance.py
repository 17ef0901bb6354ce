"""Class-type reassignment: who sits in which kind of class, so that groups of students score alike.

Equation numbers are those of ``docs/classes.md``. Source of the question: a simulation of 6,000 students, 275 classes
and 20 schools with known effects.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import common_measure, decimal_text, parse_number
from fairbound.models.core.parameters import COUNT, NUMBER, OPTIONAL, TEXT, Parameter
from fairbound.models.core.problem import Instance, Objective, Sense
from fairbound.models.core.text import says_nothing

MOVES, GAP = "moves", "gap"
OBJECTIVES = (
    Objective(MOVES, Sense.MINIMIZE, "students", "students who change their type of class, equation (4)", Fraction(0)),
    Objective(GAP, Sense.MINIMIZE, "points", "largest less smallest mean score of a group, equation (5)", Fraction(0)),
)

INCOME = "income"
INCOME_COLUMN, COHORT_COLUMN = "family_income", "cohort"
EVERYONE = "all"
ATTRIBUTES = {"small": "small", "ma": "MA", "aide": "aide"}
"""What a class may have, and the word for it in the name of a type."""

PARAMETERS = (
    Parameter("epsilon", OPTIONAL, "0.1", "largest gap between group means, in points", "none", limits=GAP),
    Parameter("moves", OPTIONAL, "none", "most students who change their type of class", "none", limits=MOVES),
    Parameter("small_effect", NUMBER, "5", "assumed points that a small class adds", fields=("small_effect",)),
    Parameter("ma_effect", NUMBER, "10", "assumed points that a teacher with a master's degree adds"),
    Parameter("aide_effect", NUMBER, "0", "assumed points that an aide adds", silent=True, free="0"),
    Parameter("groups", TEXT, INCOME, "income for income bands, or the column that names groups (race)"),
    Parameter("bands", COUNT, "4", "income bands of about equal size"),
    Parameter("cohort", TEXT, EVERYONE, "students who may move and count: a value of the column cohort, or all"),
)


@dataclass(frozen=True, slots=True)
class Student:
    """A student: his class, its school and what it has, his score in points, and what else the table says.

    Attributes
    ----------
    kind
        Those of ``ATTRIBUTES`` that his class has.
    labels
        Cells of the columns that the roster names.
    """

    id: str
    school: str
    kind: frozenset[str]
    score: Fraction
    labels: tuple[str, ...]


def kind_name(kind: frozenset[str]) -> str:
    """The name of a type of class: ``large``, ``small+MA``."""
    words = ["small" if "small" in kind else "large"]
    return "+".join(words + [word for key, word in ATTRIBUTES.items() if key in kind and key != "small"])


def _income(student: Student, text: str) -> Fraction:
    try:
        return parse_number(text)
    except ValueError:
        raise InputError(f"{INCOME_COLUMN} of student {student.id}", found=text, wanted="a number") from None


Cell = tuple[str, str, str]
"""Students who are alike: school, group, today's type."""


@dataclass(frozen=True)
class ClassInstance(Instance):
    """Students in classes, assumed effects, and the rules.

    Attributes
    ----------
    columns
        Names of the students' labels.
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = PARAMETERS
    name: str
    students: tuple[Student, ...]
    columns: tuple[str, ...]
    small_effect: Fraction = Fraction(5)
    ma_effect: Fraction = Fraction(10)
    aide_effect: Fraction = Fraction(0)
    groups: str = INCOME
    bands: int = 4
    cohort: str = EVERYONE
    limits: tuple[tuple[str, Fraction], ...] = ((GAP, Fraction(1, 10)),)
    title: str = ""
    repairs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.students:
            raise InputError("no students", wanted="at least one")
        for name, count in Counter(student.id for student in self.students).items():
            if count > 1:
                raise InputError("a student in two classes", found=name, wanted="every student once")
        for name, least in self.limits:
            if least < 0:
                raise InputError(f"limit on {name}", found=decimal_text(least), wanted="at least 0")

    def check_question(self) -> None:
        """Refuse a cohort or groups that nobody is in; raises ``InputError``."""
        if not self.members:
            known = sorted({student.labels[self._place(COHORT_COLUMN)] for student in self.students})
            raise InputError("parameter cohort", found=self.cohort, wanted=nearest(self.cohort, [*known, EVERYONE]))
        if self.groups == INCOME:
            filled = set(self._bands)
            missing = next((band for band in range(1, self.bands + 1) if band not in filled), None)
            if missing is not None:
                found = f"income band {missing} of {self.bands} has no students"
                raise InputError("a group with no students", found=found, wanted="fewer bands (--set bands=)")
        if len(self.group_sizes) < 2:
            only = ", ".join(self.group_sizes)
            raise InputError("a gap needs two groups", found=f"{self.groups}: {only}", wanted="another --set groups=")

    @property
    def problem(self) -> str:
        """Name of the problem."""
        return "classes"

    def canonical(self) -> dict[str, Any]:
        """Cells of students who are alike, and sums of scores: all that the answer depends on."""
        return {
            "problem": self.problem,
            "types": {name: [key for key in ATTRIBUTES if key in kind] for name, kind in self.kinds.items()},
            "groups": {group: [str(n), decimal_text(self.score_sums[group])] for group, n in self.group_sizes.items()},
            "cells": [[*cell, str(count)] for cell, count in self.cells.items()],
            "parameters": self.parameters,
        }

    # Who counts ------------------------------------------------------------------------------------

    def _place(self, column: str) -> int:
        """Where a column stands among the labels; raises ``InputError`` for an unknown one."""
        if column not in self.columns:
            raise InputError("no such column of students", found=column, wanted=nearest(column, self.columns))
        return self.columns.index(column)

    @cached_property
    def members(self) -> tuple[Student, ...]:
        """The students of the cohort."""
        if self.cohort == EVERYONE:
            return self.students
        place = self._place(COHORT_COLUMN)
        return tuple(student for student in self.students if student.labels[place] == self.cohort)

    @cached_property
    def _bands(self) -> tuple[int, ...]:
        """The income band of every member; equal incomes share a band."""
        place = self._place(INCOME_COLUMN)
        incomes = [_income(student, student.labels[place]) for student in self.members]
        below, seen = {}, 0
        for income, count in sorted(Counter(incomes).items()):
            below[income], seen = seen, seen + count
        return tuple(1 + self.bands * below[income] // len(incomes) for income in incomes)

    @cached_property
    def group_of(self) -> tuple[str, ...]:
        """The group of every member; raises ``InputError`` where one has none."""
        if self.groups == INCOME:
            return tuple(f"band {band}" for band in self._bands)
        place = self._place(self.groups)
        for student in self.members:
            label = student.labels[place]
            if says_nothing(label):
                what = f"student {student.id} has no {self.groups}"
                raise InputError(what, found=label, wanted="a group for each student")
        return tuple(student.labels[place] for student in self.members)

    # Sums ------------------------------------------------------------------------------------------

    @cached_property
    def kinds(self) -> dict[str, frozenset[str]]:
        """Types of classes that the members sit in, by name."""
        return dict(sorted((kind_name(kind), kind) for kind in {student.kind for student in self.members}))

    @cached_property
    def cells(self) -> dict[Cell, int]:
        """Students of each school, group and type, where there are some."""
        pairs = zip(self.members, self.group_of, strict=True)
        return dict(sorted(Counter((s.school, group, kind_name(s.kind)) for s, group in pairs).items()))

    @cached_property
    def seats(self) -> dict[tuple[str, str], int]:
        """Seats of each school and type: those taken today."""
        found: Counter[tuple[str, str]] = Counter()
        for (school, _, kind), count in self.cells.items():
            found[school, kind] += count
        return dict(found)

    @cached_property
    def group_sizes(self) -> dict[str, int]:
        """Students of each group, n_g."""
        return dict(sorted(Counter(self.group_of).items()))

    @cached_property
    def score_sums(self) -> dict[str, Fraction]:
        """Sum of today's scores of each group, S_g, in points."""
        sums = dict.fromkeys(self.group_sizes, Fraction(0))
        for student, group in zip(self.members, self.group_of, strict=True):
            sums[group] += student.score
        return sums

    @cached_property
    def effects(self) -> dict[str, Fraction]:
        """Assumed points that each type of class adds, equation (1)."""
        worth = {"small": self.small_effect, "ma": self.ma_effect, "aide": self.aide_effect}
        return {name: sum((worth[key] for key in kind), Fraction(0)) for name, kind in self.kinds.items()}

    @cached_property
    def unit(self) -> Fraction:
        """A rational of which every difference of effects is a multiple; 1 where they are all alike."""
        first, *rest = self.effects.values()
        return common_measure(effect - first for effect in rest) or Fraction(1)

    @cached_property
    def arcs(self) -> tuple[tuple[str, str, str, str], ...]:
        """Changes that are possible: school, group, from one type to another that the school has."""
        types: dict[str, list[str]] = {}
        for school, kind in self.seats:
            types.setdefault(school, []).append(kind)
        return tuple(
            (school, group, kind, other)
            for school, group, kind in self.cells
            for other in sorted(types[school])
            if other != kind
        )

    def gain(self, source: str, target: str) -> int:
        """Points that a change of type adds, in units."""
        return int((self.effects[target] - self.effects[source]) / self.unit)


@dataclass(frozen=True)
class Plan:
    """A solution: how many students of a school and group go from one type of class to another.

    Attributes
    ----------
    flows
        Pairs of (school, group, from, to) and a number above 0, sorted.
    """

    flows: tuple[tuple[tuple[str, str, str, str], int], ...]

    @staticmethod
    def of(flows: dict[tuple[str, str, str, str], int]) -> Plan:
        """The plan of some flows; those of nobody are left out."""
        return Plan(tuple(sorted((arc, count) for arc, count in flows.items() if count)))


STATUS_QUO = Plan(())
