"""A formulation of few rows and many columns whose objective counts: its relaxation, and what is near its vertex.

At a vertex all columns but a few are whole. The multipliers of the relaxation bound the count, which is whole (L2). A
search of some hundred columns around the vertex mostly comes within a few of that bound; where it does not reach it,
the engine goes on from there with the whole model.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from fairbound.models.core.arrays import collector_paused
from fairbound.models.core.problem import Sense
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.formulations import answer_formulation
from fairbound.solvers.core.method import Kind, Method, left
from fairbound.solvers.core.result import OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.engines.standard_form import compile_model
from fairbound.solvers.engines.vertex_core import near, vertex_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairbound.models.core.problem import Formulation, Instance

NAME = "near_vertex"

ENGINE_SHARE = 0.8
"""Of the time that is left, for the engine and the whole model: it looks at the clock between its steps only."""


def near_vertex_method(
    formulation: Formulation[Any, Any], counted: str, summary: str, students: Callable[[Any], int], many: int
) -> Method:
    """The method of a problem whose objective is ``counted``; of at most ``many`` students others are asked first."""

    def answer(
        instance: Any, objective: str, settings: Settings, on_progress: OnProgress | None = None, start: Any = None
    ) -> Answer:
        return answer_near_vertex(formulation, instance, objective, settings, on_progress, start)

    def refuses(instance: Any, objective: str) -> str | None:
        return formulation.refuses(instance, objective) if objective == counted else f"{counted} are what it counts"

    def hesitates(instance: Any, _objective: str) -> str | None:
        return None if students(instance) > many else f"at most {many:,} students"

    return Method(NAME, Kind.ALGORITHM, summary, answer, refuses, hesitates=hesitates)


def answer_near_vertex(
    formulation: Formulation[Any, Any],
    instance: Instance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Any = None,
) -> Answer:
    """The relaxation's bound and the best solution near its vertex; where they differ, the formulation's answer."""
    search = Search(instance, objective, settings, on_progress)
    for plan in (start, formulation.first(instance, objective)):
        if plan is not None:
            search.offer(plan)
    with search.interruptible():
        with collector_paused():
            model = formulation.build(instance, objective)
            form = compile_model(model)
        vertex = vertex_of(form, left(settings, search.began))
        if vertex is not None:
            search.tighten(Fraction(floor(vertex.bound) if search.sense is Sense.MAXIMIZE else ceil(vertex.bound)))
            for point in near(form, vertex, left(settings, search.began)):
                form.load(point)
                search.offer(formulation.extract(model))
                if search.closed() or search.late():
                    break
    bound = None if search.bound is None else Bound(Fraction(search.bound), Basis.MULTIPLIERS)
    found = Answer(Termination.FINISHED, search.solution, proven=bound, trace=tuple(search.trace))
    if search.closed():
        return found
    if search.late():
        return replace(found, termination=search.why_late())
    rest = left(settings, search.began)
    if rest.time_limit is not None:
        rest = replace(rest, time_limit=ENGINE_SHARE * rest.time_limit)
    other = answer_formulation(formulation, instance, objective, rest, on_progress, search.solution)
    if bound is not None and (other.proven is None or search.sense.improves(other.proven.value, bound.value)):
        other = replace(other, proven=bound)
    return other if other.solution is not None else replace(other, solution=search.solution)
