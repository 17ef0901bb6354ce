"""What an audit shows of each group of a solution, by problem; others show nothing but the scores."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from fairbound.models.cep import CepInstance, Grouping
from fairbound.models.cep.evaluate import claim_share, evaluate, totals
from fairbound.models.cep.instance import REIMBURSEMENT
from fairbound.models.core.exact import decimal_text
from fairbound.models.core.problem import Instance
from fairbound.models.transfers import TransferInstance, TransferPlan, district_table


def cep_groups(instance: CepInstance, grouping: Grouping) -> list[dict[str, str]]:
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


def transfer_districts(instance: TransferInstance, plan: TransferPlan) -> list[dict[str, str]]:
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


_GROUPS: dict[str, tuple[str, Callable[[Any, Any], list[dict[str, str]]]]] = {
    "cep": ("Groups", cep_groups),
    "transfers": ("Districts", transfer_districts),
}


def title(instance: Instance) -> str:
    """What the rows of ``group_rows`` are."""
    return _GROUPS[instance.problem][0] if instance.problem in _GROUPS else ""


def group_rows(instance: Instance, solution: Any) -> list[dict[str, str]]:
    """Rows of a solution's groups; none for a problem that has no such table."""
    found = _GROUPS.get(instance.problem)
    return [] if found is None else found[1](instance, solution)
