"""Repartition: the dynamic programme finds the best partition, and annealing keeps the rules and the best plan."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from fairbound.benchmarks.cep.tiny import partitions
from fairbound.models.cep import PROBLEM, CepInstance, Cover
from fairbound.models.cep.price_curve import units_of
from fairbound.solvers.cep import price_curve, subset_dp
from fairbound.solvers.cep.group_moves import OUT, Plan
from fairbound.solvers.cep.plan_search import PlanSearch
from fairbound.solvers.cep.repartition import LONGER, Annealings, Repartition, best_partition
from fairbound.solvers.core.result import Settings
from general_meals import ROWS, seven, with_meals


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_the_dynamic_programme_finds_the_best_of_all_partitions(count: int) -> None:
    worth = np.random.default_rng(count).normal(size=1 << count)
    found = best_partition(worth, count)
    assert sum(found) == (1 << count) - 1
    every = partitions([str(1 << i) for i in range(count)])
    best = max(sum(worth[sum(map(int, part))] for part in parts) for parts in every)
    assert worth[found].sum() == pytest.approx(best)


def annealed(instance: CepInstance, home: list[int], heat: float) -> Plan:
    units = units_of(instance, "reimbursement")
    may_leave = np.array([not unit.must for unit in units])
    repartition = Repartition(Plan(instance, units, home), may_leave, np.random.default_rng(0))
    repartition.begin(home, np.array([float(unit.fixed + unit.slope) for unit in units]))
    plan = Plan(instance, units, repartition.anneal(300, heat, lambda: False))
    assert repartition.value == pytest.approx(float(plan.value() or 0))
    return plan


@pytest.mark.parametrize("heat", [0.0, 2000.0])
@pytest.mark.parametrize("seed", range(4))
def test_of_seven_schools_it_finds_the_best_plan(seed: int, heat: float) -> None:
    instance = seven(seed)
    best = subset_dp.METHOD.run(instance, "reimbursement", Settings())
    plan = annealed(instance, [0] * 7, heat)
    assert plan.value() == best.primal_bound
    assert PROBLEM.evaluate(instance, plan.grouping()).feasible


def test_who_must_be_covered_is_and_groups_are_no_smaller_than_they_may_be() -> None:
    instance = with_meals("covered", ROWS, cover=Cover.ALL, threshold=Fraction(1, 4), min_group=2)
    best = subset_dp.METHOD.run(instance, "reimbursement", Settings())
    plan = annealed(instance, [0] * len(ROWS), 500.0)
    assert OUT not in plan.home
    assert min(np.bincount(plan.home)) >= 2
    assert plan.value() == best.primal_bound


def test_a_hot_search_ends_with_the_best_plan_it_met() -> None:
    instance = seven(2)
    best = subset_dp.METHOD.run(instance, "reimbursement", Settings())
    assert best.solution is not None
    group = {member: number for number, members in enumerate(best.solution.groups) for member in members}
    home = [group.get(unit.members[0], OUT) for unit in units_of(instance, "reimbursement")]
    units = units_of(instance, "reimbursement")
    repartition = Repartition(Plan(instance, units, home), np.ones(7, dtype=bool), np.random.default_rng(0))
    repartition.begin(home, np.zeros(7))
    found = repartition.anneal(20, 1e9, lambda: False)
    assert Plan(instance, units, found).value() == best.primal_bound
    assert repartition.value == pytest.approx(float(best.primal_bound or 0))


@pytest.mark.parametrize("seed", range(4))
def test_the_value_at_hand_is_that_of_the_plan_at_hand(seed: int) -> None:
    instance = seven(seed)
    units = units_of(instance, "reimbursement")
    home = [OUT, OUT, 0, 0, 0, 1, 1]
    repartition = Repartition(Plan(instance, units, home), np.ones(7, dtype=bool), np.random.default_rng(seed))
    values = set()
    for _ in range(30):
        repartition._step(1e4)
        value = Plan(instance, units, repartition.home()).value()
        values.add(value)
        assert repartition.value == pytest.approx(float(value or 0))
    assert len(values) > 3


def test_the_next_annealing_is_longer_once_one_has_found_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    anneal = Repartition.anneal
    monkeypatch.setattr(Repartition, "anneal", lambda self, *rest: asked.append(rest[0]) or anneal(self, *rest))
    units = units_of(seven(1), "reimbursement")
    plan = Plan(seven(1), units, [0] * len(units))
    annealings = Annealings(plan, np.random.default_rng(0))
    for _ in range(3):
        plan = annealings.next(plan, np.zeros(len(units)), lambda: False)
    assert plan.value() == subset_dp.METHOD.run(seven(1), "reimbursement", Settings()).primal_bound
    first = asked[0]
    assert asked == [first, first, int(first * LONGER)]


@pytest.mark.parametrize(
    ("rules", "annealed"), [({}, True), ({"groups": 2}, False), ({"limits": (("students", Fraction(10)),)}, False)]
)
def test_no_plan_is_annealed_under_rules_on_the_whole_grouping(
    monkeypatch: pytest.MonkeyPatch, rules: dict[str, object], annealed: bool
) -> None:
    asked: list[bool] = []
    anneal = PlanSearch.anneal
    monkeypatch.setattr(PlanSearch, "anneal", lambda *given: asked.append(True) or anneal(*given))
    instance = with_meals("plain", ROWS, **rules)
    found = price_curve.METHOD.run(instance, "reimbursement", Settings())
    assert found.solution is not None
    assert PROBLEM.evaluate(instance, found.solution).feasible
    assert bool(asked) is annealed


def test_a_group_without_students_is_near_others_without_a_division_by_nothing() -> None:
    instance = with_meals("empty", [*ROWS, (0, 0, 0, 0)])
    with np.errstate(all="raise"):
        plan = annealed(instance, [*[0] * len(ROWS), 1], 0.0)
    assert plan.value() == subset_dp.METHOD.run(instance, "reimbursement", Settings()).primal_bound
