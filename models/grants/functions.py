r"""A plan by functions: more and less spending on each function of each district.

.. math::

    \mu_d + \sum_f \bigl( (c_f - \gamma w_f) x^+_{df} - (c_f + \gamma w_f) x^-_{df} \bigr), \qquad
    0 \le \sum_f (x^+_{df} - x^-_{df}) \le m z_d \ (8)

in the place of the curves of ``segments``, with the same rows (3), (6) and (7). It says what is meant, in more
variables.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

import pyomo.core as pyo
from fairbound.models.core.expressions import weighted
from fairbound.models.core.problem import Formulation
from fairbound.models.grants import segments
from fairbound.models.grants.instance import THOUSAND, GrantsInstance, Plan
from fairbound.models.grants.tail import add_scores, assign_scores

MOST_VARIABLES = 200_000


def build(instance: GrantsInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="functions")
    model.instance = instance
    districts = instance.districts_data
    places = [(d, f) for d in range(len(districts)) for f in range(len(instance.functions))]
    model.up = pyo.Var(places, bounds=lambda _m, d, f: (0, instance.bounds(districts[d], f)[1] / THOUSAND))
    model.down = pyo.Var(places, bounds=lambda _m, d, f: (0, instance.bounds(districts[d], f)[0] / THOUSAND))
    some = instance.districts is not None and instance.districts < len(districts)
    if some:
        model.z = pyo.Var(range(len(districts)), domain=pyo.UnitInterval if relaxed else pyo.Binary)
        model.eq3_districts = pyo.Constraint(expr=weighted((z, 1) for z in model.z.values()) <= instance.districts)
    most = floor(instance.most) / THOUSAND
    changes: dict[int, list[Any]] = {d: [] for d in range(len(districts))}
    spent: dict[int, list[Any]] = {d: [] for d in range(len(districts))}
    for d, f in places:
        lose, win = instance.gains(f)
        changes[d] += [(model.up[d, f], 1), (model.down[d, f], -1)]
        spent[d] += [(model.up[d, f], float(win * THOUSAND)), (model.down[d, f], -float(lose * THOUSAND))]
    model.eq8_least = pyo.Constraint(range(len(districts)), rule=lambda _m, d: weighted(changes[d]) >= 0)
    model.eq8_most = pyo.Constraint(
        range(len(districts)),
        rule=lambda m, d: weighted([*changes[d], (m.z[d], -most)]) <= 0 if some else weighted(changes[d]) <= most,
    )
    model.eq3_pot = pyo.Constraint(
        expr=weighted((v, sign * districts[d].students) for d in changes for v, sign in changes[d])
        <= float(instance.pot / THOUSAND)
    )
    add_scores(model, instance, spent, [district.score for district in districts], objective)
    return model


def extract(model: pyo.ConcreteModel) -> Plan:
    """Read each district's amount, to a millionth of a dollar; within the district money goes where it does most."""
    instance: GrantsInstance = model.instance
    amounts: dict[int, Fraction] = {}
    for d in range(len(instance.districts_data)):
        value = sum(
            (model.up[d, f].value or 0.0) - (model.down[d, f].value or 0.0) for f in range(len(instance.functions))
        )
        amounts[d] = min(Fraction(f"{max(value, 0.0):.{segments.DIGITS}f}") * THOUSAND, Fraction(floor(instance.most)))
    return segments.whole_plan(model, amounts)


def assign(model: pyo.ConcreteModel, plan: Plan) -> None:
    """Write the changes and the scores that they lead to."""
    changes = {(d, f): x for d, f, x in plan.changes}
    for place, variable in model.up.items():
        x = changes.get(place, Fraction(0))
        variable.set_value(float(max(x, Fraction(0)) / THOUSAND), skip_validation=True)
        model.down[place].set_value(float(max(-x, Fraction(0)) / THOUSAND), skip_validation=True)
    assign_scores(model, plan)


def refuses(instance: GrantsInstance, objective: str) -> str | None:  # noqa: ARG001 - both objectives are stated
    """It grows with districts and functions."""
    count = 2 * len(instance.districts_data) * len(instance.functions)
    return None if count <= MOST_VARIABLES else f"{count:,} variables; it takes at most {MOST_VARIABLES:,}"


FORMULATION = Formulation(
    name="functions",
    summary="more and less spending on each function of each district",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
    first=lambda instance, _objective: Plan.of(instance, {}),
)
