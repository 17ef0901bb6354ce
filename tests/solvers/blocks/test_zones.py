"""The zone checker, the separator loop and the baselines on drawn cities, and the seed's experiment."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from drawn_cities import cities
from fairbound.benchmarks.blocks import tiny as tiny_blocks
from fairbound.instances.core.entry import data_file
from fairbound.models.blocks import PROBLEM, ZoneInstance, Zoning, evaluate
from fairbound.models.blocks.instance import component
from fairbound.models.blocks.reductions import fixed_options
from fairbound.models.blocks.separators import violated_separators
from fairbound.models.blocks.tables import solution_rows
from fairbound.solvers.blocks import baselines, recombination, separator_loop
from fairbound.solvers.blocks.zone_state import ZoneState, reconnect
from fairbound.solvers.checker.blocks import check_zones
from fairbound.solvers.core.methods import find_method
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st

import fairbound
from fairbound import InputError, Result, Settings, Status, Termination

REAL = pytest.mark.skipif(data_file("blocks/sf_tract2010_k6.json") is None, reason="the real tract graphs are not here")


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
    result = find_method(PROBLEM, "separator_loop").run(city, "dissimilarity")
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
    result = find_method(PROBLEM, "separator_loop").run(city, "dissimilarity")
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
