"""From an engine's floats to a plan that keeps every rule to the last student.

Nobody moving keeps every rule, and the rules are linear. So any plan can be scaled towards staying
by one exact ratio test: with a rule a(s) <= b, where b >= 0, the largest share of the plan that
keeps it is b / a(s). Districts of fixed size (band 0) are balanced first, along a spanning forest.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import networkx as nx
from fairbound.models.district_transfer.problem import TransferInstance, TransferPlan

GRID = Fraction(1, 4096)
"""Students are rounded to multiples of this; a power of 2 keeps exact values short."""
SCALE_BITS = 24
ROUNDS = 12

Moves = dict[tuple[int, int], Fraction]


def repair(instance: TransferInstance, students: Mapping[tuple[int, int], float]) -> TransferPlan:
    """The nearest feasible plan that scaling and balancing reach; in the worst case nobody moves.

    Parameters
    ----------
    students
        Students moved from district i to district j, by index; small negative values count as 0.
    """
    grid = Fraction(1) if instance.whole else GRID
    moves = _rounded(students, grid)
    if all(low == high for low, high in instance.size_bounds):
        moves = _balanced(instance, moves)
    for _ in range(ROUNDS):
        scale = feasible_share(instance, moves)
        if scale == 1:
            return as_plan(instance, moves)
        scale = Fraction(int(scale * 2**SCALE_BITS), 2**SCALE_BITS)
        if any(low == high for low, high in instance.size_bounds) and not instance.whole:
            moves = {arc: value * scale for arc, value in moves.items()}  # rounding would unbalance again
        else:
            moves = {arc: value * scale // grid * grid for arc, value in moves.items()}
    return TransferPlan(())


def as_plan(instance: TransferInstance, moves: Mapping[tuple[int, int], Fraction]) -> TransferPlan:
    """A plan from moves by district index."""
    ids = [district.id for district in instance.districts]
    return TransferPlan.of((ids[i], ids[j], value) for (i, j), value in moves.items())


def _rounded(students: Mapping[tuple[int, int], float], grid: Fraction) -> Moves:
    moves = {arc: round(Fraction(float(value)) / grid) * grid for arc, value in students.items()}
    return {arc: value for arc, value in moves.items() if value > 0}


def feasible_share(instance: TransferInstance, moves: Mapping[tuple[int, int], Fraction]) -> Fraction:
    """The largest t in [0, 1] such that t times the moves keeps equations (2), (6) and (7)."""
    leaving = [Fraction(0)] * len(instance.districts)
    change = list(leaving)
    for (i, j), value in moves.items():
        leaving[i] += value
        change[i] -= value
        change[j] += value
    share = Fraction(1)
    limits = [(sum(leaving, Fraction(0)), instance.p * instance.total)]
    for out, new, size, (low, high) in zip(leaving, change, instance.sizes, instance.size_bounds, strict=True):
        limits += [(out, size), (new, high - size), (-new, size - low)]
    for used, limit in limits:
        if used > limit:
            share = min(share, limit / used)
    return share


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
        parents = dict(nx.bfs_predecessors(graph, root))
        for node in reversed([root, *parents]):
            if node == root or not surplus[node]:
                continue
            above, extra = parents[node], surplus[node]
            net = moves.get((node, above), Fraction(0)) - moves.get((above, node), Fraction(0)) + extra
            both = min(moves.get((node, above), Fraction(0)), moves.get((above, node), Fraction(0)))
            moves[node, above], moves[above, node] = both + max(net, Fraction(0)), both + max(-net, Fraction(0))
            surplus[node], surplus[above] = Fraction(0), surplus[above] + extra
    return {arc: value for arc, value in moves.items() if value > 0}
