"""The table of problems. A new problem is one folder and one line here."""

from __future__ import annotations

from typing import Any

from fairbound.models.block_assignment import APPLICANTS
from fairbound.models.block_assignment import PROBLEM as BLOCKS
from fairbound.models.cep_grouping import PROBLEM as CEP
from fairbound.models.district_transfer import PROBLEM as TRANSFERS
from fairbound.models.errors import InputError, nearest
from fairbound.models.problem import Problem

PROBLEMS: dict[str, Problem[Any, Any]] = {problem.name: problem for problem in (CEP, TRANSFERS, BLOCKS, APPLICANTS)}


def find_problem(name: str) -> Problem[Any, Any]:
    """Find a problem by name; raises ``InputError`` with the nearest names."""
    try:
        return PROBLEMS[name]
    except KeyError:
        raise InputError("unknown problem", found=name, wanted=nearest(name, PROBLEMS)) from None
