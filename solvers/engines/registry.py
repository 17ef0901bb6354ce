"""Engines by name: one file each in this folder, and one word in ``MODULES``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.plugins import plugins

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
    if name in MODULES:  # plugins are not looked at: what they import may clash with the engine
        given = import_module(f"fairbound.solvers.engines.{MODULES[name]}").ENGINES
    else:
        given = [engine for plugin in plugins() for engine in plugin.engines]
    found: dict[str, Engine] = {engine.name: engine for engine in given}
    if name not in found:
        raise InputError("unknown engine", found=name, wanted=nearest(name, [*MODULES, *found]))
    return found[name]


def engines() -> list[Engine]:
    """Every engine, HiGHS first, those of plugins last."""
    return [*map(find_engine, MODULES), *(engine for plugin in plugins() for engine in plugin.engines)]
