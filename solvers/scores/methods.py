"""The exact methods, the baselines, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.models.scores import big_m
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.scores import every_subset, exact_lad, sparse_search, subset_tree
from fairbound.solvers.scores.baselines import BASELINES

METHODS = (
    Method(
        exact_lad.NAME,
        Kind.ALGORITHM,
        "least absolute deviations by its dual, the final basis solved in rationals",
        exact_lad.answer,
        exact_lad.refuses,
    ),
    Method(
        every_subset.NAME,
        Kind.ALGORITHM,
        "sparse least absolute deviations of few features, every subset proven by itself",
        every_subset.answer,
        every_subset.refuses,
    ),
    Method(
        sparse_search.NAME,
        Kind.ALGORITHM,
        "sparse least absolute deviations: a start by swaps, then big_m from there",
        sparse_search.answer,
        big_m.refuses,
    ),
    Method(
        subset_tree.NAME,
        Kind.ALGORITHM,
        "best subset by branch and bound on perspective relaxations, with a certificate",
        subset_tree.answer,
        subset_tree.refuses,
        seeded=False,
    ),
)
PREFERRED = (exact_lad.NAME, subset_tree.NAME, every_subset.NAME, sparse_search.NAME, big_m.FORMULATION.name)

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
