"""``fairbound study`` and ``audit --truth``: as a person would, on a simulation made by a command."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from command_line import Run
from fairbound.benchmarks.core import study
from fairbound.solvers.core.result import Result, Termination

from fairbound import solve

MAKE = (
    "instance", "make", "classes", "cohorts", "--set", "regular=300", "--set", "experimental=200", "--set", "schools=3",
    "--set", "school_effect=2", "--seed", "4", "-o", "students.csv",
)  # fmt: skip


def test_a_study_of_a_made_simulation(run: Run) -> None:
    code, out, error = run(*MAKE)
    assert code == 0, error
    assert {path.name for path in Path().iterdir()} == {"students.csv", "students_classes.csv", "students_truth.csv"}
    asked = ("students.csv", "--truth", "students_truth.csv", "--set", "groups=race", "--set", "epsilon=1.5")
    code, out, error = run("study", *asked, "--out", "study")
    assert code == 0, error
    assert "judged under the truth" in out
    rows = list(csv.DictReader(Path("study/study.csv").read_text().splitlines()))
    first = {row["estimate"]: row for row in rows}
    assert first["the truth"]["small"] == "5"
    assert float(first["the truth"]["true gap"]) <= 1.5
    assert first["the truth"]["moves"] == first["the truth"]["needed"]
    assert {f"matching, {cohort}, ability seen" for cohort in ("regular", "experimental")} <= set(first)
    for row in rows:
        assert float(row["needed"]) <= float(row["moves"])
    assert Path("study/joining.svg").is_file()
    code, out, error = run("study", *asked, "--json", "--time-limit", "30")
    assert len(json.loads(out)["rows"]) == len(rows)


def test_the_truth_of_a_study_holds_aides_too(run: Run) -> None:
    """Whatever an aide is assumed to add, the plan made with the truth reaches the gap that it was made for."""
    made = list(MAKE)
    made[made.index("--seed") : made.index("--seed")] = ["--set", "aide=0.5", "--set", "aide_effect=6"]
    assert run(*made)[0] == 0
    asked = ("students.csv", "--truth", "students_truth.csv", "--set", "groups=race", "--set", "epsilon=1.5")
    code, out, error = run("study", *asked, "--set", "aide_effect=0", "--json")
    assert code == 0, error
    first = {row["estimate"]: row for row in json.loads(out)["rows"]}
    assert float(Fraction(first["the truth"]["true gap"])) <= 1.5 + 1e-9
    assert first["the truth"]["moves"] == first["the truth"]["needed"]


def test_an_audit_looks_at_the_truth(run: Run) -> None:
    run(*MAKE)
    code, _, error = run("solve", "students.csv", "--set", "groups=race", "--set", "epsilon=1.5", "--out", "plan")
    assert code == 0, error
    asked = ("audit", "students.csv", "plan/solution.csv", "--set", "groups=race", "--set", "epsilon=1.5")
    code, out, error = run(
        *asked, "--truth", "students_truth.csv", "--certificate", "plan/certificate.json", "--out", "audit"
    )
    assert code == 0, error
    assert "true gap" in out
    page = Path("audit/audit.html").read_text()
    assert "Under the hidden truth" in page
    assert "--truth students_truth.csv" in page
    assert "true_gap" in json.loads(Path("audit/audit.json").read_text())["truth"]
    code, out, error = run(*asked, "--truth", "nowhere.csv")
    assert (code, "unknown truth" in error) == (2, True)
    code, out, error = run(*asked, "--truth", "classes/seed100", "--certificate", "plan/certificate.json")
    assert code == 2
    assert "the truth of this instance" in error


def test_what_has_no_truth_or_study_says_so(run: Run) -> None:
    run("solve", "cep/calpads33", "--out", "plan", "--prove", "none")
    code, _, error = run("audit", "cep/calpads33", "plan/solution.csv", "--truth", "classes/seed100")
    assert (code, "no hidden truth" in error) == (2, True)
    code, _, error = run("study", "cep/calpads33")
    assert (code, "no study" in error) == (2, True)
    code, _, error = run("study", "classes/seed100", "--set", "epsilon=none")
    assert (code, "a study plans for a gap" in error) == (2, True)


def test_a_solution_without_a_value_is_audited(run: Run) -> None:
    """A broken rule that leaves nothing to score is told, not a fault."""
    run("solve", "applicants/sfusd65", "--out", "plan")
    text = Path("plan/solution.csv").read_text().replace(",16,6", ",16,9")
    Path("plan/solution.csv").write_text(text)
    code, out, error = run("audit", "applicants/sfusd65", "plan/solution.csv", "--out", "audit")
    assert (code, error) == (1, "")
    assert "broken rule seats" in out
    assert Path("audit/audit.html").is_file()


@pytest.mark.parametrize("name", ["scores/synthetic", "classes/drawn600", "grants/synthetic"])
def test_a_study_ends_with_the_solve_that_a_person_ended(run: Run, monkeypatch: Any, name: str) -> None:
    asked = []

    def interrupted(*question: Any) -> Result:
        asked.append(question)
        return replace(solve("cep/calpads33", method="alone"), termination=Termination.INTERRUPTED)

    monkeypatch.setattr(study, "solve", interrupted)
    code, out, error = run("study", name, "--out", "study")
    assert (code, out, error) == (130, "", "interrupted\n")
    assert len(asked) == 1
    assert not Path("study").exists()
