"""SCIP with lazy separators and CP-SAT agree with HiGHS, or their tests say what is not installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from fairbound.benchmarks.blocks import tiny as tiny_blocks

import fairbound
from fairbound import Settings, Status

NAMES = ("path", "grid of three schools", "no students in a cut vertex", "two islands")


@pytest.mark.skipif(find_spec("ortools") is None, reason="ortools is not installed")
@pytest.mark.parametrize("name", NAMES[1:3])
def test_cpsat_agrees(name: str) -> None:
    city = tiny_blocks.NAMED[name]
    result = fairbound.solve(city, method="cpsat", settings=Settings(time_limit=60))
    assert result.status is Status.OPTIMAL, result.message
    assert result.primal_bound == tiny_blocks.best(city, "dissimilarity")


@pytest.mark.skipif(find_spec("pyscipopt") is None, reason="pyscipopt is not installed")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("objective", ["dissimilarity", "travel"])
def test_scip_agrees(name: str, objective: str) -> None:
    city = tiny_blocks.NAMED[name]
    result = fairbound.solve(city, method="scip", objective=objective, settings=Settings(time_limit=60))
    assert result.status is Status.OPTIMAL
    assert result.primal_bound == tiny_blocks.best(city, objective)


@pytest.mark.skipif(find_spec("pyscipopt") is None, reason="pyscipopt is not installed")
def test_engines_agree_on_a_generated_city() -> None:
    """Flow, separator rows re-solved, and separator rows added lazily: one optimum."""
    values = {m: fairbound.solve("blocks/grid100", method=m).primal_bound for m in ("flow", "separator_loop", "scip")}
    assert len(set(values.values())) == 1
    assert None not in values.values()
