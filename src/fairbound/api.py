"""The Python API: the verbs of the command line, with the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairbound.instances.core import catalogue, question
from fairbound.instances.core.files import read_json
from fairbound.instances.core.question import Question, load
from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core import certificates, comparison, infeasibility, wall
from fairbound.solvers.core.methods import cheapest_first, find_method, on_engines
from fairbound.solvers.core.pareto import Front, pareto_front
from fairbound.solvers.core.result import OnProgress, Result, Settings
from fairbound.solvers.core.solve import choose, isolated, objective_names
from fairbound.solvers.core.solve import solve as one_solve

if TYPE_CHECKING:
    from fractions import Fraction

    from pyomo.environ import ConcreteModel

    from fairbound.models.core.problem import Evaluation, Instance, Problem
    from fairbound.solvers.core.bound import Level
    from fairbound.solvers.core.comparison import Compared, Comparison
    from fairbound.solvers.core.infeasibility import Explanation


def solve(
    instance: Question,
    *,
    objective: str | None = None,
    method: str | None = None,
    parameters: Mapping[str, object] | None = None,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    on_progress: OnProgress | None = None,
    isolate: bool | None = None,
    engine: str | None = None,
    start: Any = None,
    workers: int = 1,
) -> Result:
    """Answer an instance with one method.

    Parameters
    ----------
    objective
        A name, or several joined by commas: optimised one after the other (lexicographic).
    method
        A formulation, an algorithm or a baseline; by default the first exact one that applies. ``flow@scip`` is the
        formulation flow on the engine SCIP.
    engine
        Which engine solves the formulation; ``docs/engines.md`` lists them.
    start
        A solution from which the engine begins, in any of the forms that ``evaluate`` takes.
    on_progress
        Hears ``Progress`` as the method tells it: bounds, and the incumbent where it is at hand.
    isolate
        Solve in a process of its own, which is ended soon after the time limit whatever the engine does. By
        default where ``settings`` has a time limit; without one everything stays in this process.
    workers
        So many searches side by side, each in a process of its own, with seeds from ``settings.seed`` on: the best
        plan and the strongest bound of all, as soon as these close the question.

    Raises
    ------
    InputError
        If the instance, a parameter or a name is wrong, or the method refuses the question.
    """
    asked = load(instance, parameters)
    begin = None if start is None else _solution(find_problem(asked.problem), asked, start)
    return one_solve(asked, objective, method, settings, on_progress, isolate, engine, begin, workers)


def explain(
    instance: Question,
    *,
    objective: str | None = None,
    parameters: Mapping[str, object] | None = None,
    seconds: float = infeasibility.SECONDS,
) -> Explanation:
    """Why an infeasible instance has no solution: a smallest set of rules that cannot hold together.

    Parameters
    ----------
    seconds
        For the whole explanation, which says so if they did not suffice.
    """
    asked = load(instance, parameters)
    problem = find_problem(asked.problem)
    return infeasibility.explain(problem, asked, objective_names(problem, objective)[-1], seconds)


def certify(
    instance: Question,
    *,
    objective: str | None = None,
    method: str | None = None,
    parameters: Mapping[str, object] | None = None,
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Mapping[str, Any] | None:
    """Solve, and return the certificate of the dual bound: a JSON object that ``verify`` replays.

    It is also what a result carries as ``certificate``. The arguments are those of ``solve``.

    Returns
    -------
    Mapping or None
        ``None`` where no certificate exists for the method or the question.
    """
    asked = load(instance, parameters)
    return one_solve(asked, objective, method, settings).certificate


def verify(
    certificate: str | Path | Mapping[str, Any],
    instance: Question = None,
    parameters: Mapping[str, object] | None = None,
) -> tuple[Fraction, Level]:
    """Replay a certificate, trusting nothing else: the bound that it proves, and what that is worth.

    Parameters
    ----------
    certificate
        The JSON object, or the path of its file.
    instance
        The instance that is meant, whose data may have been left out; without it the proof is about the data inside.

    Raises
    ------
    fairbound.Rejected
        If any step of the proof fails, or it is about another instance.
    """
    document = certificate if isinstance(certificate, Mapping) else read_json(Path(certificate))
    if instance is None:
        return certificates.verify(document)
    asked = load(instance, parameters)
    return certificates.verify(certificates.whole(document, asked), asked.digest)


def compare(
    instance: Question,
    *,
    methods: Sequence[str] | None = None,
    objective: str | None = None,
    parameters: Mapping[str, object] | None = None,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    on_start: Callable[[str], None] | None = None,
    on_progress: OnProgress | None = None,
    on_line: Callable[[Compared], None] | None = None,
    to_the_limit: bool = False,
    isolate: bool | None = None,
    engines: Sequence[str] = (),
) -> Comparison:
    """Run several methods (by default all) on one instance, one after the other.

    Baselines come last; without ``methods`` the exact ones come in the order of their cost. Ctrl-C ends it:
    the methods that had not run by then are lines that say so.

    Parameters
    ----------
    on_line
        Hears every line when it is there.
    to_the_limit
        Once a method has closed the question, others that are exact get ten times as long as it took, at
        least a second; ``True`` gives them the whole time limit. Without a time limit they have no limit.
    isolate
        See ``solve``.
    engines
        Each formulation runs on each of them; other methods run once.
    """
    asked = load(instance, parameters)
    problem = find_problem(asked.problem)
    [name] = objective_names(problem, objective)[:1]
    chosen = cheapest_first(problem) if methods is None else [find_method(problem, method) for method in methods]
    if engines:
        chosen = on_engines(problem, chosen, engines)
    return comparison.run(
        problem,
        asked,
        chosen,
        name,
        settings,
        on_start=on_start,
        on_progress=on_progress,
        on_line=on_line,
        to_the_limit=to_the_limit,
        isolate=isolated(isolate, settings),
    )


def pareto(
    instance: Question,
    first: str,
    second: str,
    *,
    method: str | None = None,
    parameters: Mapping[str, object] | None = None,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    most_points: int = 50,
    on_point: Callable[[Result], None] | None = None,
    on_progress: OnProgress | None = None,
    isolate: bool | None = None,
) -> Front:
    """The Pareto front of two objectives; see ``solvers.core.pareto``, and ``solve`` for ``isolate``."""
    asked = load(instance, parameters)
    problem = find_problem(asked.problem)
    first, second = objective_names(problem, f"{first},{second}")
    chosen = choose(asked, method, (first, second))
    if isolated(isolate, settings):
        chosen = wall.limited(chosen)
    return pareto_front(problem, chosen, asked, first, second, settings, most_points, on_point, on_progress)


def evaluate(instance: Question, solution: Any, parameters: Mapping[str, object] | None = None) -> Evaluation:
    """Score a solution exactly: every objective and every broken rule.

    Parameters
    ----------
    solution
        A solution of the problem; or its table: rows (mappings of text), a DataFrame, or the path of a CSV file; or
        a plain mapping, such as ``{"school a": 1, "school b": ""}`` for groups and ``{("a", "b"): 20}`` for moves.

    Raises
    ------
    InputError
        For a table that is no solution of the instance.
    """
    asked = load(instance, parameters)
    problem = find_problem(asked.problem)
    evaluation: Evaluation = problem.evaluate(asked, _solution(problem, asked, solution))
    return evaluation


def _solution(problem: Problem[Any, Any], instance: Instance, given: Any) -> Any:
    """A solution from whatever says what it is."""
    if isinstance(given, str | Path):
        return question.read_solution(problem, instance, Path(given))
    if isinstance(given, Mapping):
        *key, value = problem.solution_key
        rows = [
            dict(zip((*key, value), (*(name if isinstance(name, tuple) else (name,)), decided), strict=True))
            for name, decided in given.items()
        ]
    elif hasattr(given, "to_dict") and hasattr(given, "columns"):
        rows = given.to_dict("records")
    elif isinstance(given, Sequence) and all(isinstance(row, Mapping) for row in given):
        rows = list(given)
    else:
        return given
    return problem.read_solution(instance, [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows])


def model(
    instance: Question,
    formulation: str | None = None,
    *,
    objective: str | None = None,
    parameters: Mapping[str, object] | None = None,
    relaxed: bool = False,
) -> ConcreteModel:
    """The Pyomo model of a formulation, to look at, to add rows to, and to solve with any solver.

    Parameters
    ----------
    formulation
        A name; by default the first that states the question.
    relaxed
        Without integrality.

    Raises
    ------
    InputError
        If the formulation cannot state the question; the text says why.
    """
    import pyomo.environ  # noqa: F401 - writers and solvers, which solves of our own do without

    asked = load(instance, parameters)
    problem = find_problem(asked.problem)
    [name] = objective_names(problem, objective)[:1]
    if formulation is None:
        taking = [found for found in problem.formulations if found.refuses(asked, name) is None]
        if not taking:
            raise InputError(f"no formulation of {problem.name} states this question", found=name)
        chosen = taking[0]
    else:
        chosen = problem.formulation(formulation)
        reason = chosen.refuses(asked, name)
        if reason is not None:
            raise InputError(f"formulation {chosen.name} refuses {asked.name}: {reason}")
    made = chosen.build(asked, name, relaxed)
    made.fairbound_extract = chosen.extract
    return made


def read_solution(model: ConcreteModel) -> Any:
    """The solution that the variables' values of a model from ``model`` stand for, integers rounded.

    Raises
    ------
    InputError
        For another model.
    """
    if not hasattr(model, "fairbound_extract"):
        raise InputError("not a model of fairbound", wanted="one that fairbound.model made")
    return model.fairbound_extract(model)


def sweep(
    pattern: str,
    *,
    objective: str | None = None,
    method: str | None = None,
    parameters: Mapping[str, object] | None = None,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    skip: Callable[[str], bool] = lambda _name: False,
) -> Iterator[tuple[Instance, Result]]:
    """Solve every instance of a family (``cep/us/*``, ``cep/us/ca/*``) in this process."""
    for name in catalogue.expand(pattern):
        if not skip(name):
            asked = load(name, parameters)
            yield asked, solve(asked, objective=objective, method=method, settings=settings)


__all__ = [
    "certify",
    "compare",
    "evaluate",
    "explain",
    "load",
    "model",
    "pareto",
    "read_solution",
    "solve",
    "sweep",
    "verify",
]
