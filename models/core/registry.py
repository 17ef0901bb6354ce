"""Problems by name: those of ``fairbound.models.PROBLEMS``, and those that plugins bring."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.plugins import of_problem, plugins, problems_added

if TYPE_CHECKING:
    from fairbound.models.core.problem import Problem


def find_problem(name: str) -> Problem[Any, Any]:
    """Find a problem by name; raises ``InputError`` with the nearest names."""
    return _find(name, len(plugins()))


def names() -> list[str]:
    """Names of all problems, in their order."""
    return [*PROBLEMS, *(problem.name for problem in problems_added())]


def summaries() -> dict[str, str]:
    """What each problem decides, without loading those of this package."""
    return {**PROBLEMS, **{problem.name: problem.summary for problem in problems_added()}}


@cache
def _find(name: str, _plugins: int) -> Problem[Any, Any]:
    """A problem with what so many plugins add to it."""
    added = {problem.name: problem for problem in problems_added()}
    if name not in names():
        raise InputError("unknown problem", found=name, wanted=nearest(name, names()))
    found: Problem[Any, Any] = added[name] if name in added else import_module(f"fairbound.models.{name}").PROBLEM
    more = [formulation for plugin in of_problem(name) for formulation in plugin.formulations]
    if not more:
        return found
    counted = Counter(formulation.name for formulation in (*found.formulations, *more))
    twice = [formulation for formulation, count in counted.items() if count > 1]
    if twice:
        raise InputError(f"two formulations of {name} have one name", found=twice[0], wanted="another name")
    return replace(found, formulations=(*found.formulations, *more))


def problems() -> list[Problem[Any, Any]]:
    """Every problem, in the order of the list."""
    return [find_problem(name) for name in names()]
