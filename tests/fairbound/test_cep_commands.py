"""``verify``, ``audit`` and ``analyse`` on CEP districts: exact values, exit codes, error lines, files."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import tiny_cep
from fairbound.models.cep_grouping import PROBLEM, Grouping
from general_meals import ROWS, with_meals
from matplotlib.image import imread

from fairbound.cli import main

Run = Callable[..., tuple[int, str, str]]
DOLLARS = ("--set", "rates=nyc2017")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fairbound", *arguments])
        capsys.readouterr()
        try:
            code = main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def district(tmp_path: Path) -> str:
    """The five schools with meals of their own, as a table."""
    lines = [f"s{i},{','.join(map(str, row))}" for i, row in enumerate(ROWS, start=1)]
    (tmp_path / "five.csv").write_text("\n".join(["school_id,enrolled,identified,breakfasts,lunches", *lines]) + "\n")
    return "five.csv"


@pytest.fixture
def certificate(run: Run, district: str) -> Path:
    code, _, error = run("solve", district, *DOLLARS, "--method", "price_curve", "--out", "proof")
    assert code == 0, error
    return Path("proof/certificate.json")


def change(path: Path, tamper: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    tamper(document)
    path.write_text(json.dumps(document))


def sign(document: dict[str, Any]) -> None:
    """Make the digest that of the data again, as a forger would."""
    text = json.dumps(document["data"], sort_keys=True, separators=(",", ":"))
    document["digest"] = hashlib.sha256(text.encode()).hexdigest()


# verify


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
        from fairbound.solvers.checker.price_curve import recompute

        _school_left_out_and_signed(document)
        document["bound"] = str(recompute(document))

    code, out, _ = run("verify", str(certificate), "--instance", district, *DOLLARS, "--set", "threshold=0.3")
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


# audit


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
    code, _, error = run(*asked, "--set", "threshold=0.3")
    assert code == 2
    assert "certificate rejected: found 'the certificate belongs to another instance'" in error
    change(certificate, _lower_bound)
    code, _, error = run(*asked)
    assert code == 2
    assert "certificate rejected: found 'the knots prove" in error


# analyse


def tables(out: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(out)["tables"]
    return found


def files(folder: str) -> set[str]:
    return {path.name for path in Path(folder).iterdir()}


def drawn(path: str) -> bool:
    """Whether a picture shows something: more than one shade, and of the printed size."""
    pixels = imread(path)
    return bool(pixels.shape[1] == 1280 and pixels.min() < 0.5 < pixels.max())


def test_the_front_ends_at_both_best(run: Run) -> None:
    code, out, _ = run("analyse", "front", "cep/calpads33", "--points", "3", "--out", "o", "--json")
    rows = tables(out)["front"]
    assert code == 0
    assert [(row["at least"], row["value"], row["bound"], row["students"]) for row in rows] == [
        (26628, "86824/5", "86824/5", 26628),
        (26841, "86664/5", "86664/5", 27054),
        (27054, "86664/5", "86664/5", 27054),
    ]
    assert json.loads(out)["notes"] == ["No grouping covers more than 27,054 students (L1)."]
    assert files("o") == {"front.csv", "front-figure.svg", "front-figure.png", "front-figure.csv"}
    with Path("o/front.csv").open() as stream:
        assert [row["value"] for row in csv.DictReader(stream)] == ["17364.8", "17332.8", "17332.8"]
    assert drawn("o/front-figure.png")


def test_a_front_without_a_plan_is_answered_no(run: Run) -> None:
    code, out, _ = run("analyse", "front", "cep/calpads33", "--set", "cover=all", "--out", "o")
    assert code == 1
    assert "infeasible" in out
    assert "no line has a plan" in out
    assert files("o") == {"front.csv"}


def test_sensitivity_is_exact_and_drawn(run: Run, district: str) -> None:
    asked = ("analyse", "sensitivity", district, "groups", "1,2,none", *DOLLARS, "--out", "o")
    code, out, _ = run(*asked, "--json")
    rows = tables(out)["sensitivity-groups"]
    assert code == 0
    for row, groups in zip(rows, ("1", "2", "none"), strict=True):
        instance = PROBLEM.with_parameters(with_meals("five"), {"groups": groups})
        best = tiny_cep.best(instance, "reimbursement")
        assert row["at most"] == groups
        # The bound does not know of the rule; where there is none it is met.
        assert Fraction(row["value"]) == best
        assert Fraction(row["bound"]) == best if groups == "none" else Fraction(row["bound"]) >= best
        assert Fraction(row["change"]) == Fraction(row["value"]) - Fraction(rows[0]["value"])
    assert rows[1]["groups"] <= 2
    assert drawn("o/sensitivity-groups-figure.png")
    code, out, _ = run(*asked)
    assert code == 0
    assert "Value by groups: five" in out
    assert "L2: value and bound exact" in out


def test_tables_of_a_large_district_fit_a_hundred_columns(run: Run) -> None:
    """A hundred million dollars, and thousands of schools as one unit, are printed whole."""
    rows = [f"s{i},{n * 3000},{e * 3000},{b * 9000},{m * 9000}" for i, (n, e, b, m) in enumerate(ROWS)]
    Path("big.csv").write_text("\n".join(["school_id,enrolled,identified,breakfasts,lunches", *rows]) + "\n")
    for asked in (("front",), ("sensitivity", "threshold", "0.4,0.3"), ("cover",), ("school", "s0")):
        arguments = ("analyse", asked[0], "big.csv", *asked[1:], *DOLLARS)
        _, out, _ = run(*arguments, "--json")
        _, shown, _ = run(*arguments)
        assert max(map(len, shown.splitlines())) <= 100
        for table in tables(out).values():
            for row in table:
                for column in ("value", "bound", "change"):
                    if row.get(column) is not None and Fraction(row[column]):
                        assert f"{float(Fraction(row[column])):,.2f}" in shown


def test_the_price_of_covering_all(run: Run, district: str) -> None:
    code, out, _ = run("analyse", "cover", district, *DOLLARS, "--set", "threshold=0.3", "--out", "o", "--json")
    rows = tables(out)["cover"]
    instances = [
        PROBLEM.with_parameters(with_meals("five"), {"threshold": "0.3", "cover": cover}) for cover in ("any", "all")
    ]
    best = [tiny_cep.best(instance, "reimbursement") for instance in instances]
    assert code == 0
    assert [Fraction(row["value"]) for row in rows] == best
    assert best[0] is not None
    assert best[1] is not None
    price = f"{float(best[0] - best[1]):,.2f}"
    assert json.loads(out)["notes"] == [f"Covering every school costs exactly {price} dollars a year (L2)."]
    assert drawn("o/cover-figure.png")


def test_a_rule_that_cannot_be_kept_is_a_line_of_the_table(run: Run) -> None:
    code, out, _ = run("analyse", "cover", "cep/calpads33", "--out", "o")
    assert code == 0
    assert "No grouping that covers every school is known (infeasible)." in out
    assert max(map(len, out.splitlines())) <= 100
    code, out, _ = run("analyse", "sensitivity", "cep/calpads33", "cover", "all", "--out", "p")
    assert code == 1
    assert files("p") == {"sensitivity-cover.csv"}


def test_one_school_its_best_group_and_what_it_adds(run: Run, district: str) -> None:
    instance = with_meals("five")
    code, out, _ = run("analyse", "school", district, "s1", *DOLLARS, "--out", "o", "--json")
    found = tables(out)
    values = {True: Fraction(0), False: Fraction(0)}
    for grouping in tiny_cep.groupings(instance):
        evaluation = PROBLEM.evaluate(instance, grouping)
        inside = any("s1" in group for group in grouping.groups)
        if evaluation.feasible:
            values[inside] = max(values[inside], evaluation.values["reimbursement"])
    assert code == 0
    assert [Fraction(row["value"]) for row in found["school-s1"]] == [values[True], values[False]]
    adds = f"{float(values[True] - values[False]):,.2f}"
    assert json.loads(out)["notes"] == [f"In CEP it adds exactly {adds} dollars a year (L2)."]
    # Its group of three misses the threshold without it, so that no other place is open.
    rows = [(row["place"], row["schools"], row["change"]) for row in found["school-s1-places"]]
    assert rows[0] == ("group 1 (here)", 3, "0")
    assert {place for place, _, _ in rows[1:]} == {
        f"{place}, breaks threshold" for place in ("group 2", "group 3", "alone", "out of CEP")
    }
    assert [change for _, _, change in rows[1:]] == [None] * 4
    _, out, _ = run("analyse", "school", district, "s5", *DOLLARS, "--json")
    places = {row["place"]: row["change"] for row in tables(out)["school-s5-places"]}
    moved = PROBLEM.evaluate(instance, Grouping.of([["s1", "s2", "s4", "s5"], ["s3"]])).values["reimbursement"]
    assert list(places) == ["alone (here)", "group 1", "group 2", "out of CEP"]
    assert Fraction(places["group 1"]) == moved - values[True]
    assert places["out of CEP"] == "-10812"
    assert drawn("o/school-s1-figure.png")
    code, _, error = run("analyse", "school", district, "s7", *DOLLARS)
    assert code == 2
    assert "unknown school: found 's7', wanted one of s" in error


def test_prices_add_up_to_the_bound(run: Run, certificate: Path) -> None:
    code, out, _ = run("analyse", "prices", str(certificate), "--out", "o", "--json")
    document, rows = json.loads(certificate.read_text()), tables(out)["prices"]
    assert code == 0
    assert json.loads(out)["bound"] == str(Fraction(document["bound"]))
    assert sum(Fraction(row["contribution"]) for row in rows) == Fraction(document["bound"])
    assert sum(row["schools"] for row in rows) == 5
    priced = [row for row in rows if row["price"] is not None]
    assert [row["price"] for row in priced] == [float(Fraction(price)) for _, price in document["knots"]]
    assert files("o") == {"prices.csv"} | {
        f"prices-{name}.{ending}" for name in ("curve", "levels") for ending in ("svg", "png", "csv")
    }
    assert drawn("o/prices-curve.png")
    assert drawn("o/prices-levels.png")
    code, out, _ = run("analyse", "prices", str(certificate))
    assert code == 0
    assert "The contributions add up to the bound" in out
    change(certificate, _lower_bound)
    code, out, error = run("analyse", "prices", str(certificate))
    assert (code, out) == (2, "")
    assert "certificate rejected: found 'the knots prove" in error


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["sensitivity", "five.csv", "treshold", "0.3"], "unknown parameter of cep: found 'treshold'"),
        (
            ["sensitivity", "five.csv", "threshold", "0.3,2"],
            "parameter threshold: found '2', wanted a number in (0, 1]",
        ),
        (["sensitivity", "five.csv", "rates", "nyc2017,none"], "dollars and meals do not compare"),
        (["sensitivity", "five.csv", "threshold", ","], "values: found ',', wanted values joined by commas"),
        (["cover", "transfers/planar9"], "found 'transfers', wanted a CEP instance"),
        (["front", "absent.csv"], "absent.csv: no such file"),
        (["prices", "five.csv"], "five.csv, row 1: not JSON"),
    ],
)
def test_analyses_refuse_what_they_cannot_read(run: Run, district: str, arguments: list[str], text: str) -> None:
    code, out, error = run("analyse", *arguments, "--out", "o")
    assert (code, out) == (2, "")
    assert text in error
    assert error.count("\n") == 1
    assert not Path("o").exists()


# compare


def test_a_comparison_shows_phantom_money_and_what_levels_mean(run: Run) -> None:
    Path("d.csv").write_text("school_id,enrolled,identified\na,100000,40006\nb,500,400\n")
    methods = "membership,width:12.5,width_exact:12.5"
    asked = ("compare", "d.csv", "--set", "threshold=0.40008", "--methods", methods, "--out", "o")
    code, out, _ = run(*asked)
    assert code == 0
    with Path("o/compare.csv").open() as stream:
        rows = {row["method"]: row for row in csv.DictReader(stream)}
    assert rows["width:12.5"]["status"] == "invalid"
    assert rows["width:12.5"]["phantom money"] == "64,016"
    assert rows["width_exact:12.5"]["phantom money"] == rows["membership"]["phantom money"] == "0"
    exact, _, heuristic = out.partition("Baselines")
    assert "phantom" not in exact
    assert "phantom money" in heuristic
    assert "L1: value exact, bound claimed by the engine" in heuristic
    assert max(map(len, out.splitlines())) <= 100
