r"""Every grouping that may be worth more than the target, once the groups of the middle are listed.

It loses less than the sum of prices exceeds the target: what its listed groups lose, its units in the strips, its
units outside (56). So units are settled one after the other, each by a listed group, a strip or by staying out, and
what loses too much or leaves the surplus of a strip outside its bounds (57) is dropped. The next unit is always one
that few choices are left for. All states go on side by side, in arrays.

Most often none remains at the end. What remains says of every unit where it is, and other multipliers of the strips
(22) then show that it is worth no more than the target, or it is a better plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.solvers.cep.share_cells import Box, Cells, Flags, Prices
    from fairbound.solvers.cep.share_list import Listed
    from fairbound.solvers.cep.share_pricing import Indices
    from fairbound.solvers.engines.base import Floats

Words = NDArray[np.uint64]

SAMPLE, SAMPLED = 48, 12_000
"""States, and choices of least loss, by which the next unit is chosen."""
LOW, HIGH, OUT = -1, -2, -3
"""Places of a unit that no listed group holds."""


@dataclass(frozen=True)
class Choices:
    """What may become of units, by rising loss; the last one is none and changes nothing.

    Attributes
    ----------
    inside
        Units that each settles (rows: choices).
    loss
        Against their prices, at least.
    place
        Index of a group in the list; or ``LOW``, ``HIGH``, ``OUT`` of a single unit.
    surplus
        What each adds to the sums of q - t N: of the lower strip at its two edges, of the upper at its two.
    """

    inside: Flags
    loss: Floats
    place: Indices
    surplus: Floats

    @classmethod
    def of(cls, cells: Cells, box: Box, prices: Prices, listed: Listed, room: float) -> Choices:
        """Those that lose less than there is room for."""
        arrays, strip = cells.arrays, cells.strips[0]
        units = np.arange(len(cells.units))
        lost = np.where(box.allowed[cells.sides], prices.units[None] - cells.strip_worth(prices.levels), np.inf)
        staying = np.where(box.must, np.inf, prices.units)
        groups = np.sort(np.unique(listed.code, return_index=True)[1])  # one on an edge lies in two cells
        single = np.eye(len(units), dtype=bool)
        loss = np.r_[lost[:strip].min(axis=0), lost[strip:].min(axis=0), staying, -listed.excess(prices.units)[groups]]
        edges = cells.edges[[0, strip, -1 - cells.strips[1], -1]][:, None]
        over = arrays.lifted[None] - edges * arrays.enrolled[None]
        surplus = np.zeros((4, len(loss)))
        surplus[:2, units], surplus[2:, len(units) + units] = over[:2], over[2:]
        place = np.r_[np.repeat([LOW, HIGH, OUT], len(units)), groups]
        order = np.argsort(loss, kind="stable")
        order = order[loss[order] < room]
        inside = np.vstack([single, single, single, listed.inside[groups]])[order]
        return cls(
            np.vstack([inside, np.zeros((1, len(units)), dtype=bool)]),
            np.r_[loss[order], 0.0],
            np.r_[place[order], OUT],
            np.hstack([surplus[:, order], np.zeros((4, 1))]),
        )

    def worth(self, cells: Cells, box: Box, listed: Listed, levels: Floats) -> Floats:
        """The most that each is worth at some multipliers of the strips' levels."""
        best = np.where(box.allowed[cells.sides], cells.strip_worth(levels), -np.inf)
        unit, strip = self.inside.argmax(axis=1), cells.strips[0]
        value = np.where(self.place == LOW, best[:strip].max(axis=0)[unit], 0.0)
        value = np.where(self.place == HIGH, best[strip:].max(axis=0)[unit], value)
        value[self.place >= 0] = listed.worth[self.place[self.place >= 0]]
        return value


@dataclass(frozen=True)
class Covers:
    """What a search has left.

    Attributes
    ----------
    order
        Units in the order in which they were settled.
    chosen
        Choices that make up each grouping that is left (columns), those of a unit that was settled before being none.
    steps
        Choices that were looked at: what a replay costs.
    """

    order: list[int]
    chosen: Indices
    steps: int


def covers(
    choices: Choices, price: float, room: float, slack: float, most: float, late: Callable[[], bool]
) -> Covers | None:
    """Every way to settle all units that loses less than there is room for; ``None`` if the search took too long.

    Parameters
    ----------
    price
        Of the upper strip's surplus over full funding.
    slack
        What sums of students may err by.
    most
        Choices that may be looked at.
    """
    bits, none = _words(choices.inside), len(choices.loss) - 1
    live = np.arange(none)
    left = np.ones(choices.inside.shape[1], dtype=bool)
    covered, loss, surplus = np.zeros((1, bits.shape[1]), dtype=np.uint64), np.zeros(1), np.zeros((4, 1))
    order: list[int] = []
    history: list[tuple[Indices, Indices]] = []
    steps = 0
    while left.any() and len(loss):
        if late():
            return None
        unit = _next(choices, bits, live, np.flatnonzero(left), covered, loss, room)
        order.append(unit)
        left[unit] = False
        here = choices.inside[live, unit]
        options, live = live[here], live[~here]
        settled = (covered[:, unit // 64] >> np.uint64(unit % 64) & np.uint64(1)).astype(bool)
        passed, waiting = np.flatnonzero(settled), np.flatnonzero(~settled)
        fitting = np.searchsorted(choices.loss[options], room - loss[waiting])
        steps += int(fitting.sum())
        if steps > most:
            return None
        parent = np.repeat(waiting, fitting)
        choice = options[np.arange(len(parent)) - np.repeat(np.cumsum(fitting) - fitting, fitting)]
        apart = ~(covered[parent] & bits[choice]).any(axis=1)
        parent, choice = np.r_[passed, parent[apart]], np.r_[np.full(len(passed), none), choice[apart]]
        covered, loss = covered[parent] | bits[choice], loss[parent] + choices.loss[choice]
        surplus = surplus[:, parent] + choices.surplus[:, choice]
        rest = choices.surplus[:, live]
        more, less = np.maximum(rest, 0.0).sum(axis=1), np.minimum(rest, 0.0).sum(axis=1)
        keep = (surplus[0] + more[0] >= -slack) & (surplus[1] + less[1] <= slack) & (surplus[2] + more[2] >= -slack)
        keep &= loss + price * np.maximum(surplus[3] + less[3] - slack, 0.0) < room
        covered, loss, surplus = covered[keep], loss[keep], surplus[:, keep]
        history.append((parent[keep], choice[keep]))
    order += np.flatnonzero(left).tolist()
    at = np.arange(len(loss))
    chosen = []
    for parent, choice in reversed(history):
        chosen.append(choice[at])
        at = parent[at]
    return Covers(order, np.array(chosen, dtype=np.intp).reshape(len(history), len(loss)), steps)


def _next(
    choices: Choices, bits: Words, live: Indices, left: Indices, covered: Words, loss: Floats, room: float
) -> int:
    """The unit after which fewest states are there, judged by some of them."""
    some = np.argsort(loss)[:SAMPLE]  # those that have lost least go on longest
    few = live[:SAMPLED]
    fits = choices.loss[few][None] < (room - loss[some])[:, None]
    for word in range(bits.shape[1]):
        fits &= (covered[some, word][:, None] & bits[few, word][None]) == 0
    count = fits.astype(np.float32) @ choices.inside[np.ix_(few, left)].astype(np.float32)
    settled = (covered[np.ix_(some, left // 64)] >> (left % 64).astype(np.uint64)[None] & np.uint64(1)).astype(bool)
    return int(left[np.where(settled, 1.0, count).sum(axis=0).argmin()])


def _words(inside: Flags) -> Words:
    """Rows of 0 and 1 as bits, 64 to a word."""
    packed = np.packbits(inside, axis=1, bitorder="little")
    wide = np.zeros((len(inside), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    wide[:, : packed.shape[1]] = packed
    return wide.view("<u8").astype(np.uint64)
