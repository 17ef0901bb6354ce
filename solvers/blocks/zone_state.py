"""Zones that change by one unit at a time: what the heuristics of the zoning problem share.

Costs here are floats that guide a search; every result is scored by the exact evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp
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

if TYPE_CHECKING:
    from random import Random

PENALTY = 10.0
"""Cost of breaking a rule by the whole of a school, in units of a typical objective value."""
SHARE_POWER = 8
"""The largest share deviation is steered by the mean of this power of all of them."""

ZoneCost = Callable[[Sequence[float], int], float]


class ZoneState:
    """Homes of all units, with the sums of every zone kept up to date.

    Zones that were connected stay connected: a move that would cut a zone is refused.
    """

    def __init__(self, instance: ZoneInstance, objective: str, homes: Sequence[int]) -> None:
        self.city = instance
        self.options = fixed_options(instance)
        self.homes = list(homes)
        self.neighbours = instance.neighbours
        self.contiguous = instance.contiguous
        self.columns, self.price = _columns(instance, objective)
        self.costs = _unit_costs(instance, objective)
        self.weights = [tuple(column[i] for column in self.columns) for i in range(len(instance.units))]
        self.sums = [[0.0] * len(self.columns) for _ in instance.schools]
        for home, weights in zip(self.homes, self.weights, strict=True):
            for d, weight in enumerate(weights):
                self.sums[home][d] += weight
        roots = set(instance.roots)
        kept = {instance.unit_index[i] for ids in instance.together for i in ids}
        self.movable = [i for i, o in enumerate(self.options) if len(o) > 1 and i not in roots and i not in kept]
        self.choices = [sorted(schools) for schools in self.options]

    def cost(self) -> float:
        """Objective and penalties of the whole city."""
        zones = sum(self.price(sums, j) for j, sums in enumerate(self.sums))
        return zones + sum(self.costs[i][home] for i, home in enumerate(self.homes)) if self.costs else zones

    def gain(self, unit: int, school: int) -> float:
        """Change of the cost if a unit moves."""
        old = self.homes[unit]
        weights = self.weights[unit]
        without = [total - weight for total, weight in zip(self.sums[old], weights, strict=True)]
        with_it = [total + weight for total, weight in zip(self.sums[school], weights, strict=True)]
        price = self.price
        change = price(without, old) - price(self.sums[old], old)
        change += price(with_it, school) - price(self.sums[school], school)
        return change + self.costs[unit][school] - self.costs[unit][old] if self.costs else change

    def move(self, unit: int, school: int) -> None:
        """Move a unit, whatever it costs."""
        old = self.homes[unit]
        here, there = self.sums[old], self.sums[school]
        for d, weight in enumerate(self.weights[unit]):
            here[d] -= weight
            there[d] += weight
        self.homes[unit] = school

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
        while todo:
            for near in neighbours[todo.pop()]:
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
            moved = sum(self.improve(unit) for unit in units)
            if not moved:
                return

    def improve(self, unit: int) -> bool:
        """Flip one unit to its best school if that lowers the cost."""
        others = (school for school in self.choices[unit] if school != self.homes[unit])
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


def _columns(instance: ZoneInstance, objective: str) -> tuple[list[Sequence[float]], ZoneCost]:
    """Per-unit weights to be summed over zones, and the cost of a zone from its sums."""
    students = [float(unit.students) for unit in instance.units]
    share = [float(weight) for weight in deviation_weights(instance, instance.group_position)]
    columns: list[Sequence[float]] = [students, share]
    ranges = [instance.seat_range(school) for school in instance.schools]
    total = float(instance.students or 1)
    typical, factors = 1.0, list[tuple[int, float]]()
    if objective == DISSIMILARITY:
        factors = [(1, float(group_scale(instance)) / 2)]
    elif objective == TVD:
        more = [deviation_weights(instance, g) for g in range(len(instance.group_names))] + [rest_weights(instance)]
        columns += [[float(weight) for weight in weights] for weights in more]
        factors = [(d, 0.5 / total**2) for d in range(2, len(columns))]
    elif objective == INCOME:
        columns.append([float(weight) for weight in income_weights(instance)])
        factors = [(2, 1 / total)]
        typical = sum(abs(weight) for weight in columns[2]) / total or 1.0
    elif objective == TRAVEL:
        typical = (
            sum(s * float(row[j]) for s, row, j in zip(students, instance.travel, instance.today, strict=True)) or 1.0
        )
    elif objective == REZONED:
        typical = total
    limit = instance.share_deviation
    delta = None if limit is None else float(limit)
    weight = PENALTY * typical / total * len(instance.schools)

    def price(sums: Sequence[float], school: int) -> float:
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

    return columns, price


def _unit_costs(instance: ZoneInstance, objective: str) -> list[list[float]] | None:
    """Cost of each unit at each school, for objectives that are sums over units."""
    if objective == TRAVEL:
        return [
            [unit.students * float(d) for d in row] for unit, row in zip(instance.units, instance.travel, strict=True)
        ]
    if objective == REZONED:
        schools = range(len(instance.schools))
        return [
            [float(unit.students if j != home else 0) for j in schools]
            for unit, home in zip(instance.units, instance.today, strict=True)
        ]
    return None


def reconnect(state: ZoneState) -> bool:
    """Give the islands of zones, unit by unit, to the zone beside them that costs least.

    Returns whether every zone is connected then; if not, some island has no place.
    """
    instance, homes = state.city, state.homes
    placed = set[int]()
    for j, root in enumerate(instance.roots):
        if homes[root] != j:
            return False
        placed |= component(instance.neighbours, root, {i for i, home in enumerate(homes) if home == j})
    left = [i for i in range(len(homes)) if i not in placed]
    while left:
        moves = []
        for i in left:
            beside = {homes[near] for near in instance.neighbours[i] if near in placed}
            moves += [(state.gain(i, j), i, j) for j in beside if j in state.options[i]]
        if not moves:
            return False
        _, unit, school = min(moves)
        state.move(unit, school)
        placed.add(unit)
        # Units of the old island that the move has tied to a zone again need no move.
        placed |= component(instance.neighbours, unit, {i for i, home in enumerate(homes) if home == school})
        left = [i for i in left if i not in placed]
    return True


def anneal(state: ZoneState, random: Random, steps: int, warm: float = 0.02, cold: float = 2e-6) -> list[int]:
    """Simulated annealing by single flips; returns the best homes met.

    Temperatures fall geometrically from ``warm`` to ``cold`` times the cost at the start.
    """
    movable = state.movable
    if not movable:
        return list(state.homes)
    cost = state.cost()
    scale = max(abs(cost), 1e-9) / max(1, len(state.city.schools)) ** 0.5
    best, best_cost = list(state.homes), cost
    cooling = (cold / warm) ** (1 / max(1, steps))
    temperature = warm * scale
    draw, choices, homes = random.random, state.choices, state.homes
    count = len(movable)
    for _ in range(steps):
        temperature *= cooling
        unit = movable[int(draw() * count)]
        schools = choices[unit]
        school = schools[int(draw() * len(schools))]
        if school == homes[unit]:
            continue
        gain = state.gain(unit, school)
        if gain > 0 and draw() >= exp(-min(700.0, gain / temperature)):
            continue
        if state.may_move(unit, school):
            state.move(unit, school)
            cost += gain
            if cost < best_cost - 1e-12:
                best, best_cost = list(homes), cost
    return best
