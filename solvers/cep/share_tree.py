"""Branch and price over claim shares: a unit's group has a share below the edge of a cell, or not.

Each node proves prices (``share_cells``) by column generation between the best prices that hold and those
of the master LP (in-out separation, Ben-Ameur and Neto 2007), leaves out what no better grouping can use,
and is closed once the sum of its prices is at most the target, or a look at every grouping that is left has shown
none worth more (``share_cover``). What such a look leaves open is searched with strips of fewer cells.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.cep.share_branch import Branch, Mixture, widest
from fairbound.solvers.cep.share_list import traits
from fairbound.solvers.cep.share_members import Members
from fairbound.solvers.cep.share_node import Cover, Node
from fairbound.solvers.cep.share_orders import Orders
from fairbound.solvers.cep.share_reprice import ADDED, ADDED_PER_UNIT
from fairbound.solvers.cep.share_rest import Rest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from fractions import Fraction

    from fairbound.solvers.cep.share_cells import Box, Cells, Flags, Prices
    from fairbound.solvers.cep.share_list import Listed
    from fairbound.solvers.cep.share_master import Master, Optimum
    from fairbound.solvers.cep.share_pricing import Found

ROUNDS = 150
"""Rounds of column generation at one node."""
NEAR = 0.1
"""A node's prices are near enough to its LP if they differ by this share of what is left to the target."""
HOLD, LOOSER = 0.05, 3.0
"""Prices may fall at first by this share of what is left to the target, and then by so many times more."""
SEARCH_WIDTH, PROOF_WIDTH = 1_500, 60_000
LIST_AGAIN, FEWER = 0.92, 0.7
"""Groups are listed, if they were too many, once the prices exceed the target by so much less, or pairs are fewer."""
COVER_AGAIN, POWER = 0.85, 6
"""A cover is tried, if one took too long, once the prices exceed the target by so much less, or groups are fewer; and
the power of this excess with which its steps grow, so that what would take too long is not tried."""
SMALLER = 0.1
"""Share of the steps of a root's list or cover that one of another node may take: there are many."""
MOST_COLUMNS, COLUMNS_PER_UNIT = 600, 8
"""Groups that the master holds at most; half of them stay when it is purged."""
MOST_APART, APART_NODES = 60, 30
"""Groupings that a cover may leave, and nodes that one of them is searched for at a time."""


@dataclass
class Tree:
    """The search.

    Parameters
    ----------
    target
        The value that nodes must not exceed; it may rise while the search runs.
    meet
        Is shown a node's prices, and a grouping near the LP's mixture, as ``offer`` is; may raise the target.
    report
        Is told the bound whenever it falls.
    offer
        Is shown a grouping: of every unit the first of its group, or its strip, or that it is out (``share_cover``).
    finer
        Cells with shorter strips, and their masters, for what covers leave open.
    first
        Whether to stop where the groups of the root are too many to list: ``overfull`` then.
    exact
        The target, if the last groupings are to be compared with it exactly.
    refused, uncovered
        What prices exceeded the target by where groups were too many to list, with how many pairs of unit and middle
        cell; and where a cover took or would take too long, of how many groups.
    most_listed, most_covered
        Steps that a list may cost, and a cover of the root; a replay does them again.
    """

    cells: Cells
    master: Master
    root: Node
    target: Callable[[], float]
    meet: Callable[[Prices, list[int]], None]
    report: Callable[[float], None]
    late: Callable[[], bool]
    offer: Callable[[list[int]], object]
    finer: tuple[tuple[Cells, Master], ...] = ()
    first: bool = False
    exact: Callable[[], Fraction] | None = None
    most_listed: float = np.inf
    most_covered: float = np.inf
    refused: list[tuple[float, int]] = field(default_factory=list)
    uncovered: list[tuple[float, int]] = field(default_factory=list)
    nodes: int = field(init=False, default=0)
    work: int = field(init=False, default=0)
    bound: float = field(init=False, default=np.inf)
    stuck: bool = field(init=False, default=False)
    """Whether nothing is left to branch on: every unit has one cell, and mixes within it."""
    overfull: bool = field(init=False, default=False)
    open: list[tuple[float, int, Node]] = field(init=False, default_factory=list)
    orders: Orders | None = field(init=False, default=None)
    _counter: Iterator[int] = field(init=False, default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._push([self.root])

    def _push(self, nodes: list[Node]) -> None:
        for node in nodes:
            heapq.heappush(self.open, (-node.bound(), next(self._counter), node))

    def run(self, most: float = np.inf) -> bool:
        """Search until nothing is open, or for so many nodes; whether it ended. ``bound`` holds either way.

        A second call goes on where the first has stopped.
        """
        began = self.nodes
        while self.open:
            self.bound = max(-self.open[0][0], self.target())
            self.report(self.bound)
            if -self.open[0][0] <= self.target():
                break
            if self.late() or self.stuck or self.overfull or self.nodes - began >= most:
                return False
            _, _, node = heapq.heappop(self.open)
            children = self._process(node)
            self._push([node] if children is None else children)
        self.bound = self.target()
        self.report(self.bound)
        return True

    def _process(self, node: Node) -> list[Node] | None:
        """Price a node; its children, none if it is closed, ``None`` if it stays open itself."""
        if node.apart:
            return self._finer(node)
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
        self.meet(node.prices, Mixture(self.cells, self.master, optimum).rounded(node.box.must))
        if node.prices.bound <= self.target():
            return self._close(node)
        self._list(node)
        if node.prices.bound <= self.target():
            return self._close(node)
        if self._covered(node):
            return node.children
        if self.first and node is self.root:
            self.overfull = True
            return None
        if self.stuck:  # a cover has left what nothing finer tells apart
            return None
        return self._split(node, optimum)

    def _finer(self, node: Node) -> list[Node] | None:
        """Search a part that a cover has left open, with strips of fewer cells; none if that closes it."""
        if node.sub is None:
            (cells, master), *rest = self.finer
            part = replace(self, cells=cells, master=master, root=node, report=_unsaid, finer=tuple(rest))
            part.first, part.refused, part.uncovered = False, [], []
            node.sub = part
        sub = node.sub
        self.nodes, self.work = self.nodes - sub.nodes, self.work - sub.work
        node.apart = False
        done = sub.run(APART_NODES)
        node.apart = not done
        self.nodes, self.work = self.nodes + sub.nodes, self.work + sub.work
        self.stuck = sub.stuck
        return [] if done else None

    def _covered(self, node: Node) -> bool:
        """Whether a look at every grouping that is left closes a node."""
        if node.listed is None:
            return False
        assert node.box is not None
        cells, box, listed, prices = self.cells, node.box, node.listed, node.prices
        target = self.target()
        room = cells.room(prices, target)
        if any(room > COVER_AGAIN * more and len(listed) > FEWER * most for more, most in self.uncovered):
            return False
        self.orders = self.orders or Orders(cells, self.master)
        most = self.most_covered if node is self.root else SMALLER * self.most_covered
        found = self.orders.covers(box, listed, prices, target, most, self.late)
        if found is None:
            self.uncovered.append((room, len(listed)))
            return False
        choices, swept = found
        covers: list[Cover] = []
        children: list[Node] = []
        for each in swept:
            rest = Rest(cells, box, listed, choices, each.chosen)
            levels = rest.close(self.master, prices.levels, self.target, self.offer)
            divisors: set[int] = set()
            if self.exact is not None:
                zeros, divisors = rest.settle(self.exact())
                levels += zeros
                self.stuck |= len(rest) > 0 and not self.finer
            if len(rest) > (MOST_APART if self.finer else 0):
                return False
            left = range(len(rest))
            keys = [rest.key(i) for i in left]
            covers.append(Cover(each.order, each.further, each.by, levels, keys, divisors, each.split))
            children += [rest.part(i, prices, self.finer[0][0]) for i in left]
        steps = sum(each.steps for each in swept)
        if node is self.root:
            self.uncovered.append((room * (most / max(steps, 1)) ** (1 / POWER) / COVER_AGAIN, len(listed)))
        self._prove(node)
        node.covers, node.children = covers, children
        node.box = node.listed = None
        self.work += steps + len(children) * len(cells.exact) * 2
        return True

    def narrow(self, node: Node) -> int:
        """Leave out of a node's box what its prices rule out; how many pairs that are."""
        assert node.box is not None
        if not node.priced():
            return 0
        narrowed, listed = self.cells.narrowed(node.box, node.prices, self.target(), node.listed)
        fewer = int(node.box.allowed.sum() - narrowed.allowed.sum())
        shorter = listed is not None and node.listed is not None and len(listed) < len(node.listed)
        if not node.work and (fewer or shorter or (narrowed.must != node.box.must).any()):
            node.proofs.append(node.prices)  # those of the node above, or a second time: the box has become smaller
        node.box, node.listed, node.work = narrowed, listed, 0  # later prices need not hold in what is left out here
        return fewer

    def _list(self, node: Node) -> None:
        """List the groups of the middle for the nodes below, if there are not too many."""
        assert node.box is not None
        if node.listed is not None or not node.priced():
            return
        room, pairs = node.prices.bound - self.target(), int(node.box.allowed[self.cells.middle].sum())
        if any(room > LIST_AGAIN * more and pairs > FEWER * most for more, most in self.refused):
            return
        most = self.most_listed if node is self.root else SMALLER * self.most_listed
        listed = node.listed = self.cells.listed(node.box, node.prices, self.target(), self.late, most)
        if listed is None:
            self.refused.append((room, pairs))
            return
        node.lists = listed.run
        self._prove(node)
        self.work += listed.steps + listed.run * len(listed)

    def _prove(self, node: Node) -> None:
        """State the prices of a node as its last proof, on which the next step rests."""
        if not node.proofs or node.proofs[-1] is not node.prices:
            node.proofs.append(node.prices)
            self.work += self._pairs(node)

    def _close(self, node: Node) -> list[Node]:
        node.closed, node.box, node.listed = True, None, None
        return []

    def _wanted(self, box: Box, listed: Listed | None) -> Flags:
        """Columns that a box allows."""
        master = self.master
        pairs = master.unit >= 0
        wanted = np.zeros(len(master.unit), dtype=bool)
        wanted[pairs] = self.cells.levels_allowed(box)[master.level[pairs], master.unit[pairs]]
        groups = np.flatnonzero(~pairs)
        wanted[groups] = ~(master.inside[groups] & ~box.allowed[master.cell[groups]]).any(axis=1)
        if listed is not None:
            wanted[groups] &= listed.holds(master.code[groups])
        return wanted

    def _generate(self, node: Node) -> Optimum | None:
        """Column generation: lowers the node's prices; the last optimum of the LP.

        Prices are held near the best that hold, and the hold is loosened whenever the LP presses on it.
        """
        master, box = self.master, node.box
        assert box is not None
        master.restrict(self._wanted(box, node.listed), box.must)
        inner, levels = self.cells.repaired(node.prices.units, node.prices.levels, box)
        hold = HOLD * max(node.prices.bound - self.target(), 0.0)
        master.hold(inner - hold)
        step, optimum, stuck, wide = 0.5, None, 0, False
        for _ in range(ROUNDS):
            optimum = None if self.late() else master.solve()
            if optimum is None or node.prices.bound <= self.target():
                break
            left = node.prices.bound - max(optimum.value, self.target())
            if left <= NEAR * max(optimum.value - self.target(), 0.0) and node.priced():
                if optimum.held < 1e-6:
                    break
                hold *= LOOSER
                master.hold(inner - hold)
                continue
            units, lam = inner + step * (optimum.prices - inner), levels + step * (optimum.lam - levels)
            units, lam = self.cells.repaired(units, lam, box)
            # A group above the cut by less than the prices are rounded up is none.
            width, cut = PROOF_WIDTH if wide else SEARCH_WIDTH, float(self.cells.step) / 2
            if node.listed is None:
                multipliers, found = self.cells.search(units, box, self.late, width, cut)
            else:
                multipliers, found = np.zeros(0), node.listed.search(units, cut)
            added = self.add(found)
            if not added and not len(found.excess) and found.proven.all():
                stuck, step = 0, min(0.95, 1.3 * step)
                inner, levels = units, lam
                self._lower(node, self.cells.prices(units, lam, multipliers), self._pairs(node) + found.steps)
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

    def _pairs(self, node: Node) -> int:
        """Pairs of unit and cell that a replay of prices looks at: those of the strips where groups are listed."""
        assert node.box is not None
        return int((node.box.allowed if node.listed is None else node.box.allowed[self.cells.sides]).sum())

    def _lower(self, node: Node, prices: Prices, work: int) -> None:
        """Take prices that were proven in a node, if they are lower, or its first ones."""
        if prices.bound < node.prices.bound or not node.priced():
            # Prices that nothing was left out by are not needed any more.
            if node.work:
                node.proofs.pop()
            node.proofs.append(prices)
            node.prices = prices
            self.work += work - node.work
            node.work = work

    def add(self, found: Found, most: int = ADDED, same: int = ADDED_PER_UNIT) -> int:
        """Columns for the best of the groups found, not too many with the same unit."""
        best = found.best(most, same)
        inside = found.inside[best]
        worth = self.cells.pricer.worth(Members.of(inside))
        return self.master.add_groups(inside, worth, self.cells.middle[found.cell[best]])

    def _purge(self, prices: Prices, optimum: Optimum) -> Optimum:
        """Take out the groups that lose most, where columns have become many."""
        master, most = self.master, MOST_COLUMNS + COLUMNS_PER_UNIT * len(self.cells.units)
        groups = np.flatnonzero(master.unit < 0)
        if len(groups) <= most:
            return optimum
        excess = self.cells.pricer.excess(Members.of(master.inside[groups]), prices.units)
        excess[optimum.weights[groups] > 0] = np.inf
        keep = np.ones(len(master.unit), dtype=bool)
        keep[groups[np.argsort(-excess, kind="stable")[most // 2 :]]] = False
        master.purge(keep)
        return replace(optimum, weights=optimum.weights[keep])

    def _split(self, node: Node, optimum: Optimum | None) -> list[Node] | None:
        """Two children, by the branch that lowers the LP most."""
        assert node.box is not None
        node.branch = self._branch(node.box, node.listed, optimum)
        if node.branch is None:
            self.stuck = True
            return None
        prices = node.prices if node.listed is None else replace(node.prices, cells=np.zeros(0))
        parts = node.branch.parts(node.box, node.listed, self.cells)
        node.children = [Node(box, prices, listed=listed) for box, listed in parts]
        node.box = node.listed = None
        return node.children

    def _branch(self, box: Box, listed: Listed | None, optimum: Optimum | None) -> Branch | None:
        """Of some candidates the one whose two LPs fall most."""
        if optimum is None:
            return widest(box)
        mixture = Mixture(self.cells, self.master, optimum)
        candidates = list(mixture.shares())
        if listed is not None:
            candidates += [*mixture.traits(listed), *mixture.together()]
        best, chosen = 0.0, None
        limit = max(optimum.value - self.target(), 1e-9)
        master = self.master
        every, groups = self._wanted(box, listed), master.unit < 0
        pairs, inside = ~groups, master.inside[groups]
        known = traits(Members.of(inside), self.cells.arrays)
        for branch in candidates:
            gain = 1.0
            parts = branch.boxes(box, self.cells), branch.groups(inside, known)
            for part, kept in zip(*parts, strict=True):
                wanted = every.copy()  # a branch changes where its unit may be, and in the middle no other's place
                wanted[pairs] &= self.cells.levels_allowed(part)[master.level[pairs], master.unit[pairs]]
                there = part.allowed[:, branch.unit][master.cell[groups]]
                wanted[groups] &= kept & (there | ~inside[:, branch.unit])
                master.restrict(wanted, part.must)
                value = master.value()
                fall = np.inf if value is None else max(optimum.value - value, 0.0)
                gain *= min(fall, limit) / limit + 1e-3
            if gain > best:
                best, chosen = gain, branch
        return widest(box) if chosen is None else chosen


def _unsaid(_bound: float) -> None:
    """A part's bound is not that of the whole."""
