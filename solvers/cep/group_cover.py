r"""The best partition into groups of a pool: branch and bound on the groups' traits.

At every node the set partitioning LP (15) over the groups still allowed gives a bound and prices; a
group whose regret (37) exceeds what the bound has left over the best plan known is dropped. Mixtures
of groups balance in an LP what single groups cannot, so fixing one group or one pair moves the bound
little. What moves it is *what kind* of group covers a unit: its claim share t, its weight per student
b/N, or its surplus over the threshold, sum(q - m tau N). The groups that cover one unit are cut in two
at the mean of the LP's mixture of one of these; else two units are put together or kept apart (Ryan and
Foster, 1981), or one unit in or out. Of these candidates the one that leaves fewest groups is taken.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fairbound.solvers.cep.group_master import Flags, Master
    from fairbound.solvers.engines.base import Floats

Indices = NDArray[np.intp]

STEP = 1e-9
"""Share of the largest worth: a node this little above the best value holds nothing better that floats can tell."""
FIRST, MORE = 200, 100
"""Groups with which an LP begins, and most that are added at a time."""
FRACTION = 1e-6


@dataclass(frozen=True)
class Pool:
    """Groups as rows of 0 and 1 over the units, their worth, and the traits that are branched on."""

    inside: Floats
    worth: Floats
    traits: tuple[Floats, ...]


@dataclass(frozen=True)
class Node:
    """A part of the search: groups and units allowed, the LP's bound, prices and mixture."""

    groups: Indices
    must: Flags
    bound: float
    prices: Floats
    used: Indices
    weights: Floats


class Cover:
    """Branch and bound over a pool.

    Parameters
    ----------
    best
        Value of the best plan known.
    offer
        Takes the groups of a partition and returns the best value known then.
    report
        Is told the bound whenever it falls.
    """

    def __init__(
        self,
        pool: Pool,
        master: Master,
        best: float,
        offer: Callable[[Indices], float],
        report: Callable[[float], None],
        late: Callable[[], bool],
    ) -> None:
        self.pool, self.master, self.best = pool, master, best
        self.offer, self.report, self.late = offer, report, late
        self.step = STEP * max(1.0, float(np.abs(pool.worth).max(initial=0.0)))
        self.nodes = 0
        self.given_up = -np.inf
        """Bound of what could not be searched on; infinite if the engine failed on an LP."""

    def search(self, must: Flags, prices: Floats) -> float:
        """Search; a bound on every partition of the pool's groups: ``best`` if the search ended."""
        root = self._relax(np.arange(len(self.pool.worth)), must, prices)
        numbers = itertools.count()
        open_nodes = [] if root is None else [(-root.bound, next(numbers), root)]
        bound = np.inf
        while open_nodes:
            now = max(-open_nodes[0][0], self.given_up)
            if now < bound:
                bound = now
                self.report(bound)
            if self.late():
                return bound
            _, _, node = heapq.heappop(open_nodes)
            if node.bound <= self._enough():
                continue
            self.nodes += 1
            children = self._branch(node)
            if children is None:
                return bound
            for child in children:
                heapq.heappush(open_nodes, (-child.bound, next(numbers), child))
        return max(self.best, self.given_up)

    def _enough(self) -> float:
        return self.best + self.step

    def _relax(self, groups: Indices, must: Flags, prices: Floats) -> Node | None:
        """The LP over these groups, from prices near its own; ``None`` where nothing better is left."""
        inside, worth = self.pool.inside[groups], self.pool.worth[groups]
        accuracy = 0.01 * self.step
        regrets = inside @ prices - worth
        first = np.argpartition(regrets, FIRST)[:FIRST] if len(groups) > FIRST else np.arange(len(groups))
        known = np.zeros(len(groups), dtype=bool)
        order: list[int] = []
        self.master.clear()
        self.master.restrict(must)
        while True:
            known[first] = True
            order.extend(first.tolist())
            self.master.add(inside[first], worth[first])
            optimum = self.master.solve()
            if optimum is None:
                self.given_up = np.inf
                return None
            prices = optimum.prices
            regrets = inside @ prices - worth
            asked = np.flatnonzero((regrets < -accuracy) & ~known)
            if not len(asked):
                break
            first = asked[np.argpartition(regrets[asked], MORE)[:MORE]] if len(asked) > MORE else asked
        # No regret is below -accuracy, and a partition has at most as many groups as units.
        bound = optimum.value + accuracy * len(must)
        if bound <= self._enough():
            return None
        mixed = optimum.weights > FRACTION
        used, weights = np.array(order, dtype=np.intp)[mixed], optimum.weights[mixed]
        if (weights > 1 - FRACTION).all():
            self.best = self.offer(groups[used])
            if bound > self._enough():
                self.given_up = max(self.given_up, bound)
            return None
        keep = regrets <= bound - self.best + accuracy
        keep[used] = True
        return Node(groups[keep], must, bound, prices, groups[used], weights)

    def _branch(self, node: Node) -> list[Node] | None:
        """Children of the candidate that leaves fewest groups; ``None`` if time ran out."""
        least, chosen = np.inf, None
        for parts in self._candidates(node):
            if self.late():
                return None
            relaxed = [self._relax(node.groups[keep], must, node.prices) for keep, must in parts]
            children = [child for child in relaxed if child is not None]
            left = sum(len(child.groups) for child in children)
            if left < least:
                least, chosen = left, children
            if not children:
                break
        if chosen is None:  # floats see a mixture where there is none to cut
            self.given_up = max(self.given_up, node.bound)
            return []
        return chosen

    def _candidates(self, node: Node) -> Iterator[list[tuple[Flags, Flags]]]:
        """Pairs of parts: which groups stay, which units must be covered."""
        inside = self.pool.inside[node.groups] > 0
        used = self.pool.inside[node.used].astype(float)
        mixture = used * node.weights[:, None]
        covered = mixture.sum(axis=0)
        shares = np.where(covered > FRACTION, covered, 1.0)
        for trait in self.pool.traits:
            value = trait[node.used]
            mean = mixture.T @ value / shares
            spread = np.sqrt(np.maximum(mixture.T @ (value * value) / shares - mean * mean, 0.0)) * (covered > 0.5)
            unit = int(spread.argmax())
            low = trait[node.groups] <= mean[unit]
            holds = inside[:, unit]
            if spread[unit] > 0 and (holds & low).any() and (holds & ~low).any():
                yield [(~(holds & low), node.must), (~(holds & ~low), node.must)]
        pairs = mixture.T @ used
        apart = np.minimum.outer(covered, covered) - pairs
        score = np.triu(np.minimum(pairs, apart), 1)
        one, other = np.unravel_index(int(score.argmax()), score.shape)
        if score[one, other] > FRACTION:
            both, either = inside[:, one] & inside[:, other], inside[:, one] != inside[:, other]
            yield [(~either, node.must), (~both, node.must)]
        doubt = np.where(node.must, 0.0, np.minimum(covered, 1 - covered))
        unit = int(doubt.argmax())
        if doubt[unit] > FRACTION:
            inner = node.must.copy()
            inner[unit] = True
            yield [(~inside[:, unit], node.must), (np.ones(len(inside), dtype=bool), inner)]
