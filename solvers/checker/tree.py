"""Replay a branch-and-bound tree: the bound of a question, and its best plan.

The file holds the instance itself. Rows are built from it here (``rows``), steps add rows that are proven, and every
leaf of the tree is closed by exact multipliers (``linear``). The plan is scored and held against every rule.
"""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fairbound.solvers.checker.common import UNREADABLE, Rejected, rational, sealed
from fairbound.solvers.checker.linear import System, replay

FORMAT = "fairbound tree 1"


def rows_of(problem: Any) -> Any:
    """The module that states a problem's rows; raises ``Rejected``."""
    name = f"fairbound.solvers.checker.rows.{problem}"
    if not str(problem).isidentifier() or find_spec(name) is None:
        raise Rejected(f"no rows are stated for the problem {problem!r}")
    return import_module(name)


def check(document: dict[str, Any], digest: str | None = None, stated: System | None = None) -> Fraction:
    """The proven bound; raises ``Rejected``.

    Parameters
    ----------
    digest
        Names the instance that is meant, if given.
    stated
        The rows of the document's data, where whoever made the document has them from ``rows_of`` already.
    """
    return examine(document, digest, stated)[1]


def examine(
    document: dict[str, Any], digest: str | None = None, stated: System | None = None
) -> tuple[Fraction | None, Fraction, int]:
    """Value of the plan (``None`` without one), the bound proven, and the number of leaves; raises ``Rejected``."""
    try:
        if document["format"] != FORMAT:
            raise Rejected(f"unknown format {document['format']!r}")
        sealed(document, digest)
        data, objective = document["data"], document["objective"]
        rows = rows_of(data["problem"])
        system = rows.system(data, objective) if stated is None else stated
        claim = rational(document["bound"])
        value = None
        if document["solution"] is not None:
            value = rows.value(data, objective, document["solution"])
        leaves = replay(system, document, claim)
        proven = system.proves(Fraction(claim / (system.sign * system.unit)))
        if value is not None and system.sign * value < system.sign * proven:
            raise Rejected("the plan is better than the bound: the file contradicts itself")
        return value, proven, leaves
    except UNREADABLE as error:
        raise Rejected(f"it cannot be read: {type(error).__name__} {error}") from error
