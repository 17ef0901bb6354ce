"""The specification of class types by hand, and what holds for every plan."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from fairbound.benchmarks.classes import tiny as tiny_classes
from fairbound.instances.classes.sources import seed_truth
from fairbound.models.classes import Plan, evaluate
from fairbound.models.classes.evaluate import judge, total_score
from fairbound.models.classes.instance import GAP, MOVES, STATUS_QUO, ClassInstance
from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.models.core.truth import Truth

from fairbound import load


def test_a_plan_by_hand() -> None:
    """School A: x moves from large to small (+5), y from small to large (-5). Means (10+20+11.5)/3 and (30+40.25)/2."""
    six = tiny_classes.NAMED["races, any gap"]
    plan = Plan.of({("A", "x", "large", "small"): 1, ("A", "y", "small", "large"): 1})
    found = evaluate(six, plan)
    x, y, z = Fraction("41.5") / 3, Fraction("70.25") / 2, Fraction(17)
    assert found.feasible
    assert found.measures["today_gap"] == y - x
    assert found.values == {MOVES: 2, GAP: (y - Fraction(5, 2)) - (x + Fraction(5, 3))}
    assert x + Fraction(5, 3) < z < y - Fraction(5, 2)
    alone = evaluate(six, Plan.of({("A", "x", "large", "small"): 1}))
    assert [violation.rule for violation in alone.violations] == ["seats", "seats"]
    crowd = evaluate(six, Plan.of({("A", "x", "large", "small"): 2, ("A", "y", "small", "large"): 2}))
    assert {violation.rule for violation in crowd.violations} == {"students"}
    stranger = evaluate(six, Plan.of({("A", "z", "large", "small"): 1}))
    assert [violation.rule for violation in stranger.violations] == ["change"]


def _random_plan(instance: ClassInstance, chance: random.Random, swaps: int) -> Plan:
    """Swaps of two students of a school; seats stay."""
    flows: dict[tuple[str, str, str, str], int] = {}
    free = dict(instance.cells)
    cells = list(free)
    while swaps:
        (s, g, a), (t, h, b) = chance.choice(cells), chance.choice(cells)
        if s == t and a != b and free[s, g, a] and free[t, h, b]:
            for arc in ((s, g, a, b), (t, h, b, a)):
                flows[arc] = flows.get(arc, 0) + 1
                free[arc[:3]] -= 1
            swaps -= 1
    return Plan.of(flows)


def test_the_total_score_is_the_same_in_every_allocation() -> None:
    asked = load("classes/seed100", {"groups": "race"})
    chance, today = random.Random(1), total_score(asked, STATUS_QUO)
    assert round(today, 2) == Fraction("427289.57")
    for swaps in (1, 10, 100, 500):
        plan = _random_plan(asked, chance, swaps)
        found = evaluate(asked, plan)
        assert [violation.rule for violation in found.violations] in ([], ["epsilon"])
        assert found.measures["total_score"] == today
        assert (
            judge(asked, plan, seed_truth())["true_total_score"]
            == judge(asked, STATUS_QUO, seed_truth())["true_total_score"]
        )


def test_the_truth_agrees_with_the_true_effects() -> None:
    """Scores are the truth's own sums, so under the true effects prediction and truth are one."""
    asked = load("classes/seed100", {"groups": "race"})
    plan = _random_plan(asked, random.Random(5), 200)
    true, predicted = judge(asked, plan, seed_truth()), evaluate(asked, plan)
    assert abs(true["true_gap"] - predicted.values[GAP]) < Fraction(1, 10**9)
    other = load("classes/seed100", {"groups": "race", "small_effect": "12"})
    assert judge(other, plan, seed_truth()) == true
    assert evaluate(other, plan).values[GAP] != predicted.values[GAP]
    moved = {key: value + (key == ("ability", "17")) for key, value in seed_truth().values.items()}
    with pytest.raises(InputError, match="the truth of student 17"):
        judge(asked, plan, Truth(moved))
    with pytest.raises(InputError, match="no ability of 0"):
        judge(asked, plan, Truth({key: value for key, value in seed_truth().values.items() if key[0] != "ability"}))


def test_income_bands_share_equal_incomes() -> None:
    asked = load("classes/seed100")
    assert asked.group_sizes == {f"band {k}": 1500 for k in (1, 2, 3, 4)}
    eight = tiny_classes.NAMED["incomes within 8.2"]
    assert eight.group_sizes == {"band 1": 4, "band 2": 4}  # incomes 1 2 3 4 | 5 6 7 7


def test_a_table_of_nobody_is_the_status_quo() -> None:
    six = tiny_classes.NAMED["races, any gap"]
    problem = find_problem("classes")
    rows = problem.solution_rows(six, STATUS_QUO)
    assert problem.read_solution(six, rows) == STATUS_QUO
    good = {"school": "A", "group": "x", "from": "large", "to": "small", "students": "1"}
    for change, parts in (
        ({"students": "-1"}, "a whole number"),
        ({"to": "tiny"}, "unknown"),
        ({"group": "z"}, "nobody can make this change"),
    ):
        with pytest.raises(InputError, match=parts):
            problem.read_solution(six, [good | change])
    with pytest.raises(InputError, match="the same change twice"):
        problem.read_solution(six, [good, good])
