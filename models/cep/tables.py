"""Groupings as tables: for files, for people, and back."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.cep.evaluate import claim_share, evaluate, totals
from fairbound.models.cep.instance import REIMBURSEMENT, CepInstance, Grouping
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import decimal_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def solution_rows(instance: CepInstance, grouping: Grouping) -> list[dict[str, str]]:
    """One row per school in the order of the instance; ``group`` is empty for a school left out."""
    number = {identifier: str(g + 1) for g, group in enumerate(grouping.groups) for identifier in group}
    return [{"school_id": school.id, "group": number.get(school.id, "")} for school in instance.schools]


OUTSIDE = {"nan", "n/a", "na", "none", "null", "0", "0.0", "-", "not cep", "not in cep", "no cep", "non-cep", "out"}
"""Words of lists and spreadsheets for a school that is in no group; as a group's name they would make it one."""


def read_solution(instance: CepInstance, rows: Sequence[Mapping[str, str]]) -> Grouping:
    """Read a grouping from rows with ``school_id`` and ``group``; raises ``InputError``."""
    groups: dict[str, list[str]] = {}
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        for column in ("school_id", "group"):
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted="school_id and group")
        identifier, group = row["school_id"].strip(), row["group"].strip()
        if identifier not in instance.by_id:
            wanted = nearest(identifier, instance.by_id)
            raise InputError("unknown school", row=line, column="school_id", found=identifier, wanted=wanted)
        if identifier in seen:
            wanted = "each school once"
            raise InputError("duplicate school_id", row=line, column="school_id", found=identifier, wanted=wanted)
        seen.add(identifier)
        if group.lower() in OUTSIDE:
            wanted = "a group, or nothing for a school outside"
            raise InputError("a word where a group is wanted", row=line, column="group", found=group, wanted=wanted)
        if group:
            groups.setdefault(group, []).append(identifier)
    return Grouping.of(groups.values())


def solution_summary(instance: CepInstance, grouping: Grouping) -> list[dict[str, str]]:
    """One row per group, and one for the schools left out."""
    rows = []
    for g, group in enumerate(grouping.groups):
        schools = [instance.by_id[identifier] for identifier in group]
        identified, enrolled = totals(schools)
        worth = evaluate(instance, Grouping((group,))).values[REIMBURSEMENT]
        rows.append(_summary_row(str(g + 1), len(group), enrolled, identified, instance, worth))
    covered = {identifier for group in grouping.groups for identifier in group}
    out = [school for school in instance.schools if school.id not in covered]
    if out:
        identified, enrolled = totals(out)
        rows.append(_summary_row("left out", len(out), enrolled, identified, instance, None))
    return rows


def _summary_row(
    label: str, schools: int, enrolled: Fraction, identified: Fraction, instance: CepInstance, worth: Fraction | None
) -> dict[str, str]:
    share = float(identified / enrolled) if enrolled else 0.0
    return {
        "group": label,
        "schools": f"{schools:,}",
        "students": f"{float(enrolled):,.10g}",
        "identified": f"{float(identified):,.10g}",
        "identified share": f"{share:.2%}",
        "claim share": "-" if worth is None else f"{float(claim_share(instance, identified, enrolled)):.2%}",
        "worth": "-" if worth is None else f"{float(worth):,.2f}",
    }


def facts(instance: CepInstance) -> dict[str, str]:
    """Size of an instance for people."""
    identified, enrolled = instance.totals
    return {
        "schools": f"{len(instance.schools):,}",
        "students": f"{float(enrolled):,.10g}",
        "identified": f"{float(identified):,.10g}",
    }


def audit_rows(instance: CepInstance, grouping: Grouping) -> list[dict[str, str]]:
    """One row per group: schools, students, share, claim, worth, and how many identified students are missing."""
    rows = []
    for g, group in enumerate(grouping.groups):
        schools = [instance.by_id[identifier] for identifier in group]
        identified, enrolled = totals(schools)
        alone = evaluate(instance, Grouping((group,)))
        missing = max(Fraction(0), instance.threshold * enrolled - identified)
        rows.append(
            {
                "group": str(g + 1),
                "schools": str(len(group)),
                "enrolled": decimal_text(enrolled),
                "identified": decimal_text(identified),
                "share %": f"{float(100 * identified / enrolled):.4f}" if enrolled else "",
                "claim %": f"{float(100 * claim_share(instance, identified, enrolled)):.4f}",
                "worth": f"{float(alone.values[REIMBURSEMENT]):,.2f}",
                "missing": decimal_text(missing),
                "phantom money": f"{float(alone.measures['phantom_money']):,.2f}",
            }
        )
    return rows
