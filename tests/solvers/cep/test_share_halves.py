"""Groups by halves: the search and the checker list what enumeration lists."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest
from fairbound.solvers.cep import share_halves
from fairbound.solvers.cep.share_cells import Cells
from fairbound.solvers.cep.share_halves import groups_by_halves
from fairbound.solvers.cep.share_members import Members
from fairbound.solvers.checker import cep_halves as checker
from general_meals import with_meals

UNITS, CUT = 9, -9.0


def district(seed: int) -> tuple[Cells, np.ndarray, np.ndarray]:
    """Cells of a district, prices of its units, a multiplier of each cell of the middle."""
    chance = random.Random(seed)
    rows = [(chance.randint(40, 90), chance.randint(15, 35), chance.randint(0, 90), 100) for _ in range(UNITS)]
    cells = Cells(with_meals("drawn", rows), "reimbursement", 1.0)
    prices = cells.arrays.fixed + cells.arrays.slope * np.array([chance.uniform(0.5, 1.0) for _ in range(UNITS)])
    return cells, prices, np.array([chance.uniform(0, 3) for _ in cells.middle])


def by_enumeration(
    cells: Cells, prices: np.ndarray, lam: np.ndarray, allowed: np.ndarray, cut: float
) -> set[tuple[int, frozenset[int]]]:
    """Groups in each cell: either end's sum (36) is above the cut and, unless only that is asked, the group's worth."""
    pricer, found = cells.pricer, set()
    low, high = pricer.psi(prices, lam, pricer.lower), pricer.psi(prices, lam, pricer.upper)
    for size in range(1, UNITS + 1):
        for group in combinations(range(UNITS), size):
            some = list(group)
            share = cells.arrays.lifted[some].sum() / cells.arrays.enrolled[some].sum()
            inside = np.isin(np.arange(UNITS), some)[None]
            for cell in np.flatnonzero((pricer.lower <= share) & (share <= pricer.upper)).tolist():
                above = max(low[cell, some].sum(), high[cell, some].sum()) > cut
                if above and allowed[cell, some].all() and pricer.excess(Members.of(inside), prices)[0] > cut:
                    found.add((cell, frozenset(group)))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_search_lists_what_enumeration_lists(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_halves, "CHUNK", 7)  # many parts
    cells, prices, lam = district(seed)
    allowed = np.random.default_rng(seed).random((len(cells.middle), UNITS)) < 0.9
    truth = by_enumeration(cells, prices, lam, allowed, CUT)
    assert len(truth) > 3
    found = groups_by_halves(cells.pricer, prices, lam, allowed, CUT, lambda: False, np.inf, np.inf)
    assert found is not None
    rows = [(cell, frozenset(np.flatnonzero(row).tolist())) for cell, row in zip(found.cell, found.inside, strict=True)]
    assert len(rows) == len(set(rows))
    assert set(rows) == truth
    np.testing.assert_allclose(found.excess, cells.pricer.excess(Members.of(found.inside), prices))


@pytest.mark.parametrize("seed", range(4))
def test_the_checker_lists_what_enumeration_lists(seed: int) -> None:
    cells, prices, lam = district(seed)
    allowed = np.ones((len(cells.middle), UNITS), dtype=bool)
    truth = by_enumeration(cells, prices, lam, allowed, CUT)
    pricer, arrays, found = cells.pricer, cells.arrays, set()
    low, high = pricer.psi(prices, lam, pricer.lower), pricer.psi(prices, lam, pricer.upper)
    for cell in range(len(cells.middle)):
        over = arrays.lifted - pricer.lower[cell] * arrays.enrolled
        under = arrays.lifted - pricer.upper[cell] * arrays.enrolled
        rows = zip(low[cell], high[cell], over, under, strict=True)
        items = [(*(round(value * 10**9) for value in row), unit) for unit, row in enumerate(rows)]
        for group in checker.groups_by_halves(items, round(CUT * 10**9), lambda _: None):
            assert group.bits == sum(1 << unit for unit in group.units)
            assert (group.over, group.under) == tuple(sum(items[unit][k] for unit in group.units) for k in (2, 3))
            row = np.isin(np.arange(UNITS), group.units)[None]
            assert group.excess * 1e-9 == pytest.approx(pricer.excess(Members.of(row), prices)[0], abs=1e-6)
            found.add((cell, frozenset(group.units)))
    for cell, group in found ^ truth:  # rounding may take an edge to be outside
        share = cells.arrays.lifted[list(group)].sum() / cells.arrays.enrolled[list(group)].sum()
        assert min(abs(pricer.lower[cell] - share), abs(pricer.upper[cell] - share)) < 1e-8


def test_too_many_are_given_up() -> None:
    cells, prices, lam = district(0)
    allowed = np.ones((len(cells.middle), UNITS), dtype=bool)
    every = groups_by_halves(cells.pricer, prices, lam, allowed, CUT, lambda: False, np.inf, np.inf)
    assert every is not None
    count = len(every.excess)
    assert groups_by_halves(cells.pricer, prices, lam, allowed, CUT, lambda: False, every.steps, count) is not None
    assert groups_by_halves(cells.pricer, prices, lam, allowed, CUT, lambda: False, np.inf, count - 1) is None
    assert groups_by_halves(cells.pricer, prices, lam, allowed, CUT, lambda: False, every.steps - 1, np.inf) is None
    assert groups_by_halves(cells.pricer, prices, lam, allowed, CUT, lambda: True, np.inf, np.inf) is None


def test_sets_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "MOST_SETS", 3)
    items = [(-1, -1, 1, -1, unit) for unit in range(8)]
    with pytest.raises(checker.Rejected, match="more than 3 sets"):
        list(checker.groups_by_halves(items, -10, lambda _: None))
