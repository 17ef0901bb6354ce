"""Tree certificates: what closes is true, what is false never closes, and no forgery proves more than the truth."""

from __future__ import annotations

import copy
import json
import random
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from fairbound.benchmarks.applicants import tiny as tiny_applicants
from fairbound.benchmarks.blocks import tiny as tiny_blocks
from fairbound.benchmarks.cep import tiny as tiny_cep
from fairbound.benchmarks.classes import tiny as tiny_classes
from fairbound.benchmarks.designs import tiny as tiny_designs
from fairbound.benchmarks.matching import tiny as tiny_matching
from fairbound.models.core.registry import find_problem
from fairbound.solvers.checker import linear
from fairbound.solvers.checker import tree as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.checker.linear import System, multipliers_of, replay, scaled, smaller
from fairbound.solvers.core import proving
from fairbound.solvers.core.bound import Basis, Level
from fairbound.solvers.core.result import Result, Settings, Status, Termination
from fairbound.solvers.proofs.plain import plain_tree
from fairbound.solvers.proofs.tree import prove
from forgeries import answered, mutated
from hypothesis import given, settings
from hypothesis import strategies as st

import fairbound

QUESTIONS = [
    pytest.param(tiny, instance, objective.name, id=f"{tiny.problem}-{instance.name}-{objective.name}")
    for tiny in (
        tiny_cep.TINY,
        tiny_blocks.TINY,
        tiny_applicants.TINY,
        tiny_classes.TINY,
        tiny_matching.TINY,
        tiny_designs.TINY,
    )
    for instance in tiny.instances
    for objective in find_problem(tiny.problem).objectives
]


def system_of(instance: Any, objective: str) -> System | None:
    try:
        found: System = checker.rows_of(instance.problem).system(instance.canonical(), objective)
    except Rejected:
        return None
    return found


def separated(instance: Any, system: System) -> Any:
    room = proving.room_of(instance.problem)
    return room.separate(instance, system) if hasattr(room, "separate") else None


@pytest.mark.parametrize(("tiny", "instance", "objective"), QUESTIONS)
def test_the_best_value_closes_and_a_better_one_never(tiny: Any, instance: Any, objective: str) -> None:
    truth = tiny.best(instance, objective)
    system = system_of(instance, objective)
    if truth is None or system is None:
        pytest.skip("infeasible, or no rows are stated")
    proof = prove(system, truth, separated(instance, system), 20)
    assert proof is not None
    assert (proof.claim, proof.plan) == (truth, None)
    again = system_of(instance, objective)
    assert again is not None
    false = prove(again, truth + again.sign * again.step, separated(instance, again), 5)
    assert false is None or again.sign * false.claim <= again.sign * truth


def solved(name: str, objective: str | None = None, **parameters: str) -> Result:
    return fairbound.solve(name, objective=objective, parameters=parameters, method=None)


@pytest.fixture(scope="module")
def certificates() -> list[dict[str, Any]]:
    """One of each problem, with separators, Gomory rows, branches and narrowed boxes among them."""
    grid = tiny_blocks.NAMED["grid"]
    asked = [
        fairbound.solve(grid, objective="dissimilarity"),
        fairbound.solve("cep/calpads33", objective="students", parameters={"threshold": "0.40"}),
        fairbound.solve("blocks/grid100"),
        fairbound.solve("applicants/sfusd65", method="cell_counts"),
        fairbound.solve("classes/drawn200", parameters={"groups": "race", "epsilon": "0.5"}),
        fairbound.solve("matching/drawn200", parameters={"cohort": "EXPERIMENTAL"}),
        fairbound.solve("designs/seed16"),
    ]
    documents = [dict(result.certificate or {}) for result in asked]
    assert all(result.level is Level.L4 for result in asked)
    assert {"branch", "narrow"} <= {node[0] for document in documents for node in document["tree"]}
    return [json.loads(json.dumps(document)) for document in documents]


def test_a_default_answer_carries_its_proof() -> None:
    result = solved("cep/calpads33", threshold="0.40")
    assert (result.status, result.level, result.basis) == (Status.OPTIMAL, Level.L4, Basis.CERTIFICATE)
    assert fairbound.verify(result.certificate, "cep/calpads33", {"threshold": "0.40"}) == (  # type: ignore[arg-type]
        Fraction("17364.8"),
        Level.L4,
    )
    without = fairbound.solve("cep/calpads33", parameters={"threshold": "0.40"}, settings=Settings(prove=0))
    assert (without.level, without.basis, without.certificate) == (Level.L2, Basis.THEOREM, None)


def test_whoever_interrupts_a_proof_keeps_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_document: Any) -> Fraction:
        raise KeyboardInterrupt

    monkeypatch.setattr(proving.checker, "check", interrupted)
    result = fairbound.solve("cep/calpads33", objective="students")
    assert (result.termination, result.certificate) == (Termination.INTERRUPTED, None)
    assert result.primal_bound == 27054


def test_no_mutation_proves_more_than_the_truth(certificates: list[dict[str, Any]]) -> None:
    chance, accepted = random.Random(3), 0
    truths = [checker.check(document) for document in certificates]
    signs = [checker.rows_of(d["data"]["problem"]).system(d["data"], d["objective"]).sign for d in certificates]
    for _ in range(500):
        for document, truth, sign in zip(certificates, truths, signs, strict=True):
            forged = mutated(document, chance)
            found, reason = answered(checker, forged)
            assert "\n" not in reason
            if found is None:
                continue
            accepted += 1
            if forged["objective"] == document["objective"]:
                assert sign * found <= sign * truth
    assert accepted < 1750


def test_a_claim_beyond_the_truth_is_rejected(certificates: list[dict[str, Any]]) -> None:
    for document in certificates:
        system = checker.rows_of(document["data"]["problem"]).system(document["data"], document["objective"])
        truth = Fraction(document["bound"])
        for claim in (truth + system.sign * system.step, truth * (1 + system.sign * Fraction(2, 1000))):
            with pytest.raises(Rejected, match=r"proves|contradicts"):
                checker.check({**document, "bound": str(claim), "solution": None})


def test_a_weaker_claim_is_accepted(certificates: list[dict[str, Any]]) -> None:
    """Fewer solutions matter then, boxes are narrower, and a branch may have a side that is empty."""
    for document in certificates:
        system = checker.rows_of(document["data"]["problem"]).system(document["data"], document["objective"])
        truth = Fraction(document["bound"])
        for steps in (1, 7, 10**3, 10**6, 10**9):
            weaker = truth - system.sign * steps * system.step
            assert checker.check({**document, "bound": str(weaker)}) == weaker


def test_an_empty_side_needs_no_proof_and_a_full_one_does() -> None:
    """Reduced costs hold x at 0, so nothing stands above it; below it the second row is needed."""
    system = System(1, Fraction(1), Fraction(1))
    x, y = system.column(0, 1, 5), system.column(0, 1, 1)
    system.at_least({x: 1, y: 1}, 1)
    nothing = ["farkas", []]
    trees = {
        "accepted": [["narrow", []], ["branch", x, 0], ["bound", [[0, 1.0]]], nothing],
        "leaf 1": [["branch", x, 0], nothing, ["bound", [[0, 1.0]]]],
        "leaf 2": [["branch", x, 0], ["bound", [[0, 1.0]]], nothing],
        "without its leaves": [["narrow", []]],
        "after the last leaf": [["narrow", []], ["bound", [[0, 1.0]]], nothing],
        "unknown node": [["narrow", [], []], ["bound", [[0, 1.0]]]],
    }
    for wanted, tree in trees.items():
        system.rows = system.rows[:1]
        if wanted == "accepted":
            assert replay(system, {"steps": [], "tree": tree}, Fraction(1)) == 2
        else:
            with pytest.raises(Rejected, match=wanted):
                replay(system, {"steps": [], "tree": tree}, Fraction(1))


def test_branches_that_take_too_much_room_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "MOST_HELD", 25)
    leaf = ["bound", []]

    def replayed(depth: int) -> int:
        system = System(1, Fraction(1), None)
        for j in range(depth):
            system.column(0, 1, 1)
            system.at_least({j: 1}, 0)
        tree = [*(["branch", j, 0] for j in range(depth)), *[leaf] * (depth + 1)]
        return replay(system, {"steps": [], "tree": tree}, Fraction(0))

    assert replayed(5) == 6  # 1 + 2 + 3 + 4 bounds of the sides that wait, and twice 5
    with pytest.raises(Rejected, match="room for"):
        replayed(7)
    # What was looked at waits no more.
    system = System(1, Fraction(1), None)
    for _ in range(40):
        system.column(0, 1, 1)
    # Of these branches the lower side is settled at once: one bound waits for each of the others, one after the other.
    tree = [node for _ in range(39) for node in (["branch", 0, 0], leaf)]
    assert replay(system, {"steps": [], "tree": [*tree, leaf]}, Fraction(0)) == 40


def test_multipliers_are_the_same_numbers_in_either_form() -> None:
    pairs: list[list[Any]] = [[2, 0.375], [0, -5.0], [1, "1e-3"], [3, 0.0], [1, 7]]
    found, shift = scaled(pairs, 4)
    assert [Fraction(y, 1 << shift) for _, y in found] == [Fraction(float(y)) for _, y in pairs]
    packed = {"rows": [i for i, _ in found], "whole": [y for _, y in found], "bits": shift}
    assert multipliers_of(packed, 4) == (found, shift)
    for wrong in ({"rows": [4]}, {"rows": [-1]}, {"rows": [True]}, {"whole": [1.5]}, {"whole": [2**1300]}):
        with pytest.raises(Rejected):
            multipliers_of({"rows": [0], "whole": [1], "bits": 3} | wrong, 4)
    for bits in (-1, 10**9, 1.0, None):
        with pytest.raises(Rejected):
            multipliers_of({"rows": [], "whole": [], "bits": bits}, 4)
    for wrong_pair in (
        [4, 1.0],
        [0, 1e200],
        [0, 1e-200],
        [0, float("nan")],
        [0, float("inf")],
        [0, 2**2000],
        [0, "1/2"],
    ):
        with pytest.raises(Rejected):
            scaled([[0, 1.0], wrong_pair], 4)


def test_narrowed_boxes_are_branches_too(certificates: list[dict[str, Any]]) -> None:
    """The same tree without them is longer, and replayed alike."""
    for document in certificates:
        rows = checker.rows_of(document["data"]["problem"])
        system = rows.system(document["data"], document["objective"])
        truth = Fraction(document["bound"])
        for claim in (truth, truth - system.sign * system.step, truth - system.sign * 5 * system.step):
            system = rows.system(document["data"], document["objective"])
            replay(system, document, claim)
            plain = plain_tree(system, document["tree"], system.enough(claim))
            assert {node[0] for node in plain} <= {"branch", "bound", "farkas"}
            again = rows.system(document["data"], document["objective"])
            assert replay(again, {**document, "tree": plain}, claim) > 0


def test_a_plan_that_breaks_a_rule_is_rejected() -> None:
    """A seat too many, an island, a school outside its zone, a group under the threshold, a rule on the grouping."""
    grid = tiny_blocks.NAMED["grid"]
    document = dict(fairbound.solve(grid, objective="dissimilarity").certificate or {})
    rows = checker.rows_of("blocks")
    homes = [school.id for school in grid.schools]
    refused = 0
    for zones in product(homes, repeat=len(grid.units)):
        feasible = find_problem("blocks").evaluate(grid, _zoning(zones)).feasible
        if feasible:
            rows.value(document["data"], "dissimilarity", list(zones))
            continue
        refused += 1
        with pytest.raises(Rejected, match="breaks a rule"):
            rows.value(document["data"], "dissimilarity", list(zones))
    assert refused > 10
    five = tiny_cep.NAMED["five"]
    with pytest.raises(Rejected, match="under the threshold"):
        checker.rows_of("cep").value(five.canonical(), "students", [["s5"]])
    for rule in ({"forced_in": "s1"}, {"cover": "all"}, {"min_students": "500"}, {"min_group": "2"}):
        asked = find_problem("cep").with_parameters(five, rule)
        with pytest.raises(Rejected, match="breaks a rule"):
            checker.rows_of("cep").value(asked.canonical(), "students", [["s2"]])


def _zoning(zones: tuple[str, ...]) -> Any:
    from fairbound.models.blocks import Zoning

    return Zoning(zones)


def test_the_data_inside_must_be_that_of_the_digest(certificates: list[dict[str, Any]]) -> None:
    for document in certificates:
        with pytest.raises(Rejected, match="another instance"):
            checker.check(document, "0" * 64)
        forged = copy.deepcopy(document)
        forged["data"]["parameters"] |= {"seats_tolerance": "9"}
        with pytest.raises(Rejected, match="not that of the digest"):
            checker.check(forged)


@st.composite
def systems(draw: st.DrawFn) -> tuple[System, list[tuple[int, float]], list[int]]:
    """Small systems, multipliers of their rows, and columns to count from the upper end."""
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    system = System(1, Fraction(1), Fraction(1))
    for _ in range(n):
        low = draw(st.integers(-2, 1))
        system.column(low, low + draw(st.integers(0, 3)), draw(st.integers(-3, 3)))
    for _ in range(m):
        terms = {j: draw(st.integers(-4, 4)) for j in range(n)}
        system.at_least(terms, draw(st.integers(-6, 6)), draw(st.booleans()))
    share = st.integers(-40, 40).map(lambda k: k / draw(st.sampled_from([3, 7, 8, 10])))
    multipliers = [(i, draw(share)) for i in range(m)]
    return system, multipliers, [j for j in range(n) if draw(st.booleans())]


@given(systems())
@settings(max_examples=400, deadline=None)
def test_gomory_rows_cut_no_solution_off(drawn: tuple[System, list[tuple[int, float]], list[int]]) -> None:
    system, multipliers, flipped = drawn
    try:
        terms, rhs, _ = system.gomory(scaled([list(pair) for pair in multipliers], len(system.rows)), flipped)
    except Rejected:
        return
    for point in product(*(range(low, high + 1) for low, high in zip(system.lower, system.upper, strict=True))):
        kept = all(
            (total := sum(a * point[j] for j, a in row.items())) >= b and (not equation or total == b)
            for row, b, equation in system.rows
        )
        if kept:
            assert sum(a * point[j] for j, a in terms.items()) >= rhs


@given(systems())
@settings(max_examples=200, deadline=None)
def test_weak_duality_holds_for_any_multipliers(drawn: tuple[System, list[tuple[int, float]], list[int]]) -> None:
    system, multipliers, _ = drawn
    signed = [[i, y if system.rows[i][2] else abs(y)] for i, y in multipliers]
    bound = system.bound(scaled(signed, len(system.rows)), system.lower, system.upper)
    for point in product(*(range(low, high + 1) for low, high in zip(system.lower, system.upper, strict=True))):
        kept = all(
            (total := sum(a * point[j] for j, a in row.items())) >= b and (not equation or total == b)
            for row, b, equation in system.rows
        )
        if kept:
            assert sum(c * point[j] for j, c in system.cost.items()) >= bound


@given(systems(), st.integers(-12, 12))
@settings(max_examples=400, deadline=None)
def test_narrowed_boxes_hold_all_that_costs_little(
    drawn: tuple[System, list[tuple[int, float]], list[int]], most: int
) -> None:
    """Equation (4), and the question without the columns that are fixed says the same of every point."""
    system, multipliers, _ = drawn
    signed = scaled([[i, y if system.rows[i][2] else abs(y)] for i, y in multipliers], len(system.rows))
    tighter = system.narrowed(signed, system.lower, system.upper, Fraction(most))
    box = list(zip(system.lower, system.upper, strict=True))
    for j, (low, high) in tighter.items():
        assert box[j][0] <= low
        assert high <= box[j][1]
    for point in product(*(range(low, high + 1) for low, high in box)):
        kept = all(
            (total := sum(a * point[j] for j, a in row.items())) >= b and (not equation or total == b)
            for row, b, equation in system.rows
        )
        if kept and sum(c * point[j] for j, c in system.cost.items()) <= most:
            assert all(low <= point[j] <= high for j, (low, high) in tighter.items())
    inner = smaller(system, {}, tighter)
    if inner is not None:
        question, changed = inner
        lower, upper = question.lower.copy(), question.upper.copy()
        for j, (low, high) in changed.items():
            lower[j], upper[j] = low, high
        for costs in (True, False):
            assert question.bound(signed, lower, upper, costs) == system.bound(signed, lower, upper, costs)
