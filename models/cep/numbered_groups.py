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

from functools import partial
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.cep import rules
from fairbound.models.cep.evaluate import meets, totals
from fairbound.models.cep.instance import FULL_FUNDING, REIMBURSEMENT, CepInstance, Grouping
from fairbound.models.core.arrays import Columns, Part, Rows, Terms, homogeneous, scaled
from fairbound.models.core.problem import Formulation
from fairbound.models.core.whole import Vector

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyomo.core import ConcreteModel

GROUPS = 3


def _build(name: str, ordered: bool) -> Callable[..., ConcreteModel]:
    def build(instance: CepInstance, objective: str, relaxed: bool = False) -> ConcreteModel:
        """Build the model; see the module for its equations."""
        slots = tuple(f"group{g + 1}" for g in range(min(GROUPS, len(instance.schools))))
        model = rules.start_model(name, instance, slots, relaxed)
        model.ordered = ordered
        rules.limit_slots(model, relaxed)
        rules.add_claim(model, slots)
        model.eq6_threshold = homogeneous(slots, [rules.share_terms(model, k, instance.threshold) for k in slots])
        objectives = rules.coverage(model) | {REIMBURSEMENT: rules.claims(model)}
        if rules.concerns_full_funding(instance, objective):
            objectives[FULL_FUNDING] = _full_funding(model, relaxed)
        if ordered:
            _order(model)
        rules.set_goal(model, objective, objectives)
        return model

    return build


def _full_funding(model: ConcreteModel, relaxed: bool) -> Terms:
    """Equation (13): y[s,g] <= x[s,g], y[s,g] <= u_g, and u_g = 1 only for a fully funded group."""
    instance: CepInstance = model.instance
    ids = [school.id for school in instance.schools]
    slots, every = range(len(model.slots)), range(len(model.x))
    model.u = Columns(len(slots), lambda: model.slots, lower=0, upper=1, whole=not relaxed)
    model.y = Columns(len(model.x), lambda: product(ids, model.slots), lower=0, upper=1)
    parts, sides = [], []
    for row, k in enumerate(model.slots):
        [(x, places, values)] = rules.share_terms(model, k, instance.full_share)
        # The least value that the left side can take, so the row is free where u = 0.
        least = Vector.of([values[values.numbers < 0].sum()])
        row_parts, side = scaled([(x, places, values), (model.u, [row], least)], row, least)
        parts += row_parts
        sides.append(side)
    model.eq13_full_share = Rows(len(slots), lambda: model.slots, parts, lower=sides)
    mine, keys = Part(model.y, every, every, 1), partial(product, ids, model.slots)
    model.eq13_member = Rows(len(every), keys, [mine, Part(model.x, every, every, -1)], upper=0)
    groups = Part(model.u, every, np.tile(slots, len(ids)), -1)
    model.eq13_full = Rows(len(every), keys, [mine, groups], upper=0)
    return [(model.y, every, Vector.of([1] * len(every)))]


def _order(model: ConcreteModel) -> None:
    """Equation (14): x[s,g] <= sum over earlier schools r of x[r,g-1]."""
    ids = [school.id for school in model.instance.schools]
    parts, pairs = [], list(pairwise(model.slots))
    later, earlier = np.tril_indices(len(ids), -1)
    for number, (before, k) in enumerate(pairs):
        first = number * len(ids)
        parts.append(Part(model.x, first + np.arange(len(ids)), model.members[k], 1))
        parts.append(Part(model.x, first + later, model.members[before][earlier], -1))
    model.eq14_order = Rows(len(pairs) * len(ids), lambda: [(k, s) for _, k in pairs for s in ids], parts, upper=0)


def assign(model: ConcreteModel, grouping: Grouping) -> None:
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
    sums = [totals(instance.by_id[s] for s in placed.get(k, ())) for k in model.slots]
    whole = np.array([float(meets(identified, enrolled, instance.full_share)) for identified, enrolled in sums])
    model.u.write(whole)
    model.y.write(model.x.read() * np.tile(whole, len(position)))


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
