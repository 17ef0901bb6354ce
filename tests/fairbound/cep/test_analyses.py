"""The analyses of a CEP district, on the embedded one whose answers are known."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from fairbound.benchmarks.cep import analyses, analysis_figures, price_table
from fairbound.benchmarks.cep.analyses import Line
from fairbound.benchmarks.core.figure import Mark
from fairbound.models.cep import PROBLEM, Grouping
from fairbound.solvers.cep.certificate import read_instance
from fairbound.solvers.core.answer import Answer, conclude
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import Settings, Status, Termination
from general_meals import with_meals

import fairbound

DISTRICT = analyses.cep_instance("cep/calpads33", {})


def test_sensitivity_names_each_value() -> None:
    found = analyses.sensitivity(DISTRICT, "multiplier", ["1.6", "1.3", "2"])
    assert [(row["multiplier"], row["value"]) for row in found.tables[0].rows] == [
        ("1.6", Fraction("17364.8")),
        ("1.3", Fraction("14108.9")),
        ("2", Fraction(21706)),
    ]
    [figure] = analysis_figures.sensitivity_figures(found)
    assert [series.x for series in figure.series] == [(1.3, 1.6, 2.0)] * 2  # sorted, value on bound
    assert figure.series[1].y == (14108.9, 17364.8, 21706.0)


def test_a_school_adds_what_its_absence_costs() -> None:
    found = analyses.school(DISTRICT, "1000001")
    inside, outside = found.lines
    without = fairbound.solve("cep/calpads33", parameters={"forced_out": "1000001"}).primal_bound
    assert outside.value == without
    assert without is not None
    assert analyses.difference(inside, outside) == (Fraction("17364.8") - without,) * 2
    here, alone, out = found.tables[1].rows
    assert (here["place"], here["schools"], here["change"]) == ("group 1 (here)", 27, Fraction(0))
    assert alone["claim %"] == 100.0
    assert out["change"] == without - Fraction("17364.8")


def _line(label: str, plan: Grouping, bound: Fraction | None) -> Line:
    instance = PROBLEM.with_parameters(with_meals("five"), {} if label == "none" else {"groups": label})
    proven = None if bound is None else Bound(bound, Basis.THEOREM)
    answer = Answer(Termination.TIME_LIMIT, plan, proven=proven)
    return Line(label, instance, conclude(PROBLEM, instance, "reimbursement", "test", answer))


def test_plans_are_shared_between_questions() -> None:
    """A plan of two groups also answers "at most four"; one of three does not answer "at most two"."""
    two, three = Grouping.of([["s1", "s2", "s4"], ["s3"]]), Grouping.of([["s1"], ["s3"], ["s5"]])
    worse = Grouping.of([["s5"]])
    values = {plan: PROBLEM.evaluate(with_meals("five"), plan).values["reimbursement"] for plan in (two, three)}
    bound = Fraction(10**6)
    shared = analyses._share_plans([_line("2", two, bound), _line("4", worse, None), _line("none", three, bound)])
    assert values[two] > values[three]
    assert [line.result.solution for line in shared] == [two, two, two]
    assert [line.value for line in shared] == [values[two]] * 3
    assert [line.bound for line in shared] == [bound, None, bound]
    assert [line.result.status for line in shared] == [Status.FEASIBLE] * 3
    few = analyses._share_plans([_line("1", worse, bound), _line("none", two, bound)])
    assert few[0].result.solution == worse


def test_what_is_not_known_is_drawn_as_a_band() -> None:
    plan = Grouping.of([["s1", "s2", "s4"], ["s3"]])
    lines = tuple(_line(label, plan, Fraction(bound)) for label, bound in (("2", 130000), ("4", 120000)))
    found = analyses.sensitivity(DISTRICT, "groups", ["1"])
    drawn = analysis_figures.sensitivity_figures(replace(found, lines=lines))
    assert [series.mark for series in drawn[0].series] == [Mark.AREA, Mark.LINE, Mark.LINE]
    band, bound, value = drawn[0].series
    assert band.x == (2.0, 4.0, 4.0, 2.0)
    assert band.y == (*bound.y, *reversed(value.y))
    values = PROBLEM.evaluate(with_meals("five"), plan).values["reimbursement"]
    assert drawn[1].series[0].y == (float(130000 - values), float(120000 - values))


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"rates": "none"},
        {"cover": "all", "threshold": "1/3", "together": "s1+s4", "min_students": "300", "groups": "3"},
        {"forced_in": "s4", "forced_out": "s1", "min_group": "2", "multiplier": "1.3"},
    ],
)
def test_a_certificate_holds_its_instance(rules: dict[str, str]) -> None:
    from fairbound.solvers.cep import price_curve

    instance = PROBLEM.with_parameters(with_meals("five"), rules)
    certificate = price_curve.METHOD.run(instance, "reimbursement", Settings()).certificate
    assert certificate is not None
    assert read_instance(certificate) == instance
    found = price_table.prices(certificate)
    assert found.bound == Fraction(str(certificate["bound"]))
