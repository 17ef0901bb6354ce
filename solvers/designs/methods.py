"""The exact method of designs besides the formulations, the baselines, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.designs import two_lists
from fairbound.solvers.designs.baselines import BASELINES

METHODS = (
    Method(
        two_lists.NAME,
        Kind.ALGORITHM,
        "the best design of a few dozen subjects: divisions of each half of them, joined",
        two_lists.answer,
        two_lists.refuses,
        hesitates=two_lists.hesitates,
    ),
)
PREFERRED = (two_lists.NAME, "halves")

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
