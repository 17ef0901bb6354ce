"""Every engine on this machine keeps one contract; those that are not here are skipped, saying so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from engines_here import need
from fairbound.benchmarks.blocks import tiny as tiny_blocks
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.benchmarks.core import work
from fairbound.benchmarks.core.specification import Specification
from fairbound.benchmarks.transfers import tiny as tiny_transfers
from fairbound.models.core.plugins import VARIABLE
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.core.result import Settings, Status, Termination
from fairbound.solvers.core.solve import solve
from fairbound.solvers.engines import mps, process
from fairbound.solvers.engines.base import EngineRefused, Program
from fairbound.solvers.engines.registry import MODULES, engines, find_engine

import fairbound
from fairbound import InputError

LINEAR = [engine.name for engine in engines() if not engine.local]
SIZED = ("gurobi", "xpress", "cplex", "copt")
"""Engines whose wheels come with a licence for small models."""


@pytest.fixture(params=LINEAR)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of an engine that is here."""
    return need(request.param)


def program(maximize: bool = True, whole: bool = True, right: float = 10.0, least: float = 0.0) -> Program:
    """5 x + 4 y + 3 z + 7, of which 2 x + 3 y + z <= right and x + y + z = 4 + least; each between least and 5."""
    return Program(
        maximize=maximize,
        c=np.array([5.0, 4.0, 3.0]),
        offset=7.0,
        A=sp.csr_array(np.array([[2.0, 3.0, 1.0], [1.0, 1.0, 1.0]])),
        row_lower=np.array([-np.inf, 4.0 + least]),
        row_upper=np.array([right, 4.0 + least]),
        column_lower=np.full(3, least),
        column_upper=np.full(3, 5.0),
        integrality=np.full(3, int(whole), dtype=np.int32),
    )


@pytest.mark.parametrize(("maximize", "best"), [(True, 27.0), (False, 19.0)])
def test_senses_and_offsets(engine: str, maximize: bool, best: float) -> None:
    """27 = 5 * 4 + 7 by x alone, 19 = 3 * 4 + 7 by z alone."""
    found = process.run(engine, program(maximize), Settings())
    assert found.termination is Termination.FINISHED
    assert found.primal == pytest.approx(best)
    assert found.dual == pytest.approx(best)
    assert found.values is not None
    assert program().value(np.rint(found.values)) == best
    assert found.version


def test_bounds_that_are_not_zero(engine: str) -> None:
    """x + y + z = 2 with each at least -2 and 2 x + 3 y + z <= 1: x = 0, y = -1, z = 3 ... by enumeration."""
    asked = program(right=1.0, least=-2.0)
    points = [(x, y, 2 - x - y) for x in range(-2, 6) for y in range(-2, 6) if -2 <= 2 - x - y <= 5]
    best = max(5 * x + 4 * y + 3 * z + 7 for x, y, z in points if 2 * x + 3 * y + z <= 1)
    assert process.run(engine, asked, Settings()).primal == pytest.approx(best)


def test_no_solution_and_no_bound(engine: str) -> None:
    assert process.run(engine, program(right=3.0), Settings()).termination is Termination.INFEASIBLE
    free = replace(program(whole=False), row_upper=np.full(2, np.inf), column_upper=np.full(3, np.inf))
    if find_engine(engine).refuses(free) is None:
        assert process.run(engine, free, Settings()).termination is Termination.UNBOUNDED


def test_an_option_that_an_engine_does_not_know_is_refused(engine: str) -> None:
    with pytest.raises(EngineRefused, match="does not take option no_such_option"):
        process.run(engine, program(), Settings(engine_options=(("no_such_option", "1"),)))


def test_its_log_is_kept(engine: str, tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    process.run(engine, program(), Settings(log=str(log)))
    assert len(log.read_text()) > 40


def test_a_formulation_is_answered_exactly(engine: str) -> None:
    """Groups of whole schools, units of zones: every engine finds what enumeration finds, from a start too."""
    for asked, objective, formulation, best in (
        (tiny_cep.NAMED["five"], "reimbursement", "set_partitioning", tiny_cep.best),
        (tiny_blocks.NAMED["grid"], "travel", "neighbour_rows", tiny_blocks.best),
    ):
        method = f"{formulation}@{engine}"
        result = solve(asked, objective, method, Settings(prove=0))
        assert (result.status, result.primal_bound) == (Status.OPTIMAL, best(asked, objective)), method
        assert result.engine is not None
        assert result.engine.name == engine
        again = solve(asked, objective, formulation, Settings(prove=0), engine=engine, start=result.solution)
        assert again.primal_bound == result.primal_bound


@pytest.mark.parametrize("engine", SIZED)
def test_a_model_beyond_a_licence_is_one_line(engine: str) -> None:
    need(engine)
    count = 6000
    large = Program(
        maximize=True,
        c=np.ones(count),
        offset=0.0,
        A=sp.csr_array(np.ones((1, count))),
        row_lower=np.array([-np.inf]),
        row_upper=np.array([7.0]),
        column_lower=np.zeros(count),
        column_upper=np.ones(count),
        integrality=np.ones(count, dtype=np.int32),
    )
    with pytest.raises(EngineRefused, match="refuses") as refused:  # of a machine without a licence for more
        process.run(engine, large, Settings())
    assert "\n" not in str(refused.value)


def test_every_float_survives_the_file(tmp_path: Path) -> None:
    """Numbers that no short decimal names, both sides of a row, a free column and a fixed one."""
    import highspy
    from fairbound.solvers.engines import highs

    third, tenth = 1 / 3, 0.1 + 0.2
    asked = Program(
        maximize=False,
        c=np.array([third, -tenth, 2.0**-40]),
        offset=0.0,
        A=sp.csr_array(np.array([[third, tenth, 0.0], [0.0, 2.0**30 + 1, 1e-7]])),
        row_lower=np.array([-tenth, third]),
        row_upper=np.array([third, third]),
        column_lower=np.array([-np.inf, 0.0, tenth]),
        column_upper=np.array([np.inf, 3.0, tenth]),
        integrality=np.array([0, 1, 0], dtype=np.int32),
    )
    mps.write(asked, tmp_path / "m.mps")
    live = highs.new()
    assert live.readModel(str(tmp_path / "m.mps")) == highspy.HighsStatus.kOk
    lp = live.getLp()
    assert list(lp.col_cost_) == asked.c.tolist()
    assert list(lp.col_lower_) == asked.column_lower.tolist()
    assert list(lp.col_upper_) == asked.column_upper.tolist()
    found = sp.csc_array((lp.a_matrix_.value_, lp.a_matrix_.index_, lp.a_matrix_.start_), shape=(3, 3)).toarray()
    assert found.tolist() == [[third, tenth, 0.0], [third, tenth, 0.0], [0.0, 2.0**30 + 1, 1e-7]]
    assert (lp.row_lower_[0], lp.row_upper_[1], lp.row_lower_[2], lp.row_upper_[2]) == (-tenth, third, third, third)
    assert [str(kind).rsplit(".")[-1] for kind in lp.integrality_] == ["kContinuous", "kInteger", "kContinuous"]


def test_cpsat_is_given_whole_numbers_alone() -> None:
    cpsat = find_engine("cpsat")
    assert "need not be whole" in str(cpsat.refuses(program(whole=False)))
    assert "no bounds" in str(cpsat.refuses(replace(program(), column_upper=np.full(3, np.inf))))
    huge = replace(program(), column_upper=np.full(3, 2.0**61))
    assert "62 bits" in str(cpsat.refuses(huge))
    assert cpsat.refuses(program()) is None
    third = replace(
        program(), A=sp.csr_array(np.array([[0.5, 0.75, 0.25], [1.0, 1.0, 1.0]])), row_upper=np.array([2.5, 4])
    )
    from fairbound.solvers.engines.cpsat import whole_rows

    assert whole_rows(third)[0] == ([(0, 2), (1, 3), (2, 1)], None, 10)


def test_what_an_engine_told_is_kept_when_it_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that does not heed its limit: the best point and bound that it told are the answer.

    The limit leaves a busy machine the time to start an interpreter.
    """
    monkeypatch.setattr(process, "GRACE", 0.5)
    monkeypatch.setenv(VARIABLE, str(Path(__file__).parents[2] / "support" / "stubborn_engine.py"))
    found = process.run("stubborn", program(), Settings(time_limit=3.0))
    assert found.termination is Termination.TIME_LIMIT
    assert found.values is not None
    assert (found.values.tolist(), found.primal, found.dual) == ([4.0, 0.0, 0.0], 27.0, 30.0)
    assert "did not heed its limit of 3 s" in found.message
    died = process.run("dying", program(), Settings())
    assert (died.termination, died.primal) == (Termination.ENGINE_ERROR, 27.0)
    assert "engine dying ended with code" in died.message


def test_names_of_engines() -> None:
    problem = find_problem("cep")
    assert find_method(problem, "membership@highs").name == "membership"
    with pytest.raises(InputError, match="unknown engine: found 'scp', wanted one of scip"):
        find_method(problem, "membership@scp")
    with pytest.raises(InputError, match="price_curve chooses its engine itself"):
        fairbound.solve(tiny_cep.NAMED["five"], method="price_curve", engine="highs-ipm")
    with pytest.raises(InputError, match="has no engine to choose options"):
        fairbound.solve(
            tiny_cep.NAMED["five"], method="price_curve", settings=Settings(engine_options=(("presolve", "off"),))
        )
    assert set(MODULES) == {engine.name for engine in engines()}


def test_nonlinear_formulations_go_to_engines_that_take_them() -> None:
    asked = tiny_transfers.TINY.instances[0]
    problem = find_problem("transfers")
    for name, local in (("composition_nlp@ipopt", True), ("squared_ratios@scip", False)):
        method = find_method(problem, name)
        if find_engine(name.partition("@")[2]).missing():
            pytest.skip("an engine is not installed")
        assert method.exact is not local
        result = method.run(asked, "combined", Settings(time_limit=20))
        assert result.primal_bound is not None
        assert (result.dual_bound is None) is local
    assert "linear" in str(find_method(problem, "composition_nlp@glpk").refuses(asked, "combined"))


def test_a_model_that_an_engine_cannot_read_is_refused_in_a_run_too() -> None:
    """A ratio is no polynomial, a continuous column is no whole number: rows say ``refused`` and the run goes on."""
    for instance, method, words in (
        ("transfers/planar9", "composition_nlp@scip", "is not polynomial"),
        ("cep/calpads33", "membership@cpsat", "need not be whole"),
    ):
        need(method.partition("@")[2])
        problem = instance.partition("/")[0]
        asked = Specification(problem, instance, (), find_problem(problem).objectives[0].name, method)
        answer = work.solve(asked.to_json())
        assert answer["status"] == work.REFUSED
        assert words in answer["message"]


def test_a_start_is_checked_before_any_engine_sees_it() -> None:
    five = tiny_cep.NAMED["five"]
    with pytest.raises(InputError, match="the start breaks a rule"):
        fairbound.solve(five, method="membership", start={"s5": 1, "s1": "", "s2": "", "s3": "", "s4": ""})
    with pytest.raises(InputError, match="takes no start"):
        fairbound.solve(five, method="price_curve", start={"s1": 1, "s2": "", "s3": "", "s4": "", "s5": ""})
