"""Planted subsets are found and proven, exact fits are exact, and no forged proof holds more than the truth."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from operator import mul
from typing import Any

import numpy as np
import pytest
from fairbound.benchmarks.scores.tiny import NAMED, best_model
from fairbound.instances.core.entry import data_file
from fairbound.instances.scores.simulation import PLANTED, drawn_design, simulate
from fairbound.instances.scores.simulation import Settings as Simulation
from fairbound.models.core.errors import InputError
from fairbound.models.scores import Column, Design, ScoresInstance
from fairbound.models.scores.instance import BEST_SUBSET, LAD, SPARSE_LAD, Features
from fairbound.models.scores.panel import moments_of
from fairbound.solvers.checker import scores as checker
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import Result, Settings, Status, Termination
from fairbound.solvers.scores import subset_tree
from fairbound.solvers.scores.regressor import CertifiedRegressor
from fairbound.solvers.scores.safe_leaves import SafeLeaves
from fairbound.solvers.scores.selection import ridge_model
from scipy.optimize import linprog

import fairbound

needs_texas = pytest.mark.skipif(data_file("texas/functions_table.csv.gz") is None, reason="no Texas tables here")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_features_are_the_proven_best(seed: int) -> None:
    panel = simulate(Simulation(), seed).panel
    asked = ScoresInstance("panel", panel, k=6)
    result = fairbound.solve(asked, objective=BEST_SUBSET)
    assert (result.status, result.level) == (Status.OPTIMAL, Level.L4)
    names = {asked.design.columns[j].name for j in result.solution.used}
    assert names == {*PLANTED, "score, 1 before", "score, 2 before", "score, 3 before"}
    assert result.certificate is not None
    assert fairbound.verify(result.certificate, asked) == (result.primal_bound, Level.L4)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_enumeration_confirms_small_subsets(k: int) -> None:
    """Twelve correlated features, weak signals: every subset is tried."""
    design = drawn_design(12, 80, 6, 0.8, k)
    asked = ScoresInstance("drawn", design, k=k, ridge=Fraction(1, 100))
    found = [ridge_model(asked, subset) for subset in combinations(range(12), k)]
    values = [fairbound.evaluate(asked, model).values[BEST_SUBSET] for model in found if model is not None]
    result = fairbound.solve(asked, objective=BEST_SUBSET)
    assert (result.primal_bound, result.level, result.status) == (min(values), Level.L4, Status.OPTIMAL)


@pytest.fixture(scope="module")
def proof() -> dict[str, Any]:
    """A certificate with bounds, splits and solved leaves."""
    asked = ScoresInstance("drawn", drawn_design(12, 60, 6, 0.9, 4), k=3, ridge=Fraction(1, 100))
    document = dict(fairbound.solve(asked, objective=BEST_SUBSET).certificate or {})
    kinds = {node[0] for node in document["tree"]}
    assert kinds == {"split", "bound", "solve"}
    found: dict[str, Any] = json.loads(json.dumps(document))
    return found


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every leaf of a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, value in items for found in places(value, (*path, key))] or [path]


def test_no_mutation_proves_more_than_the_truth(proof: dict[str, Any]) -> None:
    truth, chance = Fraction(proof["bound"]), random.Random(7)
    refusals: list[str] = []
    for _ in range(400):
        changed = copy.deepcopy(proof)
        path = chance.choice(places({name: changed[name] for name in ("bound", "shares", "tree", "solution")}))
        place: Any = changed
        for key in path[:-1]:
            place = place[key]
        value = place[path[-1]]
        if chance.random() < 0.2 and isinstance(place, list):
            del place[path[-1]]
        elif path[-1] == "bound":
            place[path[-1]] = str(
                Fraction(value) * (1 + Fraction(chance.choice([-1, 1]), chance.choice([500, 10**6, 3])))
            )
        elif isinstance(value, int | float):
            place[path[-1]] = chance.choice([value + 1, -value, value * 2, 0, value * 1.01, 1e308, "x", None])
        else:
            place[path[-1]] = chance.choice(["", "bound", "solve", None, 7])
        try:
            found = checker.check(changed)
        except Rejected as reason:
            refusals.append(str(reason))
            continue
        assert found <= truth
    assert 100 < len(refusals) < 400
    assert not any("\n" in refusal for refusal in refusals)


def test_what_is_false_is_refused(proof: dict[str, Any]) -> None:
    def refused(word: str, **changes: Any) -> None:
        with pytest.raises(Rejected, match=word):
            checker.check({**proof, **changes})

    bound = Fraction(proof["bound"])
    refused("proves .* only", bound=str(bound * (1 + Fraction(1, 10**9))), solution=None)
    refused("not positive semidefinite", shares=[share * 1.01 + 0.01 for share in proof["shares"]])
    refused("without its leaves", tree=proof["tree"][:-1])
    refused("leaves features to choose", tree=[["solve"]])
    data = copy.deepcopy(proof["data"])
    data["columns"][0]["values"][0] += 1
    refused("digest", data=data)
    many = copy.deepcopy(proof["solution"])
    unused = [j for j in range(12) if j not in {j for j, _ in many["coefficients"]}]
    many["coefficients"].append([unused[0], "1/1000000"])
    refused("more features than k", solution=many)


def test_a_tree_that_is_stopped_proves_what_it_has() -> None:
    """Rows that are all but noise: nothing closes in time, and the bound still holds."""
    asked = ScoresInstance("drawn", drawn_design(60, 90, 30, 0.3, 5), k=8, ridge=Fraction(1, 1000))
    result = fairbound.solve(asked, objective=BEST_SUBSET, settings=Settings(time_limit=3))
    assert (result.termination, result.status) == (Termination.TIME_LIMIT, Status.FEASIBLE)
    assert result.proven is not None
    assert result.proven.level is Level.L4
    assert 0 < result.proven.value < result.primal_bound


def test_semidefinite_is_never_said_of_what_is_not() -> None:
    random_matrix = np.random.default_rng(1).integers(-9, 10, size=(8, 8))
    gram = (random_matrix @ random_matrix.T).tolist()
    assert checker.semidefinite([[x * 10**6 + (i == j) for j, x in enumerate(row)] for i, row in enumerate(gram)])
    least = float(np.linalg.eigvalsh(np.array(gram, dtype=float))[0])
    shifted = [
        [x * 10**6 - (i == j) * int((least + 1e-3) * 10**6) for j, x in enumerate(row)] for i, row in enumerate(gram)
    ]
    assert not checker.semidefinite(shifted)
    assert not checker.semidefinite([[1, 2], [2, 1]])


def test_exact_fits_are_those_of_a_linear_program() -> None:
    design = drawn_design(5, 70, 2, 0.5, 3)
    asked = ScoresInstance("drawn", design)
    result = fairbound.solve(asked)
    assert (result.status, result.level, result.method) == (Status.OPTIMAL, Level.L2, "exact_lad")
    x = np.array([column.training for column in design.columns]).T / 1000
    full, n = np.column_stack([np.ones(70), x]), 70
    rows = np.block([[full, -np.eye(n)], [-full, -np.eye(n)]])
    y = np.array(design.labels) / 1000
    free, above = [(None, None)] * 6, [(0, None)] * n
    again = linprog(np.r_[np.zeros(6), np.ones(n) / n], rows, np.r_[y, -y], bounds=free + above)
    assert float(result.primal_bound) == pytest.approx(again.fun, rel=1e-9)


def test_sparse_fits_of_few_features_are_proven() -> None:
    asked = replace(NAMED["two of three"], k=2)
    result = fairbound.solve(asked, objective=SPARSE_LAD)
    assert (result.method, result.level, result.status) == ("every_subset", Level.L2, Status.OPTIMAL)
    assert result.primal_bound == best_model(asked, SPARSE_LAD)
    searched = fairbound.solve(asked, objective=SPARSE_LAD, method="sparse_search")
    assert searched.primal_bound == pytest.approx(result.primal_bound, rel=1e-9)


def test_a_regressor_fits_predicts_and_proves() -> None:
    draw = np.random.default_rng(2)
    x = draw.normal(size=(120, 9))
    y = 3 * x[:, 2] - 2 * x[:, 5] + 7 + 0.1 * draw.normal(size=120)
    model = CertifiedRegressor(k=2).fit(x, y)
    assert np.flatnonzero(model.coef_).tolist() == [2, 5]
    assert model.coef_[[2, 5]] == pytest.approx([3, -2], abs=0.05)
    assert (model.result_.status, model.result_.level) == (Status.OPTIMAL, Level.L4)
    assert model.score(x, y) > 0.99
    assert CertifiedRegressor(**model.get_params()).set_params(k=3).k == 3
    for wrong, word in (((x, y[:5]), "X and y"), ((x * np.nan, y), "finite"), ((x[:, :1], y), "k")):
        with pytest.raises(InputError, match=word):
            model.fit(*wrong)
    with pytest.raises(InputError, match="unknown parameter"):
        model.set_params(depth=3)


def texas(objective: str, **parameters: str) -> Result:
    return fairbound.solve("scores/texas", objective=objective, parameters=parameters)


@needs_texas
def test_the_texas_tables_say_what_the_page_says() -> None:
    lad = texas(LAD, features=Features.SCORES.value)
    assert (lad.status, lad.level) == (Status.OPTIMAL, Level.L2)
    assert float(lad.measures["rmse"]) == pytest.approx(1.169, abs=5e-4)
    found = {"constant": 2.146, "persistence": 1.249, "least_squares": 1.172}
    for method, error in found.items():
        again = fairbound.solve("scores/texas", method=method, parameters={"features": "scores"})
        assert float(again.measures["rmse"]) == pytest.approx(error, abs=1e-3), method
    subset = texas(BEST_SUBSET, k="6")
    assert (subset.status, subset.level) == (Status.OPTIMAL, Level.L4)
    assert subset.measures["spending_features"] == 0
    clean = fairbound.solve("scores/texas", method="least_squares", parameters={"features": "scores", "split": "clean"})
    assert float(clean.measures["rmse"]) == pytest.approx(1.2925, abs=5e-5)


@pytest.mark.parametrize("ridge", ["1/1000000", "1/1000", "3", "1000", "1000000", "1000000000"])
def test_a_ridge_of_any_size_is_proven_on_dependent_features(ridge: str) -> None:
    asked = replace(NAMED["twins"], ridge=Fraction(ridge), k=2)
    result = fairbound.solve(asked, objective=BEST_SUBSET)
    assert (result.level, result.primal_bound) == (Level.L4, best_model(asked, BEST_SUBSET))
    with pytest.raises(InputError, match=r"set a ridge of 0\.000001 or more"):
        fairbound.solve(replace(asked, ridge=Fraction(1, 10**7)), objective=BEST_SUBSET)


def test_a_leafs_bound_never_passes_the_best_of_its_subsets(proof: dict[str, Any]) -> None:
    """Equation (11) for any coefficients, good or bad, against every subset of the node."""
    asked, chance = checker.Question(proof["data"]), random.Random(3)
    shifted = checker.Shifted(asked, proof["shares"])
    good = [node[1] for node in proof["tree"] if node[0] == "bound"]
    near = 0
    for _ in range(40):
        order = chance.sample(range(12), 7)
        count, most = chance.choice([0, 1, 2]), chance.choice([1, 2])
        inside, free = order[:count], order[count:]
        coefficients = [[j, b * chance.choice([0.5, 1, 1, 2])] for j, b in chance.choice(good)]
        sizes = range(most + 1)
        best = min(asked.solved([*inside, *more]) for size in sizes for more in combinations(free, size))
        found = shifted.bound(inside, free, most, coefficients)
        assert found <= best
        near += found > best / 2
    assert near  # some come close


def test_a_root_that_is_wrong_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of the matrix after the root is held against its diagonal, whatever floats did."""
    identity = [[10**9 * (i == j) for j in range(4)] for i in range(4)]
    assert checker.semidefinite(identity)
    monkeypatch.setattr(checker, "sqrt", lambda x: 1.01 * x**0.5)
    assert not checker.semidefinite(identity)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_floats_prove_no_more_than_whole_numbers(seed: int) -> None:
    """A leaf's bound in floats is a little below that of the checker, for the same coefficients."""
    asked = ScoresInstance("drawn", drawn_design(12, 80, 6, 0.8, seed), k=4, ridge=Fraction(1, 100))
    shares = np.full(12, 0.01 + 1e-3 * seed)
    safe, checked = SafeLeaves(asked, shares), checker.Question(asked.canonical())
    assert safe.semidefinite
    exact = checker.Shifted(checked, shares.tolist())
    chance = np.random.default_rng(seed)
    lengths = np.sqrt(np.array(np.diag(asked.moments.gram), dtype=float))
    for inside, free in (((), range(12)), ((3, 5), (0, 1, 2, 4)), ((1, 2, 3, 4), ())):
        x = np.zeros(12)
        x[[*inside, *free]] = chance.normal(size=len(inside) + len(free)) / 10
        raw = [[j, str(Fraction(safe.y) * Fraction(x[j]) / Fraction(lengths[j]))] for j in np.flatnonzero(x).tolist()]
        most = 4 - len(inside)
        found, known = safe.bound(inside, free, most, x), exact.bound(list(inside), list(free), most, raw)
        assert found < known < found + Fraction(1, 10**9) * abs(known)


def test_floats_see_what_is_not_semidefinite() -> None:
    asked = ScoresInstance("drawn", drawn_design(12, 80, 6, 0.8, 1), k=4, ridge=Fraction(1, 100))
    table = np.array(asked.moments.gram, dtype=float)
    lengths = np.sqrt(np.diag(table))
    least = float(np.linalg.eigvalsh(table / np.outer(lengths, lengths))[0]) + 0.01
    # Within the roundings of a root in floats nothing is known, though floats find one.
    shares = (least - 1e-9, least - 1e-14, least, least + 1e-9, 0.0)
    assert [SafeLeaves(asked, np.full(12, share)).semidefinite for share in shares] == [True, *[False] * 4]


def test_a_tree_that_is_not_replayed_is_proven_in_floats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subset_tree, "replay_seconds", lambda *_: 100.0)
    asked = ScoresInstance("drawn", drawn_design(12, 80, 6, 0.8, 1), k=3, ridge=Fraction(1, 100))
    result = fairbound.solve(asked, objective=BEST_SUBSET, settings=Settings(time_limit=60), isolate=False)
    assert (result.status, result.level) == (Status.OPTIMAL, Level.L2)
    assert result.primal_bound == fairbound.solve(asked, objective=BEST_SUBSET).primal_bound


def test_moments_of_any_size_are_exact() -> None:
    """Products summed as floats, in 64 bits and in Python's whole numbers."""
    for largest in (10**4, 10**7, 10**9, 10**12):
        table = np.random.default_rng(1).integers(-largest, largest, size=(3, 50)).tolist()
        columns = tuple(Column(f"x{j}", "score", Fraction(1), tuple(row), ()) for j, row in enumerate(table[:2]))
        found = moments_of(Design(columns, tuple(table[2]), (), Fraction(1)))
        each = [[50 * sum(map(mul, one, two)) - sum(one) * sum(two) for two in table] for one in table]
        assert [list(row) for row in found.gram] == [row[:2] for row in each[:2]]
        assert ([*found.cross], found.label) == (each[2][:2], each[2][2])


def test_what_a_parent_proves_holds_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes that say nothing themselves inherit coefficients, of features that are out there too."""
    solve = subset_tree.Relaxation.solve

    def silent(self: Any, inside: Any, free: Any, *more: Any) -> Any:
        bound, shares, coefficients = solve(self, inside, free, *more)
        return bound if len(inside) + len(free) == 12 else -1.0, shares, coefficients

    monkeypatch.setattr(subset_tree.Relaxation, "solve", silent)
    monkeypatch.setattr(subset_tree.Tree, "late", lambda self: self.count > 7)
    asked = ScoresInstance("drawn", drawn_design(12, 80, 6, 0.8, 1), k=4, ridge=Fraction(1, 100))
    result = fairbound.solve(asked, objective=BEST_SUBSET)
    assert result.proven is not None
    assert result.proven.level is Level.L4
    assert "rejected" not in result.message
