"""Branch and cut for zones over exact rows: one live linear program, one tree, and the tree is the proof.

The relaxation is cut by separators (19) first. Its row multipliers name the schools that the bound counts: those above
the city's share. Which of two such schools has a unit changes nothing, so its *side* is branched on, (35): whether one
of them has it. Pairs of a unit and a school stand beside the sides, for seats and connection. Separators are added at
every node.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import count
from math import ceil, inf, isfinite
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from fairbound.solvers.blocks.incumbents import TRIALS
from fairbound.solvers.blocks.tree import separate, solution_of
from fairbound.solvers.blocks.zone_live import ZoneLive
from fairbound.solvers.engines.highs import execute
from fairbound.solvers.proofs.mir import knapsacks, mir_steps
from fairbound.solvers.proofs.suggest import WHOLE, branch, gomory_steps
from fairbound.solvers.proofs.tree import Grower, Node, nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction
    from random import Random

    from fairbound.solvers.blocks.incumbents import ZoneIncumbents
    from fairbound.solvers.checker.linear import Box
    from fairbound.solvers.checker.rows.blocks import Zones
    from fairbound.solvers.engines.base import Floats
    from fairbound.solvers.proofs.live import Multipliers

MOST_ROUNDS, STALLED, LEAST_GAIN = 200, 1, 0.03
"""Rounds of separation at a node, how many of them may pass in a row without gain, and what is one, of the gap."""
RELIABLE = 2
"""A column's costs are believed after so many trials in either direction; until then it is tried."""
CANDIDATES, LOOKAHEAD, TRIAL_STEPS = 40, 4, 80
"""At most so many columns of a kind are tried, so many in a row without a better one, for so many steps each."""
ROOT_GAIN, ROOT_STALLED, ROOT_CUTS, MOST_STEPS = 0.05, 3, 4, 3000
"""What is a gain of a round at the root, of the gap; Gomory rounds that may pass in a row without it; their rows, which
are dense, in a round; steps."""
DIVE_NEAR, DIVE_SHARE, MOST_DIVED = 0.1, 0.1, 40
"""A dive settles columns that are so near to whole, at least this share of them, and solves so many programs."""
FINE = 1e-7
"""Below this gap, in parts of the value, sides are branched on until all are fixed."""
LONG_AFTER, WIDE = 20, 1e-2
"""After so many nodes a long annealing is worth its time if the gap is wider than this, in parts of the value."""
REPAIR_EVERY, SELDOM, NEARLY = 4, 40, 1e-3
"""A node is repaired, or dived from, after so many others; after twice as many where the gap is smaller than this and
that has brought nothing, but not more seldom."""
COMPACT_EVERY, OLDEST, LEAST_GONE = 4, 3, 200
"""Every so many nodes slack rows are looked for; those found so often in a row leave the program, so many at once."""
NUDGE = 0.01
NODE_BOUNDS = 2
"""A node takes about as long to be written and replayed as so many exact bounds; half of the nodes are leaves."""


@dataclass
class Costs:
    """What branching on a column has cost so far: gain for each unit of its value, below and above."""

    sums: list[float]
    trials: list[int]

    def mean(self, up: int, usual: float) -> float:
        """Mean gain of a branch up (1) or down (0); ``usual`` before the first."""
        return self.sums[up] / self.trials[up] if self.trials[up] else usual


@dataclass
class Start:
    """The basis of a node's program, for its children, and the system's rows that this program had."""

    basis: Any
    rows: list[int]


class ZoneTree(Grower):
    """One run. The exact system and the live program are ``Grower``'s; incumbents are those of ``known``.

    Attributes
    ----------
    least
        Float bound of the open nodes, in costs of the exact system.
    root_floor
        What the multipliers of the root prove exactly; ``None`` before the first relaxation.
    """

    system: Zones
    live: ZoneLive
    program = ZoneLive

    def __init__(self, known: ZoneIncumbents, system: Zones, random: Random, seconds: float) -> None:
        instance, search = known.instance, known.search
        # Without zones, a value that nothing exceeds: only emptiness closes a node then.
        largest = sum(abs(c) * max(abs(system.lower[j]), abs(system.upper[j])) for j, c in system.cost.items())
        claim = search.value if search.value is not None else system.unit * (largest + 1)
        self.rows_of: dict[tuple[int, int, tuple[int, ...]], int] = {}
        self.place: dict[tuple[int, int, tuple[int, ...]], int] = {}
        super().__init__(system, claim, separate(instance, system), seconds, search.late)
        self.known, self.random = known, random
        self.knapsacks = knapsacks(self.live, self.base)
        self.pairs = set(system.x.values())
        self.sides: list[int] = []
        self.side_of: list[tuple[int, bool] | None] = [None] * len(instance.units)
        self.above: set[int] = set()
        self.most = 0.0
        self.pseudo: dict[int, Costs] = {}
        self.least = -inf
        self.root_floor: Fraction | None = None
        self.nodes = self.bounds = 0
        self.bound_seconds = 0.0

    # The live program ------------------------------------------------------------------------------

    def drop(self, kept: int) -> None:
        """Take back steps, and what is known of their rows."""
        super().drop(kept)
        count = self.base + kept
        self.rows_of = {key: i for key, i in self.rows_of.items() if i < count}

    def compact(self, oldest: int) -> None:
        """Take rows (13) and (19) out of the live program that were slack so often in a row: faster nodes.

        0 takes out all of them: those that are needed come back, and they are fewer.
        """
        live = self.live
        if len(live.rows) != live.engine.getNumRow():
            return
        basis = live.engine.getBasis()
        slack = [status == highspy.HighsBasisStatus.kBasic for status in basis.row_status]
        live.age = [age + 1 if loose else 0 for age, loose in zip(live.age, slack, strict=True)]
        gone = [r for r, i in enumerate(live.rows) if live.age[r] >= oldest and self.removable(i)]
        if len(gone) < LEAST_GONE and oldest:
            return
        live.forget(gone)
        present = set(live.rows)
        self.place = {key: i for key, i in self.rows_of.items() if i not in present}

    def start(self) -> Start:
        """The basis of the program as it stands."""
        return Start(self.live.engine.getBasis(), list(self.live.rows))

    def begin(self, start: Start) -> None:
        """Begin from a parent's basis: the last program may have been one far away in the tree."""
        live, slack = self.live, highspy.HighsBasisStatus.kBasic
        if start.rows != live.rows:
            status = dict(zip(start.rows, start.basis.row_status, strict=True))
            if any(status[i] != slack for i in status.keys() - set(live.rows)):
                return  # a row that has left the program was tight there
            start.basis.row_status, start.rows = [status.get(i, slack) for i in live.rows], list(live.rows)
        live.engine.setBasis(start.basis)

    def separators(self, x: Floats) -> int:
        """Rows (19) that x breaks, as many as the time suffices for."""
        return 0 if self.separate is None else self.add(self.separate(x))

    def add(self, steps: Iterable[list[Any]]) -> int:
        """Add separators; one that has left the live program comes back as it was."""
        back: list[int] = []

        def new() -> Iterator[list[Any]]:
            for step in steps:
                key = (step[1], step[2], tuple(step[3]))
                if key in self.place:
                    back.append(self.place.pop(key))
                elif key not in self.rows_of:
                    self.rows_of[key] = len(self.system.rows)
                    yield step
                if self.live.late():
                    return

        added = super().add(new())
        self.live.pass_rows(back)
        return added + len(back)

    def removable(self, i: int) -> bool:
        """Rows that are found again where a point breaks them."""
        terms, rhs, equation = self.system.rows[i]
        return not equation and not rhs and -1 in terms.values() and all(abs(a) == 1 for a in terms.values())

    # Sides -----------------------------------------------------------------------------------------

    def add_sides(self) -> None:
        """The sides (35) of all units that may be on either of the schools that the multipliers count.

        Where one school is all that a unit may have on a side, the pair's own column is the side, or 1 less that.
        """
        # One positive part a school, each in a row of its own: the first rows of the system.
        if set(self.system.cost) & set(self.system.x.values()) or len(self.system.cost) != len(self.system.zones):
            return
        above = {j for j, price in enumerate(self.live.prices(len(self.system.zones))) if price > 0.5}
        steps: list[list[Any]] = []
        x, halves = self.system.x, self.live.halves
        for i, schools in enumerate(self.system.city.options):
            inner, outer = schools & above, schools - above
            if not inner or not outer:
                continue
            if min(len(inner), len(outer)) > 1:
                column, up = len(self.system.lower) + len(steps), True
                steps.append(["side", i, sorted(inner)])
            else:
                up = len(inner) == 1
                column = x[i, next(iter(inner if up else outer))]
                if column in halves:
                    column, up = halves[column][0], not up
            self.sides.append(column)
            self.side_of[i] = column, up
        self.live.add_columns(len(steps))
        super().add(steps)
        self.above = above

    # Bounds ----------------------------------------------------------------------------------------

    def settled(self, node: Node, state: str) -> bool:
        """Close the node, by whole multipliers where the engine's own miss no more than their rounding."""
        if state == "optimal" and float(self.enough) - self.live.worth() > FINE * abs(float(self.enough)):
            if not self.nodes:
                node.multipliers = self.live.dual()  # the next program of the root may not end in time
            return False
        if super().settled(node, state):
            return True
        if state != "optimal":
            return False
        whole = [(i, float(round(y))) for i, y in node.multipliers or () if round(y)]
        closed = self.closing(node, whole)
        if closed is not None:
            node.kind, node.multipliers = "bound", closed
        return closed is not None

    def broken(self, node: Node) -> bool:
        """Close a node that settled columns leave empty, or one whose bounds alone break a row."""
        return any(self.empty(node, ray) for ray in self.live.hopeless()) or super().broken(node)

    def bound(self, node: Node, multipliers: Multipliers, costs: bool = True) -> Fraction:
        """What the multipliers prove at the node that was entered, and how long that takes."""
        began = time.perf_counter()
        found = super().bound(node, multipliers, costs)
        self.bound_seconds += time.perf_counter() - began
        self.bounds += 1
        return found

    def nudge(self, share: float) -> None:
        """Add a cost for every step between a unit and its school, this share of the gap at most in all.

        Very many points cost the same. Of these the compact ones are wanted: they are whole more often, and what is
        still broken in them has a reason.
        """
        n, x, steps = len(self.system.lower), self.system.x, self.known.steps
        known = isfinite(self.least) and self.known.search.value is not None
        each = share * max(0.0, float(self.enough) - self.least) / self.farthest if known else 0.0
        costs, extra = np.array([float(self.system.cost.get(j, 0)) for j in range(n)]), np.zeros(n)
        for pair, column in x.items() if each else ():
            extra[column] = each * steps.get(pair, 0)
        self.most = each * self.farthest
        self.live.set_costs(costs + extra, extra)

    @cached_property
    def farthest(self) -> int:
        """No zoning has more steps between units and schools than this."""
        return (
            sum(
                max((self.known.steps.get((i, j), 0) for j in schools), default=0)
                for i, schools in enumerate(self.system.city.options)
            )
            or 1
        )

    def value(self) -> float:
        """A bound of the node, in costs of the exact system."""
        return self.live.value() * self.live.cost_scale - self.most

    def cost(self, x: Floats) -> float:
        """What a point costs without the nudge."""
        return float(sum(c * x[j] for j, c in self.system.cost.items()))

    def closed(self, node: Node, x: Floats) -> bool:
        """Close the node whose program has just ended at a point, if need be once the nudge is taken off."""
        if self.settled(node, "optimal"):
            return True
        if not self.most or self.cost(x) <= float(self.enough) * (1 - FINE):
            return False
        self.nudge(0.0)
        closed = self.settled(node, self.live.solve())
        self.nudge(NUDGE)
        if not closed:
            self.live.solve()  # branches, trials and cuts look at the last solution
        return closed

    def relax(self, node: Node) -> tuple[str, float, Floats]:
        """Solve a node, adding the separators that its points break: its state, bound and last point."""
        best, stalled = -inf, 0
        for _ in range(MOST_ROUNDS):
            state = self.live.solve()
            if state != "optimal":
                return ("closed" if self.settled(node, state) else state), best, np.zeros(0)
            value, x = self.live.worth(), self.live.values()
            if self.closed(node, x):
                return "closed", best, np.zeros(0)
            gap = max(0.0, float(self.enough) - value)
            stalled = 0 if value > best + LEAST_GAIN * gap else stalled + 1
            best = max(best, value)
            whole = self.live.fractions(x).max(initial=0.0) <= WHOLE
            if (not whole and stalled >= STALLED) or self.live.late() or not self.separators(x):
                break
        node.multipliers = self.live.dual()
        return "open", best, x

    def offer(self, x: Floats) -> None:
        """Make zones of a point, and the claim of zones that are better."""
        homes = self.known.largest(self.system.x, x[list(self.system.x.values())].tolist())
        options = self.known.options
        if self.sides and all(min(x[z], 1 - x[z]) <= WHOLE for z in self.sides):
            # All sides are settled: what is left to find are zones of this very value.
            options = [
                schools
                if side is None
                else schools & self.above
                if (x[side[0]] > 0.5) == side[1]
                else schools - self.above
                for schools, side in zip(options, self.side_of, strict=True)
            ]
        self.known.improve(homes, self.random, options)
        self.take()

    def dive(self, node: Node, x: Floats) -> None:
        """Make zones of a node: settle its sides, those nearest to whole first, then its pairs, and offer the point."""
        fixed, part = dict(node.changed), 1.0
        for _ in range(MOST_DIVED):
            away = {z: min(x[z], 1 - x[z]) for z in self.sides if z not in fixed}
            if not away:
                broken = self.pairs.intersection(np.flatnonzero(self.live.fractions(x) > WHOLE).tolist())
                away = {j: min(x[j], 1 - x[j]) for j in broken - fixed.keys()}
            if not away or self.live.late():
                break
            nearest = sorted(away, key=lambda z: away[z])
            count = max(sum(least <= DIVE_NEAR for least in away.values()), ceil(len(away) * DIVE_SHARE))
            chosen = {z: (round(x[z]),) * 2 for z in nearest[: max(1, int(part * count))]}
            found = self.below({**fixed, **chosen})
            if found is None and len(chosen) > 1:
                part /= 4
                continue
            if found is None:
                ((z, (value, _)),) = chosen.items()
                chosen = {z: (1 - value, 1 - value)}
                found = self.below({**fixed, **chosen})
            if found is None:
                break
            x, part = found, 1.0
            fixed.update(chosen)
        self.offer(x)

    def below(self, changed: Box) -> Floats | None:
        """A point within bounds that breaks no separator seen at once, if it costs less than the claim."""
        self.enter(Node(self.system, changed))
        for _ in range(2):
            if self.live.solve() != "optimal" or self.value() > float(self.enough):
                return None
            x = self.live.values()
            if not self.separators(x):
                break
        return x

    def take(self) -> None:
        """The incumbent's value is the claim from now on."""
        value = self.known.search.value
        if value is not None and value < self.claim:
            self.claim, self.enough = value, self.system.enough(value)

    # Cuts at the root ------------------------------------------------------------------------------

    def root(self, node: Node) -> bool:
        """Cut until the node closes, or little is gained; whether it is closed.

        Rows are rounded one by one while that gains something: such cuts are sparse. Then Gomory rows join them.
        """
        last, before, stalled, offered = -inf, -inf, 0, False
        for _ in range(MOST_ROUNDS):
            state = self.live.solve()
            x = self.live.values()
            if self.closed(node, x) if state == "optimal" else self.settled(node, state):
                return True
            if state != "optimal" or self.live.late() or len(self.steps) > MOST_STEPS:
                break
            if self.separators(x):
                continue
            if not offered:
                self.offer(x)
                offered = True
                if self.closed(node, x):
                    return True
            value, worth = self.value(), ROOT_GAIN * max(0.0, float(self.enough) - self.value())
            found = mir_steps(self.live, self.knapsacks, x)
            if value - last < worth or not found:
                stalled = 0 if value - before >= worth else stalled + 1
                if stalled >= ROOT_STALLED:
                    break
                before = max(before, value)
                found += gomory_steps(self.live, x, ROOT_CUTS, ROOT_CUTS + 1)
            last = max(last, value)
            if not found:
                break
            self.gomory_rows = True
            self.put(found)
        return False

    # Branching -------------------------------------------------------------------------------------

    def choose(self, node: Node, x: Floats) -> tuple[int, bool] | None:
        """A side or a pair by reliability branching; ``None`` where nothing is left to branch on.

        Where a trial closes one of its sides, the node gets both as children, and this column is the choice.
        """
        fractional = self.live.fractions(x)
        free = [j for j in self.sides if self.live.lower[j] < self.live.upper[j]]
        if free and float(self.enough) - self.value() < FINE * abs(float(self.enough)):
            # No more than rounding is missing. With fixed sides the cost is a whole number, which rounding reaches.
            j = max(free, key=lambda j: fractional[j])
            return j, bool(x[j] > 0.5)
        # Positive parts are whole where pairs are: nothing is gained by branching on them.
        broken = set(np.flatnonzero(fractional > WHOLE).tolist()) & self.pairs.union(self.sides)
        if not broken:
            return branch(self.live, x)
        usual = [
            sum(costs.mean(up, 0.0) for costs in self.pseudo.values() if costs.trials[up])
            / max(1, sum(costs.trials[up] > 0 for costs in self.pseudo.values()))
            for up in (0, 1)
        ]

        def guess(j: int) -> float:
            part = x[j] - np.floor(x[j])
            costs = self.pseudo.get(j) or Costs([0.0, 0.0], [0, 0])
            return float(max(costs.mean(0, usual[0]) * part, 1e-9) * max(costs.mean(1, usual[1]) * (1 - part), 1e-9))

        basis, start = self.live.engine.getBasis(), self.live.value()
        best, choice, moved = -1.0, (min(broken), False), False
        self.live.engine.setOptionValue("simplex_iteration_limit", TRIAL_STEPS)
        for group in (broken & set(self.sides), broken - set(self.sides)):
            failed = 0
            for j in sorted(group, key=lambda j: (-guess(j), -fractional[j], j))[:CANDIDATES]:
                costs = self.pseudo.setdefault(j, Costs([0.0, 0.0], [0, 0]))
                if min(costs.trials) >= RELIABLE:
                    score, up_first = guess(j), costs.mean(1, 0.0) * (1 - x[j]) < costs.mean(0, 0.0) * x[j]
                else:
                    if self.live.late() or failed >= LOOKAHEAD:
                        break
                    gains = self.trial(node, int(j), x[j], basis, start)
                    moved = True
                    if node.children:
                        best, choice = inf, (int(j), False)
                        break
                    for up, gain in enumerate(gains):
                        part = (1 - x[j] + np.floor(x[j])) if up else x[j] - np.floor(x[j])
                        costs.sums[up] += min(gain, 1e3 * max(1.0, abs(start))) / max(part, WHOLE)
                        costs.trials[up] += 1
                    score, up_first = max(gains[0], 1e-9) * max(gains[1], 1e-9), gains[1] < gains[0]
                failed = 0 if score > best else failed + 1
                if score > best:
                    best, choice = score, (int(j), bool(up_first))
            if node.children:
                break
        self.live.engine.setOptionValue("simplex_iteration_limit", 2**31 - 1)
        if moved and not node.children:
            self.live.engine.setBasis(basis)
        return choice

    def trial(self, node: Node, j: int, value: float, basis: Any, start: float) -> list[float]:
        """What either side of a branch adds to the live program's optimum, as far as a few steps tell.

        Where that closes a side, the node is branched.
        """
        live, k = self.live, int(np.floor(value))
        low, high = live.bounds(j)
        gains, sides, reached = [], list[Node](), []
        for side in ((low, k), (k + 1, high)):
            live.set_bounds(j, *side)
            live.engine.setBasis(basis)
            execute(live.engine)
            state = live.state()
            gains.append(inf if state == "infeasible" else live.value() - start)
            sides.append(Node(self.system, {**node.changed, j: side}, multipliers=node.multipliers))
            self.settled(sides[-1], state)
            reached.append(live.engine.getBasis())
        live.set_bounds(j, low, high)
        if any(side.kind != "open" for side in sides):
            node.branch, node.kind, node.children = (j, k), "branch", sides
            live.engine.setBasis(reached[sides[0].kind != "open"])
        far = abs(start) + 1.0
        return [max(0.0, min(gain, far)) for gain in gains]

    # The search ------------------------------------------------------------------------------------

    def grow(self) -> Node:
        """The tree: the open node with the least bound first, the latest of equals."""
        top, serial = Node(self.system, {}), count()
        state, bound, x = self.relax(top)
        first = top.multipliers
        if first:
            self.root_floor = self.bound(top, first)
        if state == "open" and not self.live.late():
            self.least = bound
            self.tell()
            if self.known.balance(self.random, TRIALS[1]):
                return top
            self.take()
            self.add_sides()
            self.nudge(NUDGE)
            if self.root(top):
                state = "closed"
                if top.kind == "bound":
                    self.root_floor = self.bound(top, top.multipliers or [])
        if state != "open":
            return top
        self.nudge(NUDGE)
        if self.settled(top, self.live.solve()):
            return top
        top.multipliers = max(top.multipliers or [], first or [], key=lambda known: self.bound(top, known))
        self.root_floor = self.bound(top, top.multipliers)
        self.compact(0)
        start = self.start()
        heap, stuck = [(bound, 0, top, False, start)], list[float]()
        pause, next_repair, deep = REPAIR_EVERY, 1, True
        while heap and not self.live.late() and not self.short(len(heap)):
            bound, _, node, known, start = heappop(heap)
            if bound > self.least:
                self.least = bound
                self.tell()
            self.nodes += 1
            if self.nodes == LONG_AFTER and float(self.enough) - self.least > WIDE * abs(float(self.enough)):
                self.known.start(None, self.random)
                self.take()
            inherited = node.multipliers
            if self.nodes % COMPACT_EVERY == 0:
                self.compact(OLDEST)  # the last program's solution is not asked for any more
            self.enter(node)
            self.begin(start)
            state, found, x = self.relax(node)
            if state == "closed":
                continue
            if state != "open":
                node.multipliers = inherited
                stuck.append(bound)  # the engine and exact arithmetic disagree: the node stays open
                continue
            if self.live.fractions(x).max(initial=0.0) <= WHOLE and self.better(x):
                assert self.plan is not None
                self.known.search.offer(solution_of(self.known.instance, self.system, self.plan))
                if self.settled(node, "optimal"):
                    continue
            settled = bool(self.sides) and all(min(x[z], 1 - x[z]) <= WHOLE for z in self.sides)
            repair, before = self.nodes >= next_repair, self.known.search.value
            if settled > known or (repair and (self.nodes == 1 or not deep)):
                self.offer(x)
                if self.closed(node, x):
                    continue
            if found < bound:
                node.multipliers = inherited
            bound = max(bound, found)
            if repair:
                if deep:
                    start = self.start()
                    self.dive(node, x)
                    self.enter(node)
                    self.begin(start)
                    state, _, x = self.relax(node)
                deep = not deep
                wide = float(self.enough) - self.least > NEARLY * abs(float(self.enough))
                pause = REPAIR_EVERY if wide or self.known.search.value != before else min(2 * pause, SELDOM)
                next_repair = self.nodes + pause
                if state == "closed":
                    continue
                if state != "open":
                    stuck.append(bound)
                    continue
            choice = self.choose(node, x)
            if choice is None:
                stuck.append(bound)
                continue
            j, up = choice
            if not node.children:
                low, high = self.live.bounds(j)
                k = max(low, min(int(np.floor(x[j])), high - 1))
                node.branch, node.kind = (j, k), "branch"
                node.children = [
                    Node(self.system, {**node.changed, j: side}, multipliers=node.multipliers)
                    for side in ((low, k), (k + 1, high))
                ]
            start = self.start()
            for child in node.children if up else node.children[::-1]:
                if child.kind == "open":
                    heappush(heap, (bound, -next(serial) - 1, child, settled, start))
                else:
                    self.nodes += 1
        self.least = min([bound for bound, *_ in heap] + stuck, default=float(self.claim / self.system.unit))
        return top

    def floor(self, top: Node, seconds: float) -> Fraction | None:
        """What the multipliers of the open nodes prove, or the root's if that would take longer than so many seconds.

        ``None`` before the first relaxation.
        """
        left = [node for node in nodes(top) if node.kind == "open"]
        if self.root_floor is None or self.bound_seconds / max(1, self.bounds) * len(left) > seconds:
            return self.root_floor
        least = []
        for node in left:
            self.enter(node)
            least.append(self.bound(node, node.multipliers or []))
        return max(self.root_floor, min(least))

    def proof_seconds(self, open_nodes: int) -> float:
        """About how long it takes to write the proof and to replay it."""
        return self.bound_seconds / max(1, self.bounds) * (NODE_BOUNDS * (open_nodes + self.nodes) + open_nodes)

    def short(self, open_nodes: int) -> bool:
        """Whether what is left of the time is needed to write the proof and to replay it."""
        return self.live.deadline - time.perf_counter() < self.proof_seconds(open_nodes)

    def tell(self) -> None:
        """Tell the bound of the open nodes, which may be above the zones that are known."""
        self.known.search.nodes = self.nodes
        least = self.least * float(self.system.unit)
        self.known.search.tighten(
            least if self.known.search.value is None else min(least, float(self.known.search.value))
        )
