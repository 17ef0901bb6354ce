"""Searches side by side: the best of each is the answer, and what happens to one is no matter to the others."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import stubborn
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.models import PROBLEMS
from fairbound.models.cep import Grouping
from fairbound.models.core.errors import InputError
from fairbound.models.core.problem import Sense
from fairbound.models.core.registry import find_problem
from fairbound.solvers.cep import methods as cep_methods
from fairbound.solvers.core import racing, wall
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound, Level
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.isolation import note_engine_threads
from fairbound.solvers.core.joining import joined
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.methods import methods_of
from fairbound.solvers.core.result import Progress, Result, Settings, Status, Termination

import fairbound
from fairbound.cli.exit_codes import ENGINE_FAILED, code_of

FIVE = tiny_cep.NAMED["five"]
BEST, VALUE = Grouping.of([["s1", "s2", "s4"]]), Fraction(272)
POOR = stubborn.best_single(FIVE)
Told = Callable[[Progress], None] | None
SCRIPT: dict[int, Callable[[Settings, Told], Answer]] = {}
THERE: set[str] = set()
"""Processes that this one had started before a test."""


def scripted(_instance: Any, _objective: str, settings: Settings, on_progress: Told, _start: Any) -> Answer:
    """Does what the test wants of a search with this seed."""
    return SCRIPT[settings.seed](settings, on_progress)


def tell(on_progress: Told, plan: Grouping | None, bound: float | None = None) -> None:
    """Tell a plan and a bound."""
    value = None if plan is None else float(fairbound.evaluate(FIVE, plan).values["reimbursement"])
    if on_progress is not None:
        on_progress(Progress(0.0, value, bound, 1, plan))


def wait(telling: Callable[[], None] = lambda: None) -> None:
    """Tell, then wait until somebody asks."""
    until = time.monotonic() + stubborn.AGES
    with interruptible() as stop:
        telling()
        while not stop.is_set():
            time.sleep(0.005)
            assert time.monotonic() < until, "nobody has asked"


def searcher(
    plan: Grouping | None, bound: float | None = None, proven: Bound | None = None, **more: Any
) -> Callable[[Settings, Told], Answer]:
    """Tells a plan and a bound, and answers with the plan and what it has proven once it is asked to stop."""

    def run(_settings: Settings, on_progress: Told) -> Answer:
        wait(lambda: tell(on_progress, plan, bound))
        return Answer(Termination.INTERRUPTED, plan, proven=proven, **more)

    return run


def closer(settings: Settings, on_progress: Told) -> Answer:
    """Closes the question at once."""
    return Answer(Termination.FINISHED, BEST, proven=Bound(VALUE, Basis.THEOREM))


def deaf(plan: Grouping) -> Callable[[Settings, Told], Answer]:
    """Tells a plan and heeds nothing from then on."""

    def run(_settings: Settings, on_progress: Told) -> Answer:
        tell(on_progress, plan, 1e6)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        time.sleep(stubborn.AGES)
        raise AssertionError("nobody waits so long")

    return run


def raising(settings: Settings, on_progress: Told) -> Answer:
    """Raises."""
    raise InputError("no such thing", found=str(settings.seed))


def killed(settings: Settings, on_progress: Told) -> Answer:
    """Ends its process."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("killed")


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    wall.close()
    note_engine_threads(1)  # whatever tests before did: only a fork has the method listed here
    monkeypatch.setattr(wall, "INTERRUPT_SECONDS", 0.5)
    monkeypatch.setattr(racing, "cores", lambda: 2)
    method = Method("scripted", Kind.ALGORITHM, "scripted", scripted, lambda instance, objective: None)
    monkeypatch.setattr("fairbound.solvers.cep.methods.METHODS", (*cep_methods.METHODS, method))
    SCRIPT.clear()
    THERE.clear()
    THERE.update(children())
    yield
    wall.close()


def solve(
    first: Callable[[Settings, Told], Answer],
    second: Callable[[Settings, Told], Answer],
    settings: Settings = Settings(),  # noqa: B008 - frozen
    **more: Any,
) -> Result:
    SCRIPT.update({settings.seed: first, settings.seed + 1: second})
    return fairbound.solve(FIVE, method="scripted", settings=replace(settings, prove=0), workers=2, **more)


def children() -> list[str]:
    """Processes that this one has started, since the test began, and that still are."""
    every = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [child for child in every if child not in THERE]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("loser", [searcher(POOR), deaf(POOR)])
def test_the_one_that_closes_the_question_ends_the_other(loser: Any, turned: bool) -> None:
    result = solve(*((loser, closer) if turned else (closer, loser)), isolate=True)
    assert (result.status, result.termination, result.level) == (Status.OPTIMAL, Termination.FINISHED, Level.L2)
    assert (result.solution, result.primal_bound, result.dual_bound, result.seed) == (BEST, VALUE, VALUE, int(turned))
    assert f"the plan of seed {result.seed}, the bound of seed {result.seed}" in result.message
    assert "did not heed" not in result.message
    assert children() == []


def test_the_plan_of_one_and_the_bound_of_the_other_close_it_together() -> None:
    proven = Bound(VALUE, Basis.THEOREM, "told")
    result = solve(searcher(BEST), searcher(POOR, float(VALUE), proven))
    assert (result.status, result.termination, result.level) == (Status.OPTIMAL, Termination.FINISHED, Level.L2)
    assert (result.solution, result.dual_bound, result.proven) == (BEST, VALUE, proven)
    assert result.message == "2 searches side by side: the plan of seed 0, the bound of seed 1"
    assert result.method == "scripted"


def test_together_they_reach_the_gap_that_was_asked_for() -> None:
    bound = VALUE * Fraction(101, 100)
    searches = searcher(BEST), searcher(POOR, float(bound), Bound(bound, Basis.THEOREM))
    result = solve(*searches, Settings(gap=0.02))
    assert (result.status, result.termination, result.dual_bound) == (Status.FEASIBLE, Termination.GAP_LIMIT, bound)


def test_a_bound_that_is_told_but_not_confirmed_closes_nothing() -> None:
    weaker = Bound(VALUE + 1, Basis.THEOREM)

    def first(_settings: Settings, on_progress: Told) -> Answer:
        tell(on_progress, BEST)
        time.sleep(0.5)  # the other has long been asked, and has said what it has
        return Answer(Termination.FINISHED, BEST)

    result = solve(first, searcher(POOR, float(VALUE), weaker))
    assert (result.status, result.termination, result.dual_bound) == (
        Status.FEASIBLE,
        Termination.FINISHED,
        weaker.value,
    )


def test_who_has_met_its_own_bound_is_let_end_by_itself() -> None:
    def first(_settings: Settings, on_progress: Told) -> Answer:
        tell(on_progress, BEST, float(VALUE))
        time.sleep(0.5)  # to ask it now would cost its answer
        return Answer(Termination.FINISHED, BEST, proven=Bound(VALUE, Basis.THEOREM))

    result = solve(first, searcher(POOR))
    assert (result.termination, result.proven_bound) == (Termination.FINISHED, VALUE)


def test_a_plan_that_breaks_a_rule_meets_no_bound() -> None:
    broken = Grouping.of([["s1", "s2", "s4"], ["s3"]])
    assert not fairbound.evaluate(FIVE, broken).feasible
    again: list[Progress] = []

    def first(_settings: Settings, on_progress: Told) -> Answer:
        assert on_progress is not None
        on_progress(Progress(0.0, float(VALUE), None, 0, broken))
        time.sleep(0.3)
        return Answer(Termination.FINISHED, POOR)

    def second(_settings: Settings, on_progress: Told) -> Answer:
        tell(on_progress, POOR, float(VALUE))
        time.sleep(0.6)
        return Answer(Termination.FINISHED, BEST, proven=Bound(VALUE, Basis.THEOREM))

    result = solve(first, second, on_progress=again.append)
    assert (result.status, result.seed) == (Status.OPTIMAL, 1)  # it was not asked to stop before


def test_the_certificate_of_one_holds_the_plan_of_the_other() -> None:
    document = dict(fairbound.certify(FIVE, method="membership") or {})
    poor = document | {"solution": [list(group) for group in POOR.groups]}
    assert fairbound.verify(poor) == (VALUE, Level.L4)
    proven = Bound(VALUE, Basis.CERTIFICATE, str(document["format"]))
    result = solve(searcher(BEST), searcher(POOR, float(VALUE), proven, certificate=poor))
    assert (result.status, result.level, result.certificate) == (Status.OPTIMAL, Level.L4, document)
    assert fairbound.verify(result.certificate or {}) == (VALUE, Level.L4)


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        (raising, "the search with seed 0 failed: InputError: no such thing"),
        (killed, "seed 0: the method failed: ended by SIGKILL"),
    ],
)
def test_what_fails_is_told_and_costs_the_others_nothing(failing: Any, words: str) -> None:
    def later(settings: Settings, on_progress: Told) -> Answer:
        time.sleep(0.3)
        return closer(settings, on_progress)

    result = solve(failing, later)
    assert (result.status, result.solution, result.seed) == (Status.OPTIMAL, BEST, 1)
    assert words in result.message


def test_the_error_of_all_is_the_error_of_the_first() -> None:
    with pytest.raises(InputError, match="no such thing: found '7'"):
        solve(raising, raising, Settings(seed=7))


def test_a_search_whose_fork_server_is_killed_begins_anew(tmp_path: Path) -> None:
    """Not this one, whose method the new interpreter does not know: the other's answer is kept."""

    def orphaned(settings: Settings, on_progress: Told) -> Answer:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(stubborn.AGES)
        raise AssertionError("nobody waits so long")

    def later(settings: Settings, on_progress: Told) -> Answer:
        time.sleep(0.3)
        return closer(settings, on_progress)

    assert solve(orphaned, later).status is Status.OPTIMAL
    assert children() == []


def test_a_plan_that_beats_a_proven_bound_of_another_is_a_contradiction() -> None:
    result = solve(
        searcher(BEST),
        lambda settings, told: Answer(Termination.FINISHED, POOR, proven=Bound(Fraction(200), Basis.THEOREM)),
        Settings(time_limit=0.3),
    )
    assert "scripted with seed 1 claims the bound 200 (L2), but the plan of scripted with seed 0" in (
        result.contradiction
    )
    assert (result.solution, result.dual_bound, result.proven) == (BEST, None, None)
    assert code_of(result) == ENGINE_FAILED


def test_a_plan_that_was_told_contradicts_a_search_that_has_closed_the_question() -> None:
    def liar(_settings: Settings, on_progress: Told) -> Answer:
        time.sleep(0.3)
        value = fairbound.evaluate(FIVE, POOR).values["reimbursement"]
        return Answer(Termination.FINISHED, POOR, proven=Bound(value, Basis.THEOREM))

    def denier(_settings: Settings, on_progress: Told) -> Answer:
        time.sleep(0.3)
        return Answer(Termination.INFEASIBLE)

    for wrong in (liar, denier):
        result = solve(searcher(BEST), wrong)
        assert (result.solution, result.status, code_of(result)) == (BEST, Status.FEASIBLE, ENGINE_FAILED)
        assert "seed 1" in result.contradiction
        assert "seed 0" in result.contradiction


@pytest.mark.parametrize("second", [searcher(BEST, 300.0, Bound(Fraction(300), Basis.THEOREM)), deaf(BEST)])
def test_ctrl_c_keeps_the_best_of_all(second: Any) -> None:
    heard: list[Progress] = []

    def interrupt(moment: Progress) -> None:
        heard.append(moment)
        if moment.solution == BEST:
            signal.raise_signal(signal.SIGINT)

    result = solve(searcher(POOR), second, on_progress=interrupt, isolate=True)
    assert (result.solution, result.termination, code_of(result)) == (BEST, Termination.INTERRUPTED, 130)
    assert result.dual_bound == (300 if second.__qualname__.startswith("searcher") else 10**6)
    assert children() == []


def test_a_second_ctrl_c_leaves_nobody_behind_and_the_next_solve_works() -> None:
    def interrupt(moment: Progress) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        solve(deaf(POOR), deaf(BEST), on_progress=interrupt)
    assert children() == []
    assert solve(closer, deaf(POOR)).status is Status.OPTIMAL


def test_a_listener_that_raises_ends_all() -> None:
    def fail(moment: Progress) -> None:
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        solve(deaf(POOR), deaf(BEST), on_progress=fail)
    assert children() == []
    with wall.kept(FIVE, count=2):
        with pytest.raises(ValueError, match="no more"):
            solve(deaf(POOR), deaf(BEST), on_progress=fail)
        assert solve(closer, deaf(POOR)).status is Status.OPTIMAL


def test_the_limit_holds_for_each() -> None:
    began = time.monotonic()
    result = solve(deaf(BEST), searcher(POOR, 400.0, Bound(Fraction(400), Basis.THEOREM)), Settings(time_limit=0.2))
    assert time.monotonic() - began < stubborn.AGES / 10
    assert (result.solution, result.termination, result.seed) == (BEST, Termination.TIME_LIMIT, 0)
    assert (result.dual_bound, result.proven_bound) == (400, 400)
    assert "did not heed its limit of 0.2 s" in result.message


def test_progress_is_that_of_all() -> None:
    heard: list[Progress] = []

    def slowly(*moments: tuple[Grouping, float, float]) -> Callable[[Settings, Told], Answer]:
        def run(settings: Settings, on_progress: Told) -> Answer:
            began = time.monotonic()
            for plan, bound, at in moments:
                time.sleep(max(0.0, at - (time.monotonic() - began)))
                tell(on_progress, plan, bound)
            wait()
            return Answer(Termination.INTERRUPTED)

        return run

    first = slowly((POOR, 400.0, 0.0), (BEST, 390.0, 0.4))
    second = slowly((POOR, 300.0, 0.2), (POOR, 310.0, 0.6))
    result = solve(first, second, Settings(time_limit=1.0), on_progress=heard.append)
    poor = float(fairbound.evaluate(FIVE, POOR).values["reimbursement"])
    bounds = [(moment.primal, moment.dual) for moment in heard]
    assert bounds == [(poor, 400.0), (poor, 300.0), (272.0, 300.0), (272.0, 300.0)]
    assert [moment.solution for moment in heard] == [POOR, None, BEST, None]
    assert [(moment.primal, moment.dual) for moment in result.trace] == bounds[:3]


def test_the_first_is_the_search_that_would_run_alone(tmp_path: Path) -> None:
    def noting(settings: Settings, on_progress: Told) -> Answer:
        (tmp_path / str(settings.seed)).write_text(repr(settings))
        return Answer(Termination.FINISHED, POOR)

    settings = Settings(seed=3, threads=2, gap=0.1, prove=0, engine_options=(), log="")
    solve(noting, noting, settings)
    assert (tmp_path / "3").read_text() == repr(settings)
    assert (tmp_path / "4").read_text() == repr(replace(settings, seed=4))


def test_one_file_holds_the_log_of_one() -> None:
    logs = []

    class Noting(Method):
        def run(self, *arguments: Any, **more: Any) -> Result:
            logs.append(arguments[2].log)
            raise InputError("enough")

    [method] = [method for method in methods_of(find_problem("cep")) if method.name == "scripted"]
    raced = replace(racing.raced(method, 2), alone=Noting(**vars(method)))  # type: ignore[call-arg]
    with pytest.raises(InputError, match="enough"):
        raced.run(FIVE, "reimbursement", Settings(log="engine.log"))
    assert sorted(logs) == ["", "engine.log"]


def test_what_is_asked_to_stop_before_it_has_begun_stops_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    lend, lent = wall.lend, []

    def first(_settings: Settings, on_progress: Told) -> Answer:
        tell(on_progress, BEST, float(VALUE))
        return Answer(Termination.FINISHED, BEST, proven=Bound(VALUE, Basis.THEOREM))

    def late(*arguments: Any) -> None:
        lent.append(arguments)
        lend(*arguments)
        time.sleep(0.5 if len(lent) == 2 else 0.0)

    monkeypatch.setattr(wall, "lend", late)
    assert solve(first, deaf(POOR)).status is Status.OPTIMAL
    assert children() == []


def test_forks_inherit_the_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_instance: object) -> dict[str, object]:
        raise AssertionError("it travelled")

    monkeypatch.setattr(type(FIVE), "__getstate__", refuse)
    assert solve(deaf(POOR), closer).status is Status.OPTIMAL
    with wall.kept(FIVE, count=2):
        monkeypatch.setattr("fairbound.solvers.core.wall.may_fork", lambda: False)  # as once a line of progress is on
        assert solve(deaf(POOR), closer).status is Status.OPTIMAL


def test_stages_are_raced_one_after_the_other() -> None:
    result = fairbound.solve(FIVE, objective="reimbursement,students", method="membership", workers=2)
    alone = fairbound.solve(FIVE, objective="reimbursement,students", method="membership")
    assert (result.status, result.primal_bound, result.level) == (alone.status, alone.primal_bound, alone.level)
    assert [stage.primal_bound for stage in result.stages] == [VALUE]
    assert "2 searches side by side" in result.stages[0].message


@pytest.mark.parametrize("method", ["subset_dp", "one_group"])
def test_what_takes_no_seed_runs_once(method: str) -> None:
    result = fairbound.solve(FIVE, method=method, workers=2)
    assert result.solution is not None
    assert f"{method} does the same whatever the seed: one search ran, not 2" in result.message


@pytest.mark.parametrize("workers", [0, -1, 3, 1000])
def test_more_searches_than_cores_are_refused(workers: int) -> None:
    with pytest.raises(InputError, match=f"workers: found '{workers}', wanted 1 to 2, the cores of this machine"):
        fairbound.solve(FIVE, workers=workers)


def _result(seed: int, value: Fraction, bound: Fraction, basis: Basis) -> Result:
    return Result(
        "cep", "five", FIVE.digest, {}, "reimbursement", Sense.MAXIMIZE, "m", Status.FEASIBLE, Termination.TIME_LIMIT,
        Level.L1, value, bound, basis, None if basis is Basis.CLAIM else Bound(bound, basis), BEST, seed=seed,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bound", "basis"), [(VALUE - 1, Basis.CLAIM), (VALUE - Fraction(1, 10**8), Basis.MULTIPLIERS)]
)
def test_what_the_best_plan_passes_is_no_bound(bound: Fraction, basis: Basis) -> None:
    ended: dict[int, Result | BaseException | None] = {
        0: _result(0, VALUE, Fraction(400), Basis.THEOREM),
        1: _result(1, VALUE - 5, bound, basis),
    }
    found = joined(FIVE, ended, set(), Settings(), [], 1.0)
    assert "m with seed 1 claims the bound" in found.contradiction
    assert found.dual_bound == 400


@pytest.mark.parametrize(
    ("ends", "end"),
    [
        ((Termination.TIME_LIMIT, Termination.GAP_LIMIT), Termination.GAP_LIMIT),
        ((Termination.FINISHED, Termination.TIME_LIMIT), Termination.TIME_LIMIT),
        ((Termination.FINISHED, Termination.INTERRUPTED), Termination.INTERRUPTED),
        ((Termination.ENGINE_ERROR, Termination.FINISHED), Termination.FINISHED),
        ((Termination.ENGINE_ERROR, Termination.ENGINE_ERROR), Termination.ENGINE_ERROR),
    ],
)
def test_why_all_have_ended(ends: tuple[Termination, Termination], end: Termination) -> None:
    results = [replace(_result(k, VALUE, Fraction(400), Basis.THEOREM), termination=t) for k, t in enumerate(ends)]
    assert joined(FIVE, dict(enumerate(results)), set(), Settings(), [], 1.0).termination is end


@pytest.mark.parametrize("problem", PROBLEMS)
def test_methods_that_take_no_seed_do_not_look_at_it(problem: str) -> None:
    """The lint holds that a baseline whose argument is called ``_seed`` does not use it; the others are asked."""
    from importlib import import_module

    tiny = import_module(f"fairbound.benchmarks.{problem}.tiny").TINY
    kind = find_problem(problem)
    for method in methods_of(kind):
        if method.seeded or method.formulation is not None:
            continue
        asked = [(i, o.name) for i in tiny.instances for o in kind.objectives if method.refuses(i, o.name) is None]
        for instance, objective in asked[:5]:
            answers = [method.answer(instance, objective, Settings(seed=seed), None, None) for seed in (0, 1)]
            assert answers[0].solution == answers[1].solution
            assert answers[0].nodes == answers[1].nodes
