"""Figures of a report as data: scales of gaps, one objective a figure, gaps as the tables have them."""

from __future__ import annotations

import json
from math import inf
from pathlib import Path

import pytest
from bench_rows import baseline, row
from fairbound.benchmarks.core.comparisons import compare_exact
from fairbound.benchmarks.core.figure import ALL_ZERO, Axis, Figure, Mark, Series, log_axis
from fairbound.benchmarks.core.figures import gap_steps, problem_figures, root_gap_figure
from fairbound.benchmarks.core.questions import questions
from fairbound.benchmarks.core.static_figures import svg_text, write_static


def test_zero_and_infinity_stand_at_the_ends_of_a_scale_of_powers() -> None:
    axis = log_axis("gap", [0.0, 0.02, 3.0, inf], percent=True)
    assert (axis.zero, axis.infinite) == (pytest.approx(0.001), pytest.approx(100.0))
    assert [axis.place(value) for value in (0.0, 0.02, inf, None)] == [axis.zero, 0.02, axis.infinite, None]
    plain = log_axis("gap", [0.02])
    assert (plain.zero, plain.infinite) == (None, None)
    assert log_axis("gap", [0.0]).zero == ALL_ZERO
    assert Axis("n").place(0.0) == 0.0


def test_what_is_drawn_and_what_is_written_of_a_zero(tmp_path: Path) -> None:
    """It is drawn on a line marked 0; the numbers for papers keep the 0."""
    points = Series("one", (0.0, 0.02, inf), ("a", "a", "a"), Mark.POINTS, labels=("p", "q", "r"))
    axis = log_axis("gap", [0.0, 0.02, inf], percent=True)
    figure = Figure("gaps", "Gaps", "c", axis, Axis("", categories=("a",)), (points,))
    assert figure.to_json()["series"][0]["x"] == [axis.zero, 0.02, axis.infinite]
    json.dumps(figure.to_json(), allow_nan=False)
    drawn = svg_text(figure)
    assert "<!-- 0 -->" in drawn
    assert "<!-- ∞ -->" in drawn
    write_static([figure], tmp_path)
    assert (tmp_path / "gaps.csv").read_text().splitlines() == [
        "series,x,y,label",
        "one,0.0,a,p",
        "one,0.02,a,q",
        "one,inf,a,r",
    ]


def test_objectives_never_share_a_scale() -> None:
    rows = []
    for objective in ("reimbursement", "students,reimbursement"):
        rows += [row(objective=objective), baseline(objective=objective, primal_bound="90")]
        rows.append(row(objective=objective, relaxed=True, relaxation=120.0, status="relaxation", primal_bound=None))
    made = problem_figures("cep", questions(rows), lambda key: None)
    for kind in ("comparison", "heuristics"):
        assert [group.label for group in made[kind]] == ["reimbursement", "students,reimbursement"]
        for group in made[kind]:
            for figure in group.figures:
                assert figure.title.endswith(f": {group.label}")
    names = [figure.name for group in made["comparison"] for figure in group.figures]
    assert "cep-root-gaps-students-reimbursement" in names
    assert len(names) == len(set(names))
    both = [row(objective=name, method=method) for name in ("students", "money") for method in ("a", "b")]
    [profile] = problem_figures("cep", questions(both), lambda key: None)["profile"][0].figures
    assert "2 questions (students, money)" in profile.caption


def test_root_gaps_of_zero_and_infinity_are_shown() -> None:
    rows = []
    for digest, best, relaxation in (("d1", "100", 100.0), ("d2", "100", 125.0), ("d3", "0", 5.0)):
        rows.append(row(digest=digest, primal_bound=best, dual_bound=best))
        rows.append(row(digest=digest, relaxed=True, relaxation=relaxation, status="relaxation", primal_bound=None))
    figure = root_gap_figure("cep", "reimbursement", compare_exact(questions(rows)))
    assert figure is not None
    assert figure.series[0].x == (0.0, 0.25, inf)
    assert figure.x.log
    assert figure.x.zero is not None
    assert figure.x.infinite is not None
    assert "marked 0" in figure.caption
    assert "marked ∞" in figure.caption
    alone = root_gap_figure("cep", "reimbursement", compare_exact(questions(rows[2:4])))
    assert alone is not None
    assert "marked" not in alone.caption  # no such line is there


def test_a_gap_over_time_is_that_of_the_tables() -> None:
    """|bound - value| / |value| from the first moment with both, in seconds from the start; the end is the row's."""
    trace = [[0.1, None, 150.0, 0], [0.3, 50.0, 150.0, 0], [0.6, 100.0, 100.00000001, 1]]
    solved = row(trace=json.dumps(trace), gap=0.0)
    [question] = questions([solved])
    assert gap_steps(question, solved) == [(pytest.approx(0.5), 2.0), (pytest.approx(0.8), 0.0), (2.0, 0.0)]
    stopped = row(trace=json.dumps(trace[:2]), primal_bound="50", dual_bound="140", gap=1.8, status="feasible")
    [question] = questions([stopped])
    assert gap_steps(question, stopped)[-1] == (2.0, 1.8)


def test_a_heuristic_is_drawn_against_the_best_bound() -> None:
    exact = row(primal_bound="100", dual_bound="125")
    heuristic = baseline(
        primal_bound="75", trace=json.dumps([[0.0, 25.0, None, 0], [0.5, 75.0, None, 1]]), total_seconds=1.0
    )
    [question] = questions([exact, heuristic])
    assert gap_steps(question, heuristic) == [(pytest.approx(0.2), 0.8), (pytest.approx(0.7), 0.4), (1.0, 0.4)]
    assert gap_steps(question, baseline(trace="[]")) == []
