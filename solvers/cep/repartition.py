"""Annealing over exact repartitions: a few groups are cut into items, whose best partition is found.

Large-neighbourhood search (Shaw 1998). Items are units, and what is left of a group, kept together. Their best
partition is a dynamic programme over subsets (Rothkopf, Pekec and Harstad 1998). It is found for worths to which
chance has added (perturb and MAP, Papandreou and Yuille 2011), and taken as annealing takes a change.

Floats choose; what comes out is scored exactly by whoever asks.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.cep.group_moves import OUT, Plan, improve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairbound.solvers.engines.base import Floats
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Indices = NDArray[np.integer]

ITEMS = 11
"""Items of one repartition: a step costs about 3 to this power."""
GROUPS = 5
"""Groups that one is of, at most."""
NEAR = 0.08
"""How far shares of claim are blurred when groups near one another are chosen."""
ANYWHERE = 0.25
"""Share of the steps that take groups from anywhere."""
EVEN = 0.5
"""A group is chosen by what it loses against prices, and by this share of the mean."""
NOISE = 0.2
"""What chance adds to a subset's worth, in parts of the heat."""
LATE = 50
"""Steps between two looks at the clock."""
STEPS, STEPS_PER_UNIT, LONGER = 4000, 80, 1.5
"""Steps of the first annealing, at most and a unit; how many times as many after one that has found nothing."""
HEATS = (0.0, 5e-3, 1.5e-3)
"""Heats in turn, as parts of what a school is worth in the mean."""


@cache
def _splits(count: int) -> list[tuple[Indices, Indices, Indices]]:
    """Sets without item 0, by size, and last the whole: each with its parts that have its first item, and the rests."""
    every = np.arange(0, 1 << count, 2)
    sizes = np.array([bin(s).count("1") for s in every.tolist()])
    layers = [every[sizes == size] for size in range(1, count)] + [np.array([(1 << count) - 1])]
    splits = []
    for sets in layers:
        parts = (sets & -sets)[:, None]
        others = np.array([[1 << i for i in range(count) if s >> i & 1] for s in sets.tolist()])[:, 1:]
        for item in others.T:
            parts = np.hstack([parts, parts | item[:, None]])
        splits.append((sets, parts, sets[:, None] ^ parts))
    return splits


@cache
def _subsets(count: int) -> Floats:
    """All subsets of some items, as columns of 0 and 1."""
    return np.asarray(np.arange(1 << count)[None] >> np.arange(count)[:, None] & 1, dtype=float)


def best_partition(worth: Floats, count: int) -> list[int]:
    """The partition of ``count`` items of greatest worth, as bits; ``worth`` has that of every subset."""
    best = np.zeros(1 << count)
    splits = _splits(count)
    for sets, parts, rests in splits:
        best[sets] = (worth[parts] + best[rests]).max(axis=1)
    found, left = [], (1 << count) - 1
    while left:
        sets, parts, rests = splits[-1 if left & 1 else bin(left).count("1") - 1]
        row = int(np.searchsorted(sets, left))
        place = int((worth[parts[row]] + best[rests[row]]).argmax())
        found.append(int(parts[row, place]))
        left = int(rests[row, place])
    return found


class Repartition:
    """A plan under change.

    Attributes
    ----------
    groups, outside, value
        The plan at hand: units of each group, those in none, and its worth in floats.
    """

    def __init__(self, plan: Plan, may_leave: Flags, chance: np.random.Generator) -> None:
        self._plan, self._may_leave, self._chance = plan, may_leave, chance
        self._columns = np.stack([plan.n, plan.q, plan.a, plan.b, plan.size, np.zeros(len(plan.n))])
        self._mark = np.zeros(len(plan.n), dtype=bool)
        self._place(plan.home)

    def begin(self, home: list[int], prices: Floats) -> None:
        """From a placement; groups that lose against these prices, in the objective's unit, are tried more often."""
        self._columns[5] = prices
        self._place(home)

    def _place(self, home: list[int]) -> None:
        placed = np.array(home)
        self.groups = [np.flatnonzero(placed == group) for group in np.unique(placed[placed != OUT]).tolist()]
        self.outside = np.flatnonzero(placed == OUT)
        self._sums = np.zeros((6, 0))
        if self.groups:
            self._sums = np.stack([self._columns[:, group].sum(axis=1) for group in self.groups], axis=1)
        self._worth = self._plan.floats([*self._sums[:5]])
        self.value = float(self._worth.sum())

    def home(self) -> list[int]:
        """The group of each unit."""
        home = np.full(self._columns.shape[1], OUT)
        for group, members in enumerate(self.groups):
            home[members] = group
        return [int(group) for group in home]

    def anneal(self, steps: int, heat: float, late: Callable[[], bool]) -> list[int]:
        """The best placement met while the heat, in the objective's unit, falls to nothing; it ends there."""
        best, found = self.value, self.home()
        for step in range(steps):
            if step % LATE == 0 and late():
                break
            self._step(heat * (1 - step / steps) ** 2)
            if self.value > best + 1e-9 * abs(best):
                best, found = self.value, self.home()
        self._place(found)
        return found

    def _choose(self) -> list[int]:
        """Some groups: one by what it loses, and others near it in share."""
        chance, count = self._chance, len(self.groups)
        lost = np.maximum(self._sums[5] - self._worth, 0.0)
        weight = np.cumsum(lost + (EVEN / count * lost.sum() + 1e-9))
        centre = int(np.searchsorted(weight, chance.random() * weight[-1]))
        rank = chance.exponential(NEAR, count)
        if chance.random() > ANYWHERE:
            share = np.minimum(1.0, self._sums[1] / np.maximum(self._sums[0], 1e-9))
            rank += np.abs(share - share[centre])
        rank[centre] = -1.0
        return [int(group) for group in np.argsort(rank)[: int(chance.integers(2, GROUPS + 1))]]

    def _cut(self, chosen: list[int]) -> Sequence[Indices]:
        """Items of some groups: all their units, or as many as there may be; then units of those in no group."""
        chance, pool = self._chance, [self.groups[group] for group in chosen]
        every = np.concatenate(pool)
        chance.shuffle(every)
        free = every[: ITEMS if len(every) <= ITEMS else ITEMS - len(pool)]
        items = [free[i : i + 1] for i in range(len(free))]
        if len(free) < len(every):
            self._mark[free] = True
            rests = [group[~self._mark[group]] for group in pool]
            self._mark[free] = False
            items += [rest for rest in rests if len(rest)]
        outside = self.outside[chance.permutation(len(self.outside))[: ITEMS - len(items)]]
        return items + [outside[i : i + 1] for i in range(len(outside))]

    def _step(self, heat: float) -> None:
        """One repartition, taken if it gains, or by chance if it loses little against the heat."""
        if not self.groups:
            return
        chosen = self._choose()
        items = self._cut(chosen)
        starts = np.cumsum([0, *map(len, items[:-1])])
        order = np.concatenate(items)
        sums = np.add.reduceat(self._columns[:, order], starts, axis=1) @ _subsets(len(items))
        worth = self._plan.floats([*sums[:5]])
        worth[0] = 0.0
        alone = 1 << np.arange(len(items))
        leave = np.logical_and.reduceat(self._may_leave[order], starts)
        stays = alone[leave & (worth[alone] < 0.0)]
        worth[stays] = 0.0
        shown = worth + self._chance.exponential(NOISE * heat, len(worth)) if heat > 0 else worth
        parts = best_partition(shown, len(items))
        gain = float(worth[parts].sum() - self._worth[chosen].sum())
        if not gain > (-heat * self._chance.exponential() if heat > 0 else 0.0):
            return
        out = set(stays.tolist())
        new = [part for part in parts if part not in out]
        members = {part: np.concatenate([item for i, item in enumerate(items) if part >> i & 1]) for part in parts}
        keep = np.ones(len(self.groups), dtype=bool)
        keep[chosen] = False
        self.groups = [group for group, kept in zip(self.groups, keep.tolist(), strict=True) if kept]
        self.groups += [members[part] for part in new]
        self._sums = np.hstack([self._sums[:, keep], sums[:, new]])
        self._worth = np.r_[self._worth[keep], worth[new]]
        stay = [self.outside[~np.isin(self.outside, order)], *(members[part] for part in parts if part in out)]
        self.outside = np.concatenate(stay)
        self.value = float(self._worth.sum())


class Annealings:
    """Annealings one after the other, at some heats in turn; longer after each that has found nothing."""

    def __init__(self, plan: Plan, chance: np.random.Generator) -> None:
        self._may_leave = np.array([not unit.must for unit in plan.units])
        self._repartition = Repartition(plan, self._may_leave, chance)
        self._rounds, self._steps = 0, float(min(STEPS, STEPS_PER_UNIT * len(plan.units)))

    def next(self, plan: Plan, prices: Floats, late: Callable[[], bool]) -> Plan:
        """A plan of the same units annealed against prices of these, then improved by moves and swaps."""
        search = self._repartition
        search.begin(plan.home, prices)
        before = search.value
        heat = HEATS[self._rounds % len(HEATS)] * abs(before) / max(len(plan.units), 1)
        found = Plan(plan.instance, plan.units, search.anneal(int(self._steps), heat, late))
        self._rounds += 1
        if search.value <= before:
            self._steps *= LONGER
        improve(found, self._may_leave, np.zeros(len(plan.units), dtype=bool), late)
        return found
