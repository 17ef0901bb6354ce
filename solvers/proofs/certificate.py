"""The certificate of every question that has exact rows: a tree, and the plan whose value it proves."""

from __future__ import annotations

from fairbound.solvers.checker import tree as checker
from fairbound.solvers.core.bound import Level

FORMAT = checker.FORMAT
LEVEL = Level.L4
CHECKER = checker
