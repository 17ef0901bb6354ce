"""Zonings as tables: for files, for people, and back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fairbound.models.blocks.evaluate import zone_sums
from fairbound.models.blocks.instance import (
    ZoneInstance,
    Zoning,
)
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def solution_rows(instance: ZoneInstance, zoning: Zoning) -> list[dict[str, str]]:
    """One row per unit in the order of the city: its school and its school of today."""
    return [
        {"unit": unit.id, "school": school, "today": unit.today}
        for unit, school in zip(instance.units, zoning.schools, strict=True)
    ]


def solution_summary(instance: ZoneInstance, zoning: Zoning) -> list[dict[str, str]]:
    """One row per school: its zone in figures."""
    homes = zoning.indices(instance)
    students = zone_sums(instance, homes, [unit.students for unit in instance.units])
    group = zone_sums(instance, homes, [unit.groups[instance.group_position] for unit in instance.units])
    moved = zone_sums(
        instance, homes, [u.students * (h != t) for u, h, t in zip(instance.units, homes, instance.today, strict=True)]
    )
    rows = []
    for j, school in enumerate(instance.schools):
        share = float(group[j] / students[j]) if students[j] else 0.0
        rows.append(
            {
                "school": school.id,
                "units": f"{homes.count(j):,}",
                "students": f"{int(students[j]):,}",
                "seats": f"{float(school.seats):,.10g}",
                instance.group: f"{share:.2%}",
                "moved in": f"{int(moved[j]):,}",
            }
        )
    return rows


def assumptions(instance: ZoneInstance) -> list[str]:
    """What an answer rests on beside the table of units: zones of today that are in pieces."""
    pieces = Counter(root for root, _ in instance.ties)
    said = []
    for root, count in pieces.items():
        school = instance.schools[instance.roots.index(root)].id
        first = next(unit for at, unit in instance.ties if at == root)
        ways = {
            (False, False): "zones need not be connected",
            (True, False): "the new ones must be connected (contiguous=no_worse lets its pieces be)",
            (True, True): "its pieces may stay apart",
        }[instance.contiguous, instance.as_today]
        apart = instance.units[first].id
        said.append(f"today's zone of {school} is in {count + 1} pieces ({apart} lies apart): {ways}")
    return said


def facts(instance: ZoneInstance) -> dict[str, str]:
    """Size of an instance for people."""
    group = sum(unit.groups[instance.group_position] for unit in instance.units)
    return {
        "units": f"{len(instance.units):,}",
        "schools": f"{len(instance.schools):,}",
        "borders": f"{len(instance.borders):,}",
        "students": f"{instance.students:,}",
        instance.group: f"{group:,}",
    }


def read_solution(instance: ZoneInstance, rows: Sequence[Mapping[str, str]]) -> Zoning:
    """Read a zoning from rows with ``unit`` and ``school``; raises ``InputError``."""
    found: dict[str, str] = {}
    for line, row in enumerate(rows, start=2):
        for column in ("unit", "school"):
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted="unit and school")
        unit, school = row["unit"].strip(), row["school"].strip()
        if unit not in instance.unit_index:
            raise InputError("unknown unit", row=line, column="unit", found=unit)
        if unit in found:
            raise InputError("duplicate unit", row=line, column="unit", found=unit)
        if school not in instance.school_index:
            wanted = "one of " + ", ".join(s.id for s in instance.schools[:8])
            raise InputError("unknown school", row=line, column="school", found=school, wanted=wanted)
        found[unit] = school
    missing = [unit.id for unit in instance.units if unit.id not in found]
    if missing:
        raise InputError("unit without a school", found=missing[0], wanted="every unit of the city")
    return Zoning(tuple(found[unit.id] for unit in instance.units))
