"""What the zoning formulations share: variables x[i,j], the rules of the city, objectives.

x[i,j] = 1 assigns unit i to school j. Pairs that no feasible zoning uses have no variable
(``reductions``). Equation numbers: ``docs/blocks.md``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo
from fairbound.models.blocks.evaluate import (
    deviation_weights,
    group_scale,
    has_incomes,
    income_weights,
    lattice,
    rest_weights,
)
from fairbound.models.blocks.instance import (
    DISSIMILARITY,
    INCOME,
    MAX_SHARE,
    REZONED,
    TRAVEL,
    TVD,
    ZoneInstance,
    Zoning,
)
from fairbound.models.blocks.reductions import fixed_options, rule_options
from fairbound.models.core.exact import common_measure, integer_row
from fairbound.models.core.expressions import weighted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COEFFICIENT_LIMIT = 1024
"""Rows of deviations are divided by a power of two until no coefficient is larger."""


def start_model(name: str, instance: ZoneInstance, relaxed: bool, fixing: bool = True) -> pyo.ConcreteModel:
    """A model with x[i,j] and every rule but contiguity: equations (7) to (11)."""
    model = pyo.ConcreteModel(name=name)
    model.instance = instance
    options = fixed_options(instance) if fixing else rule_options(instance)
    model.options = options
    names = [school.id for school in instance.schools]
    model.pairs = [(i, j) for i, schools in enumerate(options) for j in sorted(schools)]
    model.x = pyo.Var(
        [(instance.units[i].id, names[j]) for i, j in model.pairs], domain=pyo.UnitInterval if relaxed else pyo.Binary
    )
    model.columns = {(i, j): model.x[instance.units[i].id, names[j]] for i, j in model.pairs}
    model.zone_units = [[i for i, schools in enumerate(options) if j in schools] for j in range(len(names))]

    model.eq7_one_school = pyo.Constraint([unit.id for unit in instance.units])
    for i, unit in enumerate(instance.units):
        variables = [model.columns[i, j] for j in sorted(options[i])]
        if not variables:
            # No school is left to this unit: an empty sum cannot be 1, and the engine is to say so.
            variables = [_zero(model, "unreachable")]
        model.eq7_one_school[unit.id] = weighted([(v, 1.0) for v in variables]) == 1
    _add_seats(model)
    model.eq12a_together = pyo.ConstraintList()
    for ids in instance.together:
        members = [instance.unit_index[i] for i in ids]
        for other in members[1:]:
            for j in sorted(options[other]):
                model.eq12a_together.add(model.columns[members[0], j] == model.columns[other, j])
    return model


def _zero(model: pyo.ConcreteModel, name: str) -> Any:
    """A variable that is 0, for rows that no solution keeps."""
    if not hasattr(model, name):
        model.add_component(name, pyo.Var(bounds=(0, 0)))
    return getattr(model, name)


def _add_seats(model: pyo.ConcreteModel) -> None:
    """Equation (8): L_j <= students of zone j <= U_j."""
    instance: ZoneInstance = model.instance
    model.eq8_least = pyo.Constraint([school.id for school in instance.schools])
    model.eq8_most = pyo.Constraint([school.id for school in instance.schools])
    for j, school in enumerate(instance.schools):
        least, most = instance.seat_range(school)
        terms = [(model.columns[i, j], float(instance.units[i].students)) for i in model.zone_units[j]]
        terms = [(variable, value) for variable, value in terms if value]
        if terms:
            model.eq8_least[school.id] = weighted(terms) >= least
            model.eq8_most[school.id] = weighted(terms) <= most
        elif least > 0:
            model.eq8_least[school.id] = weighted([(_zero(model, "empty_school"), 1.0)]) >= least


def neighbour_rows(model: pyo.ConcreteModel) -> None:
    """Equation (13): a unit of a zone has a neighbour in it. A relaxation of contiguity."""
    instance: ZoneInstance = model.instance
    model.eq13_neighbour = pyo.ConstraintList()
    for j, units in enumerate(model.zone_units):
        for i in units:
            if i != instance.roots[j]:
                near = [u for u in instance.neighbours[i] if (u, j) in model.columns]
                at_most_sum(model, model.eq13_neighbour, i, near, j)


def at_most_sum(model: pyo.ConcreteModel, rows: Any, unit: int, others: Iterable[int], school: int) -> None:
    """The row x[i,j] <= sum of x[u,j] over the others; nothing to add for a unit without a choice."""
    terms = [(model.columns[unit, school], 1.0)] + [(model.columns[u, school], -1.0) for u in others]
    rows.add(weighted(terms) <= 0)


class Goals:
    """The objectives as linear terms; deviations get their variables and rows when first asked for."""

    def __init__(self, model: pyo.ConcreteModel) -> None:
        self.model = model
        self.city: ZoneInstance = model.instance

    def terms(self, objective: str) -> tuple[list[tuple[Any, float]], Fraction]:
        """Terms of an objective, and the value of one unit of their sum."""
        instance = self.city
        if objective == DISSIMILARITY:
            return self._deviations(
                "eq1", [deviation_weights(instance, instance.group_position)], group_scale(instance)
            )
        if objective == TVD:
            columns = [deviation_weights(instance, g) for g in range(len(instance.group_names))]
            rest = rest_weights(instance)
            columns += [rest] if any(rest) else []
            return self._deviations("eq2", columns, Fraction(1, (instance.students or 1) ** 2))
        if objective == INCOME:
            weights = income_weights(instance)
            measure = common_measure(weights) or Fraction(1)
            integers = [int(weight / measure) for weight in weights]
            return self._deviations("eq3", [integers], 2 * measure / (instance.students or 1))
        unit = lattice(instance, objective)
        assert unit is not None
        costs = {pair: self._cost(objective, *pair) / unit for pair in self.model.pairs}
        return [(self.model.columns[pair], float(cost)) for pair, cost in costs.items() if cost], unit

    def _cost(self, objective: str, i: int, j: int) -> Fraction:
        students = self.city.units[i].students
        if objective == TRAVEL:
            return students * self.city.travel[i][j]
        assert objective == REZONED
        return Fraction(students if j != self.city.today[i] else 0)

    def _deviations(
        self, name: str, columns: Sequence[Sequence[int]], scale: Fraction
    ) -> tuple[list[tuple[Any, float]], Fraction]:
        """p[g,j] >= sum of w x[.,j], p >= 0: as deviations sum to 0 over the zones, sum |.| = 2 sum p."""
        model, largest = self.model, max((abs(w) for weights in columns for w in weights), default=0)
        step = 1
        while largest > COEFFICIENT_LIMIT * step:
            step *= 2  # dividing an integer by a power of two is exact in a float
        if not hasattr(model, f"{name}_above"):
            index = [(g, school.id) for g in range(len(columns)) for school in self.city.schools]
            # No zone is farther above; with an end for every column, multipliers prove a bound.
            most = [sum(max(w, 0) for w in weights) / step * (1 + 1e-9) for weights in columns]
            above = pyo.Var(index, bounds=lambda _model, g, _school: (0, most[g]))
            rows = pyo.Constraint(index)
            model.add_component(f"{name}_above", above)
            model.add_component(f"{name}_deviation", rows)
            model.deviations = [*getattr(model, "deviations", []), (above, columns, step)]
            for g, weights in enumerate(columns):
                for j, school in enumerate(self.city.schools):
                    terms = [(model.columns[i, j], weights[i] / step) for i in model.zone_units[j] if weights[i]]
                    rows[g, school.id] = weighted([*terms, (above[g, school.id], -1.0)]) <= 0
        variables = getattr(model, f"{name}_above")
        return [(variable, 1.0) for variable in variables.values()], step * scale


def set_goal(model: pyo.ConcreteModel, objective: str, share_level: Fraction | None = None) -> None:
    """The objective with its unit, and the rules that limit objectives: equations (10), (11), ceilings.

    Parameters
    ----------
    share_level
        For ``max_share_deviation``, which is a ratio: the level delta at which equation (14) is
        minimised.
    """
    instance: ZoneInstance = model.instance
    goals = Goals(model)
    if objective == MAX_SHARE:
        terms, unit = _share_excess(model, share_level or Fraction(0))
    else:
        terms, unit = goals.terms(objective)
    if not terms:
        # Every feasible zoning has the value 0.
        model.nothing = pyo.Var(bounds=(0, 0))
        terms = [(model.nothing, 1.0)]
    model.objective_unit = unit or Fraction(1)
    model.objective = pyo.Objective(expr=weighted(terms), sense=pyo.minimize)

    limits = dict(instance.limits)
    if instance.rezoned_share is not None:
        most = instance.rezoned_share * instance.students
        limits[REZONED] = min(limits.get(REZONED, most), most)
    if instance.share_deviation is not None:
        limits[MAX_SHARE] = min(limits.get(MAX_SHARE, instance.share_deviation), instance.share_deviation)
    if MAX_SHARE in limits:
        share_rows(model, limits.pop(MAX_SHARE))
    model.eq12c_ceiling = pyo.Constraint(list(limits))
    for name, limit in limits.items():
        terms, unit = goals.terms(name)
        step = lattice(instance, name)
        assert step is not None
        if terms and unit:
            # Half a lattice step of slack: the same zonings, and no engine trips over a rounded tie.
            most = (limit // step) * step + step / 2
            model.eq12c_ceiling[name] = weighted(terms) <= float(most / unit)


def share_rows(model: pyo.ConcreteModel, level: Fraction) -> None:
    """Equation (10): |S a(j) - A s(j)| <= delta S s(j), two integer rows a zone."""
    instance: ZoneInstance = model.instance
    weights = deviation_weights(instance, instance.group_position)
    model.eq10_share = pyo.ConstraintList()
    for j, units in enumerate(model.zone_units):
        for sign in (1, -1):
            values = [sign * weights[i] - level * instance.students * instance.units[i].students for i in units]
            pairs = [(model.columns[i, j], value) for i, value in zip(units, values, strict=True) if value]
            if pairs:
                row = integer_row([value for _, value in pairs])
                model.eq10_share.add(weighted(zip([variable for variable, _ in pairs], row, strict=True)) <= 0)


def _share_excess(model: pyo.ConcreteModel, level: Fraction) -> tuple[list[tuple[Any, float]], Fraction]:
    """Equation (14): t >= +-(S a(j) - A s(j)) - delta S s(j) over zones with students; 0 at the best delta.

    A zone that may be without students gets a binary e(j), equation (14a): s(j) <= U_j (1 - e(j)), and its
    rows do not count where e(j) = 1.
    """
    instance: ZoneInstance = model.instance
    weights = deviation_weights(instance, instance.group_position)
    step = 1
    while max(map(abs, weights), default=0) > COEFFICIENT_LIMIT * step:
        step *= 2
    model.excess = pyo.Var(domain=pyo.Reals)
    model.eq14_excess = pyo.ConstraintList()
    open_zones = [
        j for j, school in enumerate(instance.schools) if not instance.seat_range(school)[0] and instance.students
    ]
    model.without = pyo.Var(open_zones, domain=pyo.Binary)
    model.eq14a_without = pyo.ConstraintList()
    # No zone's excess is lower than this: with e(j) = 1 its rows say nothing.
    lowest = level * instance.students * max((instance.seat_range(school)[1] for school in instance.schools), default=0)
    for j in open_zones:
        most = min(instance.seat_range(instance.schools[j])[1], instance.students)
        counted = [(model.columns[i, j], float(instance.units[i].students)) for i in model.zone_units[j]]
        counted = [(variable, value) for variable, value in counted if value]
        model.eq14a_without.add(weighted([*counted, (model.without[j], float(most))]) <= most)
    for j, units in enumerate(model.zone_units):
        skipped = [(model.without[j], -float(lowest / step))] if j in model.without and lowest else []
        for sign in (1, -1):
            terms = [
                (
                    model.columns[i, j],
                    float((sign * weights[i] - level * instance.students * instance.units[i].students) / step),
                )
                for i in units
            ]
            model.eq14_excess.add(weighted([(v, a) for v, a in terms if a] + [*skipped, (model.excess, -1.0)]) <= 0)
    model.share_level, model.share_step = level, step
    return [(model.excess, 1.0)], Fraction(step)


def extract(model: pyo.ConcreteModel) -> Zoning:
    """Read every unit's school from x: the one with the largest value."""
    instance: ZoneInstance = model.instance
    homes = list(instance.today)
    best = [-1.0] * len(homes)
    for i, j in model.pairs:
        value = model.columns[i, j].value or 0.0
        if value > best[i]:
            homes[i], best[i] = j, value
    return Zoning.of(instance, homes)


def assign(model: pyo.ConcreteModel, zoning: Zoning) -> None:
    """Write a zoning into x, and the deviations that follow."""
    instance: ZoneInstance = model.instance
    homes = zoning.indices(instance)
    for i, j in model.pairs:
        model.columns[i, j].set_value(int(homes[i] == j), skip_validation=True)
    for above, columns, step in getattr(model, "deviations", []):
        for g, weights in enumerate(columns):
            for j, school in enumerate(instance.schools):
                total = sum(weights[i] for i, home in enumerate(homes) if home == j)
                above[g, school.id].set_value(max(0.0, total / step), skip_validation=True)
    for name in ("unreachable", "empty_school", "nothing"):
        if hasattr(model, name):
            getattr(model, name).set_value(0, skip_validation=True)
    if hasattr(model, "excess"):
        for j, variable in model.without.items():
            variable.set_value(int(not any(instance.units[i].students for i, home in enumerate(homes) if home == j)))
        model.excess.set_value(
            float(excess(instance, homes, model.share_level) / model.share_step), skip_validation=True
        )


def zone_trees(instance: ZoneInstance, zoning: Zoning) -> list[dict[int, int]]:
    """A breadth-first tree of every zone from its school: the parent of each unit that is reached, nearest first."""
    homes = zoning.indices(instance)
    trees = []
    for j, root in enumerate(instance.roots):
        parent: dict[int, int] = {}
        order = [root]
        for u in order:
            new = [v for v in instance.neighbours[u] if homes[v] == j and v != root and v not in parent]
            parent |= dict.fromkeys(new, u)
            order += new
        trees.append(parent)
    return trees


def excess(instance: ZoneInstance, homes: Sequence[int], level: Fraction) -> Fraction:
    """max over zones with students of |S a(j) - A s(j)| - delta S s(j), the value of equation (14)."""
    weights = deviation_weights(instance, instance.group_position)
    gaps, students = [0] * len(instance.schools), [0] * len(instance.schools)
    for i, home in enumerate(homes):
        gaps[home] += weights[i]
        students[home] += instance.units[i].students
    counted = zip(gaps, students, strict=True)
    return max((abs(gap) - level * instance.students * count for gap, count in counted if count), default=Fraction(0))


def excess_lattice(instance: ZoneInstance, level: Fraction) -> Fraction:
    """A rational of which every value of equation (14) is a multiple."""
    weights = deviation_weights(instance, instance.group_position)
    counts = (level * instance.students * unit.students for unit in instance.units)
    return common_measure([*map(Fraction, weights), *counts]) or Fraction(1)


def refuses(instance: ZoneInstance, objective: str) -> str | None:
    """Why one linear model cannot state the question, or ``None``."""
    if objective == MAX_SHARE:
        return "a largest share is a ratio; share_levels solves it by a sequence of linear models"
    return refuse_income(instance, objective)


def refuse_income(instance: ZoneInstance, objective: str) -> str | None:
    """Refuse a question about incomes that are not there."""
    if INCOME in (objective, *(name for name, _ in instance.limits)) and not has_incomes(instance):
        return "a unit with students has no income"
    return None
