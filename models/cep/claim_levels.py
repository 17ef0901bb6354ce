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
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pyomo.core as pyo
from fairbound.models.cep import rules
from fairbound.models.cep.instance import CepInstance, Grouping
from fairbound.models.cep.price_curve import level_range, refuses_jumps, units_of
from fairbound.models.core.arrays import Columns, Goal, Part, Rows
from fairbound.models.core.problem import Formulation, Scope
from fairbound.models.core.whole import Vector

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
    count, width = len(free), len(slots)
    model.free = free
    model.place = place = np.arange(count * width).reshape(count, width)
    must, barred = (np.array([getattr(units[u], name) for u in free], dtype=bool) for name in ("must", "barred"))
    # Forced out and to be covered: let the engine say that this cannot be. (26) keeps a relaxation's x at most 1.
    most = np.repeat(np.where(barred, 0.0, np.inf if relaxed else 1.0), width)
    model.x = Columns(place.size, lambda: product(free, slots), lower=0, upper=most, whole=not relaxed)
    model.eq26_unit = Rows(
        count,
        lambda: free,
        [Part(model.x, np.repeat(range(count), width), place.ravel(), 1)],
        lower=np.where(must, 1.0, -np.inf),
        upper=1,
    )
    lifted, enrolled = (Vector.of([getattr(units[u], name) for u in free]) for name in ("lifted", "enrolled"))
    over = [(lifted - enrolled * level).floats() for level in model.levels]
    model.eq27_level = Rows(
        width, lambda: slots, [Part(model.x, k, place[:, k], values) for k, values in enumerate(over)], lower=0
    )
    rules.limit_groups(model, [place[:, k] for k in slots], [len(units[u].members) for u in free], relaxed, free)
    model.objective = Goal(_worth(model, objective), sense=pyo.maximize)
    floors = dict(instance.limits)
    parts = [part for row, name in enumerate(floors) for part in _worth(model, name, row)]
    model.eq10_floor = Rows(len(floors), lambda: list(floors), parts, lower=[float(floor) for floor in floors.values()])
    return model


def _worth(model: pyo.ConcreteModel, objective: str, row: int = 0) -> list[Part]:
    """What each unit adds at each level."""
    units = units_of(model.instance, objective)
    fixed, slope = (Vector.of([getattr(units[u], name) for u in model.free]) for name in ("fixed", "slope"))
    shares = [min(level, Fraction(1)) for level in model.levels]
    return [Part(model.x, row, model.place[:, k], (fixed + slope * share).floats()) for k, share in enumerate(shares)]


def extract(model: pyo.ConcreteModel) -> Grouping:
    """Read the groups, one a level, integers rounded."""
    groups: list[list[str]] = [[] for _ in model.levels]
    for row, k in np.argwhere(model.x.read()[model.place] > 0.5):
        groups[k].extend(model.units[model.free[row]].members)
    return Grouping.of(groups)


def assign(model: pyo.ConcreteModel, grouping: Grouping) -> None:
    """Put each group at the highest level that it reaches."""
    home = {member: u for u, unit in enumerate(model.units) for member in unit.members}
    inside, row = np.zeros(len(model.x)), {u: i for i, u in enumerate(model.free)}
    for group in grouping.groups:
        members = {home[identifier] for identifier in group}
        enrolled = sum((model.units[u].enrolled for u in members), Fraction(0))
        lifted = sum((model.units[u].lifted for u in members), Fraction(0))
        reached = max((k for k, level in enumerate(model.levels) if lifted >= level * enrolled), default=0)
        for u in members:
            if u in row:
                inside[model.place[row[u], reached]] = 1.0
    model.x.write(inside)
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
