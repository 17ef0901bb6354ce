"""The exact methods of applicants besides its formulations, the baselines, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.models.applicants import school_counts
from fairbound.solvers.applicants import division_table, race_counts, school_by_school
from fairbound.solvers.applicants.baselines import BASELINES
from fairbound.solvers.core.method import Kind, Method

METHODS = (
    Method(
        race_counts.NAME,
        Kind.ALGORITHM,
        "least TVD of race counts by largest remainders, with the number of best count vectors",
        race_counts.answer,
        race_counts.refuses,
        seeded=False,
    ),
    Method(
        school_by_school.NAME,
        Kind.ALGORITHM,
        "school_counts, with the bound that no school alone can pass",
        school_by_school.answer,
        school_counts.FORMULATION.refuses,
    ),
    Method(
        division_table.NAME,
        Kind.ALGORITHM,
        "every sum of incomes that seats and race counts can reach, as bits of whole numbers; with a certificate",
        division_table.answer,
        division_table.refuses,
    ),
)

PREFERRED = ("race_counts", "division_table", "school_by_school")

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
