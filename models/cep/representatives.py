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
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyomo.core as pyo
from fairbound.models.cep import rules
from fairbound.models.cep.instance import CepInstance, Grouping
from fairbound.models.cep.price_curve import LINEAR, Unit, refuses_jumps, units_of
from fairbound.models.core.arrays import Columns, Part, Rows, homogeneous
from fairbound.models.core.problem import Formulation
from fairbound.models.core.whole import Vector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyomo.core import ConcreteModel

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
    model.pairs = {pair: i for i, pair in enumerate(pairs)}
    model.x = Columns(len(pairs), lambda: pairs, lower=0, upper=1, whole=not relaxed)
    model.w = Columns(len(pairs), lambda: pairs, lower=0, upper=1)
    members: dict[int, list[int]] = {t: [] for t in names}
    for s, t in pairs:
        members[t].append(s)
    _add_membership(model, free, members)
    over, claimed = [], []
    for t in names:
        places = [model.pairs[s, t] for s in members[t]]
        lifted = Vector.of([units[s].lifted for s in members[t]])
        enrolled = Vector.of([units[s].enrolled for s in members[t]])
        over.append([(model.x, places, lifted - enrolled * least)])
        claimed.append([(model.x, places, lifted), (model.w, places, -enrolled)])
    model.eq6_threshold = homogeneous(names, over)
    model.eq38_share = homogeneous(names, claimed)
    _add_products(model, min(Fraction(1), least))
    objectives = {}
    for name in LINEAR:
        worth, every = units_of(instance, name), range(len(pairs))
        objectives[name] = [
            (model.x, every, Vector.of([worth[s].fixed for s, _ in pairs])),
            (model.w, every, Vector.of([worth[s].slope for s, _ in pairs])),
        ]
    rules.set_goal(model, objective, objectives)
    return model


def _add_membership(model: ConcreteModel, free: list[int], members: dict[int, list[int]]) -> None:
    """One group a unit (7), which its name belongs to (42), and the rules on groups (17) and (18)."""
    instance: CepInstance = model.instance
    units: Sequence[Unit] = model.units
    number: dict[tuple[int, int], int] = model.pairs
    named = [number[t, t] for t in members]
    places = {s: [number[s, t] for t in members if (s, t) in number] for s in free}
    # Nobody may take such a unit in: an empty sum cannot be 1, and the engine is to say so.
    lost = [row for row, s in enumerate(free) if units[s].must and (not places[s] or units[s].barred)]
    model.unreachable = Columns(1, lambda: [0], lower=0, upper=0)
    held = [[] if row in lost else places[s] for row, s in enumerate(free)]
    model.eq7_one_group = Rows(
        len(free),
        lambda: free,
        [
            Part(model.x, np.repeat(range(len(free)), list(map(len, held))), list(chain.from_iterable(held)), 1),
            Part(model.unreachable, lost, [0] * len(lost), 1),
        ],
        lower=[1.0 if units[s].must else -np.inf for s in free],
        upper=1,
    )
    others = [(s, t) for s, t in number if s != t]
    rows = range(len(others))
    model.eq42_name = Rows(
        len(others),
        lambda: others,
        [
            Part(model.x, rows, [number[pair] for pair in others], 1),
            Part(model.x, rows, [number[t, t] for _, t in others], -1),
        ],
        upper=0,
    )
    if instance.groups is not None:
        model.eq17_groups = Rows(1, lambda: ["all"], [Part(model.x, 0, named, 1)], upper=instance.groups)
    if instance.min_group > 1:
        sizes = [
            Part(model.x, row, [number[s, t] for s in inside], [len(units[s].members) for s in inside])
            for row, (t, inside) in enumerate(members.items())
        ]
        least = Part(model.x, range(len(named)), named, -instance.min_group)
        model.eq18_size = Rows(len(named), lambda: list(members), [*sizes, least], lower=0)


def _add_products(model: ConcreteModel, least: Fraction) -> None:
    """Equations (43) to (46): w is x times the claim share, between the least share and that of the name alone."""
    number: dict[tuple[int, int], int] = model.pairs
    most = {t: claimed_alone(model.units[t]) for _, t in number}

    def rows(pairs: Sequence[tuple[int, int]], *entries: tuple[Columns, bool, Callable[[int], Fraction]]) -> Rows:
        """A row a pair >= 0: columns of the pair, or of its name, with coefficients that the name decides."""
        forms = []
        for s, t in pairs:
            forms.append(
                [(family, [number[t if own else s, t]], Vector.of([value(t)])) for family, own, value in entries]
            )
        return homogeneous(pairs, forms)

    every, others = list(number), [(s, t) for s, t in number if s != t]
    x, w = model.x, model.w
    model.eq43_most = rows(every, (x, False, lambda t: most[t]), (w, False, lambda _: Fraction(-1)))
    model.eq44_least = rows(every, (w, False, lambda _: Fraction(1)), (x, False, lambda _: -least))
    model.eq45_at_most_share = rows(
        others,
        (w, True, lambda _: Fraction(1)),
        (w, False, lambda _: Fraction(-1)),
        (x, True, lambda _: -least),
        (x, False, lambda _: least),
    )
    model.eq46_at_least_share = rows(
        others,
        (w, False, lambda _: Fraction(1)),
        (w, True, lambda _: Fraction(-1)),
        (x, True, lambda t: most[t]),
        (x, False, lambda t: -most[t]),
    )


def extract(model: pyo.ConcreteModel) -> Grouping:
    """Read the groups, integers rounded."""
    groups: dict[int, list[str]] = {}
    for (s, t), value in zip(model.pairs, model.x.read(), strict=True):
        if value > 0.5:
            groups.setdefault(t, []).extend(model.units[s].members)
    return Grouping.of(groups.values())


def assign(model: pyo.ConcreteModel, grouping: Grouping) -> None:
    """Name each group after its first unit, and write its exact claim share."""
    units: Sequence[Unit] = model.units
    home = {member: u for u, unit in enumerate(units) for member in unit.members}
    position = {u: i for i, u in enumerate(model.order)}
    inside, claimed = np.zeros(len(model.x)), np.zeros(len(model.w))
    for group in grouping.groups:
        members = {home[identifier] for identifier in group}
        name = min(members, key=position.__getitem__)
        enrolled = sum((units[u].enrolled for u in members), Fraction(0))
        lifted = sum((units[u].lifted for u in members), Fraction(0))
        share = min(Fraction(1), lifted / enrolled) if enrolled else Fraction(1)
        for u in members:
            if (u, name) in model.pairs:
                inside[model.pairs[u, name]] = 1.0
                claimed[model.pairs[u, name]] = float(share)
    model.x.write(inside)
    model.w.write(claimed)
    model.unreachable.write(np.zeros(1))


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
