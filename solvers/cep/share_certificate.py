"""The claim-share certificate: a search tree of prices, as JSON."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

from fairbound.models.core.exact import decimal_text
from fairbound.solvers.cep.share_cells import MULTIPLIER_STEP
from fairbound.solvers.checker import cep_shares as checker
from fairbound.solvers.core.bound import Level

if TYPE_CHECKING:
    from fractions import Fraction

    from fairbound.models.cep import CepInstance
    from fairbound.solvers.cep.share_cells import Cells, Prices
    from fairbound.solvers.cep.share_node import Cover, Node
    from fairbound.solvers.engines.base import Floats

FORMAT = checker.FORMAT
LEVEL = Level.L4
CHECKER = checker


def certificate_json(
    instance: CepInstance, objective: str, cells: Cells, root: Node, bound: Fraction
) -> dict[str, Any]:
    """Everything that the checker needs: the instance itself, the edges, the tree in preorder, the bound it proves."""
    nodes, divisors = _nodes(cells, root, bound)
    return {
        "format": FORMAT,
        "instance": instance.name,
        "digest": instance.digest,
        "data": instance.canonical(),
        "objective": objective,
        "bound": decimal_text(bound),
        "edges": [decimal_text(edge) for edge in cells.exact],
        "step": decimal_text(cells.step),
        "divisors": sorted(divisors),
        "nodes": nodes,
    }


def _nodes(cells: Cells, root: Node, bound: Fraction) -> tuple[list[dict[str, Any]], set[int]]:
    """The tree in preorder, cut off where prices are at most the bound; and the divisors of its covers."""
    most, step = floor(bound / cells.step), float(cells.step)
    found, waiting, divisors = [], [root], set[int]()
    while waiting:
        node = waiting.pop()
        stated: dict[str, Any] = {}
        if node.proofs:
            stated["proofs"] = [proof_json(prices, step) for prices in node.proofs]
        if _total(node.prices, step) > most and node.children is not None:
            if node.lists:
                stated["listed"] = node.lists
            if node.covers:
                covers = [_cover_json(cover, step) for cover in node.covers]
                split = node.covers[0].split
                if split is not None:
                    covers[0] |= {"units": split.units.tolist(), "parts": split.parts}
                stated["cover"] = covers if len(covers) > 1 else covers[0]
                divisors.update(*(cover.divisors for cover in node.covers))
            else:
                assert node.branch is not None
                stated["branch"] = node.branch.stated()
            waiting += reversed(node.children)
        found.append(stated)
    return found, divisors


def _cover_json(cover: Cover, step: float) -> dict[str, Any]:
    return {
        "order": cover.order,
        "prices": [proof_json(prices, step) for prices in cover.prices],
        "by": cover.by,
        "levels": [_whole(levels, MULTIPLIER_STEP) for levels in cover.levels],
        "open": cover.open,
    }


def _whole(values: Floats, parts: float) -> list[int]:
    return [round(value * parts) for value in values.tolist()]


def _total(prices: Prices, step: float) -> int:
    return sum(round(price / step) for price in prices.units.tolist())


def proof_json(prices: Prices, step: float) -> dict[str, list[int]]:
    """Prices and multipliers in their units, and how many cells either strip has."""
    return {
        "strips": list(prices.strips),
        "prices": [round(price / step) for price in prices.units.tolist()],
        "levels": _whole(prices.levels, MULTIPLIER_STEP),
        "multipliers": _whole(prices.cells, MULTIPLIER_STEP),
    }


def least_bound(cells: Cells, root: Node, target: Fraction) -> Fraction:
    """The least bound that a tree proves: that of its open leaves, and no less than what closed the others."""
    step, worst, waiting = float(cells.step), target, [root]
    while waiting:
        node = waiting.pop()
        if node.children is not None:
            waiting += node.children
        elif not node.closed:
            worst = max(worst, _total(node.prices, step) * cells.step)
    return worst
