"""Tiny cohorts, and their best designs by enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from fairbound.benchmarks.core.tiny import Tiny
from fairbound.models.designs import Design, DesignInstance, Subject, evaluate


def best_design(instance: DesignInstance, objective: str) -> Fraction:
    """The optimum over every half."""
    names = [subject.id for subject in instance.subjects]
    halves = (Design(frozenset(half)) for half in combinations(names, len(names) // 2))
    return min(evaluate(instance, half).values[objective] for half in halves)


def _cohort(name: str, rows: str, rho: str) -> DesignInstance:
    subjects = tuple(
        Subject(str(i), tuple(map(Fraction, row.split()))) for i, row in enumerate(rows.strip().split(","))
    )
    columns = tuple(f"c{k}" for k in range(len(subjects[0].numbers)))
    return DesignInstance(name, subjects, columns, columns, Fraction(rho))


TINY = Tiny(
    problem="designs",
    instances=(
        _cohort("pair", "1, 4", "0.5"),
        _cohort("six", "1 10, 2 7.5, 3 8, 7 1, 4 4, 9 3", "0.5"),
        _cohort("means alone", "1 10, 2 7.5, 3 8, 7 1, 4 4, 9 3", "0"),
        _cohort("eight", "0.1, 0.25, 3, 4.125, 5, 60, 7, 8", "1/3"),
        _cohort("evenly", "1, 1, 2, 2", "2"),
    ),
    best=best_design,
    lp_bounds={("six", "discrepancy"): dict.fromkeys(("halves", "differences"), 0.14458252205741046)},
    tolerance=Fraction(1, 10**6),
)
NAMED = {instance.name: instance for instance in TINY.instances}
