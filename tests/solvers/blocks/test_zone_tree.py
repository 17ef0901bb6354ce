"""The tree over exact rows, two even halves, what is worked out once a city, and clocks."""

from __future__ import annotations

import copy
import json
import pickle
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from drawn_cities import cities
from fairbound.benchmarks.blocks import tiny
from fairbound.instances.blocks.grid_city import grid_city
from fairbound.instances.blocks.layout import straight, straight_rows
from fairbound.models.blocks import PROBLEM, ZoneInstance, Zoning, evaluate
from fairbound.models.blocks.evaluate import group_scale
from fairbound.models.blocks.instance import component
from fairbound.models.blocks.reductions import fixed_options
from fairbound.models.blocks.separators import LEAST_VIOLATION, level_separators, zone_graphs
from fairbound.models.core.exact import decimal_text
from fairbound.solvers.blocks import zone_branching, zone_tree
from fairbound.solvers.blocks.even_halves import _size_ranges, even_halves, least_dissimilarity
from fairbound.solvers.blocks.flow_separation import flow_separators
from fairbound.solvers.blocks.incumbents import ZoneIncumbents
from fairbound.solvers.blocks.zone_live import ZoneLive
from fairbound.solvers.blocks.zone_state import ZoneState, anneal, reconnect
from fairbound.solvers.checker import tree as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.checker.linear import scaled
from fairbound.solvers.checker.rows.blocks import _in_steps
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.proofs.live import Live
from fairbound.solvers.proofs.mir import knapsacks, mir_steps
from fairbound.solvers.proofs.tree import Node, nodes
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fairbound import Basis, Level, Result, Settings, Status, Termination


def grid(tmp_path: object, n: int, k: int, seed: int) -> ZoneInstance:
    """A grid city."""
    import fairbound

    path = tmp_path / "city.json"  # type: ignore[operator]
    path.write_text(json.dumps(grid_city(n, k, seed)))
    city = fairbound.load(path)
    assert isinstance(city, ZoneInstance)
    return city


def grown(city: ZoneInstance, **chosen: object) -> Result:
    return find_method(PROBLEM, "zone_tree").run(city, "dissimilarity", Settings(**chosen))  # type: ignore[arg-type]


@given(cities(), st.sampled_from(["dissimilarity", "tvd", "travel", "rezoned"]))
@settings(max_examples=60, deadline=None)
def test_the_tree_agrees_with_enumeration(city: ZoneInstance, objective: str) -> None:
    assume(len(city.schools) ** len(city.units) <= 800)
    best = tiny.best(city, objective)
    result = find_method(PROBLEM, "zone_tree").run(city, objective)
    if best is None:
        assert result.status is Status.INFEASIBLE
    else:
        assert result.status is Status.OPTIMAL
        assert result.primal_bound == best
        assert result.level in (Level.L2, Level.L4)  # a theorem, or a tree that was replayed


def test_sides_are_branched_on_and_replayed(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns of sides are branched on wherever they are open; the certificate proves what the loop claims."""
    usual = zone_branching.ZoneTree.choose

    def side_first(tree: zone_branching.ZoneTree, node: Node, x: object) -> tuple[int, bool] | None:
        own = [j for j in tree.sides if j not in tree.pairs and tree.live.lower[j] < tree.live.upper[j]]
        return (own[0], True) if own else usual(tree, node, x)  # type: ignore[arg-type]

    monkeypatch.setattr(zone_branching.ZoneTree, "choose", side_first)
    city = grid(tmp_path, 200, 8, 3)
    result = grown(city)
    assert result.status is Status.OPTIMAL
    assert result.level is Level.L4
    assert result.primal_bound == find_method(PROBLEM, "separator_loop").run(city, "dissimilarity").primal_bound
    document = json.loads(json.dumps(result.certificate))
    sides = [step for step in document["steps"] if step[0] == "side"]
    columns = len(checker.rows_of("blocks").system(document["data"], "dissimilarity").lower)
    assert any(node[0] == "branch" and node[1] >= columns for node in document["tree"])
    assert checker.check(document) == result.primal_bound
    for wrong in ([*sides[0][:2], [len(city.schools)]], [len(city.units), sides[0][2]], ["side", sides[0][1]]):
        false = copy.deepcopy(document)
        false["steps"][false["steps"].index(sides[0])] = wrong
        with pytest.raises(Rejected):
            checker.check(false)
    fewer = copy.deepcopy(document)
    fewer["steps"].remove(sides[-1])
    with pytest.raises(Rejected):
        checker.check(fewer)


def test_a_side_is_the_sum_of_its_pairs() -> None:
    """(35): the column that a step defines holds whether the unit has one of the schools."""
    city = tiny.NAMED["grid of three schools"]
    system = checker.rows_of("blocks").system(json.loads(json.dumps(city.canonical())), "dissimilarity")
    unit = next(i for i, schools in enumerate(system.city.options) if len(schools) > 1)
    schools = sorted(system.city.options[unit])
    count = len(system.lower)
    terms, rhs, equation = system.step_row(["side", unit, schools[:1]])
    assert (terms, rhs, equation) == ({system.x[unit, schools[0]]: -1, count: 1}, 0, True)
    assert (system.lower[count], system.upper[count]) == (0, 1)
    assert count not in system.continuous


def test_a_stopped_tree_proves_what_it_has(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open leaves count with what their multipliers prove: a bound with a gap, replayed."""
    city = grid(tmp_path, 200, 7, 4)
    monkeypatch.setattr(zone_branching.ZoneTree, "short", lambda tree, _open: tree.nodes >= 3)
    result = grown(city, time_limit=600)
    assert result.termination is Termination.TIME_LIMIT
    assert result.level is Level.L4
    assert result.status is Status.FEASIBLE
    assert result.dual_bound is not None
    assert result.primal_bound is not None
    assert Fraction(157, 1000) < result.dual_bound < result.primal_bound
    assert checker.check(json.loads(json.dumps(result.certificate))) == result.dual_bound


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_tree_that_is_not_replayed_still_proves_its_leaves(
    interrupted: bool, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop during the replay, or one that leaves no time for it, takes the level and leaves the bound."""
    city = grid(tmp_path, 200, 7, 4)
    monkeypatch.setattr(zone_branching.ZoneTree, "short", lambda tree, _open: tree.nodes >= 3)
    replayed = grown(city, time_limit=600)

    def stop(_document: object, **_: object) -> Fraction:
        raise KeyboardInterrupt

    if interrupted:
        monkeypatch.setattr(zone_tree.checker, "check", stop)
    else:
        monkeypatch.setattr(zone_branching.ZoneTree, "proof_seconds", lambda _tree, _open: 1e9)
    result = grown(city, time_limit=600)
    assert (result.level, result.certificate) == (Level.L2, None)
    assert result.primal_bound == replayed.primal_bound
    assert result.dual_bound == replayed.dual_bound  # that of the leaves, not of the root


def test_open_nodes_are_worth_the_least_of_them_if_there_is_time(tmp_path: object) -> None:
    city = grid(tmp_path, 150, 6, 123)
    known = ZoneIncumbents(city, "dissimilarity", Settings())
    known.tell()
    tree = zone_branching.ZoneTree(
        known, checker.rows_of("blocks").system(city.canonical(), "dissimilarity"), Random(1), 60.0
    )
    tree.short = lambda _open: tree.nodes >= 3  # type: ignore[method-assign]
    top = tree.grow()
    open_nodes = [node for node in nodes(top) if node.kind == "open"]
    assert open_nodes
    assert tree.root_floor is not None
    assert tree.floor(top, 0.0) == tree.root_floor
    least = tree.floor(top, 600.0)
    assert least is not None
    assert tree.root_floor < least < tree.claim / tree.system.unit
    worth = []
    for node in open_nodes:
        tree.enter(node)
        worth.append(tree.bound(node, node.multipliers or []))
    assert least == min(worth) < max(worth)
    assert float(least) >= tree.least * (1 - 1e-9)


def test_a_rejected_tree_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    city = tiny.NAMED["grid of three schools"]

    def reject(_document: object, **_: object) -> Fraction:
        raise Rejected("no")

    monkeypatch.setattr(zone_tree.checker, "check", reject)
    result = grown(city)
    assert "the checker rejected its certificate" in result.message
    assert result.certificate is None
    assert result.proven is not None
    assert result.proven.basis is Basis.MULTIPLIERS  # those of the root, which stand by themselves


@given(cities())
@settings(max_examples=150, deadline=None)
def test_divisibility_bounds_the_dissimilarity(city: ZoneInstance) -> None:
    """(34): no zoning of any drawn city is below it."""
    assume(len(city.schools) ** len(city.units) <= 300)
    values = [evaluate(city, zoning) for zoning in tiny.zonings(city)]
    feasible = [value.values["dissimilarity"] for value in values if value.feasible]
    assert all(value >= least_dissimilarity(city) for value in feasible)


@pytest.mark.parametrize(("n", "seed", "steps"), [(100, 1, 0), (200, 4, 1), (400, 1, 6), (1600, 1, 11)])
def test_two_zones_are_as_even_as_divisibility_lets_them(tmp_path: object, n: int, seed: int, steps: int) -> None:
    city = grid(tmp_path, n, 2, seed)
    assert least_dissimilarity(city) == steps * group_scale(city)
    result = grown(city)
    assert result.status is Status.OPTIMAL
    assert result.level is Level.L2
    assert result.primal_bound == steps * group_scale(city)


def test_sizes_are_those_that_the_other_schools_leave(tmp_path: object) -> None:
    city = PROBLEM.with_parameters(grid(tmp_path, 100, 2, 1), {"seats_tolerance": "0.15"})
    (low, high), (other_low, other_high) = (city.seat_range(school) for school in city.schools)
    wanted = max(low, city.students - other_high), min(high, city.students - other_low)
    assert _size_ranges(city)[0] == wanted != (low, high)


def test_multipliers_that_miss_by_rounding_are_made_whole(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """At this root all multipliers are whole; the engine's are made far worse here than its tolerances let them be."""
    city = grid(tmp_path, 100, 5, 2)
    exact = zone_branching.ZoneLive.dual
    monkeypatch.setattr(
        zone_branching.ZoneLive, "dual", lambda live: [(i, y - 0.3 if y >= 1 else y) for i, y in exact(live)]
    )
    monkeypatch.setattr(zone_branching.ZoneTree, "short", lambda tree, _open: tree.nodes >= 3)
    result = grown(city, time_limit=600)
    assert result.status is Status.OPTIMAL
    assert result.level is Level.L4
    assert result.message.startswith("0 nodes")


@given(st.lists(st.fractions(0, 1000, max_denominator=99), min_size=1), st.booleans())
def test_the_checker_reads_distances_in_whole_steps(lengths: list[Fraction], decimal: bool) -> None:
    exact = [round(length, 3) if decimal else length for length in lengths]
    texts = [decimal_text(length) for length in exact]
    whole, steps = _in_steps(set(texts))
    assert [Fraction(whole[text], steps) for text in texts] == exact


def test_flips_of_two_zones_keep_the_rules(tmp_path: object) -> None:
    city = grid(tmp_path, 100, 2, 3)
    state = ZoneState(city, "dissimilarity", city.today)
    assert not even_halves(state, Random(1), 0, 20)  # the travel limit keeps them apart
    assert evaluate(city, Zoning.of(city, state.homes)).feasible


@given(cities(), st.data())
@settings(max_examples=150, deadline=None)
def test_flows_find_a_row_wherever_one_is_broken(city: ZoneInstance, data: st.DataObject) -> None:
    """For whole shares: rows are valid, broken, and there for every unit that is cut off."""
    options = fixed_options(city)
    assume(city.contiguous and all(options))
    homes = [data.draw(st.sampled_from(sorted(schools))) for schools in options]
    assume(all(homes[root] == j for j, root in enumerate(city.roots)))
    units = [{i for i, schools in enumerate(options) if j in schools} for j in range(len(city.schools))]
    shares = {(i, j): float(homes[i] == j) for j, zone in enumerate(units) for i in zone}
    found = list(flow_separators(zone_graphs(city, units), shares))
    for v, j, cut in found:
        assert shares[v, j] > sum(shares[u, j] for u in cut) + LEAST_VIOLATION
        assert v not in component(city.neighbours, city.roots[j], units[j] - set(cut)) or city.roots[j] in cut
    cut_off = set()
    for j, root in enumerate(city.roots):
        zone = {i for i, home in enumerate(homes) if home == j}
        cut_off |= {(i, j) for i in zone - component(city.neighbours, root, zone)}
    assert {(v, j) for v, j, _ in found} == cut_off


def test_a_cut_serves_every_unit_beyond_it() -> None:
    """An island of two units behind one that another zone holds: a row for each."""
    city = tiny.city("path", [(10, 1)] * 5, [(i, i + 1) for i in range(4)], [0, 2], [0, 0, 1, 1, 1], travel_ratio=None)
    units = [{0, 1, 3, 4}, {1, 2, 3, 4}]
    shares = {(i, 0): float(i != 1) for i in units[0]} | {(i, 1): float(i == 1) for i in units[1]}
    shares[1, 1] = 1.0
    found = {(v, j) for v, j, _ in flow_separators(zone_graphs(city, units), {**shares, (2, 1): 1.0})}
    assert {(3, 0), (4, 0)} <= found


def test_rows_that_the_root_drops_may_come_back() -> None:
    city = tiny.NAMED["grid of three schools"]
    system = checker.rows_of("blocks").system(json.loads(json.dumps(city.canonical())), "dissimilarity")
    known = ZoneIncumbents(city, "dissimilarity", Settings())
    tree = zone_branching.ZoneTree(known, system, Random(1), 60.0)
    v, j = next(pair for pair in system.x if pair[0] not in city.roots)
    step = ["separator", v, j, sorted(u for u in range(len(city.units)) if u != v)]
    assert tree.add([step]) == 1
    assert tree.add([step]) == 0
    tree.drop(0)
    assert len(tree.live.rows) == tree.live.engine.getNumRow()
    assert len(tree.live.scales) == len(system.rows)
    assert tree.add([step]) == 1


@given(cities(), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_contracted_zone_is_cut_where_the_zone_is(city: ZoneInstance, seed: int) -> None:
    """What only one school can have hangs together with it for good: no separator is lost, and all of them part."""
    options = fixed_options(city)
    random = Random(seed)
    assume(all(options))
    homes = [random.choice(sorted(schools)) for schools in options]
    assume(all(homes[root] == j for j, root in enumerate(city.roots)))
    units = [{i for i, schools in enumerate(options) if j in schools} for j in range(len(city.schools))]
    graphs = zone_graphs(city, units)
    shares = {(i, j): float(homes[i] == j) for j, zone in enumerate(units) for i in zone}
    cut_off = set()
    for graph, root, zone in zip(graphs, city.roots, units, strict=True):
        held = {i for i, home in enumerate(homes) if home == graph.school}
        cut_off |= {(i, graph.school) for i in held - component(city.neighbours, root, held)}
        assert zone - graph.units <= {i for i in zone if len(options[i]) == 1}
    for way in (level_separators, flow_separators):
        found = list(way(graphs, shares))
        assert {(v, j) for v, j, _ in found} == cut_off
        for v, j, cut in found:
            assert v not in component(city.neighbours, city.roots[j], units[j] - set(cut))


def test_rounded_rows_hold_for_zonings_and_not_for_the_point(tmp_path: object) -> None:
    """Each step rounds one row; the relaxation's point breaks it, and zones of every kind do not."""
    city = grid(tmp_path, 100, 5, 3)
    system = checker.rows_of("blocks").system(json.loads(json.dumps(city.canonical())), "dissimilarity")
    live = ZoneLive(system, 60.0, lambda: False)
    rows = knapsacks(live, len(system.rows))
    assert live.solve() == "optimal"
    x = live.values()
    found = mir_steps(live, rows, x)
    assert found
    assert not mir_steps(live, rows, np.round(x))
    plans = []
    for seed in range(40):
        state = ZoneState(city, "dissimilarity", city.today)
        anneal(state, Random(seed), 2000 * (1 + seed % 4))
        plan = {system.x[pair]: 1 for pair in enumerate(state.homes)}
        for p in system.cost:  # a positive part is what its row makes of it
            terms = next(row for row, _, _ in system.rows if row.get(p) == 1)
            plan[p] = max(0, -sum(a * plan.get(j, 0) for j, a in terms.items() if j != p))
        plans.append(plan)
    for step, (terms, rhs, equation) in found:
        assert (step[0], len(step[1]), equation) == ("gomory", 1, False)
        assert system.step_row(step) == (terms, rhs, equation)
        assert sum(float(a) * x[j] for j, a in terms.items()) < float(rhs)
        for plan in plans:
            within = all(sum(a * plan.get(j, 0) for j, a in row.items()) >= b for row, b, _ in system.rows)
            assert not within or sum(a * plan.get(j, 0) for j, a in terms.items()) >= rhs


def test_what_a_row_settles_is_no_column_of_the_engine(tmp_path: object) -> None:
    """The engine's program has fewer rows and the same value; its multipliers prove as much in exact arithmetic."""
    city = grid(tmp_path, 100, 5, 1)
    system = checker.rows_of("blocks").system(json.loads(json.dumps(city.canonical())), "dissimilarity")
    small, whole = ZoneLive(system, 60.0, lambda: False), Live(system, 60.0, lambda: False)
    assert small.settled
    assert len(small.rows) < len(whole.rows) - len(small.settled)
    assert (small.solve(), whole.solve()) == ("optimal", "optimal")
    assert small.value() * small.cost_scale == pytest.approx(whole.value() * whole.cost_scale)
    proven = system.bound(scaled(small.dual(), len(system.rows)), system.lower, system.upper)
    assert float(proven) == pytest.approx(small.value() * small.cost_scale)
    mine = {j for (_, school), j in system.x.items() if school == 0}
    assert mine & small.settled.keys()
    small.set_box(system, dict.fromkeys(mine - small.gone.keys(), (1, 1)))  # more students than seats
    assert small.solve() == "infeasible"
    assert system.bound(scaled(small.ray(), len(system.rows)), small.lower, small.upper, costs=False) > 0


def test_annealing_returns_to_the_best_homes_and_heeds_the_clock(tmp_path: object) -> None:
    city = grid(tmp_path, 100, 4, 2)
    state = ZoneState(city, "dissimilarity", city.today)
    homes = anneal(state, Random(1), 20_000)
    assert homes == state.homes
    assert state.cost() == pytest.approx(ZoneState(city, "dissimilarity", homes).cost())
    assert state.cost() < ZoneState(city, "dissimilarity", city.today).cost()
    hot = ZoneState(city, "dissimilarity", homes)
    anneal(hot, Random(1), 2_000, warm=9.0, cold=9.0)  # a walk at random, whose end is far from the best
    assert hot.cost() <= state.cost() + 1e-9
    late = ZoneState(city, "dissimilarity", city.today, lambda: 1.0)
    assert anneal(late, Random(1), 20_000) == list(city.today)
    path = tiny.NAMED["path"]
    assert not reconnect(ZoneState(path, "dissimilarity", [0, 1, 0, 1, 0, 1], lambda: 1.0))


def test_nothing_is_built_once_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a limit that annealing uses up, today's zones or better are the answer."""
    city = tiny.NAMED["grid of three schools"]
    monkeypatch.setattr(ZoneIncumbents, "balance", lambda *_: False)
    for method in ("separator_loop", "zone_tree"):
        result = find_method(PROBLEM, method).run(city, "dissimilarity", Settings(time_limit=0.0))
        assert result.termination is Termination.TIME_LIMIT
        assert result.primal_bound is not None


def test_what_is_derived_stays_behind_when_a_city_travels() -> None:
    city = tiny.NAMED["grid"]
    evaluate(city, Zoning.of(city, city.today))
    ZoneState(city, "dissimilarity", city.today)
    assert city.derived
    other = pickle.loads(pickle.dumps(city))
    assert other == city
    assert other.travel == city.travel
    assert "derived" not in vars(other)
    assert other.digest == city.digest


@given(st.lists(st.tuples(st.decimals(-999, 999, places=4), st.decimals(-999, 999, places=2)), min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_distances_by_rows_are_the_same(points: list[tuple[object, object]]) -> None:
    exact = [(Fraction(str(x)), Fraction(str(y))) for x, y in points]
    rows = straight_rows(exact, exact)
    assert rows == [tuple(straight(one, other) for other in exact) for one in exact]


def test_repairs_within_sides_keep_them(tmp_path: object) -> None:
    """Options narrower than the city's are what a repair moves within."""
    city = grid(tmp_path, 100, 4, 2)
    known = ZoneIncumbents(city, "dissimilarity", Settings())
    options = [{home} for home in city.today]
    known.improve(list(city.today), Random(1), options)
    assert known.search.solution == Zoning.of(city, city.today)
