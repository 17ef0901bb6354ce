"""What a method is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.solvers.core.result import Result


class Kind(StrEnum):
    """What a method is built on."""

    FORMULATION = "formulation"
    ALGORITHM = "algorithm"
    BASELINE = "baseline"


def _never(instance: Any, objective: str) -> str | None:
    return None


@dataclass(frozen=True)
class Method:
    """A named way from an instance to a result.

    Attributes
    ----------
    run
        ``run(instance, objective, settings, on_progress)``; an exact method also takes the keyword
        ``start``, a solution to begin from.
    refuses
        Why the method cannot answer a question, or ``None``.
    hesitates
        Why a default answer should rather come from another method that takes the question, or ``None``.
    exact
        Whether it states the question itself: not a restriction, not a heuristic.
    closes
        Whether, given the time, its two bounds meet; otherwise a gap may remain that it reports.
    """

    name: str
    kind: Kind
    summary: str
    run: Callable[..., Result]
    refuses: Callable[[Any, str], str | None]
    exact: bool = True
    closes: bool = True
    hesitates: Callable[[Any, str], str | None] = _never
