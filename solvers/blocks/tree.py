"""Tree certificates of zonings: a school for each unit, and separator rows as steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.models.blocks.instance import ZoneInstance, Zoning
from fairbound.models.blocks.separators import Separator, level_separators
from fairbound.solvers.blocks.flow_separation import flow_separators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fairbound.solvers.engines.base import Floats

FEW_ROWS = 30
"""Below this many rows from level sets, maximum flows look for the rest."""


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
    zones = [set(units) for units in system.zones]

    def broken(x: Floats) -> Iterator[list[Any]]:
        shares = {pair: float(x[column]) for pair, column in system.x.items()}
        found = set[Separator]()
        for way in (level_separators, flow_separators):
            if len(found) < FEW_ROWS:
                for row in way(instance, zones, shares):
                    if row not in found:
                        found.add(row)
                        yield ["separator", row[0], row[1], list(row[2])]

    return broken
