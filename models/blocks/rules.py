"""What the zoning formulations share: variables x[i,j], the rules of the city, objectives.

x[i,j] = 1 assigns unit i to school j. Pairs that no feasible zoning uses have no variable
(``reductions``). Equation numbers: ``docs/blocks.md``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.core as pyo
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
from fairbound.models.core.arrays import Columns, Entries, Goal, Part, Places, Rows, Terms, as_floats, homogeneous
from fairbound.models.core.exact import common_measure
from fairbound.models.core.whole import Vector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

COEFFICIENT_LIMIT = 1024
"""Rows of deviations are divided by a power of two until no coefficient is larger."""


def start_model(name: str, instance: ZoneInstance, relaxed: bool, fixing: bool = True) -> pyo.ConcreteModel:
    """A model with x[i,j] and every rule but contiguity: equations (7) to (11).

    Its plain attributes: ``pair_units`` and ``pair_schools`` say who the columns of x are, unit by unit;
    ``number[i, j]`` is the column of a pair, -1 where there is none; ``zone_units[j]`` are the units that may attend j.
    """
    model = pyo.ConcreteModel(name=name)
    model.instance = instance
    options = fixed_options(instance) if fixing else rule_options(instance)
    model.options = options
    sizes = np.array([len(schools) for schools in options])
    model.pair_units = units = np.repeat(np.arange(len(options)), sizes)
    model.pair_schools = schools = np.array([j for few in options for j in sorted(few)], dtype=np.intp)
    model.number = np.full((len(options), len(instance.schools)), -1, dtype=np.intp)
    model.number[units, schools] = np.arange(len(units))
    model.zone_units = [np.flatnonzero(column >= 0).tolist() for column in model.number.T]
    model.students = np.array([unit.students for unit in instance.units])
    model.x = Columns(len(units), lambda: _pair_names(model), lower=0, upper=1, whole=not relaxed)
    # For rows that no solution keeps: an empty sum cannot be 1, and the engine is to say so.
    model.never = Columns(1, lambda: [0], lower=0, upper=0)

    lost = np.flatnonzero(sizes == 0)
    model.eq7_one_school = Rows(
        len(options),
        lambda: [unit.id for unit in instance.units],
        [Part(model.x, units, range(len(units)), 1), Part(model.never, lost, [0] * len(lost), 1)],
        lower=1,
        upper=1,
    )
    _add_seats(model)
    _add_together(model)
    return model


def _pair_names(model: pyo.ConcreteModel) -> Iterable[tuple[str, str]]:
    instance: ZoneInstance = model.instance
    units, schools = [unit.id for unit in instance.units], [school.id for school in instance.schools]
    return ((units[i], schools[j]) for i, j in pairs(model))


def pairs(model: pyo.ConcreteModel) -> list[tuple[int, int]]:
    """(i, j) of each column of x, unit by unit."""
    return list(zip(model.pair_units.tolist(), model.pair_schools.tolist(), strict=True))


def variables(model: pyo.ConcreteModel) -> dict[tuple[int, int], Any]:
    """Pyomo's variables x[i,j], by unit and school: for rows that are written as expressions."""
    return dict(zip(pairs(model), model.x.values(), strict=True))


def _add_seats(model: pyo.ConcreteModel) -> None:
    """Equation (8): L_j <= students of zone j <= U_j."""
    instance: ZoneInstance = model.instance
    counts = model.students[model.pair_units]
    filled = np.flatnonzero(counts)
    entries = Part(model.x, model.pair_schools[filled], filled, counts[filled])
    ends = np.array([instance.seat_range(school) for school in instance.schools], dtype=float)
    some = np.zeros(len(ends), dtype=bool)
    some[model.pair_schools[filled]] = True
    empty = np.flatnonzero(~some & (ends[:, 0] > 0))  # nobody can come, and somebody must
    names = [school.id for school in instance.schools]
    model.eq8_least = Rows(
        len(names), lambda: names, [entries, Part(model.never, empty, [0] * len(empty), 1)],
        lower=np.where(some | (ends[:, 0] > 0), ends[:, 0], 0),
    )  # fmt: skip
    model.eq8_most = Rows(len(names), lambda: names, [entries], upper=np.where(some, ends[:, 1], 0))


def _add_together(model: pyo.ConcreteModel) -> None:
    """Equation (12a): units that are kept together have one school."""
    instance: ZoneInstance = model.instance
    keys, first, other = [], [], []
    for ids in instance.together:
        members = [instance.unit_index[i] for i in ids]
        for member in members[1:]:
            schools = sorted(model.options[member])
            keys += [(instance.units[member].id, instance.schools[j].id) for j in schools]
            first += model.number[members[0], schools].tolist()
            other += model.number[member, schools].tolist()
    rows = range(len(keys))
    names = list(enumerate(keys))  # a unit may be named twice
    model.eq12a_together = Rows(
        len(keys), lambda: names, [Part(model.x, rows, first, 1), Part(model.x, rows, other, -1)], lower=0, upper=0
    )


def neighbour_rows(model: pyo.ConcreteModel) -> None:
    """Equation (13): a unit of a zone has a neighbour in it. A relaxation of contiguity."""
    model.eq13_neighbour = at_most_neighbours(model)


def edges(instance: ZoneInstance) -> tuple[Places, Places]:
    """Both units of every edge, in both directions."""
    start = np.repeat(np.arange(len(instance.units)), [len(near) for near in instance.neighbours])
    return start, np.array([u for near in instance.neighbours for u in near], dtype=np.intp)


def travel(instance: ZoneInstance) -> Vector:
    """Travel of every unit to every school, unit by unit."""
    whole, steps = instance.whole_travel
    return Vector.of([length for row in whole for length in row]) * Fraction(1, steps)


def guests(model: pyo.ConcreteModel) -> tuple[Places, Places, Places]:
    """Units and schools of all pairs but the schools' own units, school by school; and the number of each pair there.

    The numbers have the shape (units, schools), and are -1 elsewhere.
    """
    number: Places = model.number
    inside = number.T >= 0
    inside[np.arange(len(inside)), list(model.instance.roots)] = False
    schools, units = np.nonzero(inside)
    row = np.full(number.shape, -1, dtype=np.intp)
    row[units, schools] = np.arange(len(units))
    return units, schools, row


def guest_names(model: pyo.ConcreteModel) -> list[tuple[str, str]]:
    """The ids of ``guests``."""
    instance: ZoneInstance = model.instance
    units, schools, _ = guests(model)
    return [
        (instance.units[i].id, instance.schools[j].id) for i, j in zip(units.tolist(), schools.tolist(), strict=True)
    ]


def at_most_neighbours(
    model: pyo.ConcreteModel, chosen: Callable[[int], np.typing.NDArray[np.bool_]] | None = None
) -> Rows:
    """Rows x[i,j] <= sum of x[u,j] over neighbours u of i, for all but the school's own unit.

    Parameters
    ----------
    chosen
        Which of ``edges`` the rows of a school have; all by default.
    """
    start, end = edges(model.instance)
    units, schools, row = guests(model)
    parts = [Part(model.x, range(len(units)), model.number[units, schools], 1)]
    for j, number in enumerate(model.number.T):
        kept = (row[start, j] >= 0) & (number[end] >= 0)
        if chosen is not None:
            kept &= chosen(j)
        parts.append(Part(model.x, row[start[kept], j], number[end[kept]], -1))
    return Rows(len(units), lambda: guest_names(model), parts, upper=0)


def at_most_sums(model: pyo.ConcreteModel, rows: Iterable[tuple[int, int, Iterable[int]]]) -> Rows:
    """Rows x[i,j] <= sum of x[u,j] over others: units, schools, others; in the order given."""
    entries = Entries()
    for row, (unit, school, cut) in enumerate(rows, start=1):
        others = [(model.x, model.number[u, school], -1) for u in cut]
        entries.add(row, [(model.x, model.number[unit, school], 1), *others])
    return entries.rows(upper=0)


class Goals:
    """The objectives as linear terms; deviations get their variables and rows when first asked for."""

    def __init__(self, model: pyo.ConcreteModel) -> None:
        self.model = model
        self.city: ZoneInstance = model.instance

    def terms(self, objective: str) -> tuple[Terms, Fraction]:
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
        costs = self._costs(objective) * (1 / unit)
        return ([(self.model.x, range(len(costs)), costs)] if costs.any() else []), unit

    def _costs(self, objective: str) -> Vector:
        """What each pair costs."""
        model, instance = self.model, self.city
        students = model.students[model.pair_units]
        if objective == TRAVEL:
            return travel(instance)[model.pair_units * len(instance.schools) + model.pair_schools].times(students)
        assert objective == REZONED
        return Vector(np.where(np.array(instance.today)[model.pair_units] != model.pair_schools, students, 0))

    def _deviations(self, name: str, columns: Sequence[Sequence[int]], scale: Fraction) -> tuple[Terms, Fraction]:
        """p[g,j] >= sum of w x[.,j], p >= 0: as deviations sum to 0 over the zones, sum |.| = 2 sum p."""
        model, largest = self.model, max((abs(w) for weights in columns for w in weights), default=0)
        step = 1
        while largest > COEFFICIENT_LIMIT * step:
            step *= 2  # dividing an integer by a power of two is exact in a float
        width = len(self.city.schools)
        count = len(columns) * width
        if not hasattr(model, f"{name}_above"):
            keys = [(g, school.id) for g in range(len(columns)) for school in self.city.schools]
            # No zone is farther above; with an end for every column, multipliers prove a bound.
            most = [sum(max(w, 0) for w in weights) / step * (1 + 1e-9) for weights in columns]
            above = Columns(count, lambda: keys, lower=0, upper=np.repeat(most, width))
            parts = [Part(above, range(count), range(count), -1)]
            every = np.arange(len(model.x))
            for g, weights in enumerate(columns):
                values = (Vector.of(weights) * Fraction(1, step)).floats()[model.pair_units]
                parts.append(Part(model.x, g * width + model.pair_schools, every, values))
            model.add_component(f"{name}_above", above)
            model.add_component(f"{name}_deviation", Rows(count, lambda: keys, parts, upper=0))
            model.deviations = [*getattr(model, "deviations", []), (above, columns, step)]
        above = getattr(model, f"{name}_above")
        return ([(above, range(count), Vector.of([1] * count))] if count else []), step * scale


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
        terms = [(model.never, [0], Vector.of([1]))]
    model.objective_unit = unit or Fraction(1)
    model.objective = Goal(as_floats(terms))

    limits = dict(instance.limits)
    if instance.rezoned_share is not None:
        most = instance.rezoned_share * instance.students
        limits[REZONED] = min(limits.get(REZONED, most), most)
    if instance.share_deviation is not None:
        limits[MAX_SHARE] = min(limits.get(MAX_SHARE, instance.share_deviation), instance.share_deviation)
    if MAX_SHARE in limits:
        share_rows(model, limits.pop(MAX_SHARE))
    names: list[str] = []
    parts: list[Part] = []
    ends: list[float] = []
    for name, limit in limits.items():
        terms, unit = goals.terms(name)
        step = lattice(instance, name)
        assert step is not None
        if terms and unit:
            # Half a lattice step of slack: the same zonings, and no engine trips over a rounded tie.
            most = (limit // step) * step + step / 2
            parts += as_floats(terms, len(names))
            names.append(name)
            ends.append(float(most / unit))
    model.eq12c_ceiling = Rows(len(names), lambda: names, parts, upper=ends)


def share_rows(model: pyo.ConcreteModel, level: Fraction) -> None:
    """Equation (10): |S a(j) - A s(j)| <= delta S s(j), two integer rows a zone."""
    instance: ZoneInstance = model.instance
    weights = Vector.of(deviation_weights(instance, instance.group_position))
    allowed = Vector(model.students) * (level * instance.students)
    keys: list[tuple[str, int]] = []
    forms: list[Terms] = []
    for j, units in enumerate(model.zone_units):
        for sign in (1, -1):
            values = (allowed - weights * sign)[units]
            if values.any():
                keys.append((instance.schools[j].id, sign))
                forms.append([(model.x, model.number[units, j], values)])
    model.eq10_share = homogeneous(keys, forms)


def _share_excess(model: pyo.ConcreteModel, level: Fraction) -> tuple[Terms, Fraction]:
    """Equation (14): t >= +-(S a(j) - A s(j)) - delta S s(j) over zones with students; 0 at the best delta.

    A zone that may be without students gets a binary e(j), equation (14a): s(j) <= U_j (1 - e(j)), and its
    rows do not count where e(j) = 1.
    """
    instance: ZoneInstance = model.instance
    weights = deviation_weights(instance, instance.group_position)
    step = 1
    while max(map(abs, weights), default=0) > COEFFICIENT_LIMIT * step:
        step *= 2
    names = [school.id for school in instance.schools]
    model.excess = Columns(1, lambda: [0])
    model.open_zones = open_zones = [
        j for j, school in enumerate(instance.schools) if not instance.seat_range(school)[0] and instance.students
    ]
    model.without = Columns(len(open_zones), lambda: [names[j] for j in open_zones], lower=0, upper=1, whole=True)
    # No zone's excess is lower than this: with e(j) = 1 its rows say nothing.
    lowest = level * instance.students * max((instance.seat_range(school)[1] for school in instance.schools), default=0)
    parts, ends = [], []
    for row, j in enumerate(open_zones):
        units = model.zone_units[j]
        most = min(instance.seat_range(instance.schools[j])[1], instance.students)
        parts += [
            Part(model.x, row, model.number[units, j], model.students[units]),
            Part(model.without, row, [row], most),
        ]
        ends.append(most)
    model.eq14a_without = Rows(len(open_zones), lambda: [names[j] for j in open_zones], parts, upper=ends)
    gaps, counted = Vector.of(weights), Vector(model.students) * (level * instance.students)
    parts = []
    for j, units in enumerate(model.zone_units):
        for side, sign in enumerate((1, -1)):
            row = 2 * j + side
            values = ((gaps * sign - counted)[units] * Fraction(1, step)).floats()
            parts += [Part(model.x, row, model.number[units, j], values), Part(model.excess, row, [0], -1)]
            if j in open_zones:
                parts.append(Part(model.without, row, [open_zones.index(j)], -float(lowest / step)))
    model.eq14_excess = Rows(
        2 * len(names), lambda: [(name, sign) for name in names for sign in (1, -1)], parts, upper=0
    )
    model.share_level, model.share_step = level, step
    return [(model.excess, [0], Vector.of([1]))], Fraction(step)


def extract(model: pyo.ConcreteModel) -> Zoning:
    """Read every unit's school from x: the one with the largest value."""
    instance: ZoneInstance = model.instance
    values = np.full(model.number.shape, -1.0)
    values[model.pair_units, model.pair_schools] = model.x.read()
    chosen = values.argmax(axis=1)
    homes = np.where(values.max(axis=1, initial=-1.0) > -1.0, chosen, instance.today)
    return Zoning.of(instance, homes.tolist())


def assign(model: pyo.ConcreteModel, zoning: Zoning) -> None:
    """Write a zoning into x, and the deviations that follow."""
    instance: ZoneInstance = model.instance
    homes = zoning.indices(instance)
    model.x.write((np.array(homes)[model.pair_units] == model.pair_schools).astype(float))
    model.never.write(np.zeros(1))
    for above, columns, step in getattr(model, "deviations", []):
        sums = [[0] * len(instance.schools) for _ in columns]
        for weights, zones in zip(columns, sums, strict=True):
            for weight, home in zip(weights, homes, strict=True):
                zones[home] += weight
        above.write(np.array([max(0.0, total / step) for zones in sums for total in zones]))
    if hasattr(model, "excess"):
        filled = {home for unit, home in zip(instance.units, homes, strict=True) if unit.students}
        model.without.write(np.array([float(j not in filled) for j in model.open_zones]))
        model.excess.write(np.array([float(excess(instance, homes, model.share_level) / model.share_step)]))


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
