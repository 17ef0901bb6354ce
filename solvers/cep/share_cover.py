r"""Every grouping that may be worth more than the target, once the groups of the middle are listed.

It loses less than the sum of prices exceeds the target: what its listed groups lose, its units in the strips, its
units outside (56). So units are settled one after the other, each by a listed group, a strip or by staying out, and
what loses too much or leaves the surplus of a strip outside its bounds (57) is dropped. Of states with the same units
settled, and the same of them in either strip, only the one whose groups are worth most goes on: what may follow is the
same. All states go on side by side, in arrays.

The next unit is one that few choices are left for, or the next in some order (``share_orders``). One of two sweeps that
split the units looks at groupings that lose no more than its part within its side, the other at the rest (60).

Prices that are best for all units together are not best for those that are left. So where states become many, other
prices are asked for, by how many states each unit is still open in; all that hold may be used (58).

Most often none remains at the end. What remains says of every unit where it is, and other multipliers of the strips
(22) then show that it is worth no more than the target, or it is a better plan.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.cep.share_halves import paired
from fairbound.solvers.cep.share_members import Members, codes
from fairbound.solvers.checker.cep_cover import CHEAP, MADE, PARTS, PRICED, SPLIT
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fairbound.solvers.cep.share_cells import Box, Cells, Flags, Prices
    from fairbound.solvers.cep.share_list import Listed
    from fairbound.solvers.cep.share_members import Indices
    from fairbound.solvers.engines.base import Floats

Words = NDArray[np.uint64]

SAMPLE, SAMPLED = 48, 12_000
"""States, and choices of least loss, by which the next unit is chosen."""
MANY_STATES, GROWN, OPEN_SAMPLE = 500, 2, 20_000
"""States after which prices are asked for, how many times more there must be than after the last, and by how many."""
MOST_STATES = 800_000
"""States beyond which a search takes too long."""
TOGETHER = 3
"""Prices that are looked at at a time: the last ones."""
TIES = 1e-9
"""Share of the target within which two groupings may be worth the same: both go on."""
LOW, HIGH, OUT = -1, -2, -3
"""Places of a unit that no listed group holds."""


@dataclass(frozen=True)
class Choices:
    """What may become of units; the last one is none and changes nothing.

    Attributes
    ----------
    inside
        Units that each settles (rows: choices).
    place
        Index of a group in the list; or ``LOW``, ``HIGH``, ``OUT`` of a single unit.
    worth
        Of groups of the list; in the strips it depends on the multipliers.
    surplus
        What each adds to the sums of q - t N: of the lower strip at its two edges, of the upper at its two.
    """

    inside: Flags
    place: Indices
    worth: Floats
    surplus: Floats

    @classmethod
    def of(cls, cells: Cells, box: Box, prices: Prices, listed: Listed, room: float) -> Choices:
        """Those that lose less than there is room for."""
        arrays, strip = cells.arrays, cells.strips[0]
        units = np.arange(len(cells.units))
        groups = np.sort(np.unique(listed.code, return_index=True)[1])  # one on an edge lies in two cells
        single = np.eye(len(units), dtype=bool)
        edges = cells.edges[[0, strip, -1 - cells.strips[1], -1]][:, None]
        over = arrays.lifted[None] - edges * arrays.enrolled[None]
        surplus = np.zeros((4, 3 * len(units) + len(groups) + 1))
        surplus[:2, units], surplus[2:, len(units) + units] = over[:2], over[2:]
        every = cls(
            np.vstack([single, single, single, listed.inside[groups], np.zeros((1, len(units)), dtype=bool)]),
            np.r_[np.repeat([LOW, HIGH, OUT], len(units)), groups, OUT],
            np.r_[np.zeros(3 * len(units)), listed.worth[groups], 0.0],
            surplus,
        )
        return every.only(every.loss(cells, box, listed, prices) < room)

    def only(self, keep: Flags) -> Choices:
        """Those that are wanted."""
        return Choices(self.inside[keep], self.place[keep], self.worth[keep], self.surplus[:, keep])

    def __len__(self) -> int:
        """How many there are, but for none."""
        return len(self.place) - 1

    def loss(self, cells: Cells, box: Box, listed: Listed, prices: Prices) -> Floats:
        """What each loses against prices of its units, at least."""
        groups = self.place >= 0
        unit = self.inside.argmax(axis=1)
        lost = prices.units[unit] - self.most(cells, box, prices.levels)
        lost[groups] = -listed.excess(prices.units)[self.place[groups]]
        lost[(self.place == OUT) & box.must[unit]] = np.inf
        lost[-1] = 0.0
        return np.asarray(lost)

    def most(self, cells: Cells, box: Box, levels: Floats) -> Floats:
        """The most that each is worth at some multipliers of the strips' levels."""
        best = np.where(box.allowed[cells.sides], cells.strip_worth(levels), -np.inf)
        unit, strip = self.inside.argmax(axis=1), cells.strips[0]
        low, high = (side.max(axis=0, initial=-np.inf)[unit] for side in np.split(best, [strip]))
        return np.asarray(np.where(self.place == HIGH, high, np.where(self.place == LOW, low, self.worth)))


@dataclass(frozen=True)
class Priced:
    """What choices lose against some prices.

    Attributes
    ----------
    loss
        Of each choice, 0 or more.
    room
        What a grouping worth more than the target loses less than.
    price
        Of the upper strip's surplus over full funding.
    prices
        The prices themselves; none of a split.
    """

    loss: Floats
    room: float
    price: float
    prices: Prices | None = None


@dataclass(frozen=True)
class Covers:
    """What a search has left.

    Attributes
    ----------
    order
        Units in the order in which they were settled.
    by
        For each of them the prices that were looked at, by number: choices were taken by what they lose at the first.
    further
        Those prices, but for the first.
    chosen
        Choices that make up each grouping that is left (columns), those of a unit that was settled before being none.
    steps
        What a replay costs.
    split
        The side of a split that it has looked at.
    """

    order: list[int]
    by: list[list[int]]
    further: list[Prices]
    chosen: Indices
    steps: int
    split: Split | None


@dataclass(frozen=True)
class Split:
    """Some units, and how many parts in ``PARTS`` of a loss are theirs."""

    units: Indices
    parts: int

    def priced(self, choices: Choices, first: Priced) -> Priced:
        """What choices lose in it: all within its units, and the part of what they lose that is across them (60)."""
        inside = np.zeros(choices.inside.shape[1], dtype=bool)
        inside[self.units] = True
        touches, leaves = (choices.inside[:, side].any(axis=1) for side in (inside, ~inside))
        weight = np.where(touches, np.where(leaves, self.parts, PARTS), 0)
        return Priced(weight * first.loss, self.parts * first.room, 0.0)


class Sweep:
    """Settles one unit after the other.

    Parameters
    ----------
    reprice
        Is told the share of states in which each unit is not settled, in the lower strip and in the upper (rows), and
        which choices are left; may say what choices lose at prices that hold for these and are better.
    slack
        What sums of students may err by.
    ties
        Groupings whose worth differs by so much may be worth the same.
    """

    def __init__(
        self,
        choices: Choices,
        first: Priced,
        reprice: Callable[[Floats, Indices], Priced | None],
        slack: float,
        ties: float,
    ) -> None:
        self.choices, self.reprice, self.slack, self.ties = choices, reprice, slack, ties
        self.priced = {0: first}
        self.bits = _words(choices.inside)
        self.sides = np.stack(
            [np.where((choices.place == side)[:, None], self.bits, np.uint64(0)) for side in (LOW, HIGH)]
        )
        low, high = np.random.default_rng(1).integers(2**63, size=(2, choices.inside.shape[1]), dtype=np.uint64)
        unit = choices.inside.argmax(axis=1)
        strip = np.where(choices.place == LOW, low[unit], np.where(choices.place == HIGH, high[unit], np.uint64(0)))
        # Tells states apart by a chance of 1 in 1e10.
        self.code = codes(Members.of(choices.inside), choices.inside.shape[1]) + strip
        self.singles = np.flatnonzero(choices.place[:-1] < 0)
        self.single_unit = unit[self.singles]
        self.live = np.argsort(first.loss[:-1], kind="stable")
        self.left = np.ones(choices.inside.shape[1], dtype=bool)
        self.covered, self.strips = np.zeros((1, self.bits.shape[1]), dtype=np.uint64), self.sides[:, -1:]
        self.worth, self.codes, self.surplus = np.zeros(1), np.zeros(1, dtype=np.uint64), np.zeros((4, 1))
        self.lost = {0: np.zeros(1)}
        self.order: list[int] = []
        self.by: list[list[int]] = []
        self.history: list[tuple[Indices, Indices]] = []
        self.planned: list[int] = []
        self.split: Split | None = None
        self.steps = self.priced_at = 0

    def along(self, order: list[int], split: Split | None = None) -> Sweep:
        """Another one that has settled nothing yet either, and goes along an order; of one part of a split."""
        other = copy.copy(self)
        other.left, other.lost, other.priced = self.left.copy(), dict(self.lost), dict(self.priced)
        other.order, other.by, other.history, other.planned = [], [], [], order
        other.split = split
        if split is not None:
            other.priced[SPLIT] = split.priced(self.choices, self.priced[0])
            other.lost[SPLIT] = np.zeros(1)
        return other

    def done(self) -> bool:
        """Whether there is nothing left to settle, or no way to."""
        return not (self.left.any() and len(self.worth))

    def step(self, most: float) -> bool:
        """Settle the next unit; not if it takes too long."""
        if not self._settle(self._next(), most) or len(self.worth) > MOST_STATES:
            return False
        if self.left.any() and len(self.worth) > max(MANY_STATES, GROWN * self.priced_at):
            self._reprice()
        return True

    def covers(self) -> Covers:
        """What it has left, once it is done."""
        at = np.arange(len(self.worth))
        chosen = []
        for parent, choice in reversed(self.history):
            chosen.append(choice[at])
            at = parent[at]
        rest = np.flatnonzero(self.left).tolist()
        left = np.array(chosen, dtype=np.intp).reshape(len(self.history), len(self.worth))
        last = sorted(self.lost, reverse=True)  # they may have closed what was left
        further = [priced.prices for number, priced in self.priced.items() if number > 0 and priced.prices is not None]
        return Covers([*self.order, *rest], [*self.by, *(last for _ in rest)], further, left, self.steps, self.split)

    def _next(self) -> int:
        """The next one in the order, or the one after which fewest states are there, judged by some of them."""
        if self.planned:
            return next(unit for unit in self.planned if self.left[unit])
        choices, left, newest = self.choices, np.flatnonzero(self.left), max(self.lost)
        lost, priced = self.lost[newest], self.priced[newest]
        some = np.argsort(lost)[:SAMPLE]  # those that have lost least go on longest
        few = self.live[:SAMPLED]
        fits = priced.loss[few][None] < (priced.room - lost[some])[:, None]
        for word in range(self.bits.shape[1]):
            fits &= (self.covered[some, word][:, None] & self.bits[few, word][None]) == 0
        # A choice fits no state that has one of its units, so where a unit is settled only 1 is counted.
        count = fits.sum(axis=0, dtype=np.float32) @ choices.inside[few].astype(np.float32)
        count += _has(self.covered[some], np.arange(len(count))).sum(axis=0)
        return int(left[count[left].argmin()])

    def _settle(self, unit: int, most: float) -> bool:
        """Settle a unit in every state; not if that takes too many steps."""
        here = self.choices.inside[self.live, unit]
        options, self.live = self.live[here], self.live[~here]
        self.left[unit] = False
        settled = _has(self.covered, np.array([unit]))[:, 0]
        passed, waiting = np.flatnonzero(settled), np.flatnonzero(~settled)
        ways = {}
        for number, lost in self.lost.items():
            loss, room = self.priced[number].loss[options], self.priced[number].room
            order = np.argsort(loss, kind="stable")
            ways[number] = order, np.searchsorted(loss[order], room - lost[waiting])
        first = min(ways, key=lambda number: int(ways[number][1].sum()))
        order, fitting = ways[first]
        self.order.append(unit)
        self.by.append([first, *(number for number in self.lost if number != first)])
        self.steps += int(fitting.sum()) // CHEAP
        if self.steps > most:
            return False
        none = len(self.choices)
        parents, made = [passed], [np.full(len(passed), none)]
        for parent, choice in self._fitting(waiting, options[order], fitting):
            parents.append(parent)
            made.append(choice)
        self._grow(np.concatenate(parents), np.concatenate(made))
        self._keep(self._open())
        self._merge()
        return True

    def _fitting(self, waiting: Indices, options: Indices, fitting: Indices) -> Iterator[tuple[Indices, Indices]]:
        """States and choices that are apart and lose no more than there is room for, some at a time."""
        for parent, place in paired(waiting, np.zeros_like(fitting), fitting):
            choice = options[place]
            apart = np.ones(len(parent), dtype=bool)
            for word in range(self.bits.shape[1]):
                apart &= (self.covered[parent, word] & self.bits[choice, word]) == 0
            parent, choice = parent[apart], choice[apart]
            self.steps += MADE * len(parent)
            for number, lost in self.lost.items():
                fits = lost[parent] + self.priced[number].loss[choice] < self.priced[number].room
                parent, choice = parent[fits], choice[fits]
            yield parent, choice

    def _grow(self, parent: Indices, choice: Indices) -> None:
        """Take these states, each with a choice, instead of those so far."""
        self.covered = self.covered[parent] | self.bits[choice]
        self.strips = self.strips[:, parent] | self.sides[:, choice]
        self.worth = self.worth[parent] + self.choices.worth[choice]
        self.codes = self.codes[parent] + self.code[choice]
        self.surplus = self.surplus[:, parent] + self.choices.surplus[:, choice]
        self.lost = {number: lost[parent] + self.priced[number].loss[choice] for number, lost in self.lost.items()}
        self.history.append((parent, choice))

    def _keep(self, keep: Flags | Indices) -> None:
        """Only some of the states."""
        self.covered, self.strips, self.worth = self.covered[keep], self.strips[:, keep], self.worth[keep]
        self.codes, self.surplus = self.codes[keep], self.surplus[:, keep]
        self.lost = {number: lost[keep] for number, lost in self.lost.items()}
        parent, choice = self.history[-1]
        self.history[-1] = parent[keep], choice[keep]

    def _open(self) -> Flags:
        """States whose strips can still balance."""
        rest = self.choices.surplus[:, self.singles[self.left[self.single_unit]]]
        more, less = np.maximum(rest, 0.0).sum(axis=1), np.minimum(rest, 0.0).sum(axis=1)
        surplus, slack = self.surplus, self.slack
        keep = (surplus[0] + more[0] >= -slack) & (surplus[1] + less[1] <= slack) & (surplus[2] + more[2] >= -slack)
        over = np.maximum(surplus[3] + less[3] - slack, 0.0)
        for number, lost in self.lost.items():
            keep &= lost + self.priced[number].price * over < self.priced[number].room
        return np.asarray(keep)

    def _merge(self) -> None:
        """Of states with the same units settled, and the same in either strip, those worth most.

        Of a split also those that lose less in it than all that are worth more.
        """
        split = self.lost.get(SPLIT, np.zeros(len(self.worth)))
        order = np.lexsort((split, -self.worth, self.codes))
        code, worth, split = self.codes[order], self.worth[order], split[order]
        first = np.r_[True, code[1:] != code[:-1]][: len(code)]
        tied = np.r_[False, worth[1:] >= worth[:-1] - self.ties][: len(code)]
        # The least of those before, of the same code: codes are put one below the other for it.
        apart = np.cumsum(first) * (split.max(initial=0.0) + 1.0)
        least = np.r_[np.inf, np.minimum.accumulate(split - apart)[:-1]][: len(code)]
        self._keep(np.sort(order[first | tied | (split - apart < least)]))

    def _reprice(self) -> None:
        """Ask for prices that are better for these states, and drop those that lose too much at them."""
        some = np.linspace(0, len(self.worth) - 1, min(len(self.worth), OPEN_SAMPLE)).astype(int)
        settled = np.stack([self.covered, *self.strips])[:, some]
        shares = np.stack([_has(words, np.arange(len(self.left))).mean(axis=0) for words in settled])
        shares[0] = 1.0 - shares[0]
        priced = self.reprice(shares, self.live)
        self.priced_at = len(self.worth)
        if priced is None:
            return
        number = max(self.priced) + 1
        self.priced[number] = priced
        self.steps += 2 * MADE * len(self.worth) + PRICED * len(self.live)
        at, lost = np.arange(len(self.worth)), np.zeros(len(self.worth))
        for parent, choice in reversed(self.history):
            lost += priced.loss[choice[at]]
            at = parent[at]
        self.lost[number] = lost
        self._keep(lost < priced.room)
        looked = [each for each in self.lost if each != SPLIT]
        if len(looked) > TOGETHER:
            del self.lost[min(looked)]
        self.priced_at = len(self.worth)
        # What loses more than any state may does so in all that become of these states.
        most = priced.room - self.lost[number].min(initial=priced.room)
        self.live = self.live[priced.loss[self.live] < most]
        self.live = self.live[np.argsort(priced.loss[self.live], kind="stable")]


def _has(words: Words, units: Indices) -> Flags:
    """Whether states (rows) have units (columns)."""
    return (words[:, units // 64] >> (units % 64).astype(np.uint64)[None] & np.uint64(1)).astype(bool)


def _words(inside: Flags) -> Words:
    """Rows of 0 and 1 as bits, 64 to a word."""
    packed = np.packbits(inside, axis=1, bitorder="little")
    wide = np.zeros((len(inside), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    wide[:, : packed.shape[1]] = packed
    return wide.view("<u8").astype(np.uint64)
