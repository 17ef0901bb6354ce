"""The table of named methods: every way from an instance to a result, found by problem and name.

A formulation is a method by itself: its model, handed to HiGHS, or to another engine (``flow@scip``). Exact
algorithms and baselines stand in
``METHODS`` and ``BASELINES`` of ``solvers/<problem>/methods.py``; a new one is one file and one word there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from functools import cache, partial
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.plugins import of_problem, plugins
from fairbound.models.core.problem import Formulation, Instance, Problem, Scope
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.formulations import AT, answer_formulation, engine_refuses, method_name, split_name
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.engines.registry import DEFAULT, find_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairbound.solvers.core.baseline import Baseline


CLOCK_SHARE = 0.8
"""Share of a time limit after which a heuristic stops; the rest is for scoring exactly what it has."""
UNSEEDED = "_seed"
"""So a baseline calls the argument that it does not look at."""


def _room(problem: str) -> Any:
    """The solvers' folder of a problem: METHODS, BASELINES and PREFERRED in its ``methods.py``; none of a plugin's."""
    return import_module(f"fairbound.solvers.{problem}.methods") if problem in PROBLEMS else None


def _offered(problem: str, named: str, field: str) -> list[Any]:
    """What a problem's ``methods.py`` has under a name, then what plugins have in the field of that."""
    own = getattr(_room(problem), named, ())
    return [*own, *(each for plugin in of_problem(problem) for each in getattr(plugin, field))]


def _baselines(problem: str) -> list[Baseline]:
    return _offered(problem, "BASELINES", "baselines")


def answer_baseline(
    baseline: Baseline,
    argument: str | None,
    instance: Instance,
    objective: str,
    settings: Settings,
    _on_progress: OnProgress | None = None,
    _start: Any = None,
) -> Answer:
    """What a heuristic finds."""
    if not baseline.clocked:
        return Answer(Termination.FINISHED, baseline.run(instance, objective, settings.seed, argument))
    limit = settings.time_limit
    search = Search(instance, objective, replace(settings, time_limit=None if limit is None else CLOCK_SHARE * limit))
    with search.interruptible():
        found = baseline.run(instance, objective, settings.seed, argument, search.late)
        return Answer(search.why_late() if search.late() else Termination.FINISHED, found)


def baseline_name(baseline: Baseline, argument: str | None) -> str:
    """``one_group``, or ``width:3.125`` for a baseline with an argument."""
    return baseline.name if argument is None else f"{baseline.name}:{argument}"


def _from_formulation(formulation: Formulation[Any, Any], engine: str = DEFAULT) -> Method:
    chosen = find_engine(engine)
    exact = formulation.scope is Scope.EXACT and not chosen.local

    def refuses(instance: Any, objective: str) -> str | None:
        return formulation.refuses(instance, objective) or engine_refuses(formulation, chosen)

    return Method(
        method_name(formulation, engine),
        Kind.FORMULATION,
        formulation.summary,
        partial(answer_formulation, formulation, engine=engine),
        refuses,
        exact,
        exact,
        formulation.hesitates,
        formulation,
        seeded=chosen.seeded,
    )


def _from_baseline(baseline: Baseline, argument: str | None) -> Method:
    return Method(
        baseline_name(baseline, argument),
        Kind.BASELINE,
        baseline.summary,
        partial(answer_baseline, baseline, argument),
        lambda _instance, _objective: baseline.refuses(),
        exact=False,
        closes=False,
        seeded=UNSEEDED not in signature(baseline.run).parameters,
    )


def methods_of(problem: Problem[Any, Any]) -> list[Method]:
    """Every method of a problem: formulations, algorithms, baselines with each usual argument.

    Raises ``InputError`` where a plugin names one as another is named: whoever asks for it would get either.
    """
    found = [_from_formulation(formulation) for formulation in problem.formulations]
    found += _offered(problem.name, "METHODS", "methods")
    for baseline in _baselines(problem.name):
        for argument in baseline.usual or (None,):
            found.append(_from_baseline(baseline, argument))
    names = Counter(method.name for method in found)
    if len(names) < len(found):
        [(name, _)] = names.most_common(1)
        raise InputError(f"two methods of {problem.name} with one name", found=name, wanted="another in the plugin")
    return found


def cheapest_first(problem: Problem[Any, Any]) -> tuple[Method, ...]:
    """Every method of a problem, those of ``PREFERRED`` first, in that order."""
    return _cheapest_first(problem.name, len(plugins()))


@cache
def _cheapest_first(name: str, _plugins: int) -> tuple[Method, ...]:
    """The same with what so many plugins add: a sweep asks thousands of times."""
    problem = find_problem(name)
    first = {name: i for i, name in enumerate(_offered(problem.name, "PREFERRED", "preferred"))}
    return tuple(sorted(methods_of(problem), key=lambda method: first.get(method.name, len(first))))


def find_method(problem: Problem[Any, Any], name: str) -> Method:
    """Find a method by name; ``width:3.125`` gives a baseline its argument, ``flow@scip`` a formulation its engine.

    Raises ``InputError`` with the nearest names.
    """
    formulation, engine = split_name(name)
    if engine:
        return _from_formulation(problem.formulation(formulation), find_engine(engine).name)
    kept = next((method for method in cheapest_first(problem) if method.name == name), None)
    if kept is not None:
        return kept
    known = methods_of(problem)
    for method in known:  # one that came since
        if method.name == name:
            return method
    head, colon, argument = name.partition(":")
    for baseline in _baselines(problem.name):
        if baseline.name == head and colon and baseline.usual:
            return _from_baseline(baseline, argument)
    raise InputError(f"unknown method of {problem.name}", found=name, wanted=nearest(name, [m.name for m in known]))


def on_engines(problem: Problem[Any, Any], methods: Sequence[Method], engines: Sequence[str]) -> list[Method]:
    """Each formulation on each engine, and other methods as they are; raises ``InputError``."""
    for engine in engines:
        find_engine(engine)
    spread: dict[str, Method] = {}
    for method in methods:
        if method.formulation is None or AT in method.name:
            spread.setdefault(method.name, method)
            continue
        for engine in engines:
            found = find_method(problem, f"{method.name}{AT}{engine}")
            spread.setdefault(found.name, found)
    return list(spread.values())


def default_method(instance: Instance, *objectives: str, engine: str | None = None) -> Method:
    """The first exact method that takes the question and does not hesitate, in the order of ``PREFERRED``.

    With an engine it is the first formulation that does so, on that engine.

    With several objectives it must take each of them with those before it bounded. Where all that take
    it hesitate, the first of them answers.

    Raises ``InputError`` where none takes it.
    """
    problem = find_problem(instance.problem)
    reasons: dict[str, list[str]] = {}
    second: Method | None = None
    for method in cheapest_first(problem):
        if engine is not None:
            if method.formulation is None:
                continue
            method = _from_formulation(method.formulation, engine)
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
