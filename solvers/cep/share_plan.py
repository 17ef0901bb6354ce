"""The best plan of a list of groups: set partitioning over them and the pairs of the strips, as an integer program."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyomo.core as pyo
from fairbound.solvers.cep.group_moves import OUT
from fairbound.solvers.cep.share_list import Listed
from fairbound.solvers.engines.model import solve
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.solvers.cep.share_cells import Box, Cells, Prices
    from fairbound.solvers.core.result import Settings
    from fairbound.solvers.engines.base import Floats
    from numpy.typing import NDArray

GAP = 1e-3
"""Share of what the best plan loses against the prices, so next to nothing of its value."""


class ListModel:
    """Rows (15) for the units and (27) for the strips' levels; what a choice loses is least.

    Parameters
    ----------
    room
        What a pair of unit and level may lose.
    home
        The group of each unit in a plan, which is there whatever it loses, and where the engine starts.

    Attributes
    ----------
    unit, level
        Of each pair: its unit and its level in the strips.
    """

    def __init__(
        self, cells: Cells, box: Box, listed: Listed, prices: Prices, room: float, home: Sequence[int]
    ) -> None:
        arrays, t = cells.arrays, cells.edges[cells.knots]
        count = len(arrays.enrolled)
        surplus = arrays.lifted[:, None] - t[None] * arrays.enrolled[:, None]
        worth = arrays.fixed[:, None] + t[None] * arrays.slope[:, None]
        near = prices.units[:, None] - worth - prices.levels[None] * surplus < room
        near &= cells.levels_allowed(box).T
        middle, at = _placed(cells, np.array(home))
        near[np.flatnonzero(at != OUT), at[at != OUT]] = True
        listed = self.listed = listed.only(~middle.holds(listed.inside)).joined(middle)
        self.cells = cells
        self.unit, self.level = np.nonzero(near)
        groups, pairs = range(len(listed)), range(len(self.unit))
        self.outside = np.flatnonzero(np.array([not unit.must for unit in cells.units]))
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
        for group, variable in model.group.items():
            variable.set_value(int(group >= len(listed) - len(middle)))
        for pair, variable in model.pair.items():
            variable.set_value(int(at[self.unit[pair]] == self.level[pair]))
        for unit, variable in model.outside.items():
            variable.set_value(int(home[unit] == OUT))

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


def _placed(cells: Cells, home: NDArray[np.int64]) -> tuple[Listed, NDArray[np.int64]]:
    """Of a plan: its groups of the middle, and the level of each unit in a strip."""
    arrays = cells.arrays
    inside = np.array([home == group for group in range(home.max(initial=OUT) + 1)], dtype=bool).reshape(-1, len(home))
    share = np.minimum(1.0, (inside @ arrays.lifted) / (inside @ arrays.enrolled))
    cell = np.searchsorted(cells.edges, share * (1 + 1e-12), side="right") - 1
    middle = np.isin(cell, cells.middle)
    at = np.full(len(home), OUT)
    for units, place in zip(inside[~middle], cell[~middle], strict=True):
        at[units] = int(np.searchsorted(cells.knots, place))
    groups = inside[middle]
    return Listed(groups, cell[middle] - cells.middle[0], cells.pricer.worth(groups), 0), at


def best_plan(model: ListModel, settings: Settings, seconds: float) -> list[int] | None:
    """The best plan found within so many seconds; ``None`` without one."""
    outcome = solve(model.model, replace(settings, time_limit=seconds, gap=GAP), warm_start=True)
    return model.home() if outcome.has_solution else None
