r"""Claim levels: a group states a level t it reaches and claims exactly that share of its meals.

.. math::

    \max\ \sum_{s,k} (a_s + t_k b_s) x_{sk} \quad
    \sum_k x_{sk} \le 1 \ (26), \quad
    \sum_s (q_s - t_k N_s) x_{sk} \ge 0 \ (27)

with q = m E; equation (26) is an equality for schools that must be covered. Two groups at one
level merge without loss, so there is no symmetry. On a finite grid the model is a restriction:
a group that lies between two levels claims the lower one. Its linear relaxation, with levels
refined where they are used, is the engine of ``price_curve``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pyomo.environ as pyo
from fairbound.models.cep import rules
from fairbound.models.cep.instance import CepInstance, Grouping
from fairbound.models.cep.price_curve import level_range, refuses_jumps, units_of
from fairbound.models.core.problem import Formulation, Scope
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = 8
MOST_SCHOOLS = 24
"""As a plain integer model it is weak: beyond this it runs for minutes without an end."""


def even_levels(instance: CepInstance, steps: int = STEPS) -> list[Fraction]:
    """Evenly spaced levels from the threshold's to full funding."""
    low, high = level_range(instance)
    return [low] if low == high else [low + (high - low) * k / steps for k in range(steps + 1)]


def build(
    instance: CepInstance, objective: str, relaxed: bool = False, levels: Sequence[Fraction] | None = None
) -> pyo.ConcreteModel:
    """Build the model over ``levels`` (by default an even grid); see the module for its equations."""
    model = pyo.ConcreteModel(name="claim_levels")
    model.instance = instance
    model.units = units = units_of(instance, objective)
    model.levels = tuple(levels or even_levels(instance))
    slots = range(len(model.levels))
    free = [u for u, unit in enumerate(units) if not unit.barred or unit.must]
    model.x = pyo.Var(free, slots, domain=pyo.NonNegativeReals if relaxed else pyo.Binary)
    model.eq26_unit = pyo.Constraint(free)
    for u in free:
        terms = LinearExpression(linear_coefs=[1] * len(slots), linear_vars=[model.x[u, k] for k in slots])
        model.eq26_unit[u] = terms == 1 if units[u].must else terms <= 1
        if units[u].barred:  # forced out and to be covered: let the engine say that this cannot be
            for k in slots:
                model.x[u, k].setub(0)
    model.eq27_level = pyo.Constraint(slots)
    for k, level in enumerate(model.levels):
        model.eq27_level[k] = (
            LinearExpression(
                linear_coefs=[float(units[u].lifted - level * units[u].enrolled) for u in free],
                linear_vars=[model.x[u, k] for u in free],
            )
            >= 0
        )
    shares = [min(level, Fraction(1)) for level in model.levels]
    rules.limit_groups(
        model, slots, [[model.x[u, k] for u in free] for k in slots], [len(units[u].members) for u in free], relaxed
    )
    model.objective = pyo.Objective(expr=_worth(model, objective, free, shares), sense=pyo.maximize)
    model.eq10_floor = pyo.Constraint([name for name, _ in instance.limits])
    for name, floor in instance.limits:
        model.eq10_floor[name] = _worth(model, name, free, shares) >= float(floor)
    return model


def _worth(
    model: pyo.ConcreteModel, objective: str, free: Sequence[int], shares: Sequence[Fraction]
) -> LinearExpression:
    units = units_of(model.instance, objective)
    return LinearExpression(
        linear_coefs=[float(units[u].fixed + share * units[u].slope) for u in free for share in shares],
        linear_vars=[model.x[u, k] for u in free for k in range(len(shares))],
    )


def extract(model: pyo.ConcreteModel) -> Grouping:
    """Read the groups, one a level, integers rounded."""
    groups: list[list[str]] = [[] for _ in model.levels]
    for (u, k), variable in model.x.items():
        if (variable.value or 0) > 0.5:
            groups[k].extend(model.units[u].members)
    return Grouping.of(groups)


def assign(model: pyo.ConcreteModel, grouping: Grouping) -> None:
    """Put each group at the highest level that it reaches."""
    home = {member: u for u, unit in enumerate(model.units) for member in unit.members}
    for variable in model.x.values():
        variable.set_value(0, skip_validation=True)
    for group in grouping.groups:
        members = {home[identifier] for identifier in group}
        enrolled = sum((model.units[u].enrolled for u in members), Fraction(0))
        lifted = sum((model.units[u].lifted for u in members), Fraction(0))
        reached = max((k for k, level in enumerate(model.levels) if lifted >= level * enrolled), default=0)
        for u in members:
            if (u, reached) in model.x:
                model.x[u, reached].set_value(1, skip_validation=True)
    rules.assign_used(model)


def refuses(instance: CepInstance, objective: str) -> str | None:
    """Refuse what is not linear, meals that ``membership`` prices exactly, and too many schools for a plain model."""
    if instance.weight_per_student is not None:
        return "meals are proportional to enrolment: membership prices the claim itself, this only levels of it"
    if len(instance.schools) > MOST_SCHOOLS:
        return f"{len(instance.schools)} schools are beyond the plain model (at most {MOST_SCHOOLS}); see price_curve"
    return refuses_jumps(instance, objective)


FORMULATION = Formulation(
    name="claim_levels",
    summary=f"levels on an even grid of {STEPS + 1}, each group claiming its level: a restriction with any meals",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
    scope=Scope.RESTRICTION,
)
