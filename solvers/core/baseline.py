"""What a baseline is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Baseline:
    """A heuristic: ``run(instance, objective, seed, argument)`` returns a solution.

    Attributes
    ----------
    usual
        Arguments with which comparisons run it (``width:3.125``); empty if it takes none.
    refuses
        Why it cannot run on this machine (a library that is not installed), or ``None``.
    """

    name: str
    summary: str
    run: Callable[[Any, str, int, str | None], Any]
    usual: tuple[str, ...] = ()
    refuses: Callable[[], str | None] = lambda: None
