"""The certificate of a best subset: a tree over its features, each leaf closed by weak duality in whole numbers."""

from __future__ import annotations

from fairbound.solvers.checker import scores as checker
from fairbound.solvers.core.bound import Level

FORMAT = checker.FORMAT
LEVEL = Level.L4
CHECKER = checker
