"""The seed's figures of district transfers say what the plans in a run say."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from bench_rows import row
from fairbound.benchmarks.core.report import report
from fairbound.benchmarks.core.row import Row
from fairbound.benchmarks.core.runner import run_plan
from fairbound.benchmarks.core.store import Store
from fairbound.benchmarks.core.suite import parse_suite, plan
from fairbound.benchmarks.transfers.drawings import change_figures, convergence_figures, district_figures
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


def test_convergence_shows_values_and_bounds(rows: list[Row]) -> None:
    figures = convergence_figures(rows, lambda key: None)
    assert len(figures) == 2
    for figure in figures:
        series = {each.name: each for each in figure.series}
        assert set(series) == {"slsqp, value", "spatial_tree, value", "spatial_tree, bound"}
        assert len({each.x[-1] for each in figure.series}) == 1
        bound, value = series["spatial_tree, bound"].y[-1], series["slsqp, value"].y[-1]
        assert isinstance(bound, float)
        assert isinstance(value, float)
        assert bound <= value * (1 + 1e-6)


def test_a_tree_that_ends_at_its_root_is_shown_too(rows: list[Row]) -> None:
    """One moment is a value and a bound that were there at once."""
    short = [
        replace(each, trace=json.dumps(each.moments[:1])) if each.method == "spatial_tree" else each for each in rows
    ]
    names = {series.name for figure in convergence_figures(short, lambda key: None) for series in figure.series}
    assert "spatial_tree, bound" in names
    tree = [each for each in short if each.method == "spatial_tree"]
    assert convergence_figures(tree, lambda key: None) == []


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
    for name in ("change-1", "districts-1", "map-1", "map-share-1", "convergence-1"):
        assert f'data-figure="transfers-{name}"' in page
        assert (tmp_path / "figures" / f"transfers-{name}.svg").stat().st_size > 1000
