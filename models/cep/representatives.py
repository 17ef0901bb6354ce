r"""Asymmetric representatives: a group is named after its school with the largest identified share.

.. math::

    x_{st} \le x_{tt} \ (42), \quad
    w_{st} \le c_t\, x_{st} \ (43), \quad
    f x_{st} \le w_{st} \ (44), \quad
    w_{st} \le w_{tt} - f (x_{tt} - x_{st}) \ (45), \quad
    w_{st} \ge w_{tt} - c_t (x_{tt} - x_{st}) \ (46)

with (38), (6) and (7) for the groups that the schools may name. x_st puts school s into the group of t, which stands
before s in falling order of identified shares or is s itself, and w_st = x_st times the group's claim share. No group
has two names, so nothing is symmetric (Campelo, Campos and Correa 2008). A group does not claim more than the school
that names it would alone, c_t = min(1, q_t / N_t), nor less than the threshold's share f = min(1, m tau): products are
linearised between ends that numbered groups do not have.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo
from fairbound.models.cep import rules
from fairbound.models.cep.instance import CepInstance, Grouping
from fairbound.models.cep.price_curve import LINEAR, Unit, refuses_jumps, units_of
from fairbound.models.core.problem import Formulation
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_SCHOOLS = 40
"""Beyond this the pairs of schools are many, and the default methods are far ahead."""
NEAREST = Fraction(1, 10**6)
"""Ends of claim shares that differ by less are one to an engine, which then takes feasible groups for infeasible."""


def claimed_alone(unit: Unit) -> Fraction:
    """c: the claim share of a unit by itself; 1 without students, as for a group."""
    return min(Fraction(1), unit.lifted / unit.enrolled) if unit.enrolled else Fraction(1)


def falling(units: Sequence[Unit]) -> list[int]:
    """The units in falling order of identified share, those without students first."""
    return sorted(
        range(len(units)),
        key=lambda u: (0, 0, u) if not units[u].enrolled else (1, -units[u].lifted / units[u].enrolled, u),
    )


def build(instance: CepInstance, objective: str, relaxed: bool = False) -> pyo.ConcreteModel:
    """Build the model; see the module for its equations."""
    model = pyo.ConcreteModel(name="representatives")
    model.instance = instance
    model.units = units = units_of(instance, objective)
    model.order = falling(units)
    least = instance.multiplier * instance.threshold
    free = [u for u in model.order if units[u].must or not units[u].barred]
    # Whoever names a group has its largest share, so it meets the threshold by itself.
    names = [t for t in free if units[t].lifted >= least * units[t].enrolled]
    position = {u: i for i, u in enumerate(free)}
    pairs = [(s, t) for t in names for s in free if position[s] >= position[t]]
    model.x = pyo.Var(pairs, domain=pyo.UnitInterval if relaxed else pyo.Binary)
    model.w = pyo.Var(pairs, bounds=(0, 1))
    _add_membership(model, free, names)
    members: dict[int, list[int]] = {t: [] for t in names}
    for s, t in pairs:
        members[t].append(s)
    model.eq6_threshold = pyo.Constraint(names)
    model.eq38_share = pyo.Constraint(names)
    for t in names:
        over = [(model.x[s, t], units[s].lifted - least * units[s].enrolled) for s in members[t]]
        model.eq6_threshold[t] = rules.at_least_zero(over)
        lifted = [(model.x[s, t], units[s].lifted) for s in members[t]]
        model.eq38_share[t] = rules.at_least_zero([*lifted, *((model.w[s, t], -units[s].enrolled) for s in members[t])])
    _add_products(model, pairs, min(Fraction(1), least))
    objectives = {}
    for name in LINEAR:
        worth = units_of(instance, name)
        objectives[name] = [(model.x[s, t], worth[s].fixed) for s, t in pairs if worth[s].fixed]
        objectives[name] += [(model.w[s, t], worth[s].slope) for s, t in pairs if worth[s].slope]
    rules.set_goal(model, objective, objectives)
    return model


def _add_membership(model: pyo.ConcreteModel, free: list[int], names: list[int]) -> None:
    """One group a unit (7), which its name belongs to (42), and the rules on groups (17) and (18)."""
    instance: CepInstance = model.instance
    units: Sequence[Unit] = model.units
    model.eq7_one_group = pyo.Constraint(free)
    for s in free:
        places = [model.x[s, t] for t in names if (s, t) in model.x]
        must = units[s].must
        if must and (not places or units[s].barred):
            # Nobody may take it in: an empty sum cannot be 1, and the engine is to say so.
            if not hasattr(model, "unreachable"):
                model.unreachable = pyo.Var(bounds=(0, 0))
            places = [model.unreachable]
        if places:
            body = LinearExpression(linear_coefs=[1] * len(places), linear_vars=places)
            model.eq7_one_group[s] = body == 1 if must else body <= 1
    model.eq42_name = pyo.ConstraintList()
    for (s, t), variable in model.x.items():
        if s != t:
            model.eq42_name.add(variable <= model.x[t, t])
    if instance.groups is not None and names:
        model.eq17_groups = pyo.Constraint(expr=sum(model.x[t, t] for t in names) <= instance.groups)
    if instance.min_group > 1:
        model.eq18_size = pyo.Constraint(names)
        for t in names:
            sizes = [(model.x[s, t], Fraction(len(units[s].members))) for s in free if (s, t) in model.x]
            model.eq18_size[t] = rules.at_least_zero([*sizes, (model.x[t, t], Fraction(-instance.min_group))])


def _add_products(model: pyo.ConcreteModel, pairs: list[tuple[int, int]], least: Fraction) -> None:
    """Equations (43) to (46): w is x times the claim share, between the least share and that of the name alone."""
    model.eq43_most = pyo.ConstraintList()
    model.eq44_least = pyo.ConstraintList()
    model.eq45_at_most_share = pyo.ConstraintList()
    model.eq46_at_least_share = pyo.ConstraintList()
    for s, t in pairs:
        most = claimed_alone(model.units[t])
        inside, claim, name, share = model.x[s, t], model.w[s, t], model.x[t, t], model.w[t, t]
        model.eq43_most.add(rules.at_least_zero([(inside, most), (claim, Fraction(-1))]))
        model.eq44_least.add(rules.at_least_zero([(claim, Fraction(1)), (inside, -least)]))
        if s != t:
            terms: list[tuple[Any, Fraction]] = [(share, Fraction(1)), (claim, Fraction(-1))]
            model.eq45_at_most_share.add(rules.at_least_zero([*terms, (name, -least), (inside, least)]))
            terms = [(claim, Fraction(1)), (share, Fraction(-1))]
            model.eq46_at_least_share.add(rules.at_least_zero([*terms, (name, most), (inside, -most)]))


def extract(model: pyo.ConcreteModel) -> Grouping:
    """Read the groups, integers rounded."""
    groups: dict[int, list[str]] = {}
    for (s, t), variable in model.x.items():
        if (variable.value or 0) > 0.5:
            groups.setdefault(t, []).extend(model.units[s].members)
    return Grouping.of(groups.values())


def assign(model: pyo.ConcreteModel, grouping: Grouping) -> None:
    """Name each group after its first unit, and write its exact claim share."""
    units: Sequence[Unit] = model.units
    home = {member: u for u, unit in enumerate(units) for member in unit.members}
    position = {u: i for i, u in enumerate(model.order)}
    for variable in (*model.x.values(), *model.w.values()):
        variable.set_value(0, skip_validation=True)
    for group in grouping.groups:
        members = {home[identifier] for identifier in group}
        name = min(members, key=position.__getitem__)
        enrolled = sum((units[u].enrolled for u in members), Fraction(0))
        lifted = sum((units[u].lifted for u in members), Fraction(0))
        share = min(Fraction(1), lifted / enrolled) if enrolled else Fraction(1)
        for u in members:
            if (u, name) in model.x:
                model.x[u, name].set_value(1, skip_validation=True)
                model.w[u, name].set_value(float(share), skip_validation=True)
    if hasattr(model, "unreachable"):
        model.unreachable.set_value(0, skip_validation=True)


def refuses(instance: CepInstance, objective: str) -> str | None:
    """Refuse what is not linear in the claim share, and more schools than pairs of them can be written for."""
    if len(instance.schools) > MOST_SCHOOLS:
        return f"{len(instance.schools)} schools have too many pairs for this model (at most {MOST_SCHOOLS})"
    jumps = refuses_jumps(instance, objective)
    if jumps is not None:
        return jumps
    shares = sorted({claimed_alone(unit) for unit in units_of(instance, objective)})
    if any(after - before < NEAREST for before, after in pairwise(shares)):
        return "two schools' shares are nearer to each other than engines can tell; subset_dp and price_curve are exact"
    return None


FORMULATION = Formulation(
    name="representatives",
    summary=f"each group named after its school with the largest share: any meals; at most {MOST_SCHOOLS} schools",
    build=build,
    extract=extract,
    assign=assign,
    refuses=refuses,
    hesitates=rules.hesitates,
)
