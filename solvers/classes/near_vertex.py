"""The fewest moves of many students: ``flows`` has few rows, and plans near its relaxation's vertex are good ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.classes import flows
from fairbound.models.classes.instance import MOVES
from fairbound.solvers.core.near_vertex import answer_near_vertex

if TYPE_CHECKING:
    from fairbound.models.classes.instance import ClassInstance, Plan
    from fairbound.solvers.core.answer import Answer
    from fairbound.solvers.core.result import OnProgress, Settings

NAME = "near_vertex"
MANY = 1000
"""Students below which ``flows`` closes within a second or two."""


def answer(
    instance: ClassInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Plan | None = None,
) -> Answer:
    """Solve; see ``solvers.core.near_vertex``."""
    return answer_near_vertex(flows.FORMULATION, instance, objective, settings, on_progress, start)


def refuses(_instance: ClassInstance, objective: str) -> str | None:
    """It counts moves."""
    return None if objective == MOVES else "moves are what it counts"


def hesitates(instance: ClassInstance, _objective: str) -> str | None:
    """Few students need no detour."""
    return None if sum(instance.cells.values()) > MANY else f"at most {MANY:,} students"
