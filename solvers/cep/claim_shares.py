"""Branch and price over claim shares: some dozens to some hundreds of schools, any meals, a replayed bound.

1. ``price_curve``: a first bound and plans. 2. ``share_tree``: prices of units that hold in the strips at the
threshold and at full funding for every unit, and between them for every group; branching on the share of one
unit's group. 3. Once the groups between the strips are listed, every grouping that is left is looked at, if they are
not too many (``share_cover``). 4. Plans by repartition (``repartition``) all the while. 5. The tree is replayed in
whole numbers (``solvers.checker.cep_shares``); only then is its bound one. In the end no gap is left: what remains is
compared with the value exactly (59). Mathematics: ``docs/cep_meals.md``.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.cep.price_curve import level_range, units_of
from fairbound.solvers.cep import price_curve
from fairbound.solvers.cep.group_moves import OUT, Plan, improve
from fairbound.solvers.cep.plan_search import PlanSearch, search_plans
from fairbound.solvers.cep.share_cells import MULTIPLIER_STEP, Box, Cells, Prices, crowded
from fairbound.solvers.cep.share_certificate import least_bound
from fairbound.solvers.cep.share_cover import OUT as OUTSIDE
from fairbound.solvers.cep.share_master import Master
from fairbound.solvers.cep.share_members import Members
from fairbound.solvers.cep.share_node import Node
from fairbound.solvers.cep.share_replays import REPLAYED, Replays
from fairbound.solvers.cep.share_stages import Stages
from fairbound.solvers.cep.share_tree import Tree
from fairbound.solvers.checker.common import LONGEST, Rejected
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import OnProgress, Settings, Termination

if TYPE_CHECKING:
    from fairbound.models.cep import CepInstance, Grouping
    from fairbound.solvers.cep.regrets import Regrets
    from fairbound.solvers.core.answer import Answer
    from fairbound.solvers.core.bound import Bound

NAME = "claim_shares"
MANY_UNITS = 400
"""Beyond so many the first prices take seconds that the price curve turns into plans."""
EXACTLY = 1e-12
"""Share of the value by which nodes stay below it where no gap is to be left: more than floats err in a sum."""
FIRST_SHARE, FIRST_ROUNDS = 0.2, 3
"""Share of the limit, and interval models, after which the tree begins."""
FEW_UNITS = 48
"""For at most so many one interval model is enough: the tree is done in the time of two more."""
PLAN_SHARE = 0.3
"""Share of the time that goes into annealings while the tree grows, less with each that has found nothing."""
ROUNDING_SHARE = 0.1
"""Share of the time that goes into plans near what the LP mixes."""
FIRST_PLANS = 0.25
"""Share of the time below which annealings must have stayed for another one before the tree begins."""
FIRST_WIDTH = 20_000
SEED_SHARE, SEEDS, SEEDS_PER_UNIT = 0.05, 2000, 40
"""Groups that lose at most this share of the gap at the curve's prices begin the master, so many at most."""
LIST_SHARE, COVER_SHARE, FEW_COVER_SHARE = 0.15, 0.5, 0.15
"""Shares of the time that the replay of a list may take, and of a cover; of few units, where branching takes less."""
NARROWER, FINEST = 2 / 3, ((2, 2), (0, 1))
"""How much shorter strips become from search to search, and cells of either strip in the last two: in the end the
groups near the threshold are true ones, and those of one cell are fully funded."""


class Sharing:
    """From a plan and the price curve to a bound that is replayed."""

    def __init__(self, search: PlanSearch, regrets: Regrets) -> None:
        self.search, self.regrets = search, regrets
        self.open = ~regrets.barred
        assert search.bound is not None
        self.cells = Cells(search.instance, search.objective, abs(float(search.bound)))
        self.units, self.arrays = self.cells.units, self.cells.arrays
        self.finer: list[tuple[Cells, Master]] = []
        self.master = self._master(self.cells)
        self.tree: Tree | None = None
        self.stages = Stages(search.settings.gap)
        self.nodes = 0
        self.refused: list[tuple[float, int]] = []
        self.uncovered: list[tuple[float, int]] = []
        self.may_leave = np.array([not unit.must for unit in self.units])
        self.rounding = 0.0
        """Seconds that plans near mixtures have taken."""
        self.early = False
        """Whether the search stopped before its end."""
        self.replays = Replays(search, self.cells)

    def _widen(self, strips: tuple[int, int]) -> None:
        """Take so many cells for the strips; what covers leave is searched with fewer and fewer."""
        instance, objective, scale, usual = self.search.instance, self.search.objective, self.cells.scale, self.cells

        def narrower(cells: int, least: int) -> int:
            return max(int(NARROWER * cells), least)

        chain = [strips]
        while chain[-1] != usual.strips:
            chain.append((narrower(chain[-1][0], usual.strips[0]), narrower(chain[-1][1], usual.strips[1])))
        chain += [each for each in FINEST if each[0] < usual.strips[0]]
        every = [usual if each == usual.strips else Cells(instance, objective, scale, each) for each in chain]
        first, *finer = [(cells, self.master if cells is usual else self._master(cells)) for cells in every]
        self.cells, self.master = first
        self.replays.cells = self.cells
        for cells, master in finer:
            master.add_pairs(*np.nonzero(np.ones((len(self.units), len(cells.knots)))))
        self.finer = finer

    def _master(self, cells: Cells) -> Master:
        charge = 10.0 * float(np.abs(self.arrays.fixed).sum() + np.abs(self.arrays.slope).sum()) + 1.0
        settings = Settings(threads=self.search.settings.threads, seed=self.search.settings.seed)
        return Master(self.arrays, cells.edges[cells.knots], charge, settings)

    def late(self) -> bool:
        """Whether the tree must stop, so that its replay ends in time."""
        return self.search.late() or self.search.closed() or self.replays.late(self.tree)

    def target(self) -> float:
        """The value that nodes must not exceed."""
        if self.search.value is None:
            return -np.inf
        wanted = float(self._wanted())
        return wanted if self.stages.share() else wanted - EXACTLY * abs(wanted)

    def _wanted(self) -> Fraction:
        """The bound that this stage is to prove; any number may be the value, also one below 0."""
        assert self.search.value is not None
        return self.search.value + self.stages.share() * self._size()

    def _size(self) -> Fraction:
        """What gaps are shares of."""
        assert self.search.value is not None
        return abs(self.search.value) or Fraction(1)

    def run(self) -> tuple[Bound, dict[str, Any]]:
        """Search in stages; the bound that a replay has confirmed, with its certificate."""
        assert self.search.value is not None
        assert self.search.bound is not None
        prices = self._first_prices()
        self._widen(crowded(self.cells, prices, float(self.search.bound) - float(self.search.value), self.late))
        if self.cells.strips != prices.strips:
            prices = self._first_prices()
        for _ in range(2):
            if self.search.annealed < FIRST_PLANS * self.replays.until:
                self._anneal(prices)
        replays = self.replays
        stages = self.stages
        while stages.waiting:
            if not stages.share() and len(str(self.search.value)) > LONGEST:
                stages.stuck()  # a bound that no checker reads
            began = self.search.seconds()
            tree = self.tree = self._tree(Node(self.cells.box(), prices), stages.listed)
            if replays.best is None and tree.root.box is not None:
                self._begin(tree, tree.root.box, prices)
            replays.rehearsed = None
            done = tree.run()
            while not done and not tree.overfull and replays.rehearse(self._least(tree), tree):
                done = tree.run()
            self.nodes += tree.nodes
            replays.reached(self._least(tree), tree)
            if tree.overfull and not self.late():
                if not stages.overfull((Fraction(tree.bound) - self.search.value) / self._size()) and replays.cheap():
                    replays.secure()
            elif tree.stuck and not stages.share() and not self.late():
                stages.stuck()
            elif not done or self.late():
                self.early = not tree.stuck
                break
            else:
                if not stages.listed and replays.cheap():
                    replays.secure()
                seconds = self.search.seconds()
                above = (tree.root.prices.bound - float(self.search.value)) / float(self._size())
                stages.closed(above, tree.nodes, max(seconds - began, 1e-3), replays.until - seconds)
        proof = replays.proven()
        self.early |= replays.early
        return proof

    def _tree(self, root: Node, first: bool) -> Tree:
        """A search of everything, from first prices."""
        covered = FEW_COVER_SHARE if len(self.units) <= FEW_UNITS else COVER_SHARE
        tree = Tree(
            self.cells,
            self.master,
            root,
            self.target,
            self.meet,
            self.report,
            self.late,
            self.offer,
            tuple(self.finer),
            first,
            None if self.stages.share() else self._wanted,
            refused=self.refused,
            uncovered=self.uncovered,
            most_listed=LIST_SHARE * self.replays.until * REPLAYED,
            most_covered=covered * self.replays.until * REPLAYED,
        )
        root.work = 1
        root.proofs.append(root.prices)
        tree.narrow(root)
        return tree

    def _least(self, tree: Tree) -> Fraction:
        """The least bound that a tree proves."""
        wanted = self._wanted()
        if self.stages.share():
            wanted = -(-wanted // self.cells.step) * self.cells.step
        return least_bound(self.cells, tree.root, wanted)

    def report(self, bound: float) -> None:
        """Note a bound that the tree has reached."""
        if self.search.bound is None or bound < self.search.bound:
            self.search.nodes = self.nodes + (0 if self.tree is None else self.tree.nodes)
            least = Fraction(bound) if self.search.value is None else self.search.value
            self.search.tighten(max(Fraction(bound), least))

    def _first_prices(self) -> Prices:
        """Those of the price curve."""
        cells, box = self.cells, self.cells.box()
        levels = self.regrets.price(cells.edges[cells.knots])
        units, levels = cells.repaired(self.regrets.best[self.open], levels, box)
        multipliers, found = cells.search(units, box, self.search.late, FIRST_WIDTH)
        if not found.proven.all() or len(found.excess):
            # With the curve's own multiplier in each cell, raised until no unit is worth more at either end.
            middle = (cells.pricer.lower + cells.pricer.upper) / 2
            multipliers = np.round(self.regrets.price(middle) * MULTIPLIER_STEP) / MULTIPLIER_STEP
            low, high, _, _ = cells.pricer.ends(units, multipliers, box.allowed[cells.middle])
            units = units + np.maximum(np.maximum(low, high).max(axis=0), 0.0)
        return cells.prices(units, levels, multipliers)

    def _begin(self, tree: Tree, box: Box, prices: Prices) -> None:
        """The first columns: pairs in the strips, the groups of the best plan, and those that lose little."""
        levels, units = np.nonzero(self.cells.levels_allowed(box))
        self.master.add_pairs(units, levels)
        self._columns()
        little = SEED_SHARE * max(prices.bound - self.target(), 0.0)
        _, found = self.cells.search(prices.units, box, self.late, FIRST_WIDTH, -little)
        tree.add(found, SEEDS, SEEDS_PER_UNIT)

    def _columns(self) -> None:
        """Columns for the groups of the best plan whose share lies in the middle."""
        home = np.array(self.search.home(self.units))
        inside = home == np.arange(home.max(initial=OUT) + 1)[:, None]
        people, lifted = inside @ self.arrays.enrolled, inside @ self.arrays.lifted
        cell = np.searchsorted(self.cells.edges, np.minimum(1.0, lifted / people), side="right") - 1
        middle = np.isin(cell, self.cells.middle)
        if middle.any():
            self.master.add_groups(inside[middle], self.cells.pricer.worth(Members.of(inside[middle])), cell[middle])

    def offer(self, key: list[int]) -> bool:
        """Offer a plan: of every unit the first of its group, a strip as one group, or that it is out."""
        return self.search.offer(self._plan(key).grouping())

    def _plan(self, key: list[int]) -> Plan:
        home = [OUT if place == OUTSIDE else len(key) - place if place < 0 else place for place in key]
        return Plan(self.search.instance, self.units, home)

    def meet(self, prices: Prices, key: list[int]) -> None:
        """Better plans, as long as they do not take too much of the time: near a mixture, and by annealing."""
        search = self.search
        began = search.seconds()
        left = ROUNDING_SHARE * began - self.rounding
        if left > 0:
            plan = self._plan(key)

            def enough() -> bool:
                return self.late() or search.seconds() > began + left

            improve(plan, self.may_leave, np.zeros(len(key), dtype=bool), enough)
            if search.offer(plan.grouping()):
                self._columns()
            self.rounding += search.seconds() - began
        if search.annealed <= PLAN_SHARE / (1 + search.fruitless) * search.seconds():
            self._anneal(prices)

    def _anneal(self, prices: Prices) -> None:
        """Anneal the best plan, whose groups become columns."""
        if self.search.anneal(prices.units, self.late) and self.tree is not None:
            self._columns()


def answer(
    instance: CepInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Grouping | None = None,
) -> Answer:
    """Solve; see the module."""
    search = PlanSearch(instance, objective, settings, on_progress)
    impossible = search.impossible()
    if impossible is not None:
        return impossible
    limit = settings.time_limit
    sharing, proof, message = None, None, ""
    with search.begin(start):
        found = price_curve.bound_and_regrets(search)
        if found is not None:
            budget = np.inf if limit is None else FIRST_SHARE * limit

            most = 1 if len(found[0].units) <= FEW_UNITS else FIRST_ROUNDS

            def enough(rounds: int) -> bool:
                return rounds >= most or search.seconds() > budget

            search_plans(search, found[0], settings, enough, budget)
            if search.value is not None and not search.closed() and not search.late():
                sharing = Sharing(search, found[0])
                try:
                    proof = sharing.run()
                except Rejected as reason:
                    message = f"the checker rejected its certificate, which is a fault to report: {reason}"
    if proof is not None and (search.proven is None or proof[0].value >= search.proven):
        proof = None
    search.bound = search.proven if proof is None else proof[0].value
    result = search.answer(found, message=message)
    if sharing is not None:
        result = replace(result, model=sharing.master.size(), nodes=sharing.nodes)
        if limit is not None and sharing.early and result.termination is Termination.FINISHED and not search.closed():
            result = replace(result, termination=Termination.TIME_LIMIT)  # the rest of it was for the replay
    if proof is None:
        return result
    return replace(result, claim=None, proven=proof[0], certificate=proof[1])


def refuses(instance: CepInstance, objective: str) -> str | None:
    """Refuse what is not linear in the claim share, one group's problem, and rules on the whole grouping."""
    jumps = price_curve.refuses(instance, objective)
    if jumps is not None:
        return jumps
    if instance.weight_per_student is not None:
        return "meals are proportional to enrolment: one group suffices, and membership finds it"
    units = [unit for unit in units_of(instance, objective) if not unit.barred]
    if instance.groups is not None and instance.groups < len(units):
        return "a largest number of groups is a rule on the whole grouping, not on one group"
    if instance.limits:
        return "a least value of an objective is a rule on the whole grouping, not on one group"
    if level_range(instance)[0] >= 1:
        return "a group that meets the threshold is fully funded, so all groups have one claim share"
    if any(unit.enrolled == 0 for unit in units):
        return "a school without students has no share, whatever its group"
    return None


def hesitates(instance: CepInstance, objective: str) -> str | None:
    """Beyond some hundreds of schools the price curve answers sooner."""
    count = len(units_of(instance, objective))
    return f"{count} schools: the price curve answers sooner" if count > MANY_UNITS else None


METHOD = Method(
    NAME,
    Kind.ALGORITHM,
    "branch and price over claim shares, its tree replayed: some dozens to some hundreds of schools",
    answer,
    refuses,
    closes=False,
    hesitates=hesitates,
)
