"""Single applicants to two schools: the seed's experiment as a question of its own.

Applicants of the first school are divided between it and a second one. Equation numbers are those
of ``docs/blocks.md``. Source: Datathon Fall 2024, SFUSD Student Program Optimization.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from fairbound.models.errors import InputError
from fairbound.models.exact import common_measure, decimal_text
from fairbound.models.parameters import read_number
from fairbound.models.problem import Evaluation, Instance, Objective, Parameter, Sense, Violation

TVD, INCOME, LOSS = "tvd", "income", "loss"
OBJECTIVES = (
    Objective(TVD, Sense.MINIMIZE, "share", "total variation distance of the first school, equation (20)", Fraction(0)),
    Objective(INCOME, Sense.MINIMIZE, "share", "relative gap of its mean income, equation (21)", Fraction(0)),
    Objective(
        LOSS, Sense.MINIMIZE, "share", "the sum of both: the loss that the seed means, equation (22)", Fraction(0)
    ),
)
PARAMETERS = (
    Parameter("seats", "a number or two joined by -", "the seed's 22", "seats that the first school fills"),
    *(Parameter(f"max_{o.name}", "a number or none", "none", f"largest value of {o.name}", "none") for o in OBJECTIVES),
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


@dataclass(frozen=True)
class ApplicantInstance(Instance):
    """Applicants in cells, two schools, and how many seats the first one fills.

    Attributes
    ----------
    fewest, most
        n_1 is between them; equal for fixed seats. The rest goes to the second school.
    """

    name: str
    cells: tuple[Cell, ...]
    schools: tuple[str, str]
    fewest: int
    most: int
    ceilings: tuple[tuple[str, Fraction], ...] = ()

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

    @property
    def parameters(self) -> dict[str, str]:
        seats = str(self.fewest) if self.fewest == self.most else f"{self.fewest}-{self.most}"
        return {"seats": seats} | {f"max_{name}": decimal_text(value) for name, value in self.ceilings}

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


def evaluate(instance: ApplicantInstance, division: Division) -> Evaluation:
    """Score a division exactly: equations (20) to (22), for both schools."""
    cells = instance.cells
    if len(division.counts) != len(cells):
        return Evaluation(
            {}, (Violation("every cell once", "the division", str(len(division.counts)), str(len(cells))),)
        )
    broken = [
        Violation("applicants of a cell", f"{cell.place}, {cell.race}", str(count), f"0 to {cell.count}")
        for cell, count in zip(cells, division.counts, strict=True)
        if not 0 <= count <= cell.count
    ]
    taken = sum(division.counts)
    if not instance.fewest <= taken <= instance.most:
        wanted = f"{instance.fewest} to {instance.most}"
        broken.append(Violation("seats", instance.schools[0], str(taken), wanted))
    if broken:
        return Evaluation({}, tuple(broken))
    rest = tuple(cell.count - count for cell, count in zip(cells, division.counts, strict=True))
    values, second = _values(instance, division.counts), _values(instance, rest)
    for name, limit in instance.ceilings:
        if name not in values or values[name] > limit:
            found = decimal_text(values[name]) if name in values else "no incomes"
            broken.append(Violation(f"max_{name}", instance.schools[0], found, f"at most {decimal_text(limit)}"))
    measures = {f"second_{name}": value for name, value in second.items()} | {"seats": Fraction(taken)}
    return Evaluation(values, tuple(broken), measures)


def _values(instance: ApplicantInstance, counts: Sequence[int]) -> dict[str, Fraction]:
    taken = sum(counts)
    if not taken:
        return {}
    everyone = instance.race_counts([cell.count for cell in instance.cells])
    gaps = (
        Fraction(n, taken) - Fraction(m, instance.total)
        for n, m in zip(instance.race_counts(counts), everyone, strict=True)
    )
    values = {TVD: sum((abs(gap) for gap in gaps), Fraction(0)) / 2}
    if instance.has_incomes:
        amounts = (n * (c.income or Fraction(0)) for n, c in zip(counts, instance.cells, strict=True))
        mean = sum(amounts, Fraction(0)) / taken
        values[INCOME] = abs(mean - instance.mean_income) / instance.mean_income
        values[LOSS] = values[TVD] + values[INCOME]
    return values


def with_parameters(instance: ApplicantInstance, given: Mapping[str, str]) -> ApplicantInstance:
    """A new instance with other seats or ceilings; raises ``InputError``."""
    ceilings, changes = dict(instance.ceilings), dict[str, Any]()
    for name, raw in given.items():
        text = raw.strip()
        if name == "seats":
            parts = text.split("-")
            if not 1 <= len(parts) <= 2 or not all(part.strip().isdecimal() for part in parts):
                raise InputError("parameter seats", found=raw, wanted="22, or 18-22")
            changes = {"fewest": int(parts[0]), "most": int(parts[-1])}
        elif text in ("", "none"):
            ceilings.pop(name.removeprefix("max_"), None)
        else:
            ceilings[name.removeprefix("max_")] = read_number(name, text, "a number or none")
    return replace(instance, **changes, ceilings=tuple(sorted(ceilings.items())))


def bounded(instance: ApplicantInstance, objective: str, value: Fraction) -> ApplicantInstance:
    """The instance with one more rule: ``objective`` is at most ``value``."""
    ceilings = dict(instance.ceilings)
    ceilings[objective] = min(value, ceilings.get(objective, value))
    return replace(instance, ceilings=tuple(sorted(ceilings.items())))


def lattice(instance: ApplicantInstance, objective: str) -> Fraction | None:
    """A rational of which every achievable value is a multiple.

    With n_1 seats TVD is an integer over n_1 N: the gaps N n_r - n_1 N_r sum to 0, so half of their
    absolute sum is a whole number.
    """
    sizes = range(instance.fewest, instance.most + 1)
    per_size = [Fraction(1, size * instance.total) for size in sizes]
    if objective != TVD:
        if not instance.has_incomes:
            return None
        cents = common_measure((cell.income or Fraction(0)) - instance.mean_income for cell in instance.cells)
        steps = [(cents or Fraction(1)) / (size * instance.mean_income) for size in sizes]
        per_size = steps if objective == INCOME else per_size + steps
    return common_measure(per_size)


def solution_rows(instance: ApplicantInstance, division: Division) -> list[dict[str, str]]:
    """One row per cell: its applicants, and how many go to the first school."""
    return [
        {"place": c.place, "race": c.race, "income": "" if c.income is None else decimal_text(c.income)}
        | {"applicants": str(c.count), "first": str(n)}
        for c, n in zip(instance.cells, division.counts, strict=True)
    ]


def solution_summary(instance: ApplicantInstance, division: Division) -> list[dict[str, str]]:
    """One row per race: applicants, and how many go to each school."""
    everyone = instance.race_counts([cell.count for cell in instance.cells])
    first = instance.race_counts(division.counts)
    one, other = instance.schools
    return [
        {"race": race, "applicants": str(total), one: str(mine), other: str(total - mine)}
        for race, total, mine in zip(instance.races, everyone, first, strict=True)
    ]


def facts(instance: ApplicantInstance) -> dict[str, str]:
    """Size of an instance for people."""
    return {"applicants": str(instance.total), "races": str(len(instance.races)), "cells": str(len(instance.cells))}


def read_solution(instance: ApplicantInstance, rows: Sequence[Mapping[str, str]]) -> Division:
    """Read a division from rows with ``place``, ``race``, ``income`` and ``first``; raises ``InputError``."""
    cells = {
        (r["place"], r["race"], r["income"]): i
        for i, r in enumerate(solution_rows(instance, Division((0,) * len(instance.cells))))
    }
    counts: dict[int, int] = {}
    for line, row in enumerate(rows, start=2):
        for column in ("place", "race", "income", "first"):
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted="place, race, income and first")
        key = (row["place"], row["race"], row["income"])
        if key not in cells or cells[key] in counts:
            raise InputError("unknown or repeated cell", row=line, found=", ".join(key))
        if not row["first"].strip().isdecimal():
            raise InputError("cannot be used", row=line, column="first", found=row["first"], wanted="a whole number")
        counts[cells[key]] = int(row["first"])
    return Division(tuple(counts.get(i, 0) for i in range(len(instance.cells))))
