"""Plans of a district against prices of its schools: rounds of interval models, moves and swaps, annealing.

A round cuts the claim shares anew and places the schools of small regret by an integer program (``regrets``,
``models.cep.intervals``), which starts from the best plan: schools that lose much elsewhere stay. Moves and swaps
(``group_moves``) and repartitions (``repartition``) follow. Mathematics: ``docs/cep_meals.md``.
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.cep import Grouping
from fairbound.models.cep.instance import REIMBURSEMENT
from fairbound.models.cep.intervals import Slot
from fairbound.models.cep.price_curve import level_range, units_of
from fairbound.solvers.cep.certificate import certificate_json
from fairbound.solvers.cep.first_plans import first_plans
from fairbound.solvers.cep.group_moves import OUT, Plan, improve
from fairbound.solvers.cep.regrets import Regrets, interval_model, middle_slots
from fairbound.solvers.cep.repartition import Annealings
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import EngineInfo, Seconds, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.engines import highs as engine
from fairbound.solvers.engines.model import solve as solve_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fairbound.models.cep import CepInstance
    from fairbound.models.cep.price_curve import Unit
    from fairbound.solvers.cep.level_lp import LevelBound
    from fairbound.solvers.engines.base import Floats

ROUNDS = 4
"""Interval models that are tried where no time limit says otherwise."""
ROUND_SECONDS = 15.0
FIRST_ROUND = 0.25
"""The first one takes this share of the time: a plan that moves and swaps begin from is wanted soon."""
ROUND_OPTIONS = (("mip_heuristic_run_rins", "false"),)
"""In the presolve of its smaller models HiGHS 1.16 may not come to an end: of 80 schools, all covered, it did not."""
ROUND_GAP = 0.2
"""An interval model stops at this gap of its regret; the bound does not depend on it."""
STEPS = (18, 24, 30, 40)
SEARCH_FINE = 201
"""Levels among which those of at most K groups are chosen."""
EXACT_SECONDS = 2e-4
"""Seconds a school that the exact bound and its certificate take."""
ANNEAL_SHARE = 0.5
"""Annealing begins again after a round, but the first, while it has taken no more than this share of the time."""


@dataclass
class PlanSearch(Search):
    """One run, and what its bound rests on.

    Attributes
    ----------
    proven
        The bound of the price curve; one below it is the claim of a search in floats.
    built
        Seconds until it stood.
    annealed, fruitless
        Seconds that annealing has taken, and annealings that found nothing, one after the other.
    """

    proven: Fraction | None = None
    built: float = 0.0
    annealed: float = 0.0
    fruitless: int = 0
    _annealings: Annealings | None = None

    @contextmanager
    def begin(self, start: Grouping | None) -> Iterator[None]:
        """While inside, Ctrl-C asks the search to stop; begins with plans that cost nothing to find."""
        with self.interruptible():
            for plan in (start, Grouping(())):
                if plan is not None:
                    self.offer(plan)
            for plan in first_plans(self.instance, self.objective, self.late):
                self.offer(plan)
            yield

    def home(self, units: Sequence[Unit]) -> list[int]:
        """The group of each unit in the best plan; of none where there is no plan."""
        groups = () if self.solution is None else self.solution.groups
        group = {member: g for g, members in enumerate(groups) for member in members}
        return [group.get(unit.members[0], OUT) for unit in units]

    def may_anneal(self) -> bool:
        """Whether repartition knows all rules: those on the whole grouping it does not."""
        return self.instance.groups is None and not self.instance.limits and self.value is not None

    def anneal(self, prices: Floats, late: Callable[[], bool]) -> bool:
        """Anneal the best plan until it is late; whether that has found a better one.

        Parameters
        ----------
        prices
            Of the units that may be in CEP, in the objective's unit; groups that lose against them are tried more.
        """
        began = self.seconds()
        units = [unit for unit in units_of(self.instance, self.objective) if not unit.barred]
        plan = Plan(self.instance, units, self.home(units))
        if self._annealings is None:
            self._annealings = Annealings(plan, np.random.default_rng(self.settings.seed))
        better = self.offer(self._annealings.next(plan, prices, late).grouping())
        self.fruitless = 0 if better else self.fruitless + 1
        self.annealed += self.seconds() - began
        return better

    def left_for_prices(self) -> float | None:
        """Seconds left for the level LP, so that there is time to state its bound exactly."""
        left = self.left()
        return None if left is None else max(0.0, left - self.load() * EXACT_SECONDS * len(self.instance.schools))

    def impossible(self) -> Answer | None:
        """The answer where no grouping keeps the rules, or ``None``."""
        reason = infeasible(self.instance, self.objective)
        return None if reason is None else self.no_solution(reason)

    def no_solution(self, reason: str) -> Answer:
        """The answer where exact arithmetic has shown that no grouping keeps the rules."""
        return Answer(Termination.INFEASIBLE, engine=self._engine(), message=reason)

    def answer(self, found: tuple[Regrets, LevelBound] | None, **details: Any) -> Answer:
        """What is known at the end: with a certificate if the bound is the price curve's, else with a claim."""
        if self.value is not None and self.value == self.bound:
            termination = Termination.FINISHED
        elif self.stop.is_set():
            termination = Termination.INTERRUPTED
        elif self.closed():
            termination = Termination.GAP_LIMIT
        elif self.left() == 0.0:
            termination = Termination.TIME_LIMIT
        else:
            termination = Termination.FINISHED
        certificate = None
        certified = self.bound == self.proven
        if found is not None and self.proven is not None and certified:
            certificate = certificate_json(self.instance, self.objective, found[1].curve, self.proven)
        return Answer(
            termination,
            self.solution,
            # Below the price curve's bound stands what a search in floats has claimed.
            claim=None if certified or self.bound is None else Fraction(self.bound),
            proven=None if self.proven is None else Bound(self.proven, Basis.THEOREM, "equation (23)"),
            engine=self._engine(),
            trace=tuple(self.trace),
            certificate=certificate,
            seconds=Seconds(build=self.built),
            **details,
        )

    def _engine(self) -> EngineInfo:
        return EngineInfo(engine.NAME, engine.version(), engine.options(self.settings))


def infeasible(instance: CepInstance, objective: str) -> str | None:
    """An exact reason why no grouping keeps the rules, or ``None`` if none was found.

    Units that must be covered need those at or above the threshold; one group of all of them is
    the best that can be done for the threshold.
    """
    low, _ = level_range(instance)
    units = units_of(instance, objective)
    for unit in units:
        if unit.must and unit.barred:
            return f"school {unit.members[0]} must be in CEP and must stay out"
    schools = sum(len(unit.members) for unit in units if not unit.barred)
    wanted = any(unit.must for unit in units) or any(floor > 0 for _, floor in instance.limits)
    if wanted and schools < instance.min_group:
        return f"{schools} schools may be in CEP, and a group has at least {instance.min_group}"
    if not any(unit.must for unit in units):
        return None
    over = sum(
        (
            unit.lifted - low * unit.enrolled
            for unit in units
            if unit.must or (not unit.barred and unit.lifted >= low * unit.enrolled)
        ),
        Fraction(0),
    )
    return "even all schools above the threshold do not lift the rest to it" if over < 0 else None


def polish(search: PlanSearch, home: Sequence[int], seconds: float = np.inf) -> bool:
    """Moves and swaps from a placement, for so long at most; offers the result."""
    instance, units = search.instance, units_of(search.instance, search.objective)
    names = {name for name, _ in instance.limits}
    plan = Plan(instance, units, home)
    found = search.offer(plan.grouping())
    if REIMBURSEMENT in names:
        return found  # a move that covers more may cost money that a floor asks for
    may_leave = np.array([not unit.must and not names for unit in units])
    barred = np.array([unit.barred for unit in units])
    until = search.seconds() + seconds
    _merge_down(plan)
    improve(plan, may_leave, barred, lambda: search.late() or search.seconds() > until)
    return search.offer(plan.grouping()) or found


def _merge_down(plan: Plan) -> None:
    """Merge groups that are too small or too many, each time the pair that loses least."""
    instance = plan.instance
    while True:
        live = [g for g, sums in enumerate(plan.sums) if sums[4]]
        small = [g for g in live if plan.sums[g][4] < instance.min_group]
        too_many = instance.groups is not None and len(live) > instance.groups
        if len(live) < 2 or not (small or too_many):
            return
        sums, worth, _ = plan.group_floats()
        first = small or live
        pairs = [(g, h) for g in first for h in live if g != h]
        merged = plan.floats([np.array([total[g] + total[h] for g, h in pairs]) for total in sums])
        loss = [max(worth[g], 0.0) + max(worth[h], 0.0) - merged[i] for i, (g, h) in enumerate(pairs)]
        g, h = pairs[int(np.argmin(loss))]
        for u, home in enumerate(plan.home):
            if home == g:
                plan.shift(g, u, -1)
                plan.home[u] = h
                plan.shift(h, u, 1)


def _edges(regrets: Regrets, steps: int, shift: float) -> Floats:
    """Edges of ``steps`` intervals, moved by a share of one interval after the first round."""
    edges = np.linspace(regrets.low, regrets.high, steps + 1)
    inner = edges[1:-1] + shift * (edges[1] - edges[0])
    return np.asarray(np.r_[edges[0], inner, edges[-1]])


def _few_slots(regrets: Regrets, most: int) -> tuple[list[Slot], Floats]:
    """Slots of at most ``most`` levels, chosen greedily and by exchange for the least total regret."""
    grid = np.linspace(regrets.low, regrets.high, SEARCH_FINE)
    cost = regrets.at(grid)
    outside = regrets.outside()
    finite = ~regrets.barred

    def total(chosen: Sequence[int]) -> float:
        return float(np.minimum(cost[:, list(chosen)].min(axis=1), outside)[finite].sum())

    chosen: list[int] = []
    while len(chosen) < most:
        chosen.append(min(range(len(grid)), key=lambda k: total([*chosen, k])))
    better = True
    while better:
        better = False
        for i in range(len(chosen)):
            rest = chosen[:i] + chosen[i + 1 :]
            k = min(range(len(grid)), key=lambda k: total([*rest, k]))
            if total([*rest, k]) < total(chosen) - 1e-9:
                chosen, better = [*rest, k], True
    levels = np.unique(grid[chosen])
    fans = cost[:, sorted(set(chosen))].argmin(axis=1)
    slots = []
    for i, level in enumerate(levels):
        price = float(regrets.price(level))
        if level in (regrets.low, regrets.high) or len(levels) == 1:
            people = regrets.arrays.enrolled[fans == i].sum()
            worth = regrets.arrays.slope[fans == i].sum() / people if people and level < 1 else 0.0
            slots.append(Slot(float(level), None, max(0.0, price - worth)))
        else:
            below = (levels[i - 1] + level) / 2 if i else level
            above = (levels[i + 1] + level) / 2 if i + 1 < len(levels) else regrets.high
            slots.append(Slot(float(below), float(above)))
    return slots, cost[:, sorted(set(chosen))]


def _placed(search: PlanSearch, regrets: Regrets, slots: Sequence[Slot]) -> list[int] | None:
    """The slot in which each unit of the best plan stands, or ``None`` without a plan."""
    if search.solution is None:
        return None
    home = np.array(search.home(regrets.units))
    slot_of = {OUT: OUT}
    for g in range(len(search.solution.groups)):
        inside = home == g
        people = regrets.arrays.enrolled[inside].sum()
        level = regrets.arrays.lifted[inside].sum() / people if people else regrets.high
        fits = [k for k, slot in enumerate(slots) if slot.high is not None and slot.low <= level <= slot.high]
        near = min(range(len(slots)), key=lambda k: abs(min(level, regrets.high) - slots[k].low))
        ends = level >= slots[-1].low or level <= slots[0].low + 1e-6
        slot_of[g] = near if ends or not fits else fits[0]
    return [slot_of[int(g)] for g in home]


def search_plans(
    search: PlanSearch,
    regrets: Regrets,
    solve_settings: Settings,
    enough: Callable[[int], bool] | None = None,
    until: float = np.inf,
) -> None:
    """Rounds of interval models, each followed by moves, swaps and annealing, until closed, late or enough (rounds).

    No interval model is solved beyond so many seconds of the search (``until``).
    """
    chance = random.Random(search.settings.seed)
    limit, began = search.instance.groups, search.seconds()
    round_ = 0
    while not search.late() and not search.closed():
        if enough(round_) if enough is not None else search.settings.time_limit is None and round_ >= ROUNDS:
            return
        steps = STEPS[min(round_, len(STEPS) - 1)]
        shift = 0.0 if round_ == 0 else chance.uniform(-0.5, 0.5)
        if limit is not None and limit < steps:
            if round_ > 1:
                return
            slots, cost = _few_slots(regrets, max(1, limit))
        else:
            slots, cost = middle_slots(regrets, _edges(regrets, steps, shift))
        known = _placed(search, regrets, slots)
        shortfall = np.inf
        if search.bound is not None and search.value is not None:
            shortfall = float(search.bound - search.value)
        most_pairs = 2000 + 500 * round_
        stated = interval_model(regrets, slots, cost, shortfall, known, most_pairs)
        if known is not None and round_:
            stated.assign(known)
        left = search.left()
        seconds = min(ROUND_SECONDS, 1 + len(regrets.units) / 40) * (FIRST_ROUND if round_ == 0 else 1.0)
        left = until - search.seconds() if left is None else min(left, until - search.seconds())
        seconds = min(seconds, max(left, 0.1))
        outcome = solve_model(
            stated.model,
            replace(
                solve_settings,
                time_limit=seconds,
                gap=ROUND_GAP if round_ < 2 else ROUND_GAP / 2,
                engine_options=ROUND_OPTIONS,
            ),
            warm_start=bool(known is not None and round_),
        )
        if outcome.termination is Termination.INTERRUPTED:
            search.stop.set()
        gained = False
        if outcome.has_solution:
            gained = polish(search, stated.placement(len(regrets.units)))
        if round_ and search.may_anneal() and search.annealed <= ANNEAL_SHARE * (search.seconds() - began):
            gained |= search.anneal(regrets.best[~regrets.barred], search.late)
        if not gained and round_ >= 1 and outcome.termination is Termination.FINISHED and len(regrets.units) <= 12:
            return
        round_ += 1
