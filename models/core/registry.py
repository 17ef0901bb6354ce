"""The table of problems. A new problem is one folder and one line here."""

from __future__ import annotations

from typing import Any

from fairbound.models.applicants import PROBLEM as APPLICANTS
from fairbound.models.blocks import PROBLEM as BLOCKS
from fairbound.models.cep import PROBLEM as CEP
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.problem import Problem
from fairbound.models.transfers import PROBLEM as TRANSFERS

PROBLEMS: dict[str, Problem[Any, Any]] = {problem.name: problem for problem in (CEP, TRANSFERS, BLOCKS, APPLICANTS)}


def find_problem(name: str) -> Problem[Any, Any]:
    """Find a problem by name; raises ``InputError`` with the nearest names."""
    try:
        return PROBLEMS[name]
    except KeyError:
        raise InputError("unknown problem", found=name, wanted=nearest(name, PROBLEMS)) from None
