"""Several objectives: stages against brute force, and complete fronts."""

from __future__ import annotations

from itertools import permutations

import pytest
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.benchmarks.classes import tiny as tiny_classes
from fairbound.models.cep import PROBLEM, evaluate
from fairbound.models.classes import evaluate as evaluate_plan
from fairbound.solvers.core.lexicographic import solve_lexicographic
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.core.result import Settings, Status

import fairbound

INSTANCES = ["five", "full funding", "equal rows", "no students", "gains", "small multiplier"]
PAIRS = list(permutations([objective.name for objective in PROBLEM.objectives], 2))


def scores(name: str) -> list[dict[str, object]]:
    instance = tiny_cep.NAMED[name]
    evaluations = [evaluate(instance, grouping) for grouping in tiny_cep.groupings(instance)]
    return [dict(evaluation.values) for evaluation in evaluations if evaluation.feasible]


@pytest.mark.parametrize("name", INSTANCES)
@pytest.mark.parametrize("method", ["membership", "levels", "numbered_groups_ordered", "set_partitioning"])
def test_pairs_are_lexicographically_best(name: str, method: str) -> None:
    every = scores(name)
    for first, second in PAIRS:
        best = max((values[first], values[second]) for values in every)
        result = solve_lexicographic(
            PROBLEM, find_method(PROBLEM, method), tiny_cep.NAMED[name], (first, second), Settings()
        )
        assert result.status is Status.OPTIMAL
        assert (result.values[first], result.values[second]) == best
        assert result.primal_bound == best[1]
        assert [stage.objective for stage in result.stages] == [first]
        assert result.digest == tiny_cep.NAMED[name].digest


@pytest.mark.parametrize("name", INSTANCES)
@pytest.mark.parametrize(
    "pair", [("reimbursement", "students"), ("full_funding", "schools"), ("schools", "reimbursement")]
)
@pytest.mark.parametrize("most_points", [2, 5, 1000])
def test_fronts_hold_every_nondominated_point(name: str, pair: tuple[str, str], most_points: int) -> None:
    every = {(values[pair[0]], values[pair[1]]) for values in scores(name)}
    front = {p for p in every if not any(q != p and q[0] >= p[0] and q[1] >= p[1] for q in every)}
    found = fairbound.pareto(tiny_cep.NAMED[name], *pair, most_points=most_points)
    points = [(point.values[pair[0]], point.values[pair[1]]) for point in found.points]
    assert points == sorted(points, reverse=True)
    assert set(points) <= front
    assert not found.complete or set(points) == front
    if most_points == 1000:
        assert found.complete


@pytest.mark.parametrize("order", [("gap", "moves"), ("moves", "gap")])
def test_a_front_of_an_objective_without_a_lattice_is_a_sample(order: tuple[str, str]) -> None:
    """Both ends are there, no point twice, and every point is on the true front."""
    asked = tiny_classes.NAMED["races, any gap"]
    every = {
        (found["gap"], found["moves"]) for found in (evaluate_plan(asked, p).values for p in tiny_classes.plans(asked))
    }
    true = {p for p in every if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in every)}
    found = fairbound.pareto(asked, *order, most_points=40)
    points = [(point.values["gap"], point.values["moves"]) for point in found.points]
    assert len(points) == len(set(points))
    assert set(points) <= true
    assert {min(true), max(true)} <= set(points)


def test_an_infeasible_question_has_no_front() -> None:
    front = fairbound.pareto(tiny_cep.NAMED["floor out of reach"], "reimbursement", "schools")
    assert (front.points, front.complete) == ((), False)
