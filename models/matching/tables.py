"""Comparisons as tables: for files, for people, and back."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import QUANTITY, decimal_text, parse_quantity
from fairbound.models.matching.evaluate import standardised
from fairbound.models.matching.instance import Comparison, MatchingInstance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS = ("student_id", "side", "weight")
SIDES = {True: "treated", False: "control"}


def solution_rows(instance: MatchingInstance, comparison: Comparison) -> list[dict[str, str]]:
    """One row a student."""
    return [
        {"student_id": unit.id, "side": SIDES[unit.treated], "weight": decimal_text(weight)}
        for unit, weight in zip(instance.members, comparison.weights, strict=True)
    ]


def read_solution(instance: MatchingInstance, rows: Sequence[Mapping[str, str]]) -> Comparison:
    """Read the weights; students who are not named count 0. Raises ``InputError``."""
    place = {unit.id: i for i, unit in enumerate(instance.members)}
    weights: dict[int, Fraction] = {}
    for line, row in enumerate(rows, start=2):
        for column in ("student_id", "weight"):
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted="student_id and weight")
        student = row["student_id"]
        if student not in place or place[student] in weights:
            word = "unknown" if student not in place else "a student stands twice"
            raise InputError(word, row=line, column="student_id", found=student, wanted="each student once")
        side = SIDES[instance.members[place[student]].treated]
        if row.get("side", side) != side:
            raise InputError("the other side", row=line, column="side", found=row["side"], wanted=side)
        try:
            weights[place[student]] = parse_quantity(row["weight"])
        except ValueError:
            raise InputError(
                "cannot be used", row=line, column="weight", found=row["weight"], wanted=QUANTITY
            ) from None
    return Comparison(tuple(weights.get(i, Fraction(0)) for i in range(len(instance.members))))


def solution_summary(instance: MatchingInstance, comparison: Comparison) -> list[dict[str, str]]:
    """The balance table: one row for each value and column in balance."""
    return [
        {"covariate": name, "before": f"{before:+.4f}", "after": "-" if after is None else f"{after:+.4f}"}
        for name, (before, after) in standardised(instance, comparison).items()
    ]


def facts(instance: MatchingInstance) -> dict[str, str]:
    """Size of an instance for people."""
    return {
        "treated": f"{len(instance.treated):,}",
        "controls": f"{len(instance.controls):,}",
        "balance rows": str(len(instance.levels) + len(instance.means)),
    }
