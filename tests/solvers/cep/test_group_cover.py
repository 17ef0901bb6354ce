"""Branch and bound over a pool of groups: equal to every partition tried, honest where it could not finish."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from fairbound.solvers.cep.group_cover import Cover, Pool
from fairbound.solvers.cep.group_master import Flags, Master
from fairbound.solvers.core.result import Settings

UNITS = 10
CHARGE = 1e6


def pool_of(seed: int) -> Pool:
    """Groups of two to four units that lose what their weights fail to balance: an LP balances by mixing.

    A little chance in each worth gives the groups of the best partition regrets at the root.
    """
    chance = np.random.default_rng(seed)
    weights = chance.integers(-100, 100, UNITS)
    chosen = [group for size in (2, 3, 4) for group in itertools.combinations(range(UNITS), size)]
    inside = np.zeros((len(chosen), UNITS))
    for row, group in enumerate(chosen):
        inside[row, list(group)] = 1.0
    worth = 100 * inside.sum(axis=1) - np.abs(inside @ weights) + chance.integers(0, 20, len(chosen))
    return Pool(inside, worth, (inside @ weights, inside.sum(axis=1)))


def best_of(pool: Pool, must: Flags) -> float:
    """The best partition by dynamic programming over sets of units."""
    masks = (pool.inside.astype(int) @ (1 << np.arange(UNITS))).tolist()
    best = {0: 0.0}
    for taken in range(1 << UNITS):
        if taken not in best:
            continue
        for mask, worth in zip(masks, pool.worth.tolist(), strict=True):
            if not taken & mask:
                best[taken | mask] = max(best.get(taken | mask, -np.inf), best[taken] + worth)
    needed = sum(1 << u for u in np.flatnonzero(must).tolist())
    return max((value for taken, value in best.items() if taken & needed == needed), default=-np.inf)


def search(pool: Pool, must: Flags, known: float = -np.inf, late: Any = lambda: False) -> tuple[Cover, float, float]:
    """The search, its bound, and the best value offered."""
    offered = known

    def offer(groups: Any) -> float:
        nonlocal offered
        assert (pool.inside[groups].sum(axis=0) <= 1).all()
        assert (pool.inside[groups].sum(axis=0)[must] == 1).all()
        offered = max(offered, float(pool.worth[groups].sum()))
        return offered

    cover = Cover(pool, Master(must, CHARGE, Settings()), known, offer, lambda _: None, late)
    bound = cover.search(must, np.zeros(UNITS))
    return cover, bound, offered


@pytest.mark.parametrize("needed", [0, 3])
@pytest.mark.parametrize("seed", range(6))
def test_it_finds_the_best_partition(seed: int, needed: int) -> None:
    pool, must = pool_of(seed), np.arange(UNITS) < needed
    truth = best_of(pool, must)
    _, bound, offered = search(pool, must)
    if truth == -np.inf:
        assert offered == -np.inf
        return
    assert offered == pytest.approx(truth, rel=1e-9)
    assert bound == pytest.approx(truth, rel=1e-6)


def test_some_of_them_need_branching() -> None:
    assert sum(search(pool_of(seed), np.zeros(UNITS, dtype=bool))[0].nodes for seed in range(12)) >= 6


@pytest.mark.parametrize("seed", range(20))
def test_groups_that_are_dropped_for_a_known_plan_cost_no_better_one(seed: int) -> None:
    pool, free = pool_of(seed), np.zeros(UNITS, dtype=bool)
    truth = best_of(pool, free)
    _, bound, offered = search(pool, free, known=truth - 1.0)
    assert offered == truth
    assert bound == pytest.approx(truth, rel=1e-6)


def test_what_is_known_is_not_searched_again() -> None:
    pool, free = pool_of(1), np.zeros(UNITS, dtype=bool)
    truth = best_of(pool, free)
    _, bound, offered = search(pool, free, known=truth + 1.0)
    assert bound == truth + 1.0
    assert offered == truth + 1.0


def test_a_search_that_is_cut_short_keeps_a_bound() -> None:
    pool, free = pool_of(2), np.zeros(UNITS, dtype=bool)
    _, bound, offered = search(pool, free, late=lambda: True)
    assert bound >= best_of(pool, free)
    assert offered <= best_of(pool, free)


def test_an_engine_that_fails_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Master, "solve", lambda self: None)
    _, bound, _ = search(pool_of(3), np.zeros(UNITS, dtype=bool), known=5.0)
    assert bound == np.inf
