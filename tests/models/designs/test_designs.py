"""Experimental designs by hand, from files, and with their proof."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest
from fairbound.benchmarks.designs import tiny as tiny_designs
from fairbound.instances.designs.sources import simulated
from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.models.designs import Design, evaluate
from fairbound.models.designs.instance import DISCREPANCY, DesignInstance, Subject
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.methods import default_method
from fairbound.solvers.core.result import Settings, Status
from fairbound.solvers.core.search import Search
from fairbound.solvers.designs import two_lists
from fairbound.solvers.designs.two_lists import Lists

import fairbound

TABLE = "subject_id,age,score\na,1,10\nb,2,7.5\nc,3,8\nd,7,1\n"


def test_scores_by_hand() -> None:
    """1 and 4: mean 5/2, deviation 3/2, so the scores are -1 and 1: means differ by 2, second moments by 0."""
    pair = tiny_designs.NAMED["pair"]
    found = evaluate(pair, Design(frozenset({"0"})))
    assert found.feasible
    assert found.values == {DISCREPANCY: 2}
    assert (found.measures["mean_c0"], found.measures["second_c0"]) == (2, 0)
    assert [v.rule for v in evaluate(pair, Design(frozenset())).violations] == ["groups"]


def test_a_small_cohort_is_proven() -> None:
    result = fairbound.solve("designs/seed16")
    assert (result.status, result.level) == (Status.OPTIMAL, Level.L4)
    assert result.primal_bound == Fraction(217291907825, 2755941970609)
    assert fairbound.verify(result.certificate, "designs/seed16") == (result.primal_bound, Level.L4)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("d,7,1", "d,seven,1", "row 5, column age"),
        ("d,7,1", "d,7,9e15", "row 5, column score"),
        ("d,7,1\n", "", "an even number"),
        ("d,7", "c,7", "a subject stands twice"),
        ("1,10\nb,2,7.5\nc,3,8\nd,7", "1,10\nb,1,7.5\nc,1,8\nd,1", "a covariate without variance"),
        ("subject_id", "person", "subject_id"),
        ("d,7", ",7", "column subject_id"),
    ],
)  # fmt: skip
def test_refused_tables(tmp_path: Path, old: str, new: str, parts: str) -> None:
    path = tmp_path / "cohort.csv"
    assert old in TABLE
    path.write_text(TABLE.replace(old, new))
    with pytest.raises(InputError, match=parts):
        fairbound.load(str(path), problem="designs")


def test_refused_parameters_and_solutions(tmp_path: Path) -> None:
    path = tmp_path / "cohort.csv"
    path.write_text(TABLE)
    asked = fairbound.load(str(path))
    assert asked.problem == "designs"
    for change, parts in (
        ({"rho": "-1"}, "at least 0"),
        ({"covariates": "size"}, "no such column"),
        ({"covariates": ""}, "no covariates"),
    ):
        with pytest.raises(InputError, match=parts):
            fairbound.load(asked, change)
    problem = find_problem("designs")
    good = problem.solution_rows(asked, Design(frozenset({"a", "b"})))
    for place, change, parts in ((0, {"subject_id": "x"}, "unknown"), (1, {"group": "third"}, "first or second")):
        rows = [row | (change if i == place else {}) for i, row in enumerate(good)]
        with pytest.raises(InputError, match=parts):
            problem.read_solution(asked, rows)
    with pytest.raises(InputError, match="without a group"):
        problem.read_solution(asked, good[1:])


def test_two_lists_prove_what_the_tree_finds() -> None:
    """26 subjects: the best design, and on the way to it bounds that hold."""
    asked = simulated("designs/seed26")
    assert default_method(asked, DISCREPANCY).name == "two_lists"
    assert default_method(simulated("designs/seed24"), DISCREPANCY).name == "halves"
    result = fairbound.solve(asked)
    assert (result.status, result.level) == (Status.OPTIMAL, Level.L2)
    tree = fairbound.solve(asked, method="halves", settings=Settings(prove=0))
    assert tree.solution == result.solution
    lists, best = Lists(asked), float(result.primal_bound)
    found = [min(values.min(initial=1.0) for *_, values in lists.pairs(limit)) for limit in (best * 0.99, best)]
    assert found[0] > best * 0.99
    assert found[1] == pytest.approx(best, abs=lists.slack)
    assert any(0 < (moment.dual or 0) < best for moment in result.trace)  # limits that no design keeps


def test_two_lists_tell_equal_subjects_apart_from_none() -> None:
    """Every subject stands twice, so one of each on either side is best; ties are many."""
    subjects = tuple(Subject(f"{k}{side}", (Fraction(k * k),)) for k in range(13) for side in "ab")
    result = fairbound.solve(DesignInstance("twins", subjects, ("x",), ("x",)), method="two_lists")
    assert (result.status, result.level, result.primal_bound) == (Status.OPTIMAL, Level.L2, 0)


def drawn(n: int, most: int, seed: int, columns: int = 2) -> DesignInstance:
    """Subjects with numbers from 0 to ``most``."""
    chance = random.Random(seed)
    subjects = tuple(
        Subject(str(i), tuple(Fraction(chance.randint(0, most)) for _ in range(columns))) for i in range(n)
    )
    names = tuple(f"c{j}" for j in range(columns))
    return DesignInstance("drawn", subjects, names, names)


@pytest.mark.parametrize("most", [1, 3, 10**6, 10**12])
@pytest.mark.parametrize("n", [2, 4, 10, 12])
def test_two_lists_agree_with_every_design(monkeypatch: pytest.MonkeyPatch, n: int, most: int) -> None:
    """From the first half of the table, since a thousand draws find the best of so few."""
    monkeypatch.setattr(two_lists, "rerandomised", lambda asked, *_: Design(next(halves(asked))))
    for seed in range(8):
        asked = drawn(n, most, seed, 1 + seed % 3)
        try:
            asked.check_question()
        except InputError:
            continue
        result = fairbound.solve(asked, method="two_lists")
        assert (result.status, result.level) == (Status.OPTIMAL, Level.L2)
        assert result.primal_bound == min(evaluate(asked, Design(first)).values[DISCREPANCY] for first in halves(asked))


def halves(asked: DesignInstance) -> Iterator[frozenset[str]]:
    names = [subject.id for subject in asked.subjects]
    for rest in combinations(names[1:], len(names) // 2 - 1):
        yield frozenset({names[0], *rest})


def test_columns_of_few_values_leave_short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """30 subjects, 77 million designs, most of them alike; sums in floats, which tell none alike, agree with 12."""
    asked = drawn(30, 1, 1, 3)
    lists = Lists(asked)
    assert lists.exact
    assert sum(len(mine) for mine, *_ in lists.groups) < 2000
    result = fairbound.solve(asked, method="two_lists")
    assert (result.status, result.level) == (Status.OPTIMAL, Level.L2)
    few = drawn(12, 2, 1)
    best = fairbound.solve(few, method="two_lists").primal_bound
    monkeypatch.setattr(two_lists, "LARGEST", 0)
    floats = fairbound.solve(few, method="two_lists")
    assert sum(len(mine) for mine, *_ in Lists(few).groups) == 2 ** (12 // 2 - 1)
    assert (floats.primal_bound, floats.dual_bound) == (best, best)


def test_nothing_is_more_even_than_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first plan without any difference ends it: no list is made."""
    monkeypatch.setattr(two_lists, "Lists", None)
    pairs = tuple(Subject(f"{k}{side}", (Fraction(k % 3 == 0),)) for k in range(20) for side in "ab")
    result = fairbound.solve(DesignInstance("pairs", pairs, ("x",), ("x",)), method="two_lists")
    assert (result.status, result.level, result.primal_bound) == (Status.OPTIMAL, Level.L2, 0)


@pytest.mark.parametrize("limit", [0, two_lists.LARGEST])
def test_designs_that_are_not_scored_lower_the_bound(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """Where none of those near the least value is kept they are answered for, a rounding below."""
    asked = drawn(20, 10**6, 2)
    best = fairbound.solve(asked, method="two_lists").primal_bound
    monkeypatch.setattr(two_lists, "LARGEST", limit)
    monkeypatch.setattr(two_lists, "MOST_NEAR", 0)
    result = fairbound.solve(asked, method="two_lists")
    assert result.primal_bound > best
    assert 0 < best - result.dual_bound < Fraction(1, 10**12)


@pytest.mark.parametrize("moment", range(1, 40, 3))
def test_a_look_that_was_cut_short_proves_nothing(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    """The time is over at the so-manieth look at the clock, and pieces are small."""
    asked = drawn(20, 10**6, 2)
    best = fairbound.solve(asked, method="two_lists").primal_bound
    looks = itertools.count(1)
    monkeypatch.setattr(Search, "late", lambda _: next(looks) > moment)
    monkeypatch.setattr(two_lists, "CHUNK", 2000)
    result = fairbound.solve(asked, method="two_lists")
    assert result.dual_bound <= best <= result.primal_bound
    assert result.status is Status.FEASIBLE or result.primal_bound == best
