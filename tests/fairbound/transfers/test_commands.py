"""District transfers on the command line: a proof is written, replayed, and refused when changed."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import pytest
from command_line import Run

ASKED = ("transfers/planar9", "--set", "p=0.1")


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:
    code, _, error = run("solve", *ASKED, "--gap", "0.001", "--out", str(tmp_path))
    assert code == 0, error
    return tmp_path


def test_a_proof_is_replayed(run: Run, folder: Path) -> None:
    proof = str(folder / "certificate.json")
    code, out, _ = run("verify", proof, "--json")
    answer, result = json.loads(out), json.loads((folder / "result.json").read_text())
    assert code == 0
    assert answer["accepted"]
    value, bound = Fraction(result["primal_bound"]), Fraction(answer["bound"])
    assert 0 < bound <= value
    assert value - bound <= value / 500
    code, out, _ = run("verify", proof, "--instance", ASKED[0], *ASKED[1:])
    assert code == 0
    assert out.startswith("accepted: no solution of transfers/planar9")
    assert " less race than" in out
    code, out, _ = run("verify", proof, "--instance", ASKED[0], "--set", "p=0.3")
    assert (code, out) == (1, "rejected: the certificate belongs to another instance\n")


def test_a_changed_proof_is_rejected(run: Run, folder: Path) -> None:
    path = folder / "certificate.json"
    document = json.loads(path.read_text())
    document["bound"] = str(Fraction(document["bound"]) * Fraction(101, 100))
    path.write_text(json.dumps(document))
    code, out, _ = run("verify", str(path))
    assert code == 1
    assert out.startswith("rejected: a smaller box that the claim cannot stand on")
    code, _, error = run("audit", *ASKED, str(folder / "solution.csv"), "--certificate", str(path))
    assert code == 2
    assert "certificate rejected" in error
    path.write_text(json.dumps(document | {"format": "another"}))
    code, out, _ = run("verify", str(path))
    assert code == 1
    assert "unknown format 'another'" in out


def test_an_audit_scores_somebodys_plan(run: Run, folder: Path) -> None:
    """A worse plan is told how far it is from the proven best, and offered a better one."""
    rows = list(csv.DictReader((folder / "solution.csv").read_text().splitlines()))
    halved = [f"{row['from']},{row['to']},{float(row['students']) / 2}" for row in rows]
    plan = folder / "plan.csv"
    plan.write_text("\n".join(["from,to,students", *halved]) + "\n")
    proof = str(folder / "certificate.json")
    code, out, _ = run("audit", *ASKED, str(plan), "--certificate", proof, "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["feasible"]
    assert answer["bound_level"] == "L4"
    assert answer["to_bound"] > 0.05
    assert [row["district"] for row in answer["groups"]] == [f"d00{k}" for k in range(1, 10)]
    code, out, _ = run("audit", *ASKED, str(plan), "--gap", "0.001", "--out", str(folder / "audit"))
    assert code == 0
    assert "it takes off" in out
    assert "Districts" in out
    code, out, _ = run("audit", *ASKED, str(folder / "audit" / "better.csv"), "--certificate", proof, "--json")
    assert json.loads(out)["to_bound"] < 0.003


def test_an_audit_names_broken_rules(run: Run, folder: Path) -> None:
    plan, proof = folder / "plan.csv", str(folder / "certificate.json")
    plan.write_text("from,to,students\nd001,d009,30000\n")
    code, out, _ = run("audit", *ASKED, str(plan), "--certificate", proof)
    assert code == 1
    assert "broken rule" in out
    assert "borders" in out


def test_a_front_carries_the_bound_of_each_level(run: Run, tmp_path: Path) -> None:
    asked = ("pareto", "transfers/planar/4", "--objectives", "race,combined", "--set", "weights=race=0")
    code, out, error = run(*asked, "--points", "4", "--gap", "0.01", "--out", str(tmp_path), "--json")
    assert code == 0, error
    front = json.loads(out)
    assert not front["complete"]
    assert len(front["points"]) >= 2
    for point in front["points"]:
        assert 0 <= Fraction(point["race"]) - Fraction(point["bound"]) <= Fraction(point["race"]) / 50
    written = list(csv.DictReader((tmp_path / "pareto.csv").read_text().splitlines()))
    names = ("race", "combined", "bound")
    stated = [{name: point.get(name, "") for name in names} for point in front["points"]]
    assert [{name: row[f"{name}_exact"] for name in names} for row in written] == stated
    assert [float(row["race"]) for row in written] == [float(Fraction(point["race"])) for point in front["points"]]
    code, _, error = run(*asked, "--method", "outer_approximation")
    assert code == 2
    assert "refuses objective race" in error


def test_a_bound_that_nobody_can_keep_is_an_answer(run: Run) -> None:
    code, out, _ = run("solve", "transfers/planar/4", "--set", "p=0.1", "--set", "max_race=0.0001")
    assert code == 1
    assert "infeasible" in out
