"""``analyse`` and ``compare`` on CEP districts: exact values, exit codes, error lines, files, pictures."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from command_line import Run
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.models.cep import PROBLEM, Grouping
from general_meals import ROWS, with_meals
from matplotlib.image import imread

DOLLARS = ("--set", "rates=nyc2017", "--set", "threshold=0.4")


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
    assert json.loads(out)["notes"] == ["No grouping covers more than 27,054 students (L4)."]
    assert files("o") == {"front.csv", "front-figure.svg", "front-figure.pdf", "front-figure.png", "front-figure.csv"}
    with Path("o/front.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["value"] for row in rows] == ["17364.8", "17332.8", "17332.8"]
    assert [row["value_exact"] for row in rows] == ["86824/5", "86664/5", "86664/5"]
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
    rows = [f"s{i},{n * 6000},{e * 6000},{b * 9000},{m * 9000}" for i, (n, e, b, m) in enumerate(ROWS)]
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
    code, out, _ = run("analyse", "cover", district, *DOLLARS[:2], "--set", "threshold=0.3", "--out", "o", "--json")
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
    assert json.loads(out)["notes"] == [f"Covering every school costs exactly {price} dollars a year (L4)."]
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
    assert json.loads(out)["notes"] == [f"In CEP it adds exactly {adds} dollars a year (L4)."]
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
        f"prices-{name}.{ending}" for name in ("curve", "levels") for ending in ("svg", "pdf", "png", "csv")
    }
    assert drawn("o/prices-curve.png")
    assert drawn("o/prices-levels.png")
    code, out, _ = run("analyse", "prices", str(certificate))
    assert code == 0
    assert "The contributions add up to the bound" in out
    document["bound"] = str(Fraction(document["bound"]) - Fraction(1, 10**6))
    certificate.write_text(json.dumps(document))
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


def test_a_comparison_shows_phantom_money_and_what_levels_mean(run: Run) -> None:
    Path("d.csv").write_text("school_id,enrolled,identified\na,100000,40006\nb,500,400\n")
    methods = "membership,width:12.5,width_exact:12.5"
    asked = ("compare", "d.csv", "--set", "threshold=0.40008", "--methods", methods, "--out", "o")
    code, out, _ = run(*asked)
    assert code == 0
    with Path("o/compare.csv").open() as stream:
        rows = {row["method"]: row for row in csv.DictReader(stream)}
    assert rows["width:12.5"]["status"] == "invalid"
    assert rows["width:12.5"]["phantom_money"] == "64016"
    assert rows["width_exact:12.5"]["phantom_money"] == rows["membership"]["phantom_money"] == "0"
    exact, _, heuristic = out.partition("Baselines")
    assert "phantom" not in exact
    assert "phantom money" in heuristic
    assert "L1: value exact, bound claimed by the engine" in heuristic
    assert max(map(len, out.splitlines())) <= 100
