"""A short campaign of hostile questions against brute force; ``tests/support/campaign.py`` runs long ones."""

from __future__ import annotations

import campaign
from fairbound.models.core.problem import Sense
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import Result, Status, Termination


def test_no_claim_is_denied_by_brute_force() -> None:
    found = campaign.run(3000, seed=2)
    print(found.say())
    assert found.solves >= 3000
    assert set(found.instances) == {
        "cep",
        "blocks",
        "applicants",
        "transfers",
        "classes",
        "matching",
        "scores",
        "grants",
    }
    assert not found.wrong, "\n".join(found.wrong)


def test_the_judge_sees_each_kind_of_wrong_claim() -> None:
    part = campaign.PARTS[0]

    def result(status: Status, value: int | None, bound: int | None) -> Result:
        return Result(
            "cep", "x", "", {}, "students", Sense.MAXIMIZE, "m", status, Termination.FINISHED, Level.L1,
            None if value is None else campaign.Fraction(value), None if bound is None else campaign.Fraction(bound),
        )  # fmt: skip

    best = campaign.Fraction(10)
    assert campaign.judge(part, best, result(Status.OPTIMAL, 10, 10), True) is None
    assert "optimal" in (campaign.judge(part, best, result(Status.OPTIMAL, 9, 10), True) or "")
    assert "bound 9" in (campaign.judge(part, best, result(Status.FEASIBLE, 9, 9), True) or "")
    assert "better" in (campaign.judge(part, best, result(Status.FEASIBLE, 11, 12), True) or "")
    assert "infeasible" in (campaign.judge(part, best, result(Status.INFEASIBLE, None, None), True) or "")
    assert "none" in (campaign.judge(part, None, result(Status.FEASIBLE, 1, 2), True) or "")
