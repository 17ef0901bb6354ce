"""Write the tree of a race question as a certificate that a stranger can replay.

The format is that of ``solvers/checker/transfer_tree.py``, which shares no code with this file. Root
bounds are not tightened here, so that the tree needs no proof but its leaves.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from fairbound.models.district_transfer import TransferInstance
from fairbound.models.district_transfer.problem import RACE
from fairbound.models.errors import InputError
from fairbound.solvers.algorithms.composition import POINT_BITS, Floats
from fairbound.solvers.algorithms.spatial_tree import Record, Tree, grow, refuses
from fairbound.solvers.algorithms.transfer_lp import Multipliers
from fairbound.solvers.result import Settings

FORMAT = "fairbound transfers tree 1"
MULTIPLIER_BITS = 40
ROUNDING = Fraction(1, 10**9)
"""Taken off the bound: rounding multipliers moves it by far less."""


def certify(instance: TransferInstance, settings: Settings) -> dict[str, Any]:
    """Solve the race objective and return the certificate of its bound.

    Raises
    ------
    InputError
        If the tree refuses the question.
    """
    reason = refuses(instance, RACE)
    if reason is not None:
        raise InputError(f"no certificate for {instance.name}: {reason}")
    tree = grow(instance, RACE, settings, tighten=False)
    number: dict[int, int] = {}
    root = _node(tree, tree.root, number)
    least = _least(tree, tree.root, tree.low.copy(), tree.high.copy())
    return {
        "format": FORMAT,
        "instance": instance.name,
        "digest": instance.digest,
        "problem": {
            "counts": [[str(count) for count in district.counts] for district in instance.districts],
            "borders": [[instance.index[a], instance.index[b]] for a, b in instance.borders],
            "p": str(instance.p),
            "band": None if instance.band is None else str(instance.band),
            "floor": None if instance.floor is None else str(instance.floor),
        },
        "plan": [[instance.index[a], instance.index[b], str(students)] for a, b, students in tree.plan.moves],
        "low": [str(Fraction(x)) for x in tree.low.tolist()],
        "high": [str(Fraction(x)) for x in tree.high.tolist()],
        "bound": str(max(Fraction(0), Fraction(min(least, tree.best)) / tree.N - ROUNDING)),
        "cuts": [_cut(tree, k) for k in number],
        "tree": root,
    }


def _integer(value: float, bits: int) -> int:
    return round(Fraction(value) * Fraction(2**bits))


def _cut(tree: Tree, k: int) -> list[Any]:
    cut = tree.program.pool[k]
    return [cut.district, cut.side, [_integer(u, POINT_BITS) for u in cut.point.tolist()]]


def _node(tree: Tree, record: Record, number: dict[int, int]) -> dict[str, Any]:
    """A node as JSON; ``number`` collects the cuts that leaves use, in order of first use."""
    if record.split is not None:
        j, at = record.split
        return {
            "split": [j, str(Fraction(at))],
            "children": [_node(tree, child, number) for child in record.children],
        }
    y = _multipliers(record)
    return {
        "conservation": [_integer(v, MULTIPLIER_BITS) for v in y.conservation.tolist()],
        "simplex": [_integer(v, MULTIPLIER_BITS) for v in y.simplex.tolist()],
        "budget": _integer(y.budget, MULTIPLIER_BITS),
        "cuts": [
            [number.setdefault(k, len(number)), _integer(v, MULTIPLIER_BITS)]
            for k, v in zip(y.cut_ids.tolist(), y.cuts.tolist(), strict=True)
        ],
    }


def _multipliers(record: Record) -> Multipliers:
    assert record.multipliers is not None, "every leaf keeps its multipliers"
    return record.multipliers


def _least(tree: Tree, record: Record, low: Floats, high: Floats) -> float:
    """The least bound of the leaves, each from its own multipliers and box."""
    if record.split is None:
        tree.program.set_box(low, high)
        return tree.program.safe_bound(_multipliers(record))
    j, at = record.split
    below, above = high.copy(), low.copy()
    below[j] = above[j] = at
    one, other = record.children
    return min(_least(tree, one, low, below), _least(tree, other, above, high))
