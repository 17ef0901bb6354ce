"""Tiny pools of applicants, and their answers by enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from fairbound.models.applicants import ApplicantInstance, Cell, Division, evaluate
from tiny import Tiny


def divisions(instance: ApplicantInstance) -> list[Division]:
    """Every way to take some applicants of each cell."""
    return [Division(counts) for counts in product(*(range(cell.count + 1) for cell in instance.cells))]


def best_division(instance: ApplicantInstance, objective: str) -> Fraction | None:
    """The optimum over every division that breaks no rule."""
    scored = (evaluate(instance, division) for division in divisions(instance))
    return min((e.values[objective] for e in scored if e.feasible), default=None)


FEW = (Cell("a", "x", 2, Fraction(10)), Cell("a", "y", 1, Fraction(10)), Cell("b", "x", 1, Fraction(40)))
TINY = Tiny(
    problem="applicants",
    instances=(
        ApplicantInstance("four", FEW, ("one", "two"), 2, 2),
        ApplicantInstance("free seats", (*FEW, Cell("b", "z", 2, Fraction(25))), ("one", "two"), 1, 4),
        ApplicantInstance("everyone", FEW, ("one", "two"), 4, 4),
        ApplicantInstance("equal incomes", (Cell("a", "x", 3, Fraction(5)), Cell("a", "y", 2, Fraction(5))),
                          ("one", "two"), 2, 3),
    ),
    best=best_division,
)  # fmt: skip
NAMED = {instance.name: instance for instance in TINY.instances}
