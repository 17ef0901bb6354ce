"""The set partitioning LP (15) over groups of units: built in Pyomo, kept alive in HiGHS while groups come and go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import highspy
import numpy as np
import pyomo.core as pyo
from fairbound.solvers.core.result import ModelSize, Settings
from fairbound.solvers.engines import highs as engine
from fairbound.solvers.engines.standard_form import compile_model
from numpy.typing import NDArray
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from fairbound.solvers.engines.base import Floats

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Optimum:
    """Value of the LP, prices of the units (0 or more where one may stay out), weights of the groups as added."""

    value: float
    prices: Floats
    weights: Floats


class Master:
    """The live LP: a row (15) and a column for staying out per unit, a column per group.

    Parameters
    ----------
    charge
        What leaving out a unit that must be covered costs: more than any group is worth.
    """

    def __init__(self, must: Flags, charge: float, settings: Settings) -> None:
        units = range(len(must))
        model = pyo.ConcreteModel(name="group_master")
        model.outside = pyo.Var(units, domain=pyo.NonNegativeReals)
        model.eq15_school = pyo.Constraint(units, rule=lambda model, u: model.outside[u] == 1)
        model.objective = pyo.Objective(
            expr=LinearExpression(linear_coefs=[-charge] * len(must), linear_vars=list(model.outside.values())),
            sense=pyo.maximize,
        )
        form = compile_model(model)
        column = {id(variable): i for i, variable in enumerate(form.columns)}
        row = {id(constraint): i for i, constraint in enumerate(form.rows)}
        self._outside = np.array([column[id(model.outside[u])] for u in units], dtype=np.int32)
        self._rows = np.array([row[id(model.eq15_school[u])] for u in units], dtype=np.int32)
        self._charge, self._must = charge, np.ones(len(must), dtype=bool)
        self._highs = engine.pass_model(form, settings)
        self._highs.setOptionValue("presolve", "off")
        self._highs.setOptionValue("simplex_strategy", 4)  # primal: new columns leave the basis primal feasible
        self._highs.setOptionValue("output_flag", False)
        self.restrict(must)

    def restrict(self, must: Flags) -> None:
        """Say which units must be covered."""
        changed = np.flatnonzero(must != self._must)
        costs = np.where(must, -self._charge, 0.0)[changed]
        self._highs.changeColsCost(len(changed), self._outside[changed], costs)
        self._must = must

    def clear(self) -> None:
        """Take all groups out."""
        first, last = len(self._outside), self._highs.getNumCol()
        if last > first:
            self._highs.deleteCols(last - first, np.arange(first, last, dtype=np.int32))

    def add(self, inside: NDArray[np.generic], worth: Floats) -> None:
        """Columns for groups: rows of 0 and 1 over the units, and what each group is worth."""
        group, unit = np.nonzero(inside)
        count = len(worth)
        starts = np.searchsorted(group, np.arange(count)).astype(np.int32)
        self._highs.addCols(
            count, worth, np.zeros(count), np.full(count, highspy.kHighsInf), len(unit), starts, self._rows[unit],
            np.ones(len(unit)),
        )  # fmt: skip

    def solve(self) -> Optimum | None:
        """The optimum; ``None`` if the engine failed."""
        for _ in range(2):
            engine.execute(self._highs)
            if self._highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
                break
            self._highs.clearSolver()  # without the basis of the groups that were here before
        else:
            return None
        solution = self._highs.getSolution()
        dual = np.asarray(solution.row_dual)[self._rows]
        return Optimum(
            float(self._highs.getInfo().objective_function_value),
            np.where(self._must, dual, np.maximum(dual, 0.0)),
            np.asarray(solution.col_value)[len(self._outside) :],
        )

    def size(self) -> ModelSize:
        """Its present size."""
        return ModelSize(self._highs.getNumCol(), self._highs.getNumRow(), self._highs.getNumNz(), 0)
