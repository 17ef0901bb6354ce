"""Prices for the states of a cover hold for what is left, and bound the states least on average."""

from __future__ import annotations

import random

import numpy as np
import pytest
from fairbound.solvers.cep.share_cells import Cells, Prices
from fairbound.solvers.cep.share_master import Master
from fairbound.solvers.cep.share_reprice import Repricing
from fairbound.solvers.core.result import Settings
from general_meals import with_meals

UNITS = 9


class States:
    """A district with all groups of its middle listed, and some states: where their settled units are."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        rows = [(chance.randint(40, 90), chance.randint(15, 35), chance.randint(0, 90), 100) for _ in range(UNITS)]
        cells = self.cells = Cells(with_meals("drawn", rows), "reimbursement", 1e4)
        self.box = cells.box()
        units, levels = cells.repaired(cells.arrays.fixed + cells.arrays.slope, np.zeros(len(cells.knots)), self.box)
        self.first = cells.prices(np.maximum(units, 0.0), levels, np.zeros(len(cells.middle)))
        listed = cells.listed(self.box, self.first, 0.0, lambda: False)
        assert listed is not None
        self.listed = listed
        # In a state units are not settled, in the lower strip, in the upper, or in groups; a strip reaches its edge.
        places = np.random.default_rng(seed).integers(4, size=(4000, UNITS))
        low, high = (cells.arrays.lifted - edge * cells.arrays.enrolled for edge in cells.edges[[0, -2]])
        places = places[(((places == 1) @ low >= 0) & ((places == 2) @ high >= 0))][:4]
        assert len(places) == 4
        self.shares = np.stack([(places == kind).mean(axis=0) for kind in range(3)])
        self.master = Master(cells.arrays, cells.edges[cells.knots], 1e9, Settings())
        self.master.add_pairs(*(part.ravel() for part in np.indices((UNITS, len(cells.knots)))))

    def holds(self, prices: Prices) -> bool:
        """Whether nothing that is left is worth more."""
        strips = self.cells.strip_worth(prices.levels).max(axis=0)
        return not len(self.listed.search(prices.units, 0.0).excess) and bool((prices.units >= strips).all())

    def mean(self, prices: Prices) -> float:
        """The bound of the states on average, but for the worth of their groups."""
        worth, lower = self.cells.strip_worth(prices.levels), self.cells.strips[0]
        settled = [prices.units, worth[:lower].max(axis=0), worth[lower:].max(axis=0)]
        return float((self.shares * np.stack(settled)).sum())

    def repriced(self, shares: np.ndarray) -> Prices:
        repricing = Repricing(self.cells, self.master)
        repricing.begin(self.listed)
        found = repricing.prices(self.box, self.listed, shares, lambda: False)
        assert found is not None
        return found


@pytest.mark.parametrize("seed", range(6))
def test_no_prices_that_hold_are_better_on_average(seed: int) -> None:
    states, chance = States(seed), np.random.default_rng(seed)
    best = states.repriced(states.shares)
    assert states.holds(best)
    assert states.mean(best) < states.mean(states.first)
    accuracy = 1e-5 * states.mean(best)  # between two levels a unit may be worth a little more than at either
    for width in (0.01, 0.1, 1.0):
        for _ in range(30):
            levels = best.levels * np.exp(width * chance.normal(size=len(best.levels)))
            units, levels = states.cells.repaired(
                best.units * chance.uniform(1 - width / 2, 1, UNITS), levels, states.box
            )
            other = Prices(units, levels, np.zeros(0), best.strips)
            excess = states.listed.excess(units)
            if excess.max() > 0:  # raised until they hold
                units = units + excess.max()
                other = Prices(units, levels, np.zeros(0), best.strips)
            assert states.holds(other)
            assert states.mean(other) >= states.mean(best) - accuracy


def test_where_settled_units_are_in_strips_counts() -> None:
    gains = 0
    for seed in range(6):
        states = States(seed)
        anywhere = np.zeros_like(states.shares)
        anywhere[0] = states.shares.sum(axis=0)  # as if units in strips were not settled
        blind = states.mean(states.repriced(anywhere))
        best = states.mean(states.repriced(states.shares))
        assert best <= blind * (1 + 1e-5)
        gains += best < blind * (1 - 1e-4)
    assert gains
