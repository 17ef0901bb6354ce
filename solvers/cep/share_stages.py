"""Which gap a search over claim shares closes next.

Groups are listed, and nodes are closed, for a bound that is chosen before: a search for a lower one begins again. So
bounds are closed one after the other, each as far below the last as there seems to be time for. Nodes grow about
exponentially with what is closed of the gap that the root leaves.
"""

from __future__ import annotations

from fractions import Fraction
from math import log, sqrt

NEAR, ROUNDED = Fraction(9, 10**6), Fraction(1, 10**8)
"""The gap that is closed before none; and what is closed where a search cannot tell whether any is left, since prices
are rounded to a few parts in 1e9 of the bound."""
FURTHER, LEAST_STEP = Fraction(2, 5), Fraction(1, 20)
"""Shares of what is left to a gap: by so much the search closes less where groups are too many, if that is so much."""
DEEPER, NEARLY = 4, 2
"""By how many times the first search that branches closes a gap further than covers have, and half of the way to the
next one at most, if that is more than so many times closer."""
ROOM, QUICK = 2.5, 8
"""How much longer than the next search seems to take there must be; and if it is so much, no stage comes before it."""
HARDLY = 0.25
"""By how much what a whole search costs beside a part of it, as a logarithm, is hardly more."""
MANY = 100
"""Nodes that a search is counted for at least: the last part of a gap is the hardest, which few nodes do not tell."""


class Stages:
    """Gaps as shares of the value; the first that waits is the one to close.

    Attributes
    ----------
    waiting
        What is still to be closed, the widest first.
    reached
        The least that is closed.
    listed
        Whether a search is to stop where the root's groups are too many to list, or to cover: else it branches.
    """

    def __init__(self, asked: float) -> None:
        self.waiting = [NEAR] if asked < NEAR else []
        self.waiting.append(Fraction(str(asked)) if asked > ROUNDED else Fraction(0))
        self.reached: Fraction | None = None
        self.listed = True

    def share(self) -> Fraction:
        """The gap to close now."""
        return self.waiting[0]

    def overfull(self, above: Fraction) -> bool:
        """The root's groups are too many, and its prices are so far above the value; whether to close less for it.

        First a bound for which they can be listed; then, by branching, a part of what is left.
        """
        nearer = self.share() + FURTHER * (above - self.share())
        self.listed = nearer < (1 - LEAST_STEP) * (above if self.reached is None else self.reached)
        if self.listed:
            self.waiting.insert(0, nearer)
        elif self.reached is not None and self.reached > NEARLY * self.share():
            halfway = Fraction(f"{sqrt(self.reached * self.share()):.3g}")
            self.waiting.insert(0, max(self.reached / DEEPER, halfway))
        return self.listed

    def stuck(self) -> None:
        """What was to be closed cannot be told from a gap: close what prices can tell."""
        self.waiting, self.reached = [ROUNDED], None

    def closed(self, root: float, nodes: int, seconds: float, left: float) -> None:
        """The present gap is closed, by so many nodes and seconds, of a gap at the root; so many seconds are left."""
        share = self.reached = self.waiting.pop(0)
        if self.listed or not self.waiting or root <= share:
            return
        part, growth = 1 - float(share) / root, log(max(nodes, MANY))

        def longer(gap: Fraction) -> float:
            """What closing a gap costs beside the last, as a logarithm."""
            return growth * ((1 - float(gap) / root) / part - 1)

        if longer(self.waiting[-1]) + log(QUICK * seconds) < log(max(left, 1e-3)):
            del self.waiting[:-1]
        elif longer(self.share()) + log(ROOM * seconds) > log(max(left, 1e-3)):
            # As much of the root's gap as there is time for, and at least half of what is left.
            most = part * (1 + (log(max(left, 1e-3)) - log(ROOM * seconds)) / growth)
            nearer = min(Fraction(f"{root * (1 - most):.3g}"), share / 2)
            if nearer > self.share() and longer(self.share()) - longer(nearer) > HARDLY:
                self.waiting.insert(0, nearer)
