"""The master LP of claim shares: units as rows, levels in the strips, true groups between them; kept alive in HiGHS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import highspy
import numpy as np
import pyomo.core as pyo
from fairbound.solvers.cep.share_members import Members, codes
from fairbound.solvers.core.result import ModelSize, Settings
from fairbound.solvers.engines import highs as engine
from fairbound.solvers.engines.standard_form import compile_model
from numpy.typing import NDArray
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from fairbound.solvers.cep.level_lp import UnitArrays
    from fairbound.solvers.engines.base import Floats

Flags = NDArray[np.bool_]
Indices = NDArray[np.integer]


OPTIONS: dict[str, bool | float | str] = {
    "presolve": "off",
    "output_flag": False,
    "simplex_strategy": 4,
    "simplex_scale_strategy": 0,
    "simplex_dual_edge_weight_strategy": 1,
    "dual_simplex_cost_perturbation_multiplier": 0.0,
    "primal_simplex_bound_perturbation_multiplier": 0.0,
}
"""Small LPs, each a few pivots from the last: perturbing and scaling them would cost most of the time."""


@dataclass(frozen=True)
class Optimum:
    """Value of the LP, prices of units and of strip levels, weights of all columns but those for staying out."""

    value: float
    prices: Floats
    lam: Floats
    weights: Floats
    held: float
    """Mass of the columns that hold prices up: where it is not 0, the value is that of no mixture of groups."""


class Master:
    """The live LP.

    A row per unit with a column for staying out, a row (27) per level of the strips, a column per pair
    (unit, level), a column per group.

    Parameters
    ----------
    levels
        Claim shares of the strips.
    charge
        What leaving out a unit that must be covered costs: more than any group is worth.
    rows
        Rows per unit: those of all units first, which groups have, then others that only pairs have.

    Attributes
    ----------
    unit, level
        Of every column: its unit (or the number of its row) and level, or -1 and -1 for a group.
    inside, cell, code
        Of every column: the units of a group as a row of 0 and 1, its cell, and the number by which a list knows it.
    """

    def __init__(self, arrays: UnitArrays, levels: Floats, charge: float, settings: Settings, rows: int = 1) -> None:
        self.arrays, self.levels, self._charge, self._settings = arrays, levels, charge, settings
        count = rows * len(arrays.enrolled)
        model = pyo.ConcreteModel(name="share_master")
        model.outside = pyo.Var(range(count), domain=pyo.NonNegativeReals)
        model.alone = pyo.Var(range(count), domain=pyo.NonNegativeReals)
        model.eq15_school = pyo.Constraint(range(count), rule=lambda model, u: model.outside[u] + model.alone[u] == 1)
        both = [*model.outside.values(), *model.alone.values()]
        model.objective = pyo.Objective(
            expr=LinearExpression(linear_coefs=[-charge] * count + [-2 * charge] * count, linear_vars=both),
            sense=pyo.maximize,
        )
        form = compile_model(model)
        column = {id(variable): i for i, variable in enumerate(form.columns)}
        row = {id(constraint): i for i, constraint in enumerate(form.rows)}
        self._outside = np.array([column[id(model.outside[u])] for u in range(count)], dtype=np.int32)
        self._alone = np.array([column[id(model.alone[u])] for u in range(count)], dtype=np.int32)
        self._first = 2 * count
        self._rows = np.array([row[id(model.eq15_school[u])] for u in range(count)], dtype=np.int32)
        self._highs = engine.pass_model(form, settings)
        for option, value in OPTIONS.items():
            self._highs.setOptionValue(option, value)
        nothing = np.array([], dtype=np.int32), np.array([])
        for _ in levels:
            self._highs.addRow(0.0, highspy.kHighsInf, 0, *nothing)
        self._level_rows = count + np.arange(len(levels), dtype=np.int32)
        self.unit, self.level = np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
        self.inside, self.cell = np.zeros((0, len(arrays.enrolled)), dtype=bool), np.zeros(0, dtype=np.intp)
        self.code = np.zeros(0, dtype=np.uint64)
        self.open = np.zeros(0, dtype=bool)

    def _append(self, cost: Floats, starts: Indices, rows: Indices, values: Floats) -> None:
        count = len(cost)
        self._highs.addCols(
            count, cost, np.zeros(count), np.full(count, highspy.kHighsInf), len(rows), starts.astype(np.int32),
            rows.astype(np.int32), values,
        )  # fmt: skip
        self.open = np.r_[self.open, np.ones(count, dtype=bool)]

    def again(self, rows: int) -> Master:
        """Another one without columns, with so many rows per unit."""
        return Master(self.arrays, self.levels, self._charge, self._settings, rows)

    def add_pairs(self, units: Indices, levels: Indices) -> None:
        """Columns (unit, level); a unit's other rows stand for it as well."""
        arrays, t, count = self.arrays, self.levels[levels], len(units)
        rows = np.stack([self._rows[units], self._level_rows[levels]], axis=1).ravel()
        self.unit, self.level = np.r_[self.unit, units], np.r_[self.level, levels]
        units = units % len(arrays.enrolled)
        values = np.stack([np.ones(count), arrays.lifted[units] - t * arrays.enrolled[units]], axis=1).ravel()
        self._append(arrays.fixed[units] + t * arrays.slope[units], 2 * np.arange(count), rows, values)
        self.inside = np.vstack([self.inside, np.zeros((count, self.inside.shape[1]), dtype=bool)])
        self.cell = np.r_[self.cell, np.full(count, -1)]
        self.code = np.r_[self.code, np.zeros(count, dtype=np.uint64)]

    def add_groups(self, inside: Flags, worth: Floats, cell: Indices) -> int:
        """Columns for groups that are not there yet; returns how many."""
        code = codes(Members.of(inside), inside.shape[1])
        new = np.sort(np.unique(code, return_index=True)[1])
        new = new[~np.isin(code[new], self.code)]
        if not len(new):
            return 0
        inside, worth, cell = inside[new], worth[new], cell[new]
        group, unit = np.nonzero(inside)
        starts = np.searchsorted(group, np.arange(len(worth)))
        self._append(worth, starts, self._rows[unit], np.ones(len(unit)))
        self.unit = np.r_[self.unit, np.full(len(worth), -1)]
        self.level = np.r_[self.level, np.full(len(worth), -1)]
        self.inside, self.cell = np.vstack([self.inside, inside]), np.r_[self.cell, cell]
        self.code = np.r_[self.code, code[new]]
        return len(new)

    def restrict(self, wanted: Flags, must: Flags) -> None:
        """Open the columns wanted, close the others, and say which units must be covered."""
        changed = np.flatnonzero(wanted != self.open)
        if len(changed):
            upper = np.where(wanted[changed], highspy.kHighsInf, 0.0)
            columns = (changed + self._first).astype(np.int32)
            self._highs.changeColsBounds(len(changed), columns, np.zeros(len(changed)), upper)
            self.open = wanted.copy()
        self._highs.changeColsCost(len(must), self._outside, np.where(must, -self._charge, 0.0))
        self._must = must

    def hold(self, least: Floats | None) -> None:
        """Keep prices from falling below these: a column for each unit alone, worth that; ``None`` lets them go."""
        worth = np.full(len(self._alone), -2 * self._charge) if least is None else least
        self._highs.changeColsCost(len(worth), self._alone, worth)

    def weigh(self, shares: Floats) -> None:
        """Let only a share of each unit be covered, in the order of the rows."""
        for row, mass in zip(self._rows.tolist(), shares.tolist(), strict=True):
            self._highs.changeRowBounds(row, mass, mass)

    def purge(self, keep: Flags) -> None:
        """Take columns out; the basis stays."""
        lost = np.flatnonzero(~keep)
        if not len(lost):
            return
        basis = self._highs.getBasis()
        states = list(basis.col_status)
        gone = (lost + self._first).astype(np.int32)
        self._highs.deleteCols(len(gone), gone)
        kept = np.ones(len(states), dtype=bool)
        kept[gone] = False
        basis.col_status = [states[i] for i in np.flatnonzero(kept)]
        self._highs.setBasis(basis)
        self.unit, self.level, self.cell = self.unit[keep], self.level[keep], self.cell[keep]
        self.inside, self.code, self.open = self.inside[keep], self.code[keep], self.open[keep]

    def value(self) -> float | None:
        """The optimal value; ``None`` if the engine failed."""
        for _ in range(2):
            engine.execute(self._highs)
            if self._highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
                return float(self._highs.getInfo().objective_function_value)
            self._highs.clearSolver()
        return None

    def solve(self) -> Optimum | None:
        """The optimum; ``None`` if the engine failed."""
        value = self.value()
        if value is None:
            return None
        solution = self._highs.getSolution()
        dual = np.asarray(solution.row_dual)
        prices, lam = dual[self._rows], np.maximum(0.0, -dual[self._level_rows])
        x = np.asarray(solution.col_value)
        return Optimum(
            value,
            np.where(self._must, prices, np.maximum(prices, 0.0)),
            lam,
            x[self._first :],
            float(x[self._alone].sum()),
        )

    def size(self) -> ModelSize:
        """Its present size."""
        return ModelSize(self._highs.getNumCol(), self._highs.getNumRow(), self._highs.getNumNz(), 0)
