"""The methods of class types besides the formulations: a search, heuristics, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.models.classes import flows
from fairbound.models.classes.instance import MOVES
from fairbound.solvers.classes.baselines import BASELINES
from fairbound.solvers.core import near_vertex

MANY = 1000
"""Students below which ``flows`` closes within a second or two."""
METHODS = (
    near_vertex.near_vertex_method(
        flows.FORMULATION,
        MOVES,
        "the fewest moves of many students: a bound by the relaxation, and a search near its vertex",
        lambda instance: sum(instance.cells.values()),
        MANY,
    ),
)
PREFERRED = (near_vertex.NAME, "flows")

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
