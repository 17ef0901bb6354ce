"""What a result may say: statuses, levels, lattice bounds and contradicted claims."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.models.cep import PROBLEM, Grouping
from fairbound.models.core.problem import Sense
from fairbound.solvers.core.answer import Answer, conclude, engine_accuracy, lattice_bound
from fairbound.solvers.core.bound import Basis, Bound, Level
from fairbound.solvers.core.result import Result, Status, Termination, relative_gap, shortfall

FIVE = tiny_cep.NAMED["five"]
BEST = Grouping.of([["s1", "s2", "s3"]])  # 160 of 310 identified: 256 meal-equivalents


def known(objective: str = "reimbursement", solution: Grouping | None = BEST, **found: Any) -> Result:
    """What is known of an answer to the five schools."""
    answer = Answer(found.pop("termination", Termination.FINISHED), solution, **found)
    return conclude(PROBLEM, FIVE, objective, "m", answer)


@pytest.mark.parametrize(
    ("claimed", "lattice", "sense", "bound"),
    [
        (17364.8000000001, "1/5", Sense.MAXIMIZE, "86824/5"),
        (17364.7999999999, "1/5", Sense.MAXIMIZE, "86824/5"),
        (17364.95, "1/5", Sense.MAXIMIZE, "86824/5"),
        (17364.95, "1/5", Sense.MINIMIZE, "17365"),
        (17364.99, "100", Sense.MAXIMIZE, "17300"),
        (17399.95, "100", Sense.MAXIMIZE, "17400"),
        (3.2, "1", Sense.MINIMIZE, "4"),
        (-3.2, "1", Sense.MAXIMIZE, "-4"),
        (0.25, None, Sense.MAXIMIZE, "1/4"),
        (1.0000004, "1/10000000", Sense.MAXIMIZE, str(Fraction(1.0000004))),
    ],
)
def test_lattice_bound(claimed: float, lattice: str | None, sense: Sense, bound: str) -> None:
    assert lattice_bound(claimed, Fraction(lattice) if lattice else None, sense) == Fraction(bound)


def test_a_slip_is_not_rounded_to_a_step() -> None:
    """What HiGHS said of a city of three units: two steps and 1.0000001e-9 of them, which was called three."""
    step, unit = Fraction(66212444519, 7096304604321), Fraction(67108864, 7096304604321)
    assert lattice_bound(0.018661105540733167, step, Sense.MINIMIZE, unit) == 2 * step
    assert lattice_bound(-0.018661105540733167, step, Sense.MAXIMIZE, unit) == -2 * step


def test_a_claimed_bound_reaches_level_1() -> None:
    result = known(claim=256.0)
    assert (result.status, result.level, result.gap) == (Status.OPTIMAL, Level.L1, 0.0)


def test_an_exact_bound_reaches_level_2() -> None:
    result = known(proven=Bound(Fraction(260), Basis.THEOREM))
    assert (result.status, result.level) == (Status.FEASIBLE, Level.L2)
    assert result.gap == pytest.approx(4 / 256)


def test_a_contradicted_bound_is_withdrawn() -> None:
    """An engine that claims less than an exact value is not believed, and the result says so."""
    result = known(claim=255.0)
    assert result.status is Status.FEASIBLE
    assert result.dual_bound is None
    assert "contradicted" in result.message


def test_a_broken_rule_leaves_no_value() -> None:
    result = known(solution=Grouping.of([["s5"]]), claim=256.0)
    assert result.status is Status.INVALID
    assert result.primal_bound is None
    assert [violation.rule for violation in result.violations] == ["threshold"]


def test_no_solution_is_not_called_infeasible() -> None:
    stopped = known("students", None, termination=Termination.TIME_LIMIT, claim=490.2)
    assert (stopped.status, stopped.level, stopped.dual_bound) == (Status.UNKNOWN, Level.L0, 490)
    none = known("students", None, termination=Termination.INFEASIBLE)
    assert none.status is Status.INFEASIBLE


def test_gaps() -> None:
    assert relative_gap(None, Fraction(1)) is None
    assert relative_gap(Fraction(0), Fraction(0)) == 0
    assert relative_gap(Fraction(0), Fraction(1)) == float("inf")
    assert relative_gap(Fraction(80), Fraction(100)) == 0.25
    assert shortfall(Fraction(80), Fraction(100)) == 0.2
    assert shortfall(Fraction(0), Fraction(100)) == 1


def test_a_step_of_the_lattice_is_never_taken_for_rounding() -> None:
    """An engine that ends one step above a large value has not closed the gap, however small the step is."""
    large = tiny_cep.make("large", [(10**7, 5 * 10**6)])  # worth 8 * 10^6, in steps of 2 * 10^6
    odd = tiny_cep.make("odd", [(10**7, 5 * 10**6), (1, 0)], forced_out=("s2",))  # the same, in steps of 1
    value = Fraction(8 * 10**6)
    for instance, claimed, status in (
        (large, 8e6 + 1, Status.OPTIMAL),
        (odd, 8e6 + 1, Status.FEASIBLE),
        (odd, 8e6, Status.OPTIMAL),
    ):
        answer = Answer(Termination.FINISHED, Grouping.of([["s1"]]), claim=claimed)
        result = conclude(PROBLEM, instance, "reimbursement", "m", answer)
        assert (result.primal_bound, result.status) == (value, status)


def test_a_proven_bound_stands_where_a_claim_is_not_believed() -> None:
    proven = Bound(Fraction(300), Basis.MULTIPLIERS)
    doubted = known(claim=1.0, disbelief="far apart", proven=proven)
    assert (doubted.dual_bound, doubted.basis, doubted.level) == (300, Basis.MULTIPLIERS, Level.L2)
    weaker = known(claim=290.0, proven=proven)
    assert (weaker.dual_bound, weaker.level) == (290, Level.L1)
    assert (weaker.proven_bound, weaker.proven.level if weaker.proven else None) == (300, Level.L2)
    stronger = known(claim=310.0, proven=proven)
    assert (stronger.dual_bound, stronger.basis) == (300, Basis.MULTIPLIERS)


@pytest.mark.parametrize("passes", [0, 1e-7, 3.0])
def test_a_coarse_claim_is_weakened_by_what_it_is_believed_to(passes: float) -> None:
    """Where no lattice rounds it, a better plan within an engine's accuracy must not contradict its bound."""
    fine = tiny_cep.make("fine", [(100, 50), (10, Fraction(1, 10**9))], forced_out=("s2",))
    value = Fraction(80)
    result = conclude(
        PROBLEM, fine, "reimbursement", "m", Answer(Termination.FINISHED, Grouping.of([["s1"]]), claim=80 + passes)
    )
    assert (result.primal_bound, result.status, result.level) == (value, Status.FEASIBLE, Level.L1)
    assert result.dual_bound is not None
    accuracy = engine_accuracy(value)
    assert result.dual_bound >= max(value, Fraction(80 + passes)) + accuracy
    assert result.dual_bound <= Fraction(80 + passes) + 2 * accuracy
