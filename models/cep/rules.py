"""What the assignment formulations share: variables x[s,k], the rules of the instance, objectives.

A *slot* k stands for one group: the only group of ``membership``, a level of ``levels``, a number
of ``numbered_groups``. x[s,k] = 1 puts school s into slot k. Equation numbers: ``docs/cep.md``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo
from fairbound.models.cep.evaluate import lattice, meets, totals
from fairbound.models.cep.instance import FULL_FUNDING, REIMBURSEMENT, SCHOOLS, STUDENTS, CepInstance, Cover, Grouping
from fairbound.models.core.exact import integer_row
from pyomo.core.expr import LinearExpression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FAR_APART = 1e6
FINEST_LATTICE = 10**8
"""An engine tells neighbours apart among at most so many values; see ``solvers.result.tells_apart``."""
CLAIM_STEPS = 1024
"""The claims of the largest school are about so many units of z."""

Terms = tuple[Any, Fraction]
"""A variable and its exact coefficient."""


def start_model(name: str, instance: CepInstance, slots: Sequence[str], relaxed: bool) -> pyo.ConcreteModel:
    """A model with x[s,k] and the rules on membership, equations (7) to (9)."""
    model = pyo.ConcreteModel(name=name)
    model.instance = instance
    model.slots = tuple(slots)
    ids = [school.id for school in instance.schools]
    model.x = pyo.Var(ids, model.slots, domain=pyo.UnitInterval if relaxed else pyo.Binary)

    forced, covered = set(instance.forced_in), instance.cover is Cover.ALL
    model.eq7_one_slot = pyo.ConstraintList()
    for s in ids:
        terms = LinearExpression(linear_coefs=[1] * len(model.slots), linear_vars=[model.x[s, k] for k in model.slots])
        if covered or s in forced:
            model.eq7_one_slot.add(terms == 1)
        elif len(model.slots) > 1:
            model.eq7_one_slot.add(terms <= 1)
    for s in instance.forced_out:  # equation (8)
        for k in model.slots:
            if covered:
                # Contradicts (7); said as a bound so that the engine, not the compiler, finds it.
                model.x[s, k].setub(0)
            else:
                model.x[s, k].fix(0)
    model.eq9_together = pyo.ConstraintList()
    for group in instance.together:
        for s in group[1:]:
            for k in model.slots:
                model.eq9_together.add(model.x[group[0], k] == model.x[s, k])
    return model


def at_least_zero(terms: Iterable[Terms]) -> Any:
    """The homogeneous row sum(a v) >= 0, scaled to integers so that no engine rounds it."""
    pairs = [(variable, value) for variable, value in terms if value]
    coefficients = integer_row([value for _, value in pairs])
    return LinearExpression(linear_coefs=coefficients, linear_vars=[variable for variable, _ in pairs]) >= 0


def share_terms(model: pyo.ConcreteModel, slot: str, share: Fraction) -> list[Terms]:
    """E - share N of a slot: its row is equation (2) at ``share``."""
    return [
        (model.x[school.id, slot], school.identified - share * school.enrolled) for school in model.instance.schools
    ]


def add_claim(model: pyo.ConcreteModel, slots: Sequence[str]) -> None:
    """Claims z[k] with equations (4) z <= m w E(x_k) and (5) z <= w N(x_k).

    z counts a power of two of lattice steps, so that its coefficient is of the size of the schools': data
    with many decimals have a lattice so fine that an engine would drop one or the other.
    """
    instance: CepInstance = model.instance
    weight = instance.weight_per_student
    assert weight is not None, "proportional meals only; the formulation refuses other instances"
    unit = lattice(instance, REIMBURSEMENT)
    assert unit is not None
    largest = weight * max(max(s.enrolled, instance.multiplier * s.identified) for s in instance.schools)
    while unit * CLAIM_STEPS < largest:
        unit *= 2
    model.unit = unit
    model.claimed_slots = tuple(slots)
    # No claim is larger; with an end for every column, multipliers prove a bound.
    most = weight * sum((school.enrolled for school in instance.schools), Fraction(0)) / unit
    model.z = pyo.Var(model.claimed_slots, bounds=(0, float(most) * (1 + 1e-9)))
    model.eq4_claim_identified = pyo.Constraint(model.claimed_slots)
    model.eq5_claim_enrolled = pyo.Constraint(model.claimed_slots)
    for k in model.claimed_slots:
        claim = (model.z[k], -unit)
        identified = [(model.x[s.id, k], instance.multiplier * weight * s.identified) for s in instance.schools]
        enrolled = [(model.x[s.id, k], weight * s.enrolled) for s in instance.schools]
        model.eq4_claim_identified[k] = at_least_zero([*identified, claim])
        model.eq5_claim_enrolled[k] = at_least_zero([*enrolled, claim])


def membership_terms(model: pyo.ConcreteModel, slots: Iterable[str], values: Sequence[Fraction]) -> list[Terms]:
    """sum over slots and schools of value_s x[s,k]."""
    return [
        (model.x[school.id, k], value)
        for k in slots
        for school, value in zip(model.instance.schools, values, strict=True)
    ]


def coverage(model: pyo.ConcreteModel) -> dict[str, list[Terms]]:
    """The objectives that only count who is in CEP."""
    schools = model.instance.schools
    return {
        STUDENTS: membership_terms(model, model.slots, [school.enrolled for school in schools]),
        SCHOOLS: membership_terms(model, model.slots, [Fraction(1)] * len(schools)),
    }


def claims(model: pyo.ConcreteModel) -> list[Terms]:
    """Gains p of everyone in CEP plus the claims z."""
    gains = model.instance.gains
    terms = membership_terms(model, model.slots, gains) if any(gains) else []
    return terms + [(model.z[k], model.unit) for k in model.claimed_slots]


def set_goal(model: pyo.ConcreteModel, objective: str, objectives: Mapping[str, list[Terms]]) -> None:
    """The objective, and equation (10): every floor on an objective."""
    terms = objectives[objective]
    model.objective = pyo.Objective(
        expr=LinearExpression(
            linear_coefs=[float(value) for _, value in terms], linear_vars=[variable for variable, _ in terms]
        ),
        sense=pyo.maximize,
    )
    floors = dict(model.instance.limits)
    if floors:
        model.eq10_floor = pyo.Constraint(list(floors))
        for name, floor in floors.items():
            pairs = [(variable, value) for variable, value in objectives[name] if value]
            scaled = integer_row([value for _, value in pairs] + [floor])
            body = LinearExpression(linear_coefs=scaled[:-1], linear_vars=[variable for variable, _ in pairs])
            model.eq10_floor[name] = body >= scaled[-1]


def extract_slots(model: pyo.ConcreteModel) -> Grouping:
    """Read the groups from x, integers rounded."""
    ids = [school.id for school in model.instance.schools]
    return Grouping.of([s for s in ids if (model.x[s, k].value or 0) > 0.5] for k in model.slots)


def assign_slots(model: pyo.ConcreteModel, placed: Mapping[str, Iterable[str]]) -> None:
    """Write schools per slot into x and the claims that follow into z."""
    instance: CepInstance = model.instance
    for variable in model.x.values():
        variable.set_value(0, skip_validation=True)
    weight = instance.weight_per_student or Fraction(0)
    placed = {k: list(members) for k, members in placed.items()}
    for k in model.slots:
        members = list(placed.get(k, ()))
        for s in members:
            model.x[s, k].set_value(1, skip_validation=True)
        if k in getattr(model, "claimed_slots", ()):
            schools = [instance.by_id[s] for s in members]
            identified, enrolled = totals(schools)
            claim = weight * min(instance.multiplier * identified, enrolled)
            model.z[k].set_value(float(claim / model.unit), skip_validation=True)
    assign_used(model)


def split_full(instance: CepInstance, grouping: Grouping) -> tuple[list[str], list[str]]:
    """The schools of groups under and at full funding."""
    under: list[str] = []
    full: list[str] = []
    for group in grouping.groups:
        schools = [instance.by_id[s] for s in group]
        identified, enrolled = totals(schools)
        (full if meets(identified, enrolled, instance.full_share) else under).extend(group)
    return under, full


def concerns_full_funding(instance: CepInstance, objective: str) -> bool:
    """Whether the question tells fully funded groups from the rest."""
    return objective == FULL_FUNDING or any(name == FULL_FUNDING for name, _ in instance.limits)


def prices_meals(instance: CepInstance, objective: str) -> bool:
    """Whether the question concerns money at all: the objective or a floor is the reimbursement."""
    return REIMBURSEMENT in (objective, *(name for name, _ in instance.limits))


def refuse_meals(instance: CepInstance, objective: str) -> str | None:
    """Why a formulation that needs proportional meals refuses an instance."""
    if instance.weight_per_student is None and prices_meals(instance, objective):
        return "meals are not proportional to enrolment, so one claim row per group does not price them"
    return None


def refuse_general_meals(instance: CepInstance, _objective: str) -> str | None:
    """The same for a formulation that always writes the claim."""
    if instance.weight_per_student is None:
        return "meals are not proportional to enrolment, so one claim row per group does not price them"
    return None


def hesitates(instance: CepInstance, objective: str) -> str | None:
    """Whether the coefficients of (2), (4) and (5) lie too far apart for engines."""
    rows = (
        [school.enrolled for school in instance.schools],
        [school.identified for school in instance.schools],
        [school.identified - instance.threshold * school.enrolled for school in instance.schools],
    )
    for row in rows:
        sizes = [abs(float(value)) for value in row if value]
        if sizes and max(sizes) > FAR_APART * min(sizes):
            return "the schools' numbers lie too far apart for engines that work in floats"
    step = lattice(instance, objective)
    greatest = sum(map(abs, (*instance.weights, *instance.gains)), Fraction(0))
    if objective == REIMBURSEMENT and step is not None and greatest > FINEST_LATTICE * step:
        return "values lie too close together for engines that work in floats"
    return None


def limit_groups(
    model: pyo.ConcreteModel,
    slots: Sequence[Any],
    members: Sequence[Sequence[Any]],
    sizes: Sequence[int],
    relaxed: bool,
) -> None:
    """Equations (16) to (18): at most ``groups`` slots in use, each by at least ``min_group`` schools.

    Used slots v[k] are binary: x[s,k] <= v[k] (16), sum over k of v[k] <= groups (17), and
    sum over s of x[s,k] >= min_group v[k] (18). Without either rule nothing is added.

    Parameters
    ----------
    members, sizes
        Variables of each slot, and how many schools each of them stands for.
    """
    instance: CepInstance = model.instance
    capped = instance.groups is not None and instance.groups < len(slots)
    if not capped and instance.min_group == 1:
        return
    model.v = pyo.Var(range(len(slots)), domain=pyo.UnitInterval if relaxed else pyo.Binary)
    model.eq16_used = pyo.ConstraintList()
    for k, variables in enumerate(members):
        for variable in variables:
            model.eq16_used.add(variable <= model.v[k])
    if capped:
        model.eq17_groups = pyo.Constraint(expr=sum(model.v.values()) <= instance.groups)
    if instance.min_group > 1:
        model.eq18_size = pyo.Constraint(range(len(slots)))
        for k, variables in enumerate(members):
            model.eq18_size[k] = (
                LinearExpression(linear_coefs=[*sizes, -instance.min_group], linear_vars=[*variables, model.v[k]]) >= 0
            )


def limit_slots(model: pyo.ConcreteModel, relaxed: bool) -> None:
    """``limit_groups`` for the variables x[s,k] of single schools."""
    ids = [school.id for school in model.instance.schools]
    members = [[model.x[s, k] for s in ids] for k in model.slots]
    limit_groups(model, model.slots, members, [1] * len(ids), relaxed)


def assign_used(model: pyo.ConcreteModel) -> None:
    """Write v[k] as x has it."""
    if hasattr(model, "v"):
        used = {k for (_, k), variable in model.x.items() if variable.value}
        names = list(dict.fromkeys(k for _, k in model.x))
        for position, k in enumerate(names):
            model.v[position].set_value(int(k in used), skip_validation=True)
