"""Best subset with ridge: branch and bound over features, on perspective relaxations whose ridge the data lend.

A matrix of correlations is positive definite by more than its ridge, and what it can spare on its diagonal may be
treated as ridge too (Dong, Chen and Linderoth 2015). Relaxations are solved in floats; what closes a node is a vector
of coefficients, from which the checker computes a bound in whole numbers (``docs/scores.md``, equations 9 to 12).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.scores.evaluate import evaluate, largest
from fairbound.models.scores.instance import BEST_SUBSET, LinearModel, ScoresInstance
from fairbound.solvers.checker import scores as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.scores.baselines import constant
from fairbound.solvers.scores.safe_leaves import SafeLeaves
from fairbound.solvers.scores.selection import Correlations, correlations, greedy, ridge_model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Solved = tuple[float, Floats, Floats]
    """A bound, shares of the free features in the subset, and the coefficients of all that prove it."""

NAME = "subset_tree"
ROUNDS, WIDE_ROUNDS, WIDE = 8, 2, 300
"""Times that shares of the diagonal are fitted at the root; of more features than WIDE fewer."""
STEPS, ENOUGH = 40, 1e-6
MARGIN = 1e-7
"""A node is closed once it exceeds the best value by this share; floats and rounded coefficients err by far less."""
NEAR = 1e-4
SMALL = 1e-4
"""A feature with a smaller share of the subset is fitted to what the others leave, by itself."""
DIGITS = 9
LEAST_RIDGE = Fraction(1, 10**6)
"""With less a matrix of dependent features is semidefinite by less than the checker's roundings."""


@dataclass(order=True)
class Node:
    """A box of subsets: features that are in, features that are free; what closed or split it."""

    bound: float
    number: int
    inside: tuple[int, ...] = field(compare=False)
    free: tuple[int, ...] = field(compare=False)
    coefficients: Floats | None = field(compare=False, default=None)
    shares: Floats | None = field(compare=False, default=None)
    split: int | None = field(compare=False, default=None)
    children: tuple[Node, ...] = field(compare=False, default=())


class Relaxation:
    """Perspective bounds of nodes, with one choice of what the diagonal lends."""

    def __init__(self, found: Correlations, lent: Floats) -> None:
        self.found, self.lent = found, lent
        self.rest = found.quadratic - np.diag(lent)

    def solve(
        self,
        inside: Sequence[int],
        free: Sequence[int],
        most: int,
        late: Callable[[], bool] = lambda: False,
        begin: Floats | None = None,
    ) -> Solved:
        """The bound of a node; ``begin`` has shares to begin with."""
        index = np.array([*inside, *free], dtype=int)
        fixed, lent = len(inside), self.lent[index]
        rest, g = self.rest[np.ix_(index, index)], self.found.linear[index]
        shares = np.ones(len(index))
        shares[fixed:] = min(1.0, most / max(1, len(free))) if begin is None else np.maximum(begin, SMALL)
        best, kept, coefficients = -np.inf, shares, np.zeros(len(index))
        for step in range(STEPS):
            b = self.ridge(rest, g, lent / shares)
            bound = self.value(rest, g, lent, b, fixed, most)
            if bound > best:
                gain, best, kept, coefficients = bound - best, bound, shares, b
                if step > 4 and gain < ENOUGH * abs(bound):
                    break
            if late():
                break
            shares = shares.copy()
            shares[fixed:] = capped(np.sqrt(lent[fixed:]) * np.abs(b[fixed:]), most)
        whole = np.zeros(len(self.lent))
        whole[index] = coefficients
        return best, kept[fixed:], whole

    @staticmethod
    def ridge(rest: Floats, g: Floats, weights: Floats) -> Floats:
        """Coefficients under ridge weights; the many with hardly a share of the subset move nobody else's."""
        few = np.flatnonzero(weights * SMALL < 1.0)
        if 2 * len(few) > len(g) or len(g) <= WIDE:
            return np.asarray(np.linalg.solve(rest + np.diag(weights), g))
        b = np.zeros(len(g))
        b[few] = np.linalg.solve(rest[np.ix_(few, few)] + np.diag(weights[few]), g[few])
        left = (g - rest[:, few] @ b[few]) / (weights + np.diag(rest))
        return np.where(b, b, left)

    @staticmethod
    def value(rest: Floats, g: Floats, lent: Floats, b: Floats, fixed: int, most: int) -> float:
        """Equation (11) in units of the label's variance."""
        product = rest @ b
        terms = (product - g) ** 2 / lent
        free = np.sort(terms[fixed:])[::-1]
        return float(1.0 - b @ product - terms[:fixed].sum() - free[:most].sum())


def capped(weight: Floats, most: int) -> Floats:
    """Shares in proportion to weights that sum to at most so many, none above 1 and none 0."""
    shares = np.full(len(weight), 1e-9)
    order, left, room = np.argsort(-weight), float(weight.sum()), float(most)
    for place, j in enumerate(order):
        if room <= 0 or left <= 0:
            break
        if weight[j] * room < left:
            rest = order[place:]
            shares[rest] = np.maximum(1e-9, weight[rest] * room / left)
            break
        shares[j] = 1.0
        left, room = left - weight[j], room - 1
    return np.asarray(np.minimum(shares, 1.0))


def lend(quadratic: Floats, weight: Floats) -> Floats:
    """What the diagonal can spare, most where weights are large: a barrier method for a semidefinite program."""
    p = len(weight)
    lent = np.full(p, 0.5 * float(np.linalg.eigvalsh(quadratic)[0]))
    weight = np.maximum(weight / weight.mean(), 1e-12)
    for barrier in 10.0 ** np.arange(0.0, -4.1, -0.5):
        for _ in range(8):
            inverse = np.linalg.inv(quadratic - np.diag(lent))
            step = np.linalg.solve(barrier * inverse * inverse, weight - barrier * np.diag(inverse))
            length = 1.0
            while length > 1e-6 and not _inside(quadratic, lent + length * step):
                length /= 2
            if length <= 1e-6:
                break
            lent = lent + length * step
            if float(np.abs(length * step).max()) < 1e-3 * float(lent.max()):
                break
    return lent


def _inside(quadratic: Floats, lent: Floats) -> bool:
    if float(lent.min()) <= 0:
        return False
    try:
        np.linalg.cholesky(quadratic - np.diag(lent))
    except np.linalg.LinAlgError:
        return False
    return True


def spare(p: int, largest: float) -> float:
    """What is left of the smallest eigenvalue, so that the checker can prove that it is not negative.

    Eigenvalues that floats find err by a share of the largest entry, which is 1 and the ridge.
    """
    return 1e-7 + 8.0 * p * sqrt(p) / (1 << checker.ROOT_BITS) + 2.0**-48 * p * largest


def best_shares(
    found: Correlations, k: int, late: Callable[[], bool], enough: float, tell: Callable[[float], None]
) -> tuple[Relaxation, Solved]:
    """The relaxation whose bound at the root is best of some rounds, and what it says there.

    A bound, then what to lend where it matters. One that is near ``enough`` ends it: the rest is quickly branched.
    Each is told.
    """
    p = len(found.linear)
    kept_back = spare(p, float(found.quadratic.max()))
    least = float(np.linalg.eigvalsh(found.quadratic)[0]) - kept_back
    lent = np.full(p, max(least, kept_back))
    kept: tuple[Relaxation, Solved] | None = None
    for _ in range(WIDE_ROUNDS if p > WIDE else ROUNDS):
        relaxation = Relaxation(found, lent)
        solved = relaxation.solve((), range(p), k, late)
        if kept is None or solved[0] > kept[1][0]:
            kept = relaxation, solved
            tell(solved[0])
        _, shares, b = solved
        weight = b**2 * (1 / shares - 1)
        if kept[1][0] >= enough * (1 - NEAR) or late() or least <= kept_back or not weight.any():
            break
        fitted = lend(found.quadratic - kept_back * np.eye(p), weight + 1e-3 * weight.mean())
        lent = (lent + fitted) / 2
    assert kept is not None
    return kept


class Tree:
    """One run: nodes by their bounds, the best subset, and what closes each node."""

    def __init__(self, search: Search, replayed: bool = True) -> None:
        self.search, self.instance, self.replayed = search, search.instance, replayed
        self.found = correlations(self.instance)
        self.k = self.instance.k
        self.scale = float(
            Fraction(self.instance.moments.label, self.instance.moments.n**2) * self.instance.design.label_unit**2
        )
        self.count = 0

    def late(self) -> bool:
        """Whether to stop: what is left of the time is needed for the replay."""
        left = self.search.left()
        needed = replay_seconds if self.replayed else safe_seconds
        rest = self.search.load() * needed(self.instance, self.count)
        return self.search.late() or (left is not None and left < rest)

    def offer(self, subset: Sequence[int]) -> None:
        """Take a subset, solved exactly, if it is better."""
        model = ridge_model(self.instance, subset)
        if model is not None:
            self.search.offer(model)

    def grow(self) -> tuple[Node, Floats]:
        """The tree; leaves that the time did not suffice for stay open with the bounds that they have."""
        search, p = self.search, len(self.found.linear)
        self.offer(greedy(self.found, self.k, search.late))
        relaxation, root = best_shares(self.found, self.k, self.late, self.enough(), self.tighten)
        top = self.node((), tuple(range(p)), root)
        pending = [top]
        while pending and not self.late():
            self.tighten(pending[0].bound)
            if search.closed():
                break
            node = heapq.heappop(pending)
            if node.bound >= self.enough():
                continue
            most = self.k - len(node.inside)
            if not most or not node.free:
                continue
            assert node.shares is not None
            place = int(node.shares.argmax())
            j = node.free[place]
            begin = (
                np.delete(node.shares, place) if p > WIDE else None
            )  # a fresh start says a little more, and costs more
            rest = tuple(i for i in node.free if i != j)
            node.split = j
            node.shares = None
            node.children = (
                self.child(relaxation, (*node.inside, j), rest, node, begin),
                self.child(relaxation, node.inside, rest, node, begin),
            )
            node.coefficients = None
            for child in node.children:
                heapq.heappush(pending, child)
        search.nodes = self.count
        if not pending:
            self.tighten(np.inf)
        return top, relaxation.lent

    def child(
        self,
        relaxation: Relaxation,
        inside: tuple[int, ...],
        free: tuple[int, ...],
        parent: Node,
        begin: Floats | None,
    ) -> Node:
        """A node below another, whose shares it may begin with."""
        most = self.k - len(inside)
        if not most or not free:
            self.count += 1
            loss = self.found.loss(inside)
            if loss < self.enough():
                self.offer(inside)
            return Node(loss, self.count, inside, free)
        solved = relaxation.solve(inside, free, most, self.late, begin)
        if parent.bound > solved[0] and parent.coefficients is not None:
            solved = parent.bound, solved[1], parent.coefficients  # what holds of more subsets holds here
        return self.node(inside, free, solved)

    def node(self, inside: tuple[int, ...], free: tuple[int, ...], solved: Solved) -> Node:
        """A node that leaves a choice; the subset that its relaxation suggests is offered."""
        self.count += 1
        bound, shares, coefficients = solved
        chosen = [*inside, *(free[j] for j in np.argsort(-shares)[: self.k - len(inside)])]
        if self.found.loss(chosen) < self.enough() * (1 - 2 * MARGIN):
            self.offer(chosen)
        return Node(bound, self.count, inside, free, coefficients, shares)

    def tighten(self, bound: float) -> None:
        """Take the least bound of open nodes; once none is open, the best value is the bound."""
        value, least = self.search.value, max(0.0, bound * self.scale)
        if value is not None and np.isinf(bound):
            self.search.tighten(value)
        else:
            self.search.tighten(least if value is None else min(least, float(value) * (1 - MARGIN)))

    def enough(self) -> float:
        """The bound that closes a node, in units of the label's variance."""
        value = self.search.value
        return np.inf if value is None else float(value) / self.scale * (1 + MARGIN)


def assembled(tree: Tree, top: Node, lent: Floats) -> dict[str, Any] | None:
    """The certificate of a tree: its nodes in the checker's order, and the best bound that all its leaves prove."""
    search, instance = tree.search, tree.instance
    moments = instance.moments
    spread = np.sqrt(float(moments.label) / np.array(np.diag(moments.gram), dtype=float))
    nodes: list[list[Any]] = []
    claim = search.value
    todo = [top]
    while todo:
        node = todo.pop()
        if node.split is not None:
            nodes.append(["split", node.split])
            todo += node.children[::-1]
        elif node.coefficients is None:
            nodes.append(["solve"])
        else:
            raw = node.coefficients * spread
            used = np.flatnonzero(raw).tolist()  # a parent's too: of a feature that is out it holds as well
            nodes.append(["bound", [[j, float(f"{raw[j]:.{DIGITS}g}")] for j in used]])
            if node.bound < tree.enough():
                proven = Fraction(f"{node.bound * tree.scale * (1 - MARGIN):.{DIGITS}g}")
                claim = proven if claim is None else min(claim, proven)
    if claim is None or claim < 0:
        return None
    solution: LinearModel | None = search.solution
    return {
        "format": checker.FORMAT,
        "instance": instance.name,
        "digest": instance.digest,
        "data": instance.canonical(),
        "objective": BEST_SUBSET,
        "solution": None
        if solution is None
        else {
            "intercept": str(solution.intercept),
            "coefficients": [[j, str(solution.coefficients[j])] for j in solution.used],
        },
        "bound": str(claim),
        # Shares above 1 by as many decimals: what is left of the diagonal is their difference to 1 and the ridge.
        "shares": [float(f"{share:.{DIGITS}{'f' if share > 1 else 'g'}}") for share in lent.tolist()],
        "tree": nodes,
    }


def safe_bound(tree: Tree, top: Node, lent: Floats) -> Fraction | None:
    """What the leaves of a tree prove in floats whose roundings are paid for; ``None`` where that is nothing."""
    safe, bound = SafeLeaves(tree.instance, lent), tree.search.value
    if not safe.semidefinite:
        return None
    todo = [top]
    while todo:
        node = todo.pop()
        todo += node.children
        if node.split is None:
            x, most = node.coefficients, tree.k - len(node.inside)
            if x is None:  # nothing is left to choose
                x, inside = np.zeros(len(lent)), list(node.inside)
                x[inside] = np.linalg.solve(tree.found.quadratic[np.ix_(inside, inside)], tree.found.linear[inside])
            found = safe.bound(node.inside, node.free, most, x)
            if (bound is None or found < bound) and node.coefficients is None:  # as good as the best one: exactly then
                model = ridge_model(tree.instance, node.inside)
                found = found if model is None else evaluate(tree.instance, model).values[BEST_SUBSET]
            bound = found if bound is None else min(bound, found)
    return bound


def safe_seconds(instance: ScoresInstance, nodes: int = 0) -> float:
    """The same of ``safe_bound``."""
    p = len(instance.design.columns)
    return 3e-10 * p**3 + 2e-8 * nodes * p * instance.k


def replay_seconds(instance: ScoresInstance, nodes: int = 0) -> float:
    """About how long the checker needs for rows, matrix and leaves, at the speed of a usual machine."""
    n, p = len(instance.design.labels), len(instance.design.columns)
    return n * p * (1e-7 + 4e-9 * p) + 4e-8 * p**3 + 2e-7 * nodes * p**2


def answer(
    instance: ScoresInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: LinearModel | None = None,
) -> Answer:
    """The best subset, and the certificate of its tree once the checker has accepted it.

    The replay takes its share of the time limit; where that is more than half of it, floats prove the bound, their
    roundings paid for (L2).
    """
    replay, limit = replay_seconds(instance), settings.time_limit
    replayed = limit is None or replay <= limit / 2
    search = Search(instance, objective, settings, on_progress)
    search.offer(constant(instance, objective, settings.seed, None))
    tree = Tree(search, replayed)
    if start is not None and evaluate(instance, start).feasible:
        tree.offer(largest(instance, start, instance.k).used)
    with search.interruptible():
        top, lent = tree.grow()
    why = search.why_late() if tree.late() else Termination.FINISHED
    document, proven, message = assembled(tree, top, lent) if replayed else None, None, ""
    if not replayed:
        message = f"no certificate: to replay it takes {replay:.0f} s, more than half of the time limit"
        found = safe_bound(tree, top, lent)
        proven = None if found is None else Bound(found, Basis.MULTIPLIERS, "leaves, their roundings paid for")
    if document is not None:
        try:
            with search.interruptible():  # whoever asks to stop now wants what is known: the replay is short
                proven = Bound(checker.check(document), Basis.CERTIFICATE, checker.FORMAT)
        except Rejected as reason:
            document, message = None, f"the checker rejected its certificate, which is a fault to report: {reason}"
    if why is Termination.FINISHED and proven is not None and search.value != proven.value:
        why = Termination.GAP_LIMIT
    return Answer(
        why,
        search.solution,
        claim=search.bound,
        proven=proven,
        message=message,
        nodes=search.nodes,
        trace=tuple(search.trace),
        certificate=document,
    )


def refuses(instance: ScoresInstance, objective: str) -> str | None:
    """It counts squares, and needs a ridge."""
    if objective != BEST_SUBSET:
        return f"it states best_subset, and {objective} is asked"
    if instance.ridge < LEAST_RIDGE:
        return "features may depend on each other; set a ridge of 0.000001 or more (--set ridge=0.0001)"
    return None
