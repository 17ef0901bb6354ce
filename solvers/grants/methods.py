"""The baselines, and whom a default answer asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.grants import segments
from fairbound.solvers.grants.baselines import BASELINES

if TYPE_CHECKING:
    from fairbound.solvers.core.method import Method

METHODS: tuple[Method, ...] = ()
PREFERRED = (segments.FORMULATION.name,)

__all__ = ["BASELINES", "METHODS", "PREFERRED"]
