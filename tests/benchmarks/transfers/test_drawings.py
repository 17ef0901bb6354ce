"""The seed's figures of district transfers say what the plans in a run say."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from bench_rows import row
from fairbound.benchmarks.core.figures import trace_figures
from fairbound.benchmarks.core.measures import gap_to_dual
from fairbound.benchmarks.core.questions import questions
from fairbound.benchmarks.core.report import report
from fairbound.benchmarks.core.row import Row
from fairbound.benchmarks.core.runner import run_plan
from fairbound.benchmarks.core.store import Store
from fairbound.benchmarks.core.suite import parse_suite, plan
from fairbound.benchmarks.transfers.drawings import change_figures, district_figures
from fairbound.benchmarks.transfers.maps import map_figures
from fairbound.models.transfers import PROBLEM, TransferInstance, TransferPlan, evaluate

from fairbound import load

SUITE = """
name = "small"
title = "Small"
[limits]
seconds = 20
[[experiment]]
instances = ["transfers/planar/4"]
parameters = [{ p = "0.1" }, { p = "1" }]
methods = ["spatial_tree", "slsqp", "greedy"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("run")
    run_plan(plan(parse_suite(SUITE, "small.toml")), made, workers=1)
    return made


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[Row]:
    with Store(folder) as store:
        return store.rows()


def test_change_is_that_of_the_best_plan(folder: Path, rows: list[Row]) -> None:
    with Store(folder) as store:
        [figure] = change_figures(rows, store.solution)
    race = next(series for series in figure.series if series.name == "race mean")
    assert race.x == (0.0, 0.1, 1.0)
    instance = load("transfers/planar/4")
    assert isinstance(instance, TransferInstance)
    today = evaluate(instance, TransferPlan(())).values["race"]
    best = min(Fraction(r.primal_bound) for r in rows if r.given == "p=0.1" and r.primal_bound)
    assert race.y[:2] == (0.0, float(best / today - 1))
    assert isinstance(race.y[1], float)
    assert isinstance(race.y[2], float)
    assert race.y[2] <= race.y[1] < 0


def test_districts_before_and_after_add_up_to_the_value(folder: Path, rows: list[Row]) -> None:
    with Store(folder) as store:
        [figure] = district_figures(rows, store.solution)
    assert [series.name for series in figure.series] == ["today", "p = 0.1", "p = 1"]
    best = min(r.primal_float for r in rows if r.given == "p=1" and r.primal_float is not None)
    heights = [x for x in figure.series[2].x if isinstance(x, float)]
    assert sum(heights) / 4 == pytest.approx(best, rel=1e-9)
    assert figure.series[0].x == tuple(sorted(figure.series[0].x, reverse=True))  # type: ignore[type-var]


def test_convergence_is_a_gap_against_seconds(rows: list[Row]) -> None:
    """The exact method by its own bounds, the heuristic by the distance of its values to the best bound."""
    groups = trace_figures("transfers", questions(rows))
    assert {group.label for group in groups} == {"transfers/planar/4 p=0.1, race", "transfers/planar/4 p=1, race"}
    asked = {question.label: question for question in questions(rows)}
    for group in groups:
        [figure] = group.figures
        series = {each.name: each for each in figure.series}
        assert set(series) == {"slsqp, to the best bound", "spatial_tree"}
        question = asked[group.label]
        solved = {each.method: each for each in question.solves}
        for name, each in series.items():
            ended = solved[name.partition(",")[0]]
            assert each.x[-1] == ended.total_seconds
            assert list(each.x) == sorted(each.x)  # type: ignore[type-var]
            last = gap_to_dual(ended.primal, question.dual) if ended.method == "slsqp" else ended.gap
            assert each.y[-1] == last


def test_what_cannot_be_recomputed_is_left_out(rows: list[Row]) -> None:
    """A plan of an instance that has changed since, or of a file that is gone."""
    table = PROBLEM.solution_rows(load("transfers/planar/4"), TransferPlan(()))  # type: ignore[arg-type]
    other = [replace(each, digest="0" * 64) for each in rows]
    gone = [row(problem="transfers", instance="gone.csv", objective="race", parameters=json.dumps({"p": "1"}))]
    for left in (other, gone):
        assert change_figures(left, lambda key: table) == []
        assert district_figures(left, lambda key: table) == []
        assert map_figures(left, lambda key: table) == []


def test_the_report_has_them(folder: Path, tmp_path: Path) -> None:
    page = report(folder, tmp_path).read_text()
    for name in ("change-1", "districts-1", "map-1", "map-share-1", "gap-1"):
        assert f'data-figure="transfers-{name}"' in page
        assert (tmp_path / "figures" / f"transfers-{name}.svg").stat().st_size > 1000
