"""Branch and price over claim shares: a unit's group has a share below the edge of a cell, or not.

Each node proves prices (``share_cells``) by column generation between the best prices that hold and those
of the master LP (in-out separation, Ben-Ameur and Neto 2007), leaves out what no better grouping can use,
and is closed once the sum of its prices is at most the target.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.solvers.cep.share_cells import Box, Cells, Flags, Prices
    from fairbound.solvers.cep.share_master import Master, Optimum
    from fairbound.solvers.cep.share_pricing import Found
    from fairbound.solvers.engines.base import Floats

ROUNDS = 150
"""Rounds of column generation at one node."""
NEAR = 0.1
"""A node's prices are near enough to its LP if they differ by this share of what is left to the target."""
HOLD, LOOSER = 0.05, 3.0
"""Prices may fall at first by this share of what is left to the target, and then by so many times more."""
ADDED, ADDED_PER_UNIT = 300, 8
"""Groups that become columns in one round, and those that hold the same unit."""
SEARCH_WIDTH, PROOF_WIDTH = 1_500, 60_000
CANDIDATES = 8
MOST_COLUMNS, COLUMNS_PER_UNIT = 600, 8
"""Groups that the master holds at most; half of them stay when it is purged."""


@dataclass
class Node:
    """A part of the search, the prices that hold in it, and how it was divided."""

    box: Box | None
    prices: Prices
    proofs: list[Prices] = field(default_factory=list)
    """What has been proven here, one after the other: each in the box that those before have left."""
    branch: tuple[int, int] | None = None
    below: Node | None = None
    above: Node | None = None
    closed: bool = False
    work: int = 0
    """Pairs and partial groups that a replay of the prices looks at."""


@dataclass
class Tree:
    """The search.

    Parameters
    ----------
    target
        The value that nodes must not exceed; it may rise while the search runs.
    meet
        Is shown the LP's mixture at every node; may raise the target.
    report
        Is told the bound whenever it falls.
    """

    cells: Cells
    master: Master
    root: Node
    target: Callable[[], float]
    meet: Callable[[Optimum, bool], None]
    report: Callable[[float], None]
    late: Callable[[], bool]
    nodes: int = 0
    work: int = 0
    bound: float = np.inf
    open: list[tuple[float, int, Node]] = field(default_factory=list)

    def run(self) -> bool:
        """Search until nothing is open; whether it ended. ``bound`` holds either way."""
        counter = itertools.count()
        self.open = [(-self.root.prices.bound, next(counter), self.root)]
        while self.open:
            self.bound = max(-self.open[0][0], self.target())
            self.report(self.bound)
            if -self.open[0][0] <= self.target():
                break
            if self.late():
                return False
            _, _, node = self.open[0]
            children = self._process(node)
            if children is None and not self.late():
                return False  # every unit has one cell, and mixes within it: the bound stays where it is
            if children is None:  # stopped on the way
                if node.prices.bound < -self.open[0][0]:
                    heapq.heapreplace(self.open, (-node.prices.bound, next(counter), node))
                continue
            heapq.heappop(self.open)
            for child in children:
                heapq.heappush(self.open, (-child.prices.bound, next(counter), child))
        self.bound = self.target()
        self.report(self.bound)
        return True

    def _process(self, node: Node) -> list[Node] | None:
        """Price a node; its children, none if it is closed, ``None`` if time was over."""
        self.nodes += 1
        assert node.box is not None
        for _ in range(4):
            optimum = self._generate(node)
            if node.prices.bound <= self.target():
                return self._close(node)
            if optimum is None and self.late():
                return None
            fewer = self.narrow(node)
            if node.box.empty():
                return self._close(node)
            if fewer < 0.02 * node.box.allowed.sum():
                break
        if optimum is None:
            return None if self.late() else self._split(node, None)
        optimum = self._purge(node.prices, optimum)
        self.meet(optimum, self.nodes == 1)
        if node.prices.bound <= self.target():
            return self._close(node)
        return self._split(node, optimum)

    def narrow(self, node: Node) -> int:
        """Leave out of a node's box what its prices rule out; how many pairs that are."""
        assert node.box is not None
        narrowed = self.cells.narrowed(node.box, node.prices, self.target())
        fewer = int(node.box.allowed.sum() - narrowed.allowed.sum())
        if not node.work and (fewer or (narrowed.must != node.box.must).any()):
            node.proofs.append(node.prices)  # those of the node above, or a second time: the box has become smaller
        node.box, node.work = narrowed, 0  # later prices need not hold in what is left out here
        return fewer

    def _close(self, node: Node) -> list[Node]:
        node.closed, node.box = True, None
        return []

    def _wanted(self, box: Box) -> Flags:
        """Columns that a box allows."""
        master = self.master
        pairs = master.unit >= 0
        wanted = np.zeros(len(master.unit), dtype=bool)
        wanted[pairs] = self.cells.levels_allowed(box)[master.level[pairs], master.unit[pairs]]
        groups = np.flatnonzero(~pairs)
        wanted[groups] = ~(master.inside[groups] & ~box.allowed[master.cell[groups]]).any(axis=1)
        return wanted

    def _generate(self, node: Node) -> Optimum | None:
        """Column generation: lowers the node's prices; the last optimum of the LP.

        Prices are held near the best that hold, and the hold is loosened whenever the LP presses on it.
        """
        master, box = self.master, node.box
        assert box is not None
        master.restrict(self._wanted(box), box.must)
        inner, levels = self.cells.repaired(node.prices.units, node.prices.levels, box)
        hold = HOLD * max(node.prices.bound - self.target(), 0.0)
        master.hold(inner - hold)
        step, optimum, stuck, wide = 0.5, None, 0, False
        for _ in range(ROUNDS):
            optimum = None if self.late() else master.solve()
            if optimum is None or node.prices.bound <= self.target():
                break
            left = node.prices.bound - max(optimum.value, self.target())
            if left <= NEAR * max(optimum.value - self.target(), 0.0):
                if optimum.held < 1e-6:
                    break
                hold *= LOOSER
                master.hold(inner - hold)
                continue
            units, lam = inner + step * (optimum.prices - inner), levels + step * (optimum.lam - levels)
            units, lam = self.cells.repaired(units, lam, box)
            # A group above the cut by less than the prices are rounded up is none.
            width, cut = PROOF_WIDTH if wide else SEARCH_WIDTH, float(self.cells.step) / 2
            multipliers, found = self.cells.search(units, box, self.late, width, cut)
            added = self.add(found)
            if not added and not len(found.excess) and found.proven.all():
                stuck, step = 0, min(0.95, 1.3 * step)
                inner, levels = units, lam
                self._lower(node, self.cells.prices(units, lam, multipliers), int(box.allowed.sum()) + found.steps)
                master.hold(inner - hold)
            elif added:
                step, wide = max(0.01, step * (0.9 if found.proven.mean() > 0.5 else 0.6)), False
            elif not wide and not found.proven.all():
                wide = True
            elif stuck > 3:
                break
            else:
                stuck, step = stuck + 1, step / 2
        master.hold(None)
        return master.solve() if optimum is not None and optimum.held >= 1e-6 else optimum

    def _lower(self, node: Node, prices: Prices, work: int) -> None:
        """Take prices that were proven in a node, if they are lower."""
        if prices.bound < node.prices.bound:
            # Prices that nothing was left out by are not needed any more.
            if node.work:
                node.proofs.pop()
            node.proofs.append(prices)
            node.prices = prices
            self.work += work - node.work
            node.work = work

    def add(self, found: Found, most: int = ADDED, same: int = ADDED_PER_UNIT) -> int:
        """Columns for the best of the groups found, not too many with the same unit."""
        chosen, held = [], np.zeros(found.inside.shape[1], dtype=int)
        for group in np.argsort(-found.excess, kind="stable")[:20_000].tolist():
            inside = found.inside[group]
            if held[inside].min() < same:
                held[inside] += 1
                chosen.append(group)
                if len(chosen) >= most:
                    break
        if not chosen:
            return 0
        inside = found.inside[chosen]
        return self.master.add_groups(inside, self.cells.pricer.worth(inside), self.cells.middle[found.cell[chosen]])

    def _purge(self, prices: Prices, optimum: Optimum) -> Optimum:
        """Take out the groups that lose most, where columns have become many."""
        master, most = self.master, MOST_COLUMNS + COLUMNS_PER_UNIT * len(self.cells.units)
        groups = np.flatnonzero(master.unit < 0)
        if len(groups) <= most:
            return optimum
        excess = self.cells.pricer.excess(master.inside[groups], prices.units)
        excess[optimum.weights[groups] > 0] = np.inf
        keep = np.ones(len(master.unit), dtype=bool)
        keep[groups[np.argsort(-excess, kind="stable")[most // 2 :]]] = False
        master.purge(keep)
        return replace(optimum, weights=optimum.weights[keep])

    def _shares(self, optimum: Optimum) -> tuple[Floats, Floats]:
        """Mass of each unit (columns) at each edge of the cells, and inside each cell (rows)."""
        master, cells = self.master, self.cells
        used = np.flatnonzero(optimum.weights > 1e-7)
        weights = optimum.weights[used]
        at, inside = (np.zeros((len(cells.edges), len(cells.units))) for _ in range(2))
        pairs = master.unit[used] >= 0
        np.add.at(at, (cells.knots[master.level[used[pairs]]], master.unit[used[pairs]]), weights[pairs])
        for column, weight in zip(used[~pairs], weights[~pairs], strict=True):
            inside[master.cell[column], master.inside[column]] += weight
        return at, inside

    def _split(self, node: Node, optimum: Optimum | None) -> list[Node] | None:
        """Two children, by the branch that lowers the LP most."""
        box = node.box
        assert box is not None
        branch = self._branch(box, optimum)
        if branch is None:
            return None
        node.branch = branch
        node.below, node.above = (Node(part, node.prices) for part in (box.below(*branch), box.above(*branch)))
        node.box = None
        return [node.below, node.above]

    def _branch(self, box: Box, optimum: Optimum | None) -> tuple[int, int] | None:
        """A unit and a cell: of some candidates the one whose two LPs fall most."""
        if optimum is None:
            return self._widest(box)
        at, inside = self._shares(optimum)
        mass = at + inside
        out = np.maximum(1.0 - mass.sum(axis=0), 0.0)
        # Strictly below edge j, and strictly above it: what lies on the edge is on neither side.
        below = out[None] + np.cumsum(mass, axis=0) - mass
        above = np.cumsum((at + inside)[::-1], axis=0)[::-1] - at
        above[0] = 1.0 - out  # in or out
        score = np.minimum(below, above)
        cell = score.argmax(axis=0)
        best = score[cell, np.arange(score.shape[1])]
        candidates = np.argsort(-best, kind="stable")[:CANDIDATES]
        candidates = candidates[best[candidates] > 1e-6]
        if not len(candidates):
            return self._widest(box)
        gains = []
        for unit in candidates.tolist():
            falls = []
            for part in (box.below(unit, int(cell[unit])), box.above(unit, int(cell[unit]))):
                self.master.restrict(self._wanted(part), part.must)
                value = self.master.solve()
                falls.append(np.inf if value is None else max(optimum.value - value.value, 0.0))
            limit = max(optimum.value - self.target(), 1e-9)
            one, two = (min(fall, limit) / limit + 1e-3 for fall in falls)
            gains.append(one * two)
        unit = int(candidates[int(np.argmax(gains))])
        return unit, int(cell[unit])

    def _widest(self, box: Box) -> tuple[int, int] | None:
        """The unit with most cells, halved, or one that may stay out, in or out: where the LP says nothing."""
        count = box.allowed.sum(axis=0)
        unit = int(count.argmax())
        if count[unit] > 1:
            places = np.flatnonzero(box.allowed[:, unit])
            return unit, int(places[len(places) // 2])
        free = np.flatnonzero((count > 0) & ~box.must)
        return (int(free[0]), 0) if len(free) else None
