"""The plans that cost nothing: never worse than a rule of thumb; and heuristics that stop when they are asked to."""

from __future__ import annotations

import pickle
import random
from fractions import Fraction

import pytest
from fairbound.models.cep import PROBLEM, CepInstance, Cover, evaluate
from fairbound.models.cep.price_curve import units_of
from fairbound.solvers.cep import baselines, price_curve
from fairbound.solvers.cep.first_plans import first_plans, greedy_merge, threshold_fill
from fairbound.solvers.cep.group_moves import OUT, Plan
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.core.result import Settings, Termination
from general_meals import with_meals

BASELINES = {baseline.name: baseline for baseline in baselines.BASELINES}


def district(seed: int, count: int = 25, **scenario: object) -> CepInstance:
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        enrolled = chance.randint(60, 900)
        rows.append((enrolled, round(enrolled * chance.uniform(0.1, 0.8)), chance.randint(0, 9000), 20_000))
    return with_meals(f"drawn {seed}", rows, **scenario)


def value(instance: CepInstance, grouping: object) -> Fraction:
    found = evaluate(instance, grouping)  # type: ignore[arg-type]
    return found.values["reimbursement"] if found.feasible else Fraction(-1)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("cover", list(Cover))
def test_first_plans_are_no_worse_than_rules_of_thumb(seed: int, cover: Cover) -> None:
    instance = district(seed, cover=cover, threshold=Fraction(1, 4))
    best = max(value(instance, plan) for plan in first_plans(instance, "reimbursement", lambda: False))
    for name in ("one_group", "threshold_fill"):
        assert value(instance, BASELINES[name].run(instance, "reimbursement", 0, None)) <= best


def test_a_search_without_time_keeps_the_best_of_them() -> None:
    instance = district(1, threshold=Fraction(1, 4))
    found = price_curve.METHOD.run(instance, "reimbursement", Settings(time_limit=1e-9))
    assert found.primal_bound is not None
    assert found.primal_bound >= value(instance, BASELINES["one_group"].run(instance, "reimbursement", 0, None))


def test_threshold_fill_keeps_the_threshold_and_full_funding() -> None:
    instance = district(2)
    units = units_of(instance, "reimbursement")
    home = threshold_fill(instance, units)
    for group, least in ((0, 1), (1, instance.multiplier * instance.threshold)):
        inside = [unit for unit, place in zip(units, home, strict=True) if place == group]
        assert sum(unit.lifted for unit in inside) >= least * sum(unit.enrolled for unit in inside)


def test_greedy_merge_joins_what_gains() -> None:
    instance = with_meals("pair", [(100, 90, 0, 9000), (100, 30, 9000, 9000)])
    plan = Plan(instance, units_of(instance, "reimbursement"), [0, 1])
    assert greedy_merge(plan, lambda: False) == [0, 0]
    assert greedy_merge(plan, lambda: True) == [0, OUT]  # asked to stop, it keeps what it has and drops what fails


@pytest.mark.parametrize("name", [name for name, baseline in BASELINES.items() if baseline.clocked])
def test_a_clocked_heuristic_returns_at_once_what_it_has(name: str) -> None:
    instance, argument = district(3), "4" if BASELINES[name].usual else None
    asked = []

    def late() -> bool:
        asked.append(None)
        return True

    assert BASELINES[name].run(instance, "reimbursement", 0, argument, late) is not None
    assert len(asked) <= len(instance.schools)


def test_a_heuristic_that_was_stopped_says_so() -> None:
    method = find_method(PROBLEM, "greedy_merge")
    stopped = method.run(district(3), "reimbursement", Settings(time_limit=1e-9))
    assert stopped.termination is Termination.TIME_LIMIT
    assert stopped.primal_bound is not None


def test_what_is_derived_stays_behind_when_an_instance_travels() -> None:
    instance = district(5)
    units = units_of(instance, "reimbursement")
    assert units_of(instance, "reimbursement") is units
    copy = pickle.loads(pickle.dumps(instance))
    assert copy == instance
    assert "derived" not in vars(copy)
    assert units_of(copy, "reimbursement") == units
