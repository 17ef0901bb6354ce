"""A study: estimates of what nobody knows, decisions made with them, and both judged under the truth.

``benchmarks/<problem>/study.py`` has ``study(instance, truth, settings, say)`` that returns one. It says ``JUDGED =
False`` where no hidden truth is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError, nearest
from fairbound.solvers.core.result import Termination
from fairbound.solvers.core.solve import solve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fairbound.benchmarks.core.figure import Figure
    from fairbound.models.core.problem import Instance
    from fairbound.models.core.truth import Truth
    from fairbound.solvers.core.result import Result, Settings


@dataclass(frozen=True)
class Study:
    """What a study found.

    Attributes
    ----------
    rows
        One mapping an estimate: text, floats, and fractions, in the columns of the table.
    notes
        What the table shows, in sentences that its numbers bear out.
    """

    title: str
    rows: Sequence[Mapping[str, Any]]
    figures: Sequence[Figure]
    notes: Sequence[str]


@dataclass(frozen=True)
class Work:
    """How a problem is studied.

    Attributes
    ----------
    judged
        Whether decisions are judged under a hidden truth.
    """

    run: Callable[[Instance, Truth | None, Settings, Callable[[str], None]], Study]
    judged: bool


def answered(instance: Instance, objective: str, method: str | None, settings: Settings) -> Result:
    """One solve of a study.

    Raises
    ------
    KeyboardInterrupt
        Where a person ended it: the rows that follow would not be asked for, and its own rests on half an answer.
    """
    result = solve(instance, objective, method, settings)
    if result.termination is Termination.INTERRUPTED:
        raise KeyboardInterrupt
    return result


def study_of(problem: str) -> Work:
    """The study of a problem; raises ``InputError`` where it has none."""
    name = f"fairbound.benchmarks.{problem}.study"
    if find_spec(name) is None:
        known = [other for other in PROBLEMS if find_spec(f"fairbound.benchmarks.{other}.study") is not None]
        raise InputError("no study joins this problem", found=problem, wanted=nearest(problem, known))
    module = import_module(name)
    return Work(module.study, getattr(module, "JUDGED", True))
