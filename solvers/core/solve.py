"""The one way from a question to a result: choice, refusal, process, lexicographic stages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core import proving, wall, witnesses
from fairbound.solvers.core.formulations import AT
from fairbound.solvers.core.lexicographic import solve_lexicographic
from fairbound.solvers.core.method import Kind, Method, left
from fairbound.solvers.core.methods import default_method, find_method
from fairbound.solvers.core.racing import check_workers, raced
from fairbound.solvers.core.result import OnProgress, Result, Settings, Termination
from fairbound.solvers.engines.registry import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.core.problem import Instance, Problem


class Refused(InputError):
    """A method says that it cannot state the question."""


def objective_names(problem: Problem[Any, Any], objective: str | None) -> list[str]:
    """The objectives in a text such as ``tvd,travel``, the problem's first for none; raises ``InputError``."""
    names = [part.strip() for part in objective.split(",")] if objective else [problem.objectives[0].name]
    for name in names:
        problem.objective(name)
    if len(set(names)) < len(names):
        raise InputError("objective named twice", found=objective)
    return names


def choose(instance: Instance, method: str | None, objectives: Sequence[str], engine: str | None = None) -> Method:
    """The method of a name, or the first exact one that takes all objectives; raises ``InputError``.

    With an engine it is a formulation on that engine.
    """
    problem = find_problem(instance.problem)
    if engine is None:
        return default_method(instance, *objectives) if method is None else find_method(problem, method)
    if method is None:
        return default_method(instance, *objectives, engine=engine)
    found = find_method(problem, method)
    if found.formulation is None or AT in method:
        raise InputError(f"method {method} chooses its engine itself", found=f"engine {engine}", wanted="a formulation")
    return find_method(problem, f"{method}{AT}{engine}")


def isolated(isolate: bool | None, settings: Settings) -> bool:
    """Whether solves get a process each: as asked, by default where a time limit must be kept."""
    return settings.time_limit is not None if isolate is None else isolate


def solve(
    instance: Instance,
    objective: str | None = None,
    method: str | None = None,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    on_progress: OnProgress | None = None,
    isolate: bool | None = None,
    engine: str | None = None,
    start: Any = None,
    workers: int = 1,
) -> Result:
    """Answer a loaded instance; ``fairbound.solve`` explains the arguments.

    Raises
    ------
    Refused
        If the method refuses the question.
    InputError
        For an unknown name, or several objectives for a baseline.
    """
    began = time.perf_counter()
    problem = find_problem(instance.problem)
    witnesses.check_names(settings.witness)
    check_workers(workers)
    names = objective_names(problem, objective)
    if method is None and engine is None and (start is not None or settings.engine_options or settings.log):
        engine = DEFAULT  # only an engine takes these
    chosen = choose(instance, method, names, engine)
    if chosen.formulation is None and (settings.engine_options or settings.log):
        raise InputError(f"method {chosen.name} has no engine to choose options or a log for", wanted="a formulation")
    if start is not None:
        _check_start(problem, instance, chosen, start)
    apart = isolated(isolate, settings)
    run, prover = (wall.limited(chosen), wall.proven) if apart else (chosen, proving.proven)
    if workers != 1:
        run = raced(chosen, workers)
    if len(names) > 1:
        if start is not None:
            raise InputError("a start serves one objective", found=objective)
        if chosen.kind is Kind.BASELINE:
            raise InputError("a baseline takes one objective", found=objective)

        def prove(asked: Instance, found: Result) -> Result:
            return prover(asked, found, settings, theorems_too=True) if chosen.exact else found

        return solve_lexicographic(problem, run, instance, names, settings, on_progress, prove)
    reason = chosen.refuses(instance, names[0])
    if reason is not None:
        raise Refused(f"method {chosen.name} refuses {instance.name}: {reason}")
    result = run.run(instance, names[0], left(settings, began), on_progress, start)
    ended = result.termination in (Termination.INTERRUPTED, Termination.ENGINE_ERROR)
    if ended or not chosen.exact:  # a heuristic is reported as it is
        return result
    # The clock of the method began when it was asked; choosing it and hearing its answer have taken some time too.
    result = prover(instance, result, left(settings, began + result.seconds.total), chosen.certified)
    return witnesses.witnessed(instance, result, settings.witness, settings) if settings.witness else result


def _check_start(problem: Problem[Any, Any], instance: Instance, method: Method, start: Any) -> None:
    """Raise ``InputError`` for a start that breaks a rule, or that the method would not look at."""
    if method.formulation is None:
        raise InputError(f"method {method.name} takes no start", wanted="a formulation")
    broken = problem.evaluate(instance, start).violations
    if broken:
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        raise InputError(f"the start breaks a rule: {broken[0]}{more}")
