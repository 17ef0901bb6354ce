r"""Some dozens of schools, any meals, to a gap of exactly 0: column generation over groups.

The master is the set partitioning LP (15) over the groups met so far, built in Pyomo and kept alive
in HiGHS; ``group_pricing`` finds groups worth more than their schools' prices pi and, when its search
finds none, enumerates with proof. With pi_s >= 0 where s may stay out, every grouping is worth

.. math::

    \sum_s \pi_s - \sum_{s\ \mathrm{out}} \pi_s - \sum_G r_G, \qquad r_G = \pi(G) - v(G) \ (37)

so if no r_G is below -epsilon, sum(pi) + n epsilon bounds them all. Then every group with r_G at most
a budget is enumerated, and exact cover by depth-first search finds the partition of least total
regret within it; the budget grows until there is one. All worths are rational, regrets are rounded
down to integers: the proof is the enumeration.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import highspy
import numpy as np
import pyomo.environ as pyo
from fairbound.models.cep_grouping import PROBLEM, CepInstance, Grouping
from fairbound.models.cep_grouping.price_curve import units_of
from fairbound.solvers.algorithms import price_curve
from fairbound.solvers.algorithms.group_pricing import Groups, Masks, Pricer, members
from fairbound.solvers.engines import highs as engine
from fairbound.solvers.engines.standard_form import Floats, compile_model
from fairbound.solvers.method import Kind, Method
from fairbound.solvers.result import (
    EngineInfo,
    Level,
    ModelSize,
    OnProgress,
    Result,
    Seconds,
    Settings,
    Termination,
    conclude,
)
from pyomo.core.expr import LinearExpression

NAME = "group_columns"
MOST_UNITS = 48
PRICE_STEP = 10**6
"""Prices are rounded to this many parts of a unit of value, so that every bound is rational."""
ACCURACY = Fraction(1, 10**8)
"""Pricing ends when no group gains more than this share of the LP's value."""
SCALE = 10**9
"""Regrets are rounded down to this many parts, so that the search of covers adds integers."""
MOST_TIES = 20_000
"""Partitions met that are compared exactly; past it the bound keeps the rounding."""
MOST_ADDED = 60
MOST_GROUPS = 100_000
"""Groups of small regret that are valued in rationals; with more, closing is given up."""
CLOSING_SHARE = 0.7
CLOSING_SECONDS = 60.0
"""Where closing takes longer, the rest of the time goes into plans as in ``price_curve``."""
FIRST_BUDGET = Fraction(1, 10**5)
"""Share of the value: the first total regret within which a partition is sought."""
GROWTH = 3


class Master:
    """The live master LP: one row (15) for each unit, one column for each group met."""

    def __init__(self, groups: Groups, first: Masks, settings: Settings) -> None:
        self.groups, self.known = groups, set(first.tolist())
        worth, inside = groups.worth(first), members(first, len(groups.units))
        model = pyo.ConcreteModel(name="group_master")
        model.chosen = pyo.Var(range(len(first)), domain=pyo.NonNegativeReals)
        model.eq15_school = pyo.Constraint(range(len(groups.units)))
        # Staying out is worth 0; for a unit that must be covered it costs more than any group is worth.
        model.outside = pyo.Var(range(len(groups.units)), domain=pyo.NonNegativeReals)
        price = 10.0 * float(sum((abs(unit.fixed) + abs(unit.slope) for unit in groups.units), Fraction(1)))
        for u in range(len(groups.units)):
            holding = [*(model.chosen[g] for g in np.flatnonzero(inside[:, u]).tolist()), model.outside[u]]
            model.eq15_school[u] = LinearExpression(linear_coefs=[1.0] * len(holding), linear_vars=holding) == 1
        model.objective = pyo.Objective(
            expr=LinearExpression(
                linear_coefs=[
                    *(float(value or 0) for value in worth),
                    *(-price if unit.must else 0.0 for unit in groups.units),
                ],
                linear_vars=[*model.chosen.values(), *model.outside.values()],
            ),
            sense=pyo.maximize,
        )
        form = compile_model(model)
        self.highs = engine.pass_model(form, settings)
        self.highs.setOptionValue("presolve", "off")
        self.highs.setOptionValue("output_flag", False)
        where = {id(row): i for i, row in enumerate(form.rows)}
        self.rows = np.array([where[id(model.eq15_school[u])] for u in range(len(groups.units))], dtype=np.int32)

    def prices(self) -> Floats:
        """Solve; the duals of the rows, at least 0 where a unit may stay out."""
        engine.run(self.highs)
        dual = np.asarray(self.highs.getSolution().row_dual)[self.rows]
        must = np.array([unit.must for unit in self.groups.units])
        return np.where(must, dual, np.maximum(dual, 0.0))

    def add(self, masks: Masks) -> int:
        """Columns for groups that are new and may be formed; returns how many."""
        added = 0
        new = np.array([mask for mask in dict.fromkeys(masks.tolist()) if mask not in self.known], dtype=np.int64)
        for mask, worth in zip(new.tolist(), self.groups.worth(new), strict=True):
            if worth is None:
                continue
            self.known.add(mask)
            inside = self.rows[[u for u in range(len(self.rows)) if mask >> u & 1]]
            self.highs.addCol(float(worth), 0.0, highspy.kHighsInf, len(inside), inside, np.ones(len(inside)))
            added += 1
        return added


@dataclass
class Cover:
    """Depth-first exact cover: the partition of least total regret below a budget.

    Attributes
    ----------
    outside
        Regret of leaving each unit out; ``None`` where it must be covered.
    exact
        Exact total regret of a partition, rounded up; its integers were rounded down.
    """

    outside: Sequence[int | None]
    budget: int
    exact: Callable[[Sequence[int]], int]
    stopped: Callable[[], bool]
    best: tuple[int, ...] | None = None
    cut_short: bool = False
    found: int = 0
    chosen: list[int] = field(default_factory=list)

    def search(self, uncovered: int, masks: Masks, regrets: Masks, full: Masks, spent: int) -> None:
        """Cover what is left in every way that costs less than the budget; each one found lowers it."""
        if self.cut_short or self.stopped():
            self.cut_short = True
            return
        if not uncovered:
            self.found += 1
            total = self.exact(self.chosen) if self.found <= MOST_TIES else spent
            if self.best is None or total < self.budget:
                self.best, self.budget = tuple(self.chosen), min(total, self.budget)
            return
        left = self.budget - spent
        fits = (regrets < left) & (masks & ~np.int64(uncovered) == 0)
        masks, regrets, full = masks[fits], regrets[fits], full[fits]
        free = [u for u in range(len(self.outside)) if uncovered >> u & 1]
        holding = (masks[:, None] >> np.array(free) & 1).astype(bool)
        costs = [self.outside[u] for u in free]
        stays = np.array([cost is not None and cost < left for cost in costs])
        at = int((holding.sum(axis=0) + stays).argmin())  # the unit with the fewest choices
        under = full == 0
        choices = np.stack([masks, regrets, full], axis=1)[holding[:, at]].tolist()
        for mask, regret, funded in choices:
            if spent + regret < self.budget:
                self.chosen.append(mask)
                # Two fully funded groups are worth their union: one is enough.
                keep = under if funded else slice(None)
                self.search(uncovered & ~mask, masks[keep], regrets[keep], full[keep], spent + regret)
                self.chosen.pop()
        cost = costs[at]
        if cost is not None and spent + cost < self.budget:
            self.search(uncovered & ~(1 << free[at]), masks, regrets, full, spent + cost)


@dataclass
class Closing:
    """From prices to the best grouping.

    Attributes
    ----------
    floor
        No group's regret is below minus this. Regrets are counted from there, |G| floor higher, so that none
        is negative; every partition is then n floor higher.
    """

    search: price_curve.Search
    groups: Groups
    pricer: Pricer
    prices: tuple[Fraction, ...]
    floor: Fraction
    late: Callable[[], bool]

    @property
    def top(self) -> Fraction:
        """Sum of the prices."""
        return sum(self.prices, Fraction(0))

    def regrets(self, most: Fraction) -> list[tuple[int, Fraction]] | None:
        """Every group whose regret is at most ``most``; raises the floor to the least of them."""
        masks = self.pricer.above(np.array([float(price) for price in self.prices]), -float(most))
        if masks is None or len(masks) > MOST_GROUPS:
            return None
        found = []
        for mask, value in zip(masks.tolist(), self.groups.worth(masks), strict=True):
            if value is not None:
                price = sum((price for u, price in enumerate(self.prices) if mask >> u & 1), Fraction(0))
                found.append((mask, price - value))
        self.floor = max([self.floor, *(-regret for _, regret in found)])
        return found

    def within(self, budget: Fraction) -> bool | None:
        """Whether some grouping has at most this total regret; if so the best one is kept, and proven.

        ``None`` if there were too many groups, or no time.
        """
        units = self.groups.units
        count = len(units)
        pairs = self.regrets(budget + count * self.floor)
        if pairs is None:
            return None
        most = budget + count * self.floor
        if any(regret < 0 for _, regret in pairs):  # the floor may have risen: ask again below it
            pairs = self.regrets(most)
            if pairs is None:
                return None
        counted = sorted((int((regret + mask.bit_count() * self.floor) * SCALE // 1), mask) for mask, regret in pairs)
        columns = np.array(counted, dtype=np.int64).reshape(-1, 2)

        def exact(chosen: Sequence[int]) -> int:
            return -int(-(self.top - self.value(chosen) + count * self.floor) * SCALE // 1)

        cover = Cover(
            [
                None if unit.must else int((price + self.floor) * SCALE // 1)
                for unit, price in zip(units, self.prices, strict=True)
            ],
            int(most * SCALE // 1) + 1,
            exact,
            self.late,
        )
        full = self.groups.fully_funded(columns[:, 1]).astype(np.int64)
        cover.search((1 << count) - 1, columns[:, 1], columns[:, 0], full, 0)
        proven = self.top - budget
        if cover.best is not None:
            self.search.offer(self.grouping(cover.best))
            least = Fraction(cover.budget, SCALE) - count * self.floor
            proven = self.value(cover.best) if cover.found <= MOST_TIES else self.top - least
        if cover.cut_short:
            return None
        self.search.bound = proven if self.search.bound is None else min(self.search.bound, proven)
        self.search.report()
        return cover.best is not None

    def value(self, masks: Sequence[int]) -> Fraction:
        """Exact value of a partition."""
        return sum((value or Fraction(0) for value in self.groups.worth(np.array(masks, dtype=np.int64))), Fraction(0))

    def grouping(self, masks: Sequence[int]) -> Grouping:
        """The partition as a solution."""
        units = self.groups.units
        return Grouping.of(
            [member for u, unit in enumerate(units) if mask >> u & 1 for member in unit.members] for mask in masks
        )


def generate(
    search: price_curve.Search, master: Master, pricer: Pricer, late: Callable[[], bool]
) -> tuple[Floats, float] | None:
    """Prices at which no group gains more than the accuracy; ``None`` if stopped or out of reach."""
    chance = np.random.default_rng(search.settings.seed)
    centre: Floats | None = None
    rounds = 0
    while not late():
        prices = master.prices()
        accuracy = float(ACCURACY) * max(1.0, float(np.abs(prices).sum()))
        centre = prices if centre is None else centre
        rounds += 1
        # Every second round prices at a point between: duals of a young master swing.
        smooth = rounds % 2 == 1
        found = pricer.climb((prices + centre) / 2 if smooth else prices, chance)
        worth = pricer.reduced(members(found, len(prices)).astype(float), prices)
        if master.add(found[worth > accuracy][:MOST_ADDED]):
            centre = 0.7 * centre + 0.3 * prices
            continue
        if smooth:
            continue
        every = pricer.above(prices, accuracy)
        if every is None:
            return None
        worth = pricer.reduced(members(every, len(prices)).astype(float), prices)
        best = every[np.argsort(-worth, kind="stable")][: 5 * MOST_ADDED]
        if not master.add(best):
            return prices, accuracy
    return None


def close(search: price_curve.Search, closing: Closing) -> None:
    """Widen the budget until a grouping lies within it."""
    budget = FIRST_BUDGET * max(Fraction(1), abs(closing.top))
    while not closing.late() and budget <= 10 * max(Fraction(1), abs(closing.top)):
        if closing.within(budget) is not False:
            return
        if search.closed():
            return
        budget *= GROWTH


def run(
    instance: CepInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Grouping | None = None,
) -> Result:
    """Solve; see the module."""
    search = price_curve.Search(instance, objective, settings, on_progress)
    info = EngineInfo(engine.NAME, engine.version(), engine.options(settings))
    reason = price_curve.infeasible(instance, objective)
    if reason is not None:
        return conclude(
            PROBLEM, instance, objective, NAME, solution=None, termination=Termination.INFEASIBLE,
            settings=settings, engine=info, message=reason, seconds=Seconds(total=search.seconds()),
        )  # fmt: skip
    units = tuple(unit for unit in units_of(instance, objective) if not unit.barred)
    groups, pricer, size = Groups(instance, units), Pricer(instance, units), None
    with engine.interruptible() as search.stop:
        for plan in (start, price_curve.first_plan(instance, objective), Grouping(())):
            if plan is not None:
                search.offer(plan)
        if units:
            size = _columns(search, groups, pricer)
        else:
            search.bound = Fraction(0)
    if search.value is not None and search.value == search.bound:
        termination = Termination.FINISHED
    elif search.stop.is_set():
        termination = Termination.INTERRUPTED
    elif search.closed():
        termination = Termination.GAP_LIMIT
    else:
        termination = Termination.TIME_LIMIT if search.left() == 0.0 else Termination.FINISHED
    result = conclude(
        PROBLEM,
        instance,
        objective,
        NAME,
        solution=search.best,
        termination=termination,
        exact_bound=search.bound,
        settings=settings,
        engine=info,
        model=size,
        trace=tuple(search.trace),
        seconds=Seconds(solve=search.seconds(), total=search.seconds()),
    )
    # Groups are left out of the enumeration by floats with a margin, which no checker has replayed.
    return replace(result, level=min(result.level, Level.L1))


def _closing_seconds(settings: Settings) -> float:
    """Seconds after which closing is given up for the sake of a good plan."""
    return CLOSING_SECONDS if settings.time_limit is None else CLOSING_SHARE * settings.time_limit


def _columns(search: price_curve.Search, groups: Groups, pricer: Pricer) -> ModelSize:
    """Price curve, column generation, closing; a plan by intervals where that is out of reach."""
    settings = Settings(threads=search.settings.threads, seed=search.settings.seed)
    found = price_curve.bound_and_regrets(search)
    curve = np.zeros(len(groups.units))
    if found is not None:
        regrets = found[0]
        curve = regrets.best[~regrets.barred]
    first = pricer.climb(curve, np.random.default_rng(search.settings.seed))
    home = {member: u for u, unit in enumerate(groups.units) for member in unit.members}
    known = search.best.groups if search.best is not None else ()
    begun = [sum(1 << u for u in {home[member] for member in group}) for group in known]
    first = np.unique(np.array([*begun, *first.tolist()], dtype=np.int64))
    first = np.array([m for m, v in zip(first.tolist(), groups.worth(first), strict=True) if v is not None], np.int64)
    master = Master(groups, first, settings)
    limit = _closing_seconds(search.settings)

    def late() -> bool:
        return search.late() or search.seconds() > limit

    priced = generate(search, master, pricer, late)
    if priced is not None:
        prices = tuple(Fraction(round(price * PRICE_STEP), PRICE_STEP) for price in priced[0].tolist())
        floor = Fraction(round(priced[1] * PRICE_STEP) + 1, PRICE_STEP)
        close(search, Closing(search, groups, pricer, prices, floor, late))
    if found is not None and not search.closed() and search.value != search.bound:
        price_curve.search_plans(search, found[0], settings)
    highs = master.highs
    return ModelSize(highs.getNumCol(), highs.getNumRow(), highs.getNumNz(), 0)


def refuses(instance: CepInstance, objective: str) -> str | None:
    """Refuse what is not linear in the claim share, many units, and rules on the grouping as a whole."""
    jumps = price_curve.refuses(instance, objective)
    if jumps is not None:
        return jumps
    count = len(units_of(instance, objective))
    if count > MOST_UNITS:
        return f"{count} schools have too many groups of small regret (at most {MOST_UNITS})"
    if instance.groups is not None and instance.groups < count:
        return "a largest number of groups is a rule on the whole grouping, not on one group"
    if instance.floors:
        return "a least value of an objective is a rule on the whole grouping, not on one group"
    return None


METHOD = Method(
    NAME,
    Kind.ALGORITHM,
    f"column generation over groups, then every group of small regret: at most {MOST_UNITS} schools, gap 0",
    run,
    refuses,
    closes=False,
)
