"""The exact method of applicants besides its formulation, the baselines, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.solvers.applicants import race_counts
from fairbound.solvers.applicants.baselines import BASELINES
from fairbound.solvers.core.method import Kind, Method

METHODS = (
    Method(
        race_counts.NAME,
        Kind.ALGORITHM,
        "least TVD of race counts by dynamic programming, with the number of best count vectors",
        race_counts.answer,
        race_counts.refuses,
    ),
)

PREFERRED = ("race_counts",)

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
