"""What is searched near a vertex keeps every row, and what is claimed of it is what multipliers prove."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from fairbound.models.matching.subset import FORMULATION
from fairbound.solvers.core import near_vertex
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.near_vertex import answer_near_vertex
from fairbound.solvers.core.result import Settings, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.engines import highs, vertex_core
from fairbound.solvers.engines.standard_form import compile_model
from fairbound.solvers.engines.vertex_core import near, vertex_of
from scipy.sparse import csr_array

import fairbound

ASKED = fairbound.load("matching/drawn200", {"exact": "race"})


def answered(settings: Settings = Settings()) -> Answer:  # noqa: B008 - frozen
    return answer_near_vertex(FORMULATION, ASKED, "pairs", settings)


@pytest.mark.parametrize("cores", [(30,), (60, 200)])
def test_every_point_near_a_vertex_keeps_the_rows(monkeypatch: pytest.MonkeyPatch, cores: tuple[int, ...]) -> None:
    monkeypatch.setattr(vertex_core, "CORES", cores)
    form = compile_model(FORMULATION.build(ASKED, "pairs"))
    vertex = vertex_of(form, Settings())
    assert vertex is not None
    fractional = np.abs(vertex.point - np.round(vertex.point)) > vertex_core.WHOLE
    assert 0 < fractional.sum() <= form.A.shape[0]
    points = list(near(form, vertex, Settings()))
    rows = csr_array((form.A.data, form.A.indices, form.A.indptr), shape=form.A.shape)
    assert points
    for point in points:
        body = rows @ point
        assert (body >= form.row_lower - 1e-6).all()
        assert (body <= form.row_upper + 1e-6).all()
        assert np.abs(point - np.round(point)).max() < 1e-6


def test_a_bound_is_what_the_multipliers_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multipliers of 0 prove no more than that every treated student is kept, whatever the engine calls its optimum."""
    form = compile_model(FORMULATION.build(ASKED, "pairs"))
    best = vertex_of(form, Settings())
    solve = highs.solve

    def silent(*arguments: Any, **more: Any) -> Any:
        ran = solve(*arguments, **more)
        return replace(ran, row_dual=np.zeros_like(ran.row_dual))

    monkeypatch.setattr(highs, "solve", silent)
    found = vertex_of(form, Settings())
    assert best is not None
    assert found is not None
    assert found.bound == pytest.approx(form.c.sum())
    assert found.bound > best.bound + 1


@pytest.mark.parametrize("told", [None, 0, 1])
def test_the_stronger_of_two_bounds_stands(monkeypatch: pytest.MonkeyPatch, told: int | None) -> None:
    """Where the engine goes on, its answer without a solution or with a weaker bound takes nothing away."""
    monkeypatch.setattr(vertex_core, "CORES", ())
    monkeypatch.setattr(near_vertex, "answer_formulation", lambda *_: Answer(Termination.TIME_LIMIT))
    bound = answered().proven
    assert bound is not None
    value = None if told is None else bound.value + (1 if told else -1)
    other = Answer(
        Termination.TIME_LIMIT, proven=None if value is None else Bound(Fraction(value), Basis.MULTIPLIERS, "told")
    )
    seen: list[Settings] = []

    def engine(_formulation: Any, _instance: Any, _objective: str, settings: Settings, *_: Any) -> Answer:
        seen.append(settings)
        return other

    monkeypatch.setattr(near_vertex, "answer_formulation", engine)
    found = answered(Settings(time_limit=100.0))
    assert found.proven is not None
    assert found.proven.value == (bound.value - 1 if told == 0 else bound.value)
    assert found.solution is not None
    assert seen[0].time_limit is not None
    assert seen[0].time_limit <= 100.0 * near_vertex.ENGINE_SHARE


def test_a_limit_keeps_plan_and_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vertex_core, "CORES", ())
    monkeypatch.setattr(Search, "late", lambda _: True)
    monkeypatch.setattr(near_vertex, "answer_formulation", None)
    found = answered()
    assert found.termination is Termination.TIME_LIMIT
    assert found.solution is not None
    assert found.proven is not None


def test_what_is_fractional_is_always_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    form = compile_model(FORMULATION.build(ASKED, "pairs"))
    vertex = vertex_of(form, Settings())
    assert vertex is not None
    solve, sizes = highs.solve, []

    def counted(program: Any, *arguments: Any, **more: Any) -> Any:
        sizes.append(len(program.c))
        return solve(program, *arguments, **more)

    monkeypatch.setattr(highs, "solve", counted)
    monkeypatch.setattr(vertex_core, "CORES", (0,))
    list(near(form, vertex, Settings()))
    assert sizes == [(np.abs(vertex.point - np.round(vertex.point)) > vertex_core.WHOLE).sum()]
