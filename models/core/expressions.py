"""Linear expressions of Pyomo, made in one step: adding terms one by one is slow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Iterable


def weighted(terms: Iterable[tuple[Any, Any]]) -> LinearExpression:
    """A sum of variables with coefficients: pairs of a variable and a number."""
    pairs = list(terms)
    return LinearExpression(linear_coefs=[float(a) for _, a in pairs], linear_vars=[v for v, _ in pairs])
