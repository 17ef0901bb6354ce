r"""Group levels: one slot per least identified share e_k, from the threshold to full funding.

.. math::

    \max\ \sum_k z_k + \sum_{s,k} p_s x_{sk} \quad
    (4), (5) \text{ per level}, \quad
    \sum_s (E_s - e_k N_s) x_{sk} \ge 0 \ (12)

Two groups at one level merge without loss (theorem 1), so any set of levels that starts at tau
and ends at full funding is exact for proportional meals. Against ``membership`` it has as many
times more binaries as levels, and the same LP bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.cep import rules
from fairbound.models.cep.evaluate import meets, totals
from fairbound.models.cep.instance import FULL_FUNDING, REIMBURSEMENT, CepInstance, Grouping
from fairbound.models.core.arrays import homogeneous
from fairbound.models.core.problem import Formulation
from fairbound.models.core.whole import Vector

if TYPE_CHECKING:
    from fractions import Fraction

    from pyomo.core import ConcreteModel

STEPS = 2


def level_shares(instance: CepInstance, steps: int = STEPS) -> list[Fraction]:
    """Least identified shares e_0 = tau < ... < e_K = full funding, evenly spaced."""
    low, high = instance.threshold, instance.full_share
    if low == high:
        return [low]
    return [low + (high - low) * k / steps for k in range(steps + 1)]


def build(instance: CepInstance, objective: str, relaxed: bool = False) -> ConcreteModel:
    """Build the model; see the module for its equations."""
    shares = {f"level{k}": share for k, share in enumerate(level_shares(instance))}
    model = rules.start_model("levels", instance, tuple(shares), relaxed)
    model.shares = shares
    rules.limit_slots(model, relaxed)
    rules.add_claim(model, model.slots)
    model.eq12_level = homogeneous(model.slots, [rules.share_terms(model, k, share) for k, share in shares.items()])
    full = rules.membership_terms(model, model.slots[-1:], Vector.of([1] * len(instance.schools)))
    objectives = rules.coverage(model) | {REIMBURSEMENT: rules.claims(model), FULL_FUNDING: full}
    rules.set_goal(model, objective, objectives)
    return model


def assign(model: ConcreteModel, grouping: Grouping) -> None:
    """Put each group at the highest level that it reaches."""
    placed: dict[str, list[str]] = {k: [] for k in model.slots}
    for group in grouping.groups:
        schools = [model.instance.by_id[s] for s in group]
        identified, enrolled = totals(schools)
        reached = [k for k, share in model.shares.items() if meets(identified, enrolled, share)]
        placed[reached[-1] if reached else model.slots[0]].extend(group)
    rules.assign_slots(model, placed)


FORMULATION = Formulation(
    name="levels",
    summary="one slot per least identified share, from the threshold to full funding",
    build=build,
    extract=rules.extract_slots,
    assign=assign,
    refuses=rules.refuse_general_meals,
    hesitates=rules.hesitates,
)
