"""Grow a tree that proves a bound, from exact rows: separators, Gomory rows, reduced costs, branching.

The producer works in floats and knows nothing of problems. It proposes steps and multipliers; each row that it adds is
derived by the checker's own arithmetic, and a leaf is closed only when the checker's exact bound closes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.checker.linear import Box, Row, System, scaled, smaller
from fairbound.solvers.proofs.live import Live
from fairbound.solvers.proofs.suggest import WHOLE, branch, gomory_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fairbound.solvers.proofs.live import Floats, Multipliers

    Separate = Callable[[Floats], Iterable[list[Any]]]

ROOT_ROUNDS, STALLED, LEAST_GAIN, GOMORY_ROUNDS = 60, 4, 1e-3, 8
WORTHWHILE = 0.1
"""Gomory rows that close less of the gap than this share are dropped again before branching."""
NARROWED = 0.1
"""Reduced costs are written down where they narrow this share of the columns that are still free."""
FEW_ROWS = 100
BITS, CUT_BITS = 33, 50
"""Multipliers are tried with so few bits first, more where there are Gomory rows: shorter files, faster arithmetic."""
MOST_STEPS = 3000


@dataclass
class Node:
    """An open or closed node, and what closed it.

    Attributes
    ----------
    question, changed
        The system, or what is left of it where columns are fixed, and the node's bounds that differ from its.
    """

    question: System
    changed: Box
    kind: str = "open"
    multipliers: Multipliers | None = None
    branch: tuple[int, int] = (0, 0)
    children: list[Node] = field(default_factory=list)


class Grower:
    """One run: the search beside the exact system, and a program of this kind."""

    program: type[Live] = Live

    def __init__(
        self, system: System, claim: Fraction, separate: Separate | None, seconds: float, stopped: Callable[[], bool]
    ) -> None:
        self.system, self.separate = system, separate
        self.claim, self.enough = claim, system.enough(claim)
        self.plan: list[int] | None = None
        self.steps: list[list[Any]] = []
        self.base = len(system.rows)
        self.gomory_rows = False
        self.live = self.program(system, seconds, stopped)

    # Exact bounds ----------------------------------------------------------------------------------

    def enter(self, node: Node) -> None:
        """Move the program to a node, and give its question the rows that were added since."""
        rows = node.question.rows
        rows += [node.question.rest(row) for row in self.system.rows[len(rows) :]]
        self.live.set_box(node.question, node.changed)

    def bound(self, node: Node, multipliers: Multipliers, costs: bool = True) -> Fraction:
        """What the multipliers prove at the node that was entered."""
        exact = scaled(multipliers, len(self.system.rows))
        return node.question.bound(exact, self.live.lower, self.live.upper, costs)

    def closing(self, node: Node, multipliers: Multipliers, costs: bool = True) -> Multipliers | None:
        """The multipliers, shortened where that still closes the node; ``None`` where they do not close it."""
        short = self.live.shortened(multipliers, CUT_BITS if self.gomory_rows and costs else BITS)
        if self._closed(node, short, costs):
            return short
        return multipliers if self._closed(node, multipliers, costs) else None

    def _closed(self, node: Node, multipliers: Multipliers, costs: bool) -> bool:
        found = self.bound(node, multipliers, costs)
        return self.system.closes(found, self.enough) if costs else found > 0

    # Rows ------------------------------------------------------------------------------------------

    def add(self, steps: Iterable[list[Any]]) -> int:
        """Derive the rows of steps and add them; how many are rows."""
        return self.put(self.derived(steps))

    def derived(self, steps: Iterable[list[Any]]) -> Iterable[tuple[list[Any], Row]]:
        """Steps with their rows, without those that are not proven."""
        for step in steps:
            try:
                yield step, self.system.step_row(step)
            except Rejected:
                continue

    def put(self, found: Iterable[tuple[list[Any], Row]]) -> int:
        """Add steps whose rows are derived already; how many."""
        first = len(self.system.rows)
        for step, row in found:
            self.steps.append(step)
            self.system.rows.append(row)
        new = range(first, len(self.system.rows))
        self.live.pass_rows(new)
        return len(new)

    def separators(self, x: Floats) -> int:
        """Rows of the problem that x breaks."""
        return 0 if self.separate is None else self.add(self.separate(x))

    # The search ------------------------------------------------------------------------------------

    def root(self, node: Node) -> bool:
        """Cut until the node closes, or nothing helps; whether it is closed."""
        first: tuple[float, int] | None = None
        last, stalled, rounds = -inf, 0, 0
        goal = float(self.enough) / self.live.cost_scale
        for _ in range(ROOT_ROUNDS):
            state = self.live.solve()
            if self.settled(node, state):
                return True
            if state != "optimal" or self.live.late() or len(self.steps) > MOST_STEPS:
                break
            value, x = self.live.value(), self.live.values()
            if self.separators(x):
                continue
            first = first or (value, len(self.steps))
            gap = max(1e-9, goal - value)
            stalled = stalled + 1 if value - last < LEAST_GAIN * gap else 0
            last = max(last, value)
            rounds += 1
            if stalled >= STALLED or rounds > GOMORY_ROUNDS:
                break
            self.gomory_rows = True
            if not self.put(gomory_steps(self.live, x)):
                break
        if first is not None and last - first[0] < WORTHWHILE * (goal - first[0]):
            self.drop(first[1])
        self.live.free_slack_rows(self.base)
        return False

    def drop(self, kept: int) -> None:
        """Take back the steps after the first so many: rows that close little of the gap only cost time."""
        count = self.base + kept
        self.live.keep_rows(count)
        del self.steps[kept:], self.system.rows[count:]
        self.gomory_rows = False

    def settled(self, node: Node, state: str) -> bool:
        """Close the node if its multipliers do; an optimal one keeps them for what they are worth."""
        if state == "infeasible":
            return self.empty(node, self.live.ray()) or self.broken(node)
        if state != "optimal":
            return False
        multipliers = self.live.dual()
        node.multipliers = multipliers
        enough = float(self.enough)
        value = self.live.value() * self.live.cost_scale
        if value < enough - 1e-9 * (1 + abs(enough)):
            return False
        # A row that is slack by less than the engine sees takes more than it gives: fewer rows are tried too.
        for fewer in (multipliers, [(i, y) for i, y in multipliers if i < self.base], []):
            closed = self.closing(node, fewer)
            if closed is not None:
                node.kind, node.multipliers = "bound", closed
                return True
        return False

    def empty(self, node: Node, multipliers: Multipliers) -> bool:
        """Close a node that holds no solution, if the multipliers say so."""
        ray = self.closing(node, multipliers, costs=False)
        if ray is not None:
            node.kind, node.multipliers = "farkas", ray
        return ray is not None

    def broken(self, node: Node) -> bool:
        """Close a node whose bounds alone break a row, for which an engine gives no ray or which it does not see."""
        return any(self.empty(node, [(i, 1.0)]) for i in range(min(len(self.system.rows), FEW_ROWS)))

    def better(self, x: Floats) -> bool:
        """Whether whole columns are a plan that beats the claim, exactly; then it is the claim from now on."""
        if self.system.continuous:
            return False
        plan = [int(value) for value in np.round(x)]
        for terms, rhs, equation in self.system.rows:
            sum_ = sum(a * plan[j] for j, a in terms.items())
            if sum_ < rhs or (equation and sum_ > rhs):
                return False
        cost = Fraction(sum(c * plan[j] for j, c in self.system.cost.items()))
        if cost > self.enough:
            return False
        self.plan, self.claim = plan, self.system.proves(cost)
        self.enough = self.system.enough(self.claim)
        return True

    def narrow(self, node: Node) -> Node:
        """Narrow an optimal node's box by its reduced costs (4), where that is worth its line: the child, or itself."""
        live, question = self.live, node.question
        least = max(1.0, NARROWED * len(question.free()))
        if not node.multipliers or live.narrowing(float(self.enough) / live.cost_scale) < least:
            return node
        short = live.shortened(node.multipliers, BITS)
        exact = scaled(short, len(self.system.rows))
        tighter = question.narrowed(exact, live.lower, live.upper, self.enough)
        inner = smaller(question, node.changed, tighter)
        if inner is None or not tighter:
            return node
        child = Node(*inner, multipliers=node.multipliers)
        node.kind, node.multipliers, node.children = "narrow", short, [child]
        self.enter(child)
        return child

    def grow(self) -> Node:
        """The tree; leaves that the time did not suffice for stay open."""
        top = Node(self.system, {})
        if self.root(top):
            return top
        pending = [top]
        while pending and not self.live.late():
            node = pending.pop()
            self.enter(node)
            state = self.live.solve()
            if self.settled(node, state):
                continue
            if state != "optimal":
                return top
            x = self.live.values()
            if self.separators(x):
                pending.append(node)
                continue
            if self.live.fractions(x).max(initial=0.0) <= WHOLE and self.better(x) and self.settled(node, state):
                continue
            node = self.narrow(node)
            choice = branch(self.live, x)
            if choice is None:
                if self.broken(node) or self.system.continuous:
                    continue  # the bound of an open leaf is as near as floats come
                return top  # everything is settled, and still nothing closes it
            j, up = choice
            low, high = self.live.bounds(j)
            k = max(low, min(int(np.floor(x[j])), high - 1))
            node.branch = (j, k)
            node.children = [
                Node(node.question, {**node.changed, j: side}, multipliers=node.multipliers)
                for side in ((low, k), (k + 1, high))
            ]
            node.kind = "branch"
            pending += node.children if up else node.children[::-1]
        return top


def nodes(top: Node) -> Iterable[Node]:
    """The nodes of a tree, each before its children."""
    todo = [top]
    while todo:
        here = todo.pop()
        yield here
        todo += here.children[::-1]


@dataclass(frozen=True)
class Proof:
    """What was proven.

    Attributes
    ----------
    claim
        No value is better than this.
    plan
        A plan better than the one that was known, by column; ``None`` without one.
    parts
        ``steps`` and ``tree`` of a certificate.
    """

    claim: Fraction
    plan: list[int] | None
    parts: dict[str, Any]


def prove(
    system: System,
    claim: Fraction,
    separate: Separate | None,
    seconds: float,
    stopped: Callable[[], bool] = lambda: False,
) -> Proof | None:
    """A tree that proves the claim, or the best bound that the time sufficed for; ``None`` for no bound at all.

    Parameters
    ----------
    claim
        The value of a known plan. Where the tree meets a better one, that one's value is the claim.
    separate
        Steps whose rows a point breaks, if the problem has such.
    """
    grower = Grower(system, claim, separate, seconds, stopped)
    top = grower.grow()
    proven = proven_claim(grower, top)
    return None if proven is None else Proof(proven, grower.plan, assembled(grower, top))


def proven_claim(grower: Grower, top: Node) -> Fraction | None:
    """What a tree proves: the claim, or what its open leaves leave of it; ``None`` for no bound at all.

    Open leaves are closed with what their multipliers are worth.
    """
    system, least = grower.system, None
    for node in nodes(top):
        if node.kind == "open":
            if node.multipliers is None:
                return None
            grower.enter(node)
            found = grower.bound(node, node.multipliers)
            least = found if least is None else min(least, found)
            node.kind = "bound"
    if least is None:
        return grower.claim
    weaker = system.proves(least)
    return weaker if system.sign * weaker < system.sign * grower.claim else grower.claim


def assembled(grower: Grower, top: Node) -> dict[str, Any]:
    """The certificate's steps, those alone that a leaf needs, and its tree in the checker's order."""
    base, needed = grower.base, set[int]()
    for node in nodes(top):
        if node.kind != "branch":
            needed |= {i for i, _ in node.multipliers or () if i >= base}
    for number in range(len(grower.steps) - 1, -1, -1):
        step = grower.steps[number]
        if base + number in needed and step[0] == "gomory":
            needed |= {i for i, _ in step[1] if i >= base}
    kept = sorted(needed)
    renamed = {i: base + place for place, i in enumerate(kept)}

    def named(pairs: Iterable[Any]) -> list[list[Any]]:
        return [[renamed.get(i, i), y] for i, y in pairs]

    steps = []
    for i in kept:
        step = grower.steps[i - base]
        steps.append(["gomory", named(step[1]), step[2]] if step[0] == "gomory" else step)

    def packed(multipliers: Multipliers) -> dict[str, Any]:
        pairs, shift = scaled(named(multipliers), base + len(kept))
        return {"rows": [i for i, _ in pairs], "whole": [y for _, y in pairs], "bits": shift}

    tree: list[list[Any]] = [
        ["branch", *node.branch] if node.kind == "branch" else [node.kind, packed(node.multipliers or [])]
        for node in nodes(top)
    ]
    return {"steps": steps, "tree": tree}
