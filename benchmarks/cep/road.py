"""From a district's schools to HiGHS: the knapsack of ``membership``, written in other ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.benchmarks.cep.growth import proportional
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
    import highspy
    from fairbound.solvers.engines.highs import new

    share, claimed, cap, most = numbers(district)
    count = len(share)
    rows, columns = [share, np.append(claimed, -1.0), np.append(cap, -1.0)], np.arange(count + 1, dtype=np.int32)
    highs = new()
    highs.passModel(
        count + 1,
        3,
        3 * count + 2,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize),
        0.0,
        np.append(np.zeros(count), 1.0),
        np.zeros(count + 1),
        np.append(np.ones(count), most),
        np.zeros(3),
        np.full(3, highspy.kHighsInf),
        np.array([0, count, 2 * count + 1, 3 * count + 2], dtype=np.int32)[:3],
        np.concatenate([columns[:count], columns, columns]),
        np.concatenate(rows),
        np.append(np.ones(count, dtype=np.int32), 0),
    )
    return highs


ROAD = Road("membership", REIMBURSEMENT, proportional, {"Pyomo": by_pyomo, "linopy": by_linopy, "arrays": by_arrays})
