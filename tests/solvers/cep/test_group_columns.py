"""Column generation over groups: equal to the enumeration of every partition, and complete in what it enumerates."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from types import ModuleType

import numpy as np
import pytest
from fairbound.models.cep import CepInstance, Cover, Grouping, evaluate
from fairbound.models.cep.price_curve import units_of
from fairbound.solvers.cep import group_columns, price_curve, subset_dp
from fairbound.solvers.cep.group_master import Master, Optimum
from fairbound.solvers.cep.group_pricing import Pricer, members
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import Settings, Status, Termination
from general_meals import with_meals
from hypothesis import given, settings
from hypothesis import strategies as st

SCHOOL = st.tuples(st.integers(1, 200), st.integers(0, 150), st.integers(0, 9000), st.integers(0, 9000)).map(
    lambda row: (row[0], min(row[0], row[1]), row[2], row[3])
)
DISTRICTS = st.builds(
    lambda rows, cover, least: with_meals("drawn", rows, cover=cover, min_group=least),
    st.lists(SCHOOL, min_size=1, max_size=7),
    st.sampled_from(list(Cover)),
    st.integers(1, 2),
)


@settings(max_examples=25, deadline=None)
@given(DISTRICTS)
def test_it_reaches_the_best_partition_and_never_claims_less(instance: CepInstance) -> None:
    truth = subset_dp.METHOD.run(instance, "reimbursement", Settings())
    found = group_columns.METHOD.run(instance, "reimbursement", Settings())
    if truth.status is Status.INFEASIBLE:
        assert found.solution is None
        return
    assert truth.primal_bound is not None
    assert found.dual_bound is not None
    assert found.dual_bound >= truth.primal_bound
    assert found.primal_bound == truth.primal_bound


@settings(max_examples=25, deadline=None)
@given(DISTRICTS, st.lists(st.integers(0, 9000), min_size=7, max_size=7), st.integers(-5000, 5000))
def test_no_group_above_the_cut_is_missed(instance: CepInstance, prices: list[int], cut: int) -> None:
    units = units_of(instance, "reimbursement")
    every = np.arange(1, 1 << len(units))
    above, complete = Pricer(instance, units).above(np.array(prices[: len(units)], dtype=float), cut)
    assert complete
    for mask, inside in zip(every.tolist(), members(every, len(units)).tolist(), strict=True):
        group = Grouping.of([[name for u, unit in enumerate(units) if inside[u] for name in unit.members]])
        scored = evaluate(replace(instance, cover=Cover.ANY), group)
        paid = sum(price for u, price in enumerate(prices[: len(units)]) if inside[u])
        assert not scored.feasible or scored.values["reimbursement"] - paid <= cut or mask in above


def test_it_proves_with_a_gap_of_zero() -> None:
    result = group_columns.METHOD.run(with_meals("five"), "reimbursement", Settings())
    assert result.status is Status.OPTIMAL
    assert result.level is Level.L1
    assert result.primal_bound == result.dual_bound


def test_it_closes_more_schools_than_the_subset_programme_enumerates_by_brute_force() -> None:
    chance = random.Random(5)
    rows = [
        (enrolled, round(enrolled * chance.uniform(0.2, 0.75)), chance.randint(0, 9000), chance.randint(2000, 30000))
        for enrolled in (chance.randint(50, 900) for _ in range(14))
    ]
    instance = with_meals("fourteen", rows)
    truth = subset_dp.METHOD.run(instance, "reimbursement", Settings())
    found = group_columns.METHOD.run(instance, "reimbursement", Settings())
    assert found.status is Status.OPTIMAL
    assert found.primal_bound == truth.primal_bound
    assert found.certificate is None


def test_an_engine_that_fails_in_the_search_leaves_plan_and_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    instance, solve = with_meals("five"), Master.solve

    def failing(master: Master) -> Optimum | None:
        return None if len(master._must) > len(instance.schools) else solve(master)

    monkeypatch.setattr(Master, "solve", failing)
    found = group_columns.METHOD.run(instance, "reimbursement", Settings())
    assert found.primal_bound is not None
    assert found.dual_bound is not None
    assert found.dual_bound >= subset_dp.METHOD.run(instance, "reimbursement", Settings()).primal_bound  # type: ignore[operator]


@pytest.mark.parametrize("method", [group_columns, price_curve])
def test_where_nobody_may_be_covered_nothing_is_proven_best(method: ModuleType) -> None:
    instance = with_meals("five", forced_out=("s1", "s2", "s3", "s4", "s5"))
    found = method.METHOD.run(instance, "reimbursement", Settings())
    assert found.status is Status.OPTIMAL
    assert found.primal_bound == found.dual_bound == 0
    assert found.level is Level.L2


def test_it_stops_at_the_gap_that_was_asked_for() -> None:
    found = group_columns.METHOD.run(with_meals("five"), "reimbursement", Settings(gap=0.5))
    assert found.termination is Termination.GAP_LIMIT
    assert found.nodes == 0


def test_it_refuses_meals_in_proportion_to_enrolment() -> None:
    said = group_columns.refuses(with_meals("even", [(100, 50, 100, 300), (200, 90, 200, 600)]), "reimbursement")
    assert said is not None
    assert "membership" in said


@pytest.mark.parametrize("rule", [{"groups": 2}, {"limits": (("students", Fraction(10)),)}])
def test_it_refuses_rules_on_the_whole_grouping(rule: dict[str, object]) -> None:
    said = group_columns.refuses(with_meals("five", **rule), "reimbursement")
    assert said is not None
    assert "whole grouping" in said
