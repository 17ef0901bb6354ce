"""Certificates with one thing changed."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random


def _numbers(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(node, dict):
        return [found for key, value in node.items() for found in _numbers(value, (*path, key))]
    if isinstance(node, list):
        return [found for i, value in enumerate(node) for found in _numbers(value, (*path, i))]
    return [path]


PROOF = ("steps", "tree", "bound", "solution", "objective")


def mutated(document: dict[str, Any], chance: random.Random, names: tuple[str, ...] = PROOF) -> dict[str, Any]:
    """The document with one leaf of its proof changed, dropped or doubled."""
    changed = copy.deepcopy(document)
    parts = {name: changed[name] for name in names}
    path = chance.choice(_numbers(parts))
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    value = place[path[-1]]
    kind = chance.randrange(6)
    if kind == 0 and isinstance(place, list):
        del place[path[-1]]
    elif kind == 1 and isinstance(place, list):
        place.insert(path[-1], copy.deepcopy(value))
    elif isinstance(value, str) and path[-1] == "bound":
        place[path[-1]] = str(Fraction(value) * (1 + Fraction(chance.choice([-1, 1]), chance.choice([500, 10**6, 3]))))
    elif isinstance(value, (int, float)):
        place[path[-1]] = chance.choice([value + 1, -value, value * 2, 0, value - 1, 1e308, "x", None])
    else:
        place[path[-1]] = chance.choice(["", "bound", "branch", None, 7])
    return changed


def answered(checker: Any, document: dict[str, Any]) -> tuple[Fraction | None, str]:
    """The bound that a checker confirms, or why there is none."""
    try:
        return checker.check(document), ""
    except checker.Rejected as reason:
        return None, str(reason)
