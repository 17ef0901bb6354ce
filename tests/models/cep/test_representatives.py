"""Groups named after a school, with meals that are not proportional to enrolment."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from fairbound.benchmarks.cep.tiny import WITH_MEALS, best
from fairbound.models.cep import PROBLEM, CepInstance, Grouping, evaluate
from fairbound.models.cep.price_curve import LINEAR
from fairbound.solvers.core.formulations import relaxation_bound

import fairbound

REPRESENTATIVES = PROBLEM.formulation("representatives")


@pytest.mark.parametrize("objective", LINEAR)
@pytest.mark.parametrize("instance", WITH_MEALS, ids=lambda instance: instance.name)
def test_any_meals_agree_with_brute_force(instance: CepInstance, objective: str) -> None:
    optimum = best(instance, objective)
    result = fairbound.solve(instance, objective=objective, method="representatives")
    assert optimum is not None
    assert result.primal_bound == optimum
    assert result.dual_bound >= optimum
    assert result.dual_bound == pytest.approx(float(optimum), rel=1e-6)


@pytest.mark.parametrize("instance", WITH_MEALS, ids=lambda instance: instance.name)
def test_its_relaxation_is_between_those_of_numbered_groups_and_of_all_groups(instance: CepInstance) -> None:
    names = ("bilinear_mccormick", "representatives", "set_partitioning")
    weak, found, strong = (relaxation_bound(PROBLEM.formulation(name), instance, "reimbursement") for name in names)
    assert weak * (1 + 1e-9) >= found >= strong * (1 - 1e-9)


def test_a_group_has_one_name_and_claims_its_share() -> None:
    """Shares fall s1 .7, s3 .56, s5 .5, s2 .33, s4 .3: the group of s2 and s3 is named after s3."""
    meals = WITH_MEALS[0]
    model = REPRESENTATIVES.build(meals, "reimbursement")
    grouping = Grouping.of([["s2", "s3"], ["s4", "s1"]])
    REPRESENTATIVES.assign(model, grouping)
    names = {(s, t) for (s, t), variable in model.x.items() if variable.value}
    assert names == {(1, 2), (2, 2), (3, 0), (0, 0)}
    assert model.w[1, 2].value == pytest.approx(1.6 * 90 / 210)
    assert pyo.value(model.objective) == pytest.approx(float(evaluate(meals, grouping).values["reimbursement"]))
    assert REPRESENTATIVES.extract(model) == grouping
