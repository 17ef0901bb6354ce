r"""A plan by what districts make of money: a variable for each piece of each district's curve.

.. math::

    y_d = \mu_d + h_d(0) + \sum_s g_{ds} t_{ds}, \qquad
    \sum_d n_d \sum_s t_{ds} \le B, \quad t_{ds} \le \ell_{ds} z_d, \quad \sum_d z_d \le K \ (3)

with the rows (6) and (7) of ``tail``. Amounts are in thousands of dollars per student, so that an engine sees numbers
near 1. Within a district money goes to the best function first, so a concave curve of a few pieces says what an amount
adds.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.grants.evaluate import grants
from fairbound.models.grants.instance import MEAN, THOUSAND, GrantsInstance, Plan
from fairbound.models.grants.tail import add_scores, assign_scores

DIGITS = 9
"""Decimals of thousands of dollars per student that are read from floats."""
SMALLEST = 10**6
"""Parts of a dollar that a grant is rounded to."""


def build(instance: GrantsInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="segments")
    model.instance = instance
    # Who cannot be in the worst tenth needs no grant, unless the mean counts.
    all_count = objective == MEAN or MEAN in dict(instance.limits)
    granted = range(len(instance.curves)) if all_count else instance.near
    places = [(d, s) for d in granted for s in range(len(instance.curves[d].pieces))]
    model.t = pyo.Var(places, bounds=lambda _m, d, s: (0, instance.curves[d].pieces[s].dollars / THOUSAND))
    spent: dict[int, list[Any]] = {}
    for (d, s), variable in model.t.items():
        spent.setdefault(d, []).append((variable, float(instance.curves[d].pieces[s].gain * THOUSAND)))
    add_rules(model, instance, {d: [variable for variable, _ in pairs] for d, pairs in spent.items()}, relaxed)
    start = [
        district.score + curve.start for district, curve in zip(instance.districts_data, instance.curves, strict=True)
    ]
    add_scores(model, instance, spent, start, objective)
    return model


def add_rules(model: pyo.ConcreteModel, instance: GrantsInstance, spent: dict[int, list[Any]], relaxed: bool) -> None:
    """The pot, and how many districts get a part of it (3)."""
    model.eq3_pot = pyo.Constraint(
        expr=weighted(
            (variable, instance.districts_data[d].students) for d, variables in spent.items() for variable in variables
        )
        <= float(instance.pot / THOUSAND)
    )
    if instance.districts is None or instance.districts >= len(spent):
        return
    model.z = pyo.Var(list(spent), domain=pyo.UnitInterval if relaxed else pyo.Binary)
    model.eq3_granted = pyo.ConstraintList()
    for d, variables in spent.items():
        for variable in variables:
            model.eq3_granted.add(weighted([(variable, 1), (model.z[d], -variable.ub)]) <= 0)
    model.eq3_districts = pyo.Constraint(expr=weighted((model.z[d], 1) for d in spent) <= instance.districts)


def extract(model: pyo.ConcreteModel) -> Plan:
    """Read each district's amount, to a millionth of a dollar, and make most of it."""
    amounts: dict[int, Fraction] = {}
    for (d, _), variable in model.t.items():
        value = min(max(variable.value or 0.0, 0.0), variable.ub)
        amounts[d] = amounts.get(d, Fraction(0)) + Fraction(f"{value:.{DIGITS}f}") * THOUSAND
    return whole_plan(model, amounts)


def whole_plan(model: pyo.ConcreteModel, amounts: dict[int, Fraction]) -> Plan:
    """The plan of amounts, of which none is left of a district that is not chosen; the pot is kept exactly."""
    instance: GrantsInstance = model.instance
    if hasattr(model, "z"):
        amounts = {d: t for d, t in amounts.items() if (model.z[d].value or 0) > 0.5}
    students = {d: instance.districts_data[d].students for d in amounts}
    beyond = sum((students[d] * t for d, t in amounts.items()), Fraction(0)) - instance.pot
    for d in sorted(amounts, key=lambda d: -students[d] * amounts[d]):
        if beyond <= 0:
            break
        # An engine keeps the pot to its tolerance: the largest grant gives way.
        less = min(amounts[d], Fraction(ceil(beyond / students[d] * SMALLEST), SMALLEST))
        amounts[d] -= less
        beyond -= less * students[d]
    return Plan.of(instance, {d: t for d, t in amounts.items() if t > 0})


def assign(model: pyo.ConcreteModel, plan: Plan) -> None:
    """Write the amounts, piece by piece, and the scores that they lead to."""
    instance: GrantsInstance = model.instance
    amounts = grants(plan)
    for (d, s), variable in model.t.items():
        before = sum(piece.dollars for piece in instance.curves[d].pieces[:s])
        value = min(
            max(amounts.get(d, Fraction(0)) - before, Fraction(0)), Fraction(instance.curves[d].pieces[s].dollars)
        )
        variable.set_value(float(value / THOUSAND), skip_validation=True)
    assign_scores(model, plan)


FORMULATION: Formulation[GrantsInstance, Plan] = Formulation(
    name="segments",
    summary="a variable for each piece of what a district makes of money",
    build=build,
    extract=extract,
    assign=assign,
    first=lambda instance, _objective: Plan.of(instance, {}),
)
