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
    """Trace the front by asking for more of ``second``, again and again.

    A first pass takes even steps over the range of ``second``. Then each interval between two
    neighbouring points is asked for its next point, one lattice unit of ``second`` further, until
    no interval can hold another or there are ``most_points``.

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
    step = max(unit, Fraction(-(-span // (unit * max(1, most_points // 2)))) * unit)
    proven = True

    def beyond(point: Result, by: Fraction) -> Result | None:
        """The next point at least ``by`` further in ``second``, and never past its best value."""
        wanted = point.values[second] + sign * by
        wanted = min(wanted, limit) if sign > 0 else max(wanted, limit)
        found = best(problem.bounded(instance, second, wanted), (first, second))
        if on_point is not None and found.primal_bound is not None:
            on_point(found)
        return found if found.primal_bound is not None else None

    if on_point is not None:
        on_point(points[0])
    while proven and points[-1].values[second] != limit:
        found = beyond(points[-1], step)
        proven = found is not None and points[-1].status is Status.OPTIMAL
        points += [found] if found is not None else []
    i = 0
    while proven and step > unit and i + 1 < len(points) and len(points) < most_points:
        found = beyond(points[i], unit)
        proven = found is not None and found.status is Status.OPTIMAL
        if found is not None and found.values[second] != points[i + 1].values[second]:
            points.insert(i + 1, found)
        i += 1
    closed = step == unit or i + 1 >= len(points)
    done = proven and closed and all(point.status is Status.OPTIMAL for point in points)
    return Front(first, second, tuple(points), complete=done)
