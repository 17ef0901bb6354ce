"""Write the tree of a race question as a certificate that a stranger can replay.

The format is that of ``solvers/checker/transfers.py``, which shares no code with this file. The tree is written as it
was grown: each tightening of the root's box with its proof, and the multipliers of every leaf.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor, inf
from typing import TYPE_CHECKING, Any

from fairbound.models.core.exact import decimal_text
from fairbound.models.transfers.instance import RACE
from fairbound.solvers.checker import transfers as checker
from fairbound.solvers.core.bound import Level
from fairbound.solvers.transfers.composition import POINT_BITS, Floats
from fairbound.solvers.transfers.node_bound import node_bound

if TYPE_CHECKING:
    from fairbound.models.transfers import TransferInstance
    from fairbound.solvers.transfers.records import Multipliers, Record, Tightening
    from fairbound.solvers.transfers.spatial_tree import Tree

FORMAT = "fairbound transfers tree 3"
LEVEL = Level.L4
CHECKER = checker
MULTIPLIER_BITS = 40
ROUNDING = Fraction(1, 10**9)
"""Taken off the bound: rounding multipliers moves it by far less."""
DECIMALS = 12
"""The bound is rounded down to so many decimals, so that people can read it."""
MOST_NODES = 1000
"""A tree of more nodes is too large a file for what it says, about 4 kB a node."""


def certificate_json(tree: Tree) -> dict[str, Any] | None:
    """The certificate of a finished or stopped tree, or ``None`` where it is of another kind or too large."""
    search = tree.search
    if search.objective != RACE or search.instance.limits or search.nodes > MOST_NODES or tree.root.empty:
        return None
    number: dict[int, int] = {}
    rounds, low, high, limit = [], tree.low.copy(), tree.high.copy(), inf
    for proofs in tree.tightenings:
        rounds.append([_tightening(proof, number) for proof in proofs])
        for proof in proofs:
            (high if proof.side else low)[proof.district] = proof.size
            limit = min(limit, proof.limit)
    root = _node(tree, tree.root, number)
    least = min(_least(tree, tree.root, low, high), tree.best, limit)
    bound = max(Fraction(0), Fraction(least) / tree.N - ROUNDING)
    instance: TransferInstance = search.instance
    return {
        "format": FORMAT,
        "instance": instance.name,
        "digest": instance.digest,
        "data": instance.canonical(),
        "objective": RACE,
        "plan": [[instance.index[a], instance.index[b], str(students)] for a, b, students in search.solution.moves],
        "low": [str(Fraction(x)) for x in tree.low.tolist()],
        "high": [str(Fraction(x)) for x in tree.high.tolist()],
        "bound": decimal_text(Fraction(floor(bound * 10**DECIMALS), 10**DECIMALS)),
        "cuts": [_cut(tree, k) for k in number],
        "tightenings": rounds,
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
    return _leaf(_multipliers(record), number)


def _leaf(y: Multipliers, number: dict[int, int]) -> dict[str, Any]:
    """Multipliers as integers; ``number`` collects the cuts."""
    return {
        "conservation": [_integer(v, MULTIPLIER_BITS) for v in y.conservation.tolist()],
        "simplex": [_integer(v, MULTIPLIER_BITS) for v in y.simplex.tolist()],
        "own": [_integer(v, MULTIPLIER_BITS) for v in y.own.tolist()],
        "budget": _integer(y.budget, MULTIPLIER_BITS),
        "cuts": [
            [number.setdefault(k, len(number)), _integer(v, MULTIPLIER_BITS)]
            for k, v in zip(y.cut_ids.tolist(), y.cuts.tolist(), strict=True)
        ],
    }


def _tightening(proof: Tightening, number: dict[int, int]) -> dict[str, Any]:
    return {
        "district": proof.district,
        "side": proof.side,
        "size": str(Fraction(proof.size)),
        "limit": str(Fraction(proof.limit)),
        "price": _integer(proof.price, MULTIPLIER_BITS),
        **_leaf(proof.multipliers, number),
    }


def _multipliers(record: Record) -> Multipliers:
    assert record.multipliers is not None, "every leaf keeps its multipliers"
    return record.multipliers


def _least(tree: Tree, record: Record, low: Floats, high: Floats) -> float:
    """The least bound of the leaves, each from its own multipliers and box."""
    if record.split is None:
        tree.program.set_box(low, high)
        return node_bound(tree.program, _multipliers(record))
    j, at = record.split
    below, above = high.copy(), low.copy()
    below[j] = above[j] = at
    one, other = record.children
    return min(_least(tree, one, low, below), _least(tree, other, above, high))
