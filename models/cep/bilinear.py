r"""Claim shares times membership: the textbook bilinear model for any meals, linearised by McCormick.

.. math::

    \max\ \sum_{s,g} (a_s x_{sg} + b_s w_{sg}) \quad
    \sum_s (q_s x_{sg} - N_s w_{sg}) \ge 0 \ (38), \quad
    w_{sg} \le t_g \ (39), \quad
    w_{sg} \le x_{sg} \ (40), \quad
    w_{sg} \ge t_g - (1 - x_{sg}) \ (41)

with 0 <= t_g <= 1 the claim share of group g and w_sg = t_g x_sg, which (39) to (41) state exactly
where x is binary. The threshold is (6). As many numbered groups as schools: no grouping has more.
A group may state less than its share, which no objective with b >= 0 gains by.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pyomo.environ as pyo
from fairbound.models.cep import rules
from fairbound.models.cep.evaluate import totals
from fairbound.models.cep.price_curve import LINEAR, coefficients, refuses_jumps
from fairbound.models.core.problem import Formulation

if TYPE_CHECKING:
    from fairbound.models.cep.instance import CepInstance, Grouping

MOST_SCHOOLS = 12


def build(instance: CepInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    ids = [school.id for school in instance.schools]
    count = min(len(ids), instance.groups or len(ids))
    slots = tuple(f"group{g + 1}" for g in range(count))
    model = rules.start_model("bilinear_mccormick", instance, slots, relaxed)
    rules.limit_slots(model, relaxed)
    model.t = pyo.Var(slots, domain=pyo.UnitInterval)
    model.w = pyo.Var(ids, slots, domain=pyo.UnitInterval)
    model.eq6_threshold = pyo.Constraint(slots)
    model.eq38_share = pyo.Constraint(slots)
    for k in slots:
        model.eq6_threshold[k] = rules.at_least_zero(rules.share_terms(model, k, instance.threshold))
        lifted = [(model.x[s.id, k], instance.multiplier * s.identified) for s in instance.schools]
        model.eq38_share[k] = rules.at_least_zero(
            [*lifted, *((model.w[s.id, k], -s.enrolled) for s in instance.schools)]
        )
    model.eq39_at_most_share = pyo.Constraint(ids, slots, rule=lambda m, s, k: m.w[s, k] <= m.t[k])
    model.eq40_members_only = pyo.Constraint(ids, slots, rule=lambda m, s, k: m.w[s, k] <= m.x[s, k])
    model.eq41_at_least_share = pyo.Constraint(ids, slots, rule=lambda m, s, k: m.w[s, k] >= m.t[k] - (1 - m.x[s, k]))
    objectives = {
        name: [
            *rules.membership_terms(model, slots, [fixed for fixed, _ in coefficients(instance, name)]),
            *(
                (model.w[school.id, k], slope)
                for k in slots
                for school, (_, slope) in zip(instance.schools, coefficients(instance, name), strict=True)
                if slope
            ),
        ]
        for name in LINEAR
    }
    rules.set_goal(model, objective, objectives)
    return model


def assign(model: pyo.ConcreteModel, grouping: Grouping) -> None:
    """Number the groups in their order, each with its exact claim share."""
    instance: CepInstance = model.instance
    placed = dict(zip(model.slots, grouping.groups, strict=False))
    rules.assign_slots(model, {k: list(group) for k, group in placed.items()})
    for k in model.slots:
        schools = [instance.by_id[s] for s in placed.get(k, ())]
        identified, enrolled = totals(schools)
        lifted = instance.multiplier * identified
        share = min(Fraction(1), lifted / enrolled) if enrolled else Fraction(int(bool(schools)))
        model.t[k].set_value(float(share), skip_validation=True)
        for s in instance.by_id:
            model.w[s, k].set_value(float(share) * (model.x[s, k].value or 0), skip_validation=True)


def refuses(instance: CepInstance, objective: str) -> str | None:
    """Refuse what is not linear in the claim share, and more schools than the symmetry of groups allows."""
    if len(instance.schools) > MOST_SCHOOLS:
        return f"{len(instance.schools)} schools are too many for a model with a group each (at most {MOST_SCHOOLS})"
    return refuses_jumps(instance, objective)


FORMULATION = Formulation(
    name="bilinear_mccormick",
    summary=f"claim share times membership, linearised: any meals, textbook form; at most {MOST_SCHOOLS} schools",
    build=build,
    extract=rules.extract_slots,
    assign=assign,
    refuses=refuses,
    hesitates=rules.hesitates,
)
