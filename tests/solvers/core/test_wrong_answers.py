"""Questions that were once answered wrongly, each with its right value: found by counting every solution."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from fairbound.models.cep import set_partitioning
from fairbound.models.core.problem import Sense
from fairbound.models.core.registry import find_problem
from fairbound.models.core.whole import integer_row
from fairbound.solvers.core.answer import Answer, conclude, lattice_bound
from fairbound.solvers.core.bound import Basis, Bound, Level
from fairbound.solvers.core.methods import methods_of
from fairbound.solvers.core.result import Settings, Status, Termination
from fairbound.solvers.engines import model

import fairbound

FILES = {
    "decimals.csv": "school_id,enrolled,identified,breakfasts,lunches\n"
    "s0,270,188,15970.697,20294.547\ns1,369,179,8817.198,49180.019\ns2,394,363,1684.183,56880.996\n",
    "fo.csv": "school_id,enrolled,identified,gain\na,65,47.748999,-0.565111\nb,885.868278,0.542684,0\n",
    "fo2.csv": "school_id,enrolled,identified,gain\na,732,238.593828022,0\nb,206,51.284449242,0\n"
    "c,782,756.445614655,-0.411860002\n",
    "fo_plan.csv": "school_id,group\na,1\nb,\n",
    "at.csv": "school_id,enrolled,identified,breakfasts,lunches\na,25,10,1000,2000\nb,50,20,1000,2000\n"
    "c,100,40,9000,12000\n",
    "plus.csv": "school_id,enrolled,identified,breakfasts,lunches\na,99,87,10380,10032\nb,65,10,10269,2439\n"
    "a+b,196,79,31705,10585\nc,32,5,4920,4370\nd,123,4,7777,19462\n",
    "ids.csv": "school_id,enrolled,identified,breakfasts,lunches\nA,100,70,1000,5000\nB,100,20,9000,1000\n"
    "A+B,50,10,8000,12000\nC,80,70,100,100\n",
    "nobody.csv": "school_id,enrolled,identified\na,0,0\n",
    "two.csv": "school_id,enrolled,identified,breakfasts,lunches\na,100,60,1000,2000\nb,250,100,1000,9000\n",
    "large.csv": "school_id,enrolled,identified,breakfasts,lunches,severe_need\n"
    "k0,9999995,3999997,6658.435,7251.192211431,yes\nk1,9999995,3999998,1144155608,1105511204,yes\n"
    "k2,10000000,3999998,0,0,no\nk3,9999995,3999998,1799999100,0,no\n"
    "k4,9999990,3999997,4983.608,6137.422432161,yes\nk5,10000000,4000000,314397724,1588177536,no\n",
    "swap.csv": "district,enroll,g0,g1,g2,teachers,local_revenue\nD0,18961960,6992115,3856883,8112962,14,337649\n"
    "D1,19080505,8988202,1132260,8960043,21,828528\n",
    "swap_borders.csv": "a,b\nD0,D1\n",
    "weighted.csv": "district,enroll,g0,g1\nD0,209,67,142\nD1,313,248,65\nD2,619,321,298\nD3,366,319,47\n",
    "weighted_borders.csv": "a,b\nD0,D1\nD2,D3\n",
}
ZERO_SEATS = {
    "n": 5, "k": 3, "roots": [0, 3, 4], "students": [10, 10, 10, 10, 0], "group": [10, 8, 0, 1, 0],
    "xy": [[0, 0], [1, 0], [2, 0], [3, 0], [1, 1]], "assignment": [0, 0, 1, 1, 2],
    "edges": [[0, 1], [1, 2], [2, 3], [0, 2], [1, 3], [1, 4], [2, 4]],
}  # fmt: skip
TIGHT = {
    "n": 9, "k": 2, "roots": [8, 2], "students": [2636, 3609, 2828, 896, 2061, 654, 2951, 1502, 2018],
    "group": [291, 2776, 144, 118, 63, 499, 1078, 825, 526], "assignment": [1, 0, 1, 0, 1, 1, 1, 1, 0],
    "xy": [[3, 1], [2, 3], [3, 0], [0, 2], [4, 1], [4, 1], [0, 1], [4, 2], [2, 4]],
    "edges": [[i, j] for i in range(9) for j in range(i)],
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "zero.json").write_text(json.dumps(ZERO_SEATS))
    (tmp_path / "tight.json").write_text(json.dumps(TIGHT))
    monkeypatch.chdir(tmp_path)
    return tmp_path


ANSWERS = [
    ("fo.csv", {"rates": "nyc2017"}, "reimbursement", "55094.734889"),
    ("fo2.csv", {}, "reimbursement", "1673.7063670684"),
    ("decimals.csv", {"rates": "us48-2324", "threshold": "0.4"}, "reimbursement,full_funding", "3"),
    ("at.csv", {"rates": "us48-2324", "threshold": "0.4"}, "reimbursement,students", "175"),
    ("plus.csv", {"rates": "us48-2324", "threshold": "0.4"}, "full_funding,reimbursement", "36663533/245"),
    ("large.csv", {"threshold": "1/3", "multiplier": "2.5", "rates": "seed-pr"}, "reimbursement,students", "59999975"),
    ("zero.json", {"travel_ratio": "none"}, "max_share_deviation", "1/40"),
]


@pytest.mark.parametrize(("file", "parameters", "objective", "value"), ANSWERS)
def test_default_answer_is_optimal_and_right(
    files: Path, file: str, parameters: dict[str, str], objective: str, value: str
) -> None:
    result = fairbound.solve(file, parameters=parameters, objective=objective)
    assert (result.primal_bound, result.status) == (Fraction(value), Status.OPTIMAL), result.message
    claimed, enumerated = file == "zero.json", "," in objective
    assert result.level is (Level.L1 if claimed else Level.L2 if enumerated else Level.L4)


@pytest.mark.parametrize(("file", "parameters", "objective", "value"), ANSWERS)
def test_no_method_calls_anything_else_optimal(
    files: Path, file: str, parameters: dict[str, str], objective: str, value: str
) -> None:
    instance, last = fairbound.load(file, parameters), objective.split(",")[-1]
    problem = find_problem(instance.problem)
    for method in methods_of(problem):
        if method.name == "cpsat" or method.refuses(instance, objective.split(",")[0]) is not None:
            continue
        if "," in objective and not method.exact:
            continue
        try:
            result = fairbound.solve(instance, method=method.name, objective=objective)
        except fairbound.InputError:  # the second objective is beyond it
            continue
        if result.status is Status.OPTIMAL:
            assert result.primal_bound == Fraction(value), method.name
        if result.dual_bound is not None:
            assert not problem.objective(last).sense.improves(Fraction(value), result.dual_bound), method.name


def test_set_partitioning_keeps_groups_apart_whose_ids_join_to_the_same_text(files: Path) -> None:
    instance = fairbound.load("ids.csv", {"rates": "us48-2324", "threshold": "0.4"})
    assert {("A", "B", "C"), ("A+B", "C")} <= set(set_partitioning.build(instance, "reimbursement").groups)
    found = fairbound.compare(instance, methods=["set_partitioning", "subset_dp"])
    assert len({line.result.primal_bound for line in found if line.result}) == 1
    assert round(float(found[0].result.primal_bound or 0), 2) == 91333.54  # type: ignore[union-attr]


def test_price_curve_takes_a_district_without_students(files: Path) -> None:
    assert fairbound.solve("nobody.csv", method="price_curve").primal_bound == 0


@pytest.mark.parametrize("method", ["price_curve", "subset_dp", "set_partitioning", "bilinear_mccormick"])
def test_floors_out_of_reach_are_infeasible_for_every_method(files: Path, method: str) -> None:
    parameters = {"rates": "us48-2324", "min_group": "3", "min_students": "1"}
    assert fairbound.solve("two.csv", method=method, parameters=parameters).status is Status.INFEASIBLE


def test_price_curve_proves_that_a_floor_is_out_of_reach() -> None:
    result = fairbound.solve("cep/calpads33", method="price_curve", parameters={"min_students": "39000"})
    assert result.status is Status.INFEASIBLE
    assert "students is at most" in result.message


def test_swaps_of_large_districts_reach_the_gap_they_name(files: Path) -> None:
    parameters = {"p": "0.1", "band": "0"}
    result = fairbound.solve("swap.csv", parameters=parameters, objective="combined", settings=Settings(gap=1e-3))
    assert result.termination is Termination.GAP_LIMIT
    assert float(result.primal_bound or 0) == pytest.approx(103.489, rel=1e-3)
    assert result.gap is not None
    assert result.gap <= 1e-3


def test_bounds_of_linear_programs_are_proven_and_stay_below_the_plan(files: Path) -> None:
    result = fairbound.solve("weighted.csv", parameters={"p": "0.1"}, objective="race_l1_weighted")
    assert result.level is Level.L2
    assert result.dual_bound is not None
    assert result.dual_bound <= Fraction("0.25731938917")
    assert result.gap is not None
    assert result.gap < 1e-6


def test_scip_is_right_under_rows_of_large_coefficients(files: Path) -> None:
    pytest.importorskip("pyscipopt")
    limit = {"seats_tolerance": "0.3", "travel_ratio": "none", "max_max_share_deviation": "2499643/26931930"}
    lines = fairbound.compare("tight.json", methods=["separator_loop", "flow", "scip"], parameters=limit)
    assert {round(float(line.result.primal_bound or 0), 5) for line in lines if line.result} == {0.00838}


def test_a_stage_without_a_plan_reports_the_last_objective(files: Path) -> None:
    parameters = {"threshold": "1/3", "multiplier": "2.5", "rates": "seed-pr"}
    result = fairbound.solve(
        "large.csv", method="set_partitioning", parameters=parameters, objective="reimbursement,students"
    )
    assert result.dual_bound is None or result.dual_bound >= 59999975
    assert result.primal_bound == result.values["students"]


# The rules behind them ------------------------------------------------------------------------


@pytest.fixture
def concluded(files: Path) -> Any:
    instance = fairbound.load("fo2.csv")
    problem = find_problem("cep")
    plan = problem.read_solution(instance, [{"school_id": "c", "group": "1"}])
    value = problem.evaluate(instance, plan).values["reimbursement"]

    def state(**claims: Any) -> Any:
        ended = claims.pop("termination", Termination.FINISHED)
        return conclude(problem, instance, "reimbursement", "m", Answer(ended, plan, **claims))

    return state, value


def test_a_claimed_bound_never_moves_towards_the_value(concluded: Any) -> None:
    state, value = concluded
    result = state(claim=float(value) * (1 + 1e-8))
    assert result.dual_bound > value
    assert result.status is Status.FEASIBLE


def test_a_claim_beaten_within_its_accuracy_moves_outward(concluded: Any) -> None:
    state, value = concluded
    result = state(claim=float(value) * (1 - 1e-10))
    assert result.dual_bound > value
    assert result.status is Status.FEASIBLE
    assert not result.contradiction


def test_a_claim_beaten_beyond_its_accuracy_is_withdrawn(concluded: Any) -> None:
    state, value = concluded
    result = state(claim=float(value) * (1 - 1e-4))
    assert result.dual_bound is None
    assert "withdrawn" in result.contradiction


def test_gap_limit_is_said_only_where_the_gap_is_reached(concluded: Any) -> None:
    state, value = concluded
    near, far = Fraction(float(value)) * Fraction(101, 100), value * 2
    for bound, said in ((near, Termination.GAP_LIMIT), (far, Termination.FINISHED)):
        proven = Bound(bound, Basis.THEOREM)
        assert state(proven=proven, gap=0.02, termination=Termination.GAP_LIMIT).termination is said


def test_disbelieved_claims_are_dropped_and_say_why(concluded: Any) -> None:
    state, value = concluded
    result = state(claim=float(value), disbelief="far apart")
    assert (result.dual_bound, result.status) == (None, Status.FEASIBLE)
    assert "far apart" in result.message


def test_lattice_bounds_are_rounded_in_units_of_the_model() -> None:
    step, unit = Fraction(1, 10**8), Fraction(1, 10**4)
    assert lattice_bound(0.123456780000001, step, Sense.MINIMIZE, unit) == Fraction("0.12345678")
    assert lattice_bound(0.123456780000001, step, Sense.MINIMIZE) == Fraction(0.123456780000001)


def test_rows_of_large_integers_are_divided_without_rounding() -> None:
    row = integer_row([Fraction(2**50 + 1), Fraction(3)])
    assert max(row) <= 2**30
    assert row[0] / row[1] == (2**50 + 1) / 3


def test_a_second_opinion_that_differs_drops_the_claim(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "_second_opinion", lambda *_: "with presolve 1, without it 2")
    result = fairbound.solve("cep/calpads33", method="membership", objective="students")
    assert result.status is Status.FEASIBLE
    assert (result.level, result.dual_bound) == (Level.L2, result.proven_bound)  # what is proven stays
    assert result.contradiction == "with presolve 1, without it 2"
