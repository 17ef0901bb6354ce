"""The exact methods besides the formulations, the baselines, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.models.matching import largest_weight
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.matching import exact_weights, near_vertex
from fairbound.solvers.matching.baselines import BASELINES

METHODS = (
    Method(
        exact_weights.NAME,
        Kind.ALGORITHM,
        "the least largest weight by linear programming, its final basis solved in rationals",
        exact_weights.answer,
        largest_weight.refuses,
    ),
    Method(
        near_vertex.NAME,
        Kind.ALGORITHM,
        "the most pairs of many students: a bound by the relaxation, and a search near its vertex",
        near_vertex.answer,
        near_vertex.refuses,
        hesitates=near_vertex.hesitates,
    ),
)
PREFERRED = (near_vertex.NAME, "subset", exact_weights.NAME)

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
