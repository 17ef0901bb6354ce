r"""Cells of claim share, and prices of units that hold on all of them.

The range [m tau, 1] is cut into cells. In a *strip* at either end, where groups are large, every unit is
priced at every level (22), with lambda linear in between; in the cells of the middle true groups are (36).
Prices pi, that no unit exceeds in a strip and no group in the middle, bound every grouping by their sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import floor, log10
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.cep.price_curve import level_range, units_of
from fairbound.solvers.cep.level_lp import UnitArrays
from fairbound.solvers.cep.share_halves import groups_by_halves
from fairbound.solvers.cep.share_list import MOST_GROUPS, MOST_ROWS, MOST_STEPS, Listed
from fairbound.solvers.cep.share_members import Members
from fairbound.solvers.cep.share_pricing import Pricer, multipliers
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.models.cep import CepInstance
    from fairbound.models.cep.price_curve import Unit
    from fairbound.solvers.cep.share_pricing import Found
    from fairbound.solvers.engines.base import Floats

Flags = NDArray[np.bool_]

MIDDLE = 600
"""Cells into which the range would be cut without strips."""
STRIP = tuple(Fraction(2, 2**i) for i in range(9, -1, -1))
"""Edges of the cells of a strip, from its end of the range, in widths of a middle cell."""
STRIPS = ((24, 1), (45, 3))
STRIP_CELLS = 8
"""Cells of a strip, for at most so many units and for more: of few units, groups near the ends can be searched too."""
WIDEST = 40
"""Cells of a strip at most; most of them are as wide as those of the middle."""
CROWD, CROWD_TIMES, CROWD_SHARE, CROWD_SAMPLE, CROWD_STEPS = 400, 4, 0.25, 12, 300_000
"""Groups of a cell that are no crowd, in number and against other cells, at a share of the gap; steps to count them."""
LEAST_SCALE = 1e-3
"""Prices are no finer than for a bound that is this part of what all units are worth: floats could not tell them."""
EDGE_STEP = 10**7
MULTIPLIER_STEP = 10**6
"""Edges and multipliers are rounded to this many parts; any rounding keeps the proof valid."""
RUNS = (8, 1)
"""Cells that are searched as one for a list: units that fit one mostly fit the next. Where prices are of many units,
one multiplier for all of them allows too much."""


@dataclass(frozen=True)
class Prices:
    """Prices of units, multipliers of the strips' levels and of the middle's cells; all multiples of their steps."""

    units: Floats
    levels: Floats
    cells: Floats
    strips: tuple[int, int]
    """Cells of either strip."""

    @cached_property
    def bound(self) -> float:
        """What they prove where nothing is left out."""
        return float(self.units.sum())


@dataclass(frozen=True)
class Box:
    """A part of the search: cells in which a unit (columns) may be, and whether it must be in some."""

    allowed: Flags
    must: Flags

    def below(self, unit: int, cell: int) -> Box:
        """The share of the unit's group lies below a cell, or the unit stays out."""
        allowed = self.allowed.copy()
        allowed[cell:, unit] = False
        return Box(allowed, self.must)

    def above(self, unit: int, cell: int) -> Box:
        """The unit's group has a share of that cell or above."""
        allowed, must = self.allowed.copy(), self.must.copy()
        allowed[:cell, unit] = False
        must[unit] = True
        return Box(allowed, must)

    def empty(self) -> bool:
        """Whether a unit has nowhere to be."""
        return bool((self.must & ~self.allowed.any(axis=0)).any())


class Cells:
    """Cells of an instance and an objective.

    Attributes
    ----------
    edges, exact
        Edges of the cells, as floats and exactly.
    strips
        Cells of the lower and of the upper strip.
    knots
        Indices of the edges that are levels of the strips.
    step
        Prices of units are multiples of this.
    scale
        What the instance is worth, about.
    """

    def __init__(
        self, instance: CepInstance, objective: str, scale: float, strips: tuple[int, int] | None = None
    ) -> None:
        self.units: tuple[Unit, ...] = tuple(unit for unit in units_of(instance, objective) if not unit.barred)
        self.arrays = UnitArrays.of(self.units)
        low, _ = level_range(instance)
        width = (1 - low) / MIDDLE

        def rounded(level: Fraction) -> Fraction:
            return Fraction(round(level * EDGE_STEP), EDGE_STEP)

        offsets = [width * part for part in STRIP]
        inner = [low + width * k for k in range(3, MIDDLE - 2)]
        levels = [low + offset for offset in offsets] + inner + [1 - offset for offset in reversed(offsets)]
        self.exact = (low, *sorted({rounded(level) for level in levels if low < rounded(level) < 1}), Fraction(1))
        self.edges = np.array([float(edge) for edge in self.exact])

        count = len(self.exact) - 1
        strip = next((cells for most, cells in STRIPS if len(self.units) <= most), STRIP_CELLS)
        self.strips = strips or (strip, strip)
        first, end = self.strips[0], count - self.strips[1]
        self.middle = np.arange(first, end)
        self.sides = np.r_[0:first, end:count]
        self.knots = np.r_[0 : first + 1, end : count + 1]
        self.left = np.searchsorted(self.knots, self.sides)
        self.pricer = Pricer(self.arrays, self.edges[:-1][self.middle], self.edges[1:][self.middle])
        self.scale = scale
        # A bound may be next to nothing where no group meets the threshold; prices are sums of what is not.
        scale = max(scale, LEAST_SCALE * float(np.abs(self.arrays.fixed).sum() + np.abs(self.arrays.slope).sum()), 1e-6)
        power = floor(log10(scale * 1e-9 / max(len(self.units), 1)))
        self.step = Fraction(10) ** power

    def box(self) -> Box:
        """Everything."""
        must = np.array([unit.must for unit in self.units])
        return Box(np.ones((len(self.exact) - 1, len(self.units)), dtype=bool), must)

    def in_middle(self, box: Box, units: list[int]) -> Box:
        """The part where these units' groups are in the middle: neither in a strip nor out."""
        allowed, must = box.allowed.copy(), box.must.copy()
        allowed[np.ix_(self.sides, units)] = False
        must[units] = True
        return Box(allowed, must)

    def strip_worth(self, lam: Floats) -> Floats:
        """The most that each unit (columns) is worth in each cell of the strips (rows), equation (24)."""
        arrays, t = self.arrays, self.edges[self.knots]
        at = arrays.worth(t, lam).T
        i, j = self.left, self.left + 1
        width = (t[j] - t[i])[:, None]
        rise = (lam[j] - lam[i])[:, None] / width
        best = np.maximum(at[i], at[j])
        slope = arrays.slope[None] - lam[i][:, None] * arrays.enrolled[None]
        slope = slope + rise * (arrays.lifted[None] - t[i][:, None] * arrays.enrolled[None])
        with np.errstate(divide="ignore", invalid="ignore"):
            summit = slope / (2 * rise * arrays.enrolled[None])
        inside = (rise * arrays.enrolled[None] > 0) & (summit > 0) & (summit < width)
        return np.asarray(np.where(inside, np.maximum(best, at[i] + slope * np.where(inside, summit, 0.0) / 2), best))

    def levels_allowed(self, box: Box) -> Flags:
        """Levels (rows) at which units may be: those at the ends of the strips' cells that are allowed."""
        allowed = np.zeros((len(self.knots), len(self.units)), dtype=bool)
        allowed[self.left] |= box.allowed[self.sides]
        allowed[self.left + 1] |= box.allowed[self.sides]
        return allowed

    @staticmethod
    def rounded(levels: Floats) -> Floats:
        """Multipliers of the strips' levels, in their steps."""
        return np.asarray(np.round(np.maximum(levels, 0.0) * MULTIPLIER_STEP) / MULTIPLIER_STEP)

    def repaired(self, units: Floats, levels: Floats, box: Box) -> tuple[Floats, Floats]:
        """Prices raised until they hold in the strips, for multipliers that are rounded."""
        levels = self.rounded(levels)
        least = np.where(box.allowed[self.sides], self.strip_worth(levels), -np.inf).max(axis=0)
        return np.maximum(np.maximum(units, least), np.where(box.must, -np.inf, 0.0)), levels

    def search(
        self, units: Floats, box: Box, late: Callable[[], bool], width: int, cut: float = 0.0
    ) -> tuple[Floats, Found]:
        """Multipliers of the middle's cells, and the groups there that are worth more than their prices."""
        allowed = box.allowed[self.middle]
        lam = multipliers(self.arrays, self.pricer.lower, self.pricer.upper, units, allowed)
        lam = np.round(lam * MULTIPLIER_STEP) / MULTIPLIER_STEP
        return lam, self.pricer.search(units, lam, allowed, cut, late, width)

    def prices(self, units: Floats, levels: Floats, cells: Floats) -> Prices:
        """Prices that hold in floats, rounded up by more than floats err."""
        step = float(self.step)
        return Prices((np.ceil(units / step) + 1) * step, levels, cells, self.strips)

    def room(self, prices: Prices, target: float) -> float:
        """What a grouping worth more than the target may lose; the checker is exact and allows no more."""
        return prices.bound - target + 1e-9 * abs(target)

    def narrowed(self, box: Box, prices: Prices, target: float, listed: Listed | None) -> tuple[Box, Listed | None]:
        """The box, and the list of groups, without what cannot be part of a grouping worth more than the target.

        A grouping loses against the sum of prices what its units lose in the strips, or what a group with
        a given unit loses at least.
        """
        room = self.room(prices, target)
        allowed = box.allowed.copy()
        allowed[self.sides] &= prices.units[None] - self.strip_worth(prices.levels) < room
        if listed is None:
            low, high, sum_low, sum_high = self.pricer.ends(prices.units, prices.cells, box.allowed[self.middle])
            low, high = sum_low[:, None] + np.minimum(low, 0.0), sum_high[:, None] + np.minimum(high, 0.0)
            allowed[self.middle] &= -np.maximum(low, high) < room
        else:
            listed = listed.within(box.allowed[self.middle])
            listed = listed.only(-listed.excess(prices.units) < room)
            allowed[self.middle] = listed.cells(len(self.middle))
        return Box(allowed, box.must | (prices.units > room)), listed

    def listed(
        self, box: Box, prices: Prices, target: float, late: Callable[[], bool], most: float = np.inf
    ) -> Listed | None:
        """All groups of the middle that a grouping worth more than the target may have; ``None`` if too many."""
        for run in RUNS:
            listed = self._listed(box, prices, -self.room(prices, target), run, late, min(most, MOST_STEPS) / run)
            if listed is not None or late():
                return listed
        return None

    def _listed(
        self, box: Box, prices: Prices, cut: float, run: int, late: Callable[[], bool], most: float
    ) -> Listed | None:
        """The same, with so many cells searched as one."""
        starts = np.arange(0, len(self.middle), run)
        after = np.minimum(starts + run, len(self.middle))
        multipliers = prices.cells[np.minimum(starts + run // 2, after - 1)]
        allowed = box.allowed[self.middle]
        pricer = Pricer(self.arrays, self.pricer.lower[starts], self.pricer.upper[after - 1])
        anywhere = np.logical_or.reduceat(allowed, starts)
        count = min(MOST_GROUPS, MOST_ROWS // len(self.units))
        found = groups_by_halves(pricer, prices.units, multipliers, anywhere, cut, late, most, count)
        if found is None:
            return None
        cells, last = starts[found.cell][:, None] + np.arange(run), after[found.cell][:, None] - 1
        holds = self.pricer.holds(Members.of(found.inside), np.minimum(cells, last))
        group, place = np.nonzero(holds & (cells <= last))
        inside, cell = found.inside[group], cells[group, place]
        fits = ~(inside & ~allowed[cell]).any(axis=1)
        inside = inside[fits]
        return Listed.of(inside, cell[fits], self.pricer, found.steps, run)


def crowded(cells: Cells, prices: Prices, room: float, late: Callable[[], bool]) -> tuple[int, int]:
    """Cells of a lower and of an upper strip that leave out where groups are far more than elsewhere, near the ends.

    Units that must be covered gather just above the threshold, and are worth about the same in any group; others gather
    below full funding. Groups are counted that lose a part of ``room`` against some prices.
    """
    pricer, every = cells.pricer, np.ones((1, len(cells.units)), dtype=bool)

    def groups(cell: int) -> float:
        one = Pricer(pricer.arrays, pricer.lower[cell : cell + 1], pricer.upper[cell : cell + 1])
        lam = prices.cells[cell : cell + 1]
        found = groups_by_halves(one, prices.units, lam, every, -CROWD_SHARE * room, late, CROWD_STEPS, CROWD_STEPS)
        return np.inf if found is None else len(found.excess)

    (lower, upper), count = cells.strips, len(cells.middle)
    most = min(WIDEST, count // 3)
    elsewhere = np.median([groups(cell) for cell in np.linspace(most, count - most, CROWD_SAMPLE).astype(int).tolist()])
    few = max(CROWD, CROWD_TIMES * float(elsewhere))
    below = max((cell + 1 for cell in range(most - lower) if groups(cell) > few), default=0)
    above = max((cell + 1 for cell in range(most - upper) if groups(count - 1 - cell) > few), default=0)
    return lower + below, upper + above
