"""What a method is."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.answer import Answer, conclude
from fairbound.solvers.core.result import OnProgress, Result, Seconds, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.models.core.problem import Formulation, Instance


class Kind(StrEnum):
    """What a method is built on."""

    FORMULATION = "formulation"
    ALGORITHM = "algorithm"
    BASELINE = "baseline"


NOTHING = 0.1
"""Seconds of a limit that are not worth taking off."""


def left(settings: Settings, began: float) -> Settings:
    """The settings with what has passed since ``began`` (``time.perf_counter``) taken off the time limit."""
    passed = time.perf_counter() - began
    if settings.time_limit is None or passed < NOTHING:
        return settings
    return replace(settings, time_limit=max(0.0, settings.time_limit - passed))


def _never(_instance: Any, _objective: str) -> str | None:
    return None


@dataclass(frozen=True)
class Method:
    """A named way from an instance to a result.

    Attributes
    ----------
    answer
        ``answer(instance, objective, settings, on_progress, start)``; ``start`` is a solution to begin from.
    refuses
        Why the method cannot answer a question, or ``None``.
    hesitates
        Why a default answer should rather come from another method that takes the question, or ``None``.
    exact
        Whether it states the question itself: not a restriction, not a heuristic.
    closes
        Whether, given the time, its two bounds meet; otherwise a gap may remain that it reports.
    formulation
        The model that it hands to an engine, or ``None``.
    certified
        Whether a certificate is to be made of its answer, where one is asked for, though a theorem settles it.
    seeded
        Whether the seed makes it another search; where not, a second one would do the same once more.
    """

    name: str
    kind: Kind
    summary: str
    answer: Callable[..., Answer]
    refuses: Callable[[Any, str], str | None]
    exact: bool = True
    closes: bool = True
    hesitates: Callable[[Any, str], str | None] = _never
    formulation: Formulation[Any, Any] | None = None
    certified: bool = False
    seeded: bool = True

    def run(
        self,
        instance: Instance,
        objective: str,
        settings: Settings = Settings(),  # noqa: B008 - frozen
        on_progress: OnProgress | None = None,
        start: Any = None,
    ) -> Result:
        """Answer a question, score the answer exactly and state what is known; the clock includes all of it."""
        entered = time.perf_counter()
        _ = instance.digest  # of a large instance it takes a second, which the limit must know of
        began = time.perf_counter()
        answer = self.answer(instance, objective, left(settings, entered), on_progress, start)
        solved = time.perf_counter() - began
        result = conclude(find_problem(instance.problem), instance, objective, self.name, answer, settings)
        steps = answer.seconds
        solve = steps.solve or max(0.0, solved - steps.build - steps.compile)
        return replace(result, seconds=Seconds(steps.build, steps.compile, solve, time.perf_counter() - entered))
