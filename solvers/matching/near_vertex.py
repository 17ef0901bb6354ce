"""The most pairs of many students: the relaxation of ``subset``, and what is near its vertex.

``subset`` has a row for each value that is balanced, and thousands of students: at a vertex of its relaxation all but a
few are kept or not. Its multipliers bound the pairs (L2), and pairs are whole. A search of few hundred students around
the vertex mostly reaches that bound; where it does not, ``subset`` goes on from there.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from fairbound.models.core.arrays import collector_paused
from fairbound.models.matching import subset
from fairbound.models.matching.instance import PAIRS
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.formulations import answer_formulation
from fairbound.solvers.core.result import OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.engines.standard_form import compile_model
from fairbound.solvers.engines.vertex_core import near, vertex_of

if TYPE_CHECKING:
    from fairbound.models.matching.instance import Comparison, MatchingInstance

NAME = "near_vertex"
MANY = 20_000
"""Students below which ``subset`` answers as fast, with a search that ends by itself."""


def answer(
    instance: MatchingInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Comparison | None = None,
) -> Answer:
    """The bound of the relaxation and the best comparison near its vertex; ``subset`` where these differ."""
    search = Search(instance, objective, settings, on_progress)
    if start is not None:
        search.offer(start)
    with search.interruptible():
        with collector_paused():
            model = subset.build(instance, objective)
            form = compile_model(model)
        vertex = vertex_of(form, _left(search))
        if vertex is not None:
            search.tighten(Fraction(floor(vertex.bound)))
            for point in near(form, vertex, _left(search)):
                form.load(point)
                search.offer(subset.extract(model))
                if search.closed() or search.late():
                    break
    bound = None if search.bound is None else Bound(Fraction(search.bound), Basis.MULTIPLIERS)
    found = Answer(Termination.FINISHED, search.solution, proven=bound, trace=tuple(search.trace))
    if search.closed():
        return found
    if search.late():
        return replace(found, termination=search.why_late())
    other = answer_formulation(subset.FORMULATION, instance, objective, _left(search), on_progress, search.solution)
    if bound is not None and (other.proven is None or bound.value < other.proven.value):
        other = replace(other, proven=bound)
    return other if other.solution is not None else replace(other, solution=search.solution)


def _left(search: Search) -> Settings:
    """The settings with the time that is left."""
    return search.settings if search.left() is None else replace(search.settings, time_limit=search.left())


def refuses(instance: MatchingInstance, objective: str) -> str | None:
    """It counts pairs."""
    return subset.refuses(instance, objective) if objective == PAIRS else "pairs are what it counts"


def hesitates(instance: MatchingInstance, _objective: str) -> str | None:
    """Few students need no detour."""
    return None if len(instance.members) > MANY else f"at most {MANY:,} students"
