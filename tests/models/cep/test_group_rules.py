"""``groups`` and ``min_group``: evaluation, and every formulation and method that states them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from fairbound.benchmarks.cep.tiny import FIVE, groupings, make
from fairbound.models.cep import PROBLEM, Grouping
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text
from fairbound.solvers.core.methods import default_method, methods_of
from fairbound.solvers.core.result import Settings, Status
from general_meals import with_meals

CASES = [
    (instance, parameters, objective)
    for instance in (make("five", FIVE), with_meals("meals"))
    for parameters in ({"groups": "1"}, {"min_group": "3"}, {"groups": "2", "min_group": "2"})
    for objective in ("reimbursement", "full_funding")
]


@pytest.mark.parametrize(("instance", "parameters", "objective"), CASES)
def test_methods_keep_the_rules_on_groups(instance, parameters, objective) -> None:  # type: ignore[no-untyped-def]
    asked = PROBLEM.with_parameters(instance, parameters)
    best = max(e.values[objective] for e in (PROBLEM.evaluate(asked, g) for g in groupings(asked)) if e.feasible)
    proved = 0
    for method in methods_of(PROBLEM):
        if not method.exact or method.refuses(asked, objective) is not None:
            continue
        result = method.run(asked, objective, Settings())
        assert result.status in (Status.OPTIMAL, Status.FEASIBLE), method.name
        assert result.primal_bound <= best <= result.dual_bound, method.name
        if method.closes:
            assert result.primal_bound == best, method.name
            proved += 1
    assert proved


def test_broken_rules_are_named() -> None:
    instance = PROBLEM.with_parameters(make("five", FIVE), {"groups": "1", "min_group": "2", "threshold": "0.2"})
    rules = {violation.rule for violation in PROBLEM.evaluate(instance, Grouping((("s1",), ("s2",)))).violations}
    assert rules == {"groups", "min_group"}


@pytest.mark.parametrize(
    ("name", "text"), [("groups", "0"), ("groups", "1.5"), ("min_group", "none"), ("min_group", "0")]
)
def test_wrong_numbers_are_refused(name: str, text: str) -> None:
    with pytest.raises(InputError, match=name):
        PROBLEM.with_parameters(make("five", FIVE), {name: text})


def test_coverage_questions_ignore_meals() -> None:
    """Most students in CEP does not depend on meals: the smallest exact model answers it."""
    assert default_method(with_meals("meals"), "students").name == "everyone_or_nobody"
    assert default_method(with_meals("meals"), "reimbursement").name == "subset_dp"


def test_phantom_money_is_what_rounding_pretends() -> None:
    """A share of 0.39996 rounds to 0.4: worth nothing, but a spreadsheet would book 64 % of the weight."""
    instance = make("close", [(25000, 9999)])
    evaluation = PROBLEM.evaluate(instance, Grouping((("s1",),)))
    assert not evaluation.feasible
    assert evaluation.values["reimbursement"] == 0
    assert decimal_text(evaluation.measures["phantom_money"]) == "16000"
    assert PROBLEM.evaluate(instance, Grouping(())).measures["phantom_money"] == Fraction(0)
