"""Nodes of the claim-share tree: what has been proven in a part of the search, and how it was divided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairbound.solvers.cep.share_branch import Branch
    from fairbound.solvers.cep.share_cells import Box, Prices
    from fairbound.solvers.cep.share_cover import Split
    from fairbound.solvers.cep.share_list import Listed
    from fairbound.solvers.cep.share_tree import Tree
    from fairbound.solvers.engines.base import Floats


@dataclass(frozen=True)
class Cover:
    """How units are settled, and what closes what is left.

    Attributes
    ----------
    order
        Of the units.
    prices
        Further ones: choices are dropped by those of the node, number 0, and by these.
    by
        Numbers of the prices that are looked at, for every unit.
    levels
        Multipliers of the strips that close most of what is left.
    open
        The rest: of every unit the first of its group, or ``LOW``, ``HIGH``, ``OUT``.
    divisors
        Denominators of the shares of groups in what is closed by what it is worth exactly.
    split
        The units and the part of a loss that it looks at, if another cover looks at the rest.
    """

    order: list[int]
    prices: list[Prices]
    by: list[list[int]]
    levels: list[Floats]
    open: list[list[int]]
    divisors: set[int] = field(default_factory=set)
    split: Split | None = None


@dataclass
class Node:
    """A part of the search, the prices that hold in it, and how it was divided."""

    box: Box | None
    prices: Prices
    proofs: list[Prices] = field(default_factory=list)
    """What has been proven here, one after the other: each in the box that those before have left."""
    branch: Branch | None = None
    children: list[Node] | None = None
    """Parts that together are all of it that matters: two of a branch, or those that a cover leaves open."""
    closed: bool = False
    apart: bool = False
    """Whether it is a part that a cover has left open, to be searched with finer strips."""
    sub: Tree | None = None
    """That search."""
    work: int = 0
    """Pairs and partial groups that a replay of the prices looks at."""
    listed: Listed | None = None
    """The groups of the middle that are left, once they are listed."""
    covers: list[Cover] = field(default_factory=list)
    """What closes it, if every grouping left in it was looked at, after all that was proven here: one, or two of a
    split."""
    lists: int = 0
    """If they were listed here, after all that was proven here: how many cells were searched as one."""

    def bound(self) -> float:
        """What is proven of it."""
        return self.prices.bound if self.sub is None else self.sub.bound

    def priced(self) -> bool:
        """Whether its prices are of these cells: those of coarser strips say nothing of them."""
        return self.listed is not None or len(self.prices.cells) > 0
