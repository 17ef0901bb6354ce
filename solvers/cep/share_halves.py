r"""All groups in cells of claim share that lose little, by halves.

By (36) a group's worth above its prices is a sum over its units at either end of its cell, and its share lies in the
cell if the sum of q - t N is not below 0 at the lower end and not above 0 at the upper one: a narrow window. So sets of
every other unit are made, and sets of those between, and two are joined where the window and the sums allow it, by
sorting (Horowitz and Sahni 1974). Sets that lose too much even with the best of the others are dropped at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from fairbound.solvers.cep.share_pricing import Found
from fairbound.solvers.checker.cep_halves import CHEAP, LISTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fairbound.solvers.cep.share_members import Flags, Indices
    from fairbound.solvers.cep.share_pricing import Pricer
    from fairbound.solvers.engines.base import Floats

BITS = 62
"""Units of a half at most."""
MOST_SETS = 1_000_000
"""Sets of a half at most."""
CLASSES = 8
"""Classes of what sets are worth, so that few pairs are looked at that lose too much."""
CHUNK = 2_000_000
"""Pairs that are in memory at a time."""
LOW, HIGH, OVER, SPREAD = range(4)
"""Rows of sums: psi at both ends of the cell, the surplus at the lower end, and how much less it is at the upper."""


class _Half(NamedTuple):
    """Sets of some units (bits of a mask), and their sums."""

    units: Indices
    mask: Indices
    sums: Floats

    def worth(self) -> Floats:
        """The larger of both ends."""
        return np.asarray(np.maximum(self.sums[LOW], self.sums[HIGH]))

    def rows(self, chosen: Indices) -> Flags:
        """Some of the sets as rows of 0 and 1 over its units."""
        return (self.mask[chosen, None] >> np.arange(len(self.units)) & 1).astype(bool)


def groups_by_halves(
    pricer: Pricer,
    prices: Floats,
    lam: Floats,
    allowed: Flags,
    cut: float,
    late: Callable[[], bool],
    most: float,
    most_groups: float,
) -> Found | None:
    """All groups worth more than ``cut`` above their prices, each in its cell; ``None`` if they are too many.

    Parameters
    ----------
    most, most_groups
        Steps that this may take, as a replay counts them, and groups that there may be.
    """
    low, high, sum_low, sum_high = pricer.ends(prices, lam, allowed)
    arrays, steps, count = pricer.arrays, 0, 0
    rows: list[Flags] = [np.zeros((0, len(prices)), dtype=bool)]
    worth, cells = [np.zeros(0)], [np.zeros(0, dtype=np.intp)]
    for cell in np.flatnonzero(np.maximum(sum_low, sum_high) > cut).tolist():
        over = arrays.lifted - pricer.lower[cell] * arrays.enrolled
        spread = (pricer.upper[cell] - pricer.lower[cell]) * arrays.enrolled
        table = np.stack([low[cell], high[cell], over, spread])
        reach = np.maximum(sum_low[cell] + np.minimum(low[cell], 0.0), sum_high[cell] + np.minimum(high[cell], 0.0))
        units = np.flatnonzero(reach > cut)
        units = units[np.argsort(-np.abs(table[:2, units]).max(axis=0), kind="stable")]
        halves = []
        for part in (units[0::2], units[1::2]):
            half = None if late() else _half(part, table, (sum_low[cell], sum_high[cell]), cut, most - steps)
            if half is None:
                return None
            halves.append(half[0])
            steps += half[1]
        one, other = halves
        for pairs, first, second, excess in _joined(one, other, cut, pricer.slack()):
            steps += pairs // CHEAP + len(first)
            if steps > most or late():
                return None
            fine = np.flatnonzero((excess > cut) & ((one.mask[first] | other.mask[second]) > 0))
            count += len(fine)
            steps += LISTED * len(fine)
            if count > most_groups:
                return None
            inside = np.zeros((len(fine), len(prices)), dtype=bool)
            inside[:, one.units], inside[:, other.units] = one.rows(first[fine]), other.rows(second[fine])
            rows.append(inside)
            worth.append(excess[fine])
            cells.append(np.full(len(fine), cell))
    every = np.ones(len(allowed), dtype=bool)
    return Found(np.concatenate(rows), np.concatenate(cells), np.concatenate(worth), every, steps)


def _half(
    units: Indices, table: Floats, most: tuple[float, float], cut: float, limit: float
) -> tuple[_Half, int] | None:
    """Sets of some units that may be part of a group, and steps: ``None`` if they are too many."""
    if len(units) > BITS:
        return None
    sums, mask, steps = np.zeros((4, 1)), np.zeros(1, dtype=np.int64), 0
    rest_low, rest_high = most
    for bit, unit in enumerate(units.tolist()):
        step = table[:, unit]
        rest_low, rest_high = rest_low - max(step[LOW], 0.0), rest_high - max(step[HIGH], 0.0)
        sums, mask = np.hstack([sums, sums + step[:, None]]), np.r_[mask, mask | np.int64(1) << bit]
        keep = (sums[LOW] + rest_low > cut) | (sums[HIGH] + rest_high > cut)
        sums, mask = sums[:, keep], mask[keep]
        steps += len(mask)
        if steps > limit or len(mask) > MOST_SETS:
            return None
    return _Half(units, mask, sums), steps


def _joined(one: _Half, other: _Half, cut: float, slack: float) -> Iterator[tuple[int, Indices, Indices, Floats]]:
    """Pairs whose share is in the cell and that are worth more than the cut at either end.

    How many were looked at, those that fit, and what they are worth above their prices.
    """
    if not len(one.mask) or not len(other.mask):
        return
    worth, best = other.worth(), one.worth()
    edges = np.linspace(cut - best.max(), worth.max(), CLASSES + 1)
    kind = np.clip(np.searchsorted(edges, worth, side="right") - 1, 0, CLASSES - 1)
    for number in range(CLASSES):
        these = np.flatnonzero(kind == number)
        if not len(these):
            continue
        these = these[np.argsort(other.sums[OVER, these], kind="stable")]
        over = other.sums[OVER, these]
        those = np.flatnonzero(best + worth[these].max() > cut)
        wanted = one.sums[OVER, those]
        begin = np.searchsorted(over, -wanted - slack, side="left")
        widest = one.sums[SPREAD, those] + other.sums[SPREAD, these].max()
        count = np.maximum(np.searchsorted(over, widest - wanted + slack, side="right") - begin, 0)
        for first, place in paired(those, begin, count):
            second = these[place]
            low, high, over, width = (one.sums[row, first] + other.sums[row, second] for row in range(4))
            fits = ((low > cut) | (high > cut)) & (over - width <= slack)
            pairs, first, second = len(first), first[fits], second[fits]
            # Both psi and the surplus are linear in t, and the surplus is 0 at the group's own share.
            low, high, over, width = low[fits], high[fits], over[fits], width[fits]
            share = np.clip(over / np.where(width > 0, width, 1.0), 0.0, 1.0)
            yield pairs, first, second, low + share * (high - low)


def paired(rows: Indices, begin: Indices, count: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Each of some rows with so many places from the one where its own begin, in parts that memory has room for."""
    ends = np.cumsum(count)
    at = 0
    while at < len(rows):
        done = int(ends[at - 1]) if at else 0
        to = max(at + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        part = count[at:to]
        shift = begin[at:to] - np.cumsum(part) + part
        yield np.repeat(rows[at:to], part), np.arange(int(part.sum())) + np.repeat(shift, part)
        at = to
