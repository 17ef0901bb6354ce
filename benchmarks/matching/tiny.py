"""Tiny studies, and their best comparisons: pairs by enumeration of subsets, weights by enumeration of vertices."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

from fairbound.benchmarks.core.tiny import Tiny
from fairbound.models.matching import Comparison, MatchingInstance, Unit, evaluate
from fairbound.models.matching.instance import IMBALANCE, PAIRS, WEIGHT

Row = tuple[list[Fraction], Fraction]


def best_comparison(instance: MatchingInstance, objective: str) -> Fraction | None:
    """The optimum over every comparison that breaks no rule."""
    n = len(instance.members)
    if objective != WEIGHT:
        scored = (evaluate(instance, Comparison(tuple(map(Fraction, kept)))) for kept in product((0, 1), repeat=n))
        values = [e.values[objective] for e in scored if e.feasible]
        return (max if objective == PAIRS else min)(values, default=None)
    return min(
        (e.values[WEIGHT] for e in (evaluate(instance, found) for found in vertices(instance)) if e.feasible),
        default=None,
    )


def vertices(instance: MatchingInstance) -> list[Comparison]:
    """Weights at most 1 at every vertex: each student at 0, at 1, or free; each mean row tight or not."""
    members = range(len(instance.members))
    sign = [1 if unit.treated else -1 for unit in instance.members]
    balance = [
        [Fraction(sign[i] if i in those else 0) for i in members] for those in (members, *instance.levels.values())
    ]
    tight = []
    for column, numbers in instance.numbers.items():
        allowed = instance.allowed * instance.deviations[column]
        tight += [[side * sign[i] * numbers[i] - (allowed if sign[i] > 0 else 0) for i in members] for side in (1, -1)]
    found = []
    for state in product((0, 1, None), repeat=len(members)):
        free = [i for i in members if state[i] is None]
        for used in product((False, True), repeat=len(tight)):
            rows = balance + [row for row, on in zip(tight, used, strict=True) if on]
            fixed = [(row, sum((row[i] * (state[i] or 0) for i in members), Fraction(0))) for row in rows]
            values = _unique([([row[i] for i in free], -right) for row, right in fixed], len(free))
            if values is not None:
                weights = [Fraction(w or 0) for w in state]
                for i, value in zip(free, values, strict=True):
                    weights[i] = value
                found.append(Comparison(tuple(weights)))
    return found


def _unique(rows: list[Row], unknowns: int) -> list[Fraction] | None:
    """The only solution of some equations, or ``None``."""
    table = [[*row, right] for row, right in rows]
    for k in range(unknowns):
        pivot = next((r for r in range(k, len(table)) if table[r][k]), None)
        if pivot is None:
            return None
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [a / table[k][k] for a in table[k]]
        for r in range(len(table)):
            if r != k and table[r][k]:
                table[r] = [a - table[r][k] * b for a, b in zip(table[r], table[k], strict=True)]
    return None if any(row[-1] for row in table[unknowns:]) else [row[-1] for row in table[:unknowns]]


COLUMNS = ("race", "income")


def _units(text: str) -> tuple[Unit, ...]:
    """Rows of side, score, race and income."""
    rows = [line.split() for line in text.strip().splitlines()]
    return tuple(
        Unit(str(i), side == "T", Fraction(score), (race, income)) for i, (side, score, race, income) in enumerate(rows)
    )


SIX = _units("""
    T 60 x 10
    T 70 y 20
    T 75 x 35
    C 50 x 12
    C 55 y 18
    C 65 y 31
""")
SEVEN = (*SIX, Unit("6", False, Fraction(58), ("x", "27.5")))


def _asked(
    name: str, units: tuple[Unit, ...], tolerance: str, exact: tuple[str, ...], means: tuple[str, ...]
) -> MatchingInstance:
    return MatchingInstance(name, units, COLUMNS, Fraction(tolerance), exact, means)


TINY = Tiny(
    problem="matching",
    instances=(
        _asked("races alone", SIX, "0", ("race",), ()),
        _asked("incomes within .4", SEVEN, "0.4", ("race",), ("income",)),
        _asked("incomes within .1", SEVEN, "0.1", (), ("income",)),
        _asked("nobody", (SIX[0], SIX[4]), "0", ("race",), ()),
        _asked("equal incomes", SEVEN, "0", ("race",), ("income",)),
        replace(_asked("limits", SEVEN, "0.4", ("race",), ("income",)), limits=((IMBALANCE, Fraction(1, 5)),)),
    ),
    best=best_comparison,
    lp_bounds={
        ("races alone", "pairs"): dict.fromkeys(("subset", "alike_counts", "pair_flow"), 2.0),
    },
)
NAMED = {instance.name: instance for instance in TINY.instances}
