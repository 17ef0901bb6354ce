"""What a method is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fairbound.solvers.result import Result


class Kind(StrEnum):
    """What a method is built on."""

    FORMULATION = "formulation"
    ALGORITHM = "algorithm"
    BASELINE = "baseline"


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
    exact
        Whether it aims at the optimum; a relaxation's bound is a bound, its solution a by-product.
    """

    name: str
    kind: Kind
    summary: str
    run: Callable[..., Result]
    refuses: Callable[[Any, str], str | None]
    exact: bool = True
