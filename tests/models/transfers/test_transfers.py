"""District transfers: exact evaluation, rules, repair, and the refusals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from fairbound.benchmarks.transfers import tiny as tiny_transfers
from fairbound.benchmarks.transfers.tiny import LOOSE, MEASURES, PLAIN, THREE, TWO, make
from fairbound.models.core.errors import InputError
from fairbound.models.transfers import PROBLEM, District, Measure, Reading, TransferPlan, evaluate
from fairbound.models.transfers.instance import Kind
from fairbound.models.transfers.repair import keeps_rules, repair
from fairbound.models.transfers.terms import ratios
from hypothesis import given, settings
from hypothesis import strategies as st

HALF = TransferPlan.of([("a", "b", Fraction(10)), ("b", "a", Fraction(20))])


def test_values_by_hand() -> None:
    """60+40 and 20+180 students; 10 leave a, 20 leave b: a has 110 of whom 56, b has 190 of whom 24."""
    values = evaluate(PLAIN, HALF).values
    mu = Fraction(80, 300)
    a, b = Fraction(56, 110) - mu, Fraction(24, 190) - mu
    assert values["race"] == (2 * a**2 + 2 * b**2) / 2
    assert values["race_weighted"] == (110 * 2 * a**2 + 190 * 2 * b**2) / 300
    assert values["race_l1"] == (2 * abs(a) + 2 * abs(b)) / 2
    assert values["race_l1_weighted"] == (110 * 2 * abs(a) + 190 * 2 * abs(b)) / 300
    assert values["combined"] == values["race"] * PLAIN.scales["race"]


def test_measures_move_or_stay() -> None:
    moving = replace(PLAIN, measures=MEASURES)
    staying = replace(moving, reading=Reading.STAY)
    measures = evaluate(moving, HALF).measures
    teachers = (5 - Fraction(10 * 5, 100) + Fraction(20 * 8, 200), 8 - Fraction(20 * 8, 200) + Fraction(10 * 5, 100))
    goal = Fraction(300, 13)
    assert measures["teachers_mean"] == ((110 / teachers[0] - goal) ** 2 + (190 / teachers[1] - goal) ** 2) / 2
    assert evaluate(staying, HALF).measures["revenue_max"] == max(
        (Fraction(900, 110) - Fraction(1900, 300)) ** 2, (Fraction(1000, 190) - Fraction(1900, 300)) ** 2
    )


@pytest.mark.parametrize(
    ("plan", "rule"),
    [
        ([("a", "b", 101)], "conservation"),
        ([("a", "b", 30)], "band"),
        ([("a", "b", 16), ("b", "a", 16)], "p"),
        ([("a", "b", -1)], "no negative moves"),
        ([("a", "z", 1)], "known districts"),
        ([("a", "a", 1)], "borders"),
    ],
)
def test_broken_rules_are_named(plan: list[tuple[str, str, int]], rule: str) -> None:
    moves = TransferPlan.of((a, b, Fraction(n)) for a, b, n in plan)
    assert rule in {violation.rule for violation in evaluate(PLAIN, moves).violations}


def test_the_last_student_counts() -> None:
    """band allows b 150 to 250 students, a 75 to 125; p allows 30 moves."""
    assert evaluate(PLAIN, TransferPlan.of([("a", "b", Fraction(25))])).feasible
    assert not evaluate(PLAIN, TransferPlan.of([("a", "b", Fraction(25) + Fraction(1, 10**9))])).feasible


def test_an_emptied_district_is_a_violation_not_a_crash() -> None:
    free = replace(PLAIN, band=None, p=Fraction(1))
    evaluation = evaluate(free, TransferPlan.of([("a", "b", Fraction(100))]))
    assert "students in every district" in {violation.rule for violation in evaluation.violations}


@pytest.mark.parametrize("objective", ["race", "combined"])
@pytest.mark.parametrize("reading", list(Reading))
def test_terms_agree_with_the_evaluation(objective: str, reading: Reading) -> None:
    instance = replace(PLAIN, measures=MEASURES, reading=reading)
    total = Fraction(0)
    for ratio in ratios(instance, objective):
        held = []
        for amount in (ratio.numerator, ratio.denominator):
            now = list(amount.today)
            for a, b, students in HALF.moves:
                i, j = instance.index[a], instance.index[b]
                if amount.rates is not None:
                    now[i] -= students * amount.rates[i]
                    now[j] += students * amount.rates[i]
            held.append(now)
        for top, bottom in zip(*held, strict=True):
            total += ratio.weight * (top / bottom - ratio.target) ** 2
    assert total == evaluate(instance, HALF).values[objective]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"p": Fraction(3, 2)}, "parameter p: found '1.5', wanted a share in [0, 1]"),
        ({"p": Fraction(-1, 10)}, "parameter p: found '-0.1', wanted a share in [0, 1]"),
        ({"borders": (("a", "z"),)}, "border of an unknown district: found 'z', wanted one of a, b"),
        ({"borders": (("a", "a"),)}, "border of a district with itself"),
        ({"districts": (District("a", (Fraction(0), Fraction(0))),)}, "district a has no students"),
        ({"weights": (("wages", Fraction(1)),)}, "parameter weights: unknown term: found 'wages'"),
        ({"measures": (Measure("t", Kind.STUDENTS_PER, (Fraction(0), Fraction(1))),)}, "measure t: found '0'"),
    ],
)
def test_wrong_instances_are_refused(change: dict[str, object], line: str) -> None:
    with pytest.raises(InputError) as error:
        replace(PLAIN, **change)  # type: ignore[arg-type]
    assert str(error.value).startswith(line)


def test_band_and_floor_replace_each_other() -> None:
    floor = PROBLEM.with_parameters(PLAIN, {"floor": "0.05"})
    assert (floor.band, floor.floor) == (None, Fraction(1, 20))
    band = PROBLEM.with_parameters(floor, {"band": "0.1"})
    assert (band.band, band.floor) == (Fraction(1, 10), None)
    both = PROBLEM.with_parameters(PLAIN, {"band": "0.2", "floor": "0.9"})
    assert both.size_bounds[0] == (90, 120)


moves = st.dictionaries(st.sampled_from([(0, 1), (1, 0), (1, 2), (2, 1)]), st.floats(-1, 500), max_size=4)


@settings(max_examples=60, deadline=None)
@given(moves, st.sampled_from([THREE, LOOSE, replace(THREE, band=Fraction(0)), replace(THREE, whole=True)]))
def test_repaired_plans_keep_every_rule(students: dict[tuple[int, int], float], instance: object) -> None:
    assert evaluate(instance, repair(instance, students)).feasible  # type: ignore[arg-type]


def test_repair_keeps_a_feasible_plan() -> None:
    assert repair(PLAIN, {(0, 1): 10.0, (1, 0): 20.0}) == HALF
    assert keeps_rules(PLAIN, {(0, 1): Fraction(25)})


def test_balancing_keeps_swaps() -> None:
    """A swap that is off by a rounding error stays nearly what it was."""
    fixed = replace(THREE, band=Fraction(0))
    students = {(0, 1): 10.0004, (1, 0): 10.0, (1, 2): 5.0, (2, 1): 5.0}
    plan = {(a, b): s for a, b, s in repair(fixed, students).moves}
    assert plan["a", "b"] == plan["b", "a"]
    assert abs(plan["a", "b"] - 10) < Fraction(1, 100)


def test_equal_mixes_have_nothing_to_gain() -> None:
    assert evaluate(tiny_transfers.NAMED["equal mixes"], TransferPlan(())).values["race"] == 0


def test_scales_are_one_over_the_spread() -> None:
    instance = make("scaled", TWO, [(0, 1)])
    a, b = 2 * (Fraction(3, 5) - Fraction(4, 15)) ** 2, 2 * (Fraction(1, 10) - Fraction(4, 15)) ** 2
    assert instance.scales["race"] == 1 / (a - b)
