"""Divisions as tables: for files, for people, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.applicants.instance import ApplicantInstance, Division
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def solution_rows(instance: ApplicantInstance, division: Division) -> list[dict[str, str]]:
    """One row per cell: its applicants, and how many go to the first school, and to each after it but the last."""
    counts = [division.counts, *division.more]
    return [
        {"place": cell.place, "race": cell.race, "income": "" if cell.income is None else decimal_text(cell.income)}
        | {"applicants": str(cell.count)}
        | {name: str(taken[c]) for name, taken in zip(columns(instance), counts, strict=True)}
        for c, cell in enumerate(instance.cells)
    ]


def columns(instance: ApplicantInstance) -> list[str]:
    """Columns of a division: ``first``, and ``school_2`` to the last but one; the last school takes the rest."""
    return ["first", *(f"school_{j}" for j in range(2, len(instance.schools)))]


def solution_summary(instance: ApplicantInstance, division: Division) -> list[dict[str, str]]:
    """One row per race: applicants, and how many go to each school."""
    everyone = instance.race_counts([cell.count for cell in instance.cells])
    schools = [instance.race_counts(counts) for counts in division.by_school(instance)]
    return [
        {"race": race, "applicants": str(total)}
        | {name: str(counts[r]) for name, counts in zip(instance.schools, schools, strict=True)}
        for r, (race, total) in enumerate(zip(instance.races, everyone, strict=True))
    ]


def facts(instance: ApplicantInstance) -> dict[str, str]:
    """Size of an instance for people."""
    return {"applicants": str(instance.total), "races": str(len(instance.races)), "cells": str(len(instance.cells))}


def read_solution(instance: ApplicantInstance, rows: Sequence[Mapping[str, str]]) -> Division:
    """Read a division from rows with ``place``, ``race``, ``income`` and ``first``; raises ``InputError``."""
    cells = {
        (r["place"], r["race"], r["income"]): i
        for i, r in enumerate(solution_rows(instance, instance.filled((0,) * len(instance.cells))))
    }
    wanted = columns(instance)
    counts: dict[int, list[int]] = {}
    for line, row in enumerate(rows, start=2):
        for column in ("place", "race", "income", *wanted):
            if column not in row:
                names = ", ".join(("place", "race", "income", *wanted))
                raise InputError("missing column", row=1, column=column, wanted=names)
        key = (row["place"], row["race"], row["income"])
        if key not in cells or cells[key] in counts:
            raise InputError("unknown or repeated cell", row=line, found=", ".join(key))
        for column in wanted:
            if not row[column].strip().isdecimal():
                raise InputError("cannot be used", row=line, column=column, found=row[column], wanted="a whole number")
        counts[cells[key]] = [int(row[column]) for column in wanted]
    found = [tuple(counts.get(i, [0] * len(wanted))[k] for i in range(len(instance.cells))) for k in range(len(wanted))]
    return Division(found[0], tuple(found[1:]))
