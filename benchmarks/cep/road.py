"""From a district's schools to HiGHS: the knapsack of ``membership``, written in other ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.benchmarks.cep.growth import proportional
from fairbound.benchmarks.cep.sweep_floor import pass_knapsack
from fairbound.benchmarks.core.highs_road import Road
from fairbound.models.cep.instance import REIMBURSEMENT

if TYPE_CHECKING:
    from fairbound.models.cep import CepInstance

Floats = np.typing.NDArray[np.float64]


def numbers(district: CepInstance) -> tuple[Floats, Floats, Floats, float]:
    """Coefficients of (6), (4) and (5) as floats, as somebody without a rule on rounding writes them; and z's end."""
    enrolled = np.array([float(school.enrolled) for school in district.schools])
    identified = np.array([float(school.identified) for school in district.schools])
    rates = district.rates
    assert rates is not None
    (breakfast, _, breakfast_paid), (lunch, _, lunch_paid) = rates.by_meal(False)
    weight = float(district.days * (breakfast - breakfast_paid + lunch - lunch_paid))
    share = identified - float(district.threshold) * enrolled
    return share, float(district.multiplier) * weight * identified, weight * enrolled, weight * float(enrolled.sum())


def by_pyomo(district: CepInstance) -> Any:
    """Rules of expressions, and Pyomo's own interface to HiGHS."""
    import pyomo.environ as pyo
    from pyomo.contrib.solver.solvers.highs import Highs

    *rows, most = numbers(district)
    share, claimed, cap = (np.asarray(row).tolist() for row in rows)
    schools = range(len(share))
    model = pyo.ConcreteModel()
    model.x = pyo.Var(schools, domain=pyo.Binary)
    model.z = pyo.Var(bounds=(0, most))
    model.threshold = pyo.Constraint(expr=pyo.quicksum(share[s] * model.x[s] for s in schools) >= 0)
    model.identified = pyo.Constraint(expr=pyo.quicksum(claimed[s] * model.x[s] for s in schools) - model.z >= 0)
    model.enrolled = pyo.Constraint(expr=pyo.quicksum(cap[s] * model.x[s] for s in schools) - model.z >= 0)
    model.goal = pyo.Objective(expr=model.z, sense=pyo.maximize)
    interface = Highs()
    interface.set_instance(model)
    return interface._solver_model  # noqa: SLF001 - the interface has no public way to its HiGHS object


def by_linopy(district: CepInstance) -> Any:
    """Arrays of variables."""
    import linopy
    import pandas as pd

    share, claimed, cap, most = numbers(district)
    schools = pd.RangeIndex(len(share), name="school")
    model = linopy.Model()
    x = model.add_variables(binary=True, coords=[schools], name="x")
    z = model.add_variables(0, most, name="z")
    for values, slack in ((share, 0), (claimed, 1), (cap, 1)):
        row = (x * values).sum()
        model.add_constraints(row - z if slack else row, ">=", 0)
    model.add_objective(1 * z, sense="max")
    return model.to_highspy()


def by_arrays(district: CepInstance) -> Any:
    """A matrix, and nobody between."""
    from fairbound.solvers.engines.highs import new

    highs = new()
    pass_knapsack(highs, *numbers(district))
    return highs


ROAD = Road("membership", REIMBURSEMENT, proportional, {"Pyomo": by_pyomo, "linopy": by_linopy, "arrays": by_arrays})
