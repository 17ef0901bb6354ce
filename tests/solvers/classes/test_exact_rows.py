"""The checker's rows and values against the specification, on every plan of tiny schools and many that break a rule."""

from __future__ import annotations

import random
from typing import Any

import pytest
from fairbound.benchmarks.classes import tiny as tiny_classes
from fairbound.benchmarks.designs import tiny as tiny_designs
from fairbound.benchmarks.matching import tiny as tiny_matching
from fairbound.models.classes import ClassInstance, Plan, evaluate
from fairbound.models.classes.flows import gap_row
from fairbound.models.classes.instance import GAP, MOVES
from fairbound.models.core.registry import find_problem
from fairbound.models.designs import Design
from fairbound.models.matching import Comparison
from fairbound.solvers.checker import tree as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.core import proving


def holds(system: Any, point: list[int]) -> bool:
    """Whether a point is within its bounds and keeps every row."""
    inside = all(low <= x <= high for low, x, high in zip(system.lower, point, system.upper, strict=True))
    sums = [(sum(a * point[j] for j, a in terms.items()), rhs, equation) for terms, rhs, equation in system.rows]
    return inside and all(s == rhs if equation else s >= rhs for s, rhs, equation in sums)


def point_of(instance: ClassInstance, plan: Plan) -> list[int]:
    """Flows, then the change of each group."""
    flows = dict(plan.flows)
    changes = {
        group: sum(count * instance.gain(a, b) for (_, g, a, b), count in flows.items() if g == group)
        for group in instance.group_sizes
    }
    return [*(flows.get(arc, 0) for arc in instance.arcs), *changes.values()]


def plans(instance: ClassInstance) -> list[Plan]:
    """Every plan that keeps the seats, and some that do not, or move more students than there are."""
    found, chance = tiny_classes.plans(instance), random.Random(4)
    for plan in found[:40]:
        flows = dict(plan.flows)
        arc = chance.choice(instance.arcs)
        found.append(Plan.of(flows | {arc: flows.get(arc, 0) + 1}))
    return found


@pytest.mark.parametrize("asked", tiny_classes.TINY.instances, ids=lambda instance: instance.name)
def test_rows_and_values_of_class_types(asked: ClassInstance) -> None:
    problem, rows, room = find_problem("classes"), checker.rows_of("classes"), proving.room_of("classes")
    broken = 0
    for limits in ({}, {"epsilon": "13"}, {"moves": "3"}, {"epsilon": "25/3", "moves": "4"}):
        instance = problem.with_parameters(asked, limits)
        data = instance.canonical()
        system = rows.system(data, MOVES)
        for plan in plans(instance):
            evaluation = evaluate(instance, plan)
            assert holds(system, point_of(instance, plan)) == evaluation.feasible, (limits, plan)
            if evaluation.feasible:
                for objective in (MOVES, GAP):
                    assert (
                        rows.value(data, objective, room.solution_json(instance, plan)) == evaluation.values[objective]
                    )
            else:
                broken += 1
                with pytest.raises(Rejected, match="breaks a rule"):
                    rows.value(data, MOVES, room.solution_json(instance, plan))
    assert broken > 40


@pytest.mark.parametrize("instance", tiny_classes.TINY.instances, ids=lambda instance: instance.name)
def test_gap_rows_say_what_the_gap_is(instance: ClassInstance) -> None:
    """A row holds exactly where one mean is at most so far ahead of another, whatever the changes are."""
    limit = dict(instance.limits).get(GAP, instance.unit)
    for g in instance.group_sizes:
        for h in set(instance.group_sizes) - {g}:
            a, b, most = gap_row(instance, g, h, limit)
            for k in range(-12, 13):
                for other in range(-12, 13):
                    mean = (instance.score_sums[g] + instance.unit * k) / instance.group_sizes[g]
                    rest = (instance.score_sums[h] + instance.unit * other) / instance.group_sizes[h]
                    assert (a * k - b * other <= most) == (mean - rest <= limit)


@pytest.mark.parametrize("limits", [{}, {"min_pairs": "3/2"}, {"max_imbalance": "0.15"}], ids=str)
@pytest.mark.parametrize("asked", tiny_matching.TINY.instances, ids=lambda instance: instance.name)
def test_rows_and_values_of_comparisons(asked: Any, limits: dict[str, str]) -> None:
    instance = find_problem("matching").with_parameters(asked, limits)
    rows, data, broken = checker.rows_of("matching"), instance.canonical(), 0
    system = rows.system(data, "pairs")
    evaluate_it = find_problem("matching").evaluate
    for code in range(2 ** len(instance.members)):
        kept = [i for i in range(len(instance.members)) if code >> i & 1]
        evaluation = evaluate_it(instance, Comparison.of(len(instance.members), set(kept)))
        point = [int(i in kept) for i in range(len(instance.members))]
        assert holds(system, point) == evaluation.feasible, kept
        if evaluation.feasible:
            assert rows.value(data, "pairs", kept) == evaluation.values["pairs"]
        else:
            broken += 1
            with pytest.raises(Rejected, match="breaks a rule"):
                rows.value(data, "pairs", kept)
    assert broken


@pytest.mark.parametrize("instance", tiny_designs.TINY.instances, ids=lambda instance: instance.name)
def test_values_of_designs(instance: Any) -> None:
    rows, data, names = checker.rows_of("designs"), instance.canonical(), [s.id for s in instance.subjects]
    for code in range(2 ** len(names)):
        first = [i for i in range(len(names)) if code >> i & 1]
        evaluation = find_problem("designs").evaluate(instance, Design(frozenset(names[i] for i in first)))
        if evaluation.feasible:
            assert rows.value(data, "discrepancy", first) == evaluation.values["discrepancy"]
        else:
            with pytest.raises(Rejected, match="breaks a rule"):
                rows.value(data, "discrepancy", first)
