"""The MealsCount widths give the groups that the notebook prints, school by school."""

from __future__ import annotations

from fractions import Fraction

import pytest
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.instances.cep.sources import calpads33
from fairbound.models.cep import PROBLEM, School, evaluate
from fairbound.models.core.errors import InputError
from fairbound.solvers.cep.baselines import exact_percent, rounded_percent, width_groups
from fairbound.solvers.core.method import Kind
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.core.result import Settings

# The groups as printed, each as the codes of its schools; 1000016 stands twice, as a and b.
FIRST = ["1000001", "1000027"]
PRINTED = {
    "3.125": [
        FIRST,
        ["1000022", "1000017", "1000029", "1000020", "1000025"],
        ["1000028", "2000002", "1000011", "1000014", "1000006", "1000004", "1000024", "1000007", "1000026", "1000005"],
    ],
    "6.25": [
        FIRST,
        [
            "1000022",
            "1000017",
            "1000029",
            "1000020",
            "1000025",
            "1000028",
            "2000002",
            "1000011",
            "1000014",
            "1000006",
            "1000004",
            "1000024",
        ],
        ["1000007", "1000026", "1000005", "1000015", "2000001", "2000003", "1000016a"],
    ],
    "12.5": [
        FIRST,
        [
            "1000022",
            "1000017",
            "1000029",
            "1000020",
            "1000025",
            "1000028",
            "2000002",
            "1000011",
            "1000014",
            "1000006",
            "1000004",
            "1000024",
            "1000007",
            "1000026",
            "1000005",
            "1000015",
            "2000001",
            "2000003",
            "1000016a",
            "1000016b",
            "1000012",
            "1000013",
            "1000008",
            "1000002",
        ],
    ],
    "0.625": [
        FIRST,
        ["1000022", "1000017", "1000029"],
        ["1000020"],
        ["1000025", "1000028", "2000002"],
        ["1000011", "1000014", "1000006"],
        ["1000004"],
        ["1000024", "1000007", "1000026"],
        ["1000005", "1000015", "2000001", "2000003"],
    ],
}
# Totals printed under each group: enrolled, eligible, share in percent.
TOTALS = {
    "3.125": [(61, 46, "75.41"), (2439, 1222, "50.1"), (14794, 6396, "43.23")],
    "6.25": [(61, 46, "75.41"), (11416, 5222, "45.74"), (8969, 3637, "40.55")],
    "12.5": [(61, 46, "75.41"), (26473, 10795, "40.78")],
    "0.625": [
        (61, 46, "75.41"),
        (1665, 855, "51.35"),
        (131, 66, "50.38"),
        (3712, 1715, "46.2"),
        (2612, 1180, "45.18"),
        (854, 378, "44.26"),
        (6631, 2760, "41.62"),
        (3922, 1576, "40.18"),
    ],
}
WORTH = {"0.625": "13709", "3.125": "12249.8", "6.25": "14235.4", "12.5": "17333"}
SIZES = {"0.625": (8, 20, 19588), "3.125": (3, 17, 17294), "6.25": (3, 21, 20446), "12.5": (2, 26, 26534)}


@pytest.mark.parametrize("width", PRINTED)
def test_groups_as_printed(width: str) -> None:
    groups = width_groups(calpads33(), float(width), rounded_percent)
    assert [[school.id for school in group] for group in groups] == PRINTED[width]
    for group, (enrolled, eligible, share) in zip(groups, TOTALS[width], strict=True):
        assert sum(school.enrolled for school in group) == enrolled
        assert sum(school.identified for school in group) == eligible
        assert round(Fraction(eligible, enrolled) * 100, 2) == Fraction(share)


@pytest.mark.parametrize("width", PRINTED)
def test_exact_re_score(width: str) -> None:
    method = find_method(PROBLEM, f"width:{width}")
    assert method.kind is Kind.BASELINE
    result = method.run(calpads33(), "reimbursement", Settings(), None)
    assert result.primal_bound == Fraction(WORTH[width])
    assert result.dual_bound is None
    sizes = (result.measures["groups"], result.values["schools"], result.values["students"])
    assert sizes == SIZES[width]


def test_rounding_can_lift_a_group_over_the_threshold() -> None:
    """40.006 % is rounded to 40.01 %: over a threshold of 40.008 % only by its rounding."""
    instance = tiny_cep.make("phantom", [(100000, 40006)], threshold=Fraction("0.40008"))
    result = find_method(PROBLEM, "width:3.125").run(instance, "reimbursement", Settings(), None)
    assert [violation.rule for violation in result.violations] == ["threshold"]
    exact = find_method(PROBLEM, "width_exact:3.125").run(instance, "reimbursement", Settings(), None)
    assert exact.primal_bound == 0


def test_any_width_and_no_other_argument() -> None:
    assert find_method(PROBLEM, "width:5").run(calpads33(), "students", Settings(), None).primal_bound is not None
    with pytest.raises(InputError, match="percentage points"):
        find_method(PROBLEM, "width:wide").run(calpads33(), "students", Settings(), None)
    with pytest.raises(InputError, match="unknown method"):
        find_method(PROBLEM, "one_group:3")


def test_schools_without_students_and_empty_group_0() -> None:
    schools = [School("a", Fraction(0), Fraction(0)), School("b", Fraction(10), Fraction(1))]
    instance = tiny_cep.CepInstance("small", tuple(schools))
    assert width_groups(instance, Fraction(5), exact_percent) == []


def test_one_group_and_alone() -> None:
    instance = tiny_cep.NAMED["five"]
    alone = find_method(PROBLEM, "alone").run(instance, "reimbursement", Settings(), None)
    assert [list(group) for group in alone.solution.groups] == [["s1"], ["s2"]]
    assert alone.primal_bound == 100 + 80
    one = find_method(PROBLEM, "one_group").run(instance, "reimbursement", Settings(), None)
    assert one.solution.groups == ()
    assert evaluate(instance, one.solution).feasible
