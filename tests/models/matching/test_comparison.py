"""The specification of a balanced comparison by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from fairbound.benchmarks.matching import tiny as tiny_matching
from fairbound.instances.classes.sources import seed_truth
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import standard_deviation
from fairbound.models.core.registry import find_problem
from fairbound.models.matching import Comparison, evaluate
from fairbound.models.matching.evaluate import estimate, judge, standardised
from fairbound.models.matching.instance import IMBALANCE, PAIRS, WEIGHT

from fairbound import load


def kept(*chosen: int) -> Comparison:
    return Comparison.of(7, set(chosen))


def test_scores_and_broken_rules_by_hand() -> None:
    """Treated 0 1 2 with incomes 10 20 35, controls 3 to 6 with 12 18 31 27.5; races x y x and x y y x."""
    seven = tiny_matching.NAMED["incomes within .4"]
    both = evaluate(seven, kept(0, 1, 3, 4))
    assert both.feasible
    assert both.values == {PAIRS: 2, WEIGHT: Fraction(1, 2), IMBALANCE: 0}
    assert both.measures["estimate"] == Fraction(60 + 70 - 50 - 55, 2)
    races = evaluate(seven, kept(0, 4))
    assert {violation.rule for violation in races.violations} == {"fine balance", "mean balance"}
    assert races.measures["broken_rows"] == 3
    assert [v.rule for v in evaluate(seven, kept(0, 1, 3)).violations] == ["sides", "fine balance", "fine balance"]
    assert [v.rule for v in evaluate(seven, kept(0)).violations] == ["sides"]
    negative = Comparison((Fraction(-1), *kept(1, 4).weights[1:]))
    assert [v.rule for v in evaluate(seven, negative).violations] == ["weights"]
    nobody = evaluate(seven, kept())
    assert nobody.feasible
    assert nobody.values[PAIRS] == 0
    halves = Comparison(tuple(w / 2 for w in kept(0, 1, 3, 4).weights))
    assert evaluate(seven, halves).values == {PAIRS: 0, WEIGHT: Fraction(1, 2), IMBALANCE: 0}
    asked = replace(seven, limits=((IMBALANCE, Fraction(1, 10)), (PAIRS, Fraction(2))))
    assert [v.rule for v in evaluate(asked, kept(0, 3)).violations] == ["mean balance", "min_pairs"]


def test_a_standard_deviation_is_rounded_down() -> None:
    values = tuple(map(Fraction, (1, 2, 4)))
    found = standard_deviation(values)  # the variance is 14/9
    assert found == Fraction(1247, 1000)
    assert found**2 <= Fraction(14, 9) < (found + Fraction(1, 1000)) ** 2


def test_rows_in_whole_numbers_say_the_same() -> None:
    """Rule (2) as integers agrees with the specification on every subset, at the very edge too."""
    seven = tiny_matching.NAMED["incomes within .1"]
    [(offsets, allowed)] = seven.mean_rows.values()
    for code in range(1, 2**7):
        chosen = {i for i in range(7) if code >> i & 1}
        sides = [len(chosen & set(side)) for side in (seven.treated, seven.controls)]
        if sides[0] == sides[1]:
            gap = sum(offsets[i] for i in chosen & set(seven.treated)) - sum(
                offsets[i] for i in chosen & set(seven.controls)
            )
            assert (abs(gap) <= allowed * sides[0]) == evaluate(seven, Comparison.of(7, chosen)).feasible


def test_the_estimate_errs_by_the_difference_in_ability() -> None:
    """With degrees and schools in exact balance nothing else is left in the simulation."""
    asked = load("matching/seed100", {"cohort": "EXPERIMENTAL"})
    pairs: dict[tuple[str, ...], list[list[int]]] = {}
    places = [asked.columns.index(column) for column in asked.exact]
    for i, unit in enumerate(asked.members):
        pairs.setdefault(tuple(unit.labels[p] for p in places), [[], []])[unit.treated].append(i)
    chosen = {i for controls, treated in pairs.values() for i in (*controls[: len(treated)], *treated[: len(controls)])}
    found = judge(asked, Comparison.of(len(asked.members), chosen), seed_truth())
    assert abs(found["estimate_error"] - found["ability_difference"]) < Fraction(1, 10**9)
    assert found["true_effect"] == 5


def test_standardised_differences() -> None:
    seven = tiny_matching.NAMED["incomes within .4"]
    found = standardised(seven, kept(0, 1, 3, 4))
    assert found["race x"][0] == pytest.approx((2 / 3 - 2 / 4) / (12 / 49) ** 0.5)
    assert found["race x"][1] == 0
    assert found["income"][1] == pytest.approx(0, abs=1e-9)
    for one_side in (kept(), kept(0), kept(3, 4)):
        assert {after for _, after in standardised(seven, one_side).values()} == {None}
        assert {row["after"] for row in find_problem("matching").solution_summary(seven, one_side)} == {"-"}


def test_a_wrong_table_is_refused() -> None:
    seven, problem = tiny_matching.NAMED["incomes within .4"], find_problem("matching")
    good = {"student_id": "0", "side": "treated", "weight": "1"}
    assert estimate(seven, problem.read_solution(seven, [good]).weights) is None
    for change, parts in (
        ({"student_id": "9"}, "unknown"),
        ({"side": "control"}, "the other side"),
        ({"weight": "much"}, "a number"),
        ({"weight": "1e400"}, "a number from 1e-30 to 1e30"),
    ):
        with pytest.raises(InputError, match=parts):
            problem.read_solution(seven, [good | change])
    with pytest.raises(InputError, match="stands twice"):
        problem.read_solution(seven, [good, good])
