"""The most pairs of many students: ``subset`` has few rows, so its relaxation and what is near its vertex suffice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.matching import subset
from fairbound.models.matching.instance import PAIRS
from fairbound.solvers.core.near_vertex import answer_near_vertex

if TYPE_CHECKING:
    from fairbound.models.matching.instance import Comparison, MatchingInstance
    from fairbound.solvers.core.answer import Answer
    from fairbound.solvers.core.result import OnProgress, Settings

NAME = "near_vertex"
MANY = 20_000
"""Students below which ``subset`` answers as fast, with a search that ends by itself."""


def answer(
    instance: MatchingInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Comparison | None = None,
) -> Answer:
    """Solve; see ``solvers.core.near_vertex``."""
    return answer_near_vertex(subset.FORMULATION, instance, objective, settings, on_progress, start)


def refuses(instance: MatchingInstance, objective: str) -> str | None:
    """It counts pairs."""
    return subset.refuses(instance, objective) if objective == PAIRS else "pairs are what it counts"


def hesitates(instance: MatchingInstance, _objective: str) -> str | None:
    """Few students need no detour."""
    return None if len(instance.members) > MANY else f"at most {MANY:,} students"
