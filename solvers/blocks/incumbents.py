"""Zones that an exact search begins from and repairs: annealing, reconnection, two even halves, by the clock."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from fairbound.models.blocks import rules
from fairbound.models.blocks.evaluate import group_scale
from fairbound.models.blocks.instance import DISSIMILARITY, MAX_SHARE, TRAVEL, ZoneInstance, Zoning
from fairbound.models.blocks.reductions import Options, fixed_options
from fairbound.solvers.blocks.even_halves import even_halves, least_dissimilarity
from fairbound.solvers.blocks.zone_state import Clock, ZoneState, anneal, reconnect
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

    from fairbound.solvers.core.result import OnProgress, Settings

ANNEALING_STEPS = 400
"""Annealing steps per unit that has a choice, for the first incumbent where nothing else gives a good one."""
TRIALS = (50, 5000)
"""Trials to even out two zones, before there is a relaxation and after it."""
REPAIR_STEPS, REPAIR_WARMTH = 30, 2e-4
NO_BETTER = 1e-9
"""Costs of a search are floats: they may err by this part."""
START_SHARE, REPAIR_SHARE = 0.25, 0.1
"""Of the time that is left, the first annealing and a repair take at most these parts."""


class ZoneSearch(Search):
    """The loop's record; under a share level a zoning is scored by its excess over the level, equation (14)."""

    share_level: Fraction | None = None

    def score(self, solution: Zoning) -> Fraction | None:
        """The question's value of a zoning, or ``None`` if it breaks a rule."""
        value = super().score(solution)
        if value is None or self.share_level is None:
            return value
        return rules.excess(self.instance, solution.indices(self.instance), self.share_level)


class ZoneIncumbents:
    """What a search for zones knows, and how it finds better ones."""

    def __init__(
        self,
        instance: ZoneInstance,
        objective: str,
        settings: Settings,
        on_progress: OnProgress | None = None,
        share_level: Fraction | None = None,
    ) -> None:
        self.instance, self.objective, self.settings = instance, objective, settings
        self.search = ZoneSearch(instance, objective, settings, on_progress)
        self.search.share_level = self.share_level = share_level

    def offer(self, homes: Sequence[int]) -> bool:
        """Take a zoning as incumbent if it keeps every rule and is better."""
        return self.search.offer(Zoning.of(self.instance, homes))

    def largest(self, pairs: Iterable[tuple[int, int]], values: Iterable[float]) -> list[int]:
        """The school with the largest x of every unit."""
        best, homes = [-1.0] * len(self.instance.units), list(self.instance.today)
        for (i, j), value in zip(pairs, values, strict=True):
            if value > best[i]:
                homes[i], best[i] = j, value
        return homes

    @cached_property
    def least(self) -> Fraction:
        """What no zoning is below, whatever the city's graph."""
        if self.objective == TRAVEL:
            whole, steps = self.instance.whole_travel
            units = zip(self.instance.units, whole, strict=True)
            return Fraction(sum(unit.students * min(row) for unit, row in units), steps)
        return least_dissimilarity(self.instance) if self.objective == DISSIMILARITY else Fraction(0)

    @property
    def floor(self) -> Bound:
        """The same as a bound."""
        why = {DISSIMILARITY: "equation (34)", TRAVEL: "each unit at its nearest school"}
        return Bound(self.least, Basis.THEOREM, why.get(self.objective, "by the definition of the objective"))

    @property
    def perfect(self) -> bool:
        """Whether the value is the least by theorem."""
        return self.share_level is None and self.search.value == self.least

    @property
    def searched(self) -> bool:
        """Whether local search understands the question: limits on objectives are beyond it."""
        return not self.instance.limits and self.share_level is None

    def share_of(self, part: float) -> Clock:
        """A clock that runs out with this part of the time that is left; it stops at once when all of it is over."""
        left, began = self.search.left(), self.search.seconds()

        def gone() -> float:
            if self.search.stop.is_set():
                return 1.0
            return 0.0 if left is None else (self.search.seconds() - began) / max(part * left, 1e-9)

        return gone

    def tell(self) -> None:
        """Offer today's zones, and the bound by theorem: what is known before anything is worked out."""
        self.offer(list(self.instance.today))
        if self.share_level is None:
            self.search.tighten(self.least)

    def start(
        self, start: Zoning | None, random: Random, steps: int = ANNEALING_STEPS, share: float = START_SHARE
    ) -> None:
        """The first incumbents: a given zoning, today's, and annealing from today's within this share of the time."""
        if self.search.solution is None:
            self.offer(list(self.instance.today))
        if start is not None:
            self.search.offer(start)
        if self.searched:
            state = ZoneState(self.instance, self.objective, self.instance.today, self.share_of(share))
            anneal(state, random, steps * len(state.movable))
            state.descend(random)
            self.offer_of(state)

    @property
    def options(self) -> Options:
        """The schools that each unit may have."""
        return fixed_options(self.instance)

    def improve(self, homes: list[int], random: Random, options: Options | None = None) -> None:
        """Repair a zoning with islands, search downhill from it, and offer the result; within the options, if given."""
        state = ZoneState(self.instance, self.objective, homes, self.share_of(REPAIR_SHARE))
        state.options = state.options if options is None else options
        if self.instance.contiguous and not reconnect(state):
            return
        if self.searched:
            state.descend(random)
            # A short, cool annealing: the zoning is near the best one but for its islands.
            anneal(state, random, REPAIR_STEPS * len(state.movable), warm=REPAIR_WARMTH)
            state.descend(random)
        self.offer_of(state)

    def offer_of(self, state: ZoneState) -> None:
        """Offer the zones of a search, unless what they cost there says that they are no better."""
        value = self.search.value if self.share_level is None and self.objective != MAX_SHARE else None
        if value is None or state.cost() < float(value) * (1 + NO_BETTER):
            self.offer(state.homes)

    def balance(self, random: Random, trials: int) -> bool:
        """Look for two zones as near to the city's share as divisibility lets them, where the bound leaves it open."""
        possible = self.searched and self.objective == DISSIMILARITY and len(self.instance.schools) == 2
        scale, bound = group_scale(self.instance), self.search.bound or 0
        if not possible or not scale or self.search.solution is None or bound > self.least + scale / 2:
            return False
        homes = self.search.solution.indices(self.instance)
        state = ZoneState(self.instance, self.objective, homes, self.share_of(START_SHARE))
        even_halves(state, random, int((self.least or 0) / scale), trials)
        self.offer(state.homes)
        return self.perfect

    @cached_property
    def zone_units(self) -> list[set[int]]:
        """The units that may attend each school."""
        zones: list[set[int]] = [set() for _ in self.instance.schools]
        for i, schools in enumerate(self.options):
            for j in schools:
                zones[j].add(i)
        return zones

    @cached_property
    def steps(self) -> dict[tuple[int, int], int]:
        """How many borders lie between each unit and each school, through units that may attend it."""
        found: dict[tuple[int, int], int] = {}
        for j, root in enumerate(self.instance.roots):
            found[root, j] = 0
            todo = [root]
            for unit in todo:
                for near in self.instance.neighbours[unit]:
                    if near in self.zone_units[j] and (near, j) not in found:
                        found[near, j] = found[unit, j] + 1
                        todo.append(near)
        return found
