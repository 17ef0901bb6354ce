r"""Separator rows: to hold a unit, a zone must hold a unit of every set that cuts it from its school.

.. math::

    x_{vj} \le \sum_{u \in C} x_{uj} \quad C \text{ separates } v \text{ from } r_j \ (19)

Together with (13) they describe contiguity, but there are exponentially many: the separator loop
(``fairbound.solvers.blocks.separator_loop``) adds those that a solution breaks. This file finds
them; it is graph theory on the units that may attend a school and knows no engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from fairbound.models.blocks.instance import ZoneInstance, component, reached

Separator = tuple[int, int, tuple[int, ...]]
"""(v, j, C): the row x[v,j] <= sum of x[u,j] over C."""
Neighbours = Mapping[int, Iterable[int]] | Sequence[Iterable[int]]
"""The units beside each unit."""


def violated_separators(
    instance: ZoneInstance, zone_units: Sequence[set[int]], homes: Sequence[int]
) -> Iterator[Separator]:
    """Minimal separators that an assignment breaks: rows for every unit that is cut off.

    For a part P of zone j without the school, two separators are given: the units next to P that
    a walk from the school reaches first, and the units next to the school's part that a walk from
    P reaches first. Both are minimal between P and the school among the units that may attend j.
    """
    for j, root in enumerate(instance.roots):
        zone = {i for i, home in enumerate(homes) if home == j}
        if root not in zone:
            continue
        main = component(instance.neighbours, root, zone)
        rest = zone - main
        while rest:
            part = component(instance.neighbours, min(rest), rest)
            rest -= part
            near_part = frontier(instance.neighbours, zone_units[j], part, main)
            near_main = frontier(instance.neighbours, zone_units[j], main, part)
            for v in sorted(part):
                yield v, j, near_part
                if near_main != near_part:
                    yield v, j, near_main


def frontier(neighbours: Neighbours, units: set[int], near: set[int], far: set[int]) -> tuple[int, ...]:
    """The units next to ``near`` that can be reached from ``far`` without passing next to ``near``."""
    beside = {u for i in near for u in neighbours[i] if u in units and u not in near}
    open_units = units - near - beside
    beyond = reached(neighbours, far & open_units, open_units)
    return tuple(sorted(u for u in beside if u in far or any(w in beyond for w in neighbours[u])))


LEVELS = (0.9, 0.7, 0.5, 0.3, 0.1)
"""Thresholds at which a fractional zone is cut into parts."""
LEAST_VIOLATION = 0.01
Shares = Mapping[tuple[int, int], float]
"""x[i,j] of a fractional solution."""


@dataclass(frozen=True)
class ZoneGraph:
    """The units that may attend a school, and who is beside whom.

    Units without another school that hang together with the school's are one with it: no separator is made of them.
    """

    school: int
    root: int
    neighbours: dict[int, list[int]]

    @cached_property
    def units(self) -> set[int]:
        """The school's unit, which stands for all that are one with it, and the others."""
        return set(self.neighbours)


def zone_graphs(instance: ZoneInstance, zone_units: Sequence[set[int]]) -> list[ZoneGraph]:
    """The graph of every zone."""
    found, zones = [], [0] * len(instance.units)
    for units in zone_units:
        for i in units:
            zones[i] += 1
    for j, (root, units) in enumerate(zip(instance.roots, zone_units, strict=True)):
        core = component(instance.neighbours, root, {i for i in units if zones[i] == 1})
        neighbours = {}
        for i in units - core:
            beside = [u for u in instance.neighbours[i] if u in units and u not in core]
            neighbours[i] = beside if core.isdisjoint(instance.neighbours[i]) else [root, *beside]
        neighbours[root] = sorted({u for i in core for u in instance.neighbours[i] if u in units and u not in core})
        found.append(ZoneGraph(j, root, neighbours))
    return found


def level_separators(graphs: Iterable[ZoneGraph], shares: Shares) -> Iterator[Separator]:
    """Separator rows that a fractional solution breaks, found by level sets: fast, not all of them.

    For each level t the units with x[i,j] >= t fall into parts; the separators around a part
    without the school are tested for the units of the part.
    """
    for graph in graphs:
        j, neighbours = graph.school, graph.neighbours
        share = {i: value for i in neighbours if (value := shares[i, j]) > 0}
        main = component(neighbours, graph.root, {i for i, value in share.items() if value >= LEVELS[0]})
        if share.keys() <= main:
            continue  # what the zone holds hangs together
        last: set[int] = set()
        for level in LEVELS:
            zone = {i for i, value in share.items() if value >= level}
            zone.add(graph.root)
            if zone == last:
                continue
            last = zone
            main = reached(neighbours, main, zone)
            rest = zone - main
            while rest:
                part = component(neighbours, min(rest), rest)
                rest -= part
                cuts = {frontier(neighbours, graph.units, part, main), frontier(neighbours, graph.units, main, part)}
                for cut in sorted(cuts):
                    held = sum(share.get(u, 0.0) for u in cut)
                    for v in sorted(part):
                        if share[v] > held + 5 * LEAST_VIOLATION:
                            yield v, j, cut
