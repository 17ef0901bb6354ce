"""What holds for every formulation, method and heuristic: checks on tiny instances whose answers brute force knows.

The tests of the package and ``fairbound check`` ask the same functions. Each returns what does not hold, in words;
nothing where all is well.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo
from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError
from fairbound.models.core.problem import Formulation, Instance, Problem, Scope, Sense
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.answer import engine_accuracy
from fairbound.solvers.core.formulations import relaxation_bound
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.methods import methods_of
from fairbound.solvers.core.result import Result, Settings, Status, said
from pyomo.common.log import LoggingIntercept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from fractions import Fraction

    from fairbound.benchmarks.core.tiny import Tiny
    from fairbound.models.core.plugins import Plugin

PINNED = 1e-9
ACCURACY = 1e-6
"""Rows and relaxations are kept to engines' own accuracy, relative to their size."""


@dataclass(frozen=True)
class Failure:
    """Something that does not hold."""

    check: str
    method: str
    instance: str
    objective: str
    words: str

    def __str__(self) -> str:
        return f"{self.check}: {self.method} on {self.instance!r}, {self.objective}: {self.words}"


def tiny_of(problem: str) -> Tiny:
    """The tiny instances of a problem of the package."""
    found: Tiny = import_module(f"fairbound.benchmarks.{problem}.tiny").TINY
    return found


def solve(method: Method, instance: Instance, objective: str) -> Result:
    """What a method says of a tiny instance, whose answer is known and needs no proof."""
    return method.run(instance, objective, Settings(prove=0), None)


def answers(
    method: Method,
    instance: Instance,
    objective: str,
    best: Fraction | None,
    tiny: Tiny,
    ask: Callable[[Method, Instance, str], Result] = solve,
) -> list[str]:
    """A method reaches the optimum if it is exact; no value beats it, and no bound misses it."""
    problem = find_problem(tiny.problem)
    sense = problem.objective(objective).sense
    result = ask(method, instance, objective)
    wrong = list(_reached(method, result, best, tiny))
    if best is None:
        return wrong
    value, bound = result.primal_bound, result.dual_bound
    if value is not None and sense.improves(value, best) and abs(value - best) > tiny.slack(best):
        wrong.append(f"its value {said(value)} is better than the best of all, {said(best)}")
    if bound is not None and sense.improves(best, bound) and abs(bound - best) > tiny.slack(best) / 1000:
        wrong.append(f"its bound {said(bound)} is beaten by a solution worth {said(best)}")
    if result.contradiction and not wrong:
        wrong.append(result.contradiction)
    return wrong


def _reached(method: Method, result: Result, best: Fraction | None, tiny: Tiny) -> Iterator[str]:
    """Whether a method found what it should."""
    if not (method.exact and method.closes):
        if result.solution is None:
            if best is not None and method.exact:
                yield f"it finds nothing, and the best is {said(best)}"
        elif result.status is Status.INVALID and not result.violations:
            yield "its solution is invalid and breaks no rule"
    elif best is None:
        if result.status is not Status.INFEASIBLE:
            yield f"it says {result.status.value}, and there is no solution"
    elif result.primal_bound is None:
        broken = f", breaks a rule: {result.violations[0]}" if result.violations else ""
        yield f"it says {result.status.value}{broken}, and the best is {said(best)}"
    elif abs(result.primal_bound - best) > tiny.slack(best):
        yield f"it finds {said(result.primal_bound)}, and the best is {said(best)}"
    elif result.status is not Status.OPTIMAL and not tiny.tolerance:
        yield f"it finds the best, and says {result.status.value} instead of optimal"


def round_trip(
    problem: Problem[Any, Any], formulation: Formulation[Any, Any], instance: Instance, objective: str, solution: Any
) -> list[str]:
    """``assign`` writes a solution that keeps every row, ``extract`` reads it back, and it is not worth less."""
    wrong = []
    model = formulation.build(instance, objective)
    with LoggingIntercept(None, "pyomo.core"):  # it warns of values outside of bounds, which are told below
        formulation.assign(model, solution)
    for variable in model.component_data_objects(pyo.Var, active=True):
        value, (low, high) = variable.value, variable.bounds
        if value is None:
            continue
        outside = (low is not None and value < low - ACCURACY) or (high is not None and value > high + ACCURACY)
        if outside or (variable.is_integer() and abs(value - round(value)) > ACCURACY):
            kind = "a whole number " if variable.is_integer() else ""
            wrong.append(f"assign gives {variable.name} the value {value:g}, wanted {kind}from {low} to {high}")
            break
    for row in model.component_data_objects(pyo.Constraint, active=True):
        body = pyo.value(row.body)
        accuracy = ACCURACY * max(1.0, abs(body))
        low = None if row.lower is None else pyo.value(row.lower)
        high = None if row.upper is None else pyo.value(row.upper)
        if (low is not None and body < low - accuracy) or (high is not None and body > high + accuracy):
            wrong.append(f"a solution that keeps the rules breaks row {row.name}: {body:g}, wanted {low} to {high}")
            break
    worth = problem.evaluate(instance, solution).values[objective]
    again = problem.evaluate(instance, formulation.extract(model))
    if not again.feasible:
        wrong.append(f"what extract reads back from assign breaks a rule: {again.violations[0]}")
        return wrong
    found = again.values[objective]
    if problem.objective(objective).sense.improves(worth, found):
        wrong.append(f"what extract reads back from assign is worth {said(found)}, it was {said(worth)}")
    stated = pyo.value(model.objective) * float(getattr(model, "objective_unit", 1))
    if abs(stated - float(found)) > float(engine_accuracy(found)):
        wrong.append(f"the model's objective is {stated:.12g} where the solution is worth {said(found)}")
    return wrong


def relaxation(
    problem: Problem[Any, Any], formulation: Formulation[Any, Any], instance: Instance, objective: str, best: Fraction
) -> list[str]:
    """The LP relaxation bounds the optimum."""
    bound = relaxation_bound(formulation, instance, objective)
    if bound is None:
        return ["its LP relaxation has no optimum"]
    ahead = bound - float(best)
    ahead = ahead if problem.objective(objective).sense is Sense.MAXIMIZE else -ahead
    if ahead < -ACCURACY * max(1.0, abs(bound)):
        return [f"its LP bound {bound:.9g} is beaten by a solution worth {said(best)}"]
    return []


def table(problem: Problem[Any, Any], instance: Instance, solution: Any) -> list[str]:
    """A solution survives its table."""
    again = problem.read_solution(instance, problem.solution_rows(instance, solution))
    return [] if again == solution else ["the solution is another one once it was written to a table and read"]


def told_apart(problem: Problem[Any, Any], instances: Sequence[Instance]) -> list[str]:
    """Digests differ, stay the same when asked again, and parameters can be read back."""
    digests = [instance.digest for instance in instances]
    wrong = ["two instances have one digest"] if len(set(digests)) < len(digests) else []
    for instance in instances:
        given = {name: text for name, text in instance.parameters.items() if text}
        again = problem.with_parameters(instance, given)
        if (again.digest, again.parameters) != (instance.digest, instance.parameters):
            wrong.append(f"{instance.name}: its own parameters, read back, make another instance")
    return wrong


class Checks:
    """Checks of what plugins add; ``made`` counts them, ``failures`` holds what does not hold."""

    def __init__(self, on_check: Callable[[str], None] = lambda _: None) -> None:
        self.on_check = on_check
        self.made = 0
        self.failures: list[Failure] = []

    def plugin(self, plugin: Plugin) -> None:
        """Check one plugin; raises ``InputError`` for a whole problem without tiny instances."""
        problem, whole = find_problem(plugin.name), plugin.name not in PROBLEMS
        if whole and plugin.tiny is None:
            raise InputError(f"plugin of the problem {plugin.name}", found="no tiny", wanted="tiny=Tiny(...)")
        own = {added.name for added in (*plugin.formulations, *plugin.methods, *plugin.baselines)}
        if whole:
            own |= {method.name for method in methods_of(problem)}
        for tiny in [*([] if whole else [tiny_of(plugin.name)]), *([plugin.tiny] if plugin.tiny else [])]:
            if whole:
                self.note("instances", plugin.name, "all", "", told_apart, problem, tiny.instances)
            for instance in tiny.instances:
                self.on_check(f"{plugin.name}: {instance.name}")
                for objective in problem.objectives:
                    self.question(problem, own, instance, objective.name, tiny)
        if plugin.tiny is not None:
            named = {instance.name: instance for instance in plugin.tiny.instances}
            for (name, objective_name), bounds in plugin.tiny.lp_bounds.items():
                for formulation, wanted in bounds.items():
                    asked = (problem.formulation(formulation), named[name], objective_name, wanted)
                    self.note("pinned LP bound", formulation, name, objective_name, pinned, *asked)

    def note(
        self, check: str, method: str, instance: str, objective: str, ask: Callable[..., list[str]], *of: Any
    ) -> None:
        """Ask one check; what it raises does not hold either."""
        self.made += 1
        try:
            found = ask(*of)
        except Exception as error:
            found = [f"it raises {type(error).__name__}: {error}"]
        self.failures += [Failure(check, method, instance, objective, words) for words in found]

    def question(
        self, problem: Problem[Any, Any], own: set[str], instance: Instance, objective: str, tiny: Tiny
    ) -> None:
        """Every check of one question, for the methods of these names."""
        best, known = tiny.best(instance, objective), None
        for method in methods_of(problem):
            if method.name.partition(":")[0] not in own or method.refuses(instance, objective) is not None:
                continue
            where = (method.name, instance.name, objective)
            self.note("answer", *where, answers, method, instance, objective, best, tiny)
            formulation = method.formulation
            if formulation is None or formulation.beyond or best is None:
                continue
            if formulation.scope is not Scope.RESTRICTION:
                self.note("LP bound", *where, relaxation, problem, formulation, instance, objective, best)
            if formulation.scope is Scope.EXACT:
                known = _solution(problem, own, instance, objective) if known is None else known
                if known is not None:
                    self.note("round trip", *where, round_trip, problem, formulation, instance, objective, known)
                    self.note("table", *where, table, problem, instance, known)


def pinned(formulation: Formulation[Any, Any], instance: Instance, objective: str, wanted: float) -> list[str]:
    """An LP bound stays where it is pinned."""
    found = relaxation_bound(formulation, instance, objective)
    if found is None or abs(found - wanted) > PINNED * max(1.0, abs(wanted)):
        return [f"its LP bound is {found}, pinned {wanted}"]
    return []


def _solution(problem: Problem[Any, Any], own: set[str], instance: Instance, objective: str) -> Any:
    """A feasible solution, from the first exact method that has one; those to be checked come last."""
    for method in sorted(methods_of(problem), key=lambda method: method.name in own):
        if method.kind is not Kind.BASELINE and method.exact and method.refuses(instance, objective) is None:
            result = solve(method, instance, objective)
            if result.primal_bound is not None:
                return result.solution
    return None
