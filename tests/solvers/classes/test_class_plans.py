"""Known answers of class types, each with its proof, and what an epsilon that no plan meets is told."""

from __future__ import annotations

from fractions import Fraction

import pytest
from fairbound.instances.classes.sources import drawn, seed_truth
from fairbound.models.classes.evaluate import judge
from fairbound.models.classes.flows import FORMULATION
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.methods import default_method
from fairbound.solvers.core.result import Settings, Status
from fairbound.solvers.engines import vertex_core

import fairbound


@pytest.mark.parametrize(
    ("groups", "epsilon", "moves"),
    [
        ("race", "1", 88), ("race", "0.5", 179), ("race", "0.1", 252), ("race", "0.02", 266),
        ("income", "1", 835), ("income", "0.1", 1015),
    ],
)  # fmt: skip
def test_fewest_moves_are_proven(groups: str, epsilon: str, moves: int) -> None:
    parameters = {"groups": groups, "epsilon": epsilon}
    result = fairbound.solve("classes/seed100", parameters=parameters)
    assert (result.status, result.level, result.primal_bound) == (Status.OPTIMAL, Level.L4, moves)
    assert fairbound.verify(result.certificate, "classes/seed100", parameters) == (moves, Level.L4)  # type: ignore[arg-type]
    if groups == "race":
        asked = fairbound.load("classes/seed100", parameters)
        assert judge(asked, result.solution, seed_truth())["true_gap"] <= Fraction(epsilon) + Fraction(1, 10**9)


@pytest.mark.parametrize(
    ("small", "ma", "moves"),
    [
        ("5", "0", 752),
        ("7.153", "10.302", 217),
        ("10.172", "9.825", 189),
        ("12.102", "9.825", 172),
        ("5.066", "10", 251),
    ],
)
def test_wrong_estimates_move_other_numbers_of_children(small: str, ma: str, moves: int) -> None:
    """The joining table: the number of moves planned with each estimate."""
    parameters = {"groups": "race", "small_effect": small, "ma_effect": ma}
    result = fairbound.solve("classes/seed100", parameters=parameters, settings=Settings(prove=0))
    assert (result.status, result.primal_bound) == (Status.OPTIMAL, moves)


def test_the_least_gap_is_proven_to_the_last_digit() -> None:
    result = fairbound.solve("classes/seed100", objective="gap", parameters={"groups": "race", "epsilon": "none"})
    assert (result.status, result.level) == (Status.OPTIMAL, Level.L4)
    assert float(result.primal_bound or 0) == pytest.approx(0.0025482700586, rel=1e-9)


def test_an_epsilon_that_no_plan_meets_says_the_least() -> None:
    asked = fairbound.load("classes/seed100", {"groups": "race", "epsilon": "0.001"})
    assert fairbound.solve(asked, settings=Settings(prove=0)).status is Status.INFEASIBLE
    explanation = fairbound.explain(asked, objective="moves")
    assert dict(explanation.rules) == {"epsilon": "0.001"}
    assert any("gap is at least 0.00254" in words for words in explanation.words)


def test_effects_of_many_digits_stay_within_floats() -> None:
    parameters = {"groups": "race", "small_effect": "12.1024969942942", "ma_effect": "9.824936342605765"}
    asked = fairbound.load("classes/seed100", parameters)
    model = FORMULATION.build(asked, "moves")
    assert model.K_unit > 1e6
    result = fairbound.solve(asked, settings=Settings(prove=0))
    assert result.primal_bound == 172


def test_near_a_vertex_hardly_more_moves_than_the_relaxation_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a search of few columns misses, the bound holds, and ``flows`` goes on where the two differ."""
    asked = drawn("classes/drawn600")
    known = fairbound.solve(asked, method="flows", settings=Settings(prove=0))
    for cores in ((300, 3000), ()):
        monkeypatch.setattr(vertex_core, "CORES", cores)
        found = fairbound.solve(asked, method="near_vertex", settings=Settings(prove=0))
        assert (found.status, found.primal_bound) == (Status.OPTIMAL, known.primal_bound)
        assert found.proven_bound is not None
        assert known.primal_bound - 1 <= found.proven_bound <= known.primal_bound  # type: ignore[operator]


def test_many_students_are_asked_near_a_vertex() -> None:
    few, many = (drawn(f"classes/drawn{n}") for n in (600, 2000))
    assert [default_method(asked, "moves").name for asked in (few, many)] == ["flows", "near_vertex"]
