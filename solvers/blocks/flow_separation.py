"""Separator rows that a fractional solution breaks, found by maximum flows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from fairbound.models.blocks.instance import ZoneInstance, component
from fairbound.models.blocks.separators import LEAST_VIOLATION, Separator, Shares, frontier
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FLOW_UNITS = 10**6
"""Flows are whole numbers: a share of 1 is this many units."""


def flow_separators(instance: ZoneInstance, zone_units: Sequence[set[int]], shares: Shares) -> Iterator[Separator]:
    """A most violated separator row of every unit, by maximum flow; none are left when none is found.

    Each unit is split into an entry and an exit that x[u,j] joins; the largest flow from the school
    to v is the least sum of shares that separates them. Two separators come of each minimum cut:
    next to the school's side, and next to v's.
    """
    for j, root in enumerate(instance.roots):
        share = {i: shares[i, j] for i in zone_units[j]}
        held = sorted(i for i, value in share.items() if value > 1 / FLOW_UNITS or i == root)
        safe = component(instance.neighbours, root, {i for i in held if share[i] > 1 - 1 / FLOW_UNITS} | {root})
        ends = [v for v in held if v not in safe and share[v] > LEAST_VIOLATION]
        if not ends:
            continue
        place = {unit: p for p, unit in enumerate(held)}
        tails, heads, widths = [], [], []
        for unit, p in place.items():
            near = [place[w] for w in instance.neighbours[unit] if w in place]
            tails += [2 * p] + [2 * p + 1] * len(near)
            heads += [2 * p + 1] + [2 * q for q in near]
            wide = 10 * FLOW_UNITS
            widths += [wide if unit == root else round(share[unit] * FLOW_UNITS)] + [wide] * len(near)
        size = 2 * len(held)
        # scipy's maximum flow takes 32-bit indices; which width a list becomes depends on scipy's version.
        data, rows, columns = (np.array(values, dtype=np.int32) for values in (widths, tails, heads))
        network = sp.csr_array((data, (rows, columns)), shape=(size, size))
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
            near_root = frontier(instance, zone_units[j], component(instance.neighbours, root, side), {v})
            beyond = component(instance.neighbours, v, zone_units[j] - set(near_root))
            near_v = frontier(instance, zone_units[j], beyond, {root})
            for cut in dict.fromkeys((near_root, near_v)):
                if share[v] > sum(share[u] for u in cut) + LEAST_VIOLATION:
                    yield v, j, cut
