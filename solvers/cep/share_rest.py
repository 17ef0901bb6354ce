"""What a cover leaves: groupings that other multipliers of the strips close, and parts of the search of their own."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.cep.share_cells import Box, Prices
from fairbound.solvers.cep.share_cover import HIGH, LOW, OUT
from fairbound.solvers.cep.share_node import Node
from fairbound.solvers.checker.cep_shares import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.solvers.cep.share_cells import Cells
    from fairbound.solvers.cep.share_cover import Choices
    from fairbound.solvers.cep.share_list import Listed
    from fairbound.solvers.cep.share_master import Master
    from fairbound.solvers.cep.share_members import Indices
    from fairbound.solvers.engines.base import Floats

MOST_LEVELS = 60
"""Multipliers that are tried, one after the other."""
CLOSER = 1e-10
"""A grouping is closed once it is worth so much less than the target, more than floats err."""
TIE, TIE_BITS = Fraction(1, 10**9), 5000
"""More than what a checker rounds up for a unit, and bits of a number that it has the time to reckon with."""


class Rest:
    """Groupings that a cover of a box has left, in floats.

    Parameters
    ----------
    chosen
        Choices that make up each grouping (columns).
    """

    def __init__(self, cells: Cells, box: Box, listed: Listed, choices: Choices, chosen: Indices) -> None:
        self.cells, self.box, self.listed, self.choices, self.chosen = cells, box, listed, choices, chosen

    def close(
        self, master: Master, first: Floats, target: Callable[[], float], offer: Callable[[list[int]], object]
    ) -> list[Floats]:
        """Multipliers of the strips at which no grouping is worth more than the target, but for those that remain.

        Each time those are found that are best for the grouping that is worth most; it is offered as a plan.
        """
        found: list[Floats] = []
        count = self.chosen.shape[1]
        bound, tried = np.full(count, np.inf), np.zeros(count, dtype=bool)
        lam: Floats | None = first if count else None
        while lam is not None and len(found) < MOST_LEVELS:
            found.append(lam)
            bound = np.minimum(bound, self.choices.most(self.cells, self.box, lam)[self.chosen].sum(axis=0))
            more = np.flatnonzero(~tried & (bound > target() * (1 - CLOSER)))
            if not len(more):
                break
            worst = int(more[bound[more].argmax()])
            tried[worst] = True
            offer(self.key(worst))
            lam = self._best(master, worst)
        still = np.flatnonzero(bound > target() * (1 - CLOSER))
        self.chosen = self.chosen[:, [grouping for grouping in still.tolist() if self._possible(grouping)]]
        return found

    def _placed(self, grouping: int) -> dict[int, tuple[Fraction, ...]]:
        """Exact sums over each place of a grouping: N, q, a, b, and the most that t b is in the upper strip."""
        begin = self.cells.exact[-1 - self.cells.strips[1]]
        sums: dict[int, tuple[Fraction, ...]] = {}
        for place, unit in zip(self.key(grouping), self.cells.units, strict=True):
            most = max(unit.slope, begin * unit.slope)
            values = unit.enrolled, unit.lifted, unit.fixed, unit.slope, most
            sums[place] = tuple(x + y for x, y in zip(sums.get(place, (Fraction(0),) * 5), values, strict=True))
        sums.pop(OUT, None)
        return sums

    def _possible(self, grouping: int) -> bool:
        """Whether its groups, and its strips (57), reach their edges exactly: floats let pass what misses by a hair."""
        edges, (lower, upper) = self.cells.exact, self.cells.strips
        for place, (enrolled, lifted, *_) in self._placed(grouping).items():
            if lifted < edges[-1 - upper if place == HIGH else 0] * enrolled:
                return False
            if place == LOW and lifted > edges[lower] * enrolled:
                return False
        return True

    def settle(self, most: Fraction) -> tuple[list[Floats], set[int]]:
        """Close what is exactly worth no more (59): multipliers that show it, and denominators of its groups' shares.

        Without multipliers units in the upper strip are worth what they are at full funding. The lower strip has to be
        empty: strips of fewer cells leave its groups to be true ones.
        """
        divisors: set[int] = set()
        still = np.ones(len(self), dtype=bool)
        for grouping in range(len(self)):
            worth, shares = self._exactly(grouping)
            if worth is None or worth > most:
                continue
            if worth > most - TIE * len(self.cells.units):
                if max(shares, default=1) > LARGEST or lcm(*divisors, *shares).bit_length() > TIE_BITS:
                    continue
                divisors |= shares
            still[grouping] = False
        self.chosen = self.chosen[:, still]
        return ([] if still.all() else [np.zeros(len(self.cells.knots))]), divisors

    def _exactly(self, grouping: int) -> tuple[Fraction | None, set[int]]:
        """The most that a grouping is worth without multipliers, and the denominators of its groups' shares."""
        worth, shares = Fraction(0), set[int]()
        for place, (enrolled, lifted, fixed, slope, most) in self._placed(grouping).items():
            if place == LOW:
                return None, set()
            if place != HIGH:
                most = slope * lifted / enrolled
                shares |= {(lifted / enrolled).denominator} if slope else set()
            worth += fixed + most
        return worth, shares

    def __len__(self) -> int:
        return int(self.chosen.shape[1])

    def _best(self, master: Master, grouping: int) -> Floats | None:
        """The best multipliers for what a grouping has in the strips."""
        place = np.array(self.key(grouping))
        pairs = np.flatnonzero(master.unit >= 0)
        side = np.where(master.level[pairs] > self.cells.strips[0], HIGH, LOW)
        wanted = np.zeros(len(master.unit), dtype=bool)
        wanted[pairs] = place[master.unit[pairs]] == side
        master.restrict(wanted, (place == LOW) | (place == HIGH))
        optimum = master.solve()
        return None if optimum is None else self.cells.rounded(optimum.lam)

    def key(self, grouping: int) -> list[int]:
        """Of every unit the first of its group, or ``LOW``, ``HIGH``, ``OUT``."""
        key = np.full(len(self.cells.units), OUT)
        for choice in self.chosen[:, grouping].tolist():
            inside, place = self.choices.inside[choice], self.choices.place[choice]
            if inside.any():
                key[inside] = inside.argmax() if place >= 0 else place
        return [int(place) for place in key]

    def part(self, grouping: int, prices: Prices, finer: Cells) -> Node:
        """The part of the box in which every unit is where a grouping has it, for strips of fewer cells."""
        cells, box, listed = self.cells, self.box, self.listed
        allowed, must = np.zeros_like(box.allowed), box.must.copy()
        lower, upper = np.split(cells.sides, [cells.strips[0]])
        for choice in self.chosen[:, grouping].tolist():
            place, units = int(self.choices.place[choice]), np.flatnonzero(self.choices.inside[choice])
            if place == OUT:
                continue
            # A group on an edge lies in two cells.
            held = (
                cells.middle[listed.cell[listed.code == listed.code[place]]] if place >= 0 else np.zeros(0, dtype=int)
            )
            here = np.ix_(held if place >= 0 else lower if place == LOW else upper, units)
            allowed[here] = box.allowed[here]
            must[units] = True
        levels = prices.levels[np.isin(cells.knots, finer.knots)]
        return Node(Box(allowed, must), Prices(prices.units, levels, np.zeros(0), finer.strips), apart=True)
