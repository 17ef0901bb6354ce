"""Tree certificates of zonings: a school for each unit, and separator rows as steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairbound.models.blocks.instance import ZoneInstance, Zoning
from fairbound.models.blocks.separators import level_separators
from fairbound.solvers.blocks.flow_separation import flow_separators

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


def separate(instance: ZoneInstance, system: Any) -> Callable[[Floats], list[list[Any]]] | None:
    """What finds the separators (19) that a point breaks."""
    if not instance.contiguous:
        return None
    zones = [set(units) for units in system.zones]

    def broken(x: Floats) -> list[list[Any]]:
        shares = {pair: float(x[column]) for pair, column in system.x.items()}
        found = list(dict.fromkeys(level_separators(instance, zones, shares)))
        if len(found) < FEW_ROWS:
            found += dict.fromkeys(flow_separators(instance, zones, shares))
        return [["separator", v, j, list(cut)] for v, j, cut in found]

    return broken
