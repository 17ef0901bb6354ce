"""A plan that is better than a bound: the bound is withdrawn, both sides are named, and the exit code is 4."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import bench_rows
import pytest
from command_line import Run
from fairbound.benchmarks.core.questions import questions
from fairbound.benchmarks.core.report import report
from fairbound.models.cep import PROBLEM, Grouping
from fairbound.models.core.problem import Sense
from fairbound.solvers.cep import methods as cep_methods
from fairbound.solvers.core import methods, wall
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound, Level
from fairbound.solvers.core.contradictions import settle, settle_front
from fairbound.solvers.core.isolation import note_engine_threads
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import EngineInfo, Result, Status, Termination

import fairbound

BOUND = Fraction(10)


def lie(*_: Any) -> Answer:
    """Nobody in CEP, and a bound far below what the others reach, called proven."""
    bound = Bound(BOUND, Basis.THEOREM)
    return Answer(Termination.FINISHED, Grouping(()), proven=bound, engine=EngineInfo("abacus", "0.1"))


def deny(*_: Any) -> Answer:
    """Says that there is no solution."""
    return Answer(Termination.INFEASIBLE)


@pytest.fixture(autouse=True)
def _liars(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    wall.close()
    note_engine_threads(1)  # whatever tests before did: only a fork has the methods listed here
    more = tuple(
        Method(name, Kind.ALGORITHM, name, run, lambda i, o: None) for name, run in (("liar", lie), ("denier", deny))
    )
    monkeypatch.setattr("fairbound.solvers.cep.methods.METHODS", (*cep_methods.METHODS, *more))
    yield
    wall.close()


def test_compare_withdraws_the_bound_and_names_both_sides(run: Run) -> None:
    code, out, _ = run("compare", "cep/calpads33", "--methods", "liar,membership", "--out", "o")
    assert code == 4
    words = " ".join(out.split())
    assert "CONTRADICTION liar (abacus 0.1) claims the bound 10 (L2), but the plan of membership (highs" in words
    documents = {document["method"]: document for document in json.loads(Path("o/compare.json").read_text())}
    assert documents["liar"]["dual_bound"] is None
    assert documents["liar"]["status"] == "feasible"
    assert documents["membership"]["contradiction"] == ""


def test_compare_names_who_says_infeasible(run: Run) -> None:
    code, out, _ = run("compare", "cep/calpads33", "--methods", "denier,membership", "--json")
    assert code == 4
    document = json.loads(out)[0]
    assert document["status"] == "unknown"
    assert "denier says infeasible, but the plan of membership" in document["contradiction"]


def test_the_library_withdraws_it_too() -> None:
    lines = fairbound.compare("cep/calpads33", methods=["membership", "liar"])
    liar = next(line.result for line in lines if line.method.name == "liar")
    assert liar is not None
    assert liar.dual_bound is None
    assert liar.level is Level.L1


def test_audit_withdraws_a_bound_that_the_plan_beats(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("solve", "cep/calpads33", "--out", "best").returncode == 0
    monkeypatch.setattr("fairbound.solvers.core.solve.default_method", lambda *_: methods.find_method(PROBLEM, "liar"))
    code, out, _ = run("audit", "cep/calpads33", "best/solution.csv")
    assert code == 4
    words = " ".join(out.split())
    assert (
        "CONTRADICTION liar (abacus 0.1) claims the bound 10 (L2), but a plan that the proof met is worth exactly"
        in words
    )
    assert "dual bound none" in words
    assert "distance to it -" in words
    answer = json.loads(run("audit", "cep/calpads33", "best/solution.csv", "--json").stdout)
    assert (answer["bound"], answer["to_bound"]) == (None, None)
    assert answer["contradiction"]


def test_audit_shows_no_distance_for_a_plan_that_breaks_a_rule(run: Run) -> None:
    Path("plan.csv").write_text("school_id,group\n" + f"{fairbound.load('cep/calpads33').schools[0].id},1\n")  # type: ignore[attr-defined]
    answer = json.loads(run("audit", "cep/calpads33", "plan.csv", "--set", "min_students=9000", "--json").stdout)
    assert answer["feasible"] is False
    assert answer["to_bound"] is None
    assert answer["bound"] is not None


def test_solve_says_when_its_own_claims_differ(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairbound.solvers.engines.model._second_opinion", lambda *_: "with presolve 1, without it 2")
    code, out, _ = run("solve", "cep/calpads33", "--method", "membership", "--objective", "students")
    assert code == 4
    assert "CONTRADICTION with presolve 1, without it 2" in out
    assert "feasible" in out


def test_sweep_ends_with_code_4(run: Run) -> None:
    assert run("sweep", "cep/calpads33", "--method", "membership", "-o", "a.csv").returncode == 0
    row = {"contradiction": "the bound 1 was contradicted"}
    with pytest.MonkeyPatch.context() as patch:
        real = fairbound.benchmarks.core.sweep.planned_rows  # type: ignore[attr-defined]
        patch.setattr(
            "fairbound.benchmarks.core.sweep.planned_rows",
            lambda *arguments: [replace(one, **row) for one in real(*arguments)],
        )
        code, out, _ = run("sweep", "cep/calpads33", "--method", "membership", "-o", "a.csv")
    assert code == 4
    assert "CONTRADICTION" in out


def _rows() -> list[Any]:
    good = bench_rows.row(method="good", primal_bound="90", dual_bound="100", level="L2")
    bad = bench_rows.row(method="bad", primal_bound="50", dual_bound="60", level="L1")
    return [good, bad]


def test_report_has_a_red_box_and_measures_against_what_stands(tmp_path: Path) -> None:
    [question] = questions(_rows())
    assert [text for text in question.contradictions if "bad" in text and "good" in text]
    assert question.dual == 100
    page = report(_rows(), tmp_path, static=False).read_text()
    assert 'class="alarm"' in page
    assert "claims the bound 60 (L1)" in page


def test_points_of_a_front_are_held_against_one_another() -> None:
    def point(first: int, second: int, bound: int) -> Result:
        values = {"reimbursement": Fraction(first), "students": Fraction(second)}
        return Result(
            "cep", "x", "", {}, "reimbursement", Sense.MAXIMIZE, "m", Status.OPTIMAL, Termination.FINISHED, Level.L1,
            Fraction(first), Fraction(bound), values=values,
        )  # fmt: skip

    senses = (Sense.MAXIMIZE, Sense.MAXIMIZE)
    # The second has more of both than the first one's bound allows.
    first, second = settle_front([point(10, 5, 10), point(11, 6, 11)], "reimbursement", "students", senses)
    assert (first.dual_bound, first.status) == (None, Status.FEASIBLE)
    assert "claims the bound 10" in first.contradiction
    assert second.dual_bound == 11
    assert not any(
        p.contradiction for p in settle_front([point(10, 5, 10), point(8, 6, 8)], "reimbursement", "students", senses)
    )


def test_pareto_ends_with_code_4(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def withdrawn(points: Any, *_: Any) -> list[Result]:
        return [replace(point, contradiction="a bound is beaten") for point in points]

    monkeypatch.setattr("fairbound.solvers.core.pareto.settle_front", withdrawn)
    code, out, _ = run("pareto", "cep/calpads33", "--objectives", "schools,students", "--points", "3")
    assert code == 4
    assert "CONTRADICTION a bound is beaten" in out


def test_equal_answers_contradict_nothing() -> None:
    result = fairbound.solve("cep/calpads33")
    assert settle([result, result]) == [result, result]
