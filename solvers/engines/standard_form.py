"""Compile a Pyomo model once to arrays: the form in which an engine takes it without reading text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.core as pyo
from fairbound.models.core.arrays import collector_paused
from fairbound.models.core.errors import TriviallyInfeasibleError, UnsupportedModelError
from fairbound.solvers.engines.base import Floats, Program
from fairbound.solvers.engines.families import Members, compile_families
from fairbound.solvers.engines.matrix import RowMatrix
from pyomo.common.errors import InfeasibleConstraintException, InvalidConstraintError, InvalidExpressionError
from pyomo.common.modeling import unique_component_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.core.arrays import Columns, Places

CURVATURE_TOLERANCE = 1e-9
"""An eigenvalue this small against the largest counts as zero curvature."""


@dataclass(frozen=True, kw_only=True)
class StandardForm(Program):
    """A program whose columns and rows are a Pyomo model's.

    Attributes
    ----------
    columns
        Pyomo variables, in column order; columns that occur in no row and no objective are absent.
    rows
        Pyomo rows, in row order.
    families
        The families of variables that are arrays, with the column of each member; -1 where it is absent.
    """

    columns: Sequence[Any]
    rows: Sequence[Any]
    families: tuple[tuple[Columns, Places], ...] = ()

    def places(self, family: Columns) -> Places:
        """The column of each member of a family; -1 where it occurs nowhere."""
        for known, places in self.families:
            if known is family:
                return places
        number = {id(variable): j for j, variable in enumerate(self.columns)}
        return np.array([number.get(id(variable), -1) for variable in family.values()], dtype=np.intp)

    def start(self) -> Floats | None:
        """Values of the variables, shape (columns,), as a MIP start, or ``None`` if any has none."""
        point = np.zeros(len(self.columns))
        for family, places in self.families:
            if not family.has_values():
                return None
            point[places[places >= 0]] = family.read()[places >= 0]
        variables, others = self._ordinary
        values = [variable.value for variable in variables]
        if None in values:
            return None
        point[others] = values
        return point

    def load(self, values: Floats) -> None:
        """Write column values back into the Pyomo variables, integers rounded."""
        rounded = np.where(self.integrality == 1, np.rint(values), values)
        for family, places in self.families:
            point = family.read().copy()
            point[places >= 0] = rounded[places[places >= 0]]
            family.write(point)
        variables, others = self._ordinary
        for variable, value in zip(variables, rounded[others].tolist(), strict=True):
            variable.set_value(value, skip_validation=True)

    @cached_property
    def _ordinary(self) -> tuple[Sequence[Any], Places]:
        """Variables that belong to no family, and their columns."""
        if isinstance(self.columns, Members):
            return self.columns.ordinary()
        return self.columns, np.arange(len(self.columns))


def compile_model(model: pyo.ConcreteModel) -> StandardForm:
    """Compile a linear model, or one with a quadratic objective.

    Raises
    ------
    UnsupportedModelError
        For nonlinear rows, for objectives of a higher degree, for a quadratic objective with
        integer variables, and for one whose curvature has the wrong sign.
    TriviallyInfeasibleError
        If a row without variables cannot hold.
    """
    with collector_paused():
        return _compiled(model)


def _compiled(model: pyo.ConcreteModel) -> StandardForm:
    objectives = list(model.component_data_objects(pyo.Objective, active=True))
    if len(objectives) != 1:
        raise UnsupportedModelError(f"the model has {len(objectives)} active objectives; one is wanted")
    try:
        known = compile_families(model, objectives[0])
        if known is not None:
            return StandardForm(maximize=objectives[0].sense == pyo.maximize, **vars(known))
        info = _written(model)
    except InfeasibleConstraintException as error:
        raise TriviallyInfeasibleError(str(error)) from error
    except (InvalidConstraintError, InvalidExpressionError) as error:
        return _compile_quadratic(model, objectives[0], error)
    return _arrays(info, list(info.columns), objectives[0].sense == pyo.maximize)


def _written(model: pyo.ConcreteModel) -> Any:
    """What Pyomo's own compiler makes of a model."""
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler  # only here: most models are arrays

    return LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=None)


def _arrays(info: Any, columns: list[Any], maximize: bool) -> StandardForm:
    """Arrays of a compiled model; columns beyond the compiled ones are empty."""
    extra = len(columns) - len(info.columns)
    matrix = info.A.tocsr()
    c = np.concatenate([np.asarray(info.c.todense()).ravel(), np.zeros(extra)])
    rhs = np.asarray(info.rhs, dtype=float)
    kind = np.fromiter((row.bound_type for row in info.rows), dtype=np.int8, count=len(info.rows))
    # In Pyomo's mixed form 1 is an upper, -1 a lower right-hand side and 0 an equation.
    return StandardForm(
        columns=columns,
        rows=[row.constraint for row in info.rows],
        maximize=maximize,
        c=c,
        offset=float(info.c_offset[0]),
        A=RowMatrix(matrix.data, matrix.indices, matrix.indptr, (matrix.shape[0], len(columns))),
        row_lower=np.where(kind <= 0, rhs, -np.inf),
        row_upper=np.where(kind >= 0, rhs, np.inf),
        column_lower=np.fromiter((_or(v.lb, -np.inf) for v in columns), dtype=float, count=len(columns)),
        column_upper=np.fromiter((_or(v.ub, np.inf) for v in columns), dtype=float, count=len(columns)),
        integrality=np.fromiter((not v.is_continuous() for v in columns), dtype=np.int32, count=len(columns)),
    )


def _or(bound: float | None, default: float) -> float:
    return default if bound is None else bound


def _compile_quadratic(model: pyo.ConcreteModel, objective: Any, error: Exception) -> StandardForm:
    """Compile the linear part with Pyomo's compiler and take the Hessian from the objective."""
    from pyomo.repn import generate_standard_repn

    repn = generate_standard_repn(objective.expr, quadratic=True)
    if repn.nonlinear_expr is not None:
        raise UnsupportedModelError(f"the objective is neither linear nor quadratic: {error}") from error
    if not repn.quadratic_vars:
        raise UnsupportedModelError(f"a row is not linear: {error}") from error
    linear = pyo.Objective(
        expr=repn.constant + sum(a * v for a, v in zip(repn.linear_coefs, repn.linear_vars, strict=True)),
        sense=objective.sense,
    )
    objective.deactivate()
    name = unique_component_name(model, "linear_part")
    model.add_component(name, linear)
    try:
        info = _written(model)
    except (InvalidConstraintError, InvalidExpressionError) as row_error:
        raise UnsupportedModelError(f"a row is not linear: {row_error}") from row_error
    finally:
        model.del_component(name)
        objective.activate()

    columns = list(info.columns)
    position = {id(v): j for j, v in enumerate(columns)}
    for pair in repn.quadratic_vars:
        for variable in pair:
            if id(variable) not in position:
                position[id(variable)] = len(columns)
                columns.append(variable)
    form = _arrays(info, columns, objective.sense == pyo.maximize)
    if form.integrality.any():
        raise UnsupportedModelError("a quadratic objective with integer variables (MIQP) is beyond this engine")
    dense = np.zeros((len(columns), len(columns)))
    for coefficient, (one, other) in zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True):
        i, j = position[id(one)], position[id(other)]
        dense[i, j] += coefficient
        dense[j, i] += coefficient
    used = np.flatnonzero(dense.any(axis=0))
    eigenvalues = np.linalg.eigvalsh(dense[np.ix_(used, used)])
    wrong = eigenvalues.max() if form.maximize else -eigenvalues.min()
    if wrong > CURVATURE_TOLERANCE * np.abs(eigenvalues).max():
        wanted = "concave" if form.maximize else "convex"
        raise UnsupportedModelError(
            f"the quadratic objective is not {wanted} (an eigenvalue of the wrong sign, {wrong:.3g}); "
            "this engine would return a wrong optimum without saying so"
        )
    lower = np.tril(dense).T  # its rows are the columns of the lower triangle
    place, other_place = np.nonzero(lower)
    entries = lower[place, other_place]
    return StandardForm(**{**form.__dict__, "Q": RowMatrix.of([place], [other_place], [entries], dense.shape)})
