"""Why no solution keeps the rules: a smallest set of rules that cannot hold together, and what could be reached.

Rules are dropped one by one; one without which there is still no solution is left out for good. What remains is
irreducible: without any one of its rules there is a solution (Chinneck and Dravnieks 1991, deletion filter).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text
from fairbound.models.core.problem import Instance, Problem, Sense
from fairbound.solvers.core import wall
from fairbound.solvers.core.methods import default_method
from fairbound.solvers.core.result import Result, Settings, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 10.0
"""For the whole explanation."""
LEAST_SECONDS = 0.05


@dataclass(frozen=True)
class Explanation:
    """What is known about why a question has no answer.

    Attributes
    ----------
    rules
        Parameters that cannot hold together, with their values.
    complete
        Whether every one of them is known to be needed; else time ran out.
    words
        The same for people, with a sum or a reachable value where one settles it.
    """

    rules: Mapping[str, str]
    complete: bool
    words: tuple[str, ...]


def explain(problem: Problem[Any, Any], instance: Instance, objective: str, seconds: float = SECONDS) -> Explanation:
    """Explain an infeasible instance within so many seconds.

    Parameters
    ----------
    objective
        What the question was about; rules are tried with methods that take it.
    """
    until = time.perf_counter() + seconds
    free = {parameter.name: parameter.free for parameter in problem.parameters if parameter.free is not None}
    given = instance.parameters
    kept = {name: given[name] for name, text in free.items() if given.get(name, text) != text}
    complete, reduced = True, instance
    for name in list(kept):
        verdict, trial = _without(problem, reduced, name, free[name], objective, until)
        if verdict is None:
            complete = False
        elif verdict:
            del kept[name]
            reduced = trial
    words = [_sentence(kept)]
    reason = problem.arithmetic(reduced) or problem.arithmetic(instance)
    if reason is not None:
        words.append(reason)
    words += _reachable(problem, reduced, kept, free, until)
    if not complete:
        words.append(f"{seconds:g} s did not suffice to tell whether fewer rules would do")
    return Explanation(kept, complete, tuple(words))


def _sentence(rules: Mapping[str, str]) -> str:
    shown = ", ".join(f"{name}={text}" for name, text in rules.items())
    if not rules:
        return "the data alone allow no solution, without any rule that could be dropped"
    return f"this rule cannot be kept: {shown}" if len(rules) == 1 else f"these rules cannot hold together: {shown}"


def _without(
    problem: Problem[Any, Any], instance: Instance, name: str, text: str, objective: str, until: float
) -> tuple[bool | None, Instance]:
    """Whether there is still no solution without a rule (``None`` if unknown), and the instance without it."""
    try:
        trial = problem.with_parameters(instance, {name: text})
        trial.check_question()
        result = _solve(problem, trial, objective, until)
    except InputError:  # dropping it asks what no method answers
        return None, instance
    if result is None:
        return None, instance
    if result.status is Status.INFEASIBLE:
        return True, trial
    return (False if result.primal_bound is not None else None), instance


def _solve(_problem: Problem[Any, Any], instance: Instance, objective: str, until: float) -> Result | None:
    left = until - time.perf_counter()
    if left < LEAST_SECONDS:
        return None
    method = wall.limited(default_method(instance, objective))
    result: Result = method.run(instance, objective, Settings(time_limit=left))
    return result


def _reachable(
    problem: Problem[Any, Any], instance: Instance, rules: Mapping[str, str], free: Mapping[str, str], until: float
) -> list[str]:
    """What a bounded objective can reach when the other rules that remain are kept."""
    said = []
    limited = {parameter.name: parameter.limits for parameter in problem.parameters if parameter.limits}
    for name, text in rules.items():
        if name not in limited:
            continue
        goal = problem.objective(limited[name])
        try:
            result = _solve(problem, problem.with_parameters(instance, {name: free[name]}), goal.name, until)
        except InputError:
            continue
        if result is not None and result.dual_bound is not None and result.primal_bound is not None:
            side = "at most" if goal.sense is Sense.MAXIMIZE else "at least"
            shown = decimal_text(result.dual_bound)
            shown = shown if len(shown) <= 12 else f"{float(result.dual_bound):.10g}"
            said.append(f"{goal.name} is {side} {shown} under the other rules ({result.level.value}), {text} is asked")
    return said
