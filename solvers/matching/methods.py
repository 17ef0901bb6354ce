"""The exact methods besides the formulations, the baselines, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.models.matching import largest_weight, subset
from fairbound.models.matching.instance import PAIRS
from fairbound.solvers.core import near_vertex
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.matching import exact_weights
from fairbound.solvers.matching.baselines import BASELINES

MANY = 20_000
"""Students below which ``subset`` answers as fast, with a search that ends by itself."""
METHODS = (
    Method(
        exact_weights.NAME,
        Kind.ALGORITHM,
        "the least largest weight by linear programming, its final basis solved in rationals",
        exact_weights.answer,
        largest_weight.refuses,
        seeded=False,
    ),
    near_vertex.near_vertex_method(
        subset.FORMULATION,
        PAIRS,
        "the most pairs of many students: a bound by the relaxation, and a search near its vertex",
        lambda instance: len(instance.members),
        MANY,
    ),
)
PREFERRED = (near_vertex.NAME, "subset", exact_weights.NAME)

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
