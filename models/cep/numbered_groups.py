r"""Numbered groups: the textbook assignment of schools to K groups, with and without symmetry breaking.

.. math::

    \max\ \sum_g z_g + \sum_{s,g} p_s x_{sg} \quad
    (4), (5), (6) \text{ per group}

Every renumbering of the groups is another optimum, which a branch and bound must tell apart K!
times. ``numbered_groups_ordered`` keeps one of them: group g may hold school s only if group g-1
holds an earlier school, equation (14). Fully funded groups are told by a binary u_g with a big-M
row, equation (13).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pyomo.environ as pyo
from fairbound.models.cep import rules
from fairbound.models.cep.evaluate import meets, totals
from fairbound.models.cep.instance import FULL_FUNDING, REIMBURSEMENT, CepInstance, Grouping
from fairbound.models.core.exact import integer_row
from fairbound.models.core.problem import Formulation
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Callable

GROUPS = 3


def _build(name: str, ordered: bool) -> Callable[..., pyo.ConcreteModel]:
    def build(instance: CepInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
        """Build the model; see the module for its equations."""
        slots = tuple(f"group{g + 1}" for g in range(min(GROUPS, len(instance.schools))))
        model = rules.start_model(name, instance, slots, relaxed)
        model.ordered = ordered
        rules.limit_slots(model, relaxed)
        rules.add_claim(model, slots)
        model.eq6_threshold = pyo.Constraint(slots)
        for k in slots:
            model.eq6_threshold[k] = rules.at_least_zero(rules.share_terms(model, k, instance.threshold))
        objectives = rules.coverage(model) | {REIMBURSEMENT: rules.claims(model)}
        if rules.concerns_full_funding(instance, objective):
            objectives[FULL_FUNDING] = _full_funding(model, relaxed)
        if ordered:
            _order(model)
        rules.set_goal(model, objective, objectives)
        return model

    return build


def _full_funding(model: pyo.ConcreteModel, relaxed: bool) -> list[rules.Terms]:
    """Equation (13): y[s,g] <= x[s,g], y[s,g] <= u_g, and u_g = 1 only for a fully funded group."""
    instance: CepInstance = model.instance
    ids = [school.id for school in instance.schools]
    model.u = pyo.Var(model.slots, domain=pyo.UnitInterval if relaxed else pyo.Binary)
    model.y = pyo.Var(ids, model.slots, domain=pyo.UnitInterval)
    model.eq13_full_share = pyo.Constraint(model.slots)
    model.eq13_member = pyo.Constraint(ids, model.slots, rule=lambda m, s, k: m.y[s, k] <= m.x[s, k])
    model.eq13_full = pyo.Constraint(ids, model.slots, rule=lambda m, s, k: m.y[s, k] <= m.u[k])
    for k in model.slots:
        terms = rules.share_terms(model, k, instance.full_share)
        # The least value that the left side can take, so the row is free where u = 0.
        big_m = -sum((value for _, value in terms if value < 0), Fraction(0))
        scaled = integer_row([value for _, value in terms] + [-big_m])
        body = LinearExpression(linear_coefs=scaled, linear_vars=[variable for variable, _ in terms] + [model.u[k]])
        model.eq13_full_share[k] = body >= scaled[-1]
    return [(model.y[s, k], Fraction(1)) for k in model.slots for s in ids]


def _order(model: pyo.ConcreteModel) -> None:
    """Equation (14): x[s,g] <= sum over earlier schools r of x[r,g-1]."""
    ids = [school.id for school in model.instance.schools]
    model.eq14_order = pyo.ConstraintList()
    for before, k in zip(model.slots, model.slots[1:], strict=False):
        for i, s in enumerate(ids):
            earlier = [model.x[r, before] for r in ids[:i]]
            model.eq14_order.add(
                LinearExpression(linear_coefs=[1] + [-1] * len(earlier), linear_vars=[model.x[s, k], *earlier]) <= 0
            )


def assign(model: pyo.ConcreteModel, grouping: Grouping) -> None:
    """Give each group a number, in the order of their first schools; merge the surplus (theorem 1)."""
    instance: CepInstance = model.instance
    position = {school.id: i for i, school in enumerate(instance.schools)}
    groups = [list(group) for group in grouping.groups]
    if len(groups) > len(model.slots):
        under, full = rules.split_full(instance, grouping)
        groups = [group for group in (under, full) if group]
    groups.sort(key=lambda group: min(position[s] for s in group))
    placed = dict(zip(model.slots, groups, strict=False))
    rules.assign_slots(model, placed)
    if not hasattr(model, "u"):
        return
    for k in model.slots:
        schools = [instance.by_id[s] for s in placed.get(k, ())]
        identified, enrolled = totals(schools)
        full_group = meets(identified, enrolled, instance.full_share)
        model.u[k].set_value(int(full_group), skip_validation=True)
        for s in position:
            model.y[s, k].set_value(model.x[s, k].value if full_group else 0, skip_validation=True)


def _formulation(name: str, ordered: bool, summary: str) -> Formulation[CepInstance, Grouping]:
    return Formulation(
        name=name,
        summary=summary,
        build=_build(name, ordered),
        extract=rules.extract_slots,
        assign=assign,
        refuses=rules.refuse_general_meals,
        hesitates=rules.hesitates,
    )


FORMULATION = _formulation("numbered_groups", False, f"schools assigned to {GROUPS} numbered groups, as in textbooks")
ORDERED = _formulation("numbered_groups_ordered", True, "the same, one numbering of the groups kept by rows")
