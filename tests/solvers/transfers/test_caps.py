"""Bounds on other objectives of district transfers: plans keep them, bounds stay bounds, fronts are fronts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fairbound.benchmarks.transfers.tiny import LOOSE, THREE
from fairbound.instances.transfers.planar import planar
from fairbound.models.transfers import PROBLEM, evaluate
from fairbound.models.transfers.repair import as_plan, keeps_rules
from fairbound.solvers.core.methods import default_method, find_method
from fairbound.solvers.core.result import Settings, Status, Termination
from fairbound.solvers.transfers.caps import program_caps, within_caps
from fairbound.solvers.transfers.composition import composition
from fairbound.solvers.transfers.node_bound import node_bound
from fairbound.solvers.transfers.node_program import NodeProgram
from fairbound.solvers.transfers.records import Multipliers
from fairbound.solvers.transfers.spatial_tree import METHOD

import fairbound

SMALL = replace(planar(5, 2), p=Fraction(1, 5))
QUICK = Settings(gap=1e-2, time_limit=20)


def between(instance: Any, name: str, other: str) -> Any:
    """The instance with ``name`` bounded halfway between its best and its value at the best of ``other``."""
    low = METHOD.run(instance, name, QUICK).values[name]
    high = METHOD.run(instance, other, QUICK).values[name]
    return PROBLEM.bounded(instance, name, Fraction(round(float(low + high) / 2 * 10**6), 10**6))


@pytest.mark.parametrize("instance", [THREE, LOOSE, SMALL], ids=lambda instance: instance.name)
@pytest.mark.parametrize(
    ("objective", "other"), [("race", "race_weighted"), ("race_weighted", "race_l1"), ("combined", "race_l1_weighted")]
)
def test_no_plan_within_the_bounds_beats_the_bound(instance: Any, objective: str, other: str) -> None:
    asked = between(instance, other, objective)
    result = METHOD.run(asked, objective, QUICK)
    assert result.status is Status.FEASIBLE
    assert result.primal_bound is not None
    assert result.dual_bound is not None
    assert result.values[other] <= asked.limits[0][1]
    assert result.gap is not None
    assert result.gap <= 2e-2
    free = METHOD.run(instance, objective, QUICK)
    assert free.dual_bound is not None
    assert result.primal_bound >= free.dual_bound
    draw = np.random.default_rng(0)
    plans = [result.solution]
    for _ in range(80):
        moves = {arc: Fraction(int(draw.integers(0, max(2, int(asked.sizes[arc[0]]) // 6)))) for arc in asked.arcs}
        if keeps_rules(asked, moves):
            plans.append(as_plan(asked, moves))
    inside = [found for found in (evaluate(asked, plan) for plan in plans) if found.feasible]
    assert inside
    assert all(found.values[objective] >= result.dual_bound for found in inside)


def program(instance: Any, objective: str) -> NodeProgram:
    bounds = np.array([[float(x) for x in pair] for pair in instance.size_bounds])
    return NodeProgram(instance, composition(instance, objective), bounds[:, 0], bounds[:, 1], program_caps(instance))


@pytest.mark.parametrize(("objective", "other"), [("race", "race_weighted"), ("race_l1_weighted", "race")])
def test_any_multipliers_give_a_bound(objective: str, other: str) -> None:
    """Of the program with a row for another objective; at its own multipliers the bound is its value."""
    nodes = program(between(SMALL, other, objective), objective)
    for _ in range(10):
        x = nodes.run()
        assert x is not None
        optimum = nodes.point(x).value
        if nodes.separate(x, [1e-6, 1e-6]) == 0:
            break
    exact = nodes.multipliers()
    assert exact.caps[0] > 0
    assert node_bound(nodes, exact) == pytest.approx(optimum, abs=1e-6)
    draw = np.random.default_rng(3)
    for _ in range(40):
        noisy = Multipliers(
            exact.simplex + draw.normal(size=5) * 0.1,
            exact.conservation + draw.normal(size=5) * 0.1,
            abs(exact.budget + draw.normal() * 0.1),
            exact.sizes,
            exact.cut_ids,
            np.abs(exact.cuts + draw.normal(size=len(exact.cuts)) * 0.1),
            np.abs(exact.caps + draw.normal(size=1)),
            np.abs(exact.own + draw.normal(size=5) * 0.1),
        )
        assert node_bound(nodes, noisy) <= optimum + 1e-9


def test_a_point_is_mixed_until_it_keeps_the_bounds() -> None:
    best = METHOD.run(SMALL, "race", QUICK).solution
    anchor = METHOD.run(SMALL, "race_weighted", QUICK).solution
    asked = between(SMALL, "race_weighted", "race")
    assert not evaluate(asked, best).feasible
    nodes = program(asked, "race")
    mixed = within_caps(nodes, nodes.students(best), nodes.students(anchor))
    assert not nodes.excess(nodes.scores(mixed)).any()
    closer = mixed + 1e-4 * (nodes.students(best) - mixed)
    assert nodes.excess(nodes.scores(closer)).any()


def test_a_bound_out_of_reach_is_infeasible_and_one_in_the_gap_is_unknown() -> None:
    best = METHOD.run(THREE, "race", Settings(gap=1e-4))
    assert best.primal_bound is not None
    below = PROBLEM.bounded(THREE, "race", best.primal_bound * Fraction(9, 10))
    result = METHOD.run(below, "race_weighted", QUICK)
    assert (result.status, result.termination) == (Status.INFEASIBLE, Termination.INFEASIBLE)
    late = METHOD.run(below, "race_weighted", Settings(time_limit=0.0))
    assert late.status in (Status.INFEASIBLE, Status.UNKNOWN)
    assert late.status is Status.INFEASIBLE or "no plan" in late.message


def test_a_stage_keeps_the_value_of_the_one_before() -> None:
    settings = Settings(gap=1e-2, time_limit=5)
    result = fairbound.solve(SMALL, objective="race,race_weighted", settings=settings)
    [first] = result.stages
    alone = fairbound.solve(SMALL, objective="race_weighted", settings=settings)
    assert first.primal_bound is not None
    assert alone.dual_bound is not None
    assert result.method == "spatial_tree"
    assert result.values["race"] <= first.primal_bound
    assert result.values["race_weighted"] <= first.values["race_weighted"]
    assert result.values["race_weighted"] >= alone.dual_bound


def test_points_of_a_front_trade_one_objective_for_the_other() -> None:
    asked = replace(SMALL, weights=(("race", Fraction(0)),))
    front = fairbound.pareto(asked, "race", "combined", most_points=5, settings=QUICK)
    assert not front.complete
    assert len(front.points) >= 4
    race, combined = ([point.values[name] for point in front.points] for name in ("race", "combined"))
    assert race == sorted(race)
    assert combined == sorted(combined, reverse=True)
    for k, point in enumerate(front.points):
        assert evaluate(asked, point.solution).feasible
        assert point.dual_bound is not None
        assert point.dual_bound <= point.values["race"]
        # A bound under a looser level holds for stricter plans too.
        assert all(later.values["race"] >= point.dual_bound for later in front.points[k:])


@pytest.mark.parametrize(
    ("objectives", "method"),
    [
        (("race_weighted",), "outer_approximation"),
        (("race_l1_weighted",), "absolute_deviations"),
        (("race_weighted", "race_l1_weighted"), "spatial_tree"),
        (("combined", "race"), "spatial_tree"),
    ],
)
def test_several_objectives_get_a_method_that_takes_all(objectives: tuple[str, ...], method: str) -> None:
    assert default_method(THREE, *objectives).name == method


def test_methods_that_know_no_bounds_say_so() -> None:
    capped = PROBLEM.bounded(THREE, "race_l1", Fraction(1))
    for name in ("outer_approximation", "absolute_deviations", "composition_nlp"):
        reason = find_method(PROBLEM, name).refuses(capped, "race_weighted")
        assert reason == "it takes no bound on another objective; spatial_tree does"
    assert fairbound.certify(capped, objective="race", settings=QUICK) is None


@pytest.mark.parametrize("name", ["race", "race_weighted"])
def test_a_bound_of_0_that_nothing_reaches_is_infeasible(name: str, tmp_path: Path) -> None:
    """Two districts whose students cannot mix wholly: 0 is out of reach, and so is what comes near it."""
    (tmp_path / "even.csv").write_text("district,enroll,white,black\nA,100,60,40\nB,100,40,60\n")
    (tmp_path / "even_borders.csv").write_text("a,b\nA,B\n")
    for bound in ("0", "0.000001"):
        asked = fairbound.load(tmp_path / "even.csv", {"p": "0.3", f"max_{name}": bound})
        assert METHOD.run(asked, "race", Settings(time_limit=20)).status is Status.INFEASIBLE
