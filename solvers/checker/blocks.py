"""Check zones from scratch: seats, travel, contiguity, schools inside their zones, shares, settled units.

It reads an instance's canonical JSON form and the rows of a solution table, shares no code with
the models, and compares whole numbers and ratios only. Ceilings on objectives are not checked here.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.solvers.checker.common import identifier, pieces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def check_zones(canonical: Mapping[str, Any], rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Every broken rule in words, ceilings apart; an empty list if the zones keep them all.

    Parameters
    ----------
    canonical
        What ``fairbound instance show --json`` prints of the instance.
    rows
        ``unit`` and ``school`` of every unit.
    """
    limits = canonical["parameters"]
    students = {unit[0]: int(unit[1]) for unit in canonical["units"]}
    place = canonical["group_names"].index(limits["group"])
    group = {unit[0]: int(unit[2][place]) for unit in canonical["units"]}
    today = {unit[0]: unit[3] for unit in canonical["units"]}
    schools = [(school[0], school[1], Fraction(school[2])) for school in canonical["schools"]]
    names = [school[0] for school in schools]
    travel = {
        unit[0]: dict(zip(names, distances, strict=True))
        for unit, distances in zip(canonical["units"], canonical["travel"], strict=True)
    }
    chosen: dict[str, str] = {}
    wrong = []
    for row in rows:
        if row["unit"] not in students or row["school"] not in names or row["unit"] in chosen:
            wrong.append(f"row {row['unit']}, {row['school']}: unknown or repeated")
        chosen[row["unit"]] = row["school"]
    missing = sorted(set(students) - set(chosen))
    if wrong or missing:
        return wrong + [f"unit {unit} has no school" for unit in missing]

    wrong += _seats(students, chosen, schools, Fraction(limits["seats_tolerance"]))
    if limits["travel_ratio"] != "none":
        ratio = Fraction(limits["travel_ratio"])
        for unit, school in chosen.items():
            now = today[unit]
            if school != now and Fraction(travel[unit][school]) > ratio * Fraction(travel[unit][now]):
                wrong.append(f"unit {unit} travels too far to {school}")
    for name, stands_in, _ in schools:
        if chosen[stands_in] != name:
            wrong.append(f"school {name} is outside its zone")
    if limits["contiguous"] != "no":
        borders = [list(pair) for pair in canonical["borders"]]
        borders += [[identifier(i) for i in pieces(pair, "+")] for pair in pieces(limits.get("borders", ""), ";")]
        if limits["contiguous"] == "no_worse":
            borders += _ties(today, students, schools, borders)
        wrong += _cut_off(chosen, schools, borders)
    for pair in pieces(limits.get("barred", ""), ";"):
        unit, school = map(identifier, pieces(pair, "="))
        if chosen[unit] == school:
            wrong.append(f"unit {unit} may not be in {school}")
    for pair in pieces(limits["forced"], ";"):
        unit, school = map(identifier, pieces(pair, "="))
        if chosen[unit] != school:
            wrong.append(f"unit {unit} is not in {school}")
    for ids in pieces(limits["together"], ";"):
        if len({chosen[identifier(unit)] for unit in pieces(ids, "+")}) > 1:
            wrong.append(f"units {ids} are not together")
    if limits["share_deviation"] != "none":
        wrong += _shares(students, group, chosen, names, Fraction(limits["share_deviation"]))
    if limits["rezoned_share"] != "none":
        moved = sum(count for unit, count in students.items() if chosen[unit] != today[unit])
        if moved > Fraction(limits["rezoned_share"]) * sum(students.values()):
            wrong.append(f"{moved} students are rezoned")
    return wrong


def _seats(
    students: Mapping[str, int], chosen: Mapping[str, str], schools: Sequence[Any], tolerance: Fraction
) -> list[str]:
    wrong = []
    for name, _, seats in schools:
        count = sum(students[unit] for unit, school in chosen.items() if school == name)
        # Written as |count - seats| <= tolerance * seats, not as the models' whole-number range.
        if abs(count - seats) > tolerance * seats:
            wrong.append(f"school {name} has {count} students for {seats} seats")
    return wrong


def _cut_off(chosen: Mapping[str, str], schools: Sequence[Any], borders: Sequence[Sequence[str]]) -> list[str]:
    """Join neighbours of the same zone in a union-find forest; every unit must share its school's root."""
    head = {unit: unit for unit in chosen}

    def root(unit: str) -> str:
        while head[unit] != unit:
            head[unit] = head[head[unit]]
            unit = head[unit]
        return unit

    for one, other in borders:
        if chosen[one] == chosen[other]:
            head[root(one)] = root(other)
    stands = {name: unit for name, unit, _ in schools}
    return [
        f"unit {unit} is cut off from school {school}"
        for unit, school in sorted(chosen.items())
        if root(unit) != root(stands[school])
    ]


def _ties(
    today: Mapping[str, str], students: Mapping[str, int], schools: Sequence[Any], borders: Sequence[Sequence[str]]
) -> list[list[str]]:
    """(12d): what joins each piece of today's zones without its school, by its largest unit, to the school's unit."""
    stands = {name: unit for name, unit, _ in schools}
    pieces_of = {unit: {unit} for unit in today}
    for one, other in borders:
        if today[one] == today[other] and pieces_of[one] is not pieces_of[other]:
            pieces_of[one] |= pieces_of[other]
            for unit in pieces_of[other]:
                pieces_of[unit] = pieces_of[one]
    order = {unit: i for i, unit in enumerate(today)}
    found = []
    for piece in {id(piece): piece for piece in pieces_of.values()}.values():
        root = stands[today[next(iter(piece))]]
        if root not in piece:
            found.append([root, min(piece, key=lambda unit: (-students[unit], order[unit]))])
    return found


def _shares(
    students: Mapping[str, int],
    group: Mapping[str, int],
    chosen: Mapping[str, str],
    names: Sequence[str],
    most: Fraction,
) -> list[str]:
    everyone = sum(students.values())
    if not everyone:
        return []
    city = Fraction(sum(group.values()), everyone)
    wrong = []
    for name in names:
        count = sum(students[unit] for unit, school in chosen.items() if school == name)
        of_group = sum(group[unit] for unit, school in chosen.items() if school == name)
        if count and abs(Fraction(of_group, count) - city) > most:
            wrong.append(f"school {name} has {of_group} of {count} in the group")
    return wrong
