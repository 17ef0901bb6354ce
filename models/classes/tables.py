"""Plans as tables: for files, for people, and back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fairbound.models.classes.evaluate import group_means
from fairbound.models.classes.instance import STATUS_QUO, ClassInstance, Plan
from fairbound.models.core.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS = ("school", "group", "from", "to", "students")


def solution_rows(_instance: ClassInstance, plan: Plan) -> list[dict[str, str]]:
    """One row a flow; a plan without any has one row of nobody, so that the table has its columns."""
    rows = [dict(zip(COLUMNS, (*arc, str(count)), strict=True)) for arc, count in plan.flows]
    return rows or [dict.fromkeys(COLUMNS[:4], "") | {"students": "0"}]


def read_solution(instance: ClassInstance, rows: Sequence[Mapping[str, str]]) -> Plan:
    """Read a plan; raises ``InputError`` for a change that no student could make."""
    known, flows = set(instance.arcs), {}
    words = {name: {arc[i] for arc in known} for i, name in enumerate(COLUMNS[:4])}
    for line, row in enumerate(rows, start=2):
        for column in COLUMNS:
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted=", ".join(COLUMNS))
        text = row["students"].strip()
        if not text.isdecimal() or len(text) > 12:
            raise InputError("cannot be used", row=line, column="students", found=text, wanted="a whole number")
        arc = (row["school"], row["group"], row["from"], row["to"])
        if not int(text):
            continue
        for column, word in zip(COLUMNS, arc, strict=False):
            if word not in words[column]:
                wanted = nearest(word, sorted(words[column]))
                raise InputError("unknown", row=line, column=column, found=word, wanted=wanted)
        if arc not in known:
            wanted = "students of this group in this class type, and another type that the school has"
            raise InputError("nobody can make this change", row=line, found=", ".join(arc), wanted=wanted)
        if arc in flows:
            raise InputError("the same change twice", row=line, found=", ".join(arc))
        flows[arc] = int(text)
    return Plan.of(flows)


def solution_summary(instance: ClassInstance, plan: Plan) -> list[dict[str, str]]:
    """One row a group: students, those who change, mean score today and planned."""
    today, planned = group_means(instance, STATUS_QUO), group_means(instance, plan)
    moved: Counter[str] = Counter()
    for (_, group, _, _), count in plan.flows:
        moved[group] += count
    return [
        {"group": group, "students": f"{n:,}", "change type": f"{moved[group]:,}"}
        | {"mean today": f"{float(today[group]):.4f}", "mean planned": f"{float(planned[group]):.4f}"}
        for group, n in instance.group_sizes.items()
    ]


def facts(instance: ClassInstance) -> dict[str, str]:
    """Size of an instance for people."""
    schools = {school for school, _ in instance.seats}
    return {
        "students": f"{len(instance.members):,}",
        "schools": f"{len(schools):,}",
        "groups": f"{len(instance.group_sizes):,}",
        "class types": str(len(instance.kinds)),
    }
