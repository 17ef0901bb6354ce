"""Zonings as tables: for files, for people, and back."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

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


def decisions(instance: ZoneInstance, zoning: Zoning) -> list[dict[str, object]]:
    """One row per unit: its students, its school of today and of the plan, and how far each is."""
    rows: list[dict[str, object]] = []
    for unit, travel, school, old in zip(instance.units, instance.travel, zoning.schools, instance.today, strict=True):
        new = instance.school_index[school]
        rows.append(
            {
                "unit": unit.id,
                "students": unit.students,
                **dict(zip((f"group:{name}" for name in instance.group_names), unit.groups, strict=True)),
                "today": unit.today,
                "school": school,
                "rezoned": "yes" if school != unit.today else "no",
                "travel_today": travel[old],
                "travel": travel[new],
            }
        )
    return rows


def shapes(instance: ZoneInstance, zoning: Zoning) -> dict[str, object] | None:
    """Zones as GeoJSON: a feature for each school, in the coordinates of the file; ``None`` without polygons."""
    if not instance.outline:
        return None
    import shapely  # slow to import, and only polygons need it

    polygons = {unit: _polygon(rings) for unit, rings in instance.outline}
    features = []
    for j, school in enumerate(instance.schools):
        inside = [unit for unit, home in zip(instance.units, zoning.schools, strict=True) if home == school.id]
        zone = shapely.union_all([polygons[unit.id] for unit in inside if unit.id in polygons])
        students = sum(unit.students for unit in inside)
        group = sum(unit.groups[instance.group_position] for unit in inside)
        moved = sum(unit.students for unit in inside if unit.today != school.id)
        properties = {
            "school": school.id,
            "units": len(inside),
            "students": students,
            "seats": float(school.seats),
            instance.group: group,
            "moved_in": moved,
            "number": j + 1,
        }
        geometry = json.loads(shapely.to_geojson(zone))
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def _polygon(rings: Sequence[Sequence[tuple[float, float]]]) -> Any:
    """The area inside an odd number of rings: outer ones and their holes."""
    import shapely

    whole = shapely.MultiPolygon()
    for ring in rings:
        whole = shapely.symmetric_difference(whole, shapely.make_valid(shapely.Polygon(ring)))
    return whole


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
