"""Tiny pools of applicants, and their answers by enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from fairbound.benchmarks.core.tiny import Tiny
from fairbound.instances.applicants.sources import sfusd65
from fairbound.models.applicants import ApplicantInstance, Cell, Division, evaluate


def divisions(instance: ApplicantInstance) -> list[Division]:
    """Every way to take some applicants of each cell, for every school but the last."""
    taken = list(product(*(range(cell.count + 1) for cell in instance.cells)))
    return [Division(counts[0], counts[1:]) for counts in product(taken, repeat=len(instance.schools) - 1)]


def best_division(instance: ApplicantInstance, objective: str) -> Fraction | None:
    """The optimum over every division that breaks no rule."""
    scored = (evaluate(instance, division) for division in divisions(instance))
    return min((e.values[objective] for e in scored if e.feasible), default=None)


FEW = (Cell("a", "x", 2, Fraction(10)), Cell("a", "y", 1, Fraction(10)), Cell("b", "x", 1, Fraction(40)))
SIX = (*FEW, Cell("b", "z", 2, Fraction(25)))
TINY = Tiny(
    problem="applicants",
    instances=(
        ApplicantInstance("four", FEW, ("one", "two"), 2, 2),
        ApplicantInstance("free seats", (*FEW, Cell("b", "z", 2, Fraction(25))), ("one", "two"), 1, 4),
        ApplicantInstance("everyone", FEW, ("one", "two"), 4, 4),
        ApplicantInstance("equal incomes", (Cell("a", "x", 3, Fraction(5)), Cell("a", "y", 2, Fraction(5))),
                          ("one", "two"), 2, 3),
        ApplicantInstance("three schools", SIX, ("one", "two", "three"), 2, 2, (1, 3)),
        ApplicantInstance("two that are named", FEW, ("one", "two"), 1, 1, (3,)),
        ApplicantInstance("a school without seats", FEW, ("one", "two", "three"), 2, 2, (0, 2)),
    ),
    best=best_division,
    lp_bounds={
        ("applicants/sfusd65", "tvd"): {"cell_counts": 0.0, "unary_counts": 19 / 286},
        ("applicants/sfusd65", "worst_tvd"): {"school_counts": 0.0, "unary_counts": 19 / 286},
        ("three schools", "worst_tvd"): {"school_counts": 0.0, "unary_counts": 0.5},
        ("free seats", "loss"): {"cell_counts": 0.0, "unary_counts": 1 / 12},
    },
)  # fmt: skip
NAMED = {instance.name: instance for instance in (*TINY.instances, sfusd65())}
