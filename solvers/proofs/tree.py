"""Grow a tree that proves a bound, from exact rows: separators, Gomory rows, branching.

The producer works in floats and knows nothing of problems. It proposes steps and multipliers; each row that it adds is
derived by the checker's own arithmetic, and a leaf is closed only when the checker's exact bound closes it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from fractions import Fraction
from math import frexp, inf
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.checker.linear import System, scaled
from fairbound.solvers.engines.highs import execute, new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Separate = Callable[[Floats], Iterable[list[Any]]]

LARGEST = 256.0
"""Rows, columns and costs are divided by powers of two until no number of the engine's is much larger."""
ROOT_ROUNDS, STALLED, LEAST_GAIN = 60, 4, 1e-3
MOST_CUTS, GOMORY_ROUNDS, CUT_BITS, LEAST_EFFICACY, DENSEST = 12, 8, 24, 1e-4, 3000
CANDIDATES, TRIAL_STEPS = 30, 60
WORTHWHILE = 0.1
"""Gomory rows that close less of the gap than this share are dropped again before branching."""
WHOLE = 1e-6
WIDEST = 2**40
FEW_ROWS = 100
SLACK = 1e-6
DIGITS = 10
"""Multipliers are tried with so many digits first: shorter files."""
MOST_STEPS = 3000


class OutOfTime(Exception):
    """The time is over before the root has a bound."""


@dataclass
class Node:
    """An open or closed node: its bounds on columns, and what closed it."""

    changed: dict[int, tuple[int, int]]
    kind: str = "open"
    multipliers: list[tuple[int, float]] | None = None
    branch: tuple[int, int] = (0, 0)
    children: list[Node] = field(default_factory=list)


class Grower:
    """One run: the live linear program beside the exact system."""

    def __init__(
        self, system: System, claim: Fraction, separate: Separate | None, seconds: float, stopped: Callable[[], bool]
    ) -> None:
        self.system, self.separate, self.stopped = system, separate, stopped
        self.deadline = time.perf_counter() + seconds
        self.claim, self.enough = claim, system.enough(claim)
        self.plan: list[int] | None = None
        self._moved: set[int] = set()
        self.steps: list[list[Any]] = []
        self.base = len(system.rows)
        self.gomory_rows = False
        n = len(system.lower)
        self.entries: list[list[tuple[int, float]]] = [[] for _ in range(n)]
        self.column_scale = np.array(
            [_power(max(abs(low), abs(high)) / LARGEST) for low, high in zip(system.lower, system.upper, strict=True)]
        )
        cost = np.array([float(system.cost.get(j, 0)) for j in range(n)]) * self.column_scale
        self.cost_scale = _power(float(np.abs(cost).max(initial=0.0)) / LARGEST)
        self.row_scale: list[float] = []
        self.live: Any = new(
            output_flag=False,
            threads=1,
            presolve="off",
            dual_feasibility_tolerance=1e-9,
            primal_feasibility_tolerance=1e-9,
        )
        empty = np.zeros(0, dtype=np.int32)
        low, high = (np.array(bounds) / self.column_scale for bounds in (system.lower, system.upper))
        self.live.addCols(n, cost / self.cost_scale, low, high, 0, np.zeros(n, dtype=np.int32), empty, np.zeros(0))
        for i in range(self.base):
            self._pass_row(i)
        self.lower, self.upper = system.lower.copy(), system.upper.copy()
        self.whole = np.array([j not in system.continuous for j in range(n)])

    # The live program ------------------------------------------------------------------------------

    def _pass_row(self, i: int) -> None:
        terms, rhs, equation = self.system.rows[i]
        columns = np.fromiter(terms, dtype=np.int32, count=len(terms))
        values = np.array([float(a) for a in terms.values()]) * self.column_scale[columns]
        scale = _power(float(np.abs(values).max(initial=0.0)) / LARGEST)
        right = float(rhs) / scale if abs(rhs) < 2**1000 else inf
        self.row_scale.append(scale)
        for j, value in zip(columns.tolist(), (values / scale).tolist(), strict=True):
            self.entries[j].append((i, value))
        self.live.addRow(right, right if equation else highspy.kHighsInf, len(columns), columns, values / scale)

    def late(self) -> bool:
        """Whether the time is over, or somebody asked to stop."""
        return self.stopped() or time.perf_counter() > self.deadline

    def solve(self) -> str:
        """Run; ``optimal``, ``infeasible`` or ``other``."""
        status = self._run()
        if status == highspy.HighsModelStatus.kUnknown and not self.late():
            self.live.clearSolver()  # the basis that it began from had become inaccurate
            status = self._run()
        if status == highspy.HighsModelStatus.kOptimal:
            return "optimal"
        return "infeasible" if status == highspy.HighsModelStatus.kInfeasible else "other"

    def _run(self) -> Any:
        self.live.setOptionValue("time_limit", self.live.getRunTime() + max(0.05, self.deadline - time.perf_counter()))
        execute(self.live)
        return self.live.getModelStatus()

    def values(self) -> Floats:
        """The point that the engine found."""
        return np.asarray(np.asarray(self.live.getSolution().col_value) * self.column_scale, dtype=float)

    def _exact(self, y: Floats, factor: float) -> list[tuple[int, float]]:
        """Row multipliers of the exact system; those of inequalities are not negative."""
        found = []
        least = 1e-12 * float(np.abs(y).max(initial=0.0))
        for i in np.flatnonzero(np.abs(y) > least).tolist():
            value = float(y[i])
            if value > 0 or self.system.rows[i][2]:
                found.append((i, value * factor / self.row_scale[i]))
        return found

    def dual(self) -> list[tuple[int, float]]:
        return self._exact(np.asarray(self.live.getSolution().row_dual), self.cost_scale)

    def ray(self) -> list[tuple[int, float]]:
        """Multipliers of an infeasible program."""
        _, there, values = self.live.getDualRay()
        return self._exact(np.asarray(values), 1.0) if there else []

    def set_box(self, changed: dict[int, tuple[int, int]]) -> None:
        """Move the live program to a node."""
        for j in self._moved | set(changed):
            low, high = changed.get(j, (self.system.lower[j], self.system.upper[j]))
            if (low, high) != (self.lower[j], self.upper[j]):
                self.lower[j], self.upper[j] = low, high
                self.live.changeColBounds(j, low / self.column_scale[j], high / self.column_scale[j])
        self._moved = set(changed)

    # Exact bounds ----------------------------------------------------------------------------------

    def bound(self, multipliers: list[tuple[int, float]], costs: bool = True) -> Fraction:
        """What the multipliers prove in the present box."""
        return self.system.bound(scaled(multipliers, len(self.system.rows)), self.lower, self.upper, costs)

    def closing(self, multipliers: list[tuple[int, float]], costs: bool = True) -> list[tuple[int, float]] | None:
        """The multipliers, shortened where that still closes the node; ``None`` where they do not close it."""
        if not self.gomory_rows or not costs:
            short = [(i, float(f"{y:.{DIGITS}g}")) for i, y in multipliers]
            if self._closed(short, costs):
                return short
        return multipliers if self._closed(multipliers, costs) else None

    def _closed(self, multipliers: list[tuple[int, float]], costs: bool) -> bool:
        found = self.bound(multipliers, costs)
        return self.system.closes(found, self.enough) if costs else found > 0

    # Rows ------------------------------------------------------------------------------------------

    def add(self, step: list[Any]) -> bool:
        """Derive the row of a step and add it; whether it is one."""
        try:
            row = self.system.step_row(step)
        except Rejected:
            return False
        self.steps.append(step)
        self.system.rows.append(row)
        self._pass_row(len(self.system.rows) - 1)
        return True

    def separators(self, x: Floats) -> int:
        """Rows of the problem that x breaks."""
        return 0 if self.separate is None else sum(self.add(step) for step in self.separate(x))

    def gomory(self, x: Floats) -> int:
        """Gomory rows that x breaks most."""
        if (
            self.system.continuous or not self.live.getNumNz()
        ):  # asked for the basis of an empty matrix, the engine dies
            return 0
        fractional = self.fractions(x)
        _, basic = self.live.getBasicVariables()
        places = {int(j): r for r, j in enumerate(basic) if j >= 0}
        chosen = sorted((j for j in places if fractional[j] > 1e-4), key=lambda j: -fractional[j])[: 2 * MOST_CUTS]
        lower, upper = np.array(self.system.lower, dtype=float), np.array(self.system.upper, dtype=float)
        near_top = np.flatnonzero(upper - x < x - lower)
        flips_all = set(near_top.tolist())
        scales, found = np.array(self.row_scale), []
        for j in chosen:
            if self.late():
                break
            _, combination = self.live.getBasisInverseRow(places[j])
            rounded = np.round(np.asarray(combination) * 2.0**CUT_BITS) / 2.0**CUT_BITS
            used = np.flatnonzero(rounded)
            pairs = [[int(i), float(rounded[i] * self.column_scale[j] / scales[i])] for i in used]
            columns = {c for i in used.tolist() for c in self.system.rows[i][0]}
            step = ["gomory", pairs, sorted(columns & flips_all)]
            if not pairs or len(columns) > DENSEST:
                continue
            try:
                terms, rhs, _ = self.system.step_row(step)
            except Rejected:
                continue
            index = np.fromiter(terms, dtype=np.int64, count=len(terms))
            values = np.array([float(a) for a in terms.values()]) * self.column_scale[index]
            norm = float(np.sqrt((values**2).sum())) or 1.0
            efficacy = (float(rhs) - float((values * x[index] / self.column_scale[index]).sum())) / norm
            if efficacy > LEAST_EFFICACY:
                found.append((efficacy, step))
        found.sort(key=lambda pair: -pair[0])
        return sum(self.add(step) for _, step in found[:MOST_CUTS])

    # The search ------------------------------------------------------------------------------------

    def root(self, node: Node) -> bool:
        """Cut until the node closes, or nothing helps; whether it is closed."""
        first: tuple[float, int] | None = None
        last, stalled, rounds = -inf, 0, 0
        for _ in range(ROOT_ROUNDS):
            state = self.solve()
            if self.settled(node, state):
                return True
            if state != "optimal" or self.late() or len(self.steps) > MOST_STEPS:
                break
            value, x = float(self.live.getInfo().objective_function_value), self.values()
            if self.separators(x):
                continue
            first = first or (value, len(self.steps))
            gap = max(1e-9, float(self.enough) / self.cost_scale - value)
            stalled = stalled + 1 if value - last < LEAST_GAIN * gap else 0
            last = max(last, value)
            rounds += 1
            if stalled >= STALLED or rounds > GOMORY_ROUNDS:
                break
            self.gomory_rows = True
            if not self.gomory(x):
                break
        if first is not None and last - first[0] < WORTHWHILE * (float(self.enough) / self.cost_scale - first[0]):
            self.drop(first[1])
        self.shed()
        return False

    def shed(self) -> None:
        """Take slack rows of steps out of the engine's program: fewer rows, faster nodes."""
        activity = np.asarray(self.live.getSolution().row_value)
        if len(activity) != len(self.system.rows):
            return
        for i in range(self.base, len(activity)):
            right = float(self.system.rows[i][1]) / self.row_scale[i]
            if activity[i] > right + SLACK * max(1.0, abs(right)):
                self.live.changeRowBounds(i, -highspy.kHighsInf, highspy.kHighsInf)

    def drop(self, kept: int) -> None:
        """Take back the steps after the first so many: rows that close little of the gap only cost time."""
        count = self.base + kept
        gone = np.arange(count, len(self.system.rows), dtype=np.int32)
        self.live.deleteRows(len(gone), gone)
        for column in self.entries:
            column[:] = [entry for entry in column if entry[0] < count]
        del self.steps[kept:], self.system.rows[count:], self.row_scale[count:]
        self.gomory_rows = False

    def settled(self, node: Node, state: str) -> bool:
        """Close the node if its multipliers do; an optimal one keeps them for what they are worth."""
        if state == "infeasible":
            return self.empty(node, self.ray()) or self.broken(node)
        if state != "optimal":
            return False
        multipliers = self.dual()
        node.multipliers = multipliers
        enough = float(self.enough)
        if float(self.live.getInfo().objective_function_value) * self.cost_scale < enough - 1e-9 * (1 + abs(enough)):
            return False
        # A row that is slack by less than the engine sees takes more than it gives: fewer rows are tried too.
        for fewer in (multipliers, [(i, y) for i, y in multipliers if i < self.base], []):
            closed = self.closing(fewer)
            if closed is not None:
                node.kind, node.multipliers = "bound", closed
                return True
        return False

    def empty(self, node: Node, multipliers: list[tuple[int, float]]) -> bool:
        """Close a node that holds no solution, if the multipliers say so."""
        ray = self.closing(multipliers, costs=False)
        if ray is not None:
            node.kind, node.multipliers = "farkas", ray
        return ray is not None

    def broken(self, node: Node) -> bool:
        """Close a node whose bounds alone break a row, for which an engine gives no ray or which it does not see."""
        return any(self.empty(node, [(i, 1.0)]) for i in range(min(len(self.system.rows), FEW_ROWS)))

    def fractions(self, x: Floats) -> Floats:
        """How far each column is from a whole number that it must be."""
        return np.asarray(np.abs(x - np.round(x)) * self.whole)

    def choose(self, x: Floats) -> tuple[int, bool] | None:
        """The column to branch on, and whether its upper side looks better; ``None`` where all are settled."""
        fractional = self.fractions(x)
        open_columns = np.flatnonzero(fractional > WHOLE)
        if not len(open_columns):
            # Whole as far as floats tell, yet not closed: rounding hides a row that is broken, or a plan.
            free = np.flatnonzero((np.array(self.lower) < np.array(self.upper)) & self.whole)
            if not len(free):
                return None
            prices = np.abs(np.asarray(self.live.getSolution().col_dual))
            narrow = [c for c in free if self.upper[c] - self.lower[c] < WIDEST]  # a float cannot halve a wider one
            j = int(max(narrow or free, key=lambda c: (fractional[c], -prices[c])))
            return j, bool(x[j] > self.lower[j])
        y = np.abs(np.asarray(self.live.getSolution().row_dual))
        weight = [fractional[j] * sum(y[i] * abs(a) for i, a in self.entries[j]) for j in open_columns.tolist()]
        order = open_columns[np.argsort(-np.array(weight), kind="stable")][:CANDIDATES]
        basis, start = self.live.getBasis(), float(self.live.getInfo().objective_function_value)
        best, choice = -1.0, (int(order[0]), False)
        self.live.setOptionValue("simplex_iteration_limit", TRIAL_STEPS)
        for j in order.tolist():
            if self.late():
                break
            gains = []
            for low, high in ((self.lower[j], int(np.floor(x[j]))), (int(np.floor(x[j])) + 1, self.upper[j])):
                self.live.changeColBounds(j, low / self.column_scale[j], high / self.column_scale[j])
                self.live.setBasis(basis)
                execute(self.live)
                status = self.live.getModelStatus()
                value = float(self.live.getInfo().objective_function_value)
                gains.append(1e9 if status == highspy.HighsModelStatus.kInfeasible else max(0.0, value - start))
            self.live.changeColBounds(j, self.lower[j] / self.column_scale[j], self.upper[j] / self.column_scale[j])
            score = max(gains[0], 1e-9) * max(gains[1], 1e-9)
            if score > best:
                best, choice = score, (j, gains[1] < gains[0])
        self.live.setOptionValue("simplex_iteration_limit", 2**31 - 1)
        self.live.setBasis(basis)
        return choice

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

    def grow(self) -> Node:
        """The tree; leaves that the time did not suffice for stay open."""
        top = Node({})
        if self.root(top):
            return top
        pending = [top]
        while pending and not self.late():
            node = pending.pop()
            self.set_box(node.changed)
            state = self.solve()
            if self.settled(node, state):
                continue
            if state != "optimal":
                return top
            x = self.values()
            if self.separators(x):
                pending.append(node)
                continue
            if self.fractions(x).max(initial=0.0) <= WHOLE and self.better(x) and self.settled(node, state):
                continue
            choice = self.choose(x)
            if choice is None:
                if self.broken(node) or self.system.continuous:
                    continue  # the bound of an open leaf is as near as floats come
                return top  # everything is settled, and still nothing closes it
            j, up = choice
            k = max(self.lower[j], min(int(np.floor(x[j])), self.upper[j] - 1))
            low, high = self.lower[j], self.upper[j]
            node.branch = (j, k)
            node.children = [Node({**node.changed, j: (low, k)}), Node({**node.changed, j: (k + 1, high)})]
            for child in node.children:
                child.multipliers = node.multipliers
            node.kind = "branch"
            pending += node.children if up else node.children[::-1]
        return top


def _power(value: float) -> float:
    """The power of two at or above a number; 1 for a small one."""
    if value <= 1:
        return 1.0
    return 2.0 ** frexp(value)[1]


def leaves(node: Node) -> Iterable[Node]:
    """The leaves of a tree, left to right."""
    todo = [node]
    while todo:
        here = todo.pop()
        if here.kind == "branch":
            todo += here.children[::-1]
        else:
            yield here


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
    least: Fraction | None = None
    for leaf in leaves(top):
        if leaf.kind == "open":
            grower.set_box(leaf.changed)
            if leaf.multipliers is None:
                return None
            found = grower.bound(leaf.multipliers)
            least = found if least is None else min(least, found)
            leaf.kind = "bound"
    proven = grower.claim
    if least is not None:
        weaker = system.proves(least)
        proven = weaker if system.sign * weaker < system.sign * proven else proven
    return Proof(proven, grower.plan, assembled(grower, top))


def assembled(grower: Grower, top: Node) -> dict[str, Any]:
    """The certificate's steps, those alone that a leaf needs, and its tree in the checker's order."""
    base, needed = grower.base, set[int]()
    for leaf in leaves(top):
        needed |= {i for i, _ in leaf.multipliers or () if i >= base}
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
    tree: list[list[Any]] = []
    todo = [top]
    while todo:
        node = todo.pop()
        if node.kind == "branch":
            tree.append(["branch", *node.branch])
            todo += node.children[::-1]
        else:
            tree.append([node.kind, named(node.multipliers or ())])
    return {"steps": steps, "tree": tree}
