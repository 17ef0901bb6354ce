"""From an engine's floats to a plan that keeps every rule to the last student.

Nobody moving keeps every rule, and the rules are linear: a share of a plan is further inside them than
the plan. So moves are scaled by a little less than 1, rounded to a grid, and checked exactly; the least
reduction that works is taken. Districts of fixed size (band 0) are balanced along a spanning forest.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import networkx as nx
from fairbound.models.transfers.instance import TransferInstance, TransferPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

GRID = Fraction(1, 4096)
"""Students are rounded to multiples of this; a power of 2 keeps exact values short."""
MARGINS = (None, 44, 40, 36, 32, 28, 24, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 1)
"""Shares 1 - 2**-k of the moves that are tried, until rounding them breaks no rule."""

Moves = dict[tuple[int, int], Fraction]


def repair(instance: TransferInstance, students: Mapping[tuple[int, int], float]) -> TransferPlan:
    """The nearest feasible plan that scaling and balancing reach; in the worst case nobody moves.

    Parameters
    ----------
    students
        Students moved from district i to district j, by index; small negative values count as 0.
    """
    grid = Fraction(1) if instance.whole else GRID
    fixed = all(low == high for low, high in instance.size_bounds)
    for margin in MARGINS:
        share = 1.0 if margin is None else 1.0 - 2.0**-margin
        moves = _rounded({arc: value * share for arc, value in students.items()}, grid)
        if fixed:
            moves = _balanced(instance, moves)
        if keeps_rules(instance, moves):
            return as_plan(instance, moves)
    return TransferPlan(())


def as_plan(instance: TransferInstance, moves: Mapping[tuple[int, int], Fraction]) -> TransferPlan:
    """A plan from moves by district index."""
    ids = [district.id for district in instance.districts]
    return TransferPlan.of((ids[i], ids[j], value) for (i, j), value in moves.items())


def _rounded(students: Mapping[tuple[int, int], float], grid: Fraction) -> Moves:
    moves = {arc: round(Fraction(float(value)) / grid) * grid for arc, value in students.items()}
    return {arc: value for arc, value in moves.items() if value > 0}


def keeps_rules(instance: TransferInstance, moves: Mapping[tuple[int, int], Fraction]) -> bool:
    """Whether moves keep equations (2), (6) and (7), exactly."""
    leaving = [Fraction(0)] * len(instance.districts)
    sizes = list(instance.sizes)
    for (i, j), value in moves.items():
        leaving[i] += value
        sizes[i] -= value
        sizes[j] += value
    return (
        sum(leaving, Fraction(0)) <= instance.p * instance.total
        and all(out <= size for out, size in zip(leaving, instance.sizes, strict=True))
        and all(low <= size <= high for size, (low, high) in zip(sizes, instance.size_bounds, strict=True))
    )


def _balanced(instance: TransferInstance, moves: Moves) -> Moves:
    """Make every district's size exactly today's by sending the differences along a spanning forest.

    A difference that would make a move negative goes the other way instead: borders are symmetric.
    """
    moves = dict(moves)
    surplus = [Fraction(0)] * len(instance.districts)
    for (i, j), value in moves.items():
        surplus[i] -= value
        surplus[j] += value
    graph: nx.Graph = nx.Graph()
    graph.add_nodes_from(range(len(instance.districts)))
    graph.add_edges_from(instance.arcs)
    for component in nx.connected_components(graph):
        root = min(component)
        parents = {child: parent for parent, child in nx.bfs_edges(graph, root)}
        for node in reversed([root, *parents]):
            if node == root or not surplus[node]:
                continue
            above, extra = parents[node], surplus[node]
            net = moves.get((node, above), Fraction(0)) - moves.get((above, node), Fraction(0)) + extra
            both = min(moves.get((node, above), Fraction(0)), moves.get((above, node), Fraction(0)))
            moves[node, above], moves[above, node] = both + max(net, Fraction(0)), both + max(-net, Fraction(0))
            surplus[node], surplus[above] = Fraction(0), surplus[above] + extra
    return {arc: value for arc, value in moves.items() if value > 0}
