"""Bounds of district transfers: safe whatever the multipliers, replayable, and never beaten."""

from __future__ import annotations

import copy
import hashlib
import json
import signal
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fairbound.benchmarks.transfers.tiny import LOOSE, THREE
from fairbound.instances.transfers.planar import planar
from fairbound.models.core.errors import InputError
from fairbound.models.transfers import Reading, evaluate
from fairbound.models.transfers.repair import as_plan, keeps_rules
from fairbound.solvers.checker import transfers as checker
from fairbound.solvers.checker.__main__ import main
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import Settings, Status, Termination
from fairbound.solvers.core.search import Search
from fairbound.solvers.proofs.safe_bounds import Rows, safe_bound
from fairbound.solvers.transfers import node_program, spatial_tree, tightening
from fairbound.solvers.transfers.composition import SizeTerm, composition, tangent_holds
from fairbound.solvers.transfers.node_bound import node_bound
from fairbound.solvers.transfers.node_program import NodeProgram
from fairbound.solvers.transfers.records import Multipliers
from fairbound.solvers.transfers.spatial_tree import Tree
from fairbound.solvers.transfers.tightening import tightened
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_array

from fairbound import api

SMALL = replace(planar(5, 2), p=Fraction(1, 5))


@pytest.fixture(scope="module")
def certificate() -> dict[str, Any]:
    document = api.solve(LOOSE, objective="race", settings=Settings(gap=1e-3)).certificate
    return json.loads(json.dumps(document))  # type: ignore[no-any-return]


def test_a_certificate_is_accepted(certificate: dict[str, Any]) -> None:
    value, bound, leaves = checker.replay(certificate, LOOSE.digest)
    assert leaves > 1
    assert checker.check(certificate) == bound
    assert 0 <= value - bound <= value / 500
    result = api.solve(LOOSE, objective="race", settings=Settings(gap=1e-3))
    assert result.primal_bound is not None
    assert bound <= result.primal_bound


def _first_leaf(node: dict[str, Any]) -> dict[str, Any]:
    while "split" in node:
        node = node["children"][0]
    return node


def _raise_bound(document: dict[str, Any]) -> None:
    document["bound"] = str(Fraction(document["bound"]) * Fraction(101, 100))


def _drop_a_leaf(document: dict[str, Any]) -> None:
    document["tree"]["children"].pop()


def _zero_multipliers(document: dict[str, Any]) -> None:
    leaf = _first_leaf(document["tree"])
    leaf["conservation"] = [0] * len(leaf["conservation"])
    leaf["simplex"] = [0] * len(leaf["simplex"])


def _negative_multiplier(document: dict[str, Any]) -> None:
    _first_leaf(document["tree"])["cuts"][0][1] = -1


def _negative_own(document: dict[str, Any]) -> None:
    _first_leaf(document["tree"])["own"][0] = -(2**40)


def _narrow_root(document: dict[str, Any]) -> None:
    document["high"][0] = document["low"][0]


def _split_outside(document: dict[str, Any]) -> None:
    document["tree"]["split"][1] = str(Fraction(document["high"][document["tree"]["split"][0]]) + 1)


def _other_problem(document: dict[str, Any]) -> None:
    document["data"]["parameters"]["p"] = "0.01"


def _seal(document: dict[str, Any]) -> None:
    """A digest that fits the data again, as a careful forger would have it."""
    text = json.dumps(document["data"], sort_keys=True, separators=(",", ":"))
    document["digest"] = hashlib.sha256(text.encode()).hexdigest()


def _other_problem_sealed(document: dict[str, Any]) -> None:
    _other_problem(document)
    _seal(document)


def _more_borders_sealed(document: dict[str, Any]) -> None:
    ids = [row[0] for row in document["data"]["districts"]]
    document["data"]["borders"] = [[a, b] for a in ids for b in ids if a < b]
    _seal(document)


def _unknown_rule_sealed(document: dict[str, Any]) -> None:
    document["data"]["parameters"]["max_race_l1"] = "0.1"
    _seal(document)


def _other_objective(document: dict[str, Any]) -> None:
    document["objective"] = "race_weighted"


def _extra_multiplier(document: dict[str, Any]) -> None:
    """A multiplier of a row that does not exist would be added to the bound for nothing."""
    node = document["tree"]
    for leaf in _leaves(node):
        leaf["simplex"].append(2**40)


def _leaves(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [leaf for child in node["children"] for leaf in _leaves(child)] if "split" in node else [node]


def _smaller_box(document: dict[str, Any]) -> None:
    """A size that its multipliers do not prove."""
    proof = document["tightenings"][0][0]
    ends = document["low"], document["high"]
    proof["size"] = str((Fraction(proof["size"]) + Fraction(ends[1 - proof["side"]][proof["district"]])) / 2)


def _box_of_worse_plans(document: dict[str, Any]) -> None:
    """Tightened for plans better than any that the claim is about."""
    document["tightenings"][0][0]["limit"] = str(Fraction(document["bound"]) * 2)


def _paid_by_the_limit(document: dict[str, Any]) -> None:
    """A negative price of the row that bounds the score would prove any size."""
    document["tightenings"][0][0]["price"] = -(2**40)


def _no_plan(document: dict[str, Any]) -> None:
    del document["plan"]


TAMPERINGS = [
    _raise_bound,
    _drop_a_leaf,
    _zero_multipliers,
    _negative_multiplier,
    _negative_own,
    _narrow_root,
    _split_outside,
    _other_problem,
    _other_problem_sealed,
    _more_borders_sealed,
    _unknown_rule_sealed,
    _other_objective,
    _extra_multiplier,
    _smaller_box,
    _box_of_worse_plans,
    _paid_by_the_limit,
    _no_plan,
]


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_a_changed_certificate_is_rejected(
    certificate: dict[str, Any], tamper: Callable[[dict[str, Any]], None]
) -> None:
    changed = copy.deepcopy(certificate)
    tamper(changed)
    with pytest.raises(checker.Rejected):
        checker.check(changed)


def test_a_proof_is_about_one_instance(certificate: dict[str, Any]) -> None:
    with pytest.raises(checker.Rejected, match="another instance"):
        checker.check(certificate, SMALL.digest)


def test_the_checker_is_a_program(
    certificate: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(certificate))
    assert main([str(path)]) == 0
    assert capsys.readouterr().out.startswith("accepted")
    _raise_bound(certificate := copy.deepcopy(certificate))
    path.write_text(json.dumps(certificate))
    assert main([str(path)]) == 1


def test_a_stop_in_the_middle_of_the_replay_keeps_what_it_proves(monkeypatch: pytest.MonkeyPatch) -> None:
    check = checker.check

    def stopped(document: dict[str, Any]) -> Fraction:
        signal.raise_signal(signal.SIGINT)
        return check(document)

    monkeypatch.setattr(spatial_tree.checker, "check", stopped)
    result = api.solve(SMALL, settings=Settings(gap=1e-3))
    assert (result.proven.level, result.certificate is None) == (Level.L4, False)


def test_any_multipliers_give_a_bound() -> None:
    """Random multipliers never bound the node program above its optimum."""
    bounds = np.array([[float(x) for x in pair] for pair in SMALL.size_bounds])
    program = NodeProgram(SMALL, composition(SMALL, "race"), bounds[:, 0], bounds[:, 1])
    x = program.run()
    assert x is not None
    optimum = program.point(x).value
    draw = np.random.default_rng(5)
    exact = program.multipliers()
    assert node_bound(program, exact) == pytest.approx(optimum, abs=1e-6)
    for _ in range(50):
        noisy = Multipliers(
            exact.simplex + draw.normal(size=5) * 0.1,
            exact.conservation + draw.normal(size=5) * 0.1,
            abs(exact.budget + draw.normal() * 0.1),
            exact.sizes,
            exact.cut_ids,
            np.abs(exact.cuts + draw.normal(size=len(exact.cuts)) * 0.1),
            own=np.abs(exact.own + draw.normal(size=len(exact.own)) * 0.1),
        )
        assert node_bound(program, noisy) <= optimum + 1e-9


def test_safe_bound_of_a_small_program() -> None:
    """min x + y over x + 2y >= 2, 0 <= x, y <= 5 is 1, at y = 1."""
    rows = Rows(2)
    rows.add(np.array([0, 1]), np.array([1.0, 2.0]), 2.0, np.inf)
    c, low, high = np.ones(2), np.zeros(2), np.full(2, 5.0)
    assert safe_bound(c, low, high, rows, np.array([0.5])) == pytest.approx(1, abs=1e-9)
    assert safe_bound(c, low, high, rows, np.array([0.5])) <= 1
    assert safe_bound(c, low, high, rows, np.array([1.0])) == pytest.approx(2 - 5, abs=1e-9)
    assert safe_bound(c, low, high, rows, np.array([-1.0])) <= 0


@pytest.mark.parametrize("objective", ["race", "race_l1", "combined"])
def test_cuts_lie_under_the_function(objective: str) -> None:
    """Coefficients in floats agree with the rational ones, and no mix scores less than a cut says."""
    terms = composition(SMALL, objective)
    draw = np.random.default_rng(1)
    for j, near in enumerate(terms.near):
        for _ in range(10):
            at, mix = draw.dirichlet(np.ones(len(near)), size=2)
            point = terms.point(j, at @ terms.rates[list(near)])
            coefficients, magnitude = terms.coefficients(j, point)
            exact = [float(c) for c in terms.exact_coefficients(j, point)]
            assert coefficients == pytest.approx(exact, abs=1e-12 * (1 + magnitude))
            assert mix @ coefficients <= float(terms.value(mix @ terms.rates[list(near)])) + 1e-9


@given(
    st.sampled_from(["square", "inverse"]),
    st.fractions(Fraction(1, 20), 3),
    st.tuples(st.floats(0.05, 3), st.floats(0.05, 3), st.floats(0.05, 3)).map(sorted),
    st.lists(st.fractions(0, 1), min_size=3, max_size=3),
)
@settings(deadline=None)
def test_lines_lie_under_what_stays(kind: str, rate: Fraction, places: list[float], shares: list[Fraction]) -> None:
    """In rational arithmetic, all over the interval; a tangent of the square touches."""
    low, x, high = places
    term = SizeTerm(kind, Fraction(2, 7), (rate,))
    c, d = map(Fraction, term.line(0, x, low, high))

    def exact(at: Fraction) -> Fraction:
        return term.weight * ((rate * at if kind == "square" else 1 / (rate * at)) - 1) ** 2

    for at in [Fraction(x), *(Fraction(low) + share * (Fraction(high) - Fraction(low)) for share in (0, 1, *shares))]:
        assert c + d * at <= exact(at)
    if kind == "square":
        assert float(exact(Fraction(x)) - c - d * Fraction(x)) <= 1e-9


def test_bounds_of_what_stays_are_safe() -> None:
    """No multipliers of the lines bound the program above its optimum."""
    asked = replace(SMALL, reading=Reading.STAY)
    bounds = np.array([[float(x) for x in pair] for pair in asked.size_bounds])
    program = NodeProgram(asked, composition(asked, "combined"), bounds[:, 0], bounds[:, 1])
    x = program.run()
    assert x is not None
    before = program.point(x).value
    assert program.separate(x, [1e-6]) > 0
    x = program.run()
    assert x is not None
    optimum = program.point(x).value
    assert optimum > before
    exact = program.multipliers()
    assert exact.sizes.any()
    assert node_bound(program, exact) == pytest.approx(optimum, abs=1e-6)
    draw = np.random.default_rng(7)
    for _ in range(30):
        noise = np.abs(exact.sizes + draw.normal(size=len(exact.sizes)) * 0.2)
        assert node_bound(program, replace(exact, sizes=noise)) <= optimum + 1e-9


def test_tangents_of_the_inverse_stop_where_it_turns() -> None:
    assert tangent_holds(Fraction(1), Fraction(100))
    assert not tangent_holds(Fraction(14, 10), Fraction(100))
    assert not tangent_holds(Fraction(16, 10), Fraction(16, 10))


def _random_plans(instance: Any, count: int) -> list[Any]:
    draw = np.random.default_rng(0)
    plans = []
    while len(plans) < count:
        moves = {arc: Fraction(int(draw.integers(0, 12))) for arc in instance.arcs}
        if keeps_rules(instance, moves):
            plans.append(as_plan(instance, moves))
    return plans


@pytest.mark.parametrize("instance", [THREE, LOOSE], ids=lambda instance: instance.name)
@pytest.mark.parametrize("objective", ["race", "race_l1", "race_weighted"])
def test_no_plan_beats_a_bound(instance: Any, objective: str) -> None:
    result = api.solve(instance, objective=objective, settings=Settings(gap=1e-3))
    assert result.dual_bound is not None
    assert result.gap is not None
    assert result.gap <= 2e-3
    for plan in _random_plans(instance, 60):
        assert evaluate(instance, plan).values[objective] >= result.dual_bound


def test_tightened_sizes_keep_better_plans() -> None:
    """Bound tightening may not cut off a plan better than the incumbent it was given."""
    good = api.solve(LOOSE, objective="race", settings=Settings(gap=1e-3))
    sizes = {d.id: s for d, s in zip(LOOSE.districts, LOOSE.sizes, strict=True)}
    for a, b, students in good.solution.moves:
        sizes[a] -= students
        sizes[b] += students
    tree = Tree(Search(LOOSE, "race"), 1e-3)
    found = tree.solve_node(tree.low.copy(), tree.high.copy(), 0.0, 20, tree.root)
    assert found is not None
    basis = found[3]
    # Elsewhere in between, as the local search is.
    tree.program.set_box(tree.low * 1.01, tree.high * 0.99)
    limit = tree.best * (1 + 1e-9)
    box = tree.program, tree.low, tree.high, limit, basis, range(tree.N)
    same = tightened(*box, lambda: True)  # too late for any district
    assert (same[0].tolist(), same[1].tolist(), same[2]) == (tree.low.tolist(), tree.high.tolist(), [])
    low, high, proofs = tightened(*box, lambda: False)
    assert proofs
    assert all(float(low[k]) <= size <= float(high[k]) for k, size in enumerate(sizes.values()))


def _root_tree(instance: Any) -> tuple[Tree, Any]:
    """A tree whose root is solved and whose plan is a good one, and the basis of the root."""
    tree = Tree(Search(instance, "race"), 1e-3)
    found = tree.solve_node(tree.low.copy(), tree.high.copy(), 0.0, 20, tree.root)
    assert found is not None
    tree.consider(found[1], True)
    return tree, found[3]


def test_ends_that_a_point_has_reached_need_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The box is the same as where each end has its program, for fewer of them."""
    boxes, solved = [], []
    for share in (tightening.REACHED, -1.0):
        monkeypatch.setattr(tightening, "REACHED", share)
        tree, basis = _root_tree(replace(planar(9, 1), p=Fraction(3, 10)))
        before = tree.program.solved
        limit = tree.best * (1 + 1e-9)
        low, high, proofs = tightened(tree.program, tree.low, tree.high, limit, basis, range(tree.N), lambda: False)
        assert proofs
        boxes.append((low, high))
        solved.append(tree.program.solved - before)
    assert solved[0] < solved[1] == 2 * tree.N
    np.testing.assert_allclose(boxes[0], boxes[1], rtol=1e-5)


def test_a_program_that_stalls_tightens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tree, basis = _root_tree(LOOSE)
    limit = tree.best * (1 + 1e-9)
    box = tree.program, tree.low, tree.high, limit, basis, range(tree.N), lambda: False
    with monkeypatch.context() as patch:
        patch.setattr(node_program, "PIVOTS", 0)
        low, high, proofs = tightened(*box)
        tree.program.set_box(tree.low * 1.1, tree.high)
        assert tree.program.run_again() is None
    assert not proofs
    assert (low.tolist(), high.tolist()) == (tree.low.tolist(), tree.high.tolist())
    assert tree.solve_node(tree.low * 1.1, tree.high, 0.0, 20, tree.root) is not None
    assert tightened(*box)[2]


def test_a_program_starts_from_a_basis_of_before() -> None:
    """Whatever boxes and cuts came in between."""
    tree, basis = _root_tree(LOOSE)
    program = tree.program
    program.set_box(tree.low, tree.high)
    program.start_from(basis)
    assert program.run() is not None
    assert program.highs.getInfo().simplex_iteration_count == 0
    value = program.highs.getInfo().objective_function_value
    program.forget(0)
    assert not len(program.active)
    assert program.highs.getNumRow() == program.base
    assert tree.solve_node(tree.low * 1.1, tree.high, 0.0, 3, tree.root) is not None
    program.set_box(tree.low, tree.high)
    program.start_from(basis)
    assert basis.cuts
    assert basis.cuts <= set(program.active.tolist())
    assert program.run() is not None
    # A cut that came in between may cut the old optimum off; nothing that held it up is lost.
    assert program.highs.getInfo().objective_function_value >= value - 1e-9


@pytest.mark.parametrize("count", [1, 2, 5, 20, 60])
def test_an_interrupt_at_any_moment_claims_nothing_more(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Ctrl-C in the middle of a linear program, in the root and in later nodes."""
    instance = replace(planar(12, 1), band=None, floor=Fraction(1, 20), p=Fraction(1, 5))
    solve, calls = NodeProgram.run, iter(range(1, 10**9))

    def run(program: NodeProgram) -> Any:
        if next(calls) == count:
            signal.raise_signal(signal.SIGINT)
        return solve(program)

    monkeypatch.setattr(NodeProgram, "run", run)
    result = api.solve(instance, objective="race", settings=Settings(gap=1e-7))
    assert result.termination is Termination.INTERRUPTED
    assert result.status is Status.FEASIBLE
    assert result.dual_bound is not None
    assert result.primal_bound is not None
    assert result.dual_bound < result.primal_bound
    monkeypatch.setattr(NodeProgram, "run", solve)
    better = api.solve(instance, objective="race", settings=Settings(gap=0.02)).primal_bound
    assert better is not None
    assert result.dual_bound <= better


def test_a_time_limit_keeps_both_bounds() -> None:
    instance = replace(planar(12, 1), band=None, floor=Fraction(1, 20), p=Fraction(1, 5))
    result = api.solve(instance, objective="race", settings=Settings(time_limit=0.2, gap=1e-7))
    assert result.termination is Termination.TIME_LIMIT
    assert result.status is Status.FEASIBLE
    assert result.primal_bound is not None
    assert result.dual_bound is not None
    assert 0 <= result.dual_bound < result.primal_bound


def test_a_plan_is_told_before_the_first_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit may end the process while the root is solved: then what was told is the answer."""
    told = []

    class EndedError(Exception):
        pass

    def ended(_: Tree) -> None:
        raise EndedError

    monkeypatch.setattr(Tree, "run", ended)
    with pytest.raises(EndedError):
        spatial_tree.answer(THREE, "race", Settings(), told.append)
    assert [moment.primal for moment in told] == [float(evaluate(THREE, told[0].solution).values["race"])]


def test_local_searches_come_later_where_they_find_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at each of the first nodes; then twice as many nodes apart each time, and soon again after a better plan."""
    tree = Tree(Search(THREE, "race"), 0.01)
    point = tree._relaxed(tree.low, tree.high, 1)
    assert point is not None
    monkeypatch.setattr(Tree, "_searched", lambda _, found: found)
    tree.best, waits = 0.0, []  # no plan is better
    for nodes in (*range(spatial_tree.FIRST), *[100] * 6):
        tree.search.nodes = nodes
        tree.consider(point, True)
        waits.append(tree.next_look - nodes)
    assert waits == [*[1] * spatial_tree.FIRST, 16, 32, 64, 128, 128, 128]

    def better(self: Tree, found: Any) -> Any:
        self.best *= 0.9
        return found

    monkeypatch.setattr(Tree, "_searched", better)
    tree.best = 1e-9
    tree.consider(point, True)
    assert tree.next_look - 100 == spatial_tree.SOON
    tree.consider(point, False)
    assert tree.next_look - 100 == spatial_tree.SOON


def test_unbounded_sizes_are_refused_with_the_reason() -> None:
    free = replace(THREE, band=None, p=Fraction(1))
    for objective in ("race", "race_weighted", "race_l1", "race_l1_weighted", "combined"):
        with pytest.raises(InputError, match=r"an emptied district is 0/0; bound the sizes with band"):
            api.solve(free, objective=objective)


def test_whole_students_are_whole() -> None:
    instance = replace(THREE, whole=True, band=Fraction(0))
    result = api.solve(instance, objective="race_l1")
    divided = api.solve(replace(instance, whole=False), objective="race_l1")
    assert result.method == "whole_students"
    assert all(students.denominator == 1 for _, _, students in result.solution.moves)
    assert result.primal_bound is not None
    assert divided.primal_bound is not None
    assert result.primal_bound >= divided.primal_bound - Fraction(1, 10**6)


@pytest.mark.parametrize("method", ["slsqp", "slsqp_random", "greedy"])
def test_baselines_never_beat_the_bound(method: str) -> None:
    bound = api.solve(THREE, objective="race", settings=Settings(gap=1e-3)).dual_bound
    result = api.solve(THREE, objective="race", method=method)
    assert bound is not None
    assert result.primal_bound is None or result.primal_bound >= bound
    assert method == "greedy" or "status" in result.message


@pytest.mark.parametrize(("method", "library"), [("ipopt", "casadi"), ("scip", "pyscipopt")])
def test_other_engines_agree(method: str, library: str) -> None:
    pytest.importorskip(library, reason=f"{library} is not installed")
    ours = api.solve(THREE, objective="race", settings=Settings(gap=1e-3))
    other = api.solve(THREE, objective="race", method=method, settings=Settings(gap=1e-3, time_limit=20))
    assert ours.primal_bound is not None
    assert other.primal_bound is not None
    assert ours.dual_bound is not None
    assert other.primal_bound >= ours.dual_bound
    assert float(other.primal_bound) == pytest.approx(float(ours.primal_bound), rel=5e-3)


@pytest.mark.parametrize("instance", [LOOSE, SMALL], ids=lambda instance: instance.name)
def test_every_plan_is_a_point_of_the_program(instance: Any) -> None:
    """With the middle slice and its rows (24) too: theorem 3 as it is proven, for random plans and boxes."""
    bounds = np.array([[float(x) for x in pair] for pair in instance.size_bounds])
    program = NodeProgram(instance, composition(instance, "race"), bounds[:, 0], bounds[:, 1])
    draw = np.random.default_rng(11)
    for plan in _random_plans(instance, 25):
        students = program.students(plan)
        sizes = np.add.reduceat(students, program.first[:-1])
        low = np.maximum(bounds[:, 0], sizes * draw.uniform(0.5, 1, len(sizes)))
        high = np.minimum(bounds[:, 1], sizes * draw.uniform(1, 2, len(sizes)))
        program.set_box(low, high)
        middle = program.ends[2]
        x = np.zeros((3, len(sizes)))
        for j, (n, lower, m, upper) in enumerate(zip(sizes, low, middle, high, strict=True)):
            if n <= m:
                x[2, j] = (n - lower) / (m - lower) if m > lower else 1.0
                x[0, j] = 1 - x[2, j]
            else:
                x[2, j] = (upper - n) / (upper - m)
                x[1, j] = 1 - x[2, j]
        mix = students / sizes[program.target]
        masses = x[:, program.target] * mix
        values = np.zeros(program.highs.getNumCol())
        values[: masses.size] = masses.ravel()
        sums = np.add.reduceat(mix[:, None] * program.goals[0].rates[program.source], program.first[:-1], axis=0)
        values[program.q[0]] = x * program.goals[0].value(sums)
        lp = program.highs.getLp()
        assert lp.a_matrix_.format_.name == "kColwise"
        matrix = csc_array((lp.a_matrix_.value_, lp.a_matrix_.index_, lp.a_matrix_.start_))
        activity = matrix @ values
        assert (activity >= np.array(lp.row_lower_) - 1e-7).all()
        assert (activity <= np.array(lp.row_upper_) + 1e-7).all()
