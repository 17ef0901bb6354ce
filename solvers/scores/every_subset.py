"""Sparse least absolute deviations of few features: every subset by itself, each proven like the whole question."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

from fairbound.models.scores.instance import SPARSE_LAD, LinearModel, ScoresInstance
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.result import OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.scores.exact_lad import fit

if TYPE_CHECKING:
    from fractions import Fraction

NAME = "every_subset"
MOST_SUBSETS = 300


def answer(
    instance: ScoresInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    _start: LinearModel | None = None,
) -> Answer:
    """The best of all subsets of k features; fewer are never better. The bound is the least of theirs."""
    search = Search(instance, objective, settings, on_progress)
    least: Fraction | None = None
    whole = True
    with search.interruptible():
        for subset in combinations(range(len(instance.design.columns)), instance.k):
            found = None if search.late() else fit(instance, subset, search.left(), settings.seed)
            if found is None or found.bound is None:
                whole = False
                break
            search.offer(found.model)
            least = found.bound if least is None else min(least, found.bound)
            search.nodes += 1
    why = search.why_late() if search.late() else Termination.FINISHED
    proven = Bound(least, Basis.MULTIPLIERS, "weights (8) of every subset") if whole and least is not None else None
    return Answer(why, search.solution, proven=proven, nodes=search.nodes, trace=tuple(search.trace))


def refuses(instance: ScoresInstance, objective: str) -> str | None:
    """It counts subsets."""
    if objective != SPARSE_LAD:
        return f"it states sparse_lad, and {objective} is asked"
    count = comb(len(instance.design.columns), instance.k)
    return None if count <= MOST_SUBSETS else f"{count:,} subsets; it takes at most {MOST_SUBSETS}"
