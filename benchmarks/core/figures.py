"""The figures of a report, as data: drawn by Plotly in the page and by Matplotlib for papers.

Values of different objectives never share a scale: such figures are made for each objective. A problem may add
figures of its own: ``FIGURES`` in ``benchmarks/<problem>/figures.py``.
"""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING, TypeVar

from fairbound.benchmarks.core.comparisons import Cell, HeuristicGap, compare_exact, heuristic_gaps
from fairbound.benchmarks.core.figure import Axis, Figure, Group, Mark, Series, Solutions, log_axis
from fairbound.benchmarks.core.measures import gap_to_dual, performance_profile
from fairbound.benchmarks.core.numbers import count_text, percent_text, seconds_text
from fairbound.benchmarks.core.rooms import figure_functions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fairbound.benchmarks.core.questions import Question
    from fairbound.benchmarks.core.row import Row

Asked = TypeVar("Asked", Cell, HeuristicGap)

MOST_TRACES = 12
"""So many questions at most get a figure of their gap over time: the slowest ones."""
ZERO = " The line marked 0 is a gap of exactly 0."
ROUNDING = 1e-9
"""Relative gaps below are no more than the rounding of an engine's floats."""
INFINITE = " The line marked ∞ is a gap to a value of 0."
ROUNDED = " The line marked 0 is a gap below 1e-9, which is the rounding of engines."


def _ends(axis: Axis, zero: str) -> str:
    """What the lines at the ends of a scale of powers mean, where there are such."""
    return (zero if axis.zero is not None else "") + (INFINITE if axis.infinite is not None else "")


def _file(text: str) -> str:
    """A text as part of a file's name."""
    return re.sub(r"\W+", "-", text).strip("-")


def _by_objective(items: Sequence[Asked]) -> dict[str, list[Asked]]:
    groups: dict[str, list[Asked]] = {}
    for item in items:
        groups.setdefault(item.question.objective, []).append(item)
    return groups


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
    objectives = ", ".join(dict.fromkeys(cell.question.objective for cell in cells))
    return Figure(
        f"{problem}-profile",
        "Performance profile of exact methods",
        f"Share of {len(asked)} questions ({objectives}) that a method closed within a factor of the fastest method's "
        "time. Left end: how often it is fastest; right end: how much it solves at all. Higher is better.",
        Axis("times the fastest", log=True),
        Axis("questions closed", percent=True),
        tuple(series),
    )


def _strip(
    values: Mapping[str, Sequence[tuple[float, str]]], text: Callable[[float], str]
) -> tuple[tuple[Series, ...], tuple[str, ...]]:
    """One dot for each question in a row for each method, and a tick at the median."""
    names = tuple(sorted(values, key=lambda name: median(value for value, _ in values[name])))
    dots = [(value, name, label) for name in names for value, label in values[name]]
    middles = [(median(value for value, _ in values[name]), name) for name in names]
    return (
        Series(
            "one question",
            tuple(value for value, _, _ in dots),
            tuple(name for _, name, _ in dots),
            Mark.POINTS,
            tuple(f"{label}: {text(value)}" for value, _, label in dots),
            labels=tuple(label for _, _, label in dots),
        ),
        Series(
            "median",
            tuple(value for value, _ in middles),
            tuple(name for _, name in middles),
            Mark.TICKS,
            tuple(f"median of {name}: {text(value)}" for value, name in middles),
        ),
    ), names


def root_gap_figure(problem: str, objective: str, cells: Sequence[Cell]) -> Figure | None:
    """How far each formulation's LP bound is from the best value, for one objective."""
    values: dict[str, list[tuple[float, str]]] = {}
    for cell in cells:
        if cell.root_gap is not None:
            values.setdefault(cell.method, []).append((cell.root_gap, cell.question.title))
    if not values:
        return None
    axis = log_axis("root gap", (value for each in values.values() for value, _ in each), percent=True)
    series, names = _strip(values, percent_text)
    return Figure(
        f"{problem}-root-gaps-{_file(objective)}",
        f"Strength of the LP relaxations: {objective}",
        "Distance of each formulation's LP bound to the best value known, before any branching. Further left is "
        f"tighter.{_ends(axis, ROUNDED)}",
        axis,
        Axis("", categories=names),
        series,
    )


def seconds_figure(problem: str, objective: str, cells: Sequence[Cell]) -> Figure | None:
    """Seconds of each exact method on the questions of an objective that it closed."""
    values: dict[str, list[tuple[float, str]]] = {}
    for cell in cells:
        if cell.seconds is not None:
            values.setdefault(cell.method, []).append((cell.seconds, cell.question.title))
    if not values:
        return None
    series, names = _strip(values, seconds_text)
    return Figure(
        f"{problem}-seconds-{_file(objective)}",
        f"Seconds to a closed gap: {objective}",
        "Wall seconds of building, compiling and solving, on the questions that a method closed. Further left is "
        "faster; what a method did not close is missing here and counted in the profile.",
        Axis("seconds", log=True),
        Axis("", categories=names),
        series,
    )


def growth_figure(problem: str, objective: str, cells: Sequence[Cell]) -> Figure | None:
    """Seconds against the size of the model, for one objective; ``None`` where sizes hardly differ."""
    groups: dict[str, list[tuple[float, float, str]]] = {}
    for cell in cells:
        if cell.columns and cell.spent:
            groups.setdefault(cell.method, []).append((cell.columns, cell.spent, cell.question.title))
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
                tuple(f"{label}: {count_text(size)} columns, {seconds_text(spent)}" for size, spent, label in points),
                labels=tuple(label for _, _, label in points),
            )
        )
    return Figure(
        f"{problem}-growth-{_file(objective)}",
        f"Seconds against model size: {objective}",
        "One mark for each question and exact method, closed or stopped at its limit.",
        Axis("columns of the model", log=True),
        Axis("seconds", log=True),
        tuple(series),
    )


def heuristics_figure(problem: str, objective: str, gaps: Sequence[HeuristicGap]) -> Figure | None:
    """Distance of every baseline to the best dual bound, for one objective."""
    values: dict[str, list[tuple[float, str]]] = {}
    for item in gaps:
        if item.gap is not None:
            values.setdefault(item.method, []).append((item.gap, item.question.title))
    if not values:
        return None
    axis = log_axis(
        "distance to the dual bound", (value for each in values.values() for value, _ in each), percent=True
    )
    series, names = _strip(values, percent_text)
    return Figure(
        f"{problem}-heuristics-{_file(objective)}",
        f"Heuristics against the dual bound: {objective}",
        "What a heuristic may leave on the table: distance of its exact value to the best dual bound, one dot for "
        f"each question. Solutions that break a rule have no value and no dot.{_ends(axis, ZERO)}",
        axis,
        Axis("", categories=names),
        series,
    )


def trace_figures(problem: str, asked: Sequence[Question]) -> list[Group]:
    """Gap against seconds of every method that left a trace, on the questions that took longest."""
    ranked = []
    for question in asked:
        traced = [
            (row, steps)
            for row in question.solves
            if row.seed == 0 and row.repetition == 0 and (steps := gap_steps(question, row))
        ]
        if traced:
            ranked.append((max(steps[-1][0] for _, steps in traced), question, traced))
    ranked.sort(key=lambda item: -item[0])
    groups = []
    for i, (_, question, lines) in enumerate(ranked[:MOST_TRACES]):
        series = tuple(
            Series(
                f"{row.method}, to the best bound" if row.kind == "baseline" else row.method,
                tuple(seconds for seconds, _ in steps),
                tuple(gap for _, gap in steps),
                Mark.STEPS,
                tuple(f"{row.method}, {seconds_text(seconds)}: {percent_text(gap)}" for seconds, gap in steps),
            )
            for row, steps in lines
        )
        axis = log_axis("gap", (gap for _, steps in lines for _, gap in steps), percent=True)
        figure = Figure(
            f"{problem}-gap-{i + 1}",
            f"Gap over time: {question.label}",
            "Between incumbent and dual bound, from the first moment that has both; seconds count from the start of "
            "the method. A heuristic has no bound: its line is the distance to the best one, and values on its way "
            f"may break rules.{_ends(axis, ROUNDED)}",
            log_axis("seconds", (seconds for _, steps in lines for seconds, _ in steps)),
            axis,
            series,
        )
        groups.append(Group(question.label, (figure,)))
    return groups


def gap_steps(question: Question, row: Row) -> list[tuple[float, float]]:
    """Seconds since a method's start and its gap from then on, as the tables define it; the last is the table's own.

    A heuristic's gap is that of its values to the best dual bound of the question.
    """
    ready = (row.build_seconds or 0.0) + (row.compile_seconds or 0.0)
    best = None if question.dual is None else float(question.dual)
    steps: list[tuple[float, float]] = []
    for seconds, primal, dual, _ in row.moments:
        heuristic = row.kind == "baseline"
        bound, scale = (best, best) if heuristic else (dual, primal)
        if primal is None or bound is None or scale is None or (primal != bound and not scale):
            continue
        gap = abs(bound - primal) / abs(scale) if primal != bound else 0.0
        steps.append((ready + seconds, gap if gap > ROUNDING else 0.0))
    last = gap_to_dual(row.primal, question.dual) if row.kind == "baseline" else row.gap
    if steps and row.total_seconds is not None and last is not None:
        steps.append((max(row.total_seconds, steps[-1][0]), last))
    return steps


def problem_figures(problem: str, asked: Sequence[Question], solutions: Solutions) -> dict[str, list[Group]]:
    """Every figure of a problem, by the section of the report in which it stands."""
    cells = compare_exact(asked)
    own = [
        figure
        for function in figure_functions(problem)
        for figure in function([row for question in asked for row in question.rows], solutions)
    ]
    profile = profile_figure(problem, cells)
    makers = (seconds_figure, root_gap_figure, growth_figure)
    comparison = {
        objective: [make(problem, objective, those) for make in makers]
        for objective, those in _by_objective(cells).items()
    }
    heuristics = {
        objective: [heuristics_figure(problem, objective, those)]
        for objective, those in _by_objective(heuristic_gaps(asked)).items()
    }
    return {
        "own": _groups({"": own}),
        "profile": _groups({"": [profile]}),
        "heuristics": _groups(heuristics),
        "comparison": _groups(comparison),
        "traces": trace_figures(problem, asked),
    }


def _groups(made: Mapping[str, Sequence[Figure | None]]) -> list[Group]:
    """Groups that have a figure."""
    groups = [Group(label, tuple(one for one in figures if one is not None)) for label, figures in made.items()]
    return [group for group in groups if group.figures]
