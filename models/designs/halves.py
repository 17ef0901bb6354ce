r"""Two halves: a binary for each subject.

.. math::

    \min D, \qquad \sum_i x_i = n/2 \ (9), \qquad
    \pm \tfrac{2}{n} \sum_i w_{is} (2 x_i - 1) \pm \rho \tfrac{2}{n} \sum_i w_{is}^2 (2 x_i - 1) \le D \ (10)

The groups may be exchanged, so the first subject is in the first one.
"""

from __future__ import annotations

import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.designs.evaluate import evaluate
from fairbound.models.designs.instance import DISCREPANCY, Design, DesignInstance


def build(instance: DesignInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:  # noqa: ARG001
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="halves")
    model.instance = instance
    n = len(instance.subjects)
    model.x = pyo.Var(range(n), domain=pyo.UnitInterval if relaxed else pyo.Binary)
    model.x[0].setlb(1)
    model.D = pyo.Var(bounds=(0, None))
    model.eq9_halves = pyo.Constraint(expr=weighted((model.x[i], 1) for i in range(n)) == n // 2)
    model.eq10_discrepancy = pyo.ConstraintList()
    for scores in instance.scores.values():
        for side in (1, -1):
            for other in (1, -1) if instance.rho else (1,):
                weights = [2 * (side * w + other * instance.rho * w * w) / n for w in scores]
                terms = [(model.x[i], 2 * weight) for i, weight in enumerate(weights)]
                model.eq10_discrepancy.add(weighted([*terms, (model.D, -1)]) <= float(sum(weights)))
    model.objective = pyo.Objective(expr=model.D, sense=pyo.minimize)
    return model


def extract(model: pyo.ConcreteModel) -> Design:
    """Read the first group."""
    subjects = model.instance.subjects
    return Design(frozenset(subjects[i].id for i, variable in model.x.items() if (variable.value or 0) > 0.5))


def assign(model: pyo.ConcreteModel, design: Design) -> None:
    """Write a design, exchanged if the first subject is in the second group."""
    subjects = model.instance.subjects
    turned = subjects[0].id not in design.first
    for i, variable in model.x.items():
        variable.set_value(int((subjects[i].id in design.first) != turned), skip_validation=True)
    model.D.set_value(float(evaluate(model.instance, design).values[DISCREPANCY]), skip_validation=True)


FORMULATION: Formulation[DesignInstance, Design] = Formulation(
    "halves", "a binary for each subject, the first one in the first group", build, extract, assign
)
