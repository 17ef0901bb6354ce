"""Separator rows that a fractional solution breaks, found by maximum flows."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from fairbound.models.blocks.instance import component
from fairbound.models.blocks.separators import LEAST_VIOLATION, frontier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fairbound.models.blocks.separators import Neighbours, Separator, Shares, ZoneGraph

WHOLE = 1e-6
"""Shares this near to 0 or 1 count as that."""
WIDE = 1e9
Network = list[dict[int, float]]
"""Capacities by tail and head. Node 0 is the school's part; unit number p enters at 2 p + 1 and leaves at 2 p + 2."""


def flow_separators(graphs: Iterable[ZoneGraph], shares: Shares) -> Iterator[Separator]:
    """A most violated separator row of every unit, by maximum flow; none are left when none is found.

    Each unit is split into an entry and an exit that x[u,j] joins; the largest flow from the school
    to v is the least sum of shares that separates them. Two separators come of each minimum cut:
    next to the school's side, and next to v's. What is whole beside the school is one node with it, so a network
    holds little more than the fractional units. A cut serves every unit beyond it.
    """
    for graph in graphs:
        j, root, neighbours = graph.school, graph.root, graph.neighbours
        share = {i: shares[i, j] for i in neighbours}
        safe = component(neighbours, root, {i for i, value in share.items() if value > 1 - WHOLE})
        loose = sorted((i for i, value in share.items() if value > WHOLE and i not in safe), key=lambda i: -share[i])
        if not loose:
            continue
        network = _network(neighbours, share, safe, loose)
        done = set[int]()
        for p, v in enumerate(loose):
            if share[v] <= LEAST_VIOLATION or v in done or 2 * p + 1 in network[0]:
                continue  # little, served already, or beside the school's part
            reached = _least_cut(network, 2 * p + 1, share[v] - LEAST_VIOLATION)
            if reached is None:
                continue
            side = safe | {u for q, u in enumerate(loose) if 2 * q + 1 in reached and 2 * q + 2 in reached}
            near_root = frontier(neighbours, graph.units, component(neighbours, root, side), {v})
            beyond = component(neighbours, v, graph.units - set(near_root))
            near_v = frontier(neighbours, graph.units, beyond, {root})
            for cut in dict.fromkeys((near_root, near_v)):
                held = sum(share[u] for u in cut) + LEAST_VIOLATION
                for u in beyond:  # the cut parts all of these from the school
                    if share[u] > held:
                        yield u, j, cut
                        done.add(u)


def _network(neighbours: Neighbours, share: dict[int, float], safe: set[int], loose: list[int]) -> Network:
    """The school's part, and the entries and exits of the units that are not wholly in it."""
    place = {unit: p for p, unit in enumerate(loose)}
    network: Network = [{} for _ in range(2 * len(loose) + 1)]
    for unit, p in place.items():
        network[2 * p + 1][2 * p + 2] = share[unit]
        for near in neighbours[unit]:
            if near in place:
                network[2 * p + 2][2 * place[near] + 1] = WIDE
            elif near in safe:
                network[0][2 * p + 1] = WIDE
    return network


def _least_cut(network: Network, sink: int, enough: float) -> set[int] | None:
    """Nodes on the source's side of a least cut; ``None`` once the flow is enough (Edmonds and Karp 1972)."""
    left = [dict(row) for row in network]
    flow = 0.0
    while flow < enough:
        before = {0: 0}
        todo = [0]
        for node in todo:
            for head, width in left[node].items():
                if width > WHOLE and head not in before:
                    before[head] = node
                    todo.append(head)
            if sink in before:
                break
        else:
            return set(before)
        path = [sink]
        while path[-1]:
            path.append(before[path[-1]])
        width = min(left[tail][head] for head, tail in itertools.pairwise(path))
        for head, tail in itertools.pairwise(path):
            left[tail][head] -= width
            left[head][tail] = left[head].get(tail, 0.0) + width
        flow += width
    return None
