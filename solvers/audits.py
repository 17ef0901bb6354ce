"""What an audit shows of each group of a solution, by problem; others show nothing but the scores."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from fairbound.models.cep_grouping import CepInstance, Grouping
from fairbound.models.cep_grouping.problem import REIMBURSEMENT, claim_share, evaluate
from fairbound.models.exact import decimal_text
from fairbound.models.problem import Instance


def cep_groups(instance: CepInstance, grouping: Grouping) -> list[dict[str, str]]:
    """One row per group: schools, students, share, claim, worth, and how many identified students are missing."""
    rows = []
    for g, group in enumerate(grouping.groups):
        schools = [instance.by_id[identifier] for identifier in group]
        identified = sum((school.identified for school in schools), Fraction(0))
        enrolled = sum((school.enrolled for school in schools), Fraction(0))
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


_GROUPS: dict[str, Callable[[Any, Any], list[dict[str, str]]]] = {"cep": cep_groups}


def group_rows(instance: Instance, solution: Any) -> list[dict[str, str]]:
    """Rows of a solution's groups; none for a problem that has no such table."""
    rows = _GROUPS.get(instance.problem)
    return [] if rows is None else rows(instance, solution)
