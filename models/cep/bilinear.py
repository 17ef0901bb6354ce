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
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.cep import rules
from fairbound.models.cep.evaluate import totals
from fairbound.models.cep.price_curve import LINEAR, coefficients, refuses_jumps
from fairbound.models.core.arrays import Columns, Part, Rows, homogeneous
from fairbound.models.core.problem import Formulation
from fairbound.models.core.whole import Vector

if TYPE_CHECKING:
    from fairbound.models.cep.instance import CepInstance, Grouping
    from pyomo.core import ConcreteModel

MOST_SCHOOLS = 12


def build(instance: CepInstance, objective: str, relaxed: bool = False) -> ConcreteModel:
    """Build the model; see the module for its equations."""
    ids = [school.id for school in instance.schools]
    count = min(len(ids), instance.groups or len(ids))
    slots = tuple(f"group{g + 1}" for g in range(count))
    model = rules.start_model("bilinear_mccormick", instance, slots, relaxed)
    rules.limit_slots(model, relaxed)
    keys = partial(product, ids, slots)
    model.t = Columns(count, lambda: slots, lower=0, upper=1)
    model.w = Columns(len(model.x), keys, lower=0, upper=1)
    identified, enrolled = instance.counts
    model.eq6_threshold = homogeneous(slots, [rules.share_terms(model, k, instance.threshold) for k in slots])
    model.eq38_share = homogeneous(
        slots,
        [
            [(model.x, model.members[k], identified * instance.multiplier), (model.w, model.members[k], -enrolled)]
            for k in slots
        ],
    )
    every = range(len(model.x))
    x, w = Part(model.x, every, every, -1), Part(model.w, every, every, 1)
    t = Part(model.t, every, np.tile(range(count), len(ids)), -1)
    model.eq39_at_most_share = Rows(len(every), keys, [w, t], upper=0)
    model.eq40_members_only = Rows(len(every), keys, [w, x], upper=0)
    model.eq41_at_least_share = Rows(len(every), keys, [w, t, x], lower=-1)
    objectives = {}
    for name in LINEAR:
        fixed, slope = (Vector.of(values) for values in zip(*coefficients(instance, name), strict=True))
        shares = [(model.w, model.members[k], slope) for k in slots] if slope.any() else []
        objectives[name] = [*rules.membership_terms(model, slots, fixed), *shares]
    rules.set_goal(model, objective, objectives)
    return model


def assign(model: ConcreteModel, grouping: Grouping) -> None:
    """Number the groups in their order, each with its exact claim share."""
    instance: CepInstance = model.instance
    placed = dict(zip(model.slots, grouping.groups, strict=False))
    rules.assign_slots(model, {k: list(group) for k, group in placed.items()})
    shares = []
    for k in model.slots:
        schools = [instance.by_id[s] for s in placed.get(k, ())]
        identified, enrolled = totals(schools)
        lifted = instance.multiplier * identified
        shares.append(float(min(Fraction(1), lifted / enrolled) if enrolled else int(bool(schools))))
    model.t.write(np.array(shares))
    model.w.write(model.x.read() * np.tile(shares, len(instance.schools)))


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
