"""The methods of class types besides the formulations: a search, heuristics, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.solvers.classes import near_vertex
from fairbound.solvers.classes.baselines import BASELINES
from fairbound.solvers.core.method import Kind, Method

METHODS = (
    Method(
        near_vertex.NAME,
        Kind.ALGORITHM,
        "the fewest moves of many students: a bound by the relaxation, and a search near its vertex",
        near_vertex.answer,
        near_vertex.refuses,
        hesitates=near_vertex.hesitates,
    ),
)
PREFERRED = (near_vertex.NAME, "flows")

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
