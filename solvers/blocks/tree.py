"""Tree certificates of zonings: a school for each unit, and separator rows as steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.blocks.instance import ZoneInstance, Zoning
from fairbound.models.blocks.separators import Separator, level_separators, zone_graphs
from fairbound.solvers.blocks.flow_separation import flow_separators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fairbound.solvers.engines.base import Floats

FEW_ROWS = 30
"""Below this many rows from level sets, maximum flows look for the rest."""
DECIMALS = 6
"""Shares that agree to so many decimals break the same rows."""


def solution_json(_instance: ZoneInstance, zoning: Zoning) -> list[str]:
    """The school of each unit, by id."""
    return list(zoning.schools)


def solution_of(instance: ZoneInstance, system: Any, plan: Sequence[int]) -> Zoning:
    """The school whose column is 1."""
    homes = {i: j for (i, j), column in system.x.items() if plan[column]}
    return Zoning.of(instance, [homes[i] for i in range(len(instance.units))])


def separate(instance: ZoneInstance, system: Any) -> Callable[[Floats], Iterator[list[Any]]] | None:
    """What finds the separators (19) that a point breaks."""
    if not instance.contiguous:
        return None
    graphs = zone_graphs(instance, [set(units) for units in system.zones])
    columns = [np.array([system.x[i, graph.school] for i in graph.neighbours]) for graph in graphs]
    held: dict[int, bytes] = {}  # the last shares of each zone that broke no row

    def broken(x: Floats) -> Iterator[list[Any]]:
        now = [np.round(x[places], DECIMALS).tobytes() for places in columns]
        loose = [graph for graph in graphs if now[graph.school] != held.get(graph.school)]
        shares: dict[tuple[int, int], float] = {}
        for graph in loose:
            j = graph.school
            shares.update(zip(((i, j) for i in graph.neighbours), x[columns[j]].tolist(), strict=True))
        found = set[Separator]()
        for way in (level_separators, flow_separators):
            if len(found) < FEW_ROWS:
                for row in way(loose, shares):
                    if row not in found:
                        found.add(row)
                        yield ["separator", row[0], row[1], list(row[2])]
        if len(found) < FEW_ROWS:
            held.update((j, now[j]) for j in {graph.school for graph in loose} - {j for _, j, _ in found})

    return broken
