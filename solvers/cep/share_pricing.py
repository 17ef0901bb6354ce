r"""Cells of claim share, and the groups in a cell that are worth more than the prices of their units.

A group with share t in the cell [l, u] has sum(q - t N) = 0, so for any multiplier lambda

.. math:: v(G) - \pi(G) = \sum_{s \in G} \psi_s(t), \qquad
          \psi_s(t) = a_s - \pi_s + t\,b_s + \lambda (q_s - t N_s) \ (36)

is linear in t for a fixed group: at most the larger of the two ends' sums. A depth-first search over the
units drops what cannot reach the cut at either end, or cannot have its share in the cell.

Floats propose; the bound is recomputed in integers by the checker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.cep.share_members import Flags, Indices, Members

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.solvers.cep.level_lp import UnitArrays
    from fairbound.solvers.engines.base import Floats

MOST_PARTIAL = 150_000
"""Partial groups kept at one depth; beyond that only the best stay, and nothing is proven."""
MOST_CANDIDATES = 62
"""Bits of a mask. A cell with more units that matter is searched among the best of them, without proof."""


LOOKED_AT = 20_000
"""Groups, of those found, among which the best are chosen."""


@dataclass(frozen=True)
class Found:
    """What a search for groups met.

    Attributes
    ----------
    inside
        Groups as rows of 0 and 1 over the units.
    cell, excess
        Cell of each, and its worth above the prices of its units, in floats.
    proven
        Cells, of those searched, in which no group above the cut was missed.
    steps
        Partial groups that could not be dropped at once: what a replay looks at.
    """

    inside: Flags
    cell: Indices
    excess: Floats
    proven: Flags
    steps: int

    def best(self, most: int, same: int) -> Indices:
        """The best of the groups, at most so many in all, and few with the same unit once one has so many."""
        chosen, held = [], np.zeros(self.inside.shape[1], dtype=int)
        for group in np.argsort(-self.excess, kind="stable")[:LOOKED_AT].tolist():
            inside = self.inside[group]
            if held[inside].min() < same:
                held[inside] += 1
                chosen.append(group)
                if len(chosen) >= most:
                    break
        return np.array(chosen, dtype=np.intp)


def multipliers(arrays: UnitArrays, lower: Floats, upper: Floats, prices: Floats, allowed: Flags) -> Floats:
    """In each cell the lambda at which the sum of positive parts is least at its middle: one of the breakpoints."""
    middle = (lower + upper) / 2
    alpha = (arrays.fixed - prices)[None] + middle[:, None] * arrays.slope[None]
    beta = np.where(allowed, arrays.lifted[None] - middle[:, None] * arrays.enrolled[None], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        breaks = np.where(np.abs(beta) > 1e-9, -alpha / beta, np.inf)
    order = np.argsort(breaks, axis=1)
    rows = np.arange(len(middle))[:, None]
    slope = np.minimum(beta, 0.0).sum(axis=1)[:, None] + np.cumsum(np.abs(beta)[rows, order], axis=1)
    first = np.minimum((slope < 0).sum(axis=1), breaks.shape[1] - 1)
    chosen = breaks[np.arange(len(middle)), order[np.arange(len(middle)), first]]
    return np.where(np.isfinite(chosen), chosen, 0.0)


class Pricer:
    """Searches cells [lower, upper] of claim share below full funding."""

    def __init__(self, arrays: UnitArrays, lower: Floats, upper: Floats) -> None:
        self.arrays, self.lower, self.upper = arrays, lower, upper

    def psi(self, prices: Floats, lam: Floats, level: Floats, cells: Indices | slice = slice(None)) -> Floats:
        """psi of every unit (columns) in every cell (rows) at the levels given, equation (36)."""
        arrays, t = self.arrays, level[cells][:, None]
        over = arrays.lifted[None] - t * arrays.enrolled[None]
        return np.asarray((arrays.fixed - prices)[None] + t * arrays.slope[None] + lam[cells][:, None] * over)

    def ends(self, prices: Floats, lam: Floats, allowed: Flags) -> tuple[Floats, Floats, Floats, Floats]:
        """psi at both ends, -inf where a unit may not be, and the sums of their positive parts."""
        low = np.where(allowed, self.psi(prices, lam, self.lower), -np.inf)
        high = np.where(allowed, self.psi(prices, lam, self.upper), -np.inf)
        return low, high, np.maximum(low, 0.0).sum(axis=1), np.maximum(high, 0.0).sum(axis=1)

    def search(
        self,
        prices: Floats,
        lam: Floats,
        allowed: Flags,
        cut: float,
        late: Callable[[], bool] = lambda: False,
        width: int = MOST_PARTIAL,
    ) -> Found:
        """Groups worth more than ``cut`` above their prices, all of them where ``proven``.

        Parameters
        ----------
        width
            Partial groups kept at one depth, of the best.
        """
        arrays = self.arrays
        low, high, sum_low, sum_high = self.ends(prices, lam, allowed)
        proven = np.maximum(sum_low, sum_high) <= cut
        live = np.flatnonzero(~proven)
        none = Found(np.zeros((0, low.shape[1]), dtype=bool), np.zeros(0, dtype=np.intp), np.zeros(0), proven, 0)
        if not len(live):
            return none
        proven = np.ones(len(proven), dtype=bool)
        low, high = low[live], high[live]
        reach = np.maximum(
            sum_low[live][:, None] + np.minimum(low, 0.0), sum_high[live][:, None] + np.minimum(high, 0.0)
        )
        reach = np.where(np.isfinite(reach), reach, -np.inf)
        wanted = reach > cut
        count = wanted.sum(axis=1)
        deep = int(min(count.max(), MOST_CANDIDATES))
        if not deep:
            return Found(none.inside, none.cell, none.excess, proven, 0)
        proven[live[count > deep]] = False
        weight = np.where(wanted, np.maximum(np.abs(low), np.abs(high)), -1.0)
        if (count > deep).any():  # keep those that can still be in the best groups
            weight = np.where(wanted, reach - reach.min(axis=1, where=wanted, initial=np.inf)[:, None] + 1.0, -1.0)
        order = np.argsort(-weight, axis=1, kind="stable")[:, :deep]
        rows = np.arange(len(live))[:, None]
        real = np.arange(deep)[None] < count[:, None]
        over = arrays.lifted[None] - self.lower[live][:, None] * arrays.enrolled[None]
        under = arrays.lifted[None] - self.upper[live][:, None] * arrays.enrolled[None]
        parts = [np.where(real, np.where(real, part[rows, order], 0.0), 0.0) for part in (low, high, over, under)]
        low, high, over, under = (np.where(np.isfinite(part), part, 0.0) for part in parts)
        rest = [_rest(np.maximum(part, 0.0)) for part in (low, high, over)] + [_rest(np.minimum(under, 0.0))]
        table = np.stack([low, high, over, under])
        slack = self.slack()
        cell, mask, sums = np.arange(len(live)), np.zeros(len(live), dtype=np.int64), np.zeros((4, len(live)))
        steps = 0
        for i in range(deep):
            grow = real[cell, i]
            if late():
                proven[live] = False
                break
            step = table[:, cell[grow], i]
            mask = np.r_[mask, mask[grow] | np.int64(1) << i]
            sums, cell = np.hstack([sums, sums[:, grow] + step]), np.r_[cell, cell[grow]]
            best = np.maximum(sums[0] + rest[0][cell, i + 1], sums[1] + rest[1][cell, i + 1])
            keep = (best > cut) & (sums[2] + rest[2][cell, i + 1] >= -slack)
            keep &= sums[3] + rest[3][cell, i + 1] <= slack
            cell, mask, sums = cell[keep], mask[keep], sums[:, keep]
            steps += len(cell)
            if len(cell) > width:
                best = best[keep]
                stay = np.argpartition(-best, width)[:width]
                lost = np.ones(len(cell), dtype=bool)
                lost[stay] = False
                proven[live[np.unique(cell[lost])]] = False
                cell, mask, sums = cell[stay], mask[stay], sums[:, stay]
        some = mask > 0
        cell, mask = cell[some], mask[some]
        inside = np.zeros((len(mask), len(prices)), dtype=bool)
        bits = (mask[:, None] >> np.arange(deep) & 1).astype(bool)
        group, place = np.nonzero(bits)
        inside[group, order[cell[group], place]] = True
        excess = self.excess(Members.of(inside), prices)
        fine = excess > cut
        return Found(inside[fine], live[cell[fine]], excess[fine], proven, steps)

    def holds(self, members: Members, cells: Indices) -> Flags:
        """Whether the share of each group (rows) is in each of its row of cells: in two of them on an edge."""
        enrolled, lifted = members.sums(self.arrays.enrolled)[:, None], members.sums(self.arrays.lifted)[:, None]
        slack = self.slack()
        over = lifted - self.lower[cells] * enrolled >= -slack
        return np.asarray(over & (lifted - self.upper[cells] * enrolled <= slack))

    def slack(self) -> float:
        """What sums of students may err by."""
        return 1e-9 * float(self.arrays.enrolled.sum() + self.arrays.lifted.sum())

    def worth(self, members: Members) -> Floats:
        """v(G) of groups below full funding, in floats."""
        arrays = self.arrays
        enrolled, lifted = members.sums(arrays.enrolled), members.sums(arrays.lifted)
        share = np.minimum(1.0, lifted / np.where(enrolled > 0, enrolled, 1.0))
        return np.asarray(members.sums(arrays.fixed) + share * members.sums(arrays.slope))

    def excess(self, members: Members, prices: Floats) -> Floats:
        """v(G) - pi(G) of groups, in floats; full funding at most."""
        return np.asarray(self.worth(members) - members.sums(prices))


def _rest(part: Floats) -> Floats:
    """Sums from each unit to the last, with a 0 after it."""
    sums = np.cumsum(part[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.hstack([sums, np.zeros((len(sums), 1))]))
