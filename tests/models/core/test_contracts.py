"""What holds for every problem and every formulation; a new one is tested by being in the tables."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pyomo.environ as pyo
import pytest
from fairbound.benchmarks.core.tiny import Tiny
from fairbound.models import PROBLEMS
from fairbound.models.core.problem import Formulation, Instance, Scope, Sense
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.answer import engine_accuracy
from fairbound.solvers.core.formulations import relaxation_bound
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.methods import methods_of
from fairbound.solvers.core.result import Settings, Status

MODULES = [import_module(f"fairbound.benchmarks.{name}.tiny") for name in PROBLEMS]
TINIES: tuple[Tiny, ...] = tuple(module.TINY for module in MODULES)
NAMED = {module.TINY.problem: module.NAMED for module in MODULES}

QUESTIONS = [
    pytest.param(tiny, instance, objective.name, id=f"{tiny.problem}-{instance.name}-{objective.name}")
    for tiny in TINIES
    for instance in tiny.instances
    for objective in find_problem(tiny.problem).objectives
]
OWN_PROCESS = ("cpsat",)
"""Methods that start a process: too slow to be run on every tiny instance, tested on a few elsewhere."""


def formulations(problem: str, instance: Instance, objective: str) -> list[Formulation[Any, Any]]:
    """The formulations that state the question for the default engine."""
    found = find_problem(problem).formulations
    return [f for f in found if f.refuses(instance, objective) is None and not f.beyond]


def test_every_problem_has_tiny_instances() -> None:
    assert {tiny.problem for tiny in TINIES} == set(PROBLEMS)


@pytest.mark.parametrize(("tiny", "instance", "objective"), QUESTIONS)
def test_methods_agree_with_brute_force(tiny: Tiny, instance: Instance, objective: str) -> None:
    """Every exact method reaches the optimum; no primal bound beats it, no dual bound misses it."""
    problem = find_problem(tiny.problem)
    best = tiny.best(instance, objective)
    asked: list[Method] = []
    for method in methods_of(problem):
        if method.refuses(instance, objective) is not None or method.name in OWN_PROCESS:
            continue
        asked.append(method)
        result = method.run(instance, objective, Settings(), None)
        proves = method.exact and method.closes
        if not proves and result.solution is None:
            assert best is None or not method.exact, method.name
        elif not proves:
            assert result.status in (Status.OPTIMAL, Status.FEASIBLE, Status.INVALID), method.name
            assert result.status is not Status.INVALID or result.violations, method.name
        elif best is None:
            assert result.status is Status.INFEASIBLE, method.name
        else:
            assert result.status is Status.OPTIMAL or tiny.tolerance, method.name
            assert result.primal_bound is not None, method.name
            assert abs(result.primal_bound - best) <= tiny.slack(best), method.name
        if best is not None and result.primal_bound is not None:
            sense = problem.objective(objective).sense
            ahead = sense.improves(result.primal_bound, best)
            assert not ahead or abs(result.primal_bound - best) <= tiny.slack(best), method.name
        if best is not None and result.dual_bound is not None:
            missed = problem.objective(objective).sense.improves(best, result.dual_bound)
            assert not missed or abs(result.dual_bound - best) <= tiny.slack(best) / 1000, method.name
    assert any(method.exact and method.closes for method in asked)


@pytest.mark.parametrize(("tiny", "instance", "objective"), QUESTIONS)
def test_assigned_solutions_are_read_back(tiny: Tiny, instance: Instance, objective: str) -> None:
    """``assign`` writes a solution that keeps every row, and is not worth less in the model."""
    problem = find_problem(tiny.problem)
    for formulation in formulations(tiny.problem, instance, objective):
        if formulation.scope is not Scope.EXACT:
            continue
        result = next(m for m in methods_of(problem) if m.name == formulation.name).run(
            instance, objective, Settings(), None
        )
        if result.solution is None:
            continue
        model = formulation.build(instance, objective)
        formulation.assign(model, result.solution)
        for row in model.component_data_objects(pyo.Constraint, active=True):
            body = pyo.value(row.body)
            accuracy = 1e-6 * max(1.0, abs(body))
            assert row.lower is None or body >= pyo.value(row.lower) - accuracy, (formulation.name, row.name)
            assert row.upper is None or body <= pyo.value(row.upper) + accuracy, (formulation.name, row.name)
        again = problem.evaluate(instance, formulation.extract(model))
        assert again.feasible, formulation.name
        assert not problem.objective(objective).sense.improves(result.values[objective], again.values[objective])
        stated = pyo.value(model.objective) * float(getattr(model, "objective_unit", 1))
        assert abs(stated - float(again.values[objective])) <= float(engine_accuracy(again.values[objective]))


@pytest.mark.parametrize(
    ("tiny", "name", "objective", "formulation", "bound"),
    [
        pytest.param(tiny, name, objective, formulation, bound, id=f"{name}-{objective}-{formulation}")
        for tiny in TINIES
        for (name, objective), bounds in tiny.lp_bounds.items()
        for formulation, bound in bounds.items()
    ],
)
def test_lp_bounds_are_pinned(tiny: Tiny, name: str, objective: str, formulation: str, bound: float) -> None:
    problem = find_problem(tiny.problem)
    instance = NAMED[tiny.problem][name]
    found = relaxation_bound(problem.formulation(formulation), instance, objective)
    assert found == pytest.approx(bound, rel=1e-9)


@pytest.mark.parametrize(("tiny", "instance", "objective"), QUESTIONS)
def test_relaxations_bound_the_optimum(tiny: Tiny, instance: Instance, objective: str) -> None:
    problem = find_problem(tiny.problem)
    best = tiny.best(instance, objective)
    for formulation in formulations(tiny.problem, instance, objective):
        if best is None or formulation.scope is Scope.RESTRICTION:
            continue
        bound = relaxation_bound(formulation, instance, objective)
        assert bound is not None, formulation.name
        ahead = bound - float(best)
        ahead = ahead if problem.objective(objective).sense is Sense.MAXIMIZE else -ahead
        assert ahead >= -1e-6 * max(1.0, abs(bound)), formulation.name


@pytest.mark.parametrize("tiny", TINIES, ids=lambda tiny: tiny.problem)
def test_instances_are_told_apart(tiny: Tiny) -> None:
    """Digests differ, stay the same when asked again, and parameters can be read back."""
    problem = find_problem(tiny.problem)
    digests = [instance.digest for instance in tiny.instances]
    assert len(set(digests)) == len(digests)
    for instance in tiny.instances:
        given = {name: text for name, text in instance.parameters.items() if text}
        again = problem.with_parameters(instance, given)
        assert again.digest == instance.digest
        assert again.parameters == instance.parameters


@pytest.mark.parametrize("tiny", TINIES, ids=lambda tiny: tiny.problem)
def test_solutions_survive_a_table(tiny: Tiny) -> None:
    problem = find_problem(tiny.problem)
    objective = problem.objectives[0].name
    for instance in tiny.instances:
        for method in methods_of(problem):
            if method.refuses(instance, objective) is None and method.kind is not Kind.BASELINE:
                solution = method.run(instance, objective, Settings(), None).solution
                if solution is not None:
                    rows = problem.solution_rows(instance, solution)
                    assert problem.read_solution(instance, rows) == solution
                break
