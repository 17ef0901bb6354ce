"""Witnesses: agreement raises a claim to L3, disagreement is loud and drops it; what is proven stands."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from engines_here import need
from fairbound.benchmarks.blocks import tiny as tiny_blocks
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.solvers.core import witnesses
from fairbound.solvers.core.bound import Basis, Level
from fairbound.solvers.core.result import Settings, Status

import fairbound
from fairbound import InputError

FIVE = tiny_cep.NAMED["five"]


@pytest.mark.parametrize("engine", ["scip", "cpsat", "highs-nopresolve", "glpk", "gurobi"])
def test_they_agree_on_a_grouping_and_on_connected_zones(engine: str) -> None:
    need(engine)
    unproven = Settings(prove=0, witness=(engine,))
    zones = fairbound.solve(tiny_blocks.NAMED["grid"], method="separator_loop", settings=unproven)
    assert (zones.status, zones.level, zones.basis) == (Status.OPTIMAL, Level.L3, Basis.WITNESSES)
    (heard,) = zones.witnesses
    assert (heard.says, heard.value) == ("optimal", zones.primal_bound)
    assert heard.version
    group = fairbound.solve(FIVE, method="membership", objective="students", settings=unproven)
    assert [one.value for one in group.witnesses] == [group.primal_bound]
    assert not group.contradiction


def test_a_proven_answer_keeps_its_level() -> None:
    result = fairbound.solve(FIVE, method="membership", settings=Settings(witness=("highs-nopresolve",)))
    assert (result.level, len(result.witnesses)) == (Level.L4, 1)


def _lying(monkeypatch: pytest.MonkeyPatch, **answer: Any) -> None:
    monkeypatch.setattr(witnesses, "ask", lambda *_: {"says": "optimal", "plan": None, "version": "9", **answer})


def test_a_disagreement_drops_the_claim_and_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    _lying(monkeypatch, says="infeasible")
    unproven = Settings(prove=0, witness=("highs-nopresolve",))
    result = fairbound.solve(FIVE, method="membership", objective="students", settings=unproven)
    assert "the witness highs-nopresolve 9 says infeasible" in result.contradiction
    assert result.status is Status.FEASIBLE
    assert result.basis is not Basis.CLAIM
    assert result.dual_bound is None or result.dual_bound > result.primal_bound  # type: ignore[operator]


def test_what_is_proven_stands_against_a_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    _lying(monkeypatch, plan=[0] * 6)
    result = fairbound.solve(FIVE, method="membership", settings=Settings(witness=("highs-nopresolve",)))
    assert "says 0 (0)" in result.contradiction
    assert (result.status, result.level) == (Status.OPTIMAL, Level.L4)
    assert result.witnesses[0].value == Fraction(0)


def test_an_engine_that_gives_no_answer_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _lying(monkeypatch, says="unknown")
    settings = Settings(prove=0, witness=("highs-nopresolve",))
    result = fairbound.solve(tiny_blocks.NAMED["grid"], method="separator_loop", settings=settings)
    assert (result.level, result.basis, result.contradiction) == (Level.L1, Basis.CLAIM, "")


def test_unknown_witnesses_are_refused_before_anything_runs() -> None:
    with pytest.raises(InputError, match="unknown witness: found 'cplx'"):
        fairbound.solve(FIVE, settings=Settings(witness=("cplx",)))
