"""The best plan of a list of groups: set partitioning over them and the pairs of the strips, as an integer program."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyomo.core as pyo
from fairbound.solvers.cep.group_moves import OUT
from fairbound.solvers.engines.model import solve
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.solvers.cep.share_cells import Box, Cells, Prices
    from fairbound.solvers.cep.share_list import Listed
    from fairbound.solvers.core.result import Settings
    from fairbound.solvers.engines.base import Floats
    from numpy.typing import NDArray

GAP = 1e-3
"""Share of what the best plan loses against the prices, so next to nothing of its value."""


class ListModel:
    """Rows (15) for the units and (27) for the strips' levels; what a choice loses is least.

    Attributes
    ----------
    unit, level
        Of each pair: its unit and its level in the strips.
    """

    def __init__(self, cells: Cells, box: Box, listed: Listed, prices: Prices, room: float) -> None:
        arrays, t = cells.arrays, cells.edges[cells.knots]
        count = len(arrays.enrolled)
        surplus = arrays.lifted[:, None] - t[None] * arrays.enrolled[:, None]
        worth = arrays.fixed[:, None] + t[None] * arrays.slope[:, None]
        near = prices.units[:, None] - worth - prices.levels[None] * surplus < room
        self.cells, self.listed = cells, listed
        self.unit, self.level = np.nonzero(near & cells.levels_allowed(box).T)
        groups, pairs = range(len(listed)), range(len(self.unit))
        self.outside = np.flatnonzero(~box.must)
        model = self.model = pyo.ConcreteModel(name="share_plan")
        model.group = pyo.Var(groups, domain=pyo.Binary)
        model.pair = pyo.Var(pairs, domain=pyo.Binary)
        model.outside = pyo.Var(self.outside.tolist(), domain=pyo.Binary)
        rows: list[list[pyo.Var]] = [[] for _ in range(count)]
        for group, unit in np.argwhere(listed.inside).tolist():
            rows[unit].append(model.group[group])
        for pair, unit in enumerate(self.unit.tolist()):
            rows[unit].append(model.pair[pair])
        for unit in self.outside.tolist():
            rows[unit].append(model.outside[unit])
        model.eq15_school = pyo.Constraint(range(count), rule=lambda _, u: _sum(np.ones(len(rows[u])), rows[u]) == 1)
        over = surplus[self.unit, self.level]

        def balance(_: pyo.ConcreteModel, k: int) -> object:
            here = np.flatnonzero(self.level == k)
            return _sum(over[here], [model.pair[pair] for pair in here.tolist()]) >= 0

        model.eq27_level = pyo.Constraint(np.unique(self.level).tolist(), rule=balance)
        lost = prices.units[self.unit] - worth[self.unit, self.level]
        costs = np.r_[-listed.excess(prices.units), lost, prices.units[self.outside]]
        every = [*model.group.values(), *model.pair.values(), *model.outside.values()]
        model.objective = pyo.Objective(expr=_sum(costs, every), sense=pyo.minimize)

    def assign(self, home: Sequence[int]) -> None:
        """Write a placement as a warm start, as far as it is there."""
        model, arrays, t = self.model, self.cells.arrays, self.cells.edges[self.cells.knots]
        place = np.array(home)
        chosen = np.zeros(len(self.listed), dtype=bool)
        at = np.full(len(place), OUT)
        for group in range(place.max(initial=OUT) + 1):
            units = place == group
            same = (self.listed.inside == units).all(axis=1)
            if same.any():
                chosen[int(same.argmax())] = True
            else:
                share = min(1.0, float(arrays.lifted[units].sum() / arrays.enrolled[units].sum()))
                at[units] = int(np.searchsorted(t, share * (1 + 1e-12), side="right")) - 1
        for group, variable in model.group.items():
            variable.set_value(int(chosen[group]))
        for pair, variable in model.pair.items():
            variable.set_value(int(at[self.unit[pair]] == self.level[pair]))
        for unit, variable in model.outside.items():
            variable.set_value(int(place[unit] == OUT))

    def home(self) -> list[int]:
        """The group of each unit in the solved model."""
        home: NDArray[np.int64] = np.full(len(self.cells.units), OUT)
        for group, variable in self.model.group.items():
            if variable.value > 0.5:
                home[self.listed.inside[group]] = len(self.cells.knots) + group
        for pair, variable in self.model.pair.items():
            if variable.value > 0.5:
                home[self.unit[pair]] = self.level[pair]
        return [int(group) for group in home]


def _sum(coefficients: Floats, variables: Sequence[pyo.Var]) -> LinearExpression:
    return LinearExpression(linear_coefs=coefficients.tolist(), linear_vars=list(variables))


def best_plan(model: ListModel, home: Sequence[int], settings: Settings, seconds: float) -> list[int] | None:
    """A plan of the list at least as good as ``home``, within so many seconds; ``None`` without one."""
    model.assign(home)
    outcome = solve(model.model, replace(settings, time_limit=seconds, gap=GAP), warm_start=True)
    return model.home() if outcome.has_solution else None
