"""Plans from a list of groups: the program holds every grouping of the list, and starts from the plan at hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pyomo.environ as pyo
import pytest
from fairbound.models.cep import PROBLEM, CepInstance, Cover
from fairbound.solvers.cep import subset_dp
from fairbound.solvers.cep.group_moves import OUT, Plan
from fairbound.solvers.cep.share_cells import Cells
from fairbound.solvers.cep.share_plan import best_plan
from fairbound.solvers.core.result import Settings
from fairbound.solvers.engines.model import solve as solve_model
from general_meals import list_model, seven


def placed(instance: CepInstance, cells: Cells, groups: Any) -> list[int]:
    home = {member: number for number, group in enumerate(groups) for member in group}
    return [home.get(unit.members[0], OUT) for unit in cells.units]


@pytest.mark.parametrize("seed", range(4))
def test_of_all_groups_it_finds_the_best_plan(seed: int) -> None:
    instance = seven(seed)
    best = subset_dp.METHOD.run(instance, "reimbursement", Settings())
    cells, model = list_model(instance, [0] * 7, 1.0)
    home = best_plan(model, Settings(), 20.0)
    assert home is not None
    value = Plan(instance, cells.units, home).value()
    assert value is not None
    assert best.primal_bound is not None
    # Levels of a strip, and the gap of the program, hide next to nothing.
    assert best.primal_bound * (1 - Fraction(2, 1000)) <= value <= best.primal_bound


def test_of_no_groups_it_keeps_the_plan_at_hand() -> None:
    instance = seven(0)
    best = subset_dp.METHOD.run(instance, "reimbursement", Settings())
    assert best.solution is not None
    cells, _ = list_model(instance, [0] * 7, 1.0)
    home = placed(instance, cells, best.solution.groups)
    cells, model = list_model(instance, home, 1e-9)
    found = best_plan(model, Settings(), 20.0)
    assert found is not None
    grouping = Plan(instance, cells.units, found).grouping()
    assert PROBLEM.evaluate(instance, grouping).values["reimbursement"] == best.primal_bound


def test_a_unit_that_must_be_covered_is_not_left_out() -> None:
    instance = seven(1)
    assert instance.cover is Cover.ANY
    _, model = list_model(instance, [0] * 7, 1.0)
    assert model.outside.tolist() == [2, 3, 4, 5, 6]


def test_a_start_that_presolve_takes_for_a_better_one_is_not_the_best() -> None:
    # HiGHS 1.16.0 says 1e-05 here, which no point has, and returns the start, which costs 49,700.
    _, stated = list_model(seven(0), [0] * 7, 1.0)
    found = solve_model(stated.model, Settings(gap=1e-3, time_limit=60.0), warm_start=True)
    assert found.primal == pytest.approx(pyo.value(stated.model.objective))
    alone = solve_model(stated.model, Settings(gap=1e-3, time_limit=60.0))
    assert found.primal == pytest.approx(alone.primal)
    assert found.dual is not None
    assert found.dual > 0.99 * found.primal
