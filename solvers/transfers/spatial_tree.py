"""Spatial branch and bound over district sizes: any objective, bounds on others, to a proven gap.

A node is a box of sizes; its bound comes from the linear program of ``transfer_lp`` by safe weak duality,
its incumbents from LP points and a local search, each repaired and evaluated exactly. A node is split at
the district whose charge falls furthest short of its score. As boxes shrink the two ends of an interval
meet and the relaxation becomes the problem itself.

Bounds on other objectives are rows of the linear program, valid in every box. A plan must keep them exactly:
one that breaks them a little is mixed with a plan known to keep them (``transfer_caps``).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import inf, nextafter
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.transfers import TransferInstance, TransferPlan, evaluate
from fairbound.models.transfers.evaluate import values_today
from fairbound.models.transfers.instance import OBJECTIVES
from fairbound.models.transfers.repair import repair
from fairbound.models.transfers.rules import refuse_common
from fairbound.solvers.checker import transfers as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import EngineInfo, ModelSize, OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.engines import highs
from fairbound.solvers.transfers.caps import program_caps, within_caps
from fairbound.solvers.transfers.certificate import FORMAT, certificate_json
from fairbound.solvers.transfers.composition import Floats, composition
from fairbound.solvers.transfers.node_bound import node_bound
from fairbound.solvers.transfers.node_program import NodeProgram
from fairbound.solvers.transfers.records import Record, Start
from fairbound.solvers.transfers.tightening import tightened

if TYPE_CHECKING:
    from fairbound.solvers.transfers.records import Point, Tightening

NAME = "spatial_tree"
DEFAULT_GAP = 1e-4
"""Asked for where a gap of 0 is asked: the optimum is irrational in general, so bounds meet only at a limit."""
AIM = 1 - 1e-5
"""A plan under a bound on another objective should be inside it by so much, so that others can be mixed with it."""
NEGLIGIBLE = 1e-6
"""A share of the value of today that is not worth a proof: an optimum of 0 has no relative gap."""
ROOT_ROUNDS, NODE_ROUNDS = 40, 4
CUT_SHARE = 1e-5
"""A cut is worth adding when it is violated by this share of the objective, divided by the districts."""
TIGHTENINGS = 3
WORTH, GAIN = 1e-3, 0.1
"""The sizes of a district are tightened where its charge falls short by this share of what all do, and tightened again
where the last time closed so much of the gap."""
RADII, STEPS, SEARCH_ROUNDS = (1.25, 1.1, 1.03, 1.01), 24, 8
SEARCH_CAPS = 1 - 5e-5
"""The local search aims for so much of a bound on another objective, to end inside it."""
FIRST, SOON, SELDOM, FOUND = 2, 8, 128, 1e-5
"""A local search at each of the first nodes; then so many nodes apart, twice as many after one that lowers the best
value by less than this share. It costs as much as some ten nodes."""
NEARLY_ZERO = 1e-7
"""What it aims for where the bound is 0: nodes that can only do worse than this are done, and those at 0 are not."""
PROOF, PROOF_SHARE = 2.0, 0.1
"""Seconds that are kept to write a proof, and the share of the limit that they are at most."""
MOST_REPLAYED, REPLAY_SECONDS = 100, 0.0015
"""A certificate of no more nodes is replayed at once, and the bound is then what the checker confirms. It works so
many seconds for each bound and each district."""
GRACE = 1.0
"""A replay may end so many seconds after the limit, before its process would be ended."""
EDGE = 0.1
"""A split leaves each side at least this share of the interval, on a logarithmic scale."""


@dataclass
class Node:
    """A box of sizes with its bound; ``record`` keeps the tree for a certificate, ``basis`` starts the children."""

    bound: float
    low: Floats
    high: Floats
    shortfall: Floats
    sizes: Floats
    record: Record
    basis: Start


@dataclass
class Tree:
    """A run of branch and bound; bounds are of the sum over districts, N times the objective.

    Attributes
    ----------
    search
        Clock, best plan and trace; a plan that it has already must keep every rule, bounds on other objectives too.
    aim
        Ask only whether the objective can be at most this: the run ends when it is or cannot be.
    best
        What the best plan scores.
    tightenings
        Rounds of proofs that a plan as good as the best one has its sizes in a smaller box.
    wait, next_look
        Nodes between two local searches, and the node at which the next one is made.
    """

    search: Search
    gap: float
    aim: float | None = None
    best: float = inf
    closed: float = inf
    termination: Termination = Termination.GAP_LIMIT
    tightenings: list[list[Tightening]] = field(default_factory=list)
    wait: int = SOON
    next_look: int = 0

    def __post_init__(self) -> None:
        self.instance: TransferInstance = self.search.instance
        self.N = len(self.instance.districts)
        bounds = self.instance.size_bounds
        # Outward, so that the float box holds the exact one.
        self.low = np.array([nextafter(float(low), 0.0) for low, _ in bounds])
        self.high = np.array([nextafter(float(high), inf) for _, high in bounds])
        goal_terms = composition(self.instance, self.search.objective)
        self.program = NodeProgram(self.instance, goal_terms, self.low, self.high, program_caps(self.instance))
        self.root = Record()
        known = self.search.solution or TransferPlan(())
        self.anchor = self.program.students(known)
        self._offer(known)
        self._offer(TransferPlan(()))
        self.search.report()  # in case a limit ends the first program before it is solved
        self.start = float(values_today(self.instance)[self.search.objective]) * self.N

    def late(self) -> bool:
        """Whether the time is over but for what the proof takes to be written and replayed."""
        left, limit = self.search.left(), self.search.settings.time_limit
        if left is None or limit is None:
            return self.search.late()
        kept = self.search.load() * min(PROOF, PROOF_SHARE * limit) + self.replay_seconds()
        return self.search.late() or left < min(kept, limit / 2)

    def replay_seconds(self) -> float:
        """About how long the checker will take, at the pace so far; 0 where nothing is replayed at once."""
        if self.search.nodes > MOST_REPLAYED:
            return 0.0
        bounds = sum(len(proofs) for proofs in self.tightenings) + self.search.nodes + 1
        return self.search.load() * REPLAY_SECONDS * bounds * self.N

    # Incumbents -------------------------------------------------------------------------------

    def _offer(self, plan: TransferPlan) -> None:
        """Take a plan as incumbent if its exact value is better."""
        value = self.search.score(plan)
        if value is not None and float(value) * self.N < self.best:
            self.best, self.search.solution, self.search.value = float(value) * self.N, plan, value

    def consider(self, point: Point, search: bool) -> None:
        """Incumbents from an LP point: as it stands where it is better, and after a local search.

        The next search comes soon where this one found something, and later and later where it did not.
        """
        before, nodes = self.best, self.search.nodes
        if search and self.instance.arcs:
            cuts = len(self.program.active)
            self.program.limit_caps(SEARCH_CAPS)
            point = self._searched(point)
            self.program.limit_caps(1)
            self.program.forget(cuts)  # they lie at points of its own small boxes
        students, score = point.students, point.score
        if self.program.excess(score).any():
            students = within_caps(self.program, students, self.anchor)
            score = self.program.scores(students)
        if score[0].sum() < self.best * (1 - 1e-7):
            self._offer(repair(self.instance, self.program.moves(students)))
        if search:
            found = self.best < before * (1 - FOUND)
            self.wait = SOON if found or nodes < FIRST else min(2 * self.wait, SELDOM)
            self.next_look = nodes + (1 if nodes < FIRST else self.wait)

    def _searched(self, point: Point) -> Point:
        """A local search in sizes: solve the program in ever smaller boxes around the best point so far.

        In a narrow box the relaxation is all but the problem, and it is global in the moves. A box
        whose bound is no better than the incumbent holds nothing to find.
        """
        for radius in RADII:
            for _ in range(STEPS):
                if self.late():
                    return point
                low = np.minimum(np.maximum(self.low, point.sizes / radius), self.high)
                high = np.maximum(np.minimum(self.high, point.sizes * radius), low)
                found = self._relaxed(low, high, SEARCH_ROUNDS)
                if found is None or found.value >= self.best * (1 - 1e-7):
                    return point
                better = self._merit(found) < self._merit(point) * (1 - 1e-5)
                point = found if better or radius is RADII[0] else point
                if not better:
                    break
        return point

    def _merit(self, point: Point) -> float:
        """What a point scores, broken bounds on other objectives at the program's price."""
        return float(point.score[0].sum() + self.program.cap_price * self.program.excess(point.score).sum())

    # Nodes ------------------------------------------------------------------------------------

    @property
    def target(self) -> float:
        """A node whose bound reaches this needs no further look."""
        if self.aim is not None:
            return self.aim * self.N if self.best > self.aim * self.N else 0.0
        return min(self.best * (1 - self.gap), self.best - NEGLIGIBLE * self.start)

    def solve_node(
        self, low: Floats, high: Floats, bound: float, rounds: int, record: Record
    ) -> tuple[float, Point, Floats, Start] | None:
        """Bound, point and basis of a box, and where it falls short; cuts are added for at most ``rounds`` rounds."""
        program = self.program
        point = self._relaxed(low, high, rounds)
        if point is None:
            return None
        multipliers = program.multipliers()
        safe = node_bound(program, multipliers)
        record.multipliers = multipliers
        basis = program.basis()
        program.purge(basis)
        # Goals at what they cost here; a bound that is broken unnoticed costs as much as the objective.
        short, broken = point.score - point.charged, program.excess(point.score) > 0
        units = np.array([cap.unit for cap in program.caps])
        prices = np.maximum(multipliers.caps, broken * self.best) / units
        return max(bound, safe), point, short[0] + prices @ short[1:], basis

    def _relaxed(self, low: Floats, high: Floats, rounds: int) -> Point | None:
        """Solve the program of a box, with at most ``rounds`` rounds of cuts; ``None`` if the engine fails."""
        program = self.program
        program.set_box(low, high)
        others = [CUT_SHARE * max(cap.limit, 1e-9) / self.N for cap in program.caps]
        last = -inf
        for turn in range(rounds):
            x = program.run()
            if x is None:
                return None
            point = program.point(x)
            if point.value >= self.target * (1 + 1e-6) or turn == rounds - 1 or self.late():
                return point
            tolerance = CUT_SHARE * max(point.value, 0.02 * self.best, 1e-9) / self.N
            violated = program.separate(x, [tolerance, *others])
            stalled = turn > 8 and point.value - last < 1e-6 * point.value
            if violated <= 20 or stalled:
                return point if program.run() is not None else None
            last = point.value
        return None

    def branch_point(self, node: Node, j: int) -> float:
        """Where to split: between the LP's size and the geometric middle, away from the ends."""
        low, high = node.low[j], node.high[j]
        ratio = (high / low) ** EDGE
        at = 0.5 * node.sizes[j] + 0.5 * float(np.sqrt(low * high))
        return float(np.round(min(max(at, low * ratio), high / ratio) * 2**20) / 2**20)

    def run(self) -> None:
        """Branch until the gap, the deadline or an interrupt."""
        open_nodes: list[tuple[float, int, Node]] = []
        with self.search.interruptible():
            self._search(open_nodes)
        self.closed = min([self.closed, *(entry[0] for entry in open_nodes)])

    def _search(self, open_nodes: list[tuple[float, int, Node]]) -> None:
        node = self._root()
        if node is None:
            self.closed, self.termination = 0.0, Termination.ENGINE_ERROR
            return
        count = 0
        heapq.heappush(open_nodes, (node.bound, count, node))
        while open_nodes:
            self._report(open_nodes[0][0])
            if open_nodes[0][0] >= self.target:
                break
            bound, _, node = open_nodes[0]  # it stays there until its children are solved
            if self.late():
                self.termination = self.search.why_late()
                break
            width = node.high / node.low
            j = int(np.argmax(np.where(width > 1 + 1e-9, node.shortfall, -inf)))
            if node.shortfall[j] <= 1e-12 or width[j] <= 1 + 1e-9:
                # Nothing left to split: the box is a point as far as floats tell.
                heapq.heappop(open_nodes)
                self.closed = min(self.closed, bound)
                continue
            at = self.branch_point(node, j)
            children = []
            for side in (0, 1):
                low, high = node.low.copy(), node.high.copy()
                (high if side == 0 else low)[j] = at
                record = Record()
                self.program.start_from(node.basis)
                found = self.solve_node(low, high, bound, NODE_ROUNDS, record)
                if found is None:
                    child = Node(bound, low, high, node.shortfall, node.sizes, record, node.basis)
                    record.multipliers = node.record.multipliers
                else:
                    value, point, shortfall, basis = found
                    self.consider(point, side == 0 and self.search.nodes >= self.next_look)
                    child = Node(value, low, high, shortfall, point.sizes, record, basis)
                children.append(child)
            heapq.heappop(open_nodes)
            node.record.split, node.record.children = (j, at), [child.record for child in children]
            node.record.multipliers = None
            self.search.nodes += 1
            for child in children:
                if child.bound >= self.target:
                    self.closed = min(self.closed, child.bound)
                else:
                    count += 1
                    heapq.heappush(open_nodes, (child.bound, count, child))

    def _root(self) -> Node | None:
        low, high, bound, node = self.low.copy(), self.high.copy(), 0.0, None
        for turn in range(TIGHTENINGS + 1):
            found = self.solve_node(low, high, bound, ROOT_ROUNDS, self.root)
            if found is None:
                break
            before, (bound, point, shortfall, basis) = bound, found
            self.consider(point, turn == 0)
            little = turn > 0 and bound - before < GAIN * (self.target - before)
            node = Node(bound, low, high, shortfall, point.sizes, self.root, basis)
            self._report(bound)
            if bound >= self.target or turn == TIGHTENINGS or little or self.late():
                break
            short = np.flatnonzero(shortfall > WORTH * shortfall.sum()).tolist()
            limit = self.best * (1 + 1e-9)
            new_low, new_high, proofs = tightened(self.program, low, high, limit, basis, short, self.late)
            shrink = np.log(high / low).sum() - np.log(new_high / new_low).sum()
            if shrink < 0.02 * np.log(high / low).sum():
                break
            low, high = new_low, new_high
            self.tightenings.append(proofs)
            self.program.start_from(basis)
        return node

    def _report(self, bound: float) -> None:
        self.search.note(self.best / self.N, min(bound, self.closed, self.best) / self.N)

    @property
    def dual_bound(self) -> Fraction:
        """Proven lower bound of the objective."""
        return max(Fraction(0), Fraction(min(self.closed, self.best)) / self.N)


def answer(
    instance: TransferInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Any = None,
) -> Answer:
    """Answer a question to ``settings.gap`` (``DEFAULT_GAP`` if 0), with the tree as its certificate if it is small."""
    search = Search(instance, objective, settings, on_progress)
    gap = settings.gap or DEFAULT_GAP
    info = EngineInfo(highs.NAME, highs.version(), {"gap": gap, "threads": 1})
    known = plan_within_caps(search, start)
    if isinstance(known, Termination):
        words = "" if known is Termination.INFEASIBLE else "no plan that keeps every bound on an objective was found"
        return Answer(known, gap=gap, engine=info, message=words)
    search.solution = known
    tree = Tree(search, gap)
    tree.run()
    engine = tree.program.highs
    # The tree only ever looked for plans better than its best one, so its bound reaches no further than that.
    dual = tree.dual_bound if search.value is None else min(tree.dual_bound, search.value)
    proven, message = Bound(dual, Basis.MULTIPLIERS, "leaves of the spatial tree"), ""
    certificate = certificate_json(tree)
    left = search.left()
    in_time = left is None or tree.replay_seconds() <= left + GRACE
    if certificate is not None and search.nodes <= MOST_REPLAYED and in_time:
        try:
            with search.interruptible():  # whoever asks to stop now wants what is known: the replay is short
                proven = Bound(checker.check(certificate), Basis.CERTIFICATE, FORMAT)
        except Rejected as reason:
            certificate, message = None, f"the checker rejected its certificate, which is a fault to report: {reason}"
    return Answer(
        tree.termination,
        search.solution,
        proven=proven,
        gap=gap,
        engine=info,
        model=ModelSize(int(engine.getNumCol()), int(engine.getNumRow()), int(engine.getNumNz()), 0),
        nodes=search.nodes,
        trace=tuple(search.trace),
        certificate=certificate,
        message=message,
    )


def plan_within_caps(search: Search, start: TransferPlan | None) -> TransferPlan | Termination:
    """A plan that keeps every rule, bounds on objectives too, or why there is none.

    Bounds are met one after the other: a tree minimises the next one's objective under those before it.
    """
    instance: TransferInstance = search.instance
    known = start if start is not None and evaluate(instance, start).feasible else TransferPlan(())
    for k, (name, cap) in enumerate(instance.limits):
        if evaluate(instance, known).values[name] <= cap:
            continue
        before = replace(instance, limits=instance.limits[:k])
        inner = Search(before, name, Settings(time_limit=search.left()), solution=known)
        tree = Tree(inner, 0.0, aim=float(cap) * AIM if cap > 0 else NEARLY_ZERO)
        tree.run()
        if inner.value is None or inner.value > cap:
            return Termination.INFEASIBLE if tree.dual_bound > cap else tree.termination
        if tree.termination is Termination.INTERRUPTED:
            return tree.termination
        known = inner.solution
    return known


def refuses(instance: TransferInstance, objective: str) -> str | None:
    """Why the tree cannot answer a question, or ``None``."""
    return refuse_common(instance, objective, tuple(o.name for o in OBJECTIVES), caps=True)


METHOD = Method(
    NAME,
    Kind.ALGORITHM,
    "spatial branch and bound over sizes: a proven gap, under bounds on other objectives too",
    answer,
    refuses,
    seeded=False,
)

__all__ = ["METHOD", "Tree", "answer"]
