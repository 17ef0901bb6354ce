"""Bounds of the claim-share search that a replay has confirmed, and the time that replays take.

The checker repeats in whole numbers what a tree has proven, which may take longer than the search. So the search stops
in time for its replay, proves what it has before it goes on for long, and stops a replay at its limit.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.solvers.cep.share_certificate import FORMAT, certificate_json
from fairbound.solvers.checker import cep_shares as checker
from fairbound.solvers.core.bound import Basis, Bound

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.solvers.cep.plan_search import PlanSearch
    from fairbound.solvers.cep.share_cells import Cells
    from fairbound.solvers.cep.share_node import Node
    from fairbound.solvers.cep.share_tree import Tree

SECONDS = 120.0
"""Time of the search where no limit is given."""
RESERVE = 0.5
"""Seconds of the limit that are kept for the answer."""
REPLAYED = 700_000
"""Steps of work that the checker does in a second, at least."""
TOLD, SLOWER = 0.5, 0.8
"""Seconds of a replay that tell how fast the checker is, and the share of that speed that is counted on."""
REHEARSED, REHEARSED_POWER, LEAST_LEFT = 2.0, 3, 0.2
"""How much longer the next replay may take than the last, the power of the room with which it grows, and the share
of the time that must be left for another one."""
SECURED = 0.2
"""Share of the time that the replay of a bound may take, if another search follows."""
HOPE = 2.0
"""How much longer than what is left a replay may be thought to take that is tried at the end: it is stopped in time."""

Proof = tuple[Bound, dict[str, Any]]


class Replays:
    """What has been proven of an instance, by trees over some cells.

    Attributes
    ----------
    until
        Seconds of the search at which all must be proven.
    best, kept
        The least bound that a tree has reached, with its root; and what a replay of it costs, 0 if it is proven.
    proof
        The least bound that is proven, with its certificate.
    early
        Whether a replay was stopped.
    speed
        Steps that the checker does in a second of a machine without load.
    rehearsed
        Seconds of the present tree's last replay, its work then, and what its first prices exceeded the bound by.
    """

    def __init__(self, search: PlanSearch, cells: Cells) -> None:
        self.search, self.cells = search, cells
        limit = search.settings.time_limit
        self.until = search.seconds() + SECONDS if limit is None else limit - RESERVE
        self.best: tuple[Fraction, Node] | None = None
        self.kept = 0
        self.proof: Proof | None = None
        self.early = False
        self.speed: float = REPLAYED
        self.rehearsed: tuple[float, int, float] | None = None

    def late(self, tree: Tree | None) -> bool:
        """Whether a tree must stop, so that its replay, or that of the best one, ends in time."""
        return self.search.seconds() + self._seconds(tree) > self.until

    def _seconds(self, tree: Tree | None) -> float:
        """What a replay takes, at most: of a tree that is not done less than of all its work.

        What lists and covers cost falls steeply with what prices exceed the bound by, so the cost of the last
        replay says more, once there is one.
        """
        work = max(self.kept, 0 if tree is None else tree.work)
        most = self.search.load() * work / self.speed
        if tree is None or self.rehearsed is None:
            return most
        seconds, worked, room = self.rehearsed
        more = max(1.0, (tree.root.proofs[0].bound - tree.bound) / room)
        return min(most, REHEARSED * seconds * more**REHEARSED_POWER * work / worked)

    def reached(self, bound: Fraction, tree: Tree) -> None:
        """Keep what a tree proves, if it is the least bound so far."""
        if self.best is None or bound < self.best[0]:
            self.best, self.kept = (bound, tree.root), tree.work

    def rehearse(self, bound: Fraction, tree: Tree) -> bool:
        """Replay what a tree has proven so far, if it stopped for its replay; whether that has left time to go on."""
        search, began = self.search, self.search.seconds()
        if search.late() or search.closed() or tree.stuck or self.until - began < LEAST_LEFT * self.until:
            return False
        if self.rehearsed is not None and tree.work <= self.rehearsed[1]:
            return False
        if self.best is not None and bound >= self.best[0]:
            # Another tree has reached as much, and may wait for its replay.
            if self.kept:
                self.secure()
            return not (search.late() or search.closed() or self.late(tree))
        self._replayed(bound, tree.root, tree.work)
        return not (search.late() or search.closed() or self.late(tree))

    def cheap(self) -> bool:
        """Whether the best bound may be proven although another search follows."""
        return self.search.load() * self.kept / self.speed < SECURED * self.until

    def secure(self) -> None:
        """Prove the best bound as long as there is time, after the one of the prices of its root, which is cheap."""
        assert self.best is not None
        bound, root = self.best
        if self.proof is None:
            prices = Fraction(root.prices.bound)
            self.proof = self._proven(max(bound, -(-prices // self.cells.step) * self.cells.step), root)
        if bound < self.proof[0].value:
            began = self.search.seconds()
            try:
                self.proof = self._proven(bound, root, self._over)
            except checker.Late:
                self.early = True
            else:
                seconds = self.search.seconds() - began
                if seconds > TOLD:
                    self.speed = min(self.speed, SLOWER * self.kept / seconds / self.search.load())
        self.kept = 0

    def proven(self) -> Proof:
        """The least bound that there is time to prove."""
        assert self.best is not None
        bound, root = self.best
        left = self.until - self.search.seconds()
        if self.rehearsed is not None and self.search.load() * self.kept / self.speed > HOPE * left:
            self._descend(bound, root)
        else:
            self.secure()
        assert self.proof is not None
        return self.proof

    def _over(self) -> bool:
        """Whether there is no time left, not even for a replay."""
        return self.search.seconds() > self.until

    def _descend(self, bound: Fraction, root: Node) -> None:
        """Prove claims that fall towards a bound as far as there is time: a replay of the last one may take long."""
        assert self.rehearsed is not None
        while self.proof is None or bound < self.proof[0].value:
            seconds, worked, room = self.rehearsed
            left, work = self.until - self.search.seconds(), max(self.kept, worked)
            more = max(left, 0.0) / (2 * self.search.load() * REHEARSED * seconds * work / worked)
            if more <= 1.0:
                break
            claim = Fraction(root.proofs[0].bound - room * more ** (1 / REHEARSED_POWER))
            self._replayed(max(bound, -(-claim // self.cells.step) * self.cells.step), root, work)

    def _replayed(self, bound: Fraction, root: Node, work: int) -> None:
        """Prove a bound, and note how long it has taken."""
        began = self.search.seconds()
        proof = self._proven(bound, root)
        if self.proof is None or bound < self.proof[0].value:
            self.proof = proof
        seconds = max(self.search.seconds() - began, 1e-3)
        self.rehearsed = seconds, max(work, 1), max(root.proofs[0].bound - float(bound), 1e-9)

    def _proven(self, bound: Fraction, root: Node, late: Callable[[], bool] = lambda: False) -> Proof:
        """A bound that a replay has confirmed, with its certificate.

        Raises ``Rejected`` if it has not, and ``Late`` if there was no time.
        """
        document = certificate_json(self.search.instance, self.search.objective, self.cells, root, bound)
        return Bound(checker.check(document, late=late), Basis.CERTIFICATE, FORMAT), document
