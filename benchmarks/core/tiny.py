"""What a problem provides to the contract checks: tiny instances, and their answers by brute force."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Tiny:
    """Tiny instances of a problem, and their answers found without any formulation.

    Attributes
    ----------
    instances
        Small enough to enumerate; hostile shapes among them.
    best
        ``best(instance, objective)``: the exact optimum by brute force, or ``None`` if infeasible.
    lp_bounds
        Pinned LP bounds: (instance name, objective) -> formulation -> bound. A rewrite that is
        weaker or stronger is noticed here.
    tolerance
        How far from ``best`` an exact method may stay where the optimum is no rational number:
        relative to max(best, 1/100).
    """

    problem: str
    instances: Sequence[Any]
    best: Callable[[Any, str], Fraction | None]
    lp_bounds: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    tolerance: Fraction = Fraction(0)

    def slack(self, best: Fraction) -> Fraction:
        """The same, absolute."""
        return self.tolerance * max(abs(best), Fraction(1, 100))
