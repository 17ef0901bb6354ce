r"""Which groups are worth more than the prices of their schools: searched, and enumerated with proof.

A group of reduced worth v(G) - sum of pi_s has a level t = q(G)/N(G), or is fully funded. Levels are
cut into cells [l, u]. In a cell any multiplier lambda gives

.. math::

    v(G) - \pi(G) = \sum_{s \in G} \psi_s(t), \qquad
    \psi_s(t) = a_s - \pi_s + t\,b_s + \lambda (q_s - t N_s) \ (36)

because sum(q_s - t N_s) = 0 at the group's own level (at full funding it is >= 0, so lambda >= 0
serves). psi is linear in t, so what any completion of a partial group can still reach, the partial
sum plus the positive parts of the rest, is convex in t and largest at an end of the cell. Partial
groups below a cut are dropped; what is left at the end is every group above it.

Floats decide only beyond a margin that is thousands of times their rounding.
"""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.cep.price_curve import Unit, level_range
from fairbound.solvers.cep.level_lp import UnitArrays
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairbound.models.cep import CepInstance
    from fairbound.solvers.engines.base import Floats

CELLS = 256
MARGIN = 2.0**-40
"""Share of the numbers involved by which floats may err; a sum of 64 terms errs by less than 2^-45."""
MOST_PARTIAL = 400_000
"""Partial groups that grow at one time; the others wait."""
MOST_GROUPS = 800_000
"""An enumeration that finds more groups ends before it is complete."""
STARTS = 150
"""Groups from which one heuristic pricing climbs."""
CLIMBS = 40

Masks = NDArray[np.int64]


def members(masks: Masks, count: int) -> NDArray[np.int64]:
    """Masks as rows of 0 and 1."""
    return np.asarray(masks[:, None] >> np.arange(count) & 1)


def masks_of(rows: NDArray[np.int64]) -> Masks:
    """The inverse of ``members``."""
    return np.asarray((rows.astype(np.int64) << np.arange(rows.shape[1])).sum(axis=1))


class Pricer:
    """Groups of an instance against prices of its units."""

    def __init__(self, instance: CepInstance, units: Sequence[Unit]) -> None:
        self.arrays = UnitArrays.of(tuple(units))
        threshold, _ = level_range(instance)
        low, high = (float(level) for level in level_range(instance))
        self.low = low
        surplus = [unit.lifted - threshold * unit.enrolled for unit in units]
        people = lcm(*(value.denominator for value in surplus))
        counts = [int(value * people) for value in surplus]
        self._surplus = np.array(counts, dtype=np.int64 if sum(map(abs, counts)) < 2**62 else object)
        self._sizes = np.array([len(unit.members) for unit in units])
        self._least = max(1, instance.min_group)
        edges = np.linspace(low, high, CELLS + 1) if low < 1 else np.array([high])
        # The last cell is full funding: one point, and the row (27) may have slack.
        self.lower, self.upper = np.r_[edges[:-1], high], np.r_[edges[1:], high]

    def allowed(self, masks: Masks) -> Masks:
        """Those that meet the threshold, exactly, and have enough schools."""
        inside = members(masks, len(self._sizes))
        fine = (inside @ self._sizes >= self._least) & np.array(inside @ self._surplus >= 0, dtype=bool)
        return np.asarray(masks[fine])

    def worth(self, masks: Masks) -> Floats:
        """v(G) of each group, in floats."""
        return self.reduced(members(masks, len(self._sizes)).astype(float), np.zeros(len(self._sizes)))

    def reduced(self, groups: Floats, prices: Floats) -> Floats:
        """v(G) - pi(G) of groups given as rows of 0 and 1, in floats; -inf below the threshold."""
        arrays = self.arrays
        enrolled, lifted = groups @ arrays.enrolled, groups @ arrays.lifted
        worth = groups @ (arrays.fixed - prices)
        return self._valued(enrolled, lifted, worth, groups @ arrays.slope, groups.sum(axis=1))

    def _valued(self, enrolled: Floats, lifted: Floats, fixed: Floats, slope: Floats, used: Floats) -> Floats:
        share = np.where(lifted >= enrolled, 1.0, lifted / np.where(enrolled > 0, enrolled, 1.0))
        fine = (lifted >= self.low * enrolled * (1 - 1e-12)) & (used > 0)
        return np.asarray(np.where(fine, fixed + share * slope, -np.inf))

    def _multipliers(self, prices: Floats) -> Floats:
        """In each cell the lambda of the least bound at its middle: a breakpoint, or 0."""
        arrays, middle = self.arrays, (self.lower + self.upper) / 2
        fixed = (arrays.fixed - prices)[None] + np.minimum(middle, 1.0)[:, None] * arrays.slope[None]
        over = arrays.lifted[None] - middle[:, None] * arrays.enrolled[None]
        breaks = -fixed / np.where(np.abs(over) < 1e-9, np.inf, over)
        breaks = np.hstack([breaks, np.zeros((len(middle), 1))])
        breaks[-1] = np.maximum(breaks[-1], 0.0)
        bound = np.maximum(fixed[:, None, :] + breaks[:, :, None] * over[:, None, :], 0.0).sum(axis=2)
        return np.asarray(breaks[np.arange(len(middle)), bound.argmin(axis=1)])

    def _psi(self, prices: Floats, multipliers: Floats, level: Floats) -> Floats:
        """psi of every unit (columns) in every cell (rows), equation (36)."""
        arrays = self.arrays
        over = arrays.lifted[None] - level[:, None] * arrays.enrolled[None]
        claim = np.minimum(level, 1.0)[:, None] * arrays.slope[None]
        return np.asarray((arrays.fixed - prices)[None] + claim + multipliers[:, None] * over)

    def above(
        self, prices: Floats, cut: float, late: Callable[[], bool] = lambda: False, most: int = MOST_GROUPS
    ) -> tuple[Masks, bool]:
        """Groups of reduced worth above ``cut``, and whether they are all: not if more than ``most``, or no time."""
        arrays, units = self.arrays, len(self.arrays.enrolled)
        lam = self._multipliers(prices)
        size = np.abs(arrays.fixed).sum() + np.abs(prices).sum() + np.abs(arrays.slope).sum()
        people = arrays.enrolled.sum() * max(1.0, self.upper[-1]) + arrays.lifted.sum()
        margin = MARGIN * (size + np.abs(lam) * people)
        cut_of, slack = cut - margin, MARGIN * people
        low, high = self._psi(prices, lam, self.lower), self._psi(prices, lam, self.upper)
        root = np.maximum(np.maximum(low, 0.0).sum(axis=1), np.maximum(high, 0.0).sum(axis=1))
        live = np.flatnonzero(root > cut_of)
        full, cut_of = live == len(lam) - 1, cut_of[live]
        # Units that decide most come first, in each cell in its own order.
        order = np.argsort(-np.abs(low[live]), axis=1, kind="stable")
        rows = np.arange(len(live))[:, None]
        low, high = low[live][rows, order], high[live][rows, order]
        over = (arrays.lifted[None] - self.lower[live][:, None] * arrays.enrolled[None])[rows, order]
        under = (arrays.lifted[None] - self.upper[live][:, None] * arrays.enrolled[None])[rows, order]
        reach_low, reach_high = _rest(np.maximum(low, 0.0)), _rest(np.maximum(high, 0.0))
        reach_over, reach_under = _rest(np.maximum(over, 0.0)), _rest(np.minimum(under, 0.0))
        found: list[Masks] = []
        count = 0
        waiting = [(0, np.arange(len(live)), np.zeros(len(live), dtype=np.int64), np.zeros((4, len(live))))]
        while waiting and count <= most and not late():
            depth, cell, mask, sums = waiting.pop()
            for i in range(depth, units):
                if len(cell) > MOST_PARTIAL:
                    half = len(cell) // 2
                    waiting.append((i, cell[half:], mask[half:], sums[:, half:]))
                    cell, mask, sums = cell[:half], mask[:half], sums[:, :half]
                step = np.stack([column[cell, i] for column in (low, high, over, under)])
                mask = np.r_[mask, mask | np.int64(1) << order[cell, i]]
                sums, cell = np.hstack([sums, sums + step]), np.r_[cell, cell]
                best = np.maximum(sums[0] + reach_low[cell, i + 1], sums[1] + reach_high[cell, i + 1])
                keep = (best > cut_of[cell]) & (sums[2] + reach_over[cell, i + 1] >= -slack)
                keep &= (sums[3] + reach_under[cell, i + 1] <= slack) | full[cell]
                cell, mask, sums = cell[keep], mask[keep], sums[:, keep]
            mask = np.unique(mask[mask > 0])
            # psi is largest at an end of the cell, the group's own share lies between: some are worth less.
            mask = mask[self.reduced(members(mask, units).astype(float), prices) > cut - MARGIN * size]
            found.append(mask)
            count += len(mask)
        every = np.concatenate([*found, np.zeros(0, dtype=np.int64)])
        return self.allowed(np.unique(every)), not waiting

    def climb(self, prices: Floats, chance: np.random.Generator) -> Masks:
        """Groups that no change of one or two units improves, best first: the heuristic pricing."""
        arrays = self.arrays
        lam = self._multipliers(prices)
        cells = chance.choice(len(lam), STARTS)
        cells[:2] = 0, len(lam) - 1
        groups = (self._psi(prices, lam, self.upper)[cells] > 0).astype(float)
        groups = np.abs(groups - (chance.random(groups.shape) < 0.03))
        count = groups.shape[1]
        one, two = np.triu_indices(count)
        flips = np.zeros((len(one), count))
        flips[np.arange(len(one)), one] = flips[np.arange(len(one)), two] = 1.0
        facts = np.stack([arrays.enrolled, arrays.lifted, arrays.fixed - prices, arrays.slope, np.ones(count)], axis=1)
        worth = self.reduced(groups, prices)
        for _ in range(CLIMBS):
            sign = 1.0 - 2.0 * groups
            change = sign[:, one, None] * facts[one] + np.where(
                (one != two)[:, None], sign[:, two, None] * facts[two], 0.0
            )
            value = self._valued(*np.moveaxis((groups @ facts)[:, None] + change, 2, 0))
            best = value.argmax(axis=1)
            gain = value[np.arange(len(groups)), best] > worth + 1e-9
            if not gain.any():
                break
            groups[gain] = np.abs(groups[gain] - flips[best[gain]])
            worth = np.where(gain, value[np.arange(len(groups)), best], worth)
        groups = groups[np.argsort(-worth, kind="stable")]
        return masks_of(groups[groups.any(axis=1)].astype(np.int64))


def _rest(positive: Floats) -> Floats:
    """Sums from each unit to the last, with a 0 after it."""
    sums = np.cumsum(positive[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.hstack([sums, np.zeros((len(sums), 1))]))
