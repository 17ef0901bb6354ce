"""The figures of a report, as data: drawn by Plotly in the page and by Matplotlib for papers.

A problem may add figures of its own: ``FIGURES`` in ``benchmarks/<problem>/figures.py``.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.analysis import Cell, HeuristicGap, Question, compare_exact, heuristic_gaps
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series, Solutions
from fairbound.benchmarks.core.measures import bound_gap, performance_profile
from fairbound.benchmarks.core.rooms import figure_functions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MOST_TRACES = 12
"""So many questions at most get a figure of their gap over time: the slowest ones."""


def profile_figure(problem: str, cells: Sequence[Cell]) -> Figure | None:
    """Dolan-More profile of the exact methods; ``None`` with fewer than two of them."""
    seconds: dict[str, dict[str, float | None]] = {}
    for cell in cells:
        if cell.runs:
            seconds.setdefault(cell.method, {})[cell.question.key] = cell.seconds
    asked = {question for times in seconds.values() for question in times}
    if len(seconds) < 2:
        return None
    profiles = performance_profile(seconds)
    end = max((corners[-1][0] for corners in profiles.values()), default=1.0) * 1.1
    series = [
        Series(
            method,
            (*(factor for factor, _ in corners), end),
            (*(share for _, share in corners), corners[-1][1]),
            Mark.STEPS,
        )
        for method, corners in profiles.items()
    ]
    return Figure(
        f"{problem}-profile",
        "Performance profile of exact methods",
        f"Share of {len(asked)} questions that a method closed within a factor of the fastest method's time. "
        "Left end: how often it is fastest; right end: how much it solves at all. Higher is better.",
        Axis("times the fastest", log=True),
        Axis("questions closed", percent=True),
        tuple(series),
    )


def _strip(
    values: Mapping[str, Sequence[tuple[float, str]]], digits: Callable[[float], str]
) -> tuple[tuple[Series, ...], tuple[str, ...]]:
    """One dot for each question in a row for each method, and a tick at the median."""
    names = tuple(sorted(values, key=lambda name: median(value for value, _ in values[name])))
    dots = [(value, name, f"{label}: {digits(value)}") for name in names for value, label in values[name]]
    middles = [(median(value for value, _ in values[name]), name) for name in names]
    return (
        Series(
            "one question",
            tuple(value for value, _, _ in dots),
            tuple(name for _, name, _ in dots),
            Mark.POINTS,
            tuple(text for _, _, text in dots),
        ),
        Series(
            "median",
            tuple(value for value, _ in middles),
            tuple(name for _, name in middles),
            Mark.TICKS,
            tuple(f"median of {name}: {digits(value)}" for value, name in middles),
        ),
    ), names


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"


def _seconds(value: float) -> str:
    return f"{value:.3g} s"


def root_gap_figure(problem: str, cells: Sequence[Cell]) -> Figure | None:
    """How far each formulation's LP bound is from the best value."""
    values: dict[str, list[tuple[float, str]]] = {}
    for cell in cells:
        if cell.root_gap is not None:
            values.setdefault(cell.method, []).append((cell.root_gap, cell.question.label))
    if not values:
        return None
    series, names = _strip(values, _percent)
    return Figure(
        f"{problem}-root-gaps",
        "Strength of the LP relaxations",
        "Distance of each formulation's LP bound to the best value known, before any branching. Further left is "
        "tighter.",
        Axis("root gap", percent=True),
        Axis("", categories=names),
        series,
    )


def seconds_figure(problem: str, cells: Sequence[Cell]) -> Figure | None:
    """Seconds of each exact method on the questions that it closed."""
    values: dict[str, list[tuple[float, str]]] = {}
    for cell in cells:
        if cell.seconds is not None:
            values.setdefault(cell.method, []).append((cell.seconds, cell.question.label))
    if not values:
        return None
    series, names = _strip(values, _seconds)
    return Figure(
        f"{problem}-seconds",
        "Seconds to a closed gap",
        "Wall seconds of building, compiling and solving, on the questions that a method closed. Further left is "
        "faster; what a method did not close is missing here and counted in the profile.",
        Axis("seconds", log=True),
        Axis("", categories=names),
        series,
    )


def growth_figure(problem: str, cells: Sequence[Cell]) -> Figure | None:
    """Seconds against the size of the model; ``None`` where sizes hardly differ."""
    groups: dict[str, list[tuple[float, float, str]]] = {}
    for cell in cells:
        if cell.columns and cell.spent:
            groups.setdefault(cell.method, []).append((cell.columns, cell.spent, cell.question.label))
    sizes = [size for points in groups.values() for size, _, _ in points]
    if len(set(sizes)) < 4:
        return None
    series = []
    for method, points in groups.items():
        points.sort()
        series.append(
            Series(
                method,
                tuple(size for size, _, _ in points),
                tuple(seconds for _, seconds, _ in points),
                Mark.POINTS,
                tuple(f"{label}: {size:.0f} columns, {seconds:.3g} s" for size, seconds, label in points),
            )
        )
    return Figure(
        f"{problem}-growth",
        "Seconds against model size",
        "One mark for each question and exact method, closed or stopped at its limit.",
        Axis("columns of the model", log=True),
        Axis("seconds", log=True),
        tuple(series),
    )


def heuristics_figure(problem: str, gaps: Sequence[HeuristicGap]) -> Figure | None:
    """Distance of every baseline to the best dual bound."""
    values: dict[str, list[tuple[float, str]]] = {}
    for item in gaps:
        if item.gap is not None:
            values.setdefault(item.method, []).append((item.gap, item.question.label))
    if not values:
        return None
    series, names = _strip(values, _percent)
    return Figure(
        f"{problem}-heuristics",
        "Heuristics against the dual bound",
        "What a heuristic may leave on the table: distance of its exact value to the best dual bound, one dot for "
        "each question. Solutions that break a rule have no value and no dot.",
        Axis("distance to the dual bound", percent=True),
        Axis("", categories=names),
        series,
    )


def trace_figures(problem: str, asked: Sequence[Question]) -> list[Figure]:
    """Gap over time of the exact methods, on the questions that took longest."""
    ranked = []
    for question in asked:
        traced = [
            row
            for row in question.solves
            if row.moments and row.kind != "baseline" and row.seed == 0 and row.repetition == 0
        ]
        if traced:
            ranked.append((max(row.moments[-1][0] for row in traced), question, traced))
    ranked.sort(key=lambda item: -item[0])
    figures = []
    for i, (_, question, traced) in enumerate(ranked[:MOST_TRACES]):
        series = []
        for row in traced:
            moments = row.moments
            seconds = [max(moment[0], 1e-4) for moment in moments]
            gaps = [bound_gap(moment[1], moment[2]) for moment in moments]
            if row.solve_seconds is not None and row.solve_seconds > seconds[-1]:
                seconds.append(row.solve_seconds)
                gaps.append(0.0 if row.solved else gaps[-1])
            series.append(Series(row.method, tuple(seconds), tuple(gaps), Mark.STEPS))
        figures.append(
            Figure(
                f"{problem}-gap-{i + 1}",
                f"Gap over time: {question.label}",
                "Gap between incumbent and dual bound as the engine reported them: 100 % before the first incumbent, "
                "0 when the question is closed.",
                Axis("seconds", log=True),
                Axis("gap", percent=True),
                tuple(series),
            )
        )
    return figures


def problem_figures(problem: str, asked: Sequence[Question], solutions: Solutions) -> dict[str, list[Figure]]:
    """Every figure of a problem, by the section of the report in which it stands."""
    cells = compare_exact(asked)
    own = [
        figure
        for function in figure_functions(problem)
        for figure in function([row for question in asked for row in question.rows], solutions)
    ]
    comparison = [make(problem, cells) for make in (profile_figure, seconds_figure, root_gap_figure, growth_figure)]
    return {
        "own": own,
        "heuristics": [figure for figure in [heuristics_figure(problem, heuristic_gaps(asked))] if figure],
        "comparison": [figure for figure in comparison if figure],
        "traces": trace_figures(problem, asked),
    }
