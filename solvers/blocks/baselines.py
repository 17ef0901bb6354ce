"""Baselines of the zoning problem: today's zones, greedy growth, local search, annealing; recombination is beside."""

from __future__ import annotations

from heapq import heappop, heappush
from random import Random

from fairbound.models.blocks import ZoneInstance, Zoning
from fairbound.models.blocks.reductions import fixed_options
from fairbound.solvers.blocks.recombination import RECOM
from fairbound.solvers.blocks.zone_state import ZoneState, anneal
from fairbound.solvers.core.baseline import Baseline
from fairbound.solvers.core.interrupts import interruptible

ANNEALING_STEPS = 1000
"""Steps per unit that has a choice."""


def network_voronoi(instance: ZoneInstance, _objective: str, _seed: int, _argument: str | None) -> Zoning:
    """Today's zones: in the graph cities, each unit's nearest school over the network."""
    return Zoning.of(instance, instance.today)


def greedy_growth(instance: ZoneInstance, _objective: str, _seed: int, _argument: str | None) -> Zoning:
    """Grow all zones from their schools, always the emptiest by its nearest free unit."""
    options = fixed_options(instance)
    homes: list[int | None] = [None] * len(instance.units)
    loads = [0] * len(instance.schools)
    rims: list[list[tuple[float, int]]] = [[] for _ in instance.schools]

    def take(unit: int, school: int) -> None:
        homes[unit] = school
        loads[school] += instance.units[unit].students
        for near in instance.neighbours[unit]:
            if homes[near] is None and school in options[near]:
                heappush(rims[school], (float(instance.travel[near][school]), near))

    for j, root in enumerate(instance.roots):
        take(root, j)
    seats = [max(1.0, float(school.seats)) for school in instance.schools]
    while True:
        growing = [j for j, rim in enumerate(rims) if rim]
        if not growing:
            break
        school = min(growing, key=lambda j: (loads[j] / seats[j], j))
        _, unit = heappop(rims[school])
        if homes[unit] is None:
            take(unit, school)
    return Zoning.of(instance, [instance.today[i] if home is None else home for i, home in enumerate(homes)])


def local_search(instance: ZoneInstance, objective: str, seed: int, _argument: str | None) -> Zoning:
    """From today's zones: flips, then swaps of two units, until neither lowers the cost."""
    random = Random(seed)
    with interruptible() as stop:
        state = ZoneState(instance, objective, instance.today, stop.is_set)
        for _ in range(10):
            state.descend(random)
            if not _swaps(state):
                break
    return Zoning.of(instance, state.homes)


def _swaps(state: ZoneState) -> int:
    """Try every swap of two movable units near each other; returns how many were made."""
    made = 0
    movable = set(state.movable)
    for one in state.movable:
        if state.clock() >= 1:
            return 0
        near = {far for u in state.neighbours[one] for far in (u, *state.neighbours[u])} & movable
        for other in sorted(near - {one}):
            made += state.swap(one, other)
    return made


def annealing(instance: ZoneInstance, objective: str, seed: int, _argument: str | None) -> Zoning:
    """Simulated annealing from today's zones by flips, then flips downhill."""
    random = Random(seed)
    with interruptible() as stop:
        state = ZoneState(instance, objective, instance.today, stop.is_set)
        anneal(state, random, ANNEALING_STEPS * len(state.movable))
        state.descend(random)
    return Zoning.of(instance, state.homes)


BASELINES = (
    Baseline("network_voronoi", "today's zones: the nearest school over the network", network_voronoi),
    Baseline("greedy_growth", "zones grow from their schools, the emptiest first", greedy_growth),
    Baseline("local_search", "flips and swaps downhill from today's zones", local_search),
    Baseline("annealing", "simulated annealing by flips from today's zones", annealing),
    RECOM,
)
