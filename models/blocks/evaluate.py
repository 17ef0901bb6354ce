"""Exact evaluation of a zoning: the specification of the zoning problem.

Every objective is a sum over the zones, or their maximum, of integer *deviations*
``S a(j) - A s(j)`` or of costs; no Pyomo and no formulation is used here.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

from fairbound.models.blocks.instance import (
    DISSIMILARITY,
    INCOME,
    MAX_SHARE,
    REZONED,
    TRAVEL,
    TVD,
    ZoneInstance,
    Zoning,
    component,
)
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import common_measure, decimal_text
from fairbound.models.core.problem import Evaluation, Violation, once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@once
def deviation_weights(instance: ZoneInstance, group: int) -> tuple[int, ...]:
    """S a_i - A s_i of every unit: summed over a zone it is 0 where the zone has the city's share."""
    total = sum(unit.groups[group] for unit in instance.units)
    return tuple(instance.students * unit.groups[group] - total * unit.students for unit in instance.units)


@once
def rest_weights(instance: ZoneInstance) -> tuple[int, ...]:
    """The same for the students of no group."""
    columns = [deviation_weights(instance, g) for g in range(len(instance.group_names))]
    return tuple(-sum(weights) for weights in zip(*columns, strict=True))


def group_scale(instance: ZoneInstance) -> Fraction:
    """1 / (A B) of equation (1); 0 where the group has no students, or all of them."""
    total = sum(unit.groups[instance.group_position] for unit in instance.units)
    product = total * (instance.students - total)
    return Fraction(1, product) if product else Fraction(0)


@once
def has_incomes(instance: ZoneInstance) -> bool:
    """Whether every unit with students has an income."""
    return all(unit.income is not None for unit in instance.units if unit.students)


@once
def income_weights(instance: ZoneInstance) -> tuple[Fraction, ...]:
    """s_i (income_i - mean) of every unit, in dollars; raises ``InputError`` where an income is missing."""
    if not has_incomes(instance):
        raise InputError("objective income", found="a unit with students and no income", wanted="an income for each")
    amounts = [unit.students * (unit.income or Fraction(0)) for unit in instance.units]
    mean = sum(amounts, Fraction(0)) / (instance.students or 1)
    return tuple(amount - mean * unit.students for amount, unit in zip(amounts, instance.units, strict=True))


def zone_sums(instance: ZoneInstance, homes: Sequence[int], weights: Sequence[int | Fraction]) -> list[Fraction]:
    """Sum of the weights over each zone."""
    sums: list[int | Fraction] = [0] * len(instance.schools)
    for home, weight in zip(homes, weights, strict=True):
        sums[home] += weight
    return [Fraction(total) for total in sums]


def evaluate(instance: ZoneInstance, zoning: Zoning) -> Evaluation:
    """Score a zoning exactly: equations (1) to (6) and every rule of the city."""
    if len(zoning.schools) != len(instance.units):
        found = str(len(zoning.schools))
        return Evaluation({}, (Violation("every unit once", "the zoning", found, str(len(instance.units))),))
    unknown = [(u.id, s) for u, s in zip(instance.units, zoning.schools, strict=True) if s not in instance.school_index]
    if unknown:
        return Evaluation({}, tuple(Violation("known schools", f"unit {u}", s, "a school's id") for u, s in unknown))
    homes = zoning.indices(instance)
    values, measures = _values(instance, homes)
    violations = _broken_rules(instance, homes, values)
    measures |= {f"today_{name}": value for name, value in _today(instance).items()}
    return Evaluation(values, tuple(violations), measures)


@once
def _today(instance: ZoneInstance) -> dict[str, Fraction]:
    return _values(instance, list(instance.today))[0]


def _values(instance: ZoneInstance, homes: list[int]) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    total = instance.students
    students = zone_sums(instance, homes, [unit.students for unit in instance.units])
    gaps = zone_sums(instance, homes, deviation_weights(instance, instance.group_position))
    everyone = [deviation_weights(instance, g) for g in range(len(instance.group_names))] + [rest_weights(instance)]
    spread = sum((abs(gap) for weights in everyone for gap in zone_sums(instance, homes, weights)), Fraction(0))
    shares = [abs(gap) / (total * count) for gap, count in zip(gaps, students, strict=True) if count]
    moved = sum(
        unit.students for unit, home, old in zip(instance.units, homes, instance.today, strict=True) if home != old
    )
    whole, places, steps = instance.travel_steps
    taken = places[range(len(homes)), homes].tolist()
    travel = sum(unit.students * whole[place] for unit, place in zip(instance.units, taken, strict=True))
    values = {
        DISSIMILARITY: sum((abs(gap) for gap in gaps), Fraction(0)) / 2 * group_scale(instance),
        TVD: spread / (2 * total * total) if total else Fraction(0),
        MAX_SHARE: max(shares, default=Fraction(0)),
        TRAVEL: Fraction(travel, steps),
        REZONED: Fraction(moved),
    }
    if has_incomes(instance):
        sums = zone_sums(instance, homes, income_weights(instance))
        values[INCOME] = sum((abs(value) for value in sums), Fraction(0)) / (total or 1)
    measures = {
        "rezoned_share": Fraction(moved, total or 1),
        "mean_travel": values[TRAVEL] / (total or 1),
    }
    return values, measures


def _broken_rules(instance: ZoneInstance, homes: list[int], values: Mapping[str, Fraction]) -> list[Violation]:
    broken: list[Violation] = []
    students = zone_sums(instance, homes, [unit.students for unit in instance.units])
    zones: list[set[int]] = [set() for _ in instance.schools]
    for i, home in enumerate(homes):
        zones[home].add(i)
    for school, count, root, j in zip(
        instance.schools, students, instance.roots, range(len(instance.schools)), strict=True
    ):
        least, most = instance.seat_range(school)
        if not least <= count <= most:
            broken.append(Violation("seats", f"school {school.id}", f"{count} students", f"{least} to {most}"))
        if homes[root] != j:
            found = f"its unit {school.unit} in the zone of {instance.schools[homes[root]].id}"
            broken.append(Violation("school in its zone", f"school {school.id}", found, "in its own zone"))
        if instance.contiguous:
            zone = zones[j]
            cut = zone - component(instance.neighbours, root, zone) if root in zone else set[int]()
            if cut:
                wanted = "no more pieces than today" if instance.as_today else "a way inside the zone"
                first = instance.units[min(cut)].id
                found = (
                    f"{len(cut)} unit{'s' if len(cut) > 1 else ''} cut off ({first}{', ...' if len(cut) > 1 else ''})"
                )
                broken.append(Violation("contiguity", f"school {school.id}", found, wanted))
    for i, home in enumerate(homes):
        if (i, home) in instance.barred_pairs:
            found = instance.schools[home].id
            broken.append(Violation("barred", f"unit {instance.units[i].id}", found, "another school"))
        elif not instance.may_attend(i, home):
            wanted = f"at most {decimal_text((instance.travel_ratio or 0) * instance.travel[i][instance.today[i]])}"
            broken.append(
                Violation(
                    "travel limit", f"unit {instance.units[i].id}", decimal_text(instance.travel[i][home]), wanted
                )
            )
    for unit, school_id in instance.forced:
        found = instance.schools[homes[instance.unit_index[unit]]].id
        if found != school_id:
            broken.append(Violation("forced", f"unit {unit}", found, school_id))
    for ids in instance.together:
        found_ids = sorted({instance.schools[homes[instance.unit_index[i]]].id for i in ids})
        if len(found_ids) > 1:
            broken.append(Violation("together", " + ".join(ids), " and ".join(found_ids), "one school"))
    limits = dict(instance.limits)
    if instance.rezoned_share is not None:
        most_moved = instance.rezoned_share * instance.students
        limits[REZONED] = min(limits.get(REZONED, most_moved), most_moved)
    if instance.share_deviation is not None:
        limits[MAX_SHARE] = min(limits.get(MAX_SHARE, instance.share_deviation), instance.share_deviation)
    for name, limit in limits.items():
        if name not in values or values[name] > limit:
            found = decimal_text(values[name]) if name in values else "no incomes"
            broken.append(Violation(f"max_{name}", "the zoning", found, f"at most {decimal_text(limit)}"))
    return broken


@once
def lattice(instance: ZoneInstance, objective: str) -> Fraction | None:
    """A rational of which every achievable value is a multiple; ``None`` where there is none."""
    if objective == DISSIMILARITY:
        # The deviations of all zones sum to 0, so their absolute values sum to twice a multiple.
        step = common_measure(Fraction(weight) for weight in deviation_weights(instance, instance.group_position))
        return (step or Fraction(1)) * (group_scale(instance) or Fraction(1))
    if objective == TVD:
        columns = [deviation_weights(instance, g) for g in range(len(instance.group_names))]
        step = common_measure(Fraction(weight) for weights in columns for weight in weights)
        return step / (instance.students * instance.students) if step else Fraction(1)
    if objective == INCOME:
        if not has_incomes(instance):
            return None
        step = common_measure(income_weights(instance))
        return 2 * step / instance.students if step else Fraction(1)
    if objective == TRAVEL:
        whole, steps = instance.whole_travel
        measure = gcd(*(unit.students * gcd(*row) for unit, row in zip(instance.units, whole, strict=True)))
        return Fraction(measure, steps) if measure else Fraction(1)
    if objective == REZONED:
        return common_measure(Fraction(unit.students) for unit in instance.units) or Fraction(1)
    return None
