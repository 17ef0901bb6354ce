"""Zonings as tables: for files, for people, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.blocks.evaluate import zone_sums
from fairbound.models.blocks.instance import (
    ZoneInstance,
    Zoning,
)
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def solution_rows(city: ZoneInstance, zoning: Zoning) -> list[dict[str, str]]:
    """One row per unit in the order of the city: its school and its school of today."""
    return [
        {"unit": unit.id, "school": school, "today": unit.today}
        for unit, school in zip(city.units, zoning.schools, strict=True)
    ]


def solution_summary(city: ZoneInstance, zoning: Zoning) -> list[dict[str, str]]:
    """One row per school: its zone in figures."""
    homes = zoning.indices(city)
    students = zone_sums(city, homes, [unit.students for unit in city.units])
    group = zone_sums(city, homes, [unit.groups[city.group_position] for unit in city.units])
    moved = zone_sums(
        city, homes, [u.students * (h != t) for u, h, t in zip(city.units, homes, city.today, strict=True)]
    )
    rows = []
    for j, school in enumerate(city.schools):
        share = float(group[j] / students[j]) if students[j] else 0.0
        rows.append(
            {
                "school": school.id,
                "units": f"{homes.count(j):,}",
                "students": f"{int(students[j]):,}",
                "seats": f"{float(school.seats):,.10g}",
                city.group: f"{share:.2%}",
                "moved in": f"{int(moved[j]):,}",
            }
        )
    return rows


def facts(city: ZoneInstance) -> dict[str, str]:
    """Size of an instance for people."""
    group = sum(unit.groups[city.group_position] for unit in city.units)
    return {
        "units": f"{len(city.units):,}",
        "schools": f"{len(city.schools):,}",
        "borders": f"{len(city.borders):,}",
        "students": f"{city.students:,}",
        city.group: f"{group:,}",
    }


def read_solution(city: ZoneInstance, rows: Sequence[Mapping[str, str]]) -> Zoning:
    """Read a zoning from rows with ``unit`` and ``school``; raises ``InputError``."""
    found: dict[str, str] = {}
    for line, row in enumerate(rows, start=2):
        for column in ("unit", "school"):
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted="unit and school")
        unit, school = row["unit"].strip(), row["school"].strip()
        if unit not in city.unit_index:
            raise InputError("unknown unit", row=line, column="unit", found=unit)
        if unit in found:
            raise InputError("duplicate unit", row=line, column="unit", found=unit)
        if school not in city.school_index:
            wanted = "one of " + ", ".join(s.id for s in city.schools[:8])
            raise InputError("unknown school", row=line, column="school", found=school, wanted=wanted)
        found[unit] = school
    missing = [unit.id for unit in city.units if unit.id not in found]
    if missing:
        raise InputError("unit without a school", found=missing[0], wanted="every unit of the city")
    return Zoning(tuple(found[unit.id] for unit in city.units))
