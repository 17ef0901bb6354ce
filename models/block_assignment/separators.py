r"""Separator rows: to hold a unit, a zone must hold a unit of every set that cuts it from its school.

.. math::

    x_{vj} \le \sum_{u \in C} x_{uj} \quad C \text{ separates } v \text{ from } r_j \ (19)

Together with (13) they describe contiguity, but there are exponentially many: the separator loop
(``fairbound.solvers.algorithms.separator_loop``) adds those that a solution breaks. This file finds
them; it is graph theory on the units that may attend a school and knows no engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from fairbound.models.block_assignment.zones import ZoneInstance, component
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

Separator = tuple[int, int, tuple[int, ...]]
"""(v, j, C): the row x[v,j] <= sum of x[u,j] over C."""


def violated_separators(
    city: ZoneInstance, zone_units: Sequence[set[int]], homes: Sequence[int]
) -> Iterator[Separator]:
    """Minimal separators that an assignment breaks: rows for every unit that is cut off.

    For a part P of zone j without the school, two separators are given: the units next to P that
    a walk from the school reaches first, and the units next to the school's part that a walk from
    P reaches first. Both are minimal between P and the school among the units that may attend j.
    """
    for j, root in enumerate(city.roots):
        zone = {i for i, home in enumerate(homes) if home == j}
        if root not in zone:
            continue
        main = component(city.neighbours, root, zone)
        rest = zone - main
        while rest:
            part = component(city.neighbours, min(rest), rest)
            rest -= part
            near_part = frontier(city, zone_units[j], part, main)
            near_main = frontier(city, zone_units[j], main, part)
            for v in sorted(part):
                yield v, j, near_part
                if near_main != near_part:
                    yield v, j, near_main


def frontier(city: ZoneInstance, units: set[int], near: set[int], far: set[int]) -> tuple[int, ...]:
    """The units next to ``near`` that can be reached from ``far`` without passing next to ``near``."""
    beside = {u for i in near for u in city.neighbours[i] if u in units and u not in near}
    open_units = units - near - beside
    reached = set[int]()
    for i in far:
        if i in open_units and i not in reached:
            reached |= component(city.neighbours, i, open_units)
    return tuple(sorted(u for u in beside if u in far or any(w in reached for w in city.neighbours[u])))


LEVELS = (0.9, 0.7, 0.5, 0.3, 0.1)
"""Thresholds at which a fractional zone is cut into parts."""
LEAST_VIOLATION = 0.01
FLOW_UNITS = 10**6
"""Flows are whole numbers: a share of 1 is this many units."""

Shares = Mapping[tuple[int, int], float]
"""x[i,j] of a fractional solution."""


def level_separators(city: ZoneInstance, zone_units: Sequence[set[int]], shares: Shares) -> Iterator[Separator]:
    """Separator rows that a fractional solution breaks, found by level sets: fast, not all of them.

    For each level t the units with x[i,j] >= t fall into parts; the separators around a part
    without the school are tested for the units of the part.
    """
    for j, root in enumerate(city.roots):
        share = {i: shares[i, j] for i in zone_units[j]}
        for level in LEVELS:
            zone = {i for i, value in share.items() if value >= level}
            zone.add(root)
            main = component(city.neighbours, root, zone)
            rest = zone - main
            while rest:
                part = component(city.neighbours, min(rest), rest)
                rest -= part
                cuts = {frontier(city, zone_units[j], part, main), frontier(city, zone_units[j], main, part)}
                for cut in sorted(cuts):
                    held = sum(share[u] for u in cut)
                    for v in sorted(part):
                        if share[v] > held + 5 * LEAST_VIOLATION:
                            yield v, j, cut


def flow_separators(city: ZoneInstance, zone_units: Sequence[set[int]], shares: Shares) -> Iterator[Separator]:
    """A most violated separator row of every unit, by maximum flow; none are left when none is found.

    Each unit is split into an entry and an exit that x[u,j] joins; the largest flow from the school
    to v is the least sum of shares that separates them. Two separators come of each minimum cut:
    next to the school's side, and next to v's.
    """
    for j, root in enumerate(city.roots):
        share = {i: shares[i, j] for i in zone_units[j]}
        held = sorted(i for i, value in share.items() if value > 1 / FLOW_UNITS or i == root)
        safe = component(city.neighbours, root, {i for i in held if share[i] > 1 - 1 / FLOW_UNITS} | {root})
        ends = [v for v in held if v not in safe and share[v] > LEAST_VIOLATION]
        if not ends:
            continue
        place = {unit: p for p, unit in enumerate(held)}
        tails, heads, widths = [], [], []
        for unit, p in place.items():
            near = [place[w] for w in city.neighbours[unit] if w in place]
            tails += [2 * p] + [2 * p + 1] * len(near)
            heads += [2 * p + 1] + [2 * q for q in near]
            wide = 10 * FLOW_UNITS
            widths += [wide if unit == root else round(share[unit] * FLOW_UNITS)] + [wide] * len(near)
        size = 2 * len(held)
        network = sp.csr_array((np.array(widths, dtype=np.int32), (tails, heads)), shape=(size, size))
        source = 2 * place[root] + 1
        for v in ends:
            answer = maximum_flow(network, source, 2 * place[v])
            if answer.flow_value >= (share[v] - LEAST_VIOLATION) * FLOW_UNITS:
                continue
            residual = sp.csr_array(network - answer.flow)
            residual.data = np.maximum(residual.data, 0)
            residual.eliminate_zeros()
            reached = set(breadth_first_order(residual, source, return_predecessors=False).tolist())
            side = {u for u, p in place.items() if 2 * p in reached and 2 * p + 1 in reached} | {root}
            near_root = frontier(city, zone_units[j], component(city.neighbours, root, side), {v})
            beyond = component(city.neighbours, v, zone_units[j] - set(near_root))
            near_v = frontier(city, zone_units[j], beyond, {root})
            for cut in dict.fromkeys((near_root, near_v)):
                if share[v] > sum(share[u] for u in cut) + LEAST_VIOLATION:
                    yield v, j, cut
