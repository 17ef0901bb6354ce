"""Limits are kept whatever a method does, and what it had told by then is the answer."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
import stubborn
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.models.cep import PROBLEM, evaluate, membership
from fairbound.models.core.errors import InputError
from fairbound.solvers.core import proving, wall
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.isolation import Ending, Isolation, Limits, may_fork, note_engine_threads
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.core.result import Progress, Result, Settings, Status, Termination
from fairbound.solvers.engines import highs, model
from fairbound.solvers.engines.base import Program

import fairbound
from fairbound.cli.exit_codes import code_of

FIVE = tiny_cep.NAMED["five"]
BEST = stubborn.best_single(FIVE)
VALUE = evaluate(FIVE, BEST).values["reimbursement"]
SHORT = Settings(time_limit=0.2)


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(wall, "INTERRUPT_SECONDS", 0.5)
    wall.close()
    note_engine_threads(1)  # whatever tests before did: only a fork has the methods listed here
    with stubborn.listed():
        yield


def solve(method: str, settings: Settings = SHORT, **more: object) -> Result:
    return fairbound.solve(FIVE, method=method, settings=settings, **more)  # type: ignore[arg-type]


def test_a_method_that_heeds_nothing_is_ended_and_its_incumbent_kept() -> None:
    result = solve("deaf")
    assert (result.status, result.termination, result.level) == (Status.FEASIBLE, Termination.TIME_LIMIT, Level.L1)
    assert (result.primal_bound, result.dual_bound, result.solution) == (VALUE, Fraction(10**6), BEST)
    assert [(moment.dual, moment.nodes) for moment in result.trace] == [(stubborn.BOUND, 7)]
    assert "did not heed its limit of 0.2 s" in result.message
    assert code_of(result) == 0


def test_without_an_incumbent_the_limit_is_an_answer_without_a_solution() -> None:
    result = solve("mute")
    assert (result.status, result.termination) == (Status.UNKNOWN, Termination.TIME_LIMIT)
    assert (result.primal_bound, result.dual_bound) == (None, None)
    assert code_of(result) == 3


def test_a_method_that_stops_when_asked_keeps_its_own_answer() -> None:
    result = solve("heedful")
    assert (result.solution, result.termination) == (BEST, Termination.TIME_LIMIT)
    assert result.message.isdigit()


def test_a_crash_ends_its_own_process_only() -> None:
    result = solve("crash")
    assert (result.solution, result.termination) == (BEST, Termination.ENGINE_ERROR)
    assert result.message == "the method failed: ended by SIGKILL"


def test_an_error_for_a_person_comes_through() -> None:
    with pytest.raises(InputError, match=r"d.csv, row 3: no such thing: found 'x', wanted y") as caught:
        solve("wrong")
    assert (caught.value.row, caught.value.found) == (3, "x")


@pytest.mark.parametrize("method", ["deaf", "heedful"])
def test_ctrl_c_reaches_the_process_of_the_solve(method: str) -> None:
    def interrupt(moment: Progress) -> None:
        signal.raise_signal(signal.SIGINT)

    result = solve(method, Settings(), on_progress=interrupt, isolate=True)
    assert (result.solution, result.termination) == (BEST, Termination.INTERRUPTED)
    assert code_of(result) == 130


def test_ctrl_c_before_the_solve_has_begun_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new interpreter takes a second to start, a large instance more to travel."""
    start, run, asked = Isolation.start, Isolation.run, []

    def started(self: Isolation) -> None:
        start(self)
        if not asked:
            asked.append(True)
            signal.raise_signal(signal.SIGINT)

    def within(self: Isolation, *arguments: Any, **more: Any) -> Ending:
        return run(self, *arguments[:2], Limits(seconds=30), *arguments[3:], **more)

    monkeypatch.setattr(Isolation, "start", started)
    monkeypatch.setattr(Isolation, "run", within)
    result = solve("heedful", Settings(), isolate=True)
    assert result.termination is Termination.INTERRUPTED
    assert "did not heed" not in result.message  # it would have been ended after half a minute


def test_a_second_ctrl_c_ends_the_solve_at_once() -> None:
    def interrupt(moment: Progress) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        solve("deaf", Settings(), on_progress=interrupt, isolate=True)


def test_there_is_no_other_process_without_a_time_limit() -> None:
    def interrupt(moment: Progress) -> None:
        signal.raise_signal(signal.SIGINT)

    assert solve("heedful", Settings(), on_progress=interrupt).message == str(os.getpid())
    assert solve("heedful").message != str(os.getpid())


def test_bounds_of_a_restriction_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    loose = Method("deaf", Kind.ALGORITHM, "", stubborn.deaf, lambda instance, objective: None, exact=False)
    result = wall.limited(loose).run(FIVE, "reimbursement", SHORT)
    assert (result.primal_bound, result.dual_bound) == (VALUE, None)


def test_a_solution_that_breaks_a_rule_is_no_answer() -> None:
    everyone = tiny_cep.NAMED["forced in"]  # the best single school is not the one that must be in
    result = fairbound.solve(everyone, method="deaf", settings=SHORT)
    assert (result.status, result.solution) == (Status.UNKNOWN, None)


def test_the_best_of_the_last_incumbents_that_keep_every_rule_is_kept() -> None:
    """A later round may tell less than an earlier one, and rows that are not there yet make plans that break rules."""
    asked = tiny_cep.NAMED["forced in"]
    broken, [first, second] = BEST, [each for each in tiny_cep.groupings(asked) if evaluate(asked, each).feasible][:2]
    told = [(1.0, second), (5.0, broken), (3.0, first), (None, second)]
    sense = PROBLEM.objective("reimbursement").sense
    assert wall._Heard(None, solutions=deque(told)).best(PROBLEM, asked, sense) == first
    assert wall._Heard(None, solutions=deque([(5.0, broken)])).best(PROBLEM, asked, sense) is None


def test_a_thread_gets_an_interpreter_of_its_own_for_its_limits() -> None:
    results: list[Result] = []

    def work() -> None:
        results.extend(fairbound.solve(FIVE, settings=Settings(time_limit=60)) for _ in range(2))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [result.status for result in results] == [Status.OPTIMAL] * 2


def test_an_exact_answer_is_the_same_with_a_limit() -> None:
    free, limited = (fairbound.solve(FIVE, settings=settings) for settings in (Settings(), Settings(time_limit=60)))
    assert (limited.solution, limited.primal_bound, limited.dual_bound) == (
        free.solution,
        free.primal_bound,
        free.dual_bound,
    )
    assert (limited.level, limited.digest, limited.method) == (free.level, free.digest, free.method)


def test_incumbents_travel_with_the_progress_of_a_formulation() -> None:
    heard: list[Progress] = []
    result = find_method(PROBLEM, "membership").run(FIVE, "reimbursement", Settings(), heard.append)
    found = [moment.solution for moment in heard if moment.solution is not None]
    assert found
    assert all(evaluate(FIVE, solution).feasible for solution in found)
    assert all(moment.solution is None for moment in result.trace)


def test_building_and_compiling_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine gets what is left of the limit: here nothing, since the clock leaps a minute whenever it is read."""
    seconds = iter(range(0, 6000, 60))
    given: list[float | None] = []
    monkeypatch.setattr("fairbound.solvers.core.formulations.time.perf_counter", lambda: float(next(seconds)))
    real = highs.pass_model

    def passed(program: Program, settings: Settings) -> object:
        if program.integrality.any():  # the relaxation, which proves a bound, comes after it
            given.append(settings.time_limit)
        return real(program, settings)

    monkeypatch.setattr(highs, "pass_model", passed)
    find_method(PROBLEM, "membership").run(FIVE, "reimbursement", Settings(time_limit=100.0))
    assert given == [0.0]


def test_a_process_whose_engine_has_threads_is_not_forked() -> None:
    for threads in (2, 1):
        find_method(PROBLEM, "membership").run(FIVE, "reimbursement", Settings(threads=threads))
        assert may_fork() is (threads == 1)
        assert fairbound.solve(FIVE, settings=Settings(time_limit=60, threads=threads)).status is Status.OPTIMAL


def test_a_fork_inherits_the_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_instance: object) -> dict[str, object]:
        raise AssertionError("it travelled")

    assert may_fork()
    monkeypatch.setattr(type(FIVE), "__getstate__", refuse)
    assert solve("heedful").solution == BEST
    with wall.kept(FIVE):
        assert solve("heedful").solution == BEST
    with wall.kept(), pytest.raises(AssertionError, match="it travelled"):
        solve("heedful")


def test_a_fork_server_that_does_not_know_the_instance_is_sent_it() -> None:
    with wall.kept():
        wall._own.known = frozenset([id(FIVE)])  # as one that died and was started anew elsewhere
        assert solve("heedful").solution == BEST


def test_a_proof_that_looks_at_no_clock_is_ended_and_the_answer_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    result = fairbound.solve(FIVE, method="membership", settings=Settings(time_limit=60))
    assert result.level is Level.L4

    def forever(*_: object) -> None:
        while True:
            with suppress(KeyboardInterrupt):
                time.sleep(60)

    monkeypatch.setattr(proving, "_proven", forever)
    kept = fairbound.solve(FIVE, method="membership", settings=Settings(time_limit=60, prove=0.2))
    assert (kept.status, kept.termination, kept.primal_bound) == (Status.OPTIMAL, Termination.FINISHED, 272)


def test_the_plan_that_is_there_at_once_is_the_answer_where_the_engine_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(model, "solve", lambda *_, **__: time.sleep(60))
    result = fairbound.solve(FIVE, method="membership", settings=SHORT)
    assert (result.status, result.termination) == (Status.FEASIBLE, Termination.TIME_LIMIT)
    assert result.solution == membership.first(FIVE, "reimbursement")
