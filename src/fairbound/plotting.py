"""Pictures of answers: what ``plot()`` of a result, a comparison and a front draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series, cleaned
from fairbound.benchmarks.core.rooms import decision_figures
from fairbound.benchmarks.core.static_figures import STYLE, draw
from fairbound.instances.core.question import load
from fairbound.models.core.errors import InputError
from fairbound.solvers.core.comparison import Comparison
from fairbound.solvers.core.pareto import Front
from fairbound.solvers.core.result import Result, said

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from fairbound.instances.core.question import Question


PLAN = "plan"


def plot(answer: Result | Comparison | Front, instance: Question = None) -> Canvas:
    """A Matplotlib figure of an answer; notebooks show it, ``savefig`` writes it.

    A comparison is drawn as values and bounds by method, a front as its points with their bounds, a result as its
    bounds over time. With its instance a result is drawn as what it decides: a map where there is geography.

    Raises
    ------
    InputError
        For an answer with nothing to draw, and for an instance that the result is not of.
    """
    if isinstance(answer, Comparison):
        figure = _comparison(answer)
    elif isinstance(answer, Front):
        figure = _front(answer)
    elif instance is not None:
        figure = _decision(answer, instance)
    else:
        figure = _trace(answer)
    with mpl.rc_context(STYLE):
        return draw(cleaned(figure))


def _decision(result: Result, instance: Question) -> Figure:
    asked = load(instance, result.parameters if isinstance(instance, str) else None)
    if asked.digest != result.digest:
        raise InputError("another instance than the result's", found=asked.name, wanted=result.instance)
    figures = [] if result.solution is None else decision_figures(asked, result.solution)
    if not figures:
        raise InputError("nothing to draw", found=f"{result.status.value} of {result.instance}")
    # What stands before the plan, such as zones of today, is for comparison.
    return next((figure for figure in figures if figure.name == PLAN), figures[0])


def _trace(result: Result) -> Figure:
    moments = [*((m.seconds, m.primal, m.dual) for m in result.trace), (result.seconds.total, *_ends(result))]
    series = []
    for name, k in (("value", 1), ("bound", 2)):
        known = [(moment[0], moment[k]) for moment in moments if moment[k] is not None]
        if known:
            series.append(Series(name, tuple(s for s, _ in known), tuple(v for _, v in known), Mark.STEPS))
    if not series:
        raise InputError("nothing to draw", found=f"{result.method} told no bounds")
    title = f"{result.instance}: {result.objective} by {result.method}"
    return Figure("trace", title, "", Axis("seconds"), Axis(result.objective), tuple(series))


def _ends(result: Result) -> tuple[float | None, float | None]:
    primal, dual = result.primal_bound, result.dual_bound
    return None if primal is None else float(primal), None if dual is None else float(dual)


def _comparison(comparison: Comparison) -> Figure:
    answered = [(line.method.name, line.result) for line in comparison if line.result is not None]
    if not answered:
        raise InputError("nothing to draw", found="a comparison in which no method answered")
    series = []
    for name, k in (("value", 0), ("bound", 1)):
        known = [(method, _ends(result)[k], result) for method, result in answered if _ends(result)[k] is not None]
        words = tuple(f"{method}: {result.status.value} {result.level.value}" for method, _, result in known)
        series.append(Series(name, tuple(v for _, v, _ in known), tuple(m for m, _, _ in known), Mark.POINTS, words))
    first = answered[0][1]
    methods = tuple(method for method, _ in answered)
    title = f"{first.instance}: values and bounds"
    return Figure("comparison", title, "", Axis(first.objective), Axis("", categories=methods), tuple(series))


def _front(front: Front) -> Figure:
    points = [point for point in front.points if point.primal_bound is not None]
    if not points:
        raise InputError("nothing to draw", found="a front without points")
    second = tuple(float(point.values[front.second]) for point in points)
    words = tuple(f"{said(p.values[front.first])}, {said(p.values[front.second])} ({p.level.value})" for p in points)
    series = [Series("points", second, tuple(float(p.values[front.first]) for p in points), Mark.POINTS, words)]
    bounds = [(x, p.dual_bound) for x, p in zip(second, points, strict=True) if p.objective == front.first]
    known = [(x, float(bound)) for x, bound in bounds if bound is not None]
    if known:
        name = f"bound of {front.first}"
        series.append(Series(name, tuple(x for x, _ in known), tuple(y for _, y in known), Mark.TICKS))
    title = f"{points[0].instance}: front of {front.first} and {front.second}"
    return Figure("front", title, "", Axis(front.second), Axis(front.first), tuple(series))


__all__: list[Any] = ["plot"]
