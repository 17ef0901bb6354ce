"""The report as a file: complete, self-contained, and its figures for papers."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from bench_rows import baseline, data_of, row
from fairbound.benchmarks.core import figures
from fairbound.benchmarks.core.comparisons import compare_exact
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series
from fairbound.benchmarks.core.figures import profile_figure, trace_figures
from fairbound.benchmarks.core.questions import questions
from fairbound.benchmarks.core.report import report
from fairbound.benchmarks.core.row import Row
from fairbound.benchmarks.core.static_figures import write_static

ROWS = [
    row(method="membership", total_seconds=1.0),
    row(method="levels", total_seconds=3.0),
    row(method="levels", relaxed=True, relaxation=120.0, status="relaxation", primal_bound=None, dual_bound=None),
    row(method="set_partitioning", status="refused", message="too many </script> schools", total_seconds=None),
    baseline("alone", primal_bound="80"),
    baseline("width:12.5", primal_bound=None, status="invalid"),
    row(
        method="levels",
        instance="cep/other",
        digest="",
        outcome="timeout",
        status="",
        primal_bound=None,
        dual_bound=None,
        gap=None,
    ),
]


def test_the_page_holds_everything_and_asks_for_nothing(tmp_path: Path) -> None:
    page = report(ROWS, tmp_path, "A <title>")
    assert page == tmp_path / "report.html"
    text = page.read_text(encoding="utf-8")
    assert "<h1>A &lt;title&gt;</h1>" in text
    assert text.count("plotly.js v") == 1
    head = text[: text.index('<script type="text/plain" id="plotly">')]
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", head)
    assert "</script> schools" not in text
    data = data_of(page)
    assert set(data["tables"]) == {
        "cep-answers",
        "cep-heuristic-standings",
        "cep-heuristics",
        "cep-standings",
        "cep-comparison",
        "cep-refused",
        "solves",
    }
    assert len(data["tables"]["solves"]["rows"]) == len(ROWS)  # type: ignore[arg-type]
    own = ("seconds-reimbursement", "root-gaps-reimbursement", "heuristics-reimbursement", "profile", "gap-1")
    assert {f"cep-{name}" for name in own} <= set(data["figures"])


def test_every_figure_and_table_is_there_for_papers(tmp_path: Path) -> None:
    page = report(ROWS, tmp_path)
    data = data_of(page)
    for name in data["figures"]:
        assert (tmp_path / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (tmp_path / "figures" / f"{name}.svg").read_text()
        assert (tmp_path / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert (tmp_path / "figures" / f"{name}.csv").read_text().startswith("series,x,y,label\n")
    for name in data["tables"]:
        assert r"\toprule" in (tmp_path / "tables" / f"{name}.tex").read_text()
    with (tmp_path / "tables" / "cep-comparison.csv").open() as stream:
        lines = {line["method"]: line for line in csv.DictReader(stream) if line["question"] == "cep/hand"}
    assert lines["levels"]["root_gap"] == "0.2"
    assert lines["membership"]["columns"] == "10.0"
    assert "set_partitioning" not in lines  # refused: its reasons are a table of their own
    refused = (tmp_path / "tables" / "cep-refused.csv").read_text().splitlines()
    assert refused[1] == "reimbursement,set_partitioning,1,too many </script> schools,cep/hand"


def test_static_figures_do_not_change_between_runs(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        report(ROWS, tmp_path / folder)
    for path in (tmp_path / "a" / "figures").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "figures" / path.name).read_bytes()


def test_contradictions_are_said_first(tmp_path: Path) -> None:
    calm = report(ROWS, tmp_path / "calm", static=False).read_text()
    assert 'class="alarm"' not in calm
    loud = report([*ROWS, baseline("alone", primal_bound="101", seed=1)], tmp_path / "loud", static=False).read_text()
    assert "but the plan of alone is worth exactly 101" in loud
    assert loud.index('class="alarm"') < loud.index("<h2>CEP school grouping")


def test_a_run_without_rows_is_still_a_page(tmp_path: Path) -> None:
    page = report([], tmp_path / "empty.html", "Nothing yet", static=False)
    assert data_of(page)["figures"] == {}


def test_the_profile_figure_shows_the_profile() -> None:
    figure = profile_figure("cep", compare_exact(questions(ROWS)))
    assert figure is not None
    shown = {series.name: (series.x, series.y) for series in figure.series}
    end = 3.0 * 1.1
    assert shown == {
        "membership": ((1.0, end), (0.5, 0.5)),
        "levels": ((1.0, 3.0, end), (0.0, 0.5, 0.5)),
        "set_partitioning": ((1.0, end), (0.0, 0.0)),
    }


def test_the_trace_figure_ends_with_the_proof() -> None:
    """Seconds count from the start of the method, of which building and compiling take 0.2, to its end at 2."""
    [group] = trace_figures("cep", questions([row()]))
    [figure] = group.figures
    [series] = figure.series
    assert series.x == (0.7, 1.7, 2.0)
    assert series.y == (1.0, 0.0, 0.0)
    assert (figure.x.title, figure.x.log, figure.y.log) == ("seconds", True, True)
    assert group.label == "cep/hand, reimbursement"


def test_a_problem_adds_its_own_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def own(rows: list[Row], solutions: object) -> list[Figure]:
        area = Series("a zone", (0, 1, 1, 0), (0, 0, 1, 0), Mark.AREA, ("a", "b", "c", "d"))
        return [
            Figure("cep-map", "A map", "Zones.", Axis("", hidden=True), Axis("", hidden=True), (area,)),
            Figure(
                "cep-bars", "Bars", "Values.", Axis("value"), Axis("", categories=("x", "y")),
                (Series("one", (1, 2), ("x", "y"), Mark.BARS),),
            ),
            Figure("cep-line", "A line", "c", Axis("t"), Axis("v"), (Series("f", (1, 2), (3, None), Mark.LINE),)),
        ]  # fmt: skip

    monkeypatch.setattr(figures, "figure_functions", lambda problem: [own] if problem == "cep" else [])
    page = report(ROWS, tmp_path)
    assert {"cep-map", "cep-bars", "cep-line"} <= set(data_of(page)["figures"])
    assert page.read_text().index('data-figure="cep-map"') < page.read_text().index(
        'data-figure="cep-heuristics-reimbursement"'
    )


def test_upright_bars_are_drawn_too(tmp_path: Path) -> None:
    bars = Figure("bars", "Bars", "c", Axis("n"), Axis("v"), (Series("s", (1, 2), (3, 4), Mark.BARS),))
    assert [path.suffix for path in write_static([bars], tmp_path)] == [".svg", ".pdf", ".png", ".csv"]
