"""Known comparisons with their proofs, exact weights, and what heuristics break."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from fairbound.instances.classes.simulation import Settings as Simulation
from fairbound.instances.classes.simulation import simulate
from fairbound.instances.classes.sources import drawn_settings, simulated_roster
from fairbound.instances.core.truth import truth_of
from fairbound.instances.matching.sources import instance_of
from fairbound.models.matching.evaluate import judge
from fairbound.solvers.checker.linear import System
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.methods import default_method
from fairbound.solvers.core.result import Settings, Status
from fairbound.solvers.engines import vertex_core
from fairbound.solvers.matching.baselines import coefficients
from fairbound.solvers.proofs.exact_vertex import exact_vertex, solve_square

import fairbound


@pytest.mark.parametrize("cores", [(300, 3000), ()], ids=["a core that suffices", "no core"])
def test_near_a_vertex_as_many_pairs_as_anywhere(cores: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the core misses, the bound holds, and ``subset`` goes on where the two differ."""
    monkeypatch.setattr(vertex_core, "CORES", cores)
    asked = fairbound.load("matching/seed100", {"cohort": "EXPERIMENTAL", "exact": "race"})
    known, found = (
        fairbound.solve(asked, method=method, settings=Settings(prove=0)) for method in ("subset", "near_vertex")
    )
    assert (found.status, found.level, found.primal_bound) == (Status.OPTIMAL, Level.L2, known.primal_bound)
    assert found.method == ("near_vertex" if cores else "subset")


def test_many_students_are_asked_near_a_vertex() -> None:
    few, many = (instance_of("drawn", simulated_roster(drawn_settings(f"matching/drawn{n}"), 1)) for n in (200, 20_001))
    assert [default_method(asked, "pairs").name for asked in (few, many)] == ["subset", "near_vertex"]


def test_most_pairs_with_ability_seen() -> None:
    result = fairbound.solve("matching/seed100-ability")
    assert (result.status, result.level, result.primal_bound) == (Status.OPTIMAL, Level.L4, 1141)
    assert result.measures["broken_rows"] == 0
    asked = fairbound.load("matching/seed100-ability")
    assert len(asked.treated) == 1300
    assert fairbound.verify(result.certificate, asked) == (1141, Level.L4)  # type: ignore[arg-type]
    assert abs(result.measures["estimate"] - 5) <= asked.tolerance * asked.deviations["ability"] + Fraction(1, 10**9)


def test_hidden_ability_fools_exact_balance() -> None:
    """No method that sees the exported columns alone comes near 5 in the regular cohort."""
    estimates = {}
    for method in ("subset", "naive", "least_squares", "nearest_neighbour", "rounded_relaxation"):
        result = fairbound.solve("matching/seed100", method=method, settings=Settings(prove=0))
        estimates[method] = float(result.measures["estimate"])
        if method != "rounded_relaxation":  # it breaks a row or two, or none: that depends on the vertex
            assert (result.status is Status.INVALID) == (method != "subset"), method
        assert (result.measures["broken_rows"] > 0) == (result.status is Status.INVALID), method
    assert min(estimates.values()) > 9.5
    assert estimates["naive"] == pytest.approx(12.1024969943)
    assert estimates["least_squares"] == pytest.approx(10.1715906079)
    asked = fairbound.load("matching/seed100")
    assert coefficients(asked)["side", ""] == pytest.approx(estimates["least_squares"])


@pytest.mark.parametrize("seed", range(6))
def test_the_error_is_within_the_tolerance_where_ability_is_seen(seed: int) -> None:
    """With ability among the means, |estimate - effect| is at most tolerance x sd(ability), on any draw."""
    settings = Simulation(regular=150, experimental=90, schools=2, small_effect=3 + seed, ability=True)
    truth = truth_of(simulate(settings, seed).truth, "drawn")
    for cohort, tolerance in (("REGULAR", "0.05"), ("EXPERIMENTAL", "0.2")):
        asked = instance_of("drawn", simulated_roster(settings, seed), cohort)
        asked = fairbound.load(asked, {"tolerance": tolerance})
        for objective in ("pairs", "weight"):
            result = fairbound.solve(asked, objective=objective)
            assert result.level >= Level.L2
            assert result.status is Status.OPTIMAL
            found = judge(asked, result.solution, truth)
            assert abs(found["estimate_error"]) <= asked.tolerance * found["ability_deviation"] + Fraction(1, 10**9)


def test_weights_are_exact_and_the_relaxation_of_pairs() -> None:
    result = fairbound.solve("matching/seed100-ability", objective="weight")
    assert (result.status, result.level, result.gap) == (Status.OPTIMAL, Level.L2, 0)
    assert result.measures["broken_rows"] == 0
    assert Fraction(1, 1142) < (result.primal_bound or 0) < Fraction(1, 1141)
    assert any(weight not in (0, 1) for weight in result.solution.weights)


def test_exact_vertices_of_random_programs() -> None:
    """The vertex keeps every row, costs what the multipliers prove, and no point of a grid costs less."""
    chance = random.Random(7)
    for _ in range(40):
        system = System(1, Fraction(1), Fraction(1))
        n = chance.randint(2, 4)
        for _ in range(n):
            system.column(0, chance.randint(1, 3), chance.randint(-5, 5))
        for _ in range(chance.randint(1, 3)):
            system.at_least({j: chance.randint(-3, 3) for j in range(n)}, -chance.randint(0, 4))
        vertex = exact_vertex(system, 10)
        assert vertex is not None
        assert vertex.x is not None
        assert sum(c * vertex.x[j] for j, c in system.cost.items()) == vertex.cost
        corner = [system.lower[j] if system.cost.get(j, 0) > 0 else system.upper[j] for j in range(n)]
        if all(sum(a * corner[j] for j, a in terms.items()) >= rhs for terms, rhs, _ in system.rows):
            assert vertex.cost == sum(c * corner[j] for j, c in system.cost.items())
        for _ in range(30):
            point = [Fraction(chance.randint(0, 6 * high), 6) for high in system.upper]
            if all(sum(a * point[j] for j, a in terms.items()) >= rhs for terms, rhs, _ in system.rows):
                assert sum(c * point[j] for j, c in system.cost.items()) >= vertex.cost


def test_a_singular_system_has_no_solution() -> None:
    assert solve_square([[1, 2], [2, 4]], [Fraction(1), Fraction(2)]) is None
    assert solve_square([[0, 2], [3, 1]], [Fraction(4), Fraction(5)]) == [1, 2]
