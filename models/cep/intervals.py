r"""Share intervals: which units form a group whose level lies in which interval (30) to (34).

With a price curve, a grouping falls short of the bound by exactly the sum of its regrets,

.. math::

    \rho_s(t) = \max_{t'} \phi_s(t') - \phi_s(t), \qquad
    \text{bound} - \text{value} = \sum_g \Bigl( \sum_{s \in g} \rho_s(t_g)
        + \lambda(1) \textstyle\sum_{s \in g} (q_s - N_s)^+ [t_g = 1] \Bigr) \ (30)

so the least regret is the best grouping. Levels are cut into intervals [l_k, u_k], and two groups in
one interval merge into one whose level lies there too:

.. math::

    \min\ \sum c_{sk} x_{sk} + c_0 d_0 + \lambda(1) d_1 \quad
    \sum_k x_{sk} = 1 \ (31), \quad
    \sum_s (q_s - l_k N_s) x_{sk} \ge 0 \ (32), \quad
    \sum_s (q_s - u_k N_s) x_{sk} \le 0 \ (33), \quad
    \sum_s (q_s - N_s) x_{s1} = d_1 \ (34)

With c the least regret in the interval the optimum bounds every grouping's regret from below (a
relaxation); with c the regret at its middle it is a good guess of a plan. A pair whose cost alone
is above the regret of a known plan is left out: it cannot be part of a better one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyomo.core as pyo
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OUT = -1
"""The interval of units outside CEP."""


@dataclass(frozen=True)
class Slot:
    """One interval [low, high] of levels; ``slack_cost`` is paid per lifted student above ``low``.

    A slot without ``high`` has no row (33); full funding, and with a cost the threshold, are such.
    """

    low: float
    high: float | None
    slack_cost: float | None = None


def build(
    enrolled: Sequence[float],
    lifted: Sequence[float],
    slots: Sequence[Slot],
    costs: Mapping[tuple[int, int], float],
    floors: Sequence[tuple[Mapping[tuple[int, int], float], float]] = (),
    most_groups: int | None = None,
    min_group: int = 1,
    sizes: Sequence[int] = (),
) -> pyo.ConcreteModel:
    """Build the model over the pairs (unit, slot) that have a cost; slot ``OUT`` is outside CEP.

    Parameters
    ----------
    enrolled, lifted, sizes
        N, q and the number of schools of each unit.
    floors
        Rows sum of coefficient x >= value.
    """
    model = pyo.ConcreteModel(name="intervals")
    pairs = list(costs)
    model.x = pyo.Var(pairs, domain=pyo.Binary)
    homes: dict[int, list[int]] = {}
    members: dict[int, list[int]] = {k: [] for k in range(len(slots))}
    for u, k in pairs:
        homes.setdefault(u, []).append(k)
        if k != OUT:
            members[k].append(u)
    model.eq31_unit = pyo.Constraint(list(homes))
    for u, places in homes.items():
        model.eq31_unit[u] = _sum([1.0] * len(places), [model.x[u, k] for k in places]) == 1
    used = [k for k in members if members[k]]
    model.d = pyo.Var([k for k in used if slots[k].slack_cost is not None], domain=pyo.NonNegativeReals)
    model.eq32_low = pyo.Constraint(used)
    model.eq33_high = pyo.Constraint([k for k in used if slots[k].high is not None])
    for k in used:
        variables = [model.x[u, k] for u in members[k]]
        over = [lifted[u] - slots[k].low * enrolled[u] for u in members[k]]
        if k in model.d:
            model.eq32_low[k] = _sum([*over, -1.0], [*variables, model.d[k]]) == 0
        else:
            model.eq32_low[k] = _sum(over, variables) >= 0
        top = slots[k].high
        if top is not None:
            model.eq33_high[k] = _sum([lifted[u] - top * enrolled[u] for u in members[k]], variables) <= 0
    _limit(model, used, members, most_groups, min_group, sizes)
    model.eq10_floor = pyo.ConstraintList()
    for coefficients, value in floors:
        chosen = [pair for pair in pairs if coefficients.get(pair)]
        model.eq10_floor.add(_sum([coefficients[pair] for pair in chosen], [model.x[pair] for pair in chosen]) >= value)
    slack = [k for k in used if k in model.d]
    model.objective = pyo.Objective(
        expr=_sum(
            [*costs.values(), *(slots[k].slack_cost for k in slack)],
            [*(model.x[pair] for pair in pairs), *(model.d[k] for k in slack)],
        ),
        sense=pyo.minimize,
    )
    return model


def _sum(coefficients: Sequence[float | None], variables: Sequence[object]) -> LinearExpression:
    return LinearExpression(linear_coefs=list(coefficients), linear_vars=list(variables))


def _limit(
    model: pyo.ConcreteModel,
    used: Sequence[int],
    members: Mapping[int, Sequence[int]],
    most_groups: int | None,
    min_group: int,
    sizes: Sequence[int],
) -> None:
    """At most ``groups`` slots in use (17), each by at least ``min_group`` schools (18)."""
    capped = most_groups is not None and most_groups < len(used)
    if not capped and min_group == 1:
        return
    model.v = pyo.Var(used, domain=pyo.Binary)
    model.eq16_used = pyo.ConstraintList()
    model.eq18_size = pyo.Constraint(used if min_group > 1 else [])
    for k in used:
        for u in members[k]:
            model.eq16_used.add(model.x[u, k] <= model.v[k])
        if min_group > 1:
            counted = [float(sizes[u]) for u in members[k]]
            model.eq18_size[k] = (
                _sum([*counted, -float(min_group)], [*(model.x[u, k] for u in members[k]), model.v[k]]) >= 0
            )
    if capped:
        model.eq17_groups = pyo.Constraint(expr=_sum([1.0] * len(used), [model.v[k] for k in used]) <= most_groups)


def extract(model: pyo.ConcreteModel) -> dict[int, int]:
    """Slot of each unit that was given a choice."""
    return {u: k for (u, k), variable in model.x.items() if (variable.value or 0) > 0.5}


def assign(model: pyo.ConcreteModel, placed: Mapping[int, int]) -> None:
    """Write a placement of units into the variables, with the slack and use that follow."""
    for (u, k), variable in model.x.items():
        variable.set_value(int(placed.get(u) == k), skip_validation=True)
    for k, variable in model.d.items():
        variable.set_value(0.0, skip_validation=True)
        variable.set_value(max(0.0, pyo.value(model.eq32_low[k].body)), skip_validation=True)
    if hasattr(model, "v"):
        used = set(placed.values())
        for k, variable in model.v.items():
            variable.set_value(int(k in used), skip_validation=True)
