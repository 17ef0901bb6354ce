"""Short bursts of recombination: GerryChain's chain, with cuts that keep the rules of a city.

Two neighbouring zones are merged, a random spanning tree of their units is drawn, and cut at an
edge that leaves each school on its own side with the rules on seats and travel kept. Bursts of
such steps start from the best zones so far (DeFord, Duchin, Solomon 2021; Cannon et al. 2023).
GerryChain chooses zones and trees and runs the bursts. Its own cuts balance populations against
one target; schools differ in seats and stand at a place, so the cut is chosen here.
"""

from __future__ import annotations

from importlib.util import find_spec
from random import Random
from typing import Any

import networkx as nx
from fairbound.models.blocks import ZoneInstance, Zoning
from fairbound.models.blocks.reductions import fixed_options
from fairbound.solvers.blocks.zone_state import ZoneState
from fairbound.solvers.core.baseline import Baseline

BURSTS, BURST_LENGTH = 40, 10
STUDENTS, UNIT = "students", "unit"


def refuses() -> str | None:
    """Why this cannot run here, or ``None``."""
    return None if find_spec("gerrychain") else "gerrychain is not installed (pip install fairbound[recom])"


def recom(instance: ZoneInstance, objective: str, seed: int, _argument: str | None) -> Zoning:
    """The best zones of ``BURSTS`` bursts of ``BURST_LENGTH`` recombinations, from today's zones."""
    from gerrychain import Graph, Partition
    from gerrychain.optimization import SingleMetricOptimizer
    from gerrychain.proposals import recom as recombine
    from gerrychain.proposals.tree_proposals import MetagraphError

    plain = nx.Graph()
    for i, unit in enumerate(instance.units):
        plain.add_node(i, **{STUDENTS: unit.students, UNIT: i})
    plain.add_edges_from((i, near) for i, nearby in enumerate(instance.neighbours) for near in nearby)
    start = Partition(Graph.from_networkx(plain), dict(enumerate(instance.today)))
    cut = _Cut(instance)

    def propose(zones: Any, *, rng: Random) -> Any:
        try:
            # The cut keeps the seats of both schools; GerryChain's own balance is left out of force.
            drawn = recombine(
                zones,
                pop_col=STUDENTS,
                pop_target=max(1, instance.students),
                epsilon=1.0,
                bipartition_tree_fn=cut,
                pair_selection="cut_edges",
                rng=rng,
            )
        except MetagraphError:
            return zones.flip({})
        # GerryChain names the two new zones in an order of its own: a zone is its school's.
        homes = _homes(drawn, len(instance.units))
        school_of = {homes[root]: j for j, root in enumerate(instance.roots)}
        return zones.flip({i: school_of[home] for i, home in enumerate(homes)})

    def cost(zones: Any) -> float:
        return ZoneState(instance, objective, _homes(zones, len(instance.units))).cost()

    bursts = SingleMetricOptimizer(propose, lambda _zones: True, start, cost, maximize=False, rng=Random(seed))
    for _ in bursts.short_bursts(BURST_LENGTH, BURSTS):
        pass
    best = bursts.best_part
    return Zoning.of(instance, instance.today if best is None else _homes(best, len(instance.units)))


def _homes(zones: Any, units: int) -> list[int]:
    return [zones.assignment.mapping[i] for i in range(units)]


class _Cut:
    """Splits two merged zones by a random spanning tree; the form that GerryChain's ``recom`` asks for."""

    def __init__(self, instance: ZoneInstance) -> None:
        self.city = instance
        self.options = fixed_options(instance)

    def __call__(self, merged: Any, *, rng: Random, **_unused: Any) -> set[Any]:
        """The nodes of one of the two schools; raises ``ReselectException`` where no cut is fair."""
        from gerrychain.tree import ReselectException, random_spanning_tree

        unit_of = {node: merged.node_data(node)[UNIT] for node in merged.node_indices}
        node_of = {unit: node for node, unit in unit_of.items()}
        schools = [j for j, root in enumerate(self.city.roots) if root in node_of]
        if len(schools) != 2:
            raise ReselectException("zones of today without their school's unit")
        first, second = schools
        tree = nx.Graph(list(random_spanning_tree(merged, rng=rng).edges))
        top = node_of[self.city.roots[first]]
        order = [top, *(child for _, child in nx.bfs_edges(tree, top))] if top in tree else []
        if len(order) < len(unit_of):
            raise ReselectException("two zones that do not hold together")
        parent = {child: node for node, child in nx.bfs_edges(tree, top)}
        below = {node: {unit_of[node]} for node in order}
        everything = set(unit_of.values())
        cuts = []
        for node in reversed(order[1:]):
            part = below[node]
            if self.city.roots[second] in part and self._fair(part, second) and self._fair(everything - part, first):
                cuts.append(everything - part)
            below[parent[node]] |= part
        if not cuts:
            raise ReselectException("no cut of this tree keeps the rules")
        return {node_of[unit] for unit in rng.choice(cuts)}

    def _fair(self, units: set[int], school: int) -> bool:
        """Whether a school has room for these units and all of them may attend."""
        if any(school not in self.options[i] for i in units):
            return False
        least, most = self.city.seat_range(self.city.schools[school])
        return least <= sum(self.city.units[i].students for i in units) <= most


RECOM = Baseline("recom", "short bursts of recombination by random spanning trees (GerryChain)", recom, refuses=refuses)
