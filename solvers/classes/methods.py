"""The methods of class types besides the formulations: heuristics, and whom a default answer asks first."""

from __future__ import annotations

from fairbound.solvers.classes.baselines import BASELINES

METHODS = ()
PREFERRED = ("flows",)

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
