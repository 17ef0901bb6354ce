"""Families of rows and columns: the arrays and Pyomo's own objects say the same, for every formulation."""

from __future__ import annotations

import itertools
from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from fairbound.models import PROBLEMS
from fairbound.models.core.arrays import Columns, Entries, Goal, Part, Rows
from fairbound.models.core.errors import TriviallyInfeasibleError, UnsupportedModelError
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.result import Settings, Termination
from fairbound.solvers.engines import model as engine_model
from fairbound.solvers.engines.base import Run
from fairbound.solvers.engines.families import Members
from fairbound.solvers.engines.model import solve
from fairbound.solvers.engines.standard_form import StandardForm, compile_model

Row = tuple[float, float, tuple[tuple[str, float], ...]]


def rows_of(form: StandardForm) -> tuple[list[Row], list[Any], list[tuple[str, float]]]:
    """Rows, columns and objective of a form, by the names of Pyomo's variables."""
    names = [variable.name for variable in form.columns]
    rows = []
    for i, (low, high) in enumerate(zip(form.row_lower.tolist(), form.row_upper.tolist(), strict=True)):
        span = slice(form.A.indptr[i], form.A.indptr[i + 1])
        terms = zip((names[j] for j in form.A.indices[span]), form.A.data[span].tolist(), strict=True)
        rows.append((low, high, tuple(sorted(terms))))
    ends = zip(form.column_lower.tolist(), form.column_upper.tolist(), form.integrality.tolist(), strict=True)
    goal = [(name, cost) for name, cost in zip(names, form.c.tolist(), strict=True) if cost]
    return sorted(rows), sorted(zip(names, ends, strict=True)), sorted(goal)


def pyomos(model: pyo.ConcreteModel) -> StandardForm:
    """What Pyomo's own compiler makes of the model, once all of its objects are made."""
    for family in model.component_objects((pyo.Var, pyo.Constraint)):
        list(family.values())
    return compile_model(model)


@pytest.mark.parametrize("relaxed", [False, True])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_arrays_and_objects_are_one_program(problem: str, relaxed: bool) -> None:
    kind, tried = find_problem(problem), 0
    for instance in import_module(f"fairbound.benchmarks.{problem}.tiny").TINY.instances:
        for formulation, objective in itertools.product(kind.formulations, kind.objectives):
            if formulation.refuses(instance, objective.name) is not None:
                continue
            model = formulation.build(instance, objective.name, relaxed=relaxed)
            try:
                arrays = compile_model(model)
            except TriviallyInfeasibleError:
                with pytest.raises(TriviallyInfeasibleError):
                    pyomos(model)
                continue
            except UnsupportedModelError:
                continue
            if isinstance(arrays.columns, Members):
                objects = pyomos(model)
                assert not isinstance(objects.columns, Members)
                assert rows_of(arrays) == rows_of(objects), formulation.name
                assert arrays.maximize == objects.maximize
                assert arrays.offset == objects.offset
                tried += 1
    if problem in ("cep", "blocks"):
        assert tried


def knapsack(link: bool = True) -> pyo.ConcreteModel:
    """Four binaries in two rows, and one more variable and row of Pyomo's own."""
    model = pyo.ConcreteModel()
    model.x = Columns(4, lambda: itertools.product("ab", (1, 2)), lower=0, upper=1, whole=True)
    model.weight = Rows(2, lambda: "ab", [Part(model.x, [0, 0, 1, 1], range(4), [3, 4, 2, 5])], upper=5)
    model.y = pyo.Var(bounds=(0, 10))
    if link:
        model.link = pyo.Constraint(expr=model.y + 1 <= 2 * model.x["a", 1] + 3)
    model.objective = Goal([Part(model.x, 0, range(4), [5, 6, 4, 7])], sense=pyo.maximize)
    return model


def test_ordinary_rows_stand_between_families() -> None:
    form = compile_model(knapsack())
    rows, _, goal = rows_of(form)
    assert (-np.inf, 2.0, (("x[a,1]", -2.0), ("y", 1.0))) in rows
    assert len(rows) == 3
    assert dict(goal) == {"x[a,1]": 5.0, "x[a,2]": 6.0, "x[b,1]": 4.0, "x[b,2]": 7.0}


def test_a_solve_makes_no_object_and_values_are_read_back() -> None:
    model = knapsack(link=False)
    outcome = solve(model, Settings())
    assert outcome.primal == pytest.approx(13)
    assert model.x.made is None
    assert model.x.read().round().tolist() == [0, 1, 0, 1]
    assert [variable.value for variable in model.x.values()] == [0, 1, 0, 1]
    model.x.write(np.array([1.0, 0.0, 0.0, 0.0]))
    assert model.x["a", 1].value == 1
    assert model.x.read().tolist() == [1, 0, 0, 0]


def test_what_was_changed_in_the_objects_counts() -> None:
    model = knapsack()
    model.x["a", 2].fix(0)
    model.x["b", 1].setub(0)
    model.weight["b"].deactivate()
    form = compile_model(model)
    ends = dict(zip((v.name for v in form.columns), form.column_upper.tolist(), strict=True))
    assert ends["x[b,1]"] == 0
    assert len(form.rows) == 2
    assert solve(model, Settings()).primal == pytest.approx(5 + 7)


def test_a_goal_that_was_replaced_counts() -> None:
    model = knapsack()
    model.objective.expr = model.x["a", 1] + 2 * model.x["b", 1] + 3
    form = compile_model(model)
    assert form.offset == 3
    assert dict(rows_of(form)[2]) == {"x[a,1]": 1.0, "x[b,1]": 2.0}


def test_unknown_members_and_double_names_are_refused() -> None:
    model = knapsack()
    with pytest.raises(KeyError):
        model.x["c", 1]
    model.z = Columns(2, lambda: (1, 1))
    with pytest.raises(ValueError, match="z: 2 variables have 1 different indices"):
        list(model.z.values())


def test_rows_without_variables() -> None:
    model = knapsack()
    model.nothing = Rows(1, lambda: [0], [], upper=0)
    assert len(compile_model(model).rows) == 3
    model.never = Rows(1, lambda: [0], [Part(model.x, 0, [1, 1], [2, -2])], lower=1)
    with pytest.raises(TriviallyInfeasibleError):
        compile_model(model)


def test_rows_gathered_one_by_one() -> None:
    model = knapsack()
    entries = Entries()
    entries.add("first", [(model.x, 0, 1), (model.x, 3, 1)])
    entries.add("second", [(model.x, 1, 2)])
    model.more = entries.rows(upper=1)
    assert (-np.inf, 1.0, (("x[a,1]", 1.0), ("x[b,2]", 1.0))) in rows_of(compile_model(model))[0]
    assert model.more["second"].upper == 1


def test_a_program_that_ends_at_its_limit_has_a_proven_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relaxation is proven before the search: after it there would be no time."""
    model = knapsack(link=False)
    monkeypatch.setattr(engine_model, "_run", lambda *_: Run(Termination.TIME_LIMIT))
    outcome = solve(model, Settings(time_limit=10.0), prove=True)
    assert outcome.termination is Termination.TIME_LIMIT
    assert outcome.proven is not None
    assert float(outcome.proven) == pytest.approx(16.2)  # the knapsack's relaxation
    assert outcome.proven >= Fraction(81, 5)
