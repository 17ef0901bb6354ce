"""The live program of zones: what stands for what, combinations of its rows, and the basis that a node begins from."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from fairbound.benchmarks.blocks import tiny
from fairbound.instances.blocks.grid_city import grid_city
from fairbound.models.blocks import PROBLEM, ZoneInstance
from fairbound.models.blocks.reductions import rule_options
from fairbound.models.core.exact import decimal_text
from fairbound.solvers.blocks import incumbents
from fairbound.solvers.blocks.incumbents import ZoneIncumbents
from fairbound.solvers.blocks.zone_branching import ZoneTree
from fairbound.solvers.blocks.zone_live import ZoneLive
from fairbound.solvers.blocks.zone_state import ZoneState, anneal
from fairbound.solvers.checker import tree as checker
from fairbound.solvers.checker.linear import scaled
from fairbound.solvers.checker.rows.blocks import Zones
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.proofs.live import Live
from fairbound.solvers.proofs.suggest import gomory_steps
from fairbound.solvers.proofs.tree import Node

import fairbound
from fairbound import Level, Settings, Status


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> ZoneInstance:
    path = tmp_path_factory.mktemp("cities") / "city.json"
    path.write_text(json.dumps(grid_city(100, 5, 3)))
    found = fairbound.load(path)
    assert isinstance(found, ZoneInstance)
    return found


def system_of(city: ZoneInstance, objective: str = "dissimilarity") -> Zones:
    return checker.rows_of("blocks").system(json.loads(json.dumps(city.canonical())), objective)


@pytest.mark.parametrize("objective", ["dissimilarity", "travel", "tvd"])
def test_one_column_stands_for_a_unit_with_two_schools(city: ZoneInstance, objective: str) -> None:
    """The program is smaller, worth the same, and its point keeps every row of the system."""
    system = system_of(city, objective)
    small, whole = ZoneLive(system, 60.0, lambda: False), Live(system, 60.0, lambda: False)
    assert small.halves
    assert not set(small.rows) & set(small.gone.values())
    assert (small.solve(), whole.solve()) == ("optimal", "optimal")
    assert small.value() * small.cost_scale == pytest.approx(whole.value() * whole.cost_scale)
    x = small.values()
    assert sum(float(c) * x[j] for j, c in system.cost.items()) == pytest.approx(small.value() * small.cost_scale)
    for terms, rhs, equation in system.rows:
        held, room = sum(a * x[j] for j, a in terms.items()), 1e-6 * max(1, *map(abs, terms.values()))
        assert held >= rhs - room
        assert not equation or held <= rhs + room
    assert not small.fractions(x)[list(small.gone)].any()  # there is nothing to branch on
    proven = system.bound(scaled(small.dual(), len(system.rows)), system.lower, system.upper)
    assert float(proven) == pytest.approx(small.value() * small.cost_scale)


def test_gomory_rows_are_those_of_the_smaller_program(city: ZoneInstance) -> None:
    """They hold for zonings and not for the point, and speak of the columns that the program has."""
    system = system_of(city)
    live = ZoneLive(system, 60.0, lambda: False)
    assert live.solve() == "optimal"
    x = live.values()
    found = gomory_steps(live, x)
    assert 0 < len(gomory_steps(live, x, 2)) <= 2 < len(found)
    used = {i for step, _ in found for i, _ in step[1]}
    assert used & {i for _, i in live.halves.values()}  # rows that the program does not have
    plans = []
    for seed in range(20):
        state = ZoneState(city, "dissimilarity", city.today)
        anneal(state, Random(seed), 2000)
        plan = {system.x[pair]: 1 for pair in enumerate(state.homes)}
        for p in system.cost:
            terms = next(row for row, _, _ in system.rows if row.get(p) == 1)
            plan[p] = max(0, -sum(a * plan.get(j, 0) for j, a in terms.items() if j != p))
        plans.append(plan)
    for step, (terms, rhs, _) in found:
        assert sum(float(a) * x[j] for j, a in terms.items()) < float(rhs)
        whole, _ = scaled(step[1], len(system.rows))
        for j in live.halves:
            parts = [y * system.rows[i][0].get(j, 0) for i, y in whole]
            assert abs(sum(parts)) <= 2.0**-50 * max(map(abs, parts))  # as near as a float of the unit's row comes
        for plan in plans:
            within = all(sum(a * plan.get(j, 0) for j, a in row.items()) >= b for row, b, _ in system.rows)
            assert not within or sum(a * plan.get(j, 0) for j, a in terms.items()) >= rhs


def test_rows_that_are_taken_back_leave_no_multipliers(city: ZoneInstance) -> None:
    """A row that comes in the place of another one is multiplied by its own coefficients."""
    system = system_of(city)
    live = ZoneLive(system, 60.0, lambda: False)
    count, (one, other) = len(system.rows), list(live.settled)[:2]

    def multipliers(column: int) -> dict[int, float]:
        system.rows.append(({column: 1}, 1, False))
        live.pass_rows([count])
        return dict(live._completed([(count, 2.0)], False))

    assert multipliers(one) == {count: 2.0, live.settled[one][1]: -2.0}
    live.keep_rows(count)
    del system.rows[count:]
    assert multipliers(other) == {count: 2.0, live.settled[other][1]: -2.0}


def test_a_node_begins_from_its_parents_basis(city: ZoneInstance) -> None:
    """Back at the node no step is needed, also where slack rows have left the program and others came."""
    known = ZoneIncumbents(city, "dissimilarity", Settings())
    tree = ZoneTree(known, system_of(city), Random(1), 60.0)
    assert tree.live.solve() == "optimal"
    start, value = tree.start(), tree.live.value()
    tight = set(tree.live.rows) - {
        i for i, status in zip(start.rows, start.basis.row_status, strict=True) if status.name == "kBasic"
    }
    slack = [r for r, i in enumerate(tree.live.rows) if i not in tight][:5]
    free = [j for j in tree.pairs if tree.live.whole[j]]

    def astray() -> None:
        tree.live.set_box(tree.system, dict.fromkeys(free[:3], (1, 1)))
        tree.live.solve()
        tree.live.set_box(tree.system, {})

    def steps() -> int:
        assert tree.live.solve() == "optimal"
        assert tree.live.value() == pytest.approx(value)
        return int(tree.live.engine.getInfo().simplex_iteration_count)

    astray()
    assert steps() > 0
    astray()
    tree.begin(start)
    assert steps() == 0
    astray()
    gone = [tree.live.rows[r] for r in slack]
    tree.live.forget(slack)
    tree.begin(start)
    assert steps() == 0
    astray()
    tree.live.pass_rows(gone)
    tree.begin(start)
    assert steps() == 0
    tree.live.forget([tree.live.rows.index(next(iter(tight)))])
    before = tree.live.engine.getBasis().row_status
    tree.begin(start)  # a tight row is missing: the basis is none of this program's
    assert tree.live.engine.getBasis().row_status == before
    assert start.rows != tree.live.rows


@pytest.mark.parametrize("nudged", [False, True])
def test_a_programs_worth_is_what_its_multipliers_prove(city: ZoneInstance, nudged: bool) -> None:
    """In floats, also in a node's box, with columns that stand for two, and with a cost that is not the question's."""
    known = ZoneIncumbents(city, "dissimilarity", Settings())
    known.tell()
    tree = ZoneTree(known, system_of(city), Random(1), 60.0)
    node = Node(tree.system, dict.fromkeys([j for j in tree.pairs if tree.live.whole[j]][:3], (1, 1)))
    for here in (Node(tree.system, {}), node):
        tree.enter(here)
        tree.least = 0.0
        tree.nudge(0.3 if nudged else 0.0)
        assert tree.live.solve() == "optimal"
        assert (tree.live.value() * tree.live.cost_scale > tree.live.worth() * 1.001) == nudged
        assert tree.live.worth() == pytest.approx(float(tree.bound(here, tree.live.dual())), rel=1e-9)


def test_a_trial_closes_a_side_for_good(city: ZoneInstance) -> None:
    """Where one side of a branch costs more than the claim, its multipliers prove it, and the other side stays open."""
    known = ZoneIncumbents(city, "dissimilarity", Settings())
    known.tell()
    tree = ZoneTree(known, system_of(city), Random(1), 60.0)
    node = Node(tree.system, {})
    assert tree.live.solve() == "optimal"
    basis, start, bounds, worth = (
        tree.live.engine.getBasis(),
        tree.live.value(),
        list(tree.live.upper),
        tree.live.worth(),
    )
    free = [j for j in tree.pairs if tree.live.whole[j]]
    gains = {j: tree.trial(node, j, 0.5, basis, start) for j in free if not node.children}
    assert not node.children
    best = max(free, key=lambda j: abs(gains[j][0] - gains[j][1]))
    tree.enough = Fraction(worth + sum(gains[best]) / 2 * tree.live.cost_scale)
    tree.trial(node, best, 0.5, basis, start)
    assert sorted(child.kind for child in node.children) == ["bound", "open"]
    assert tree.live.upper == bounds
    closed = next(child for child in node.children if child.kind == "bound")
    tree.enter(closed)
    assert tree.bound(closed, closed.multipliers) > tree.enough


def test_rows_that_a_copy_gets_are_not_the_systems() -> None:
    system = system_of(tiny.NAMED["grid of three schools"])
    count, columns = len(system.rows), len(system.lower)
    more = system.copied()
    more.rows.append(more.step_row(["side", 0, [0]]))
    more.column(0, 1, cost=5)
    assert (len(system.rows), len(system.lower), len(system.upper)) == (count, columns, columns)
    assert columns + 1 not in system.cost


def test_sides_are_columns_of_pairs_where_they_can_be(city: ZoneInstance) -> None:
    """A side's column says whether the unit has one of the schools above, or that it does not."""
    known = ZoneIncumbents(city, "dissimilarity", Settings())
    tree = ZoneTree(known, system_of(city), Random(1), 60.0)
    assert tree.live.solve() == "optimal"
    tree.add_sides()
    assert tree.live.solve() == "optimal"
    x, inverted = tree.live.values(), 0
    assert len(tree.steps) < len(tree.sides)
    for i, side in enumerate(tree.side_of):
        if side is not None:
            column, up = side
            inverted += not up
            held = sum(x[tree.system.x[i, j]] for j in tree.system.city.options[i] & tree.above)
            assert held == pytest.approx(x[column] if up else 1 - x[column], abs=1e-6)
            assert column not in tree.live.gone
    assert inverted


def test_todays_zones_are_told_before_anything_is_worked_out(
    city: ZoneInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stops while schools are settled gets them, and the bound by theorem."""

    def stopped(_city: ZoneInstance) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(incumbents, "fixed_options", stopped)
    result = find_method(PROBLEM, "zone_tree").run(city, "dissimilarity", Settings(time_limit=600))
    assert result.status is Status.FEASIBLE
    assert result.level is Level.L2
    assert result.solution.indices(city) == list(city.today)
    assert result.dual_bound == ZoneIncumbents(city, "dissimilarity", Settings()).least


def test_zones_that_look_no_better_are_not_scored(city: ZoneInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    known = ZoneIncumbents(city, "dissimilarity", Settings())
    state = ZoneState(city, "dissimilarity", city.today)
    anneal(state, Random(1), 5000)
    known.offer_of(state)
    assert known.search.solution is not None
    best = known.search.value
    scored = []
    monkeypatch.setattr(known, "offer", scored.append)
    known.offer_of(ZoneState(city, "dissimilarity", city.today))
    assert not scored
    monkeypatch.setattr(known.search, "value", best + Fraction(1, 10))
    known.offer_of(state)
    assert scored


@pytest.mark.parametrize("longer", [1, 2**60])
def test_the_travel_limit_is_that_of_the_definition(city: ZoneInstance, longer: int) -> None:
    """Also where distances have no room in an array of machine numbers."""
    far = replace(city, travel=tuple(tuple(d * longer for d in row) for row in city.travel))
    roots = set(far.roots)
    table = rule_options(far)
    for i, row in enumerate(far.travel):
        if i not in roots:
            now = far.today[i]
            assert table[i] == {j for j, d in enumerate(row) if d <= far.travel_ratio * row[now] or j == now}
            assert [far.may_attend(i, j) for j in range(len(row))] == [j in table[i] for j in range(len(row))]
    whole, steps = far.whole_travel
    assert [[Fraction(d, steps) for d in row] for row in whole] == [list(row) for row in far.travel]
    assert far.canonical()["travel"] == [[decimal_text(d) for d in row] for row in far.travel]
