"""Baselines of the zoning problem: today's zones, greedy growth, local search, annealing, ReCom."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from random import Random

from fairbound.models.block_assignment import ZoneInstance, Zoning
from fairbound.models.block_assignment.reductions import fixed_options
from fairbound.solvers.baselines.base import Baseline
from fairbound.solvers.baselines.zone_state import ZoneState, anneal

ANNEALING_STEPS = 1000
"""Steps per unit that has a choice."""
BURSTS, BURST_LENGTH = 40, 10


def network_voronoi(city: ZoneInstance, objective: str, seed: int, argument: str | None) -> Zoning:
    """Today's zones: in the graph cities, each unit's nearest school over the network."""
    return Zoning.of(city, city.today)


def greedy_growth(city: ZoneInstance, objective: str, seed: int, argument: str | None) -> Zoning:
    """Grow all zones from their schools, always the emptiest by its nearest free unit."""
    options = fixed_options(city)
    homes: list[int | None] = [None] * len(city.units)
    loads = [0] * len(city.schools)
    rims: list[list[tuple[float, int]]] = [[] for _ in city.schools]

    def take(unit: int, school: int) -> None:
        homes[unit] = school
        loads[school] += city.units[unit].students
        for near in city.neighbours[unit]:
            if homes[near] is None and school in options[near]:
                heappush(rims[school], (float(city.travel[near][school]), near))

    for j, root in enumerate(city.roots):
        take(root, j)
    seats = [max(1.0, float(school.seats)) for school in city.schools]
    while True:
        growing = [j for j, rim in enumerate(rims) if rim]
        if not growing:
            break
        school = min(growing, key=lambda j: (loads[j] / seats[j], j))
        _, unit = heappop(rims[school])
        if homes[unit] is None:
            take(unit, school)
    return Zoning.of(city, [city.today[i] if home is None else home for i, home in enumerate(homes)])


def local_search(city: ZoneInstance, objective: str, seed: int, argument: str | None) -> Zoning:
    """From today's zones: flips, then swaps of two units, until neither lowers the cost."""
    random = Random(seed)
    state = ZoneState(city, objective, city.today)
    for _ in range(10):
        state.descend(random)
        if not _swaps(state):
            break
    return Zoning.of(city, state.homes)


def _swaps(state: ZoneState) -> int:
    """Try every swap of two movable units near each other; returns how many were made."""
    made = 0
    movable = set(state.movable)
    for one in state.movable:
        near = {far for u in state.neighbours[one] for far in (u, *state.neighbours[u])} & movable
        for other in sorted(near - {one}):
            made += state.swap(one, other)
    return made


def annealing(city: ZoneInstance, objective: str, seed: int, argument: str | None) -> Zoning:
    """Simulated annealing from today's zones by flips, then flips downhill."""
    random = Random(seed)
    state = ZoneState(city, objective, city.today)
    homes = anneal(state, random, ANNEALING_STEPS * len(state.movable))
    state = ZoneState(city, objective, homes)
    state.descend(random)
    return Zoning.of(city, state.homes)


def recom(city: ZoneInstance, objective: str, seed: int, argument: str | None) -> Zoning:
    """Short bursts of recombination: redraw two neighbouring zones by a random spanning tree.

    Two zones are merged, a random spanning tree of their units is drawn, and cut at an edge that
    leaves each school on its own side with all rules kept. Bursts of ``BURST_LENGTH`` such steps
    start from the best zones so far (DeFord, Duchin, Solomon 2021; Cannon et al. 2023).
    """
    random = Random(seed)
    best = ZoneState(city, objective, city.today)
    best_cost = best.cost()
    for _ in range(BURSTS):
        state = ZoneState(city, objective, best.homes)
        for _ in range(BURST_LENGTH):
            _recombine(state, random)
            cost = state.cost()
            if cost < best_cost - 1e-12:
                best, best_cost = ZoneState(city, objective, state.homes), cost
    return Zoning.of(city, best.homes)


def _recombine(state: ZoneState, random: Random) -> None:
    """One step: redraw a random pair of neighbouring zones, if a random tree has a fair cut."""
    city, homes = state.city, state.homes
    border = random.choice(city.borders) if city.borders else None
    if border is None:
        return
    first, second = homes[city.unit_index[border.one]], homes[city.unit_index[border.other]]
    if first == second:
        return
    members = [i for i, home in enumerate(homes) if home in (first, second)]
    parent, order = _random_tree(state.neighbours, members, city.roots[first], random)
    if len(order) < len(members):
        return
    below: dict[int, set[int]] = {i: {i} for i in order}
    cuts = []
    for unit in reversed(order[1:]):
        part = below[unit]
        if city.roots[second] in part and _fair(state, part, set(order) - part, first, second):
            cuts.append(part)
        below[parent[unit]] |= part
    if cuts:
        part = random.choice(cuts)
        for unit in order:
            school = second if unit in part else first
            if homes[unit] != school:
                state.move(unit, school)


def _fair(state: ZoneState, part: set[int], rest: set[int], first: int, second: int) -> bool:
    """Whether both sides keep the seats and hold only units that may attend."""
    for units, school in ((part, second), (rest, first)):
        if any(school not in state.options[i] for i in units):
            return False
        least, most = state.city.seat_range(state.city.schools[school])
        if not least <= sum(state.city.units[i].students for i in units) <= most:
            return False
    return True


def _random_tree(
    neighbours: Sequence[Sequence[int]], members: Sequence[int], root: int, random: Random
) -> tuple[dict[int, int], list[int]]:
    """A spanning tree grown by random edge weights, as parents and in order of discovery."""
    inside = set(members)
    parent: dict[int, int] = {}
    order: list[int] = []
    heap = [(0.0, root, root)]
    while heap:
        _, unit, before = heappop(heap)
        if unit in parent:
            continue
        parent[unit] = before
        order.append(unit)
        for near in neighbours[unit]:
            if near in inside and near not in parent:
                heappush(heap, (random.random(), near, unit))
    return parent, order


BASELINES = (
    Baseline("network_voronoi", "today's zones: the nearest school over the network", network_voronoi),
    Baseline("greedy_growth", "zones grow from their schools, the emptiest first", greedy_growth),
    Baseline("local_search", "flips and swaps downhill from today's zones", local_search),
    Baseline("annealing", "simulated annealing by flips from today's zones", annealing),
    Baseline("recom", "short bursts of recombination by random spanning trees", recom),
)
