"""Figures of class types and comparisons show the numbers of the solutions that they are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_rows import row
from fairbound.benchmarks.classes.figures import mean_figures, truth_figures
from fairbound.benchmarks.core.static_figures import write_static
from fairbound.benchmarks.matching.figures import love_plots

from fairbound import load


def test_means_and_true_gaps(tmp_path: Path) -> None:
    shared = {"problem": "classes", "instance": "classes/seed100", "objective": "moves", "sense": "minimize"}
    flow = {"school": "9001", "group": "WHITE", "from": "large", "to": "small+MA", "students": "3"}
    back = {"school": "9001", "group": "BLACK", "from": "small+MA", "to": "large", "students": "3"}
    rows, kept = [], {}
    for effect in ("5", "9"):
        given = f"groups=race small_effect={effect}"
        asked = load("classes/seed100", {"groups": "race", "small_effect": effect})
        made = row(**shared, given=given, digest=asked.digest, method="flows", primal_bound="6")
        rows.append(made)
        kept[made.key] = [flow, back]
    first, second = mean_figures(rows, kept.get)
    today, planned = first.series
    place = today.y.index("WHITE")
    shift = float(planned.x[place] or 0) - float(today.x[place] or 0)  # type: ignore[arg-type]
    assert shift == pytest.approx(3 * 15 / 3001)
    assert second.series[1].x[place] > planned.x[place]  # type: ignore[operator]
    [truth] = truth_figures(rows, kept.get)
    assert truth.series[0].x == (6.0, 6.0)
    assert truth.series[0].y[0] == truth.series[0].y[1]
    assert truth_figures(rows[:1], kept.get) == []
    assert len(write_static([first, truth], tmp_path)) == 8


def test_love_plots_leave_out_what_keeps_everybody(tmp_path: Path) -> None:
    asked = load("matching/drawn200")
    shared = {
        "problem": "matching",
        "instance": "matching/drawn200",
        "digest": asked.digest,
        "objective": "pairs",
        "sense": "maximize",
    }
    pair = [unit.id for unit in (asked.members[asked.treated[0]], asked.members[asked.controls[0]])]
    one, everybody = row(**shared, method="one pair"), row(**shared, method="naive")
    kept = {
        one.key: [{"student_id": name, "weight": "1"} for name in pair],
        everybody.key: [{"student_id": unit.id, "weight": "1"} for unit in asked.members],
    }
    [figure] = love_plots([everybody, one], kept.get)
    assert [series.name for series in figure.series] == ["before", "one pair"]
    assert len(figure.series[0].x) == len(asked.levels) + len(asked.means)
    assert love_plots([one], lambda key: None) == []
    assert len(write_static([figure], tmp_path)) == 4
