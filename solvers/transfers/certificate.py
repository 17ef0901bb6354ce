"""Write the tree of a race question as a certificate that a stranger can replay.

The format is that of ``solvers/checker/transfers.py``, which shares no code with this file. Root
bounds are not tightened here, so that the tree needs no proof but its leaves.
"""

from __future__ import annotations

import time
from fractions import Fraction
from math import floor, inf
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text
from fairbound.models.transfers import TransferInstance, TransferPlan
from fairbound.models.transfers.instance import RACE
from fairbound.solvers.checker import transfers as checker
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import Result, Settings, Termination
from fairbound.solvers.transfers.composition import POINT_BITS, Floats
from fairbound.solvers.transfers.node_bound import node_bound
from fairbound.solvers.transfers.spatial_tree import DEFAULT_GAP, NAME, Record, Tree, refuses

if TYPE_CHECKING:
    from fairbound.solvers.transfers.records import Multipliers

FORMAT = "fairbound transfers tree 2"
LEVEL = Level.L4
CHECKER = checker
MULTIPLIER_BITS = 40
ROUNDING = Fraction(1, 10**9)
"""Taken off the bound: rounding multipliers moves it by far less."""
DECIMALS = 12
"""The bound is rounded down to so many decimals, so that people can read it."""
MOST_NODES = 1000
"""A tree of more nodes is too large a file for what it says, about 4 kB a node; one that grows so far ends there."""


def of_result(instance: TransferInstance, result: Result, settings: Settings) -> dict[str, Any] | None:
    """The certificate that belongs to a result of ``spatial_tree``, or ``None``.

    There is one for the race objective where the tree ended small and by itself. The tree is grown again
    without tightening, from the plan that was found; so its bound may differ from the result's in
    digits beyond the gap.
    """
    if (result.method, result.objective, result.termination) != (NAME, RACE, Termination.GAP_LIMIT):
        return None
    if result.nodes is None or result.nodes > MOST_NODES or instance.caps:
        return None
    return certify(instance, settings, result.solution)


def certify(instance: TransferInstance, settings: Settings, start: TransferPlan | None = None) -> dict[str, Any]:
    """Solve the race objective and return the certificate of its bound.

    Parameters
    ----------
    start
        A plan that is known already.

    Raises
    ------
    InputError
        If the tree refuses the question.
    """
    reason = "it takes no bound on another objective" if instance.caps else refuses(instance, RACE)
    if reason is not None:
        raise InputError(f"no certificate for {instance.name}: {reason}")
    deadline = inf if settings.time_limit is None else time.perf_counter() + settings.time_limit
    known = start or TransferPlan(())
    tree = Tree(instance, RACE, settings.gap or DEFAULT_GAP, deadline, False, plan=known, most_nodes=MOST_NODES)
    tree.run()
    number: dict[int, int] = {}
    root = _node(tree, tree.root, number)
    least = _least(tree, tree.root, tree.low.copy(), tree.high.copy())
    bound = max(Fraction(0), Fraction(min(least, tree.best)) / tree.N - ROUNDING)
    return {
        "format": FORMAT,
        "instance": instance.name,
        "digest": instance.digest,
        "data": instance.canonical(),
        "objective": RACE,
        "plan": [[instance.index[a], instance.index[b], str(students)] for a, b, students in tree.plan.moves],
        "low": [str(Fraction(x)) for x in tree.low.tolist()],
        "high": [str(Fraction(x)) for x in tree.high.tolist()],
        "bound": decimal_text(Fraction(floor(bound * 10**DECIMALS), 10**DECIMALS)),
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
        "own": [_integer(v, MULTIPLIER_BITS) for v in y.own.tolist()],
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
        return node_bound(tree.program, _multipliers(record))
    j, at = record.split
    below, above = high.copy(), low.copy()
    below[j] = above[j] = at
    one, other = record.children
    return min(_least(tree, one, low, below), _least(tree, other, above, high))
