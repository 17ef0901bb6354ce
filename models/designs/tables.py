"""Designs as tables: for files, for people, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError
from fairbound.models.designs.evaluate import evaluate
from fairbound.models.designs.instance import Design, DesignInstance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GROUPS = ("first", "second")


def solution_rows(instance: DesignInstance, design: Design) -> list[dict[str, str]]:
    """One row a subject."""
    return [{"subject_id": s.id, "group": GROUPS[s.id not in design.first]} for s in instance.subjects]


def read_solution(instance: DesignInstance, rows: Sequence[Mapping[str, str]]) -> Design:
    """Read the groups; raises ``InputError``."""
    known = [subject.id for subject in instance.subjects]
    group: dict[str, str] = {}
    for line, row in enumerate(rows, start=2):
        for column in ("subject_id", "group"):
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted="subject_id and group")
        if row["subject_id"] not in known or row["subject_id"] in group:
            found = row["subject_id"]
            raise InputError("unknown or repeated subject", row=line, column="subject_id", found=found)
        if row["group"] not in GROUPS:
            raise InputError("cannot be used", row=line, column="group", found=row["group"], wanted=" or ".join(GROUPS))
        group[row["subject_id"]] = row["group"]
    missing = [name for name in known if name not in group]
    if missing:
        raise InputError("a subject without a group", found=missing[0], wanted="a row for each subject")
    return Design(frozenset(name for name in known if group[name] == GROUPS[0]))


def solution_summary(instance: DesignInstance, design: Design) -> list[dict[str, str]]:
    """One row a covariate: differences of means and of second moments."""
    found = evaluate(instance, design).measures
    return [
        {"covariate": name, "means": f"{float(found[f'mean_{name}']):.6f}"}
        | {"second moments": f"{float(found[f'second_{name}']):.6f}"}
        for name in instance.covariates
    ]


def facts(instance: DesignInstance) -> dict[str, str]:
    """Size of an instance for people."""
    return {"subjects": str(len(instance.subjects)), "covariates": str(len(instance.covariates))}
