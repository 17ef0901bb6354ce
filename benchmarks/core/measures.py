"""Measures of a benchmark. Each is defined in its docstring; ``docs/benchmarks.md`` says how to read them.

Seconds are floats, bounds are exact where the rows hold them exactly. A method that did not solve
a question counts as infinitely slow, never as absent.
"""

from __future__ import annotations

from fractions import Fraction
from math import exp, inf, isfinite, log
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Number = TypeVar("Number", float, Fraction)

Moment = tuple[float, float | None, float | None, int]
"""Seconds, primal bound, dual bound, nodes."""


def shifted_geometric_mean(values: Iterable[float], shift: float) -> float:
    """``(prod (v_i + s))^(1/n) - s``: a mean that neither tiny nor huge times rule.

    Source: Achterberg, *Constraint Integer Programming* (2007), appendix A.3.

    Raises
    ------
    ValueError
        Without values, or for a value of ``-shift`` or less.
    """
    logs = []
    for value in values:
        if value + shift <= 0:
            raise ValueError(f"{value} with shift {shift} has no logarithm")
        logs.append(log(value + shift))
    if not logs:
        raise ValueError("a mean of nothing")
    return exp(sum(logs) / len(logs)) - shift


def performance_profile(seconds: Mapping[str, Mapping[str, float | None]]) -> dict[str, list[tuple[float, float]]]:
    """Dolan-More profiles: for each method the share of questions solved within a factor of the fastest.

    Parameters
    ----------
    seconds
        ``seconds[method][question]``; ``None`` or absent means not solved. Questions that no method
        solved count in the denominator: a profile need not reach 1.

    Returns
    -------
    dict
        Corners ``(factor, share)`` of each method's step function, factors rising from 1. The first
        corner is the share of questions on which the method is fastest.

    Notes
    -----
    r_pq = t_pq / min_q' t_pq', and ``rho_q(f) = |{p : r_pq <= f}| / |P|``. Source: Dolan and More,
    *Mathematical Programming* 91 (2002). Times of 0 are read as the least positive time there is.
    """
    questions = sorted({question for times in seconds.values() for question in times})
    positive = [t for times in seconds.values() for t in times.values() if t is not None and t > 0]
    least = min(positive, default=1.0)
    ratios: dict[str, list[float]] = {method: [] for method in seconds}
    for question in questions:
        times = {}
        for method in seconds:
            taken = seconds[method].get(question)
            if taken is not None and isfinite(taken):
                times[method] = max(taken, least)
        if times:
            best = min(times.values())
            for method, taken in times.items():
                ratios[method].append(taken / best)
    profiles = {}
    for method, factors in ratios.items():
        corners = {1.0: sum(factor <= 1 for factor in factors)}
        for factor in sorted(factors):
            corners[factor] = sum(other <= factor for other in factors)
        profiles[method] = [(factor, count / len(questions)) for factor, count in sorted(corners.items())]
    return profiles


def bound_gap(one: float | None, other: float | None) -> float:
    """``|one - other| / max(|one|, |other|)``, between 0 and 1.

    1 where either is absent or the signs differ, 0 where both are 0. Source: Berthold, *Operations
    Research Letters* 41 (2013), the primal gap function.
    """
    if one is None or other is None or one * other < 0:
        return 1.0
    if one == other:
        return 0.0
    return abs(one - other) / max(abs(one), abs(other))


def primal_integral(trace: Sequence[Moment], best: float, horizon: float) -> float:
    """Seconds-times-gap until ``horizon`` between the incumbent and the best known value.

    The gap is 1 before the first incumbent; the last incumbent stays until the horizon. Source:
    Berthold (2013).
    """
    return _integral([(moment[0], bound_gap(moment[1], best)) for moment in trace], horizon)


def primal_dual_integral(trace: Sequence[Moment], horizon: float) -> float:
    """The same with the gap between incumbent and dual bound: it also pays for a late proof."""
    return _integral([(moment[0], bound_gap(moment[1], moment[2])) for moment in trace], horizon)


def _integral(steps: Iterable[tuple[float, float]], horizon: float) -> float:
    """Integral of a step function that is 1 until its first step."""
    area, since, height = 0.0, 0.0, 1.0
    for seconds, gap in steps:
        until = min(max(seconds, since), horizon)
        area += height * (until - since)
        since, height = until, gap
    return area + height * (horizon - since)


def par10(seconds: Iterable[float | None], limit: float) -> float:
    """Mean time, where a question not solved within the limit counts ten times the limit.

    Raises
    ------
    ValueError
        Without values.
    """
    times = [10 * limit if taken is None or taken > limit else taken for taken in seconds]
    if not times:
        raise ValueError("a mean of nothing")
    return sum(times) / len(times)


def root_gap(relaxation: float | None, best: Fraction | float | None) -> float | None:
    """``|LP bound - best known value| / |best known value|``: the strength of a relaxation; 0 is perfect.

    ``None`` without both, infinite for a best value of 0 that is not the LP bound.
    """
    if relaxation is None or best is None:
        return None
    distance = abs(relaxation - float(best))
    if distance <= 1e-9 * max(1.0, abs(float(best))):
        return 0.0  # an LP optimum is a float: nothing finer is meant
    return distance / abs(float(best)) if best else inf


def gap_to_dual(value: Fraction | None, dual: Fraction | None) -> float | None:
    """``|dual - value| / |dual|``: how far a heuristic may be from the best, with no best assumed.

    ``None`` without both, infinite for a dual bound of 0 that is not the value.
    """
    if value is None or dual is None:
        return None
    if value == dual:
        return 0.0
    return float(abs(dual - value) / abs(dual)) if dual else inf
