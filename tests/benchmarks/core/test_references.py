"""The reference table verifies, and a run that beats or contradicts it says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bench_rows import baseline, row
from fairbound.benchmarks.core import references
from fairbound.benchmarks.core.analysis import questions
from fairbound.benchmarks.core.references import Reference, alarms, read_references, update, verify
from fairbound.benchmarks.core.row import _without_proof
from fairbound.benchmarks.core.runner import run_plan
from fairbound.benchmarks.core.store import Store
from fairbound.benchmarks.core.suite import parse_suite, plan
from fairbound.instances.core import catalogue
from fairbound.models.core.errors import InputError

SUITE = """
name = "one"
title = "One question"
[[experiment]]
instances = ["cep/calpads33"]
parameters = [{ threshold = "0.40" }]
methods = METHODS
"""
REFERENCE = Reference(
    "cep",
    instance="cep/hand",
    given="",
    objective="reimbursement",
    digest="d1",
    primal_bound="100",
    dual_bound="110",
    level="L1",
    method="membership",
    engine="highs 1",
    date="2026-01-01",
    solution="x.csv",
)
TABLE = {("d1", "reimbursement"): REFERENCE}


@pytest.mark.parametrize("check", list(verify()), ids=lambda check: check.reference.label)
def test_the_shipped_table_holds(check: references.Check) -> None:
    if check.absent:
        pytest.skip(check.absent)
    assert check.faults == ()


def test_the_shipped_table_holds_the_known_truths() -> None:
    known = {(r.instance, r.given, r.objective): r for r in read_references()}
    for given, value in (("threshold=0.40", "86824/5"), ("threshold=0.25", "103496/5"), ("multiplier=2.0", "21706")):
        reference = known["cep/calpads33", given, "reimbursement"]
        assert (reference.primal_bound, reference.dual_bound) == (value, value)


def test_a_run_that_agrees_says_nothing() -> None:
    assert alarms(questions([row(primal_bound="100", dual_bound="110", status="feasible")]), TABLE) == []
    assert alarms(questions([row(digest="other", primal_bound="1000", dual_bound="1000")]), TABLE) == []


def test_a_run_that_beats_or_contradicts_a_reference_says_so() -> None:
    [said] = alarms(questions([baseline(primal_bound="105")]), TABLE)
    assert said.startswith("BETTER THAN THE REFERENCE cep/hand, reimbursement: alone has the exact value 105")
    [said] = alarms(questions([baseline(primal_bound="111")]), TABLE)
    assert said.startswith("CONTRADICTION")
    assert "nothing passes 110 (L1)" in said
    [said] = alarms(questions([row(primal_bound="90", dual_bound="95", status="feasible")]), TABLE)
    assert said.startswith("CONTRADICTION")
    assert "claims the bound 95" in said
    [said] = alarms(questions([row(primal_bound="100", dual_bound="104", status="feasible")]), TABLE)
    assert said.startswith("STRONGER BOUND THAN THE REFERENCE")


def run(folder: Path, methods: str, seconds: int = 60, prove: int = 0) -> Store:
    limits = f"[limits]\nseconds = {seconds}\nprove = {prove}\n[[exp"
    text = SUITE.replace("METHODS", methods).replace("[[exp", limits)
    run_plan(plan(parse_suite(text, "one.toml")), folder)
    return Store(folder)


def test_a_table_grows_from_runs_and_never_gets_worse(tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.mkdir()
    with run(tmp_path / "weak", '["alone"]') as weak:
        [taken] = update(questions(weak.rows()), weak.solution, "2026-01-01", table)
        assert (taken.primal_bound, taken.dual_bound, taken.level) == ("61233/5", "", "L1")
    with run(tmp_path / "strong", '["membership"]') as strong:
        asked = questions(strong.rows())
        [taken] = update(asked, strong.solution, "2026-01-02", table)
        assert (taken.primal_bound, taken.dual_bound) == ("86824/5", "86824/5")
        assert update(asked, strong.solution, "2026-01-03", table) == []
    with Store(tmp_path / "weak") as weak:
        assert update(questions(weak.rows()), weak.solution, "2026-01-04", table) == []
    [check] = verify(folder=table)
    assert (check.faults, check.reference.date) == ((), "2026-01-02")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    folder = tmp_path / "table"
    folder.mkdir()
    with run(tmp_path / "run", '["membership"]') as store:
        update(questions(store.rows()), store.solution, "2026-01-01", folder)
    return folder


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"primal_bound": "17365"}, "the solution is worth 86824/5, not 17365"),
        ({"dual_bound": "17000"}, "the solution is worth 86824/5, beyond the bound 17000"),
        ({"digest": "0" * 64}, "the instance has digest"),
        ({"given": "threshold=0.25"}, "the instance has digest"),
        ({"solution": "missing.csv"}, "cannot be read"),
        ({"certificate": "x.json"}, "cannot be read"),
    ],
)
def test_a_wrong_reference_is_found(table: Path, change: dict[str, str], fault: str) -> None:
    [good] = read_references(table)
    [check] = verify([replace(good, **change)], table)
    assert any(fault in said for said in check.faults)


def test_a_wrong_solution_is_found(table: Path) -> None:
    [good] = read_references(table)
    path = table / "solutions" / good.solution
    path.write_text(path.read_text().replace(",1", ","))
    [check] = verify(folder=table)
    assert check.faults == ("the solution is worth 0, not 86824/5",)


def test_certificates_travel_from_the_solve_into_the_table_and_are_replayed(tmp_path: Path) -> None:
    folder = tmp_path / "table"
    with run(tmp_path / "run", '["price_curve"]', 3) as store:
        [row] = store.rows()
        assert store.certificate(row.key) is not None
        [written] = update(questions([row]), store.solution, "2026-01-01", folder, store.certificate)
    assert written.certificate
    [check] = verify(folder=folder)
    assert (check.faults, check.certified) == ((), True)
    path = folder / "certificates" / written.certificate
    path.write_text(path.read_text().replace('"objective": "reimbursement"', '"objective": "students"'))
    [check] = verify(folder=folder)
    assert check.faults
    assert not check.certified


def test_a_suite_proves_where_it_says_so_and_its_seconds_are_without_that(tmp_path: Path) -> None:
    with run(tmp_path / "claims", '["membership"]') as store:
        [claim] = store.rows()
        assert (claim.level, store.certificate(claim.key)) == ("L1", None)
    with run(tmp_path / "proofs", '["membership"]', prove=5) as store:
        [row] = store.rows()
        assert (row.level, row.key == claim.key) == ("L4", False)
        assert store.certificate(row.key) is not None
    answer = {"seconds": {"build": 1.0, "compile": 1.0, "solve": 2.0, "prove": 4.0, "total": 8.5}}
    assert _without_proof(answer["seconds"]) == 4.5


def test_a_table_with_other_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="row 1: wrong columns"):
        read_references(tmp_path)


def test_absent_data_is_no_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAIRBOUND_DATA", str(tmp_path))
    family = next(entry for entry in catalogue.entries() if entry.file is not None)
    name = family.name.removesuffix("*") + ("x" if family.name.endswith("*") else "")
    [check] = verify([replace(REFERENCE, instance=name)])
    assert check.absent.endswith("is not on this machine")
