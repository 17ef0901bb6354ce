"""Plans of grants as tables: for files, for people, and back."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import decimal_text, parse_quantity
from fairbound.models.grants.evaluate import gain, grants, is_outside
from fairbound.models.grants.instance import GrantsInstance, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BEYOND = " (beyond what any district spends)"
COLUMNS = ("district_id", "function", "change")


def solution_rows(instance: GrantsInstance, plan: Plan) -> list[dict[str, str]]:
    """One row a change, in dollars per student."""
    return [
        {
            "district_id": instance.districts_data[d].id,
            "function": instance.functions[f],
            "change": decimal_text(x),
        }
        for d, f, x in plan.changes
    ]


def read_solution(instance: GrantsInstance, rows: Sequence[Mapping[str, str]]) -> Plan:
    """Read the changes; raises ``InputError``."""
    districts = {district.id: d for d, district in enumerate(instance.districts_data)}
    functions = {name: f for f, name in enumerate(instance.functions)}
    found: dict[tuple[int, int], Fraction] = {}
    for line, row in enumerate(rows, start=2):
        for column in COLUMNS:
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted=", ".join(COLUMNS))
        for column, known in (("district_id", districts), ("function", functions)):
            if row[column] not in known:
                wanted = nearest(row[column], known)
                raise InputError("unknown", row=line, column=column, found=row[column], wanted=wanted)
        place = districts[row["district_id"]], functions[row["function"]]
        if place in found:
            raise InputError("a change stands twice", row=line, column="function", found=row["function"], wanted="once")
        try:
            found[place] = parse_quantity(row["change"])
        except ValueError:
            raise InputError(
                "cannot be used", row=line, column="change", found=row["change"], wanted="dollars per student"
            ) from None
    return Plan(tuple((d, f, x) for (d, f), x in sorted(found.items()) if x))


def solution_summary(instance: GrantsInstance, plan: Plan) -> list[dict[str, str]]:
    """The districts that get most, with what their money is spent on."""
    amounts = grants(plan)
    rows = []
    for d, district in enumerate(instance.districts_data):
        changes = [(f, x) for e, f, x in plan.changes if e == d]
        if changes:
            points = sum((gain(instance, f, x) for f, x in changes), Fraction(0))
            on = ", ".join(
                f"{instance.functions[f]} {float(x):+,.0f}{BEYOND if is_outside(instance, d, f, x) else ''}"
                for f, x in changes
            )
            rows.append((amounts[d] * district.students, district, amounts[d], points, on))
    rows.sort(key=lambda row: (-row[0], row[1].score))
    return [
        {
            "district": district.id,
            "students": f"{district.students:,}",
            "score": f"{float(district.score):.2f}",
            "planned": f"{float(district.score + points):.3f}",
            "dollars": f"{float(total):,.0f}",
            "per student": f"{float(each):,.0f}",
            "on": on,
        }
        for total, district, each, points, on in rows
    ]


def facts(instance: GrantsInstance) -> dict[str, str]:
    """Size of an instance for people."""
    return {
        "districts": f"{len(instance.districts_data):,}",
        "students": f"{sum(district.students for district in instance.districts_data):,}",
        "functions": str(len(instance.functions)),
    }
