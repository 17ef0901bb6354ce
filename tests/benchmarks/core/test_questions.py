"""What rows about one question say together, on rows made by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from bench_rows import baseline, row
from fairbound.benchmarks.core.questions import questions


def test_best_bounds_come_from_whoever_has_them() -> None:
    [question] = questions(
        [
            row(method="a", primal_bound="90", dual_bound="120", status="feasible", gap=1 / 3),
            row(method="b", primal_bound="80", dual_bound="110", status="feasible", gap=3 / 8, level="L2"),
            baseline(primal_bound="95"),
        ]
    )
    assert (question.primal, question.dual, question.level) == (Fraction(95), Fraction(110), "L2")
    assert question.best_primal is not None
    assert question.best_primal.method == "alone"
    assert question.gap == pytest.approx(15 / 95)
    assert question.contradictions == ()


def test_bounds_of_a_minimisation_point_the_other_way() -> None:
    [question] = questions(
        [
            row(method="a", sense="minimize", primal_bound="90", dual_bound="70"),
            row(method="b", sense="minimize", primal_bound="100", dual_bound="80"),
        ]
    )
    assert (question.primal, question.dual) == (Fraction(90), Fraction(80))


def test_an_equal_bound_is_credited_to_the_higher_level() -> None:
    [question] = questions(
        [row(method="a", level="L1", wall_seconds=1.0), row(method="b", level="L2", wall_seconds=5.0)]
    )
    assert question.level == "L2"


def test_a_value_beyond_a_bound_is_a_contradiction() -> None:
    [question] = questions([row(method="a"), baseline(primal_bound="101")])
    assert question.contradictions == (
        "cep/hand, reimbursement: a (highs 1.15.1) claims the bound 100 (L1), but the plan of alone is worth "
        "exactly 101: the bound is withdrawn",
    )
    none = {"primal_bound": None, "dual_bound": None, "gap": None}
    [question] = questions([row(method="a", status="infeasible", **none), baseline(primal_bound="5")])
    assert "says infeasible, but the plan of alone keeps every rule" in question.contradictions[0]
    [question] = questions([row(method="a", contradiction="the bound 9 was contradicted by the exact value 10")])
    assert len(question.contradictions) == 1


def test_questions_differ_by_digest_and_objective() -> None:
    rows = [row(), row(objective="students"), row(digest="d2", given="threshold=0.25")]
    assert [len(question.rows) for question in questions(rows)] == [1, 1, 1]
    same = [row(), row(given="threshold=0.40")]  # the default, named
    assert [len(question.rows) for question in questions(same)] == [2]
