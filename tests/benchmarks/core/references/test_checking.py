"""The shipped table holds; a row that is wrong in any part is found."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fairbound.benchmarks.core.questions import questions
from fairbound.benchmarks.core.references import outside
from fairbound.benchmarks.core.references.checking import AGAIN, CERTIFICATE, Check, check, chosen, verify
from fairbound.benchmarks.core.references.growing import is_own, update
from fairbound.benchmarks.core.references.outside import Claim
from fairbound.benchmarks.core.references.statistics import Statistics
from fairbound.benchmarks.core.references.table import (
    CERTIFICATES,
    ENGINES,
    STATISTICS,
    Reference,
    read_references,
    read_table,
    summary,
    table_folder,
)
from fairbound.instances.core import catalogue
from fairbound.models import PROBLEMS
from fairbound.models.cep import slack_table
from fairbound.models.core.errors import InputError
from reference_tables import REFERENCE, run

EVERYTHING = "FAIRBOUND_ALL_REFERENCES"
"""Set it to look at every row; without it a sample of those whose check is short."""
EACH = 5

PLACE = table_folder()
TOOK = {line.row: float(line.check) for line in read_table(PLACE / STATISTICS, Statistics)}


def sample() -> list[Reference]:
    rows = read_references()
    if os.environ.get(EVERYTHING):
        return rows
    found = []
    for problem in PROBLEMS:
        # Not the shortest alone: every second one of the shorter half.
        own = sorted((r for r in rows if r.problem == problem), key=lambda r: TOOK[r.name])
        found += own[: len(own) // 2 : 2][:EACH]
    return found


@pytest.mark.parametrize("reference", sample(), ids=lambda reference: reference.name)
def test_the_shipped_table_holds(reference: Reference) -> None:
    found = check(reference, PLACE)
    if found.absent:
        pytest.skip(found.absent)
    assert found.faults == ()
    assert found.proof or not reference.dual_bound


def test_the_shipped_table_is_what_it_promises() -> None:
    """Every problem, most rows proven, open ones open, statistics of all, files for all and no others."""
    rows = read_references()
    assert {row.problem for row in rows} == set(PROBLEMS)
    assert len(rows) >= 150
    assert sum(row.level in ("L2", "L4") for row in rows) >= 100
    assert {row.status for row in rows} >= {"easy", "open"}
    assert {row.name for row in rows} == set(TOOK)
    for folder, files in (
        ("solutions", {row.solution for row in rows}),
        (CERTIFICATES, {row.certificate for row in rows}),
    ):
        assert {path.name for path in (PLACE / folder).iterdir()} == files - {""}
    assert sum(path.stat().st_size for path in PLACE.rglob("*") if path.is_file()) < 8 * 2**20


def test_the_page_counts_what_is_there() -> None:
    page = (Path(__file__).parents[4] / "docs" / "references.md").read_text(encoding="utf-8")
    head, _, *lines = [line for line in page.split("## What a row says")[0].splitlines() if line.startswith("|")]
    names = [cell.strip() for cell in head.strip("|").split("|")]
    told = [dict(zip(names, (cell.strip() for cell in line.strip("|").split("|")), strict=True)) for line in lines]
    assert told == summary(read_references())


def test_three_outside_engines_stand_beside_the_proven_bounds() -> None:
    claims = read_table(PLACE / ENGINES, Claim)
    names = {row.name for row in read_references()}
    assert {"scip", "glpk", "cpsat"} <= {claim.engine for claim in claims}
    assert {claim.row for claim in claims} <= names


def test_the_shipped_table_holds_the_known_truths() -> None:
    known = {(r.instance, r.given, r.objective): r for r in read_references()}
    for given, value in (("threshold=0.40", "86824/5"), ("threshold=0.25", "103496/5"), ("multiplier=2.0", "21706")):
        reference = known["cep/calpads33", given, "reimbursement"]
        assert (reference.primal_bound, reference.dual_bound, reference.level) == (value, value, "L4")


def test_certificates_hold_no_data_of_others() -> None:
    """Real data is not republished, and nothing at all of what is closed."""
    for row in read_references():
        entry = None if catalogue.generated(row.instance) else catalogue.find_entry(row.instance)
        assert entry is None or not entry.closed
        if row.certificate and not is_own(row.instance):
            assert "data" not in json.loads(gzip.decompress((PLACE / CERTIFICATES / row.certificate).read_bytes()))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    with run(folder / "run", '["membership"]', prove=5) as store:
        update(questions(store.rows()), store.solution, "2026-01-01", folder, store.certificate)
    return folder


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"primal_bound": "17365"}, "the solution is worth 86824/5, not 17365"),
        ({"dual_bound": "17000"}, "the solution is worth 86824/5, beyond the bound 17000"),
        ({"dual_bound": "17400"}, "the certificate proves 86824/5, not 17400"),
        ({"digest": "0" * 64}, "the instance has digest"),
        ({"given": "threshold=0.25"}, "the instance has digest"),
        ({"solution": "missing.csv"}, "cannot be read"),
        ({"certificate": "x.json"}, "cannot be read"),
        ({"certificate": ""}, "a level without its certificate"),
        ({"certificate": "", "level": "L2", "dual_bound": "17365"}, "membership proves"),
        ({"sha256": "0" * 64}, "another certificate"),
        ({"level": "L5"}, "the certificate is worth L4, not L5"),
        ({"status": "open"}, "the status is easy, not open"),
        ({"seconds": "61"}, "the status is hard, not easy"),
        ({"seconds": ""}, "the status is hard, not easy"),
    ],
)
def test_a_wrong_row_is_found(made: Path, change: dict[str, str], fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack_table, "MOST_ENTRIES", 0)  # else membership proves the best value itself
    [good] = read_references(made)
    assert check(good, made).said == CERTIFICATE
    [found] = verify([replace(good, **change)], made)
    assert any(fault in said for said in found.faults), found.faults


def test_a_wrong_solution_is_found(made: Path) -> None:
    [good] = read_references(made)
    text = (made / "solutions" / good.solution).read_text()
    (made / "solutions" / "other.csv").write_text(text.replace(",1", ","))
    assert "the solution is worth 0, not 86824/5" in check(replace(good, solution="other.csv"), made).faults


def test_a_forged_certificate_is_found(made: Path) -> None:
    [good] = read_references(made)
    document = json.loads(gzip.decompress((made / CERTIFICATES / good.certificate).read_bytes()))
    for change, fault in (
        ({"bound": "17360"}, "is rejected"),
        ({"objective": "students"}, "is rejected"),
        ({"data": {}}, "is rejected"),
    ):
        text = json.dumps(document | change) + "\n"
        (made / CERTIFICATES / "forged.json.gz").write_bytes(gzip.compress(text.encode()))
        from fairbound.benchmarks.core.references.table import digest_of

        found = check(replace(good, certificate="forged.json.gz", sha256=digest_of(text)), made)
        assert any(fault in said for said in found.faults), found.faults
    # Without the data it is about the instance of the row, and holds.
    text = json.dumps({key: part for key, part in document.items() if key != "data"})
    (made / CERTIFICATES / "forged.json.gz").write_bytes(gzip.compress(text.encode()))
    assert check(replace(good, certificate="forged.json.gz", sha256=digest_of(text)), made).faults == ()


def test_workers_quick_and_patterns(made: Path) -> None:
    [good] = read_references(made)
    assert chosen([good, REFERENCE], "cep/calpads33*") == [good]
    assert chosen([good, REFERENCE], "hand") == [REFERENCE]
    [found] = verify([good], made, seconds={good.name: 9.0}, most=2.0)
    assert found.said == "skipped: its check takes 9 s"
    both: Iterator[Check] = verify([good, replace(good, primal_bound="1")], made, workers=2)
    assert sorted(bool(found.faults) for found in both) == [False, True]


def test_another_version_of_a_generator_is_told() -> None:
    name = "cep/district/n=8/1"
    [row] = [r for r in read_references() if (r.instance, r.given, r.objective) == (name, "threshold=0.55", "students")]
    found = check(replace(row, version="0", digest="0" * 64), PLACE)
    assert found.faults[0].endswith("version 0 of the generator made it, here is version 1")


def test_a_bound_is_computed_again() -> None:
    row = next(r for r in read_references() if r.problem == "scores" and r.objective == "lad")
    assert check(row, PLACE).proof == AGAIN
    assert row.dual is not None
    [found] = verify([replace(row, dual_bound=str(row.dual + 1))], PLACE)
    assert any("beyond the bound" in said for said in found.faults)


def test_absent_data_is_no_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAIRBOUND_DATA", str(tmp_path))
    family = next(entry for entry in catalogue.entries() if entry.file is not None)
    name = family.name.removesuffix("*") + ("x" if family.name.endswith("*") else "")
    [found] = verify([replace(REFERENCE, instance=name)])
    assert found.absent.endswith("is not on this machine")


HEADER = ",".join(REFERENCE.__dict__)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "row 1: wrong columns"),
        (HEADER + "\n" + ",".join(replace(REFERENCE, dual_bound="x").__dict__.values()), "column dual_bound"),
        (HEADER + "\n" + ",".join(replace(REFERENCE, level="L1").__dict__.values()), "column level"),
        (HEADER + "\n" + ",".join(replace(REFERENCE, dual_bound="").__dict__.values()), "column level"),
        (HEADER + "\n" + ",".join(replace(REFERENCE, solution="").__dict__.values()), "column level"),
        (HEADER + "\n" + ",".join(replace(REFERENCE, status="done").__dict__.values()), "column status"),
        (HEADER + "\n" + ",".join(replace(REFERENCE, solution="../x").__dict__.values()), "column solution"),
        (HEADER + "\n" + ",".join(replace(REFERENCE, given="x").__dict__.values()), "column given"),
        (HEADER + ("\n" + ",".join(REFERENCE.__dict__.values())) * 2, "two rows of one name"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.csv").write_text(text + "\n")
    with pytest.raises(InputError, match=said):
        read_references(tmp_path)


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        ({"primal": "100.0", "dual": "110.0"}, False),
        ({"primal": "110.00001"}, False),
        ({"primal": "110.1"}, True),
        ({"dual": "99.0"}, True),
        ({"dual": "99.99999"}, False),
        ({"status": "infeasible"}, True),
    ],
)
def test_a_claim_that_passes_what_is_proven_is_loud(claim: dict[str, str], wrong: bool) -> None:
    plain = Claim(REFERENCE.name, "scip", "10", "optimal", "", "", "1", "20", "2026-01-01")
    assert bool(outside.wrong([replace(plain, **claim)], [REFERENCE])) is wrong
