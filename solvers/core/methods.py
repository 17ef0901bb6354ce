"""The table of named methods: every way from an instance to a result, found by problem and name.

A formulation is a method by itself (its model, handed to HiGHS). Exact algorithms and baselines stand in
``METHODS`` and ``BASELINES`` of ``solvers/<problem>/methods.py``; a new one is one file and one word there.
"""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.problem import Formulation, Instance, Problem, Scope
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.formulations import solve_formulation
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import OnProgress, Result, Seconds, Settings, Termination, conclude

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairbound.solvers.core.baseline import Baseline


def _room(problem: str) -> Any:
    """The solvers' folder of a problem: METHODS, BASELINES and PREFERRED in its ``methods.py``."""
    return import_module(f"fairbound.solvers.{problem}.methods")


def _baselines(problem: str) -> Sequence[Baseline]:
    found: Sequence[Baseline] = getattr(_room(problem), "BASELINES", ())
    return found


def run_baseline(
    problem: Problem[Any, Any],
    baseline: Baseline,
    argument: str | None,
    instance: Instance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Any = None,
) -> Result:
    """Run a heuristic and evaluate what it found exactly."""
    began = time.perf_counter()
    solution = baseline.run(instance, objective, settings.seed, argument)
    result = conclude(
        problem,
        instance,
        objective,
        baseline_name(baseline, argument),
        solution=solution,
        termination=Termination.FINISHED,
        settings=settings,
    )
    seconds = time.perf_counter() - began
    return replace(result, seconds=Seconds(solve=seconds, total=seconds))


def baseline_name(baseline: Baseline, argument: str | None) -> str:
    """``one_group``, or ``width:3.125`` for a baseline with an argument."""
    return baseline.name if argument is None else f"{baseline.name}:{argument}"


def _from_formulation(problem: Problem[Any, Any], formulation: Formulation[Any, Any]) -> Method:
    run = partial(solve_formulation, problem, formulation)
    exact = formulation.scope is Scope.EXACT

    def refuses(instance: Any, objective: str) -> str | None:
        return formulation.refuses(instance, objective) or formulation.beyond or None

    return Method(
        formulation.name, Kind.FORMULATION, formulation.summary, run, refuses, exact, exact, formulation.hesitates
    )


def _from_baseline(problem: Problem[Any, Any], baseline: Baseline, argument: str | None) -> Method:
    run = partial(run_baseline, problem, baseline, argument)
    name = baseline_name(baseline, argument)
    return Method(
        name,
        Kind.BASELINE,
        baseline.summary,
        run,
        lambda instance, objective: baseline.refuses(),
        exact=False,
        closes=False,
    )


def methods_of(problem: Problem[Any, Any]) -> list[Method]:
    """Every method of a problem: formulations, algorithms, baselines with each usual argument."""
    found = [_from_formulation(problem, formulation) for formulation in problem.formulations]
    found += _room(problem.name).METHODS
    for baseline in _baselines(problem.name):
        for argument in baseline.usual or (None,):
            found.append(_from_baseline(problem, baseline, argument))
    return found


def cheapest_first(problem: Problem[Any, Any]) -> list[Method]:
    """Every method of a problem, those of ``PREFERRED`` first, in that order."""
    first = {name: i for i, name in enumerate(_room(problem.name).PREFERRED)}
    return sorted(methods_of(problem), key=lambda method: first.get(method.name, len(first)))


def find_method(problem: Problem[Any, Any], name: str) -> Method:
    """Find a method by name; ``width:3.125`` gives a baseline its argument.

    Raises ``InputError`` with the nearest names.
    """
    known = methods_of(problem)
    for method in known:
        if method.name == name:
            return method
    head, colon, argument = name.partition(":")
    for baseline in _baselines(problem.name):
        if baseline.name == head and colon and baseline.usual:
            return _from_baseline(problem, baseline, argument)
    raise InputError(f"unknown method of {problem.name}", found=name, wanted=nearest(name, [m.name for m in known]))


def default_method(instance: Instance, *objectives: str) -> Method:
    """The first exact method that takes the question and does not hesitate, in the order of ``PREFERRED``.

    With several objectives it must take each of them with those before it bounded. Where all that take
    it hesitate, the first of them answers.
    """
    problem = find_problem(instance.problem)
    reasons: dict[str, list[str]] = {}
    second: Method | None = None
    for method in cheapest_first(problem):
        if not method.exact:
            continue
        reason = _refuses_one(problem, method.refuses, instance, objectives)
        if reason is not None:
            reasons.setdefault(reason, []).append(method.name)
        elif _refuses_one(problem, method.hesitates, instance, objectives) is None:
            return method
        elif second is None:
            second = method
    if second is not None:
        return second
    said = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
    raise InputError(f"no exact method takes {instance.name} with objective {','.join(objectives)} ({said})")


def _refuses_one(
    problem: Problem[Any, Any], refuses: Callable[[Any, str], str | None], instance: Instance, objectives: Sequence[str]
) -> str | None:
    """The reason against one of several objectives asked one after the other, or ``None``."""
    asked = instance
    for k, objective in enumerate(objectives):
        reason = refuses(asked, objective)
        if reason is not None:
            return reason
        if k + 1 < len(objectives):
            asked = problem.bounded(asked, objective, Fraction(0))  # whatever the bound is
    return None
