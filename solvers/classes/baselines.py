"""What a district would do by itself: nothing, swaps one after the other, a rounded relaxation, annealing."""

from __future__ import annotations

from collections import Counter
from math import exp
from random import Random
from typing import TYPE_CHECKING

from fairbound.models.classes.evaluate import group_means
from fairbound.models.classes.flows import FORMULATION
from fairbound.models.classes.instance import GAP, MOVES, STATUS_QUO, ClassInstance, Plan, kind_name
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import parse_number
from fairbound.solvers.core.baseline import Baseline
from fairbound.solvers.core.result import Settings
from fairbound.solvers.engines.model import solve as solve_model

if TYPE_CHECKING:
    from collections.abc import Iterator

SWAPS = 100_000
HOT, COLD = 4.0, 0.05
"""Temperatures in moves; a gap of one part in ten thousand of today's counts as much as a move."""
FINE = 1e4


def status_quo(_instance: ClassInstance, _objective: str, _seed: int, _argument: str | None) -> Plan:
    """Nobody changes."""
    return STATUS_QUO


def greedy_swaps(instance: ClassInstance, objective: str, _seed: int, _argument: str | None) -> Plan:
    """Swap a student of the lowest group with one of the highest, where that helps most, until it is enough.

    For fewest moves it is enough when the gap is at most epsilon; for the least gap, when the budget is used or
    no such swap narrows it.
    """
    limits = dict(instance.limits)
    budget = int(limits[MOVES]) if MOVES in limits else None
    enough = limits.get(GAP) if objective == MOVES else None
    flows: Counter[tuple[str, str, str, str]] = Counter()
    free = dict(instance.cells)
    means = group_means(instance, STATUS_QUO)
    moves, gap = 0, max(means.values()) - min(means.values())
    while (enough is None or gap > enough) and (budget is None or moves + 2 <= budget):
        if objective == MOVES and enough is None:
            break
        low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
        best = max(_swaps(instance, free, low, high), default=None)
        if best is None:
            break
        worth, school, source, target = best
        step = worth * instance.unit
        tried = dict(means)
        tried[low] += step / instance.group_sizes[low]
        tried[high] -= step / instance.group_sizes[high]
        narrower = max(tried.values()) - min(tried.values())
        if narrower >= gap:
            break
        means, gap, moves = tried, narrower, moves + 2
        for arc in ((school, low, source, target), (school, high, target, source)):
            flows[arc] += 1
            free[arc[:3]] -= 1
    return Plan.of(dict(flows))


def _swaps(
    instance: ClassInstance, free: dict[tuple[str, str, str], int], low: str, high: str
) -> Iterator[tuple[int, str, str, str]]:
    """Swaps that lift the lower group: units gained, school, from and to of its student."""
    for school, group, source, target in instance.arcs:
        worth = instance.gain(source, target)
        if group == low and worth > 0 and free[school, low, source] and free.get((school, high, target), 0):
            yield worth, school, source, target


def lp_rounding(instance: ClassInstance, objective: str, seed: int, _argument: str | None) -> Plan:
    """Solve the linear relaxation of the flows and round every flow to the nearest number; rules may break."""
    model = FORMULATION.build(instance, objective, relaxed=True)
    solve_model(model, Settings(seed=seed), read=lambda: None)
    return FORMULATION.extract(model)


def annealing(instance: ClassInstance, objective: str, seed: int, argument: str | None) -> Plan:
    """Simulated annealing over swaps of two students of a school, from the greedy plan; its best plan is returned.

    Raises ``InputError`` for an argument that is no number of swaps.
    """
    try:
        steps = int(parse_number(argument or str(SWAPS)))
    except ValueError:
        raise InputError("annealing", found=argument, wanted="swaps to try, for example annealing:100000") from None
    state = _State(instance, greedy_swaps(instance, objective, seed, None), objective)
    random = Random(seed)
    best, best_plan = state.energy(), state.plan()
    now = best
    for step in range(steps):
        pair = state.draw(random)
        if pair is None:
            continue
        state.swap(*pair)
        after = state.energy()
        heat = HOT * (COLD / HOT) ** (step / steps)
        if after <= now or random.random() < exp((now - after) / heat):
            now = after
            if now < best - 1e-9:
                best, best_plan = now, state.plan()
        else:
            state.swap(*pair)
    return best_plan


class _State:
    """Types of single students, sums of groups in floats, and what that is worth."""

    def __init__(self, instance: ClassInstance, plan: Plan, objective: str) -> None:
        self.instance, self.objective = instance, objective
        limits = dict(instance.limits)
        self.most_gap = float(limits[GAP]) if GAP in limits else 0.0 if objective == GAP else float("inf")
        self.most_moves = float(limits.get(MOVES, float("inf")))
        self.today = [kind_name(student.kind) for student in instance.members]
        self.kind = list(self.today)
        left: dict[tuple[str, str, str], list[str]] = {}
        for (school, group, source, target), count in plan.flows:
            left.setdefault((school, group, source), []).extend([target] * count)
        self.schools: dict[str, list[int]] = {}
        for i, (student, group) in enumerate(zip(instance.members, instance.group_of, strict=True)):
            self.schools.setdefault(student.school, []).append(i)
            waiting = left.get((student.school, group, self.today[i]))
            if waiting:
                self.kind[i] = waiting.pop()
        self.names = [name for name, those in self.schools.items() if len(those) > 1]
        self.moves = sum(a != b for a, b in zip(self.kind, self.today, strict=True))
        self.means = {group: float(mean) for group, mean in group_means(instance, plan).items()}
        self.effect = {name: float(effect) for name, effect in instance.effects.items()}
        low, high = min(self.means.values()), max(self.means.values())
        self.scale = FINE / max(float(high - low), 1.0)

    def draw(self, random: Random) -> tuple[int, int] | None:
        """Two students of a school in classes of different types; ``None`` where the draw is of no use."""
        if not self.names:
            return None
        those = self.schools[random.choice(self.names)]
        i, j = random.choice(those), random.choice(those)
        return (i, j) if self.kind[i] != self.kind[j] else None

    def swap(self, i: int, j: int) -> None:
        """Let two students change places."""
        for mine, other in ((i, self.kind[j]), (j, self.kind[i])):
            group = self.instance.group_of[mine]
            step = self.effect[other] - self.effect[self.kind[mine]]
            self.means[group] += step / self.instance.group_sizes[group]
            self.moves += (other != self.today[mine]) - (self.kind[mine] != self.today[mine])
        self.kind[i], self.kind[j] = self.kind[j], self.kind[i]

    def energy(self) -> float:
        """Moves, and whatever is beyond the limits, in moves."""
        values = self.means.values()
        beyond = max(0.0, max(values) - min(values) - self.most_gap) * self.scale
        beyond += FINE * max(0.0, self.moves - self.most_moves)
        return beyond if self.objective == GAP else self.moves + beyond

    def plan(self) -> Plan:
        """The flows of the present types."""
        flows: Counter[tuple[str, str, str, str]] = Counter()
        for i, (student, group) in enumerate(zip(self.instance.members, self.instance.group_of, strict=True)):
            if self.kind[i] != self.today[i]:
                flows[student.school, group, self.today[i], self.kind[i]] += 1
        return Plan.of(dict(flows))


BASELINES = (
    Baseline("status_quo", "nobody changes", status_quo),
    Baseline("greedy_swaps", "swaps of the lowest and the highest group, the best first", greedy_swaps),
    Baseline("lp_rounding", "the linear relaxation of the flows, rounded", lp_rounding),
    Baseline("annealing", "simulated annealing over swaps, from the greedy plan", annealing, (str(SWAPS),)),
)
