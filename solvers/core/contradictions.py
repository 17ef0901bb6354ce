"""Contradictions among answers to one question: a plan that is better than a bound, a plan where none exists.

Values are exact and rules are checked exactly, so the bound is what is wrong: it is withdrawn, and both sides
are named.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fairbound.solvers.core.bound import level_of
from fairbound.solvers.core.result import Result, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from fairbound.models.core.problem import Sense


def beaten(claimant: str, bound: Fraction | str, level: str, holder: str, value: Fraction | str) -> str:
    """A bound that a plan passes, in words."""
    return (
        f"{claimant} claims the bound {bound} ({level}), but {holder} is worth exactly {value}: the bound is withdrawn"
    )


def exists(claimant: str, holder: str, value: Fraction | str) -> str:
    """A claim that there is no solution where there is one, in words."""
    return f"{claimant} says infeasible, but {holder} keeps every rule and is worth exactly {value}"


def named(result: Result) -> str:
    """Who speaks: the method, its engine and the engine's version."""
    return result.method + (f" ({result.engine.name} {result.engine.version})" if result.engine else "")


def against(result: Result, sense: Sense, holder: str, value: Fraction) -> Result:
    """The result without what a feasible plan of this value disproves; ``contradiction`` says what that was."""
    if result.status is Status.INFEASIBLE:
        return _told(replace(result, status=Status.UNKNOWN), exists(named(result), holder, value))
    if result.dual_bound is None or not sense.improves(value, result.dual_bound):
        return result
    words = beaten(named(result), result.dual_bound, result.level.value, holder, value)
    status = Status.FEASIBLE if result.status is Status.OPTIMAL else result.status
    proven = result.proven
    if proven is not None and sense.improves(value, proven.value):
        proven = None
    level = level_of(result.primal_bound is not None, None)
    return _told(replace(result, dual_bound=None, basis=None, proven=proven, status=status, level=level), words)


def _told(result: Result, words: str) -> Result:
    message = "; ".join(filter(None, (result.message, words)))
    return replace(result, contradiction="; ".join(filter(None, (result.contradiction, words))), message=message)


def settle(results: Sequence[Result]) -> list[Result]:
    """The results of one question, each without what the best plan among them disproves."""
    best: Result | None = None
    for result in results:
        if result.primal_bound is not None and result.status in (Status.OPTIMAL, Status.FEASIBLE):
            known = None if best is None else best.primal_bound
            if known is None or result.sense.improves(result.primal_bound, known):
                best = result
    if best is None or best.primal_bound is None:
        return list(results)
    holder = f"the plan of {named(best)}"
    return [against(result, result.sense, holder, best.primal_bound) for result in results]


def settle_front(points: Sequence[Result], first: str, second: str, senses: tuple[Sense, Sense]) -> list[Result]:
    """The points of a front, each without a bound of ``first`` that a point at least as good in ``second`` beats."""
    settled = []
    for point in points:
        stage = point.stages[0] if point.stages else point
        for other in points:
            enough = not senses[1].improves(point.values[second], other.values[second])
            bound = stage.dual_bound if stage.objective == first else None
            if bound is not None and enough and senses[0].improves(other.values[first], bound):
                holder = f"the plan of another point, with {second} {other.values[second]},"
                words = beaten(named(point), bound, point.level.value, holder, other.values[first])
                point = _told(replace(point, dual_bound=None, basis=None, status=Status.FEASIBLE), words)
                break
        settled.append(point)
    return settled
