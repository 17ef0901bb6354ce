"""Tables for people, for programs and for papers."""

from __future__ import annotations

import csv
from fractions import Fraction
from math import inf
from pathlib import Path

import pandas as pd
import pytest
from bench_rows import baseline, row
from fairbound.benchmarks.core.comparisons import Tally, compare_exact, crossings, heuristic_gaps, refusals
from fairbound.benchmarks.core.questions import questions
from fairbound.benchmarks.core.report import report
from fairbound.benchmarks.core.report_tables import (
    Column,
    Table,
    answers_table,
    comparison_table,
    engines_table,
    heuristic_standings_table,
    refused_table,
    solves_table,
)
from fairbound.benchmarks.core.store import Store
from fairbound.benchmarks.core.table_files import latex_text, write_tables

THIRD = Fraction(10**6, 3)
MADE = Table(
    "made",
    "Made",
    (
        Column("question", key=True),
        Column("best value", "exact"),
        Column("gap", "percent"),
        Column("SGM 1 s", "seconds"),
        Column("memory", "mb"),
        Column("at stake", "dollars"),
        Column("highs", "tally"),
        Column("nothing", "int"),
    ),
    (
        ("a_b & 50 % {of} #1 ~ ^ \\ $x$", THIRD, 0.00301234567, 0.1 + 0.2, 128.4, THIRD, Tally(3, 4, 1, 1.5), None),
        ("b", Fraction(7), inf, None, None, None, Tally(0, 2, 2, 60.0), None),
        ("c", None, 0.0, 1e-9, None, None, None, None),
    ),
)


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_a_csv_holds_full_numbers_and_exact_values(tmp_path: Path) -> None:
    write_tables([MADE], tmp_path)
    first, second, third = read(tmp_path / "made.csv")
    assert (first["best_value"], first["best_value_exact"]) == (repr(float(THIRD)), "1000000/3")
    assert (second["best_value"], second["best_value_exact"]) == ("7", "7")
    assert (third["best_value"], third["best_value_exact"]) == ("", "")
    assert [line["gap"] for line in (first, second, third)] == ["0.00301234567", "inf", "0.0"]
    assert [line["sgm_1_s"] for line in (first, second, third)] == ["0.30000000000000004", "", "1e-09"]
    assert first["at_stake_exact"] == "1000000/3"
    parts = ("closed", "asked", "refused", "sgm_seconds")
    assert [first[f"highs_{part}"] for part in parts] == ["3", "4", "1", "1.5"]
    assert [third[f"highs_{part}"] for part in parts] == [""] * 4
    frame = pd.read_csv(tmp_path / "made.csv")
    assert frame["best_value"].tolist()[:2] == [float(THIRD), 7.0]
    assert frame["gap"].tolist() == [0.00301234567, inf, 0.0]


def test_latex_is_escaped_and_its_headers_have_units() -> None:
    text = latex_text(MADE)
    assert text.startswith("\\begin{tabular}{lrrrrrl}\n\\toprule\n")
    assert (
        "question & best value & gap (\\%) & SGM 1 s (s) & memory (MB) & at stake (\\$) & highs \\\\\n\\midrule" in text
    )
    assert (
        r"a\_b \& 50 \% \{of\} \#1 \textasciitilde \space \textasciicircum \space \textbackslash \space \$x\$" in text
    )
    assert r"& 333,333.3333\ldots{} & 0.301 & 0.30 & 128 & 333,333 & 3 / 4, 1.50 s \\" in text
    assert r"b & 7 & $\infty$ &  &  &  & refused \\" in text
    assert text.rstrip().endswith("\\bottomrule\n\\end{tabular}")
    many = Table("many", "Many", (Column("n", "int"),), tuple((n,) for n in range(41)))
    assert latex_text(many).startswith("\\begin{longtable}{r}")


def test_the_page_has_texts_numbers_and_exact_values() -> None:
    columns = [column["label"] for column in MADE.to_json()["columns"]]
    assert columns == ["question", "best value", "gap", "SGM 1 s", "memory", "at stake", "highs"]
    first, second, third = MADE.to_json()["rows"]
    assert first[1] == ["333,333.3333…", float(THIRD), "1000000/3"]
    assert first[6] == ["3 / 4, 1.50 s", 1.5, 3, 4, 1]
    assert second[1:3] == [["7", 7.0], ["∞", 1e308]]
    assert third[3] == 1e-9


def test_no_table_writes_text_where_numbers_belong(tmp_path: Path) -> None:
    """Every column of numbers reads as numbers, of every table that a run has."""
    rows = [
        row(primal_bound="12345678/7", dual_bound="12345679/7", gap=1 / 12345678, status="feasible", nodes=1234567),
        row(method="levels@scip", engine="scip", total_seconds=1234.5),
        row(method="levels", relaxed=True, relaxation=2345678.5, status="relaxation", primal_bound=None),
        row(method="subsets", status="refused", message="no", primal_bound=None, dual_bound=None, total_seconds=None),
        baseline(primal_bound="1234567/3"),
    ]
    asked = questions(rows)
    cells = compare_exact(asked)
    tables = [
        answers_table("cep", asked),
        comparison_table("cep", cells),
        engines_table("cep", crossings(asked)),
        heuristic_standings_table("cep", heuristic_gaps(asked)),
        refused_table("cep", refusals(cells)),
        solves_table(rows),
    ]
    write_tables(tables, tmp_path)
    for table in tables:
        lines = read(tmp_path / f"{table.name}.csv")
        assert lines
        for column in table.columns:
            for field in column.fields if column.kind != "text" else ():
                for line in lines:
                    assert line[field] == "" or Fraction(line[field]) is not None
    solves = read(tmp_path / "solves.csv")
    assert (solves[0]["value"], solves[0]["value_exact"]) == (repr(12345678 / 7), "12345678/7")
    assert (solves[2]["dual_bound"], solves[2]["dual_bound_exact"]) == ("2345678.5", "")  # a float of an LP


def test_refused_rows_stand_apart() -> None:
    none = {"status": "refused", "primal_bound": None, "dual_bound": None, "gap": None, "total_seconds": None}
    rows = [row(method="subsets", digest=f"d{n}", message=f"{n} schools are too many", **none) for n in (13, 1400)]
    rows += [row(method="subsets", digest="d3", message="has no price", **none), row(method="levels")]
    cells = compare_exact(questions(rows))
    assert [line[2] for line in comparison_table("cep", cells).rows] == ["levels"]
    found = refused_table("cep", refusals(cells)).rows
    assert [(line[1], line[2], line[3]) for line in found] == [
        ("subsets", 2, "13 schools are too many (and alike)"),
        ("subsets", 1, "has no price"),
    ]
    assert solves_table(rows).folded == "refused"


def test_a_contradiction_of_engines_is_loud() -> None:
    rows = [row(), row(method="membership@scip", engine="scip", primal_bound="101", dual_bound="101")]
    [line] = engines_table("cep", crossings(questions(rows))).rows
    assert line[-1] == "CONTRADICTION on 1: cep/hand"
    assert engines_table("cep", []).rows == ()


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (("100", "100"), "equal on 1"),
        (("99", "100"), "equal on 0, within the gap on 1"),  # closed to the gap that was asked for
    ],
)
def test_agreement_is_counted(bounds: tuple[str, str], words: str) -> None:
    near = {"status": "feasible", "termination": "gap_limit"} if bounds[0] != bounds[1] else {}
    other = row(method="membership@scip", engine="scip", primal_bound=bounds[0], dual_bound=bounds[1], **near)
    [line] = engines_table("cep", crossings(questions([row(), other]))).rows
    assert line[-1] == words


def test_wrong_claims_beside_a_run_are_in_its_report(tmp_path: Path) -> None:
    """``bench honesty`` into the folder of a run: one row for each engine and family, in numbers."""
    header = "engine,version,family,parameter,cases,wrong,false optimum,beaten bound,not taken,right"
    lines = ["a,1,big-M,M = 10^3,7,2,1,1,0,5", "a,1,big-M,M = 10^9,7,3,3,0,1,3", "b,2,big-M,M = 10^3,7,0,0,0,0,7"]
    with Store(tmp_path, write=True) as store:
        store.add(row())
    assert "honesty" not in {path.stem for path in (report(tmp_path, tmp_path).parent / "tables").iterdir()}
    (tmp_path / "honesty.csv").write_text("\n".join([header, *lines]) + "\n")
    page = report(tmp_path, tmp_path).read_text()
    assert "What engines get wrong" in page
    written = (tmp_path / "tables" / "honesty.csv").read_text().splitlines()
    assert written[0] == "engine,version,models,cases,wrong,false_optimum,beaten_bound,not_taken,right"
    assert written[1:] == ["a,1,big-M,14,5,4,1,1,8", "b,2,big-M,7,0,0,0,0,7"]
