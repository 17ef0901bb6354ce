"""The CEP specification itself: evaluation, rules, lattice, theorems."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.models.cep import PROBLEM, CepInstance, Cover, Grouping, School, evaluate, find_rates
from fairbound.models.cep.evaluate import lattice
from fairbound.models.cep.instance import OBJECTIVES
from fairbound.models.cep.tables import read_solution
from fairbound.models.core.errors import InputError
from hypothesis import given, settings
from hypothesis import strategies as st


@st.composite
def districts(draw: st.DrawFn) -> CepInstance:
    """Small districts with hostile shapes: no students, equal rows, thresholds met with equality."""
    count = draw(st.integers(1, 6))
    schools = []
    for i in range(count):
        enrolled = draw(st.sampled_from([0, 1, 5, 10, 20]) | st.integers(0, 60))
        schools.append(School(f"s{i}", Fraction(enrolled), Fraction(draw(st.integers(0, enrolled)))))
    threshold = draw(st.sampled_from([Fraction(2, 5), Fraction(1, 4), Fraction(1)]))
    multiplier = draw(st.sampled_from([Fraction(8, 5), Fraction(13, 10), Fraction(4)]))
    return CepInstance("drawn", tuple(schools), threshold=threshold, multiplier=multiplier)


@settings(max_examples=60, deadline=None)
@given(districts())
def test_theorem_1_one_group_suffices(instance: CepInstance) -> None:
    """No grouping is worth more than the best single group, in reimbursement, students or schools."""
    for objective in ("reimbursement", "students", "schools"):
        every = best_single = Fraction(0)
        for grouping in tiny_cep.groupings(instance):
            evaluation = evaluate(instance, grouping)
            if evaluation.feasible:
                every = max(every, evaluation.values[objective])
                if len(grouping.groups) <= 1:
                    best_single = max(best_single, evaluation.values[objective])
        assert every == best_single


@settings(max_examples=60, deadline=None)
@given(districts())
def test_theorem_2_merging_by_full_funding_loses_nothing(instance: CepInstance) -> None:
    """Merging all groups under full funding, and all groups at it, lowers no objective."""
    for grouping in tiny_cep.groupings(instance):
        before = evaluate(instance, grouping)
        if not before.feasible:
            continue
        under, full = [], []
        for group in grouping.groups:
            alone = evaluate(instance, Grouping((group,)))
            (full if alone.values["full_funding"] else under).extend(group)
        after = evaluate(instance, Grouping.of([under, full]))
        assert after.feasible
        assert all(after.values[o.name] >= before.values[o.name] for o in OBJECTIVES)


@settings(max_examples=60, deadline=None)
@given(districts())
def test_every_value_is_on_the_lattice(instance: CepInstance) -> None:
    for grouping in tiny_cep.groupings(instance):
        for name, value in evaluate(instance, grouping).values.items():
            unit = lattice(instance, name)
            assert unit is not None
            assert (value / unit).denominator == 1


def test_a_group_is_worth_what_the_page_says() -> None:
    """Equations (1) to (3) by hand: 130 of 310 identified claim 67.1 % of 310 meals."""
    instance = tiny_cep.NAMED["five"]
    evaluation = evaluate(instance, Grouping.of([["s1", "s2"], ["s3"]]))
    # s3 has 30 of 90 identified, under 40 %.
    assert [str(v) for v in evaluation.violations] == [
        "threshold: group 2 (s3): found 30 identified of 90, wanted at least 36"
    ]
    assert evaluation.values == {"reimbursement": 208, "students": 220, "schools": 2, "full_funding": 0}
    assert evaluate(instance, Grouping.of([["s1"]])).values["full_funding"] == 1


def test_dollars_come_from_the_rates() -> None:
    """100 students, 180 days: 0.64 of the spread of a breakfast and a lunch, above the paid rate."""
    school = School("s", Fraction(100), Fraction(40))
    instance = CepInstance("one", (school,), rates=find_rates("us48-2324"))
    evaluation = evaluate(instance, Grouping.of([["s"]]))
    spread = Fraction("2.28") - Fraction("0.38") + Fraction("4.25") - Fraction("0.40")
    assert evaluation.values["reimbursement"] == Fraction("0.64") * 100 * 180 * spread
    base = 100 * 180 * (Fraction("0.38") + Fraction("0.40"))
    assert evaluation.measures["full_reimbursement"] == evaluation.values["reimbursement"] + base
    severe = replace(instance, schools=(replace(school, severe_need=True),))
    assert severe.weights[0] - instance.weights[0] == 100 * 180 * Fraction("0.45")


def test_meals_per_school_are_not_proportional() -> None:
    schools = (
        School("a", Fraction(10), Fraction(5), breakfasts=Fraction(100), lunches=Fraction(300)),
        School("b", Fraction(10), Fraction(5), breakfasts=Fraction(0), lunches=Fraction(300)),
    )
    instance = CepInstance("meals", schools, rates=find_rates("nyc2017"))
    assert instance.weight_per_student is None
    assert lattice(instance, "reimbursement") is None
    assert instance.weights[0] == 100 * Fraction("1.849") + 300 * Fraction("2.86")
    assert replace(instance, rates=None).weight_per_student == 1


@pytest.mark.parametrize(
    ("grouping", "rule"),
    [
        (Grouping((("s1", "nobody"),)), "known schools"),
        (Grouping((("s1",), ("s1", "s2"))), "one group a school"),
        (Grouping((("s5",),)), "threshold"),
        (Grouping((("s1",),)), "forced_in"),
        (Grouping((("s1", "s2", "s3"),)), "forced_out"),
        (Grouping((("s1", "s4"),)), "together"),
        (Grouping((("s1",),)), "min_students"),
        (Grouping((("s1",),)), "cover"),
    ],
)
def test_every_rule_is_checked(grouping: Grouping, rule: str) -> None:
    instance = tiny_cep.make(
        "rules",
        tiny_cep.FIVE,
        forced_in=("s2",),
        forced_out=("s3",),
        together=(("s4", "s5"),),
        limits=(("students", Fraction(150)),),
        cover=Cover.ALL,
    )
    assert rule in {violation.rule for violation in evaluate(instance, grouping).violations}


def test_bounded_only_ever_tightens() -> None:
    instance = PROBLEM.bounded(tiny_cep.NAMED["five"], "students", Fraction(100))
    assert PROBLEM.bounded(instance, "students", Fraction(50)).limits == (("students", Fraction(100)),)
    assert PROBLEM.bounded(instance, "students", Fraction(150)).limits == (("students", Fraction(150)),)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"threshold": "0"}, "parameter threshold: found '0', wanted a number in (0, 1]"),
        ({"threshold": "1.01"}, "parameter threshold: found '1.01', wanted a number in (0, 1]"),
        ({"threshold": "40%"}, "parameter threshold: found '40%', wanted a number in (0, 1]"),
        ({"multiplier": "-1"}, "parameter multiplier: found '-1', wanted a number above 0"),
        ({"days": "0"}, "parameter days: found '0', wanted a number above 0"),
        ({"cover": "some"}, "parameter cover: found 'some', wanted any or all"),
        ({"forced_in": "s9"}, "parameter forced_in: found 's9', wanted a school_id of the instance"),
        ({"forced_in": "s1", "forced_out": "s1"}, "school in forced_in and in forced_out: found 's1'"),
        ({"min_students": "many"}, "parameter min_students: found 'many', wanted a number"),
        ({"rates": "us48"}, "parameter rates: found 'us48', wanted none, a CSV file, or one of us48-2627"),
    ],
)
def test_wrong_parameters_are_refused(given: dict[str, str], text: str) -> None:
    with pytest.raises(InputError) as refusal:
        PROBLEM.with_parameters(tiny_cep.NAMED["five"], given)
    assert text in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_parameters_are_read_exactly() -> None:
    changed = PROBLEM.with_parameters(tiny_cep.NAMED["five"], {"threshold": "0.1", "together": "s1+s2;s4+s3"})
    assert changed.threshold == Fraction(1, 10)
    assert changed.together == (("s1", "s2"), ("s3", "s4"))


def test_a_solution_with_unknown_or_repeated_schools_is_refused() -> None:
    instance = tiny_cep.NAMED["five"]
    with pytest.raises(InputError, match="unknown school"):
        read_solution(instance, [{"school_id": "x", "group": "1"}])
    with pytest.raises(InputError, match="duplicate school_id"):
        read_solution(instance, [{"school_id": "s1", "group": "1"}, {"school_id": "s1", "group": "2"}])
    with pytest.raises(InputError, match="missing column"):
        read_solution(instance, [{"school_id": "s1"}])
