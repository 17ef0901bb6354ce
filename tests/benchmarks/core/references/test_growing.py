"""A run that beats or contradicts the reference table says so; the table grows from runs and never gets worse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bench_rows import baseline, row
from fairbound.benchmarks.core.questions import questions
from fairbound.benchmarks.core.references.checking import verify
from fairbound.benchmarks.core.references.growing import alarms, merge, update
from fairbound.benchmarks.core.references.table import HISTORY, Reference, Replaced, read_references, read_table
from fairbound.benchmarks.core.row import _without_proof
from fairbound.benchmarks.core.store import Store
from fairbound.models.core.problem import Sense
from reference_tables import REFERENCE, run

TABLE = {("d1", "reimbursement"): REFERENCE}


def test_a_run_that_agrees_says_nothing() -> None:
    assert alarms(questions([row(primal_bound="100", dual_bound="110", status="feasible")]), TABLE) == []
    assert alarms(questions([row(digest="other", primal_bound="1000", dual_bound="1000")]), TABLE) == []


def test_a_run_that_beats_or_contradicts_a_reference_says_so() -> None:
    [said] = alarms(questions([baseline(primal_bound="105")]), TABLE)
    assert said.startswith("BETTER THAN THE REFERENCE cep/hand, reimbursement: alone has the exact value 105")
    [said] = alarms(questions([baseline(primal_bound="111")]), TABLE)
    assert said.startswith("CONTRADICTION")
    assert "nothing passes 110 (L2)" in said
    [said] = alarms(questions([row(primal_bound="90", dual_bound="95", status="feasible")]), TABLE)
    assert said.startswith("CONTRADICTION")
    assert "claims the bound 95" in said
    proven = row(primal_bound="100", dual_bound="104", proven_bound="104", proven_level="L2", status="feasible")
    [said] = alarms(questions([proven]), TABLE)
    assert said.startswith("STRONGER BOUND THAN THE REFERENCE")
    # A claim is no bound of the table, however strong.
    assert alarms(questions([row(primal_bound="100", dual_bound="104", status="feasible")]), TABLE) == []


def test_a_table_grows_from_runs_and_never_gets_worse(tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.mkdir()
    with run(tmp_path / "weak", '["alone"]') as weak:
        [taken] = update(questions(weak.rows()), weak.solution, "2026-01-01", table)
        assert (taken.primal_bound, taken.dual_bound, taken.level, taken.status) == ("61233/5", "", "L1", "open")
    with run(tmp_path / "strong", '["membership"]', prove=5) as strong:
        asked = questions(strong.rows())
        [taken] = update(asked, strong.solution, "2026-01-02", table, strong.certificate)
        assert (taken.primal_bound, taken.dual_bound, taken.level) == ("86824/5", "86824/5", "L4")
        assert update(asked, strong.solution, "2026-01-03", table, strong.certificate) == []
    with Store(tmp_path / "weak") as weak:
        assert update(questions(weak.rows()), weak.solution, "2026-01-04", table) == []
    [check] = verify(folder=table)
    assert (check.faults, check.reference.date, check.certified) == ((), "2026-01-02", True)
    [gone] = read_table(table / HISTORY, Replaced)
    assert (gone.primal_bound, gone.date, gone.replaced, gone.by) == (
        "61233/5",
        "2026-01-01",
        "2026-01-02",
        "fairbound",
    )


def test_an_unproven_bound_does_not_come_into_the_table(tmp_path: Path) -> None:
    """Without a certificate it must be computed again: the linear relaxation's is, the engine's optimum is a claim."""
    with run(tmp_path / "claims", '["levels"]') as store:
        [claim] = store.rows()
        assert (claim.level, claim.dual_bound) == ("L1", "86824/5")
        [taken] = update(questions([claim]), store.solution, "2026-01-01", tmp_path / "table")
    assert (taken.level, taken.status) == ("L2", "open")
    assert taken.dual is not None
    assert taken.dual > taken.primal
    [check] = verify(folder=tmp_path / "table")
    assert (check.faults, check.proof) == ((), "computed again")


def test_certificates_travel_from_the_solve_into_the_table_and_are_replayed(tmp_path: Path) -> None:
    folder = tmp_path / "table"
    with run(tmp_path / "run", '["price_curve"]', 3) as store:
        [row] = store.rows()
        assert store.certificate(row.key) is not None
        [written] = update(questions([row]), store.solution, "2026-01-01", folder, store.certificate)
    assert written.certificate
    [check] = verify(folder=folder)
    assert (check.faults, check.certified) == ((), True)


def test_a_suite_proves_where_it_says_so_and_its_seconds_are_without_that(tmp_path: Path) -> None:
    with run(tmp_path / "claims", '["levels"]') as store:
        [claim] = store.rows()
        assert (claim.level, store.certificate(claim.key)) == ("L1", None)
    with run(tmp_path / "proofs", '["membership"]', prove=5) as store:
        [row] = store.rows()
        assert (row.level, row.key == claim.key) == ("L4", False)
        assert store.certificate(row.key) is not None
    answer = {"seconds": {"build": 1.0, "compile": 1.0, "solve": 2.0, "prove": 4.0, "total": 8.5}}
    assert _without_proof(answer["seconds"]) == 4.5


def changed(**changes: str) -> Reference:
    return replace(REFERENCE, date="2026-02-02", method="new", **changes)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (changed(), None),
        (changed(primal_bound="99", dual_bound="111"), None),
        (changed(primal_bound="99", dual_bound="105"), ("100", "105", "L2", "new")),
        (changed(primal_bound="101", dual_bound="111"), ("101", "110", "L2", "membership")),
        (changed(primal_bound="101", dual_bound="105", level="L4"), ("101", "105", "L4", "new")),
        (changed(level="L4"), ("100", "110", "L4", "new")),
        (changed(primal_bound="90", dual_bound="95"), None),
        (changed(primal_bound="112", dual_bound="", level="L1"), ("112", "", "L1", "membership")),
    ],
)
def test_the_better_of_each_bound_is_kept(new: Reference, expected: tuple[str, str, str, str] | None) -> None:
    found = merge(REFERENCE, new, Sense.MAXIMIZE)
    assert expected == (None if found is None else (found.primal_bound, found.dual_bound, found.level, found.method))


def test_what_may_not_be_passed_on_does_not_come_in(tmp_path: Path) -> None:
    made = questions([row(instance="scores/texas", primal_bound="1", dual_bound="1")])
    assert update(made, lambda _key: [{"column": "x", "coefficient": "1"}], "2026-01-01", tmp_path) == []
    assert read_references(tmp_path) == []
