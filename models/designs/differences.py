r"""Differences split by sign: how far the first half is ahead of the second in each moment, and how far behind.

.. math::

    \tfrac{2}{n} \sum_i w_{is} (2 x_i - 1) = p^+_s - p^-_s, \qquad
    \tfrac{2}{n} \sum_i w_{is}^2 (2 x_i - 1) = r^+_s - r^-_s \ (13), \qquad
    p^+_s + p^-_s + \rho (r^+_s + r^-_s) \le D \ (14)

with (9), in the place of the rows (10) with every choice of signs. A covariate has two rows over all subjects and a
short one, where ``halves`` has four; the LP bounds are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.designs import halves

if TYPE_CHECKING:
    from fairbound.models.designs.instance import Design, DesignInstance

MOMENTS = {"mean": 1, "second": 2}


def build(instance: DesignInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:  # noqa: ARG001
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="differences")
    model.instance = instance
    n = len(instance.subjects)
    model.x = pyo.Var(range(n), domain=pyo.UnitInterval if relaxed else pyo.Binary)
    model.x[0].setlb(1)  # the halves may be exchanged
    model.D = pyo.Var(bounds=(0, None))
    model.eq9_halves = pyo.Constraint(expr=weighted((model.x[i], 1) for i in range(n)) == n // 2)
    asked = [(s, moment) for s in instance.scores for moment in MOMENTS if moment == "mean" or instance.rho]
    model.ahead = pyo.Var(asked, bounds=(0, None))
    model.behind = pyo.Var(asked, bounds=(0, None))
    model.eq13_difference = pyo.Constraint(asked)
    for s, moment in asked:
        weights = [2 * w ** MOMENTS[moment] / n for w in instance.scores[s]]
        terms = [(model.x[i], 2 * weight) for i, weight in enumerate(weights)]
        sides = [(model.ahead[s, moment], -1), (model.behind[s, moment], 1)]
        model.eq13_difference[s, moment] = weighted([*terms, *sides]) == float(sum(weights))
    model.eq14_discrepancy = pyo.Constraint(list(instance.scores))
    for s in instance.scores:
        moments = [(moment, 1 if moment == "mean" else instance.rho) for t, moment in asked if t == s]
        parts = [(side[s, moment], factor) for moment, factor in moments for side in (model.ahead, model.behind)]
        model.eq14_discrepancy[s] = weighted([*parts, (model.D, -1)]) <= 0
    model.objective = pyo.Objective(expr=model.D, sense=pyo.minimize)
    return model


def assign(model: pyo.ConcreteModel, design: Design) -> None:
    """Write a design, exchanged if the first subject is in the second group, and the differences that follow."""
    halves.assign(model, design)
    instance: DesignInstance = model.instance
    sides = [2 * int(variable.value) - 1 for variable in model.x.values()]
    for (s, moment), ahead in model.ahead.items():
        powers = (w ** MOMENTS[moment] for w in instance.scores[s])
        value = float(2 * sum(side * w for side, w in zip(sides, powers, strict=True)) / len(sides))
        ahead.set_value(max(value, 0.0), skip_validation=True)
        model.behind[s, moment].set_value(max(-value, 0.0), skip_validation=True)


FORMULATION: Formulation[DesignInstance, Design] = Formulation(
    name="differences",
    summary="the difference of each moment split by its sign: two long rows a covariate instead of four",
    build=build,
    extract=halves.extract,
    assign=assign,
)
