"""Answers of others: checked in full, kept if better, refused in one line if not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fairbound.benchmarks.core.questions import questions
from fairbound.benchmarks.core.references.checking import check
from fairbound.benchmarks.core.references.growing import update
from fairbound.benchmarks.core.references.library import export
from fairbound.benchmarks.core.references.submission import submit
from fairbound.benchmarks.core.references.table import (
    CERTIFICATES,
    HISTORY,
    Reference,
    Replaced,
    read_references,
    read_table,
    write_references,
)
from fairbound.models.core.errors import InputError
from reference_tables import run

Submit = Callable[..., Reference]


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with the best solution and the proof of it, and the same as files for other solvers."""
    folder = tmp_path_factory.mktemp("proven")
    with run(folder / "run", '["membership"]', prove=5) as store:
        update(questions(store.rows()), store.solution, "2026-01-01", folder / "table", store.certificate)
    export(read_references(folder / "table"), folder / "table", folder / "library")
    return folder


@pytest.fixture
def weak(tmp_path: Path) -> Path:
    """A table with a poor solution and no bound."""
    with run(tmp_path / "run", '["alone"]') as store:
        update(questions(store.rows()), store.solution, "2026-01-01", tmp_path / "table")
    return tmp_path / "table"


def test_a_better_solution_and_then_its_proof_are_taken(weak: Path, proven: Path) -> None:
    [before] = read_references(weak)
    [best] = read_references(proven / "table")
    taken = submit(proven / "table" / "solutions" / best.solution, "Ada", "2026-02-02", before.name, weak)
    assert (taken.primal_bound, taken.level, taken.status, taken.who) == ("86824/5", "L1", "open", "Ada")
    taken = submit(proven / "table" / CERTIFICATES / best.certificate, "Bob", "2026-03-03", folder=weak)
    assert (taken.dual_bound, taken.level, taken.status, taken.who) == ("86824/5", "L4", "hard", "Bob")
    [row] = read_references(weak)
    assert row == taken
    assert check(row, weak).faults == ()
    history = read_table(weak / HISTORY, Replaced)
    assert [(line.primal_bound, line.who, line.by, line.why) for line in history] == [
        ("61233/5", "fairbound", "Ada", "a submission"),
        ("86824/5", "Ada", "Bob", "a submission"),
    ]


def test_a_solution_by_the_columns_of_the_exported_model_is_taken(weak: Path, proven: Path) -> None:
    [before] = read_references(weak)
    start = proven / "library" / "starts" / f"{before.name}.sol"
    assert submit(start, "Ada", "2026-02-02", before.name, weak).primal_bound == "86824/5"
    assert check(read_references(weak)[0], weak).faults == ()


def test_what_is_no_better_is_refused(proven: Path, weak: Path) -> None:
    table = proven / "table"
    [best], [poor] = read_references(table), read_references(weak)
    cases = [
        (table / "solutions" / best.solution, best.name, "no better than what stands .* wanted more than 86824/5"),
        (weak / "solutions" / poor.solution, best.name, "no better than what stands .*: found 61233/5"),
        (table / CERTIFICATES / best.certificate, "", "no better than what stands .*: found '86824/5 at L4'"),
    ]
    for file, row, said in cases:
        with pytest.raises(InputError, match=said):
            submit(file, "Ada", "2026-02-02", row, table)
    assert read_references(table) == [best]
    assert not (table / HISTORY).exists()


def test_what_is_wrong_is_refused(proven: Path, weak: Path, tmp_path: Path) -> None:
    [best], [poor] = read_references(proven / "table"), read_references(weak)
    document = json.loads(gzip.decompress((proven / "table" / CERTIFICATES / best.certificate).read_bytes()))

    def written(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    solution = (proven / "table" / "solutions" / best.solution).read_text()
    head, *lines = solution.splitlines()
    everyone = "\n".join([head, *(line.partition(",")[0] + ",1" for line in lines)])
    cases = [
        (written("a.txt", "x"), poor.name, "neither solution nor certificate"),
        (written("a.csv", solution), "", "a solution of which row?"),
        (written("b.csv", solution), "nothing", "no such row: found 'nothing'"),
        (written("c.csv", everyone), poor.name, "the solution breaks a rule"),
        (written("a.json", json.dumps(document | {"bound": "17360"})), "", "the certificate is rejected"),
        (written("b.json", json.dumps(document | {"digest": "x"})), "", "about no row of the table"),
        (written("c.json", "[]"), "", "not a certificate"),
        (written("a.sol", "nonsense 1\n"), poor.name, "no column of the formulation"),
    ]
    for file, row, said in cases:
        with pytest.raises(InputError, match=said):
            submit(file, "Ada", "2026-02-02", row, weak)
    with pytest.raises(InputError, match="nobody submits this"):
        submit(written("d.csv", solution), " ", "2026-02-02", poor.name, weak)
    assert read_references(weak) == [poor]


def test_a_submission_that_passes_what_is_proven_is_loud(proven: Path, tmp_path: Path) -> None:
    """It can only mean that something proven is wrong: here the table's bound, set by hand."""
    [best] = read_references(proven / "table")
    table = tmp_path / "table"
    wrong = replace(best, primal_bound="100", dual_bound="200", level="L2", certificate="", sha256="")
    write_references([wrong], table)
    with pytest.raises(InputError, match=r"CONTRADICTION .* the value passes a bound at L2"):
        submit(proven / "table" / "solutions" / best.solution, "Ada", "2026-02-02", best.name, table)
    write_references([replace(wrong, primal_bound="20000", dual_bound="30000")], table)
    with pytest.raises(InputError, match=r"CONTRADICTION .* the bound is beaten by the solution that stands"):
        submit(proven / "table" / CERTIFICATES / best.certificate, "Ada", "2026-02-02", folder=table)
