"""The table of divisions against brute force, its certificate, and forgeries of it."""

from __future__ import annotations

import copy
import hashlib
import json
import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from fairbound.benchmarks.applicants import tiny as tiny_applicants
from fairbound.instances.applicants.sources import SEED_COUNTS
from fairbound.models.applicants import ApplicantInstance, Cell
from fairbound.models.applicants import evaluate as score
from fairbound.solvers.applicants.division_table import FORMAT, refuses
from fairbound.solvers.checker import applicants as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.checker.rows.applicants import Applicants
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.certificates import verify
from forgeries import _numbers, answered, mutated
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fairbound
from fairbound import Settings, Status

OBJECTIVES = ("tvd", "income", "loss")


def drawn65(seed: int) -> ApplicantInstance:
    """The seed's 65 by race, each in one of 28 block groups whose incomes are drawn."""
    chance = random.Random(seed)
    incomes = [Fraction(chance.randrange(30_000, 250_000)) for _ in range(28)]
    counts = Counter((chance.randrange(28), race) for race, number in SEED_COUNTS.items() for _ in range(number))
    cells = tuple(Cell(str(place), race, count, incomes[place]) for (place, race), count in sorted(counts.items()))
    return ApplicantInstance("drawn65", cells, ("one", "two"), 22, 22)


@st.composite
def questions(draw: st.DrawFn) -> tuple[ApplicantInstance, str]:
    """Few applicants, incomes with and without a common step, free seats, limits."""
    keys = draw(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), min_size=1, max_size=4, unique=True))
    cells = tuple(
        Cell(*key, draw(st.integers(0, 3)), Fraction(draw(st.integers(0, 9)), draw(st.sampled_from([1, 1, 2, 3]))))
        for key in keys
    )
    total = sum(cell.count for cell in cells)
    if not total:
        cells, total = (replace(cells[0], count=2), *cells[1:]), 2
    fewest = draw(st.integers(1, total))
    limits = draw(st.dictionaries(st.sampled_from(OBJECTIVES), st.fractions(0, 1, max_denominator=8), max_size=2))
    most = min(total, fewest + draw(st.integers(0, 2)))
    instance = ApplicantInstance("few", cells, ("one", "two"), fewest, most, limits=tuple(sorted(limits.items())))
    return instance, draw(st.sampled_from(OBJECTIVES))


@given(questions())
@settings(max_examples=300, deadline=None)
def test_the_table_knows_every_division(question: tuple[ApplicantInstance, str]) -> None:
    instance, objective = question
    assume(instance.has_incomes or {objective, *dict(instance.limits)} == {"tvd"})
    scored = (score(instance, division) for division in tiny_applicants.divisions(instance))
    values = sorted({found.values[objective] for found in scored if found.feasible})
    asked = Applicants(instance.canonical())
    if not values:
        assert checker.better(asked, objective, Fraction(100)) is None
        return
    assert checker.better(asked, objective, values[0]) is None
    for claim in (values[0] + Fraction(1, 10**12), *values[1:4], Fraction(100)):
        assert checker.better(asked, objective, claim) == values[0]
    result = fairbound.solve(instance, objective=objective, method="division_table")
    assert (result.status, result.primal_bound, result.dual_bound) == (Status.OPTIMAL, values[0], values[0])
    assert verify(result.certificate or {}, instance.digest) == (values[0], Level.L2)


def test_no_limit_can_be_kept() -> None:
    asked = replace(tiny_applicants.NAMED["four"], limits=(("income", Fraction(0)), ("tvd", Fraction(0))))
    result = fairbound.solve(asked, objective="loss", method="division_table")
    assert result.status is Status.INFEASIBLE
    assert tiny_applicants.best_division(asked, "loss") is None


def test_sixty_five_applicants_with_incomes() -> None:
    """Sums of incomes lie nearer together than an engine's floats; the table tells them apart."""
    for seed in (1, 2):
        asked = drawn65(seed)
        for objective in ("income", "loss"):
            result = fairbound.solve(asked, objective=objective)
            assert (result.status, result.level, result.method) == (Status.OPTIMAL, Level.L2, "division_table")
            assert result.values[objective] == result.dual_bound
    both = fairbound.solve(drawn65(2), objective="tvd,income")
    assert (both.status, both.level) == (Status.OPTIMAL, Level.L2)
    assert both.values["tvd"] == Fraction(19, 286)


def test_an_engine_s_answer_gets_a_table_too() -> None:
    asked = tiny_applicants.NAMED["free seats"]
    best = tiny_applicants.best_division(asked, "loss")
    result = fairbound.solve(asked, objective="loss", method="cell_counts")
    assert (result.status, result.level, result.dual_bound) == (Status.OPTIMAL, Level.L2, best)
    assert (result.certificate or {})["format"] == FORMAT
    bare = fairbound.solve(asked, objective="loss", method="cell_counts", settings=Settings(prove=0))
    assert (bare.level, bare.certificate) == (Level.L1, None)


def test_what_is_refused() -> None:
    assert refuses(tiny_applicants.NAMED["four"], "worst_tvd")
    assert refuses(tiny_applicants.NAMED["applicants/sfusd65"], "loss")
    with pytest.raises(Rejected, match="no income"):
        checker.better(Applicants(tiny_applicants.NAMED["applicants/sfusd65"].canonical()), "income", Fraction(1))
    with pytest.raises(Rejected, match="no table is stated"):
        checker.better(Applicants(tiny_applicants.NAMED["four"].canonical()), "worst_tvd", Fraction(1))
    far = (Cell("a", "x", 1, Fraction(1)), Cell("b", "x", 2, Fraction(10**12)), Cell("c", "x", 1, Fraction(5, 7)))
    fine = ApplicantInstance("fine", far, ("one", "two"), 2, 2)
    with pytest.raises(Rejected, match="steps so fine"):
        checker.better(Applicants(fine.canonical()), "income", Fraction(1))
    other = fairbound.solve(fine, objective="income", method="division_table")
    assert "steps so fine" in other.message
    assert other.primal_bound == tiny_applicants.best_division(fine, "income")


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Applicants(drawn65(1).canonical())
    for name, wanted in (("MOST_WORK", "more work"), ("MOST_HELD", "too large to be held")):
        with monkeypatch.context() as patch:
            patch.setattr(checker, name, 10**6)
            with pytest.raises(Rejected, match=wanted):
                checker.better(asked, "loss", Fraction(1, 10))


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    few = replace(tiny_applicants.NAMED["free seats"], limits=(("tvd", Fraction(1, 4)),))
    found = [fairbound.solve(drawn65(2), objective="loss"), fairbound.solve(few, objective="income")]
    assert all(result.status is Status.OPTIMAL for result in found)
    return [json.loads(json.dumps(result.certificate)) for result in found]


def test_no_mutation_proves_more_than_the_truth(documents: list[dict[str, Any]]) -> None:
    chance, accepted = random.Random(8), 0
    for document in documents:
        truth = checker.check(document)
        for _ in range(1000):
            found, reason = answered(checker, mutated(document, chance, ("bound", "solution")))
            assert "\n" not in reason
            accepted += found is not None
            assert found is None or found <= truth
    assert accepted < 1000


def test_false_claims_and_plans_that_break_a_rule_are_refused(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        truth = Fraction(document["bound"])
        for share in (Fraction(1, 10**12), Fraction(1, 500)):
            claim = str((truth or Fraction(1)) * (1 + share))
            with pytest.raises(Rejected, match="contradicts"):
                checker.check(document | {"bound": claim})
        solution = document["solution"]
        taken = next(c for c, count in enumerate(solution) if count)
        for wrong in (
            [*solution[:taken], solution[taken] - 1 - len(solution), *solution[taken + 1 :]],
            [0] * len(solution),
            solution[:-1],
            [count + 1 for count in solution],
        ):
            with pytest.raises(Rejected, match="breaks a rule"):
                checker.check(document | {"solution": wrong})


def test_a_worse_plan_does_not_hide_a_better_one() -> None:
    """The claim is held against the table, not against the plan."""
    asked = tiny_applicants.NAMED["free seats"]
    document = dict(fairbound.solve(asked, objective="loss").certificate or {})
    truth = Fraction(document["bound"])
    for division in tiny_applicants.divisions(asked):
        found = score(asked, division)
        if not found.feasible:
            continue
        other = document | {"solution": list(division.counts)}
        assert checker.check(other) == truth
        if found.values["loss"] > truth:
            with pytest.raises(Rejected, match="a division has"):
                checker.check(other | {"bound": str(found.values["loss"])})


def test_data_of_any_kind_is_answered_in_one_line(documents: list[dict[str, Any]]) -> None:
    chance = random.Random(9)
    for _ in range(400):
        forged = copy.deepcopy(documents[1])
        path = chance.choice(_numbers(forged["data"]))
        place: Any = forged["data"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = chance.choice(["-1", "0", "3", "1e300", "1e-300", "x", "", None, "7/3", -5, [], "10000000"])
        text = json.dumps(forged["data"], sort_keys=True, separators=(",", ":"))
        forged["digest"] = hashlib.sha256(text.encode()).hexdigest()
        _, reason = answered(checker, forged)
        assert "\n" not in reason


def test_a_checker_knows_no_share_of_a_mean_of_0() -> None:
    nobody = replace(tiny_applicants.NAMED["four"], limits=())
    nobody = replace(nobody, cells=tuple(replace(cell, income=Fraction(0)) for cell in nobody.cells))
    with pytest.raises(Rejected, match="a mean income that is not above 0"):
        checker.better(Applicants(nobody.canonical()), "income", Fraction(1))
    assert checker.better(Applicants(nobody.canonical()), "tvd", Fraction(0)) is None
