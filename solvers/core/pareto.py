"""The Pareto front of two objectives by epsilon-constraints.

Where values have a least step every point is lexicographically best and the front can be complete; else it
is a sample, each point with the bound under which no plan of its level can be.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError
from fairbound.models.core.problem import Instance, Problem, Sense
from fairbound.solvers.core.contradictions import settle_front
from fairbound.solvers.core.lexicographic import solve_lexicographic
from fairbound.solvers.core.method import Method
from fairbound.solvers.core.pictures import Pictured
from fairbound.solvers.core.result import OnProgress, Result, Settings, Status, Termination

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


@dataclass(frozen=True)
class Front(Pictured):
    """Points of a Pareto front, from the best of the first objective to the best of the second.

    Attributes
    ----------
    complete
        Whether every nondominated point is among them, each proven; otherwise they are a sample
        or a limit was met. Points of a sample are results of the first objective: their dual bound is
        that of ``first`` among all that reach their value of ``second``.
    interrupted
        A person stopped it; the points found by then are kept.
    """

    first: str
    second: str
    points: tuple[Result, ...]
    complete: bool
    interrupted: bool = False

    def to_frame(self) -> pd.DataFrame:
        """One row a point: the figures of its result; see ``Result.to_frame``."""
        import pandas as pd

        return pd.DataFrame.from_records([point.figures() for point in self.points])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))

    @property
    def termination(self) -> Termination:
        """Why it stopped; a limit is named if any point met it."""
        if self.interrupted:
            return Termination.INTERRUPTED
        late = any(point.termination is Termination.TIME_LIMIT for point in self.points)
        return Termination.TIME_LIMIT if late else Termination.FINISHED


class _Stopped(Exception):
    """A person stopped a solve, which ended with this result."""

    def __init__(self, result: Result) -> None:
        self.result = result


@dataclass(frozen=True, kw_only=True)
class _Heeding(Method):
    """A method a run of which that a person stopped raises ``_Stopped``."""

    heard: Method

    def run(self, *arguments: Any, **more: Any) -> Result:
        """Ask the method."""
        result = self.heard.run(*arguments, **more)
        if result.termination is Termination.INTERRUPTED:
            raise _Stopped(result)
        return result


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
    no interval can hold another or there are ``most_points``. Where an objective has no lattice there is
    no least step, or no optimum to the last digit, and a sample is all. Ctrl-C ends it with the points found by then.

    Raises
    ------
    InputError
        If the method cannot take one of the objectives, or a bound on ``second``.
    """
    trace = _sample if None in (problem.lattice(instance, first), problem.lattice(instance, second)) else _steps
    heeding = _Heeding(**vars(method), heard=method)
    points: list[Result] = []
    senses = problem.objective(first).sense, problem.objective(second).sense

    def settled(found: list[Result]) -> tuple[Result, ...]:
        return tuple(settle_front(found, first, second, senses))

    try:
        complete = trace(
            points, problem, heeding, instance, first, second, settings, most_points, on_point, on_progress
        )
    except KeyboardInterrupt:
        return Front(first, second, settled(points), complete=False, interrupted=True)
    except _Stopped as stop:
        known = [stop.result] if not points and stop.result.primal_bound is not None else points
        return Front(first, second, tuple(known), complete=False, interrupted=True)
    found = settled(points)
    return Front(first, second, found, complete and all(point.status is Status.OPTIMAL for point in found))


def _steps(
    points: list[Result],
    problem: Problem[Any, Any],
    method: Method,
    instance: Instance,
    first: str,
    second: str,
    settings: Settings,
    most_points: int,
    on_point: Callable[[Result], None] | None,
    on_progress: OnProgress | None,
) -> bool:
    """Fill in the points of a front with a least step; whether they are all."""
    unit = problem.lattice(instance, second)
    assert unit is not None
    sign = problem.objective(second).sense.sign

    def best(asked: Instance, order: tuple[str, str]) -> Result:
        return solve_lexicographic(problem, method, asked, order, settings, on_progress)

    end, begin = best(instance, (second, first)), best(instance, (first, second))
    if begin.primal_bound is None or end.primal_bound is None:
        return False
    points.append(begin)
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
    return proven and closed and all(point.status is Status.OPTIMAL for point in points)


def _sample(
    points: list[Result],
    problem: Problem[Any, Any],
    method: Method,
    instance: Instance,
    first: str,
    second: str,
    settings: Settings,
    most_points: int,
    on_point: Callable[[Result], None] | None,
    on_progress: OnProgress | None,
) -> bool:
    """The best of each objective, and of the first one under evenly spaced levels of the second; never all.

    Levels go from strict to loose: a plan keeps the next level too and is where it starts. The strictest is a
    hundredth of a step above the best of the second, since at that best, known to a gap only, the first
    objective may have any value. Points that others dominate are left out.
    """

    def solved(asked: Instance, objective: str, start: Any = None) -> Result:
        reason = method.refuses(asked, objective)
        if reason is not None:
            raise InputError(f"method {method.name} refuses objective {objective} of {instance.name}: {reason}")
        return method.run(asked, objective, settings, on_progress, start=start)

    best, end = solved(instance, first), solved(instance, second)
    if best.primal_bound is None or end.primal_bound is None:
        return False
    loose, strict = best.values[second], end.values[second]
    points.append(best)
    start = end.solution
    for k in (Fraction(1, 100), *range(1, most_points - 1)):
        level = Fraction(f"{float(strict + (loose - strict) * Fraction(k, most_points - 1)):.6g}")
        found = solved(problem.bounded(instance, second, level), first, start)
        if found.primal_bound is not None:
            points.append(found)
            start = found.solution
    names = (first, second)
    sense = problem.objective(first).sense
    kept = {
        (point.values[first], point.values[second]): point
        for point in points
        if not any(_dominates(problem, names, other, point) for other in points)
    }
    points[:] = sorted(kept.values(), key=lambda point: point.values[first], reverse=sense is Sense.MAXIMIZE)
    for point in points:
        if on_point is not None:
            on_point(point)
    return False


def _dominates(problem: Problem[Any, Any], names: tuple[str, str], one: Result, other: Result) -> bool:
    """Whether one result is as good as another in both objectives and better in one."""
    senses = [problem.objective(name).sense for name in names]
    pairs = [(sense, one.values[name], other.values[name]) for sense, name in zip(senses, names, strict=True)]
    return not any(sense.improves(b, a) for sense, a, b in pairs) and any(sense.improves(a, b) for sense, a, b in pairs)
