"""Bundles and audits: what they hold, what Python alone makes of them, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from command_line import Run
from fairbound.solvers.checker import cep
from fairbound.solvers.core import certificates
from fairbound.solvers.engines import highs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def answer(run: Run) -> Path:
    assert run("solve", "cep/calpads33", "--set", "threshold=0.40", "--out", "answer")[0] == 0
    assert run("bundle", "answer")[0] == 0
    return Path("answer")


def test_a_bundle_is_checked_by_python_alone(answer: Path) -> None:
    for line in (answer / "manifest.sha256").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((answer / name).read_bytes()).hexdigest() == digest
    document = json.loads((answer / "certificate.json").read_text())
    checker = [sys.executable, "-I", "-S", str(answer / "checker.pyz")]
    done = subprocess.run(
        [*checker, str(answer / "certificate.json"), document["digest"]], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout[:9]) == (0, "accepted:")
    document["bound"] = "17000"
    (answer / "forged.json").write_text(json.dumps(document))
    done = subprocess.run([*checker, str(answer / "forged.json")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:9], done.stderr) == (1, "rejected:", "")


def test_a_checkout_is_enough_to_check(tmp_path: Path) -> None:
    """The first page's ten seconds: a clone, and Python without any library."""
    references = ROOT / "benchmarks" / "references" / "certificates"
    certificate = references / "cep-calpads33-threshold-0.40-reimbursement.json.gz"
    for room in (ROOT / "solvers" / "checker", tmp_path / "checker.pyz"):
        if room.suffix:
            certificates.write_checker(room)
        command = [sys.executable, "-I", "-S", str(room), str(certificate)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.rstrip().endswith("has a better reimbursement than 86824/5")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x\naccepted: no solution of cep/other", r"'x\naccepted: no solution of cep/other'"),
        ("cep/x (1) has a better reimbursement than 1; no solution of y", "'cep/x (1) has a better reimbursement"),
        ("\x1b[2J\u202e", r"'\x1b[2J\u202e'"),
        ("\ud800", r"'\ud800'"),
        (None, "'nothing'"),
        ([1] * 10_000, "[1, 1, 1"),
    ],
    ids=["line", "sentence", "terminal", "half a character", "no name", "long"],
)
def test_what_a_file_calls_itself_is_no_word_of_the_checker(answer: Path, name: object, said: str) -> None:
    document = json.loads((answer / "certificate.json").read_text())
    del document["instance"]
    forged = answer / "named.json"
    forged.write_text(json.dumps(document if name is None else document | {"instance": name}))
    command = [sys.executable, "-I", "-S", str(answer / "checker.pyz"), str(forged)]
    for encoding in ("utf-8", "ascii"):
        done = subprocess.run(
            command, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": encoding}
        )
        assert (done.returncode, done.stderr) == (0, b"")
        out = done.stdout.decode(encoding)
        assert out.startswith(f"accepted: no solution of {said}")
        assert out.endswith(" has a better reimbursement than 86824/5\n")
        assert out.count("\n") == 1
        assert len(out) < 600


def test_a_rejection_stays_in_its_line(answer: Path) -> None:
    document = json.loads((answer / "certificate.json").read_text())
    knots = {"format": cep.FORMAT, "knots": [["0.64", "0"], ["1", "0"]], "multipliers": {}}
    (answer / "forged.json").write_text(json.dumps(document | knots | {"objective": "x\n\x1b[2Jaccepted: all"}))
    command = [sys.executable, "-I", "-S", str(answer / "checker.pyz"), str(answer / "forged.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.count("\n") == 1
    assert r"rejected: objective x\n\x1b[2Jaccepted: all is not linear" in done.stdout


def test_an_answer_to_two_objectives_is_checked_by_python_alone(run: Run) -> None:
    asked = ("blocks/grid100", "--objective", "dissimilarity,travel")
    assert run("solve", *asked, "--out", "two")[0] == 0
    assert run("bundle", "two")[0] == 0
    code, out, _ = run("verify", "two/certificate.json", "--instance", "blocks/grid100")
    assert code == 0
    assert "that is as good in dissimilarity has less travel than" in " ".join(out.split())
    checker = [sys.executable, "-I", "-S", "two/checker.pyz", "two/certificate.json"]
    done = subprocess.run(checker, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.rstrip().endswith("that is as good in dissimilarity has a better travel than 894891/50")


def test_an_answer_without_a_proof_is_no_bundle(run: Run) -> None:
    run("solve", "cep/calpads33", "--set", "threshold=0.40", "--prove", "none", "--out", "bare")
    code, _, error = run("bundle", "bare")
    assert code == 2
    assert "certificate.json" in error


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"objective": "students"}, "found 'students', wanted reimbursement"),
        ({"primal_bound": "17365"}, "better than what the certificate proves: found 17365, wanted 86824/5"),
        ({"primal_bound": "1e9999999"}, "wanted a whole number or p/q"),
    ],
)
def test_an_answer_that_is_not_that_of_its_certificate_is_no_bundle(
    run: Run, answer: Path, changed: dict[str, str], said: str
) -> None:
    result = json.loads((answer / "result.json").read_text())
    (answer / "result.json").write_text(json.dumps(result | changed))
    code, _, error = run("bundle", "answer")
    assert code == 2
    assert said in error


def test_the_page_of_a_bundle_says_what_was_replayed(run: Run, answer: Path) -> None:
    result = json.loads((answer / "result.json").read_text())
    (answer / "result.json").write_text(json.dumps(result | {"level": "L5", "primal_bound": "17000"}))
    assert run("bundle", "answer")[0] == 0
    page = (answer / "HOW_TO_CHECK.md").read_text()
    assert "nothing is better than 86824/5 (L4)" in page
    assert "L5" not in page
    assert "reimbursement 17000" in page


def test_the_page_of_a_bundle_names_a_python_that_runs_the_checker(answer: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"Python {project['requires-python'].lstrip('>=')} or newer" in (answer / "HOW_TO_CHECK.md").read_text()


def test_the_checker_is_written_into_a_new_folder(run: Run) -> None:
    assert run("checker", "-o", "new/checker.pyz").returncode == 0
    assert run("checker", "-o", "new/checker.pyz/checker.pyz").returncode == 2
    assert [path.name for path in Path("new").iterdir()] == ["checker.pyz"]


def test_an_engines_own_solution_file_is_audited(run: Run) -> None:
    """The road of a solver's user: export, solve elsewhere, audit what came out."""
    asked = ("cep/calpads33", "--set", "threshold=0.40")
    assert run("export", *asked, "--formulation", "membership", "--out", "m.mps.gz")[0] == 0
    live = highs.new(mip_rel_gap=0.0)
    live.readModel("m.mps.gz")
    live.run()
    live.writeSolution("theirs.sol", 0)
    code, out, _ = run("audit", *asked, "theirs.sol", "--formulation", "membership", "--json")
    answer = json.loads(out)
    assert (code, answer["value"], answer["bound"], answer["unnamed"]) == (0, "86824/5", "86824/5", [])
    code, _, error = run("audit", *asked, "theirs.sol")
    assert (code, "wanted --formulation" in error) == (2, True)


def test_a_changed_bundle_is_refused(run: Run, answer: Path) -> None:
    path = answer / "certificate.json"
    path.write_text(path.read_text().replace('"bound": "86824/5"', '"bound": "86823/5"'))
    code, _, error = run("bundle", "answer")
    assert code == 2
    assert "certificate rejected" in error


def test_an_audit_is_a_page(run: Run, answer: Path) -> None:
    run("audit", "cep/calpads33", str(answer / "solution.csv"), "--set", "threshold=0.40", "--out", "audit")
    page = Path("audit/audit.html").read_text(encoding="utf-8")
    assert "Every rule is kept." in page
    assert "86824/5" in page
    assert "threshold = 0.4" in page
    document = json.loads((answer / "result.json").read_text())
    assert document["digest"] in page
    assert "http" not in page
