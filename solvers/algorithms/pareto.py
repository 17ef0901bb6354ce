"""The Pareto front of two objectives by epsilon-constraints; every point is lexicographically best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from fairbound.models.errors import InputError
from fairbound.models.problem import Instance, Problem, Sense
from fairbound.solvers.algorithms.lexicographic import solve_lexicographic
from fairbound.solvers.method import Method
from fairbound.solvers.result import OnProgress, Result, Settings, Status


@dataclass(frozen=True)
class Front:
    """Points of a Pareto front, from the best of the first objective to the best of the second.

    Attributes
    ----------
    complete
        Whether every nondominated point is among them, each proven; otherwise they are a sample
        or a limit was met.
    """

    first: str
    second: str
    points: tuple[Result, ...]
    complete: bool


def pareto_front(
    problem: Problem[Any, Any],
    method: Method,
    instance: Instance,
    first: str,
    second: str,
    settings: Settings,
    most_points: int = 50,
    on_point: Callable[[Result], None] | None = None,
    on_progress: OnProgress | None = None,
) -> Front:
    """Trace the front: solve (first, second), then ask for more of the second, again and again.

    Each step asks for at least one lattice unit more of ``second``, or for a larger even share of
    its range where the front may hold more than ``most_points`` points.

    Raises
    ------
    InputError
        If the second objective has no lattice, so that "more" has no least step.
    """
    unit = problem.lattice(instance, second)
    if unit is None:
        raise InputError(
            f"objective {second} has no least step on {instance.name}", wanted="the two in the other order"
        )
    sign = 1 if problem.objective(second).sense is Sense.MAXIMIZE else -1

    def best(asked: Instance, order: tuple[str, str]) -> Result:
        return solve_lexicographic(problem, method, asked, order, settings, on_progress)

    end = best(instance, (second, first))
    points = [best(instance, (first, second))]
    if points[0].primal_bound is None or end.primal_bound is None:
        return Front(first, second, (), complete=False)
    limit = end.values[second]
    span = sign * (limit - points[0].values[second])
    step = max(unit, Fraction(-(-span // (unit * max(1, most_points - 1)))) * unit)
    while True:
        last = points[-1]
        if on_point is not None:
            on_point(last)
        if last.status is not Status.OPTIMAL or last.values[second] == limit:
            break
        wanted = last.values[second] + sign * step
        # The last step is cut short, so that the front always ends at the best of the second.
        wanted = min(wanted, limit) if sign > 0 else max(wanted, limit)
        point = best(problem.bounded(instance, second, wanted), (first, second))
        if point.primal_bound is None:
            break
        points.append(point)
    done = points[-1].values[second] == limit and all(point.status is Status.OPTIMAL for point in points)
    return Front(first, second, tuple(points), complete=done and step == unit)
