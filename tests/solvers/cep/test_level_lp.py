"""The level LP's price curves: pruning keeps the bound and leaves only knots that matter."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest
from fairbound.models.cep import PROBLEM, CepInstance
from fairbound.models.cep.price_curve import PriceCurve, curve_bound, level_range
from fairbound.solvers.cep.level_lp import MOST_ROUNDS, prune, solve_levels
from fairbound.solvers.core.result import Settings
from general_meals import with_meals


def drawn(seed: int, schools: int) -> CepInstance:
    chance = random.Random(seed)
    rows = []
    for _ in range(schools):
        n = chance.randint(50, 900)
        rows.append((n, chance.randint(0, n), chance.randint(0, 200 * n), chance.randint(0, 200 * n)))
    return with_meals(f"drawn{seed}", rows)


def curve_of(instance: CepInstance) -> PriceCurve:
    found = solve_levels(instance, "reimbursement", Settings(), lambda: None, lambda: False)
    assert found is not None
    return found.curve


@pytest.mark.parametrize("cover", ["any", "all"])
@pytest.mark.parametrize("schools", [12, 60])
def test_pruning_keeps_the_bound_and_what_matters(schools: int, cover: str) -> None:
    instance = PROBLEM.with_parameters(drawn(1, schools), {"cover": cover, "threshold": "0.25"})
    curve = curve_of(instance)
    # Points on the line between two knots change nothing, so one of each such pair at least must go.
    middles = {((t + u) / 2, (p + q) / 2) for (t, p), (u, q) in pairwise(curve.knots)}
    finer = PriceCurve(tuple(sorted({*curve.knots, *middles})))
    pruned = prune(instance, "reimbursement", finer)
    assert (pruned.knots[0], pruned.knots[-1]) == (curve.knots[0], curve.knots[-1])
    assert set(pruned.knots) <= set(finer.knots)
    assert len(pruned.knots) <= len(curve.knots)
    bound = curve_bound(instance, "reimbursement", pruned)
    assert bound <= curve_bound(instance, "reimbursement", finer) * (1 + Fraction(len(middles), 10**9))


@pytest.mark.parametrize(("prices", "matters"), [((28, 28, 100), True), ((0, 60, 28), True), ((28, 60, 60), False)])
def test_a_knot_stays_exactly_if_it_matters(prices: tuple[int, int, int], matters: bool) -> None:
    instance = with_meals("one", [(100, 50, 0, 1000)])
    low, high = level_range(instance)
    curve = PriceCurve(tuple(zip((low, (low + high) / 2, high), map(Fraction, prices), strict=True)))
    without = PriceCurve((curve.knots[0], curve.knots[-1]))
    bounds = [curve_bound(instance, "reimbursement", one) for one in (curve, without)]
    assert (bounds[1] > bounds[0]) == matters
    assert prune(instance, "reimbursement", curve) == (curve if matters else without)


def test_two_knots_are_left_alone() -> None:
    instance = with_meals("two")
    curve = PriceCurve((curve_of(instance).knots[0], curve_of(instance).knots[-1]))
    assert prune(instance, "reimbursement", curve) == curve


def test_refinement_ends_where_it_gains_nothing() -> None:
    """Where schools want every level there are hundreds of them at most, and the curve stands by the LP."""
    instance = PROBLEM.with_parameters(drawn(2, 200), {"cover": "all", "threshold": "0.25"})
    found = solve_levels(instance, "reimbursement", Settings(), lambda: None, lambda: False)
    assert found is not None
    bound = float(curve_bound(instance, "reimbursement", found.curve))
    assert found.optimum <= bound <= found.optimum * (1 + 5e-5)
    assert found.rounds < MOST_ROUNDS
    assert len(found.curve.knots) < 600
