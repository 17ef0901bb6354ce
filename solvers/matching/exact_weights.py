"""The least largest weight, exactly: the relaxation of the most pairs, its final basis solved in rationals.

With v = w / W every weight is at most 1 and the sides sum to 1 / W, so the least W is the reciprocal of the most
that fractional students sum to, equation (8) of ``docs/matching.md``.
"""

from __future__ import annotations

from fractions import Fraction

from fairbound.models.matching.instance import PAIRS, Comparison, MatchingInstance
from fairbound.solvers.checker.rows import matching as rows
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import OnProgress, Settings, Termination
from fairbound.solvers.proofs.exact_vertex import exact_vertex

NAME = "exact_weights"
PATIENCE = 3600.0


def answer(
    instance: MatchingInstance,
    _objective: str,
    settings: Settings,
    _on_progress: OnProgress | None = None,
    _start: Comparison | None = None,
) -> Answer:
    """Weights and bound from one basis; nobody counts where no two students may be compared."""
    system = rows.system(instance.canonical(), PAIRS)
    vertex = exact_vertex(system, PATIENCE if settings.time_limit is None else settings.time_limit)
    if vertex is None:
        return Answer(Termination.TIME_LIMIT, message="no optimal basis was found")
    most = -vertex.cost
    if most < 1:  # a side that sums to less than its largest weight, 1, is empty
        nobody = Comparison.of(len(instance.members), set())
        proven = Bound(Fraction(1), Basis.MULTIPLIERS, "exact vertex")
        return Answer(Termination.FINISHED, nobody, proven=proven, message="no two students may be compared")
    proven = Bound(1 / most, Basis.MULTIPLIERS, "exact vertex")
    solution = None if vertex.x is None else Comparison(vertex.x)
    message = "" if solution is not None else "the basis is not feasible in rationals; its bound stands"
    return Answer(Termination.FINISHED, solution, proven=proven, message=message)
