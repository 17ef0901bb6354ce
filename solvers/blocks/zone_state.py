"""Zones that change by one unit at a time: what the heuristics of the zoning problem share.

Costs here are floats that guide a search; every result is scored by the exact evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import exp
from operator import add, sub
from typing import TYPE_CHECKING

from fairbound.models.blocks.evaluate import deviation_weights, group_scale, income_weights, rest_weights
from fairbound.models.blocks.instance import (
    DISSIMILARITY,
    INCOME,
    MAX_SHARE,
    REZONED,
    TRAVEL,
    TVD,
    ZoneInstance,
    component,
)
from fairbound.models.blocks.reductions import fixed_options
from fairbound.models.core.exact import common_measure
from fairbound.models.core.problem import once

if TYPE_CHECKING:
    from random import Random

PENALTY = 10.0
"""Cost of breaking a rule by the whole of a school, in units of a typical objective value."""
SHARE_POWER = 8
"""The largest share deviation is steered by the mean of this power of all of them."""

ZoneCost = Callable[[Sequence[int], int], float]
Clock = Callable[[], float]
"""The share of the time allowed that is gone; from 1 on a search ends with what it has."""
BLOCK = 256
"""Steps of annealing between two looks at the clock."""


def unlimited() -> float:
    """The clock of a search without a limit."""
    return 0.0


class ZoneState:
    """Homes of all units, with the sums of every zone kept up to date, in whole numbers.

    Zones that were connected stay connected: a move that would cut a zone is refused.
    """

    def __init__(self, instance: ZoneInstance, objective: str, homes: Sequence[int], clock: Clock = unlimited) -> None:
        self.city = instance
        self.clock = clock
        self.options = fixed_options(instance)
        self.homes = list(homes)
        self.neighbours = instance.neighbours
        self.contiguous = instance.contiguous
        self.weights, self.price = _weights(instance, objective)
        self.costs = _unit_costs(instance, objective)
        self.sums = [[0] * len(self.weights[0]) for _ in instance.schools]
        for home, weights in zip(self.homes, self.weights, strict=True):
            here = self.sums[home]
            for d, weight in enumerate(weights):
                here[d] += weight
        self.prices = [self.price(sums, j) for j, sums in enumerate(self.sums)]
        self.movable, self.choices = _choices(instance)

    def cost(self) -> float:
        """Objective and penalties of the whole city."""
        zones = sum(self.prices)
        return zones + sum(self.costs[i][home] for i, home in enumerate(self.homes)) if self.costs else zones

    def gain(self, unit: int, school: int) -> float:
        """Change of the cost if a unit moves."""
        old, price = self.homes[unit], self.price
        weights = self.weights[unit]
        change = price(list(map(sub, self.sums[old], weights)), old)
        change += price(list(map(add, self.sums[school], weights)), school)
        change -= self.prices[old] + self.prices[school]
        return change + self.costs[unit][school] - self.costs[unit][old] if self.costs else change

    def move(self, unit: int, school: int) -> None:
        """Move a unit, whatever it costs."""
        old = self.homes[unit]
        here, there = self.sums[old], self.sums[school]
        for d, weight in enumerate(self.weights[unit]):
            here[d] -= weight
            there[d] += weight
        self.homes[unit] = school
        self.prices[old], self.prices[school] = self.price(here, old), self.price(there, school)

    def may_move(self, unit: int, school: int) -> bool:
        """Whether the unit touches the other zone and its own zone holds together without it."""
        if not self.contiguous:
            return True
        homes = self.homes
        if all(homes[near] != school for near in self.neighbours[unit]):
            return False
        return self.holds_without(unit)

    def holds_without(self, unit: int) -> bool:
        """Whether the neighbours of a unit in its zone still reach each other without it."""
        homes, neighbours = self.homes, self.neighbours
        home = homes[unit]
        wanted = {near for near in neighbours[unit] if homes[near] == home}
        if len(wanted) < 2:
            return True
        first = wanted.pop()
        seen, todo = {unit, first}, [first]
        for here in todo:  # breadth first: the way round a unit is short
            for near in neighbours[here]:
                if homes[near] == home and near not in seen:
                    wanted.discard(near)
                    if not wanted:
                        return True
                    seen.add(near)
                    todo.append(near)
        return False

    def descend(self, random: Random, rounds: int = 20) -> None:
        """Flip units while that lowers the cost."""
        units = list(self.movable)
        for _ in range(rounds):
            random.shuffle(units)
            moved = 0
            for k, unit in enumerate(units):
                moved += self.improve(unit)
                if k % BLOCK == 0 and self.clock() >= 1:
                    return
            if not moved:
                return

    def improve(self, unit: int) -> bool:
        """Flip one unit to its best school if that lowers the cost."""
        home, homes, options = self.homes[unit], self.homes, self.options[unit]
        found = {homes[near] for near in self.neighbours[unit]} if self.contiguous else options
        others = (school for school in found if school != home and school in options)
        gains = sorted((self.gain(unit, school), school) for school in others)
        for gain, school in gains:
            if gain >= -1e-12:
                return False
            if self.may_move(unit, school):
                self.move(unit, school)
                return True
        return False

    def swap(self, one: int, other: int) -> bool:
        """Exchange two units of neighbouring zones if that lowers the cost."""
        first, second = self.homes[one], self.homes[other]
        if first == second or second not in self.options[one] or first not in self.options[other]:
            return False
        if not self.may_move(one, second):
            return False
        gain = self.gain(one, second)
        self.move(one, second)
        if self.may_move(other, first) and gain + self.gain(other, first) < -1e-12:
            self.move(other, first)
            return True
        self.move(one, first)
        return False


@once
def _choices(instance: ZoneInstance) -> tuple[list[int], list[list[int]]]:
    """Units that may move by themselves, and the schools of every unit."""
    options, fixed = fixed_options(instance), set(instance.roots)
    fixed |= {instance.unit_index[i] for ids in instance.together for i in ids}
    movable = [i for i, schools in enumerate(options) if len(schools) > 1 and i not in fixed]
    return movable, [sorted(schools) for schools in options]


@once
def _weights(instance: ZoneInstance, objective: str) -> tuple[list[tuple[int, ...]], ZoneCost]:
    """Whole weights of each unit to be summed over zones, and the cost of a zone from its sums."""
    students = [unit.students for unit in instance.units]
    columns: list[Sequence[int]] = [students, deviation_weights(instance, instance.group_position)]
    ranges = [instance.seat_range(school) for school in instance.schools]
    total = float(instance.students or 1)
    typical, factors = 1.0, list[tuple[int, float]]()
    if objective == DISSIMILARITY:
        factors = [(1, float(group_scale(instance)) / 2)]
    elif objective == TVD:
        more = [deviation_weights(instance, g) for g in range(len(instance.group_names))] + [rest_weights(instance)]
        columns += more
        factors = [(d, 0.5 / total**2) for d in range(2, len(columns))]
    elif objective == INCOME:
        exact = income_weights(instance)
        measure = common_measure(exact) or Fraction(1)
        columns.append([int(weight / measure) for weight in exact])
        factors = [(2, float(measure) / total)]
        typical = float(sum(map(abs, exact))) / total or 1.0
    elif objective == TRAVEL:
        typical = (
            sum(s * float(row[j]) for s, row, j in zip(students, instance.travel, instance.today, strict=True)) or 1.0
        )
    elif objective == REZONED:
        typical = total
    limit = instance.share_deviation
    delta = None if limit is None else float(limit)
    weight = PENALTY * typical / total * len(instance.schools)

    def price(sums: Sequence[int], school: int) -> float:
        least, most = ranges[school]
        count = sums[0]
        cost = 0.0
        for d, factor in factors:
            cost += abs(sums[d]) * factor
        if count > most:
            cost += weight * (count - most)
        elif count < least:
            cost += weight * (least - count)
        if delta is not None:
            over = abs(sums[1]) / total - delta * count
            if over > 0:
                cost += weight * over
        if objective == MAX_SHARE and count:
            cost += (abs(sums[1]) / (total * count)) ** SHARE_POWER
        return cost

    return list(zip(*columns, strict=True)), price


@once
def _unit_costs(instance: ZoneInstance, objective: str) -> list[list[float]] | None:
    """Cost of each unit at each school, for objectives that are sums over units."""
    if objective == TRAVEL:
        whole, steps = instance.whole_travel
        return [[unit.students * d / steps for d in row] for unit, row in zip(instance.units, whole, strict=True)]
    if objective == REZONED:
        schools = range(len(instance.schools))
        return [
            [float(unit.students if j != home else 0) for j in schools]
            for unit, home in zip(instance.units, instance.today, strict=True)
        ]
    return None


def reconnect(state: ZoneState) -> bool:
    """Give the islands of zones, unit by unit, to the zones beside them, those that cost least first.

    Returns whether every zone is connected then; if not, some island has no place, or the time is over.
    """
    instance, homes = state.city, state.homes
    placed = set[int]()
    zones: list[set[int]] = [set() for _ in instance.schools]
    for i, home in enumerate(homes):
        zones[home].add(i)
    for zone, root in zip(zones, instance.roots, strict=True):
        if root not in zone:
            return False
        placed |= component(instance.neighbours, root, zone)
    left = set(range(len(homes))) - placed
    while left and state.clock() < 1:
        moves = []
        for i in left:
            beside = {homes[near] for near in instance.neighbours[i] if near in placed}
            moves += [(state.gain(i, j), i, j) for j in beside if j in state.options[i]]
        if not moves:
            return False
        for _, unit, school in sorted(moves):
            if unit not in left:
                continue
            state.move(unit, school)
            # Units of the old island that the move has tied to a zone again need no move.
            tied = component(instance.neighbours, unit, {i for i in left if homes[i] == school})
            placed |= tied
            left -= tied
    return not left


def anneal(state: ZoneState, random: Random, steps: int, warm: float = 0.02, cold: float = 2e-6) -> list[int]:
    """Simulated annealing by flips to a zone beside; returns the best homes met, and leaves the state there.

    Temperatures fall geometrically from ``warm`` to ``cold`` times the cost at the start: by the steps taken, or by
    the state's clock where that is further on.
    """
    movable, homes = state.movable, state.homes
    cost = best = state.cost()
    scale = max(abs(cost), 1e-9) / max(1, len(state.city.schools)) ** 0.5
    draw, options, choices, neighbours = random.random, state.options, state.choices, state.neighbours
    since: list[tuple[int, int]] = []  # the moves since the best homes: unit and old school
    done, count = 0, len(movable)
    while done < steps and count and best > 0:
        progress = max(done / steps, state.clock())
        if progress >= 1:
            break
        temperature = warm * scale * (cold / warm) ** progress
        done += BLOCK
        for _ in range(BLOCK):
            unit = movable[int(draw() * count)]
            old = homes[unit]
            if state.contiguous:
                near = neighbours[unit]
                school = homes[near[int(draw() * len(near))]] if near else old
            else:
                school = choices[unit][int(draw() * len(choices[unit]))]
            if school == old or school not in options[unit]:
                continue
            gain = state.gain(unit, school)
            if gain > 0 and draw() >= exp(-min(700.0, gain / temperature)):
                continue
            if not state.contiguous or state.holds_without(unit):
                state.move(unit, school)
                since.append((unit, old))
                cost += gain
                if cost < best - 1e-12:
                    best = cost
                    since.clear()
    for unit, old in reversed(since):
        state.move(unit, old)
    return list(homes)
