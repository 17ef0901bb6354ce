r"""Membership knapsack: who is in CEP, all in one group (theorem 1 of ``docs/cep.md``).

.. math::

    \max\ z + \sum_s p_s x_s \quad
    z \le m w \textstyle\sum_s E_s x_s \ (4), \quad
    z \le w \sum_s N_s x_s \ (5), \quad
    \sum_s (E_s - \tau N_s) x_s \ge 0 \ (6)

n binaries, one continuous variable, three rows, and no symmetry. A question about fully funded
schools needs a second slot for them (theorem 2): that group claims every meal, equation (11). Where the numbers are
small, ``slack_table`` knows the best value exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.cep import rules, slack_table
from fairbound.models.cep.instance import FULL_FUNDING, REIMBURSEMENT, CepInstance, Cover, Grouping
from fairbound.models.core.arrays import homogeneous
from fairbound.models.core.problem import Formulation
from fairbound.models.core.whole import Vector

if TYPE_CHECKING:
    from pyomo.core import ConcreteModel

GROUP, FULL = "group", "full"


def build(instance: CepInstance, objective: str, relaxed: bool = False) -> ConcreteModel:
    """Build the model; see the module for its equations."""
    two = rules.concerns_full_funding(instance, objective)
    model = rules.start_model("membership", instance, (GROUP, FULL) if two else (GROUP,), relaxed)
    rules.limit_slots(model, relaxed)
    model.claimed_slots = ()
    if instance.weight_per_student is not None:
        rules.add_claim(model, (GROUP,))
    model.eq6_threshold = homogeneous([GROUP], [rules.share_terms(model, GROUP, instance.threshold)])
    objectives = rules.coverage(model)
    if instance.weight_per_student is not None:
        objectives[REIMBURSEMENT] = rules.claims(model)
    if two:
        model.eq11_full = homogeneous([FULL], [rules.share_terms(model, FULL, instance.full_share)])
        if REIMBURSEMENT in objectives:
            weights, _ = instance.claimed
            objectives[REIMBURSEMENT] = [*objectives[REIMBURSEMENT], *rules.membership_terms(model, (FULL,), weights)]
        objectives[FULL_FUNDING] = rules.membership_terms(model, (FULL,), Vector.of([1] * len(instance.schools)))
    rules.set_goal(model, objective, objectives)
    return model


def first(instance: CepInstance, _objective: str) -> Grouping | None:
    """All schools that meet the threshold alone, where no other rule is asked: together they meet it too."""
    rules_too = (instance.limits, instance.forced_in, instance.together, instance.min_group > 1)
    if any(rules_too) or instance.cover is not Cover.ANY:
        return None
    meet = (instance.slack.numbers >= 0).tolist()
    out = set(instance.forced_out)
    schools = zip(instance.schools, meet, strict=True)
    return Grouping.of([[school.id for school, inside in schools if inside and school.id not in out]])


def assign(model: ConcreteModel, grouping: Grouping) -> None:
    """Merge the groups of a grouping into the slots."""
    under, full = rules.split_full(model.instance, grouping)
    rules.assign_slots(model, {GROUP: under, FULL: full} if FULL in model.slots else {GROUP: under + full})


FORMULATION = Formulation(
    name="membership",
    summary="who is in CEP, all in one group: a knapsack with the capped claim as one variable",
    build=build,
    extract=rules.extract_slots,
    assign=assign,
    refuses=rules.refuse_meals,
    hesitates=rules.hesitates,
    first=first,
    best=slack_table.best,
)
