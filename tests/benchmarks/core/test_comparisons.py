"""Methods beside one another, on rows made by hand."""

from __future__ import annotations

import pytest
from bench_rows import baseline, row
from fairbound.benchmarks.core.comparisons import compare_exact, crossings, heuristic_gaps, standings
from fairbound.benchmarks.core.questions import questions
from fairbound.solvers.core.formulations import split_name

DEAD = {"digest": "", "outcome": "memory", "status": "", "level": "", "primal_bound": None, "dual_bound": None}


def test_a_solve_that_died_counts_as_asked() -> None:
    rows = [row(method="a"), row(method="b", total_seconds=None, **DEAD)]
    [question] = questions(rows)
    assert (question.digest, question.contradictions) == ("d1", ())
    a, b = standings(compare_exact([question]))
    assert (a.method, a.asked, a.solved) == ("a", 1, 1)
    assert (b.method, b.asked, b.solved, b.par10) == ("b", 1, 0, 600)
    [alone] = questions([row(total_seconds=None, **DEAD)])
    assert (alone.digest, alone.primal, alone.dual, alone.gap) == ("", None, None, None)


def test_formulations_are_compared_by_medians() -> None:
    rows = [
        row(total_seconds=1.0, nodes=10, repetition=0),
        row(total_seconds=3.0, nodes=30, repetition=1),
        row(total_seconds=2.0, nodes=20, repetition=2),
        row(relaxed=True, relaxation=125.0, status="relaxation", primal_bound=None, dual_bound=None, gap=None),
    ]
    [cell] = compare_exact(questions(rows))
    assert (cell.seconds, cell.nodes, cell.columns, cell.runs, cell.solved) == (2.0, 20, 10, 3, 3)
    assert cell.root_gap == pytest.approx(0.25)
    assert cell.engine == "highs 1.15.1"
    # 1 until 0.5 (no incumbent), 0.5 until 1.5, 0 after: 0.5 + 0.5.
    assert cell.integral == pytest.approx(1.0)


def test_a_method_must_close_every_run() -> None:
    rows = [row(repetition=0), row(repetition=1, status="feasible", primal_bound="90", gap=1 / 9)]
    [cell] = compare_exact(questions(rows))
    assert (cell.seconds, cell.solved, cell.runs) == (None, 1, 2)


def test_standings_count_what_is_not_closed() -> None:
    none = {"primal_bound": None, "dual_bound": None, "gap": None, "status": "", "level": "", "digest": "d1"}
    rows = [
        row(method="a", total_seconds=9.0),
        row(method="a", digest="d2", total_seconds=1.0),
        row(method="b", total_seconds=3.0),
        row(method="b", **none | {"digest": "d2", "status": "refused", "total_seconds": None}),
    ]
    a, b = standings(compare_exact(questions(rows)))
    assert (a.method, a.asked, a.solved, a.refused, a.fastest) == ("a", 2, 2, 0, 1)
    assert a.mean_1 == pytest.approx((10 * 2) ** 0.5 - 1)
    assert a.par10 == pytest.approx(5)
    assert (b.method, b.asked, b.solved, b.refused, b.fastest) == ("b", 2, 1, 1, 1)
    assert b.mean_1 == pytest.approx((4 * 61) ** 0.5 - 1)
    assert b.par10 == pytest.approx((3 + 600) / 2)


def test_the_worst_seed_of_a_heuristic_is_reported() -> None:
    rows = [row(), baseline(primal_bound="99", seed=0), baseline(primal_bound="75", seed=1)]
    [item] = heuristic_gaps(questions(rows))
    assert item.gap == 0.25
    [item] = heuristic_gaps(questions([*rows, baseline(primal_bound=None, status="invalid", seed=2)]))
    assert item.gap is None


def test_standings_are_those_of_an_objective() -> None:
    rows = [
        row(method="a", objective="money", total_seconds=1.0),
        row(method="a", objective="students", total_seconds=9.0),
        row(method="b", objective="students", total_seconds=3.0),
    ]
    found = standings(compare_exact(questions(rows)))
    assert [(s.objective, s.method, s.asked, s.fastest) for s in found] == [
        ("money", "a", 1, 1),
        ("students", "b", 1, 1),
        ("students", "a", 1, 0),
    ]


def test_a_name_may_say_the_engine() -> None:
    assert split_name("membership@scip") == ("membership", "scip")
    assert split_name("membership") == ("membership", "")
    assert split_name("width:3.125") == ("width:3.125", "")


def test_formulations_cross_engines() -> None:
    """By hand: SGM (1 s) of 1 and 4 is sqrt(2 * 5) - 1; a solve that died counts as the limit of 60 s."""
    none = {"primal_bound": None, "dual_bound": None, "gap": None, "status": "", "engine": "", "trace": "[]"}
    rows = [
        row(method="a", total_seconds=1.0),
        row(method="a", digest="d2", total_seconds=4.0),
        row(method="a@scip", engine="scip", total_seconds=2.0),
        row(method="a@scip", digest="d2", outcome="timeout", **none),
        row(method="b", digest="d2", outcome="memory", **none),
        row(method="c", kind="algorithm", engine="other"),
        baseline(),
    ]
    a, b = crossings(questions(rows))
    assert (a.formulation, list(a.tallies)) == ("a", ["highs", "scip"])
    highs, scip = a.tallies["highs"], a.tallies["scip"]
    assert (highs.closed, highs.asked, highs.refused) == (2, 2, 0)
    assert highs.seconds == pytest.approx(10**0.5 - 1)
    assert (scip.closed, scip.asked) == (1, 2)
    assert scip.seconds == pytest.approx((3 * 61) ** 0.5 - 1)
    assert (a.equal, a.near, a.contradicted) == (1, 0, ())
    assert (b.formulation, list(b.tallies), b.tallies["highs"].closed) == ("b", ["highs"], 0)  # the usual engine


def test_one_engine_crosses_nothing() -> None:
    assert crossings(questions([row(), row(method="levels"), baseline()])) == []
    algorithm = row(method="c", kind="algorithm", engine="scip")
    assert crossings(questions([row(), algorithm])) == []


def test_a_plan_where_another_engine_says_that_there_is_none_contradicts() -> None:
    none = {"primal_bound": None, "dual_bound": None, "gap": None, "status": "infeasible"}
    [found] = crossings(questions([row(), row(method="membership@scip", engine="scip", **none)]))
    assert found.contradicted == ("cep/hand",)
    assert (found.equal, found.near) == (0, 0)
