"""The zone checker, the separator loop and the baselines on drawn cities, and the seed's experiment."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import tiny_blocks
from fairbound.instances.applicants.sources import SEED_COUNTS, sfusd65
from fairbound.instances.core.entry import data_file
from fairbound.models.applicants import ApplicantInstance, Cell, Division
from fairbound.models.applicants import instance as applicant_model
from fairbound.models.blocks import ZoneInstance, Zoning, evaluate
from fairbound.models.blocks.instance import component
from fairbound.models.blocks.reductions import fixed_options
from fairbound.models.blocks.separators import violated_separators
from fairbound.models.blocks.tables import solution_rows
from fairbound.solvers.applicants.baselines import interval_study, majority, permutation_search, vote_study
from fairbound.solvers.applicants.race_counts import best_counts
from fairbound.solvers.blocks import baselines, recombination, separator_loop
from fairbound.solvers.blocks.zone_state import ZoneState, reconnect
from fairbound.solvers.checker.blocks import check_zones
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st

import fairbound
from fairbound import InputError, Level, Result, Settings, Status, Termination

REAL = pytest.mark.skipif(data_file("blocks/sf_tract2010_k6.json") is None, reason="the real tract graphs are not here")


@st.composite
def cities(draw: st.DrawFn) -> ZoneInstance:
    """Small cities of hostile shapes: islands, cut vertices, equal or no students, two units."""
    n = draw(st.integers(2, 7))
    k = draw(st.integers(1, min(3, n)))
    students = draw(st.sampled_from([[10] * n, None]))
    if students is None:
        students = draw(st.lists(st.integers(0, 20), min_size=n, max_size=n))
    counts = [(s, draw(st.integers(0, s))) for s in students]
    shape = draw(st.sampled_from(["path", "star", "any"]))
    if shape == "path":
        edges = [(i, i + 1) for i in range(n - 1)]
    elif shape == "star":
        edges = [(0, i) for i in range(1, n)]
    else:
        edges = sorted(draw(st.sets(st.sampled_from(list(combinations(range(n), 2))), max_size=2 * n)))
    roots = draw(st.permutations(range(n)))[:k]
    today = [draw(st.integers(0, k - 1)) for _ in range(n)]
    rules: dict[str, object] = {
        "seats_tolerance": draw(st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(2)])),
        "travel_ratio": draw(st.sampled_from([None, Fraction(1), Fraction(2)])),
        "share_deviation": draw(st.sampled_from([None, None, Fraction(1, 4)])),
        "rezoned_share": draw(st.sampled_from([None, None, Fraction(1, 2)])),
        "contiguous": draw(st.sampled_from([True, True, True, False])),
        "together": draw(st.sampled_from([(), (), (("u0", "u1"),)])),
        "forced": draw(st.sampled_from([(), (), (("u1", "s0"),)])),
    }
    try:
        city = tiny_blocks.city("drawn", counts, edges, roots, today, **rules)
        city.check_question()
        return city
    except InputError:
        assume(False)
        raise


def parts(city: ZoneInstance, without: int | None = None) -> int:
    """How many connected parts a city has, with one unit taken out or not."""
    inside = set(range(len(city.units))) - {without}
    count = 0
    while inside:
        inside -= component(city.neighbours, min(inside), inside)
        count += 1
    return count


@pytest.mark.parametrize(
    "hostile",
    [
        lambda city: city.contiguous and parts(city) > 1,
        lambda city: any(parts(city, unit) > parts(city) for unit in range(len(city.units))),
        lambda city: len(city.units) > 2 and len({unit.students for unit in city.units}) == 1,
        lambda city: any(unit.students == 0 for unit in city.units) and city.students > 0,
        lambda city: len(city.units) == 2,
    ],
    ids=["islands", "cut vertex", "equal students", "a unit without students", "two units"],
)
def test_drawn_cities_are_hostile(hostile: Callable[[ZoneInstance], bool]) -> None:
    """The properties below are tried on every shape that breaks zoning programs."""
    find(cities(), hostile, settings=settings(max_examples=2000, database=None))


@given(cities(), st.data())
@settings(max_examples=300, deadline=None)
def test_the_checker_agrees_with_the_evaluation(city: ZoneInstance, data: st.DataObject) -> None:
    homes = [data.draw(st.integers(0, len(city.schools) - 1)) for _ in city.units]
    if data.draw(st.booleans()):
        for j, root in enumerate(city.roots):
            homes[root] = j
    zoning = Zoning.of(city, homes)
    canonical = json.loads(json.dumps(city.canonical()))
    wrong = check_zones(canonical, solution_rows(city, zoning))
    assert (not wrong) == evaluate(city, zoning).feasible, wrong


@given(cities())
@settings(max_examples=60, deadline=None)
def test_the_loop_agrees_with_enumeration(city: ZoneInstance) -> None:
    assume(len(city.schools) ** len(city.units) <= 800)
    best = tiny_blocks.best(city, "dissimilarity")
    result = separator_loop.run(city, "dissimilarity")
    if best is None:
        assert result.status is Status.INFEASIBLE
    else:
        assert result.status is Status.OPTIMAL
        assert result.primal_bound == best
        rows = solution_rows(city, result.solution)
        assert check_zones(json.loads(json.dumps(city.canonical())), rows) == []


@given(cities(), st.data())
@settings(max_examples=200, deadline=None)
def test_separators_cut_off_nothing_feasible(city: ZoneInstance, data: st.DataObject) -> None:
    """A row found at one assignment is broken there, and holds for every feasible zoning."""
    assume(city.contiguous and len(city.schools) ** len(city.units) <= 300)
    options = fixed_options(city)
    assume(all(options))
    homes = [data.draw(st.sampled_from(sorted(schools))) for schools in options]
    units = [{i for i, schools in enumerate(options) if j in schools} for j in range(len(city.schools))]
    feasible = [z.indices(city) for z in tiny_blocks.zonings(city) if evaluate(city, z).feasible]
    for v, j, cut in violated_separators(city, units, homes):
        assert homes[v] == j
        assert all(homes[u] != j for u in cut)
        for other in feasible:
            assert other[v] != j or any(other[u] == j for u in cut)


@given(cities())
@settings(max_examples=200, deadline=None)
def test_fixing_removes_nothing_feasible(city: ZoneInstance) -> None:
    assume(len(city.schools) ** len(city.units) <= 300)
    options = fixed_options(city)
    for zoning in tiny_blocks.zonings(city):
        if evaluate(city, zoning).feasible:
            assert all(j in options[i] for i, j in enumerate(zoning.indices(city)))


@pytest.mark.parametrize("run", [b.run for b in baselines.BASELINES], ids=[b.name for b in baselines.BASELINES])
@pytest.mark.parametrize("objective", ["dissimilarity", "tvd", "income", "max_share_deviation", "travel", "rezoned"])
def test_baselines_keep_zones_together(run: Callable[..., Zoning], objective: str) -> None:
    """From today's connected zones no baseline cuts one, and one seed gives one answer."""
    city = tiny_blocks.NAMED["grid of three schools"]
    zoning = run(city, objective, 3, None)
    assert zoning == run(city, objective, 3, None)
    assert not [v for v in evaluate(city, zoning).violations if v.rule in ("contiguity", "school in its zone")]


def test_gains_are_differences_of_costs() -> None:
    city = tiny_blocks.NAMED["grid"]
    for objective in ("dissimilarity", "tvd", "income", "max_share_deviation", "travel", "rezoned"):
        state = ZoneState(city, objective, city.today)
        for unit in state.movable:
            for school in state.choices[unit]:
                if school != state.homes[unit]:
                    before, gain, old = state.cost(), state.gain(unit, school), state.homes[unit]
                    state.move(unit, school)
                    assert state.cost() == pytest.approx(before + gain)
                    state.move(unit, old)


def test_islands_are_reconnected() -> None:
    city = tiny_blocks.NAMED["path"]
    state = ZoneState(city, "dissimilarity", [0, 1, 0, 1, 0, 1])
    assert reconnect(state)
    rules = {v.rule for v in evaluate(city, Zoning.of(city, state.homes)).violations}
    assert "contiguity" not in rules


def test_restrictions_give_no_bound() -> None:
    city = tiny_blocks.NAMED["grid"]
    result = fairbound.solve(city, method="closer_neighbour")
    assert result.dual_bound is None
    assert result.status is not Status.OPTIMAL


def test_interrupted_loops_keep_what_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    city = tiny_blocks.NAMED["grid"]

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(separator_loop.SeparatorLoop, "integer_rounds", stop)
    result = separator_loop.run(city, "dissimilarity")
    assert result.termination.value == "interrupted"
    assert result.primal_bound is not None
    assert result.dual_bound is not None


def closed(result: Result) -> bool:
    """Both bounds meet, or are as near as an engine is believed where values lie closer together than that."""
    return result.termination is Termination.FINISHED and result.gap is not None and result.gap <= 1.0001e-9


@REAL
@pytest.mark.parametrize(("name", "percent"), [("sf194", 25.428), ("nm498", 13.383), ("la1124", 17.477)])
def test_real_graphs_are_proven(name: str, percent: float) -> None:
    result = fairbound.solve(f"blocks/{name}", settings=Settings(time_limit=120))
    assert closed(result)
    assert result.primal_bound is not None
    assert float(100 * result.primal_bound) == pytest.approx(percent, abs=5e-4)
    city = fairbound.load(f"blocks/{name}")
    assert check_zones(json.loads(json.dumps(city.canonical())), solution_rows(city, result.solution)) == []


@REAL
def test_ties_are_broken_in_order() -> None:
    result = fairbound.solve("blocks/nm498", objective="dissimilarity,travel,rezoned")
    assert all(closed(stage) for stage in (*result.stages, result))
    assert [stage.objective for stage in result.stages] == ["dissimilarity", "travel"]
    assert result.values["dissimilarity"] == result.stages[0].primal_bound


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
    values = applicant_model.evaluate(instance, search.division).values
    assert values["tvd"] == Fraction(190, 2860)
    searches, low, high = interval_study(instance, seed=42, runs=5)
    assert all(search.iterations <= 1000 for search in searches)
    assert 190 / 2860 - 1e-12 <= low <= high


def test_the_majority_vote_forgets_seats() -> None:
    """Three block groups of 4, 4 and 2: dividing each fairly, the vote gives the first school nothing."""
    cells = (Cell("a", "x", 4), Cell("b", "y", 4), Cell("c", "x", 2))
    instance = ApplicantInstance("vote", cells, ("Webster", "Mission Bay"), 3, 3)
    fair = Division((1, 1, 1))
    assert applicant_model.evaluate(instance, fair).feasible
    voted = majority(instance, fair)
    assert voted == Division((0, 0, 0))  # the tie in c goes to Mission Bay, first in the alphabet
    assert {v.rule for v in applicant_model.evaluate(instance, voted).violations} == {"seats"}
    assert sum(SEED_COUNTS.values()) == 65


def test_loss_as_meant_needs_incomes() -> None:
    with pytest.raises(InputError, match="no income"):
        fairbound.solve("applicants/sfusd65", objective="loss")
    cells = (Cell("a", "x", 3, Fraction(100)), Cell("b", "x", 2, Fraction(300)), Cell("b", "y", 3, Fraction(200)))
    instance = ApplicantInstance("incomes", cells, ("one", "two"), 4, 4)
    for objective in ("loss", "tvd,income", "income,tvd"):
        result = fairbound.solve(instance, objective=objective, method="cell_counts")
        assert result.status is Status.OPTIMAL
    best = tiny_blocks.best_division(instance, "loss")
    assert fairbound.solve(instance, objective="loss").primal_bound == best


def test_recombination_keeps_the_rules_and_betters_today(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gerrychain", reason="the extra recom is not installed")
    monkeypatch.setattr(recombination, "BURSTS", 5)
    result = fairbound.solve("blocks/grid100", method="recom", settings=Settings(seed=3))
    assert result.status is Status.FEASIBLE
    assert result.values["dissimilarity"] < result.measures["today_dissimilarity"]


def test_recombination_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recombination, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"gerrychain is not installed \(pip install fairbound\[recom\]\)"):
        fairbound.solve("blocks/grid100", method="recom")


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
