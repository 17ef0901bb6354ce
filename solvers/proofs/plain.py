"""A tree of branches and leaves alone: what reduced costs narrow (equation (4) of ``docs/ladder.md``) said by branches.

A column's end that was narrowed is a branch whose far side the same multipliers close. Only ends that a leaf below uses
are written, so a tree is not much longer for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.solvers.checker.linear import CHILDREN, multipliers_of

if TYPE_CHECKING:
    from fractions import Fraction

    from fairbound.solvers.checker.linear import System

LOW, HIGH = 0, 1
End = tuple[int, int]
"""A column, and which of its ends."""
Ends = dict[End, tuple[int, int]]
"""Ends of a box that differ from the system's: the value, and the node that narrowed it or -1."""


def plain_tree(system: System, tree: list[list[Any]], enough: Fraction) -> list[list[Any]]:
    """The tree of an accepted certificate, whose steps' rows the system has, without nodes that narrow."""
    boxes = [_Box(system, ends) if ends is not None else None for ends in _ends(system, tree, enough)]
    needed: dict[int, set[End]] = {}
    for index in range(len(tree) - 1, -1, -1):  # what is below a node comes after it
        box, (kind, *content) = boxes[index], tree[index]
        if box is None or kind == "branch" or (kind == "narrow" and boxes[index + 1] and index not in needed):
            continue
        _, prices = system.dual(multipliers_of(content[0], len(system.rows)), box.lower, box.upper, kind != "farkas")
        for j, price in enumerate(prices):
            end = (j, LOW if price > 0 else HIGH)
            if price and box.ends.get(end, (0, -1))[1] >= 0:
                needed.setdefault(box.ends[end][1], set()).add(end)
    return _written(tree, boxes, needed)


class _Box:
    """Bounds of all columns."""

    def __init__(self, system: System, ends: Ends) -> None:
        self.ends = ends
        self.lower, self.upper = system.lower.copy(), system.upper.copy()
        for (j, side), (value, _) in ends.items():
            (self.lower if side == LOW else self.upper)[j] = value


def _ends(system: System, tree: list[list[Any]], enough: Fraction) -> list[Ends | None]:
    """The box of every node; ``None`` where bounds cross."""
    found: list[Ends | None] = []
    pending: list[Ends | None] = [{}]
    for index, node in enumerate(tree):
        ends = pending.pop()
        found.append(ends)
        if ends is None:
            pending += [None] * CHILDREN.get(node[0], 0)
            continue
        box = _Box(system, ends)
        if node[0] == "branch":
            j, k = node[1], node[2]
            above: Ends = ends if k < box.lower[j] else {**ends, (j, LOW): (k + 1, -1)}
            below: Ends = ends if k >= box.upper[j] else {**ends, (j, HIGH): (k, -1)}
            pending += [above if k < box.upper[j] else None, below if k >= box.lower[j] else None]
        elif node[0] == "narrow":
            tighter = system.narrowed(multipliers_of(node[1], len(system.rows)), box.lower, box.upper, enough)
            inner = dict(ends)
            for j, (low, high) in tighter.items():
                inner |= {(j, LOW): (low, index)} if low > box.lower[j] else {(j, HIGH): (high, index)}
            pending.append(None if any(low > high for low, high in tighter.values()) else inner)
    return found


def _written(tree: list[list[Any]], boxes: list[_Box | None], needed: dict[int, set[End]]) -> list[list[Any]]:
    """The nodes that are left. A task is a node to write, or ``None``: the next one of the tree."""
    found: list[list[Any]] = []
    tasks: list[list[Any] | None] = [None]
    index = 0
    while tasks:
        task = tasks.pop()
        if task is not None:
            found.append(task)
            continue
        node, box = tree[index], boxes[index]
        index += 1
        if node[0] == "narrow" and box is not None:
            closed, inner = ["bound", node[1]], boxes[index]
            if inner is None:
                found.append(closed)
            for j, side in sorted(needed.get(index - 1, ())):
                assert inner is not None
                found.append(["branch", j, inner.upper[j] if side == HIGH else inner.lower[j] - 1])
                (tasks if side == HIGH else found).append(closed)
        elif node[0] == "branch" and box is not None:
            # Where one side is empty the other one is the whole box, and there is nothing to write.
            j, k = node[1], node[2]
            found += [node] if box.lower[j] <= k < box.upper[j] else []
        elif box is not None:
            found.append(node)
        tasks += [None] * CHILDREN.get(node[0], 0)
    return found
