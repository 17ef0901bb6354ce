"""What holds for every problem and every formulation; a new one is tested by being in the tables."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from fairbound.benchmarks.core import contract
from fairbound.benchmarks.core.tiny import Tiny
from fairbound.models import PROBLEMS
from fairbound.models.core.problem import Formulation, Instance, Scope
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.formulations import relaxation_bound
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.methods import find_method, methods_of
from fairbound.solvers.core.result import Result

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


SOLVED: dict[tuple[str, ...], Result] = {}


def solved(method: Method, instance: Instance, objective: str) -> Result:
    """What a method says, asked once for all tests of this file."""
    key = (instance.problem, method.name, instance.digest, objective)
    if key not in SOLVED:
        SOLVED[key] = contract.solve(method, instance, objective)
    return SOLVED[key]


def test_every_problem_has_tiny_instances() -> None:
    assert {tiny.problem for tiny in TINIES} == set(PROBLEMS)


@pytest.mark.parametrize(("tiny", "instance", "objective"), QUESTIONS)
def test_methods_agree_with_brute_force(tiny: Tiny, instance: Instance, objective: str) -> None:
    """Every exact method reaches the optimum; no primal bound beats it, no dual bound misses it."""
    best = tiny.best(instance, objective)
    asked: list[Method] = []
    for method in methods_of(find_problem(tiny.problem)):
        if method.refuses(instance, objective) is not None or method.name in OWN_PROCESS:
            continue
        asked.append(method)
        assert contract.answers(method, instance, objective, best, tiny, solved) == [], method.name
    assert any(method.exact and method.closes for method in asked)


@pytest.mark.parametrize(("tiny", "instance", "objective"), QUESTIONS)
def test_assigned_solutions_are_read_back(tiny: Tiny, instance: Instance, objective: str) -> None:
    """``assign`` writes a solution that keeps every row, and is not worth less in the model."""
    problem = find_problem(tiny.problem)
    for formulation in formulations(tiny.problem, instance, objective):
        if formulation.scope is not Scope.EXACT:
            continue
        result = solved(find_method(problem, formulation.name), instance, objective)
        if result.solution is not None:
            words = contract.round_trip(problem, formulation, instance, objective, result.solution)
            assert words == [], formulation.name


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
        if best is not None and formulation.scope is not Scope.RESTRICTION:
            assert contract.relaxation(problem, formulation, instance, objective, best) == [], formulation.name


@pytest.mark.parametrize("tiny", TINIES, ids=lambda tiny: tiny.problem)
def test_instances_are_told_apart(tiny: Tiny) -> None:
    """Digests differ, stay the same when asked again, and parameters can be read back."""
    assert contract.told_apart(find_problem(tiny.problem), tiny.instances) == []


@pytest.mark.parametrize("tiny", TINIES, ids=lambda tiny: tiny.problem)
def test_solutions_survive_a_table(tiny: Tiny) -> None:
    problem = find_problem(tiny.problem)
    objective = problem.objectives[0].name
    for instance in tiny.instances:
        for method in methods_of(problem):
            if method.refuses(instance, objective) is None and method.kind is not Kind.BASELINE:
                solution = solved(method, instance, objective).solution
                if solution is not None:
                    assert contract.table(problem, instance, solution) == []
                break
