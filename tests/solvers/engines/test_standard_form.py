"""The compiled form says the same as the Pyomo model, and refuses what an engine must not see."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from fairbound.models.core.errors import UnsupportedModelError
from fairbound.solvers.core.result import Settings, Termination
from fairbound.solvers.engines.model import solve as solve_model
from fairbound.solvers.engines.standard_form import compile_model
from hypothesis import given, settings
from hypothesis import strategies as st


def test_rows_bounds_and_senses() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 4))
    model.y = pyo.Var(domain=pyo.Integers, bounds=(-3, None))
    model.unused = pyo.Var()
    model.upper = pyo.Constraint(expr=model.x + 2 * model.y <= 7)
    model.lower = pyo.Constraint(expr=model.x - model.y >= -1)
    model.equal = pyo.Constraint(expr=3 * model.x + 1 == model.y)
    model.range = pyo.Constraint(expr=(1, model.x + model.y, 5))
    model.goal = pyo.Objective(expr=model.x + 3 * model.y + 10, sense=pyo.maximize)
    form = compile_model(model)
    assert [v.name for v in form.columns] == ["x", "y"]
    assert form.maximize
    assert form.offset == 10
    assert form.integrality.tolist() == [0, 1]
    assert form.column_lower.tolist() == [0, -3]
    assert form.column_upper.tolist() == [4, np.inf]
    rows = {}
    for row, lower, upper in zip(form.rows, form.row_lower, form.row_upper, strict=True):
        rows.setdefault(row.name, []).append((lower, upper))
    assert rows == {
        "upper": [(-np.inf, 7)],
        "lower": [(-1, np.inf)],
        "equal": [(-1, -1)],
        "range": [(-np.inf, 5), (1, np.inf)],
    }
    assert (form.size.columns, form.size.rows, form.size.nonzeros, form.size.integers) == (2, 5, 10, 1)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_small_models_have_the_optimum_of_enumeration(data: st.DataObject) -> None:
    """Random binary programmes: engine and enumeration agree on feasibility and value."""
    n, m = data.draw(st.integers(1, 5)), data.draw(st.integers(0, 3))
    entry = st.integers(-6, 6)
    c = [data.draw(entry) for _ in range(n)]
    rows = [([data.draw(entry) for _ in range(n)], data.draw(entry)) for _ in range(m)]
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(n), domain=pyo.Binary)
    model.rows = pyo.ConstraintList()
    kept = []
    for a, b in rows:
        if any(a):
            model.rows.add(sum(a[j] * model.x[j] for j in range(n)) <= b)
            kept.append((a, b))
    model.goal = pyo.Objective(expr=sum(c[j] * model.x[j] for j in range(n)), sense=pyo.maximize)
    points = [[(k >> j) & 1 for j in range(n)] for k in range(2**n)]
    values = [
        sum(c[j] * x[j] for j in range(n))
        for x in points
        if all(sum(a[j] * x[j] for j in range(n)) <= b for a, b in kept)
    ]
    outcome = solve_model(model, Settings())
    if values:
        assert outcome.termination is Termination.FINISHED
        assert outcome.primal == pytest.approx(max(values), abs=1e-6)
        assert outcome.dual == pytest.approx(max(values), abs=1e-6)
    else:
        assert outcome.termination is Termination.INFEASIBLE
        assert not outcome.has_solution


def quadratic(curvature: list[list[float]], sense: object, domain: object = pyo.Reals) -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    n = len(curvature)
    model.x = pyo.Var(range(n), domain=domain, bounds=(-2, 3))
    model.row = pyo.Constraint(expr=sum(model.x[i] for i in range(n)) >= 1)
    model.goal = pyo.Objective(
        expr=sum(curvature[i][j] * model.x[i] * model.x[j] for i in range(n) for j in range(n)) - model.x[0],
        sense=sense,
    )
    return model


def test_convex_quadratics_are_solved() -> None:
    """min x^2 + y^2 - x with x + y >= 1: at x = 3/4, y = 1/4 the value is -1/8."""
    model = quadratic([[1, 0], [0, 1]], pyo.minimize)
    outcome = solve_model(model, Settings())
    assert outcome.termination is Termination.FINISHED
    assert outcome.primal == pytest.approx(-0.125, abs=1e-7)
    assert model.x[0].value == pytest.approx(0.75, abs=1e-6)
    assert [o.name for o in model.component_data_objects(pyo.Objective, active=True)] == ["goal"]


def test_concave_quadratics_are_solved_when_maximised() -> None:
    """max -x^2 - y^2 - x with x + y >= 1: at x = 1/4, y = 3/4 the value is -7/8."""
    outcome = solve_model(quadratic([[-1, 0], [0, -1]], pyo.maximize), Settings())
    assert outcome.termination is Termination.FINISHED
    assert outcome.primal == pytest.approx(-0.875, abs=1e-7)


@pytest.mark.parametrize(
    ("curvature", "sense"),
    [
        ([[1, 2], [2, 1]], pyo.minimize),  # positive diagonal, still indefinite
        ([[-1, 0], [0, 1]], pyo.minimize),
        ([[1, 0], [0, 1]], pyo.maximize),
    ],
)
def test_wrong_curvature_is_refused(curvature: list[list[float]], sense: object) -> None:
    with pytest.raises(UnsupportedModelError, match=r"is not con(vex|cave)"):
        solve_model(quadratic(curvature, sense), Settings())


def test_integer_quadratics_are_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="MIQP"):
        solve_model(quadratic([[1, 0], [0, 1]], pyo.minimize, pyo.Integers), Settings())


def test_nonlinear_rows_and_objectives_are_refused() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(1, 2))
    model.goal = pyo.Objective(expr=model.x)
    model.row = pyo.Constraint(expr=model.x**2 <= 3)
    with pytest.raises(UnsupportedModelError, match="a row is not linear"):
        compile_model(model)
    model.del_component("row")
    model.del_component("goal")
    model.goal = pyo.Objective(expr=pyo.exp(model.x))
    with pytest.raises(UnsupportedModelError, match="neither linear nor quadratic"):
        compile_model(model)


def test_one_objective_is_wanted() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var()
    with pytest.raises(UnsupportedModelError, match="0 active objectives"):
        compile_model(model)
