"""Divisions as tables: for files, for people, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.applicants.instance import ApplicantInstance, Division
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def solution_rows(instance: ApplicantInstance, division: Division) -> list[dict[str, str]]:
    """One row per cell: its applicants, and how many go to the first school."""
    return [
        {"place": c.place, "race": c.race, "income": "" if c.income is None else decimal_text(c.income)}
        | {"applicants": str(c.count), "first": str(n)}
        for c, n in zip(instance.cells, division.counts, strict=True)
    ]


def solution_summary(instance: ApplicantInstance, division: Division) -> list[dict[str, str]]:
    """One row per race: applicants, and how many go to each school."""
    everyone = instance.race_counts([cell.count for cell in instance.cells])
    first = instance.race_counts(division.counts)
    one, other = instance.schools
    return [
        {"race": race, "applicants": str(total), one: str(mine), other: str(total - mine)}
        for race, total, mine in zip(instance.races, everyone, first, strict=True)
    ]


def facts(instance: ApplicantInstance) -> dict[str, str]:
    """Size of an instance for people."""
    return {"applicants": str(instance.total), "races": str(len(instance.races)), "cells": str(len(instance.cells))}


def read_solution(instance: ApplicantInstance, rows: Sequence[Mapping[str, str]]) -> Division:
    """Read a division from rows with ``place``, ``race``, ``income`` and ``first``; raises ``InputError``."""
    cells = {
        (r["place"], r["race"], r["income"]): i
        for i, r in enumerate(solution_rows(instance, Division((0,) * len(instance.cells))))
    }
    counts: dict[int, int] = {}
    for line, row in enumerate(rows, start=2):
        for column in ("place", "race", "income", "first"):
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted="place, race, income and first")
        key = (row["place"], row["race"], row["income"])
        if key not in cells or cells[key] in counts:
            raise InputError("unknown or repeated cell", row=line, found=", ".join(key))
        if not row["first"].strip().isdecimal():
            raise InputError("cannot be used", row=line, column="first", found=row["first"], wanted="a whole number")
        counts[cells[key]] = int(row["first"])
    return Division(tuple(counts.get(i, 0) for i in range(len(instance.cells))))
