"""Figures and studies of forecasts and grants hold the numbers that they draw."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from bench_rows import row
from fairbound.benchmarks.core.static_figures import write_static
from fairbound.benchmarks.core.study import Study, study_of
from fairbound.benchmarks.grants.figures import worst_figures
from fairbound.benchmarks.scores.figures import coefficient_figures
from fairbound.benchmarks.scores.tiny import NAMED
from fairbound.instances.core.truth import truth_of
from fairbound.instances.grants.sources import asked_of
from fairbound.instances.scores.simulation import PLANTED, simulate
from fairbound.instances.scores.simulation import Settings as Simulation
from fairbound.models.core.errors import InputError
from fairbound.models.grants.instance import FITTED
from fairbound.models.scores import ScoresInstance
from fairbound.models.scores.evaluate import variance
from fairbound.solvers.core.result import Settings
from fairbound.solvers.scores import lstm

import fairbound

SMALL = simulate(Simulation(districts=60, effect=0.3, noise=0.5), 2)


@pytest.fixture(scope="module")
def forecasts() -> Study:
    asked = ScoresInstance("small", SMALL.panel)
    return study_of("scores").run(asked, None, Settings(prove=0), lambda _text: None)


def test_a_study_of_forecasts(forecasts: Study) -> None:
    rows = {row["model"]: row for row in forecasts.rows}
    assert rows["best subset of 6"]["features"] == 6
    assert rows["best subset of 6"]["spending"] == 3
    assert rows["best subset of 6"]["fit"] == "optimal, L4"
    assert rows["LAD, past scores"]["fit"] == "optimal, L2"
    assert rows["persistence"]["all"] < rows["constant"]["all"]
    assert rows["persistence; observed labels alone"]["all"] != rows["persistence"]["all"]
    drawn = dict(zip(forecasts.figures[0].series[0].y, forecasts.figures[0].series[0].x, strict=True))
    assert drawn["constant"] == float(rows["constant"]["all"])
    words = " ".join(forecasts.notes)
    assert "budget column is in: best subset of" in words
    assert ("PyTorch is not installed" in words) == bool(lstm.missing())


def test_a_plain_table_has_no_such_study() -> None:
    with pytest.raises(InputError, match="a panel"):
        study_of("scores").run(NAMED["outlier"], None, Settings(), lambda _text: None)


def test_a_study_of_grants() -> None:
    truth = truth_of(SMALL.truth, "the truth")
    asked = asked_of(SMALL.panel, "grants/small", 2_000_000, "small", FITTED)
    found = study_of("grants").run(asked, truth, Settings(gap=1e-4), lambda _text: None)
    rows = {row["estimate"]: row for row in found.rows}
    assert list(rows) == ["the truth", "published, the same for all", "least squares, this year's spending"]
    assert rows["the truth"]["promised"] == rows["the truth"]["true gain"]
    for one in found.rows:
        assert 0 < one["true gain"] <= rows["the truth"]["true gain"] * (1 + Fraction(1, 1000))
    assert any("plans best" in note for note in found.notes)


def test_figures_show_the_solutions_that_they_are_given(tmp_path: Path) -> None:
    asked = fairbound.load("grants/synthetic")
    shared = {"problem": "grants", "instance": "grants/synthetic", "objective": "worst_tenth", "sense": "maximize"}
    lowest = min(asked.districts_data, key=lambda district: district.score)
    made = row(**shared, digest=asked.digest, method="one grant", primal_bound="17")
    plan = [{"district_id": lowest.id, "function": asked.functions[0], "change": "100"}]
    [figure] = worst_figures([made], {made.key: plan}.get)
    today, after = figure.series
    assert len(today.x) == 60
    moved = [k for k in range(60) if today.y[k] != after.y[k]]
    assert moved == [0]
    assert float(after.y[0]) - float(lowest.score) == pytest.approx(float(asked.assumed[0].points) / 10)  # type: ignore[arg-type]
    asked = fairbound.load("scores/synthetic", {"features": "scores"})
    shared = {"problem": "scores", "instance": "scores/synthetic", "objective": "lad", "sense": "minimize"}
    made = row(**shared, given="features=scores", digest=asked.digest, method="m", primal_bound="1")
    model = [{"feature": "score, 1 before", "coefficient": "1"}, {"feature": "score, 3 before", "coefficient": "-2"}]
    [drawn] = coefficient_figures([made], {made.key: model}.get)
    assert drawn.series[0].y == ("score, 3 before", "score, 1 before")
    assert drawn.series[0].x[1] == pytest.approx(float(variance(asked, 6)) ** 0.5)
    assert len(write_static([figure, drawn], tmp_path)) == 8


def test_planted_functions_lead_the_truth() -> None:
    effects = {row[1]: float(row[2]) for row in SMALL.truth[1:] if row[0] == "effect"}
    assert {name for name, effect in effects.items() if effect} == set(PLANTED)
