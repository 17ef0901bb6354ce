"""Engines by name: one file each in this folder, and one word in ``MODULES``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError, nearest

if TYPE_CHECKING:
    from fairbound.solvers.engines.base import Engine

DEFAULT = "highs"
MODULES = {
    "highs": "highs",
    "highs-nopresolve": "highs",
    "highs-ipm": "highs",
    "scip": "scip",
    "cpsat": "cpsat",
    "glpk": "glpk",
    "gurobi": "gurobi",
    "xpress": "xpress",
    "cplex": "cplex",
    "copt": "copt",
    "ipopt": "ipopt",
}
"""Module of each engine; a process that runs one must not import the others."""


def find_engine(name: str) -> Engine:
    """Find an engine by name; raises ``InputError`` with the nearest names."""
    if name not in MODULES:
        raise InputError("unknown engine", found=name, wanted=nearest(name, list(MODULES)))
    module = import_module(f"fairbound.solvers.engines.{MODULES[name]}")
    found: Engine = {engine.name: engine for engine in module.ENGINES}[name]
    return found


def engines() -> list[Engine]:
    """Every engine, HiGHS first."""
    return [find_engine(name) for name in MODULES]
