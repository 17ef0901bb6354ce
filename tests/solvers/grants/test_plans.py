"""Plans with their proofs, what they promise and bring, and requests that are refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from fairbound.benchmarks.grants import tiny as tiny_grants
from fairbound.instances.scores.sources import synthetic_truth
from fairbound.models.core.errors import InputError
from fairbound.models.core.problem import Sense
from fairbound.models.core.registry import find_problem
from fairbound.models.grants import GrantsInstance, Plan, evaluate, segments
from fairbound.models.grants.evaluate import judge, worst
from fairbound.models.grants.instance import MEAN, WORST, read_effects, write_effects
from fairbound.solvers.checker import tree as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.checker.linear import System, replay
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import Settings, Status
from fairbound.solvers.proofs.tree import prove
from fairbound.solvers.proofs.vipr import vipr_text

import fairbound

F = Fraction


def test_a_default_plan_is_proven() -> None:
    asked = fairbound.load("grants/synthetic")
    result = fairbound.solve(asked, settings=Settings(gap=1e-4, prove=60))
    assert result.proven is not None
    assert result.proven_gap <= F(1e-4)  # the gap is a float
    assert result.measures["granted_districts"] <= 20
    assert result.measures["granted"] <= 20_000_000
    assert 0 < result.measures["gain_low"] < result.measures["gain"] < result.measures["gain_high"]
    found = judge(asked, result.solution, synthetic_truth())
    assert found["true_gain"] > F(1, 20)
    for method in ("equal_per_student", "proportional_to_need", "lowest_first"):
        other = fairbound.solve(asked, method=method)
        assert other.status is Status.FEASIBLE
        assert other.primal_bound < result.primal_bound


QUESTIONS = [
    pytest.param(instance, objective, id=f"{instance.name}-{objective}")
    for instance in tiny_grants.TINY.instances
    for objective in (WORST, MEAN)
]


@pytest.mark.parametrize(("instance", "objective"), QUESTIONS)
def test_what_is_true_closes_and_what_is_false_never(instance: GrantsInstance, objective: str) -> None:
    truth = tiny_grants.best_plan(instance, objective)
    if truth is None:
        pytest.skip("infeasible")

    def system() -> System:
        found: System = checker.rows_of("grants").system(instance.canonical(), objective)
        return found

    proof = prove(system(), truth + F(1, 10**6), None, 10)
    assert proof is not None
    assert proof.claim == truth + F(1, 10**6)
    false = prove(system(), truth - F(1, 10**6), None, 5)
    assert false is None or false.claim >= truth - F(1, 10**9)


@pytest.fixture(scope="module")
def proof() -> dict[str, Any]:
    result = fairbound.solve(tiny_grants.NAMED["two grants"])
    assert result.proven is not None
    assert result.proven.level is Level.L4
    return dict(result.certificate or {})


def test_plans_that_break_a_rule_are_refused(proof: dict[str, Any]) -> None:
    asked = tiny_grants.NAMED["two grants"]
    plan: list[list[Any]] = proof["solution"]
    d, f, _ = plan[0]
    for word, solution in (
        ("bounds", [[d, f, "3000"], *plan[1:]]),
        ("bounds", [[d, f, "-1"], *plan[1:]]),
        ("pot", [[1, 0, "500"], *[change for change in plan if change[0] != 1]]),
        ("districts", [*([e, 0, "1"] for e in range(5))]),
        ("twice", [*plan, plan[0]]),
        ("nobody", [*plan, [9, 0, "1"]]),
    ):
        with pytest.raises(Rejected, match=word):
            checker.check({**proof, "solution": solution})
        if word not in ("twice", "nobody"):
            changes = tuple((d, f, F(x)) for d, f, x in solution)
            assert not evaluate(asked, Plan(changes)).feasible
    with pytest.raises(Rejected):
        checker.check({**proof, "bound": str(F(proof["bound"]) - F(1, 1000)), "solution": None})


def test_columns_that_need_not_be_whole_are_neither_rounded_nor_branched_on() -> None:
    system = System(1, F(1), None)
    x, y = system.column(0, 3, 2, whole=False), system.column(0, 1, 1)
    system.at_least({x: 2, y: 2}, 1)
    with pytest.raises(Rejected, match="need not be whole"):
        system.step_row(["gomory", [[0, 0.5]], []])
    branched = {"steps": [], "tree": [["branch", x, 1], ["bound", []], ["bound", []]]}
    with pytest.raises(Rejected, match="need not be whole"):
        replay(system, branched, F(0))
    found = prove(system, F(1), None, 5)
    assert found is not None
    assert found.claim == 1  # y = 1; half of it would do if it were not whole


def test_questions_with_such_columns_have_no_vipr_file_and_no_witness(proof: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="whole"):
        vipr_text(proof)
    asked = tiny_grants.NAMED["two grants"]
    result = fairbound.solve(asked, settings=Settings(witness=("highs-nopresolve",)))
    assert "no witness can be asked" in result.message


def test_the_worst_tenth_counts_a_district_in_part() -> None:
    scores = [F(5), F(1), F(2), F(9)]
    assert worst(scores, F(1, 4)) == 1
    assert worst(scores, F(3, 8)) == (1 + F(1, 2) * 2) / F(3, 2)
    assert worst(scores, F(1)) == F(17, 4)


def test_effects_are_read_and_written() -> None:
    for text in ("fitted", "literature", 'Instruction=0.12+-0.05;"a;b"=-0.3'):
        assert write_effects(read_effects(text)) == text
    for wrong in ("Instruction", "Instruction=much", "a=1;a=2", "=", "a=1+-"):
        with pytest.raises(ValueError):  # noqa: PT011 - the parameter says what was wanted
            read_effects(wrong)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"effects": ""}, "nobody says what money does"),
        ({"effects": "fitted"}, "none were fitted here"),
        ({"effects": "books=1"}, "no such function"),
        ({"effects": "a=-1;b=0"}, "no function adds points"),
        ({"effects": "b=0.9+-0.5", "caution": "2"}, "no function adds points"),
        ({"move": "1.5"}, "at most 1"),
        ({"tail": "0"}, "above 0"),
        ({"pot": "-1"}, "at least 0"),
        ({"districts": "0"}, "above 0"),
    ],
)
def test_refused_requests(given: dict[str, str], word: str) -> None:
    with pytest.raises(InputError, match=word):
        fairbound.load(tiny_grants.NAMED["anybody"], given)


def test_a_limit_that_no_plan_reaches_is_said() -> None:
    result = fairbound.solve(tiny_grants.NAMED["anybody"], parameters={"min_mean": "30"})
    assert result.status is Status.INFEASIBLE


def test_plans_beyond_what_anybody_spends_are_counted() -> None:
    asked = replace(tiny_grants.NAMED["anybody"], rise=F(2), most=F(9000), pot=F(10**8))
    result = fairbound.solve(asked)
    assert result.measures["outside_data"] > 0
    shown = find_problem("grants").solution_summary(asked, result.solution)
    assert sum(row["on"].count("beyond what any district spends") for row in shown) == result.measures["outside_data"]
    assert find_problem("grants").objective(WORST).sense is Sense.MAXIMIZE


def test_a_table_of_districts(tmp_path: Path) -> None:
    path = tmp_path / "districts.csv"
    good = "district_id,students,score,Instruction\na,100,17.5,4000\nb,50,16,5000\n"
    path.write_text(good)
    asked = fairbound.load(path, {"effects": "Instruction=0.2", "pot": "10000"})
    result = fairbound.solve(asked, objective=MEAN)
    assert result.primal_bound == pytest.approx(float((F("17.5") + 16 + F("0.2") * F(10000, 50) / 1000) / 2), rel=1e-9)
    for old, new, word in (
        ("b,50", "a,50", "row 3, column district_id: a district stands twice"),
        ("b,50", "b,0", "row 3, column students"),
        ("5000", "-5", "row 3, column Instruction: negative spending"),
        ("16,", "?,", "row 3, column score"),
        (",Instruction", "", "wrong number of cells"),
    ):
        path.write_text(good.replace(old, new, 1))
        with pytest.raises(InputError, match=word):
            fairbound.load(path, {"effects": "Instruction=0.2"})


def test_the_plan_at_hand_asks_for_the_effect_of_a_function_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 4,800 districts it must be there before a limit of two seconds: no effect is worked out for each of them."""
    asked, known = fairbound.load("grants/districts/n=60/1", {"effects": "literature", "move": "0.1"}), []
    gains = GrantsInstance.gains
    monkeypatch.setattr(GrantsInstance, "gains", lambda self, f: known.append(f) or gains(self, f))
    assert isinstance(asked, GrantsInstance)
    plan = segments.FORMULATION.first(asked, WORST)
    assert sorted(known) == list(range(len(asked.functions)))
    assert evaluate(asked, plan).feasible
