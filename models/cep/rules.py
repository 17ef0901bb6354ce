"""What the assignment formulations share: variables x[s,k], the rules of the instance, objectives.

A *slot* k stands for one group: the only group of ``membership``, a level of ``levels``, a number
of ``numbered_groups``. x[s,k] = 1 puts school s into slot k. Equation numbers: ``docs/cep.md``.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.core as pyo
from fairbound.models.cep.evaluate import lattice, meets, totals
from fairbound.models.cep.instance import FULL_FUNDING, REIMBURSEMENT, SCHOOLS, STUDENTS, CepInstance, Cover, Grouping
from fairbound.models.core.arrays import Columns, Goal, Part, Places, Rows, Terms, as_floats, homogeneous, scaled
from fairbound.models.core.whole import Vector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FAR_APART = 1e6
FINEST_LATTICE = 10**8
"""An engine tells neighbours apart among at most so many values; see ``solvers.result.tells_apart``."""
CLAIM_STEPS = 1024
"""The claims of the largest school are about so many units of z."""


def start_model(name: str, instance: CepInstance, slots: Sequence[str], relaxed: bool) -> pyo.ConcreteModel:
    """A model with x[s,k] and the rules on membership, equations (7) to (9).

    ``model.members[k]`` numbers the columns x[., k] in the order of the schools.
    """
    model = pyo.ConcreteModel(name=name)
    model.instance = instance
    model.slots = tuple(slots)
    ids = [school.id for school in instance.schools]
    named = {*instance.forced_out, *instance.forced_in, *(s for group in instance.together for s in group)}
    number = {school: i for i, school in enumerate(ids) if school in named}
    width = len(model.slots)
    place = np.arange(len(ids) * width, dtype=np.intp).reshape(len(ids), width)
    model.members = {k: place[:, position] for position, k in enumerate(model.slots)}
    out = [number[s] for s in instance.forced_out]
    most = np.ones(place.shape)
    # Where everyone must be covered this contradicts (7), for the engine to find.
    most[out] = 0.0  # equation (8)
    model.x = Columns(place.size, lambda: product(ids, model.slots), lower=0, upper=most.ravel(), whole=not relaxed)

    must = np.full(len(ids), instance.cover is Cover.ALL)
    must[[number[s] for s in instance.forced_in]] = True
    rows = np.arange(len(ids)) if width > 1 else np.flatnonzero(must)
    model.eq7_one_slot = Rows(
        len(rows),
        lambda: [ids[i] for i in rows.tolist()],
        [Part(model.x, np.repeat(np.arange(len(rows)), width), place[rows].ravel(), 1)],
        lower=np.where(must[rows], 1.0, -np.inf),
        upper=1,
    )
    pairs = [(number[group[0]], number[s]) for group in instance.together for s in group[1:]]
    count = len(pairs) * width
    first, second = (place[[pair[side] for pair in pairs]].ravel() for side in (0, 1))
    model.eq9_together = Rows(
        count,
        lambda: [(ids[i], ids[j], k) for i, j in pairs for k in model.slots],
        [Part(model.x, range(count), first, 1), Part(model.x, range(count), second, -1)],
        lower=0,
        upper=0,
    )
    return model


def share_terms(model: pyo.ConcreteModel, slot: str, share: Fraction) -> Terms:
    """E - share N of a slot: its row is equation (2) at ``share``."""
    identified, enrolled = model.instance.counts
    return [(model.x, model.members[slot], identified - enrolled * share)]


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
    identified, enrolled = instance.counts
    largest = weight * max(enrolled.max(), instance.multiplier * identified.max())
    while unit * CLAIM_STEPS < largest:
        unit *= 2
    model.unit = unit
    model.claimed_slots = tuple(slots)
    # No claim is larger; with an end for every column, multipliers prove a bound.
    most = weight * enrolled.sum() / unit
    model.z = Columns(len(slots), lambda: model.claimed_slots, lower=0, upper=float(most) * (1 + 1e-9))

    def claimed(counted: Vector) -> Rows:
        return homogeneous(
            model.claimed_slots,
            [
                [(model.x, model.members[k], counted), (model.z, [position], Vector.of([-unit]))]
                for position, k in enumerate(slots)
            ],
        )

    model.eq4_claim_identified = claimed(identified * (instance.multiplier * weight))
    model.eq5_claim_enrolled = claimed(enrolled * weight)


def membership_terms(model: pyo.ConcreteModel, slots: Iterable[str], values: Vector) -> Terms:
    """sum over slots and schools of value_s x[s,k]."""
    return [(model.x, model.members[k], values) for k in slots]


def coverage(model: pyo.ConcreteModel) -> dict[str, Terms]:
    """The objectives that only count who is in CEP."""
    _, enrolled = model.instance.counts
    return {
        STUDENTS: membership_terms(model, model.slots, enrolled),
        SCHOOLS: membership_terms(model, model.slots, Vector.of([1] * len(enrolled))),
    }


def claims(model: pyo.ConcreteModel) -> Terms:
    """Gains p of everyone in CEP plus the claims z."""
    gains = model.instance.gained
    units = Vector.of([model.unit] * len(model.claimed_slots))
    terms = membership_terms(model, model.slots, gains) if gains.any() else []
    return [*terms, (model.z, range(len(model.claimed_slots)), units)]


def set_goal(model: pyo.ConcreteModel, objective: str, objectives: Mapping[str, Terms]) -> None:
    """The objective, and equation (10): every floor on an objective."""
    model.objective = Goal(as_floats(objectives[objective]), sense=pyo.maximize)
    floors = dict(model.instance.limits)
    rows = [scaled(objectives[name], row, Vector.of([floor])) for row, (name, floor) in enumerate(floors.items())]
    model.eq10_floor = Rows(
        len(floors),
        lambda: list(floors),
        [part for parts, _ in rows for part in parts],
        lower=[side for _, side in rows],
    )


def extract_slots(model: pyo.ConcreteModel) -> Grouping:
    """Read the groups from x, integers rounded."""
    inside = model.x.read() > 0.5
    schools = model.instance.schools
    return Grouping.of([schools[i].id for i in np.flatnonzero(inside[model.members[k]])] for k in model.slots)


def assign_slots(model: pyo.ConcreteModel, placed: Mapping[str, Iterable[str]]) -> None:
    """Write schools per slot into x and the claims that follow into z."""
    instance: CepInstance = model.instance
    number = {school.id: i for i, school in enumerate(instance.schools)}
    weight = instance.weight_per_student or Fraction(0)
    placed = {k: list(members) for k, members in placed.items()}
    inside = np.zeros(len(model.x))
    for k, members in placed.items():
        inside[model.members[k][[number[s] for s in members]]] = 1.0
    model.x.write(inside)
    if hasattr(model, "claimed_slots"):
        claimed = []
        for k in model.claimed_slots:
            identified, enrolled = totals(instance.by_id[s] for s in placed.get(k, ()))
            claimed.append(float(weight * min(instance.multiplier * identified, enrolled) / model.unit))
        model.z.write(np.array(claimed))
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
    identified, enrolled = instance.counts
    if max(row.span() for row in (enrolled, identified, identified - enrolled * instance.threshold)) > FAR_APART:
        return "the schools' numbers lie too far apart for engines that work in floats"
    step = lattice(instance, objective)
    greatest = sum((abs(row).sum() for row in (instance.claimed[0], instance.gained)), Fraction(0))
    if objective == REIMBURSEMENT and step is not None and greatest > FINEST_LATTICE * step:
        return "values lie too close together for engines that work in floats"
    return None


def limit_groups(
    model: pyo.ConcreteModel, members: Sequence[Places], sizes: Sequence[int], relaxed: bool, keys: Sequence[Any]
) -> None:
    """Equations (16) to (18): at most ``groups`` slots in use, each by at least ``min_group`` schools.

    Used slots v[k] are binary: x[s,k] <= v[k] (16), sum over k of v[k] <= groups (17), and
    sum over s of x[s,k] >= min_group v[k] (18). Without either rule nothing is added.

    Parameters
    ----------
    members, sizes
        Columns of x in each slot, and how many schools each of them stands for.
    keys
        Who the columns of a slot are, for the names of the rows (16).
    """
    instance: CepInstance = model.instance
    count, width = len(members), len(keys)
    capped = instance.groups is not None and instance.groups < count
    if not capped and instance.min_group == 1:
        return
    slots = range(count)
    model.used_by = members
    model.v = Columns(count, lambda: slots, lower=0, upper=1, whole=not relaxed)
    every = np.concatenate([np.asarray(places) for places in members])
    model.eq16_used = Rows(
        len(every),
        lambda: product(slots, keys),
        [Part(model.x, range(len(every)), every, 1), Part(model.v, range(len(every)), np.repeat(slots, width), -1)],
        upper=0,
    )
    if capped:
        most = float(instance.groups or 0)
        model.eq17_groups = Rows(1, lambda: ["all"], [Part(model.v, 0, slots, 1)], upper=most)
    if instance.min_group > 1:
        counted = [Part(model.x, k, places, sizes) for k, places in enumerate(members)]
        model.eq18_size = Rows(
            count, lambda: slots, [*counted, Part(model.v, slots, slots, -instance.min_group)], lower=0
        )


def limit_slots(model: pyo.ConcreteModel, relaxed: bool) -> None:
    """``limit_groups`` for the variables x[s,k] of single schools."""
    ids = [school.id for school in model.instance.schools]
    limit_groups(model, [model.members[k] for k in model.slots], [1] * len(ids), relaxed, ids)


def assign_used(model: pyo.ConcreteModel) -> None:
    """Write v[k] as x has it."""
    if hasattr(model, "v"):
        inside = model.x.read()
        model.v.write(np.array([float(inside[places].any()) for places in model.used_by]))
