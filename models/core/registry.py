"""Problems by name. ``fairbound.models.PROBLEMS`` is the one list of them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError, nearest

if TYPE_CHECKING:
    from fairbound.models.core.problem import Problem


def find_problem(name: str) -> Problem[Any, Any]:
    """Find a problem by name; raises ``InputError`` with the nearest names."""
    if name not in PROBLEMS:
        raise InputError("unknown problem", found=name, wanted=nearest(name, PROBLEMS))
    return _load(name)


@cache
def _load(name: str) -> Problem[Any, Any]:
    found: Problem[Any, Any] = import_module(f"fairbound.models.{name}").PROBLEM
    return found


def problems() -> list[Problem[Any, Any]]:
    """Every problem, in the order of the list."""
    return [_load(name) for name in PROBLEMS]
