r"""Some dozens of schools, any meals, to a gap of 0: column generation, enumeration, branch and bound.

1. ``price_curve`` gives a first bound and a good plan. 2. The set partitioning LP (15) over the groups
met so far (``group_master``) and ``group_pricing`` answer each other until no group is worth more than
the prices pi of its units. 3. With pi_s >= 0 where s may stay out, every grouping is worth

.. math::

    \sum_s \pi_s - \sum_{s\ \mathrm{out}} \pi_s - \sum_G r_G, \qquad r_G = \pi(G) - v(G) \ (37)

so a better plan uses only groups whose regret r_G is at most sum(pi) less the best value: they are
enumerated with proof. 4. ``group_cover`` finds the best partition into these, or proves the plan best.

The groups that are left out, and the bounds of step 4, are decided by floats: level L1.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.cep import CepInstance, Grouping
from fairbound.models.cep.price_curve import Unit, units_of
from fairbound.solvers.cep import price_curve
from fairbound.solvers.cep.group_cover import Cover, Indices, Pool
from fairbound.solvers.cep.group_master import Flags, Master
from fairbound.solvers.cep.group_pricing import Masks, Pricer, members
from fairbound.solvers.cep.plan_search import PlanSearch, search_plans
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import ModelSize, OnProgress, Settings

if TYPE_CHECKING:
    from fairbound.solvers.core.answer import Answer
    from fairbound.solvers.engines.base import Floats

NAME = "group_columns"
MOST_UNITS = 48
ACCURACY = 1e-8
"""Pricing ends when no group gains more than this share of the LP's value."""
MOST_ADDED = 60
MOST_PRICED = 5000
"""Pricing with proof looks no further once it has found so many groups that gain."""
FEW_ROUNDS, MOST_ROUNDS = 2, 6
"""Interval models that are tried before columns are generated; the more only while plans are poor."""
NEAR = 0.01
"""A plan this near to the price curve's bound is good enough to begin with."""
CLOSING_SHARE = 0.8
CLOSING_SECONDS = 120.0
"""Where closing takes longer, the rest of the time goes into plans as in ``price_curve``."""
NARROWER, NARROWINGS = 3, 5
"""Where regrets allow too many groups, a smaller range still lowers the bound; so many are tried."""


class Closing:
    """From a plan and its bound to the best grouping.

    Attributes
    ----------
    nodes, size
        Nodes of the branch and bound, and the last LP.
    """

    def __init__(self, search: PlanSearch, units: tuple[Unit, ...]) -> None:
        self.search, self.units = search, units
        self.pricer = Pricer(search.instance, units)
        self.must = np.array([unit.must for unit in units])
        # Staying out costs a unit that must be covered more than any group is worth.
        self.charge = 10.0 * float(sum((abs(unit.fixed) + abs(unit.slope) for unit in units), Fraction(1)))
        limit = search.settings.time_limit
        self.until = CLOSING_SECONDS if limit is None else CLOSING_SHARE * limit
        self.nodes = 0
        self.size: ModelSize | None = None

    def late(self) -> bool:
        """Whether to stop: out of time, the gap asked for is reached, or the rest of the time is for plans."""
        return self.search.late() or self.search.closed() or self.search.seconds() > self.until

    def _master(self, must: Flags) -> Master:
        settings = self.search.settings
        return Master(must, self.charge, Settings(threads=settings.threads, seed=settings.seed))

    def run(self, first_prices: Floats) -> None:
        """Generate, enumerate, search; the bound of ``search`` falls with each step that ends."""
        prices = self._generate(first_prices)
        if prices is None:
            return
        top = float(prices.sum()) + len(prices) * ACCURACY * max(1.0, float(np.abs(prices).sum()))
        self._claim(top)
        value = -np.inf if self.search.value is None else float(self.search.value)
        wanted = top - value if np.isfinite(value) else max(1.0, abs(top))
        for _ in range(NARROWINGS):
            masks, complete = self.pricer.above(prices, -wanted, self.late)
            if complete:
                self._cover(masks, prices, max(value, top - wanted), exhaustive=wanted >= top - value)
                return
            if self.late():
                return
            wanted /= NARROWER

    def _generate(self, first_prices: Floats) -> Floats | None:
        """Prices at which no group gains more than the accuracy; ``None`` if stopped or out of reach."""
        chance = np.random.default_rng(self.search.settings.seed)
        known: set[int] = set()
        centre: Floats | None = None
        rounds = 0
        master = self._master(self.must)
        first = np.concatenate([self._planned(), self.pricer.climb(first_prices, chance)])
        self._add(first, known, master)
        while not self.late():
            optimum = master.solve()
            self.size = master.size()
            if optimum is None:
                return None
            prices = optimum.prices
            accuracy = ACCURACY * max(1.0, float(np.abs(prices).sum()))
            centre = prices if centre is None else centre
            rounds += 1
            # Every second round prices at a point between: duals of a young master swing.
            smooth = rounds % 2 == 1
            found = self.pricer.climb((prices + centre) / 2 if smooth else prices, chance)
            if self._add(self._gaining(found, prices, accuracy)[:MOST_ADDED], known, master):
                centre = 0.7 * centre + 0.3 * prices
                continue
            if smooth:
                continue
            found, complete = self.pricer.above(prices, accuracy, self.late, MOST_PRICED)
            if not self._add(self._gaining(found, prices, accuracy)[: 5 * MOST_ADDED], known, master):
                return prices if complete else None
        return None

    def _gaining(self, masks: Masks, prices: Floats, accuracy: float) -> Masks:
        """Groups worth more than their prices, most first."""
        gains = self.pricer.reduced(members(masks, len(prices)).astype(float), prices)
        best = np.argsort(-gains, kind="stable")
        return np.asarray(masks[best[gains[best] > accuracy]])

    def _add(self, masks: Masks, known: set[int], master: Master) -> int:
        """Columns for groups that are new and may be formed; returns how many."""
        new = np.array([mask for mask in dict.fromkeys(masks.tolist()) if mask not in known], dtype=np.int64)
        new = self.pricer.allowed(new)
        known.update(new.tolist())
        if len(new):
            master.add(members(new, len(self.units)), self.pricer.worth(new))
        return len(new)

    def _planned(self) -> Masks:
        """The groups of the best plan."""
        home = {member: u for u, unit in enumerate(self.units) for member in unit.members}
        groups = self.search.solution.groups if self.search.solution is not None else ()
        return np.array([sum(1 << u for u in {home[member] for member in group}) for group in groups], dtype=np.int64)

    def _cover(self, masks: Masks, prices: Floats, floor: float, exhaustive: bool) -> None:
        """The best partition into these groups, if it is worth more than ``floor``.

        Two fully funded groups are worth no more than their union, so one is enough: full funding is
        a place that, like a unit that may stay out, is taken at most once.
        """
        arrays, inside = self.pricer.arrays, members(masks, len(self.units)).astype(float)
        people, lifted, weight = (inside @ column for column in (arrays.enrolled, arrays.lifted, arrays.slope))
        inside = np.hstack([inside, (lifted >= people)[:, None]])
        count = np.maximum(people, 1e-300)  # a group without students has neither share nor weight
        traits = np.minimum(1.0, lifted / count), weight / count, lifted - self.pricer.low * people
        pool = Pool(inside, self.pricer.worth(masks), traits)
        reached = floor

        def offer(chosen: Indices) -> float:
            nonlocal reached
            self.search.offer(self._grouping(masks[chosen]))
            if self.search.value is not None:
                reached = max(reached, float(self.search.value))
            return reached

        must, master = np.r_[self.must, False], self._master(np.r_[self.must, False])
        cover = Cover(pool, master, floor, offer, self._claim, self.late)
        bound = cover.search(must, np.r_[prices, 0.0])
        self.size = master.size()
        self.nodes += cover.nodes
        if bound > reached:
            self._claim(bound)
        elif exhaustive and self.search.value is not None:
            self.search.tighten(self.search.value)
        else:
            self._claim(reached)

    def _claim(self, bound: float) -> None:
        """Note a bound that floats found, never below the value; an engine that failed gave an infinite one."""
        if not np.isfinite(bound):
            return
        claimed = Fraction(bound) if self.search.value is None else max(Fraction(bound), self.search.value)
        self.search.tighten(claimed)

    def _grouping(self, masks: Masks) -> Grouping:
        """A partition as a solution."""
        return Grouping.of(
            [member for u, unit in enumerate(self.units) if mask >> u & 1 for member in unit.members]
            for mask in masks.tolist()
        )


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
    units = tuple(unit for unit in units_of(instance, objective) if not unit.barred)
    solve_settings = Settings(threads=settings.threads, seed=settings.seed)
    with search.begin(start):
        found = price_curve.bound_and_regrets(search)
        closing = Closing(search, units)
        if found is not None and units:
            search_plans(search, found[0], solve_settings, lambda rounds: _enough(search, rounds))
        if units and not search.closed():
            closing.run(np.zeros(len(units)) if found is None else found[0].best[~found[0].barred])
        if found is not None and not search.closed():
            search_plans(search, found[0], solve_settings)
    return search.answer(found, model=closing.size, nodes=closing.nodes)


def _enough(search: PlanSearch, rounds: int) -> bool:
    """Whether to begin closing from the plan at hand."""
    poor = search.value is None or search.bound is None or search.bound - search.value > NEAR * abs(search.value)
    return rounds >= (MOST_ROUNDS if poor else FEW_ROUNDS)


def refuses(instance: CepInstance, objective: str) -> str | None:
    """Refuse what is not linear in the claim share, one group's problem, many units, rules on the whole grouping."""
    jumps = price_curve.refuses(instance, objective)
    if jumps is not None:
        return jumps
    if instance.weight_per_student is not None:
        return "meals are proportional to enrolment: one group suffices, and membership finds it"
    count = len(units_of(instance, objective))
    if count > MOST_UNITS:
        return f"{count} schools have too many groups of small regret (at most {MOST_UNITS})"
    if instance.groups is not None and instance.groups < count:
        return "a largest number of groups is a rule on the whole grouping, not on one group"
    if instance.limits:
        return "a least value of an objective is a rule on the whole grouping, not on one group"
    return None


METHOD = Method(
    NAME,
    Kind.ALGORITHM,
    f"column generation over groups, then branch and bound on their traits: at most {MOST_UNITS} schools, gap 0",
    answer,
    refuses,
    closes=False,
)
