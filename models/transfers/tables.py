"""Transfer plans as tables: written, read, and summed up for people."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import decimal_text, parse_quantity
from fairbound.models.transfers.instance import TransferInstance, TransferPlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def solution_rows(instance: TransferInstance, plan: TransferPlan) -> list[dict[str, str]]:
    """One row for every move; a plan that moves nobody has one row of 0 students."""
    moves: Sequence[tuple[str, str, Fraction]] = plan.moves
    if not moves:
        first = instance.districts[0].id
        moves = ((first, first, Fraction(0)),)
    return [{"from": a, "to": b, "students": decimal_text(students)} for a, b, students in moves]


def read_solution(instance: TransferInstance, rows: Sequence[Mapping[str, str]]) -> TransferPlan:
    """Read a plan from rows with ``from``, ``to`` and ``students``; raises ``InputError``."""
    moves = []
    for line, row in enumerate(rows, start=2):
        for column in ("from", "to", "students"):
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted="from, to and students")
        for column in ("from", "to"):
            if row[column].strip() not in instance.index:
                known = sorted(instance.index)
                raise InputError(
                    "unknown district", row=line, column=column, found=row[column], wanted=nearest(row[column], known)
                )
        try:
            students = parse_quantity(row["students"])
        except ValueError:
            raise InputError(
                "cannot be used", row=line, column="students", found=row["students"], wanted="a number"
            ) from None
        moves.append((row["from"].strip(), row["to"].strip(), students))
    return TransferPlan.of(moves)


def solution_summary(instance: TransferInstance, plan: TransferPlan) -> list[dict[str, str]]:
    """One row per district: students and race term before and after."""
    before, after = district_table(instance, TransferPlan(())), district_table(instance, plan)
    return [
        {
            "district": district.id,
            "students": f"{float(old[0]):,.10g}",
            "students after": f"{float(new[0]):,.2f}",
            "race term": f"{float(old[1]):.5f}",
            "race term after": f"{float(new[1]):.5f}",
        }
        for district, old, new in zip(instance.districts, before, after, strict=True)
    ]


def district_counts(instance: TransferInstance, plan: TransferPlan) -> list[list[Fraction]]:
    """Students of each group in every district under a plan."""
    groups = [list(district.counts) for district in instance.districts]
    for origin, target, students in plan.moves:
        i, j = instance.index[origin], instance.index[target]
        for r, total in enumerate(instance.districts[i].counts):
            groups[i][r] -= students * total / instance.sizes[i]
            groups[j][r] += students * total / instance.sizes[i]
    return groups


def district_table(instance: TransferInstance, plan: TransferPlan) -> list[tuple[Fraction, Fraction]]:
    """Size and race term of every district under a plan."""
    table = []
    for row in district_counts(instance, plan):
        size = sum(row, Fraction(0))
        shares = zip(row, instance.overall, strict=True)
        table.append((size, sum(((g / size - mu) ** 2 for g, mu in shares), Fraction(0)) if size > 0 else Fraction(0)))
    return table


def facts(instance: TransferInstance) -> dict[str, str]:
    """Size of an instance for people."""
    return {
        "districts": f"{len(instance.districts):,}",
        "borders": f"{len(instance.borders):,}",
        "students": f"{float(instance.total):,.10g}",
        "groups": f"{len(instance.groups):,}",
        "measures": ", ".join(f"{m.name} ({m.provenance})" if m.provenance else m.name for m in instance.measures)
        or "none",
    }


def audit_rows(instance: TransferInstance, plan: TransferPlan) -> list[dict[str, str]]:
    """One row per district: students who leave and arrive, its size and the sizes allowed, its race term."""
    leaving, arriving = (dict.fromkeys(instance.index, Fraction(0)) for _ in range(2))
    for origin, target, students in plan.moves:
        leaving[origin] += students
        arriving[target] += students
    before, after = district_table(instance, TransferPlan(())), district_table(instance, plan)
    return [
        {
            "district": district.id,
            "leave": f"{float(leaving[district.id]):,.2f}",
            "arrive": f"{float(arriving[district.id]):,.2f}",
            "students": f"{float(size):,.2f}",
            "least": f"{float(low):,.2f}",
            "most": f"{float(high):,.2f}",
            "race term": f"{float(old):.5f}",
            "after": f"{float(new):.5f}",
        }
        for district, (low, high), (_, old), (size, new) in zip(
            instance.districts, instance.size_bounds, before, after, strict=True
        )
    ]
