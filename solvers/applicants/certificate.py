"""The certificate of a division: a table that the checker makes anew (``docs/blocks.md``, (36))."""

from __future__ import annotations

from fairbound.solvers.checker import applicants as checker
from fairbound.solvers.core.bound import Level

FORMAT = checker.FORMAT
LEVEL = Level.L2
CHECKER = checker
