"""Any district, any meals: a certified bound from the level LP, and a plan found against it.

1. ``level_lp``: prices of the levels. 2. The bound (23), in rational arithmetic. 3. Interval models
of regrets (``regrets``, ``models.cep_grouping.intervals``) give plans; each further round cuts the
levels anew and starts from the best plan (large-neighbourhood search: units that lose much
elsewhere stay). 4. Moves and swaps (``group_moves``). Mathematics: ``docs/cep_meals.md``.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from fairbound.models.cep_grouping import PROBLEM, CepInstance, Grouping, claim_levels
from fairbound.models.cep_grouping.intervals import Slot
from fairbound.models.cep_grouping.price_curve import LINEAR, contributions, level_range, units_of
from fairbound.models.cep_grouping.problem import REIMBURSEMENT
from fairbound.solvers.algorithms.group_moves import OUT, Plan, improve
from fairbound.solvers.algorithms.level_lp import LevelBound, prune, solve_levels
from fairbound.solvers.algorithms.regrets import Regrets, interval_model, middle_slots
from fairbound.solvers.certificates.price_curve import certificate_json
from fairbound.solvers.engines import highs as engine
from fairbound.solvers.engines.standard_form import Floats
from fairbound.solvers.method import Kind, Method
from fairbound.solvers.result import (
    EngineInfo,
    OnProgress,
    Progress,
    Result,
    Seconds,
    Settings,
    Termination,
    conclude,
)

NAME = "price_curve"
ROUNDS = 4
"""Interval models that are tried where no time limit says otherwise."""
ROUND_SECONDS = 15.0
ROUND_GAP = 0.2
"""An interval model stops at this gap of its regret; the bound does not depend on it."""
STEPS = (18, 24, 30, 40)
SEARCH_FINE = 201
"""Levels among which those of at most K groups are chosen."""


@dataclass
class Search:
    """One run: its clock, the best plan and the bound so far."""

    instance: CepInstance
    objective: str
    settings: Settings
    on_progress: OnProgress | None
    began: float = field(default_factory=time.perf_counter)
    best: Grouping | None = None
    value: Fraction | None = None
    bound: Fraction | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    trace: list[Progress] = field(default_factory=list)

    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def left(self) -> float | None:
        """Seconds left of the time limit, or ``None`` without one."""
        limit = self.settings.time_limit
        return None if limit is None else max(0.0, limit - self.seconds())

    def late(self) -> bool:
        return self.stop.is_set() or self.left() == 0.0

    def closed(self) -> bool:
        """Whether the gap asked for is reached."""
        if self.value is None or self.bound is None:
            return False
        return self.bound - self.value <= Fraction(self.settings.gap) * abs(self.value)

    def report(self) -> None:
        moment = Progress(
            self.seconds(),
            None if self.value is None else float(self.value),
            None if self.bound is None else float(self.bound),
        )
        self.trace.append(moment)
        if self.on_progress is not None:
            self.on_progress(moment)

    def offer(self, grouping: Grouping) -> bool:
        """Keep a grouping if it keeps every rule and is worth more, both exactly."""
        evaluation = PROBLEM.evaluate(self.instance, grouping)
        if not evaluation.feasible:
            return False
        value = evaluation.values[self.objective]
        if self.value is not None and value <= self.value:
            return False
        self.best, self.value = grouping, value
        self.report()
        return True


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


def first_plan(instance: CepInstance, objective: str) -> Grouping:
    """One group of everyone who must be in, and everyone who helps."""
    low, _ = level_range(instance)
    return Grouping.of(
        [
            [
                member
                for unit in units_of(instance, objective)
                if unit.must or (not unit.barred and unit.lifted >= low * unit.enrolled)
                for member in unit.members
            ]
        ]
    )


def polish(search: Search, regrets: Regrets, home: Sequence[int]) -> bool:
    """Moves and swaps from a placement; offers the result."""
    instance = search.instance
    names = {name for name, _ in instance.floors}
    plan = Plan(instance, units_of(instance, search.objective), home)
    found = search.offer(plan.grouping())
    if REIMBURSEMENT in names:
        return found  # a move that covers more may cost money that a floor asks for
    may_leave = ~regrets.must & (not names)
    _merge_down(plan)
    improve(plan, may_leave, regrets.barred, search.late)
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
                plan._shift(g, u, -1)
                plan.home[u] = h
                plan._shift(h, u, 1)


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


def _placed(search: Search, regrets: Regrets, slots: Sequence[Slot]) -> list[int] | None:
    """The slot in which each unit of the best plan stands, or ``None`` without a plan."""
    if search.best is None:
        return None
    group = {member: g for g, members in enumerate(search.best.groups) for member in members}
    home = np.array([group.get(unit.members[0], OUT) for unit in regrets.units])
    slot_of = {OUT: OUT}
    for g in range(len(search.best.groups)):
        inside = home == g
        people = regrets.arrays.enrolled[inside].sum()
        level = regrets.arrays.lifted[inside].sum() / people if people else regrets.high
        fits = [k for k, slot in enumerate(slots) if slot.high is not None and slot.low <= level <= slot.high]
        near = min(range(len(slots)), key=lambda k: abs(min(level, regrets.high) - slots[k].low))
        ends = level >= slots[-1].low or level <= slots[0].low + 1e-6
        slot_of[g] = near if ends or not fits else fits[0]
    return [slot_of[int(g)] for g in home]


def search_plans(search: Search, regrets: Regrets, solve_settings: Settings) -> None:
    """Rounds of interval models, each followed by moves and swaps, until closed, late or out of rounds."""
    chance = random.Random(search.settings.seed)
    limit = search.instance.groups
    round_ = 0
    while not search.late() and not search.closed():
        if search.settings.time_limit is None and round_ >= ROUNDS:
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
        seconds = min(ROUND_SECONDS, 1 + len(regrets.units) / 40)
        seconds = seconds if left is None else min(seconds, max(left, 0.1))
        outcome = engine.solve(
            stated.model,
            replace(solve_settings, time_limit=seconds, gap=ROUND_GAP if round_ < 2 else ROUND_GAP / 2),
            warm_start=bool(known is not None and round_),
        )
        if outcome.termination is Termination.INTERRUPTED:
            search.stop.set()
        gained = False
        if outcome.has_solution:
            gained = polish(search, regrets, stated.placement(len(regrets.units)))
        if not gained and round_ >= 1 and outcome.termination is Termination.FINISHED and len(regrets.units) <= 12:
            return
        round_ += 1


def bound_and_regrets(search: Search) -> tuple[Regrets, LevelBound] | None:
    """The certified bound, and the regrets it leaves; ``None`` if the LP gave no prices."""
    settings = Settings(threads=search.settings.threads, seed=search.settings.seed)
    levels = solve_levels(search.instance, search.objective, settings, search.left, search.stop.is_set)
    if levels is None:
        return None
    levels = replace(levels, curve=prune(search.instance, search.objective, levels.curve))
    entries = contributions(search.instance, search.objective, levels.curve)
    floors = dict(search.instance.floors)
    search.bound = sum((entry.value for entry in entries), Fraction(0)) - sum(
        (mu * floors[name] for name, mu in levels.curve.multipliers), Fraction(0)
    )
    search.report()
    return Regrets.of(search.instance, search.objective, levels.curve, entries), levels


def run(
    instance: CepInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Grouping | None = None,
) -> Result:
    """Solve; see the module."""
    search = Search(instance, objective, settings, on_progress)
    info = EngineInfo(engine.NAME, engine.version(), engine.options(settings))
    reason = infeasible(instance, objective)
    if reason is not None:
        return conclude(
            PROBLEM, instance, objective, NAME, solution=None, termination=Termination.INFEASIBLE,
            settings=settings, engine=info, message=reason,
            seconds=Seconds(total=search.seconds()),
        )  # fmt: skip
    with engine.interruptible() as search.stop:
        for plan in (start, first_plan(instance, objective), Grouping(())):
            if plan is not None:
                search.offer(plan)
        found = bound_and_regrets(search)
        bounded = search.seconds()
        if found is not None:
            regrets, _ = found
            search_plans(search, regrets, settings)
    if search.value is not None and search.value == search.bound:
        termination = Termination.FINISHED
    elif search.stop.is_set():
        termination = Termination.INTERRUPTED
    elif search.closed():
        termination = Termination.GAP_LIMIT
    elif search.left() == 0.0:
        termination = Termination.TIME_LIMIT
    else:
        termination = Termination.FINISHED
    certificate = None
    if found is not None and search.bound is not None:
        certificate = certificate_json(instance, objective, found[1].curve, search.bound)
    return conclude(
        PROBLEM,
        instance,
        objective,
        NAME,
        solution=search.best,
        termination=termination,
        exact_bound=search.bound,
        settings=settings,
        engine=info,
        model=found[1].size if found else None,
        trace=tuple(search.trace),
        certificate=certificate,
        seconds=Seconds(solve=search.seconds() - bounded, build=bounded, total=search.seconds()),
    )


def refuses(instance: CepInstance, objective: str) -> str | None:
    """Refuse what is not linear in the claim share."""
    return claim_levels.refuses_jumps(instance, objective)


METHOD = Method(
    NAME,
    Kind.ALGORITHM,
    "any meals, any size: level prices as a certified bound, interval models and moves for the plan",
    run,
    refuses,
    closes=False,
)
__all__ = ["LINEAR", "METHOD", "NAME", "run"]
