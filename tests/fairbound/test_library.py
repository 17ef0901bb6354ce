"""The library as a researcher meets it: tables in, frames out, models to change, short words."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pandas as pd
import pyomo.environ as pyo
import pytest
from fairbound.models.core.registry import find_problem
from fairbound.solvers.engines.model import solve as solve_model

import fairbound
from fairbound import InputError, Level, Settings

TABLE = pd.DataFrame({"school_id": ["a", "b", "c"], "enrolled": [100, 120, 90], "identified": [80, 50, 30]})


def test_a_path_a_table_and_an_instance_are_one_question(tmp_path: Path) -> None:
    TABLE.to_csv(tmp_path / "d.csv", index=False)
    digests = {
        fairbound.load(question).digest
        for question in (tmp_path / "d.csv", str(tmp_path / "d.csv"), TABLE, fairbound.load(TABLE))
    }
    assert len(digests) == 1
    assert fairbound.solve(TABLE).primal_bound == fairbound.solve(tmp_path / "d.csv").primal_bound


def test_a_wrong_table_is_told_without_a_file_of_ours() -> None:
    with pytest.raises(InputError, match="the table, row 3, column enrolled: cannot be used: found 'many'"):
        fairbound.load(TABLE.assign(enrolled=[100, "many", 90]))
    with pytest.raises(InputError, match="not a question: found 'int'"):
        fairbound.load(3)


def test_a_solution_in_a_file_is_refused_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("A plan,\n\nsubject_id,group\n\nnobody,first\n")
    with pytest.raises(InputError, match=r"plan\.csv, row 5, column subject_id: unknown or repeated subject"):
        fairbound.evaluate("designs/seed16", tmp_path / "plan.csv")


def test_solutions_are_scored_however_they_are_written(tmp_path: Path) -> None:
    rows = [{"school_id": name, "group": "1"} for name in "abc"]
    pd.DataFrame(rows).to_csv(tmp_path / "plan.csv", index=False)
    wanted = fairbound.evaluate(TABLE, rows).values
    for plan in ({"a": 1, "b": 1, "c": 1}, pd.DataFrame(rows), tmp_path / "plan.csv", fairbound.solve(TABLE).solution):
        assert fairbound.evaluate(TABLE, plan).values == wanted
    moves = fairbound.evaluate("transfers/planar9", {("d001", "d002"): 10})
    assert moves.measures["moved_students"] == 10


@pytest.mark.parametrize("name", ["cep/calpads33", "transfers/planar9", "blocks/grid100", "applicants/sfusd65"])
def test_a_mapping_is_a_solution_of_every_problem(name: str) -> None:
    instance = fairbound.load(name)
    problem = find_problem(instance.problem)
    result = fairbound.solve(instance, settings=Settings(gap=0.01))
    *key, value = problem.solution_key
    rows = problem.solution_rows(instance, result.solution)
    mapping = {tuple(row[column] for column in key): row[value] for row in rows}
    assert fairbound.evaluate(instance, mapping).values == result.values


def test_a_model_takes_another_row_and_any_solver() -> None:
    model = fairbound.model("cep/calpads33", "membership", parameters={"threshold": "0.40"})
    before = fairbound.solve("cep/calpads33", parameters={"threshold": "0.40"})
    model.few = pyo.Constraint(expr=sum(model.x.values()) <= 20)
    assert solve_model(model, Settings()).has_solution
    plan = fairbound.read_solution(model)
    evaluation = fairbound.evaluate("cep/calpads33", plan, {"threshold": "0.40"})
    assert evaluation.feasible
    assert evaluation.values["schools"] <= 20
    assert evaluation.values["reimbursement"] < before.primal_bound  # type: ignore[operator]
    with pytest.raises(InputError, match="not a model of fairbound"):
        fairbound.read_solution(pyo.ConcreteModel())
    with pytest.raises(InputError, match="flow refuses"):
        fairbound.model("blocks/grid100", "flow", objective="max_share_deviation")


def test_results_are_short_in_words_and_whole_in_frames() -> None:
    result = fairbound.solve("cep/calpads33", parameters={"threshold": "0.40"})
    assert len(str(result).splitlines()) == 5
    assert len(repr(result)) < 200
    assert "17364.8" in str(result)
    [row] = result.to_frame().to_dict("records")
    assert row["primal_bound"] == 17364.8
    assert Fraction(row["primal_bound_exact"]) == result.primal_bound
    assert "<table" in result._repr_html_()


def test_comparisons_and_fronts_have_frames() -> None:
    found = fairbound.compare("cep/calpads33", methods=["membership", "claim_levels", "alone"])
    frame = found.to_frame()
    assert list(frame["method"]) == ["membership", "claim_levels", "alone"]
    assert frame["refusal"].notna().tolist() == [False, True, False]
    assert len(str(found).splitlines()) == 3
    front = fairbound.pareto("cep/calpads33", "schools", "students", most_points=3)
    assert len(front.to_frame()) == len(front.points)


def test_what_is_proven_is_told_apart_from_what_is_claimed() -> None:
    claimed = fairbound.solve("blocks/grid100", method="separator_loop", settings=Settings(prove=0))
    assert (claimed.level, claimed.basis) == (Level.L1, fairbound.Basis.CLAIM)
    assert claimed.proven is not None
    assert claimed.proven.basis is fairbound.Basis.MULTIPLIERS
    assert 0 < claimed.proven_bound < claimed.dual_bound  # type: ignore[operator]
    proven = fairbound.solve("cep/calpads33", method="price_curve")
    assert proven.proven_bound == proven.dual_bound
    assert "proven:" in str(proven)


def test_certificates_are_made_and_verified_in_python(tmp_path: Path) -> None:
    curve = {"method": "price_curve", "settings": Settings(prove=0)}
    result = fairbound.solve("cep/calpads33", **curve)  # type: ignore[arg-type]
    document = fairbound.certify("cep/calpads33", **curve)  # type: ignore[arg-type]
    assert document is not None
    assert document == result.certificate
    assert fairbound.verify(document, "cep/calpads33") == (result.dual_bound, Level.L2)
    without = {key: part for key, part in document.items() if key != "data"}
    assert fairbound.verify(without, "cep/calpads33") == (result.dual_bound, Level.L2)
    with pytest.raises(fairbound.Rejected):
        fairbound.verify(without)
    with pytest.raises(fairbound.Rejected, match="another instance"):
        fairbound.verify(document, "cep/calpads33", {"threshold": "0.25"})
    plan = fairbound.solve("transfers/planar9", objective="race", parameters={"p": "0.1"}, settings=Settings(gap=0.02))
    assert plan.certificate is not None
    bound, level = fairbound.verify(plan.certificate)
    assert level is Level.L4
    assert bound <= plan.primal_bound  # type: ignore[operator]


def test_a_score_is_a_table() -> None:
    """Every objective and measure, as a float and exactly."""
    scored = fairbound.evaluate("cep/calpads33", fairbound.solve("cep/calpads33").solution)
    frame = scored.to_frame().set_index("name")
    assert {name: Fraction(text) for name, text in frame["exact"].items()} == {**scored.values, **scored.measures}
    assert frame.loc["students", "value"] == float(scored.values["students"])
