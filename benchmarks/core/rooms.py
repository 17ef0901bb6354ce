"""What a problem's folder on this floor adds: figures of a report, and figures of a Pareto front."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.benchmarks.core.figure import Figure, FigureFunction
    from fairbound.models.core.problem import Instance
    from fairbound.solvers.core.pareto import Front


def _figures(problem: str) -> Any:
    name = f"fairbound.benchmarks.{problem}"
    if find_spec(name) is None or find_spec(f"{name}.figures") is None:
        return None
    return import_module(f"{name}.figures")


def figure_functions(problem: str) -> Sequence[FigureFunction]:
    """Figures that only one problem has: functions of its rows and their solutions, ``FIGURES`` in ``figures.py``."""
    found: Sequence[FigureFunction] = getattr(_figures(problem), "FIGURES", ())
    return found


def front_figures(instance: Instance, names: Sequence[str], front: Front) -> list[Figure]:
    """Figures of a front's solutions, by ``front_of`` of the problem's ``figures.py``; none where it has no such."""
    module = _figures(instance.problem)
    found: list[Figure] = module.front_of(instance, names, front) if hasattr(module, "front_of") else []
    return found
