"""Drawn cohorts: subjects with normal covariates, to three decimals."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from fairbound.instances.core.entry import Generator
from fairbound.instances.core.settings import whole
from fairbound.instances.core.tables import csv_text
from fairbound.models.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def cohort(settings: Mapping[str, str], seed: int) -> dict[str, str]:
    """A table of an even number of subjects; raises ``InputError`` for settings that cannot be meant.

    Covariates are independent and normal, mean 50, standard deviation 10, to three decimals.
    """
    n, p = whole(settings, "n", 2), whole(settings, "covariates", 1, 100)
    if n % 2:
        raise InputError("setting n", found=n, wanted="an even number of subjects")
    random = Random(f"cohort {n} {p} {seed}")
    rows = [("subject_id", *(f"c{k + 1}" for k in range(p)))]
    rows += [(f"{i + 1}", *(f"{random.gauss(50, 10):.3f}" for _ in range(p))) for i in range(n)]
    return {"": csv_text(rows)}


GENERATORS = (
    Generator(
        "designs",
        "cohort",
        "n subjects with normal covariates",
        {"n": None, "covariates": "2"},
        cohort,
        "cohort.csv",
    ),
)
