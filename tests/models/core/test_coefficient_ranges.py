"""How far apart the coefficients of every formulation lie: a rewrite that engines cannot keep apart is noticed here.

``python tests/models/core/test_coefficient_ranges.py`` prints the table and writes the pinned ranges anew.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from fairbound.instances.core import catalogue
from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError, TriviallyInfeasibleError
from fairbound.models.core.problem import Instance
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.result import BELIEVED_RANGE
from fairbound.solvers.engines.standard_form import compile_model

PINNED = Path(__file__).with_name("coefficient_ranges.json")
CATALOGUE = (
    "cep/calpads33", "transfers/alameda", "blocks/grid100", "applicants/sfusd65", "classes/seed100",
    "matching/seed100-ability", "designs/seed24", "grants/synthetic",
)  # fmt: skip
MOST_NONZEROS = 200_000


def _instances() -> list[Instance]:
    tinies = [import_module(f"fairbound.benchmarks.{name}.tiny").TINY for name in PROBLEMS]
    found = [instance for tiny in tinies for instance in tiny.instances]
    known = {entry.name for entry in catalogue.entries()}
    return found + [catalogue.load(name) for name in CATALOGUE if name in known]


@cache
def ranges() -> dict[str, list[float]]:
    """Largest row and matrix range of every formulation over its instances, with three digits."""
    found: dict[str, list[float]] = {}
    for instance in _instances():
        problem = find_problem(instance.problem)
        for formulation in problem.formulations:
            if formulation.beyond:
                continue
            for objective in problem.objectives:
                if formulation.refuses(instance, objective.name) is not None:
                    continue
                size: Any
                try:
                    size = compile_model(formulation.build(instance, objective.name)).size
                except (TriviallyInfeasibleError, InputError):
                    continue
                kind = "catalogue" if "/" in instance.name else "tiny"
                key = f"{problem.name}/{formulation.name}, {kind}"
                old = found.setdefault(key, [1.0, 1.0])
                found[key] = [
                    float(f"{max(a, b):.3g}") for a, b in zip(old, (size.row_range, size.matrix_range), strict=True)
                ]
    return dict(sorted(found.items()))


@pytest.mark.parametrize("key", sorted(json.loads(PINNED.read_text())) if PINNED.exists() else [])
def test_range_is_as_pinned(key: str) -> None:
    assert ranges()[key] == pytest.approx(json.loads(PINNED.read_text())[key], rel=1e-2)


def test_every_formulation_is_pinned_and_believed() -> None:
    assert set(ranges()) == set(json.loads(PINNED.read_text()))
    assert max(row for row, _ in ranges().values()) <= BELIEVED_RANGE


if __name__ == "__main__":
    for key, (row, matrix) in ranges().items():
        print(f"{key:<45} row {row:<10.3g} matrix {matrix:.3g}")
    PINNED.write_text(json.dumps(ranges(), indent=1) + "\n")
