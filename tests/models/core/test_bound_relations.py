"""Which formulation has the stronger relaxation, as the problems' pages say, on every tiny instance."""

from __future__ import annotations

from importlib import import_module
from itertools import pairwise

import pytest
from fairbound.models.core.problem import Sense
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.formulations import relaxation_bound

CHAINS = [
    ("cep", ("bilinear_mccormick", "representatives", "set_partitioning")),
    ("blocks", ("neighbour_rows", "flow", "separator_flow", "multiflow")),
    ("applicants", ("cell_counts", "unary_counts")),
    ("applicants", ("school_counts", "unary_counts")),
    ("transfers", ("piecewise_mccormick", "piecewise_hull")),
    ("scores", ("residuals", "goal_program", "residuals")),
    ("scores", ("big_m", "goal_program", "big_m")),
    ("designs", ("halves", "differences", "halves")),
    ("matching", ("subset", "alike_counts", "pair_flow", "subset")),
    ("grants", ("functions", "segments", "breakpoints", "segments")),
    ("classes", ("flows", "leave_and_come", "student_by_student", "flows")),
]
"""Formulations of a problem, the weakest relaxation first; those between the same name twice are as strong."""
WITHOUT_GAP = [("applicants", "unary_counts", "tvd")]
"""Formulations whose relaxation has the optimum as its bound, and of which objective."""
ACCURACY = 1e-6


def bounds(problem: str, names: tuple[str, ...]) -> list[list[float]]:
    """The LP bounds of the formulations, larger is weaker, for each question that all of them state."""
    found = []
    kind = find_problem(problem)
    formulations = [kind.formulation(name) for name in names]
    for instance in import_module(f"fairbound.benchmarks.{problem}.tiny").TINY.instances:
        for objective in kind.objectives:
            if any(formulation.refuses(instance, objective.name) is not None for formulation in formulations):
                continue
            sign = 1 if objective.sense is Sense.MAXIMIZE else -1
            values = [relaxation_bound(formulation, instance, objective.name) for formulation in formulations]
            # An infeasible relaxation is the strongest there is.
            found.append([float("-inf") if value is None else sign * value for value in values])
    return found


@pytest.mark.parametrize(("problem", "names"), CHAINS, ids=["-".join(names) for _, names in CHAINS])
def test_relaxations_are_in_the_order_that_the_page_states(problem: str, names: tuple[str, ...]) -> None:
    asked = bounds(problem, names)
    assert asked
    for values in asked:
        for weaker, stronger in pairwise(values):
            assert stronger <= weaker or stronger - weaker <= ACCURACY * max(1.0, abs(stronger))


@pytest.mark.parametrize(("problem", "name", "objective"), WITHOUT_GAP)
def test_relaxations_without_a_gap(problem: str, name: str, objective: str) -> None:
    tiny = import_module(f"fairbound.benchmarks.{problem}.tiny").TINY
    formulation = find_problem(problem).formulation(name)
    asked = [one for one in tiny.instances if formulation.refuses(one, objective) is None and not one.limits]
    assert asked
    for instance in asked:
        best = tiny.best(instance, objective)
        assert relaxation_bound(formulation, instance, objective) == pytest.approx(float(best), abs=1e-9)
