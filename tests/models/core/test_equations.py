"""Every row of every formulation carries the number of an equation that its problem's page states."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pyomo.environ as pyo
import pytest
from fairbound.models import PROBLEMS
from fairbound.models.core.registry import find_problem

ROOT = Path(__file__).parents[3]
PAGES = {"cep": ("cep.md", "cep_meals.md"), "applicants": ("blocks.md",), "designs": ("matching.md",)}
"""Pages of a problem where they are not the one of its name."""
NUMBERED = re.compile(r"eq(\d+[a-z]?)_[a-z_]+")


def stated(problem: str) -> set[str]:
    """The numbers that a problem's pages state: ``(7)`` in text and tables, ``\\tag{7}`` in formulas."""
    text = "".join((ROOT / "docs" / page).read_text() for page in PAGES.get(problem, (f"{problem}.md",)))
    single = set(re.findall(r"\\tag\{(\d+[a-z]?)\}|\((\d+[a-z]?)\)", text))
    ranges = re.findall(r"\((\d+)\) to \((\d+)\)", text)
    found = {number for pair in single for number in pair if number}
    return found | {str(n) for first, last in ranges for n in range(int(first), int(last) + 1)}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_rows_are_numbered_and_their_numbers_are_stated(problem: str) -> None:
    known, kind = stated(problem), find_problem(problem)
    for instance in import_module(f"fairbound.benchmarks.{problem}.tiny").TINY.instances:
        for formulation in kind.formulations:
            for objective in kind.objectives:
                if formulation.refuses(instance, objective.name) is not None:
                    continue
                model = formulation.build(instance, objective.name)
                for row in model.component_objects(pyo.Constraint):
                    name = NUMBERED.fullmatch(row.local_name)
                    assert name, f"{formulation.name}: the row {row.local_name} has no number"
                    assert name[1] in known, f"{formulation.name}: ({name[1]}) of {row.local_name} is not stated"


@pytest.mark.parametrize("problem", PROBLEMS)
def test_numbers_in_the_code_are_stated(problem: str) -> None:
    known = stated(problem)
    for path in sorted((ROOT / "models" / problem).glob("*.py")):
        for number in re.findall(r"\beq(\d+[a-z]?)_", path.read_text(encoding="utf-8")):
            assert number in known, f"{path.name}: ({number})"
