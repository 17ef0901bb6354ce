"""Covers in several orders, and split in two: units are settled along the shares at which they lose least.

Groups hold units that lose little at one share. So along these shares, from either end, what lies between the units
that are settled and the others stays narrow. Which end keeps states few differs from district to district, so sweeps go
on in turn. Where none of them ends, a split (60) lets either lose only a part of what there is room for, up to where
the two meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.cep.share_cover import LOW, TIES, Choices, Covers, Priced, Split, Sweep
from fairbound.solvers.cep.share_reprice import Repricing
from fairbound.solvers.checker.cep_cover import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.solvers.cep.share_cells import Box, Cells, Prices
    from fairbound.solvers.cep.share_list import Listed
    from fairbound.solvers.cep.share_master import Master
    from fairbound.solvers.cep.share_members import Indices
    from fairbound.solvers.engines.base import Floats

STEEP = 4.0
"""How steeply a group counts less for the share of its units as it loses more, for all that it may lose."""
ALONE = 20_000
"""States up to which the first of some sweeps goes on by itself: most are done with fewer."""
WHOLE, HALF = 0.75, 0.25
"""Shares of all steps that sweeps of a whole may take together, and one of a split."""


class Orders:
    """Covers of the nodes of one tree.

    Attributes
    ----------
    favoured
        The order that has been done first the last time: few choices first, or by rising or falling shares.
    """

    def __init__(self, cells: Cells, master: Master) -> None:
        self.cells = cells
        self.repricing = Repricing(cells, master)
        self.favoured = 0

    def covers(
        self, box: Box, listed: Listed, prices: Prices, target: float, most: float, late: Callable[[], bool]
    ) -> tuple[Choices, list[Covers]] | None:
        """Every way to settle all units that loses less than there is room for, in one sweep or the two of a split.

        ``None`` if that takes more steps of a replay than ``most``.
        """
        cells, room = self.cells, self.cells.room(prices, target)
        choices = Choices.of(cells, box, prices, listed, room)

        def priced(prices: Prices) -> Priced:
            lost = choices.loss(cells, box, listed, prices)
            return Priced(lost, cells.room(prices, target), float(prices.levels[-1]), prices)

        def reprice(shares: Floats, left: Indices) -> Priced | None:
            groups = np.zeros(len(listed), dtype=bool)
            groups[choices.place[left[choices.place[left] >= 0]]] = True
            better = self.repricing.prices(box, listed.only(groups), shares, late)
            return None if better is None else priced(better)

        self.repricing.begin(listed)
        sweep = Sweep(choices, priced(prices), reprice, cells.pricer.slack(), TIES * abs(target))
        rising = np.argsort(lightest_shares(choices, cells, listed, sweep.priced[0]), kind="stable").tolist()
        orders: list[list[int]] = [[], rising, rising[::-1]]
        sweeps = [sweep.along(order) for order in orders]
        first = sweeps[self.favoured]
        won = race([first, *(each for each in sweeps if each is not first)], WHOLE * most, late)
        if won is not None:
            self.favoured = sweeps.index(won)
            return choices, [won.covers()]
        up, down = (len(each.order) for each in sweeps[1:])
        found = split_covers(sweep, rising, (up + len(rising) - down) // 2, HALF * most, late)
        return None if found is None else (choices, found)


def lightest_shares(choices: Choices, cells: Cells, listed: Listed, first: Priced) -> Floats:
    """Where units lose least: the mean share of the groups of each, those that lose little counting most."""
    middles = (cells.edges[:-1] + cells.edges[1:])[cells.middle] / 2
    groups = np.flatnonzero(choices.place >= 0)
    weight = np.exp(-STEEP * first.loss[groups] / first.room)
    group, unit = np.nonzero(choices.inside[groups])
    mass, at = (np.zeros(choices.inside.shape[1]) for _ in range(2))
    np.add.at(mass, unit, weight[group])
    np.add.at(at, unit, (weight * middles[listed.cell[choices.place[groups]]])[group])
    low = choices.inside[choices.place == LOW].any(axis=0)
    return np.where(mass > 0, at / np.where(mass > 0, mass, 1.0), np.where(low, cells.edges[0], 1.0))


def race(sweeps: list[Sweep], most: float, late: Callable[[], bool]) -> Sweep | None:
    """The one of some sweeps that is done first; ``None`` if they take too long. The one with fewest steps goes on.

    Parameters
    ----------
    sweeps
        The first one goes on alone while it has few states.
    most
        Steps of a replay that they may take together.
    """
    running = list(sweeps)
    while running and not late():
        first = running[0] is sweeps[0] and len(sweeps[0].worth) <= ALONE
        sweep = sweeps[0] if first else min(running, key=lambda each: each.steps)
        before = sum(each.steps for each in sweeps if each is not sweep)
        if not sweep.step(most - before):
            running.remove(sweep)
        elif sweep.done():
            return sweep
    return None


def split_covers(
    sweep: Sweep, order: list[int], cut: int, most: float, late: Callable[[], bool]
) -> list[Covers] | None:
    """Sweeps of the units before a cut and of those after it; the one that does not end gets a smaller part."""
    sides = np.array(order[:cut], dtype=np.intp), np.array(order[cut:], dtype=np.intp)
    parts = PARTS // 2
    for shift in (PARTS // 4, PARTS // 8, 0):
        found = []
        for units, share, along in zip(sides, (parts, PARTS - parts), (order, order[::-1]), strict=True):
            done = race([sweep.along(along, Split(units, share))], most, late)
            found.append(None if done is None else done.covers())
        one, other = found
        if one is not None and other is not None:
            return [one, other]
        if (one is None) == (other is None):
            return None
        parts += shift if other is None else -shift
    return None
