"""``verify`` and ``audit`` on CEP districts: exact values, exit codes, error lines."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from command_line import Run
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.models.cep import PROBLEM, Grouping
from general_meals import ROWS, with_meals

DOLLARS = ("--set", "rates=nyc2017", "--set", "threshold=0.4")


def change(path: Path, tamper: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    tamper(document)
    path.write_text(json.dumps(document))


def sign(document: dict[str, Any]) -> None:
    """Make the digest that of the data again, as a forger would."""
    text = json.dumps(document["data"], sort_keys=True, separators=(",", ":"))
    document["digest"] = hashlib.sha256(text.encode()).hexdigest()


def test_a_proof_is_accepted(run: Run, district: str, certificate: Path) -> None:
    instance = with_meals("five")
    result = json.loads(Path("proof/result.json").read_text())
    best = tiny_cep.best(instance, "reimbursement")
    code, out, _ = run("verify", str(certificate), "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer == {
        "certificate": str(certificate),
        "accepted": True,
        "level": "L2",
        "bound": result["dual_bound"],
        "reason": "",
        "digest": instance.digest,
    }
    assert best is not None
    assert best <= Fraction(answer["bound"])
    code, out, _ = run("verify", str(certificate), "--instance", district, *DOLLARS)
    assert code == 0
    assert out.startswith(f"accepted: no solution of five.csv ({instance.digest[:16]}) has more reimbursement than\n")
    assert answer["bound"] in out
    change(certificate, lambda document: document.pop("instance"))
    code, out, _ = run("verify", str(certificate))
    assert code == 0
    assert out.startswith("accepted: no solution of the data inside")


def _lower_bound(document: dict[str, Any]) -> None:
    document["bound"] = str(Fraction(document["bound"]) - Fraction(1, 10**6))


def _negative_price(document: dict[str, Any]) -> None:
    document["knots"][-1][1] = "-0.0000001"


def _removed_knot(document: dict[str, Any]) -> None:
    assert len(document["knots"]) > 2
    del document["knots"][1]


def _other_digest(document: dict[str, Any]) -> None:
    document["digest"] = with_meals("other", ROWS[:4]).digest


def _school_left_out(document: dict[str, Any]) -> None:
    del document["data"]["schools"][2]


def _school_left_out_and_signed(document: dict[str, Any]) -> None:
    _school_left_out(document)
    sign(document)


def _threshold_lowered_and_signed(document: dict[str, Any]) -> None:
    document["data"]["parameters"]["threshold"] = "0.25"
    sign(document)


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (_lower_bound, "the knots prove"),
        (_negative_price, "a price is negative"),
        (_removed_knot, "the knots prove"),
        (_other_digest, "the data is not that of the digest"),
        (_school_left_out, "the data is not that of the digest"),
        (_school_left_out_and_signed, "the knots prove"),
        (_threshold_lowered_and_signed, "the knots do not rise from the threshold"),
    ],
)
def test_a_changed_proof_is_rejected(run: Run, certificate: Path, tamper: Any, reason: str) -> None:
    change(certificate, tamper)
    code, out, _ = run("verify", str(certificate))
    assert code == 1
    assert out.startswith(f"rejected: {reason}")
    assert out.count("\n") == 1
    code, out, _ = run("verify", str(certificate), "--json")
    assert code == 1
    assert json.loads(out)["accepted"] is False
    assert json.loads(out)["bound"] is None


def test_a_true_proof_about_other_data_is_rejected(run: Run, district: str, certificate: Path) -> None:
    """Fewer schools with a bound of their own: sound in itself, and not about the district asked for."""

    def forge(document: dict[str, Any]) -> None:
        from fairbound.solvers.checker.cep import recompute

        _school_left_out_and_signed(document)
        document["bound"] = str(recompute(document))

    code, out, _ = run("verify", str(certificate), "--instance", district, *DOLLARS[:2], "--set", "threshold=0.3")
    assert (code, out) == (1, "rejected: the certificate belongs to another instance\n")
    change(certificate, forge)
    assert run("verify", str(certificate))[0] == 0
    code, out, _ = run("verify", str(certificate), "--instance", district, *DOLLARS)
    assert (code, out) == (1, "rejected: the certificate belongs to another instance\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", "error: c.json, row 1: not JSON"),
        ("[]", "error: c.json: not a certificate: wanted one JSON object"),
        (None, "error: c.json: cannot be read (No such file or directory)"),
    ],
)
def test_what_is_no_certificate_is_wrong_input(run: Run, text: str | None, line: str) -> None:
    if text is not None:
        Path("c.json").write_text(text)
    code, out, error = run("verify", "c.json")
    assert (code, out) == (2, "")
    assert error.startswith(line)
    assert error.count("\n") == 1


def test_an_auditor_adds_up_the_spreadsheet(run: Run, district: str) -> None:
    """The last column of certificate.csv is the bound to the last digit, the floors' rows included."""
    rules = ("--set", "min_students=300", "--set", "min_schools=4", "--set", "forced_out=s4")
    code, _, error = run("solve", district, *DOLLARS, *rules, "--method", "price_curve", "--out", "floors")
    assert code == 0, error
    document = json.loads(Path("floors/certificate.json").read_text())
    with Path("floors/certificate.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["school_id"] for row in rows[:5]] == ["s1", "s2", "s3", "s4", "s5"]
    assert [row["school_id"] for row in rows[5:]] == [f"floor {name}" for name in document["multipliers"]]
    assert all("/" not in row["contribution"] for row in rows[:5])
    assert rows[3]["contribution"] == "0"
    assert sum(Fraction(row["contribution"]) for row in rows) == Fraction(document["bound"])
    assert run("verify", "floors/certificate.json", "--instance", district, *DOLLARS, *rules)[0] == 0


def test_schools_that_a_file_does_not_name_are_said(run: Run, district: str) -> None:
    Path("mine.csv").write_text("school_id,group\ns1,a\ns2,a\n")
    code, out, _ = run("audit", district, "mine.csv", *DOLLARS, "--out", "a")
    assert code == 0
    words = "3, counted as left out: s3, s4, s5"
    assert words in next(line for line in out.splitlines() if line.startswith("not in the file"))
    assert f"Not in the file: {words}." in Path("a/audit.html").read_text()
    Path("mine.csv").write_text("school_id,group\ns1,a\ns2,a\ns3,\ns4,\ns5,\n")
    code, out, _ = run("audit", district, "mine.csv", *DOLLARS)
    assert "not in the file" not in out


def test_an_audit_scores_a_grouping_exactly(run: Run, district: str, certificate: Path) -> None:
    instance, grouping = with_meals("five"), Grouping.of([["s1", "s2"], ["s3", "s5"]])
    scored = PROBLEM.evaluate(instance, grouping)
    Path("mine.csv").write_text("school_id,group\ns1,a\ns2,a\ns3,b\ns5,b\ns4,\n")
    code, out, _ = run("audit", district, "mine.csv", *DOLLARS, "--certificate", str(certificate), "--json")
    answer, proof = json.loads(out), json.loads(certificate.read_text())
    assert code == 0
    assert answer["feasible"]
    assert Fraction(answer["value"]) == scored.values["reimbursement"]
    assert answer["values"]["students"] == "370"
    assert Fraction(answer["bound"]) == Fraction(proof["bound"])
    assert answer["bound_level"] == "L2"
    assert answer["to_bound"] == pytest.approx(1 - float(scored.values["reimbursement"] / Fraction(proof["bound"])))
    assert answer["better"] is None
    assert [(row["schools"], row["enrolled"], row["missing"]) for row in answer["groups"]] == [
        ("2", "220", "0"),
        ("2", "150", "0"),
    ]
    # Without a certificate a better grouping is offered, which is worth exactly what is said.
    code, out, _ = run("audit", district, "mine.csv", *DOLLARS, "--out", "a", "--json")
    answer = json.loads(out)
    best = tiny_cep.best(instance, "reimbursement")
    assert code == 0
    assert best is not None
    assert Fraction(answer["better_value"]) == best
    assert Fraction(answer["better_gain"]) == best - scored.values["reimbursement"]
    code, out, _ = run("audit", district, "a/better.csv", *DOLLARS, "--json")
    assert Fraction(json.loads(out)["value"]) == best


def test_an_audit_says_what_is_missing_and_what_is_phantom(run: Run) -> None:
    """40,006 of 100,000 are under 40.008 % by two students; rounded to four decimals they would pass."""
    table = "school_id,enrolled,identified\na,100000,40006\nb,500,400\n"
    Path("d.csv").write_text(table)
    Path("mine.csv").write_text("school_id,group\na,1\nb,2\n")
    asked = ("d.csv", "mine.csv", "--set", "threshold=0.40008")
    code, out, _ = run("audit", *asked, "--json")
    answer = json.loads(out)
    assert code == 1
    assert not answer["feasible"]
    assert answer["value"] == "500"
    assert answer["groups"][0]["missing"] == "2"
    assert Fraction(answer["measures"]["phantom_money"]) == Fraction("1.6") * Fraction("0.4001") * 100000
    assert answer["violations"] == [
        "threshold: group 1 (a): found 40006 identified of 100000, wanted at least 40008",
    ]
    code, out, _ = run("audit", *asked)
    assert code == 1
    assert "phantom money" in out
    assert "broken rule threshold: group 1 (a)" in out
    assert "better offered" in out


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("school_id,group\ns1,1\ns9,1\n", "row 3, column school_id: unknown school: found 's9', wanted one of s"),
        ("school_id,group\ns1,1\n\ns1,2\n", "row 4, column school_id: duplicate school_id: found 's1'"),
        ("school_id,grp\ns1,1\n", "row 1, column group: missing column: wanted school_id and group"),
        ("school_id,group\ns1,1,2\n", "row 2: wrong number of cells: found 3, wanted 2"),
        ("", "empty file"),
    ],
)
def test_a_broken_grouping_is_one_line(run: Run, district: str, table: str, line: str) -> None:
    Path("mine.csv").write_text(table)
    code, out, error = run("audit", district, "mine.csv", *DOLLARS)
    assert (code, out) == (2, "")
    assert error.startswith("error: mine.csv")
    assert line in error
    assert error.count("\n") == 1


def test_an_audit_trusts_no_certificate(run: Run, district: str, certificate: Path) -> None:
    Path("mine.csv").write_text("school_id,group\ns1,a\n")
    asked = ("audit", district, "mine.csv", *DOLLARS, "--certificate", str(certificate))
    code, _, error = run(*asked, "--objective", "students")
    assert code == 2
    assert "found 'reimbursement', wanted objective students" in error
    other = [word.replace("threshold=0.4", "threshold=0.3") for word in asked]
    code, _, error = run(*other)
    assert code == 2
    assert "certificate rejected: found 'the certificate belongs to another instance'" in error
    change(certificate, _lower_bound)
    code, _, error = run(*asked)
    assert code == 2
    assert "certificate rejected: found 'the knots prove" in error
