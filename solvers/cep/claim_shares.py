"""Branch and price over claim shares: some dozens to some hundreds of schools, any meals, a replayed bound.

1. ``price_curve``: a first bound and plans. 2. ``share_tree``: prices of units that hold in the strips at the
threshold and at full funding for every unit, and between them for every group; branching on the share of one
unit's group. 3. Plans from the LP's mixtures, by rounding, moves and swaps. 4. The tree is replayed in whole
numbers (``solvers.checker.cep_shares``); only then is its bound one. Mathematics: ``docs/cep_meals.md``.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.cep.price_curve import level_range, units_of
from fairbound.solvers.cep import price_curve
from fairbound.solvers.cep.group_moves import OUT, Plan, improve
from fairbound.solvers.cep.share_cells import MULTIPLIER_STEP, Box, Cells, Prices
from fairbound.solvers.cep.share_certificate import FORMAT, certificate_json, least_bound
from fairbound.solvers.cep.share_master import Master, Optimum
from fairbound.solvers.cep.share_plan import ListModel, best_plan
from fairbound.solvers.cep.share_tree import Node, Tree
from fairbound.solvers.cep.tabu import Tabu
from fairbound.solvers.checker import cep_shares as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import OnProgress, Settings, Termination

if TYPE_CHECKING:
    from fairbound.models.cep import CepInstance, Grouping
    from fairbound.solvers.cep.regrets import Regrets
    from fairbound.solvers.cep.share_list import Listed
    from fairbound.solvers.core.answer import Answer

NAME = "claim_shares"
MANY_UNITS = 250
"""Beyond so many the price curve has better plans in a minute."""
STAGES = (6e-6, 1e-6, 1e-8)
"""Gaps that the search closes one after the other; prices are rounded to a few parts in 1e9 of the bound."""
SECONDS = 120.0
"""Time of the search where no limit is given."""
FIRST_SHARE, FIRST_ROUNDS = 0.2, 3
"""Share of the limit, and interval models, after which the tree begins."""
PLAN_SHARE = 0.3
"""Share of the tree's time that goes into plans."""
DIVES, FIRST_DIVES, DIVE_STEPS, NOISE = 1, 6, 60, 0.5
"""Plans from the LP at a node, and at the first one; columns that are taken one after the other; how they vary."""
PATIENCE, LATE = 300, 5
"""Steps of a tabu search without gain; it begins at plans that are the best of so many of late."""
LIST_SHARE, FIRST_LIST, LEAST_LIST = 0.3, 20.0, 0.5
"""Share of the tree's time that goes into plans of listed groups, seconds that may before, and the least of one."""
MOST_PLANNED = 3000
"""Listed groups of which a plan is made: those that lose least."""
FIRST_WIDTH = 20_000
SEED_SHARE, SEEDS, SEEDS_PER_UNIT = 0.05, 2000, 40
"""Groups that lose at most this share of the gap at the curve's prices begin the master, so many at most."""
REPLAYED = 700_000
"""Steps of work that the checker does in a second, at least."""
RESERVE = 0.5


class Sharing:
    """From a plan and the price curve to a bound that is replayed."""

    def __init__(self, search: price_curve.PlanSearch, regrets: Regrets) -> None:
        self.search, self.regrets = search, regrets
        self.open = ~regrets.barred
        assert search.bound is not None
        self.cells = Cells(search.instance, search.objective, abs(float(search.bound)))
        self.units, self.arrays = self.cells.units, self.cells.arrays
        self.chance = np.random.default_rng(search.settings.seed)
        self.may_leave = ~regrets.must[self.open]
        charge = 10.0 * float(np.abs(self.arrays.fixed).sum() + np.abs(self.arrays.slope).sum()) + 1.0
        settings = Settings(threads=search.settings.threads, seed=search.settings.seed)
        self.settings = settings
        self.master = Master(self.arrays, self.cells.edges[self.cells.knots], charge, settings)
        self.tree: Tree | None = None
        self.share = Fraction(0)
        self.planning, self.listing, self.began, self.nodes = 0.0, 0.0, search.seconds(), 0
        self.seen: list[float] = []
        limit = search.settings.time_limit
        self.until = search.seconds() + SECONDS if limit is None else limit - RESERVE

    def late(self) -> bool:
        """Whether the tree must stop, so that its replay ends in time."""
        replay = 0.0 if self.tree is None else self.search.load() * self.tree.work / REPLAYED
        return self.search.late() or self.search.closed() or self.search.seconds() + replay > self.until

    def target(self) -> float:
        """The value that nodes must not exceed."""
        value = self.search.value
        return -np.inf if value is None else float(value * (1 + self.share))

    def run(self) -> tuple[Bound, dict[str, Any]]:
        """Search in stages; the bound that a replay has confirmed, with its certificate."""
        self._improve(self._home(), PATIENCE)
        assert self.search.value is not None
        prices = self._first_prices()
        best: tuple[Fraction, Node] | None = None
        asked = self.search.settings.gap
        for share in (*(stage for stage in STAGES if stage > asked), *([asked] if asked > STAGES[-1] else [])):
            self.share = Fraction(str(share))
            root = Node(self.cells.box(), prices)
            tree = self.tree = Tree(
                self.cells, self.master, root, self.target, self.meet, self.report, self.plan, self.may_plan, self.late
            )
            root.work = 1
            root.proofs.append(prices)
            tree.narrow(root)
            if best is None and root.box is not None:
                self._begin(tree, root.box, prices)
            done = tree.run()
            self.nodes += tree.nodes
            wanted = self.search.value * (1 + self.share)
            bound = least_bound(self.cells, tree.root, -(-wanted // self.cells.step) * self.cells.step)
            if best is None or bound < best[0]:
                best = bound, tree.root
            if not done or self.late():
                break
        assert best is not None
        document = certificate_json(self.search.instance, self.search.objective, self.cells, best[1], best[0])
        return Bound(checker.check(document), Basis.CERTIFICATE, FORMAT), document

    def report(self, bound: float) -> None:
        """Note a bound that the tree has reached."""
        if self.search.bound is None or bound < self.search.bound:
            self.search.nodes = self.nodes + (0 if self.tree is None else self.tree.nodes)
            self.search.tighten(Fraction(bound))

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
        home = np.array(self._home())
        inside = np.array([home == group for group in range(home.max(initial=-1) + 1)])
        if len(inside):
            self._columns(inside)
        little = SEED_SHARE * max(prices.bound - self.target(), 0.0)
        _, found = self.cells.search(prices.units, box, self.late, FIRST_WIDTH, -little)
        tree.add(found, SEEDS, SEEDS_PER_UNIT)

    def _columns(self, inside: Any) -> None:
        """Columns for the groups of a plan whose share lies in the middle."""
        people, lifted = inside @ self.arrays.enrolled, inside @ self.arrays.lifted
        cell = np.searchsorted(self.cells.edges, np.minimum(1.0, lifted / people), side="right") - 1
        middle = np.isin(cell, self.cells.middle)
        if middle.any():
            self.master.add_groups(inside[middle], self.cells.pricer.worth(inside[middle]), cell[middle])

    def _home(self) -> list[int]:
        """The group of each unit in the best plan."""
        groups = () if self.search.solution is None else self.search.solution.groups
        group = {member: g for g, members in enumerate(groups) for member in members}
        return [group.get(unit.members[0], OUT) for unit in self.units]

    def meet(self, optimum: Optimum, first: bool) -> None:
        """Plans from the mixture of the LP, as long as they do not take too much of the time."""
        elapsed = self.search.seconds() - self.began
        for k in range(FIRST_DIVES if first else DIVES):
            if self.late() or (not first and self.planning > PLAN_SHARE * elapsed):
                return
            self._improve(self._dive(optimum, 0.0 if k == 0 else NOISE), 0)

    def _plan_seconds(self) -> float:
        """Time for a plan from a list."""
        left, elapsed = self.until - self.search.seconds(), self.search.seconds() - self.began
        return min(LIST_SHARE * left, LIST_SHARE * elapsed + FIRST_LIST - self.listing)

    def may_plan(self) -> bool:
        """Whether there is time for a plan from a list."""
        return self._plan_seconds() >= LEAST_LIST

    def plan(self, node: Node, listed: Listed) -> None:
        """The best plan of a node's groups, or of some, as long as that does not take too much of the time."""
        if not self.may_plan():
            return
        assert node.box is not None
        began = self.search.seconds()
        room = self.cells.room(node.prices, self.target())
        listed = listed.least(MOST_PLANNED, node.prices.units)
        model = ListModel(self.cells, node.box, listed, node.prices, room, self._home())
        home = best_plan(model, self.settings, self._plan_seconds())
        if home is not None:
            self._improve(home, 0)
        self.listing += self.search.seconds() - began

    def _dive(self, optimum: Optimum, noise: float) -> list[int]:
        """A plan from the LP: the columns of most weight are taken, the LP solved again, until it mixes nothing."""
        master = self.master
        wanted = master.open.copy()
        for _ in range(DIVE_STEPS):
            weights = optimum.weights
            mixed = np.flatnonzero((weights > 1e-6) & (weights < 1 - 1e-6))
            if not len(mixed) or self.late():
                break
            rank = weights[mixed] * np.exp(noise * self.chance.standard_normal(len(mixed)))
            taken = mixed[(rank >= rank.max()) | (weights[mixed] > 0.9)]
            for column in taken.tolist():
                if not wanted[column]:
                    continue  # another column that was taken has a unit of it
                unit = master.unit[column]
                units = master.inside[column] if unit < 0 else np.arange(len(self.units)) == unit
                meets = (master.inside & units).any(axis=1)
                meets[master.unit >= 0] |= units[master.unit[master.unit >= 0]]
                wanted &= ~meets
                wanted[column] = True
            master.restrict(wanted, ~self.may_leave)
            found = master.solve()
            if found is None:
                break
            optimum = found
        home = np.full(len(self.units), OUT)
        for column in np.argsort(-optimum.weights, kind="stable")[: 3 * len(home)].tolist():
            units = master.inside[column] if master.unit[column] < 0 else master.unit[column]
            if optimum.weights[column] > 1e-6 and (home[units] == OUT).all():
                home[units] = len(wanted) + column if master.unit[column] < 0 else master.level[column]
        return [int(group) for group in home]

    def _improve(self, home: list[int], patience: int) -> None:
        """Moves and swaps from a placement; tabu search where that is among the best of late."""
        began = self.search.seconds()
        plan = Plan(self.search.instance, self.units, home)
        improve(plan, self.may_leave, np.zeros(len(self.units), dtype=bool), self.late)
        value = plan.value()
        reached = -np.inf if value is None else float(value)
        # A plan met before is not searched on, nor one that is worse than most of late.
        promising = reached not in self.seen and reached >= max(self.seen[-LATE:], default=-np.inf)
        self.seen.append(reached)
        if patience or promising:
            plan = Tabu(plan, self.may_leave, self.chance).run(patience or PATIENCE, self.late)
        if self.search.offer(plan.grouping()) and self.tree is not None:
            placed = np.array(plan.home)
            self._columns(np.array([placed == group for group in range(placed.max(initial=-1) + 1)]))
        self.planning += self.search.seconds() - began


def answer(
    instance: CepInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Grouping | None = None,
) -> Answer:
    """Solve; see the module."""
    search = price_curve.PlanSearch(instance, objective, settings, on_progress)
    impossible = search.impossible()
    if impossible is not None:
        return impossible
    limit = settings.time_limit
    sharing, proof, message = None, None, ""
    with search.begin(start):
        found = price_curve.bound_and_regrets(search)
        if found is not None:
            budget = np.inf if limit is None else FIRST_SHARE * limit
            price_curve.search_plans(
                search, found[0], settings, lambda rounds: rounds >= FIRST_ROUNDS or search.seconds() > budget
            )
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
        if limit is not None and sharing.late() and result.termination is Termination.FINISHED and not search.closed():
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
    """Beyond some hundreds of schools the price curve finds better plans."""
    count = len(units_of(instance, objective))
    return f"{count} schools: the price curve finds better plans in the same time" if count > MANY_UNITS else None


METHOD = Method(
    NAME,
    Kind.ALGORITHM,
    "branch and price over claim shares, its tree replayed: some dozens to some hundreds of schools",
    answer,
    refuses,
    closes=False,
    hesitates=hesitates,
)
