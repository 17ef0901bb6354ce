"""Applicants: the exact count against brute force, and the seed's own search."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from fairbound.benchmarks.applicants import tiny as tiny_applicants
from fairbound.instances.applicants.sources import SEED_COUNTS, sfusd65
from fairbound.models.applicants import PROBLEM, ApplicantInstance, Cell, Division
from fairbound.models.applicants import evaluate as score
from fairbound.solvers.applicants.baselines import interval_study, majority, permutation_search, vote_study
from fairbound.solvers.applicants.race_counts import best_counts
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fairbound
from fairbound import InputError, Level, Status


def test_sfusd65_is_proven_and_unique() -> None:
    result = fairbound.solve("applicants/sfusd65")
    assert (result.primal_bound, result.dual_bound) == (Fraction(190, 2860), Fraction(190, 2860))
    assert result.level is Level.L2
    assert "1 count vector reaches it" in result.message
    assert result.solution == Division((6, 1, 4, 1, 0, 3, 0, 0, 0, 6, 1))
    assert result.measures["second_tvd"] == Fraction(22, 43) * result.values["tvd"]
    integer = fairbound.solve("applicants/sfusd65", method="cell_counts")
    assert integer.status is Status.OPTIMAL
    assert integer.solution == result.solution


def test_fewer_seats_balance_better() -> None:
    values = {n: fairbound.solve("applicants/sfusd65", parameters={"seats": n}).primal_bound for n in range(18, 23)}
    assert min(values, key=lambda n: values[n] or 1) == 19
    assert round(float(values[19] or 0), 4) == 0.0640
    assert round(float(values[20] or 0), 4) == 0.0654
    free = fairbound.solve("applicants/sfusd65", parameters={"seats": "18-22"})
    assert free.primal_bound == values[19]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.data())
@settings(max_examples=100, deadline=None)
def test_race_counts_are_counted_right(totals: list[int], data: st.DataObject) -> None:
    assume(sum(totals) > 0)
    seats = data.draw(st.integers(1, sum(totals)))
    gaps = [
        sum(abs(sum(totals) * n - seats * m) for n, m in zip(counts, totals, strict=True))
        for counts in np.ndindex(*(total + 1 for total in totals))
        if sum(counts) == seats
    ]
    gap, ways, counts = best_counts(tuple(totals), seats)
    assert gap == min(gaps)
    assert ways == gaps.count(gap)
    assert sum(counts) == seats


def test_the_seeds_search() -> None:
    """The threshold accepts only the optimum, which one permutation in about 2,620 meets."""
    instance = sfusd65()
    random = np.random.RandomState(42)
    search = permutation_search(instance, random, 100_000)
    assert search.found
    values = score(instance, search.division).values
    assert values["tvd"] == Fraction(190, 2860)
    searches, low, high = interval_study(instance, seed=42, runs=5)
    assert all(search.iterations <= 1000 for search in searches)
    assert 190 / 2860 - 1e-12 <= low <= high


def test_the_majority_vote_forgets_seats() -> None:
    """Three block groups of 4, 4 and 2: dividing each fairly, the vote gives the first school nothing."""
    cells = (Cell("a", "x", 4), Cell("b", "y", 4), Cell("c", "x", 2))
    instance = ApplicantInstance("vote", cells, ("Webster", "Mission Bay"), 3, 3)
    fair = Division((1, 1, 1))
    assert score(instance, fair).feasible
    voted = majority(instance, fair)
    assert voted == Division((0, 0, 0))  # the tie in c goes to Mission Bay, first in the alphabet
    assert {v.rule for v in score(instance, voted).violations} == {"seats"}
    assert sum(SEED_COUNTS.values()) == 65


def test_loss_as_meant_needs_incomes() -> None:
    with pytest.raises(InputError, match="no income"):
        fairbound.solve("applicants/sfusd65", objective="loss")
    cells = (Cell("a", "x", 3, Fraction(100)), Cell("b", "x", 2, Fraction(300)), Cell("b", "y", 3, Fraction(200)))
    instance = ApplicantInstance("incomes", cells, ("one", "two"), 4, 4)
    for objective in ("loss", "tvd,income", "income,tvd"):
        result = fairbound.solve(instance, objective=objective, method="cell_counts")
        assert result.status is Status.OPTIMAL
    best = tiny_applicants.best_division(instance, "loss")
    assert fairbound.solve(instance, objective="loss").primal_bound == best


def test_the_vote_over_drawn_block_groups() -> None:
    instance, best = sfusd65(), Division((6, 1, 4, 1, 0, 3, 0, 0, 0, 6, 1))
    # In one block group the second school has the majority; alone in each, everybody's wish is the vote.
    assert vote_study(instance, best, 1, draws=3, places=1).empty == 1
    alone = vote_study(instance, best, 1, draws=3, places=10**9)
    assert (alone.seats, alone.crowded, alone.empty) == (22, 0, 0)
    assert alone.tvd == pytest.approx(19 / 286)
    usual = vote_study(instance, best, 1, draws=200)
    assert usual == vote_study(instance, best, 1, draws=200)
    assert usual.seats < 15
    assert usual.tvd > 2 * 19 / 286


def test_schools_are_named_with_their_seats() -> None:
    given = {"schools": "Webster=22;Mission = Bay=20;Alder=23"}
    asked = fairbound.load("applicants/sfusd65", given)
    assert asked.schools == ("Webster", "Mission = Bay", "Alder")
    assert (asked.fewest, asked.most, asked.rest) == (22, 22, (20, 23))
    assert asked.parameters["schools"] == "Webster=22;Mission = Bay=20;Alder=23"
    assert fairbound.load("applicants/sfusd65", asked.parameters).digest == asked.digest
    assert fairbound.load("applicants/sfusd65").parameters == {"seats": "22"}
    for text, wrong in (
        ("Webster=22;Alder=20", "parameter schools: found '42 seats', wanted seats for the 65 applicants, no more"),
        ("Webster=65", "wanted NAME=SEATS for each school"),
        ("Webster=22;Webster=43", "wanted NAME=SEATS"),
        ("Webster;Alder=43", "wanted NAME=SEATS"),
    ):
        with pytest.raises(InputError, match=wrong):
            fairbound.load("applicants/sfusd65", {"schools": text})


def test_every_school_of_three_is_as_even_as_it_can_be() -> None:
    """No school can be nearer than its own least distance, and the plan survives a file."""
    asked = fairbound.load("applicants/sfusd65", {"schools": "A=22;B=20;C=23"})
    result = fairbound.solve(asked, objective="worst_tvd")
    assert result.status == "optimal"
    least = max(
        fairbound.solve("applicants/sfusd65", parameters={"seats": str(seats)}).primal_bound for seats in (20, 22, 23)
    )
    assert least <= result.primal_bound < least * Fraction(11, 10)
    assert result.proven is not None
    assert (result.proven.value, result.proven.level) == (least, Level.L2)
    rows = PROBLEM.solution_rows(asked, result.solution)
    assert list(rows[0]) == ["place", "race", "income", "applicants", "first", "school_2"]
    assert PROBLEM.read_solution(asked, rows) == result.solution
    summary = PROBLEM.solution_summary(asked, result.solution)
    assert [sum(int(row[name]) for row in summary) for name in ("A", "B", "C")] == [22, 20, 23]


def test_free_sizes_are_counted_in_units_that_an_engine_can_hold() -> None:
    """In steps of the lattice of 31 sizes, finer than 10^-17, no engine took the model."""
    apart = {n: fairbound.solve("applicants/sfusd65", parameters={"seats": str(n)}).primal_bound for n in range(18, 31)}
    best = min(max(least, least * n / (65 - n)) for n, least in apart.items())
    for method in ("school_counts", "unary_counts"):
        given = {"seats": "18-30"}
        result = fairbound.solve("applicants/sfusd65", objective="worst_tvd", method=method, parameters=given)
        assert result.primal_bound == best
        assert result.dual_bound == pytest.approx(float(best), rel=1e-6)


def test_largest_remainders_at_any_size() -> None:
    """65 million applicants: no table, and both objectives of two schools have the same best division."""
    million = tuple(Cell("a", race, count * 10**6 - 1) for race, count in SEED_COUNTS.items())
    asked = ApplicantInstance("many", million, ("one", "two"), 22 * 10**6, 22 * 10**6)
    first, worst = (fairbound.solve(asked, objective=name) for name in ("tvd", "worst_tvd"))
    assert (first.status, first.level) == (worst.status, worst.level) == (Status.OPTIMAL, Level.L2)
    assert first.primal_bound == worst.primal_bound  # the second school is larger
    assert worst.method == "school_by_school"


def test_a_plan_is_there_before_the_table() -> None:
    """Incomes in steps of a dollar, 52,000 applicants: the table is out of reach, shares and their bound are not."""
    chance = np.random.default_rng(1)
    cells = tuple(
        Cell(str(place), race, 100 * count + place, Fraction(int(chance.integers(30_000, 250_000))))
        for place in range(8)
        for race, count in SEED_COUNTS.items()
    )
    asked = ApplicantInstance("many", cells, ("one", "two"), 20_000, 20_000)
    result = fairbound.solve(asked, objective="loss", settings=fairbound.Settings(time_limit=0.3), isolate=False)
    assert result.solution is not None
    assert score(asked, result.solution).feasible
    assert result.dual_bound == fairbound.solve(asked).primal_bound  # what races alone allow


@pytest.mark.parametrize("objective", ["income", "loss"])
def test_incomes_that_are_all_0_are_no_incomes(objective: str) -> None:
    """A gap (21) is a share of the mean income: with a mean of 0 it is nothing, and was called 1."""
    cells = (Cell("a", "x", 2, Fraction(0)), Cell("b", "y", 2, Fraction(0)))
    nobody = ApplicantInstance("nobody earns", cells, ("one", "two"), 2, 2)
    assert set(score(nobody, Division((1, 1))).values) == {"tvd", "worst_tvd"}
    for method in ("cell_counts", "unary_counts", "division_table"):
        with pytest.raises(InputError, match="an applicant has no income, or nobody has any"):
            fairbound.solve(nobody, objective=objective, method=method)
    with pytest.raises(InputError):
        fairbound.solve(nobody, objective=objective)
