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
    clocked
        Whether ``run`` takes a fifth argument that says when to stop, and then returns what it has.
    refuses
        Why it cannot run on this machine (a library that is not installed), or ``None``.
    """

    name: str
    summary: str
    run: Callable[..., Any]
    usual: tuple[str, ...] = ()
    clocked: bool = False
    refuses: Callable[[], str | None] = lambda: None
