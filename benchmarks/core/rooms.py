"""What a problem's folder on this floor adds: figures of a report, and figures of a Pareto front."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fairbound.models.core.plugins import of_problem
from fairbound.models.core.registry import find_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.benchmarks.core.figure import Figure, FigureFunction
    from fairbound.models.core.problem import Instance
    from fairbound.solvers.core.pareto import Front


def _figures(problem: str) -> Any:
    name = f"fairbound.benchmarks.{problem}"
    if find_spec(name) is None or find_spec(f"{name}.figures") is None:
        return None
    return import_module(f"{name}.figures")


def figure_functions(problem: str) -> Sequence[FigureFunction]:
    """Figures that only one problem has: functions of its rows and their solutions, ``FIGURES`` in ``figures.py``."""
    own: Sequence[FigureFunction] = getattr(_figures(problem), "FIGURES", ())
    return [*own, *(figure for plugin in of_problem(problem) for figure in plugin.figures)]


def decision_figures(instance: Instance, solution: Any) -> list[Figure]:
    """A map or a chart of a solution, by ``decision_of`` of the problem's ``figures.py``, else bars of its summary."""
    module = _figures(instance.problem)
    if hasattr(module, "decision_of"):
        found: list[Figure] = module.decision_of(instance, solution)
        return found
    return summary_bars(instance, solution)


def summary_bars(instance: Instance, solution: Any) -> list[Figure]:
    """The first column of a solution's summary that holds numbers, as bars; nothing where there is none."""
    from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series

    rows = find_problem(instance.problem).solution_summary(instance, solution)[:MOST_BARS]
    for column in list(rows[0])[1:] if rows else ():
        numbers = [_number(row[column]) for row in rows]
        if sum(number is not None for number in numbers) > 1:
            label = next(iter(rows[0]))
            names = tuple(f"{label} {row[label]}" if row[label].isdigit() else row[label] for row in rows)
            bars = Series(column, tuple(numbers), names, Mark.BARS)
            title = f"{column.capitalize()} by {label}"
            return [Figure("decision", title, "", Axis(column), Axis("", categories=names), (bars,))]
    return []


MOST_BARS = 30


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "").removesuffix("%"))
    except ValueError:
        return None


def front_figures(instance: Instance, names: Sequence[str], front: Front) -> list[Figure]:
    """Figures of a front's solutions, by ``front_of`` of the problem's ``figures.py``; none where it has no such."""
    module = _figures(instance.problem)
    found: list[Figure] = module.front_of(instance, names, front) if hasattr(module, "front_of") else []
    return found
