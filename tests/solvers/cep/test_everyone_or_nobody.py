"""What theorem 1 settles needs no engine, and is proven; everything else goes to the knapsack."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.models.cep import Grouping
from fairbound.solvers.cep.everyone_or_nobody import METHOD, settled
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import Settings, Status


@pytest.mark.parametrize(
    ("threshold", "value", "method", "level"),
    [
        ("1/4", Fraction(8, 5) * 203, "everyone_or_nobody", Level.L2),
        ("2/5", Fraction(272), "membership", Level.L1),
        ("9/10", Fraction(0), "everyone_or_nobody", Level.L2),
    ],
)
def test_five_schools(threshold: str, value: Fraction, method: str, level: Level) -> None:
    """203 of 570 identified: everyone at 25 %, a knapsack at 40 %, nobody at 90 %."""
    instance = replace(tiny_cep.NAMED["five"], threshold=Fraction(threshold))
    result = METHOD.run(instance, "reimbursement", Settings(), None)
    assert (result.primal_bound, result.dual_bound) == (value, value)
    assert (result.status, result.method, result.level) == (Status.OPTIMAL, method, level)
    assert (result.engine is None) == (level is Level.L2)


def test_rules_that_the_theorem_does_not_know_are_left_to_the_knapsack() -> None:
    instance = replace(tiny_cep.NAMED["five"], threshold=Fraction(1, 4))
    assert settled(instance, "students") == Grouping.of([[f"s{i}" for i in range(1, 6)]])
    assert settled(instance, "full_funding") is None
    assert settled(replace(instance, limits=(("students", Fraction(1)),)), "students") is None
    assert settled(replace(instance, forced_out=("s1",)), "students") is None
    losing = replace(instance.schools[0], gain=Fraction(-1))
    assert settled(replace(instance, schools=(losing, *instance.schools[1:])), "reimbursement") is None
    nobody = replace(instance, threshold=Fraction(9, 10))
    assert settled(nobody, "students") == Grouping(())
    assert settled(replace(nobody, forced_in=("s1",)), "students") is None
