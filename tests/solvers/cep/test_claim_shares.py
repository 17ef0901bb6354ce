"""Branch and price over claim shares: equal to enumeration, and a certificate that proves nothing false."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from fairbound.models.cep import PROBLEM, CepInstance, Cover, School, find_rates
from fairbound.solvers.cep import claim_shares, plan_search, share_cells, share_cover, share_orders, subset_dp
from fairbound.solvers.checker import cep_shares as checker
from fairbound.solvers.core import certificates
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import Settings, Status, Termination
from general_meals import with_meals


def district(count: int, seed: int, **scenario: Any) -> CepInstance:
    """Schools of random counts and meals, a third of them above the threshold."""
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        enrolled = chance.randint(60, 900)
        identified = round(enrolled * chance.uniform(0.2, 0.75))
        rows.append((enrolled, identified, chance.randint(0, 9000), chance.randint(2000, 30000)))
    return with_meals(f"drawn {seed}", rows, **scenario)


def truth_of(instance: CepInstance) -> Fraction:
    best = subset_dp.METHOD.run(instance, "reimbursement", Settings()).primal_bound
    assert best is not None
    return best


RULES: list[dict[str, Any]] = [
    {},
    {"cover": Cover.ALL, "threshold": Fraction(1, 4)},
    {"threshold": Fraction(1, 3), "min_group": 2},
    {"together": (("s1", "s4"), ("s2", "s6")), "forced_out": ("s3",)},
    {"forced_in": ("s2", "s5"), "multiplier": Fraction(13, 10)},
]


@pytest.mark.parametrize("rules", RULES, ids=str)
def test_it_reaches_the_best_grouping_and_proves_it(rules: dict[str, Any]) -> None:
    instance = district(8, 3, **rules)
    truth = truth_of(instance)
    limit = None if instance.min_group == 1 else 10  # a rule that prices do not know of
    found = claim_shares.METHOD.run(instance, "reimbursement", Settings(time_limit=limit))
    assert found.primal_bound == truth
    assert found.dual_bound is not None
    if instance.min_group == 1:
        assert (found.status, found.level, found.dual_bound) == (Status.OPTIMAL, Level.L4, truth)
    else:
        assert truth <= found.dual_bound <= 2 * truth
    assert found.message == ""
    assert found.solution is not None
    assert PROBLEM.evaluate(instance, found.solution).feasible


def test_where_no_group_meets_the_threshold_its_certificate_holds() -> None:
    # The curve's bound is a millionth there, and prices of units are 1e13 times that.
    schools = tuple(School(f"s{i}", Fraction(26), Fraction(5), "", Fraction(4054), Fraction(0), i == 1) for i in (0, 1))
    rates = find_rates("us48-2324")
    asked = CepInstance("none", schools, threshold=Fraction(2, 5), multiplier=Fraction(8, 5), rates=rates)
    found = claim_shares.METHOD.run(asked, "reimbursement", Settings())
    assert found.message == ""
    assert found.primal_bound == 0
    assert found.dual_bound is not None
    assert 0 <= found.dual_bound <= Fraction(1, 10**6)


def exactly(rows: list[tuple[Any, ...]], **scenario: Any) -> tuple[Fraction, dict[str, Any]]:
    """The best value of a district, which its certificate proves to be it."""
    instance = with_meals("exactly", rows, **scenario)
    found = claim_shares.METHOD.run(instance, "reimbursement", Settings())
    assert (found.status, found.level, found.message) == (Status.OPTIMAL, Level.L4, "")
    assert found.primal_bound == found.dual_bound == truth_of(instance)
    assert found.certificate is not None
    return found.primal_bound, json.loads(json.dumps(found.certificate))


AT_THRESHOLD = [(100, 40, 900, 9000), (100, 23, 4000, 12000), (120, 19, 100, 3000), (90, 30, 100, 8000)]
"""The first two have 31.5 % together, which a threshold may ask for."""


def test_a_group_that_just_meets_the_threshold_is_settled_exactly() -> None:
    exactly(AT_THRESHOLD, threshold=Fraction(63, 200), forced_in=("s1", "s2"), forced_out=("s3", "s4"))


@pytest.mark.parametrize("hair", [Fraction(1, 10**15), -Fraction(1, 10**15)])
def test_a_group_that_misses_the_threshold_by_a_hair_is_none(hair: Fraction) -> None:
    first, second, *others = AT_THRESHOLD
    missed = (second[0], second[1] + hair, *second[2:])
    value, _ = exactly([first, missed, *others], threshold=Fraction(63, 200), forced_out=("s3", "s4"))
    met, _ = exactly([first, second, *others], threshold=Fraction(63, 200), forced_out=("s3", "s4"))
    assert (value >= met) == (hair > 0)


def test_what_is_proven_exactly_is_proven_of_no_less() -> None:
    value, document = exactly(
        [(school.enrolled, school.identified, school.breakfasts, school.lunches) for school in district(8, 3).schools]
    )
    assert checker.check(document) == value
    assert document["divisors"]
    for less in (Fraction(1, 10**12), Fraction(1, 10**30)):
        with pytest.raises(checker.Rejected):
            checker.check({**document, "bound": str(value - less)})
    with pytest.raises(checker.Rejected):
        checker.check({**document, "divisors": [0]})


def test_a_value_that_no_checker_reads_is_proven_but_for_its_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_shares, "LONGEST", 10)
    found = claim_shares.METHOD.run(district(8, 3), "reimbursement", Settings())
    assert (found.status, found.level, found.message) == (Status.FEASIBLE, Level.L4, "")
    assert found.primal_bound is not None
    assert found.dual_bound is not None
    assert 0 < found.dual_bound - found.primal_bound <= found.primal_bound / 10**7


ODD = (
    *((6, 23, 3), (278, 91, 215), (192, 49, 158), (131, 16, 53), (294, 85, 107)),
    *((286, 8, 70), (16, 99, 4), (127, 27, 47), (101, 67, 71)),
)
"""Students, in whole numbers and parts of 1e14 more, and how many of them are identified."""


@pytest.mark.parametrize("objective", ["students", "reimbursement"])
def test_numbers_of_many_digits_whose_groupings_are_worth_the_same_are_settled_too(objective: str) -> None:
    rows = [(n + Fraction(more, 10**14), q, Fraction(1000 * q, 7), Fraction(5000 * n, 11)) for n, more, q in ODD]
    instance = with_meals("odd", rows, cover=Cover.ANY, threshold=Fraction(1, 4))
    found = claim_shares.METHOD.run(instance, objective, Settings())
    assert (found.status, found.level, found.message) == (Status.OPTIMAL, Level.L4, "")
    assert found.primal_bound == subset_dp.METHOD.run(instance, objective, Settings()).primal_bound


@pytest.fixture(scope="module", params=["searched", "listed", "covered", "repriced", "apart", "outside", "split"])
def proof(request: pytest.FixtureRequest) -> tuple[CepInstance, Fraction, dict[str, Any]]:
    """A district, its best value, and a certificate over few cells: with branches, lists, a cover, parts of it."""
    kind = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(share_cells, "MIDDLE", 40)
        if kind == "searched":
            patch.setattr(share_cells, "MOST_GROUPS", 0)
        if kind == "listed":
            patch.setattr(claim_shares, "FEW_COVER_SHARE", 0.0)
        if kind == "repriced":
            patch.setattr(share_cover, "MANY_STATES", 0)
            patch.setattr(share_cover, "GROWN", 0)
        if kind == "split":  # no sweep of a whole may take a step
            patch.setattr(share_orders, "WHOLE", 0.0)
        if kind == "apart":  # a third of the range is one strip
            patch.setattr(claim_shares, "crowded", lambda *_arguments: (20, 9))
        for seed in range(60):
            cover = Cover.ANY if kind == "outside" else Cover.ALL
            instance = district(7, seed, cover=cover, threshold=Fraction(1, 2) if kind == "outside" else Fraction(1, 4))
            found = claim_shares.METHOD.run(instance, "reimbursement", Settings(gap=1e-5))
            document = None if found.certificate is None else json.loads(json.dumps(found.certificate))
            if not document or document["format"] != checker.FORMAT:
                continue
            assert found.level is Level.L4
            nodes = document["nodes"]
            covers = [cover for node in nodes for cover in covers_of(node)]
            assert kind != "searched" or not any("listed" in node for node in nodes)
            shows = {
                "searched": any("branch" in node for node in nodes),
                "listed": any("listed" in node and "branch" in node for node in nodes) and not covers,
                "covered": any(cover["levels"] for cover in covers),
                "repriced": any(cover["prices"] for cover in covers),
                "apart": any(cover["open"] for cover in covers),
                "split": any("parts" in cover for cover in covers) and any(cover["levels"] for cover in covers),
                "outside": covers and found.solution is not None and sum(map(len, found.solution.groups)) < 7,
            }
            if shows[kind]:
                return instance, truth_of(instance), document
    raise AssertionError("no district needed it")


def covers_of(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The covers of a node: none, one, or the two of a split."""
    cover = node.get("cover", [])
    return cover if isinstance(cover, list) else [cover]


def test_a_stranger_accepts_what_was_proven(proof: tuple[CepInstance, Fraction, dict[str, Any]]) -> None:
    instance, truth, document = proof
    bound, level = certificates.verify(document, instance.digest)
    assert level is Level.L4
    assert truth <= bound <= truth * (1 + Fraction(11, 10**6))


@pytest.mark.parametrize("claim", [lambda value: value - Fraction(1, 100), lambda value: value * Fraction(998, 1000)])
def test_a_bound_below_the_best_value_is_never_proven(
    proof: tuple[CepInstance, Fraction, dict[str, Any]], claim: Any
) -> None:
    _, truth, document = proof
    false = {**document, "bound": str(claim(truth))}
    with pytest.raises(checker.Rejected):
        checker.check(false)


def mutated(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The document with one or two things changed that a proof rests on."""
    changed = deepcopy(document)
    for _ in range(chance.randint(1, 2)):
        nodes = changed["nodes"]
        node = chance.choice(nodes) if nodes else {}
        proofs = node.get("proofs", [])
        kind = chance.randrange(18)
        covers = covers_of(node)
        cover = chance.choice(covers) if covers else None
        if kind == 0:
            share = Fraction(chance.choice([1, -1]), chance.choice([10, 1000, 10**5, 10**7]))
            changed["bound"] = str(Fraction(changed["bound"]) * (1 + share))
        elif kind in (1, 2, 3) and proofs:
            column = chance.choice(proofs)[chance.choice(["prices", "prices", "levels", "multipliers"])]
            if column:
                column[chance.randrange(len(column))] += chance.choice([-1, 1]) * chance.choice([1, 1000, 10**6, 10**9])
        elif kind == 4 and "branch" in node:
            branch, step = node["branch"], chance.choice([-1, 1, 3])
            place = chance.choice([0, len(branch) - 1])
            branch[place] = branch[place] + step if type(branch[place]) is int else str(Fraction(branch[place]) * step)
            if len(branch) == 3 and chance.random() < 0.3:
                branch[1] = chance.choice(["with", "weight", "students", "share"])
        elif kind == 9:
            node["listed"] = node.get("listed", 0) + chance.choice([-1, 1, 7])
        elif kind == 5 and nodes:
            nodes.pop(chance.randrange(len(nodes)))
        elif kind == 6 and proofs:
            proofs.pop(chance.randrange(len(proofs)))
        elif kind == 7:
            edges = changed["edges"]
            edges.pop(chance.randrange(len(edges)))
        elif kind == 8 and proofs:
            chance.choice(proofs)["strips"][chance.randrange(2)] += chance.choice([-1, 1])
        elif kind == 10 and cover:
            chance.shuffle(cover["order"])
        elif kind == 11 and cover and cover["levels"]:
            levels = cover["levels"]
            if chance.random() < 0.5:
                levels.pop(chance.randrange(len(levels)))
            else:
                chance.choice(levels)[0] += chance.choice([-1000, 1, 10**6])
        elif kind == 12 and cover and cover["open"]:
            cover["open"].pop(chance.randrange(len(cover["open"])))
        elif kind == 13 and cover and cover["open"]:
            key = chance.choice(cover["open"])
            key[chance.randrange(len(key))] = chance.randint(-3, len(key) - 1)
        elif kind == 14 and cover and cover["prices"]:
            column = chance.choice(cover["prices"])[chance.choice(["prices", "levels"])]
            column[chance.randrange(len(column))] += chance.choice([-1, 1]) * chance.choice([1, 1000, 10**6, 10**9])
        elif kind == 15 and cover:
            chance.choice(cover["by"])[0] = chance.randint(0, len(cover["prices"]))
        elif kind == 16 and len(covers) > 1:
            covers[0]["parts"] += chance.choice([-1, 1, 3, -3])
        elif kind == 17 and len(covers) > 1 and covers[0]["units"]:
            covers[0]["units"].pop(chance.randrange(len(covers[0]["units"])))
        if chance.random() < 0.5:  # so that claims below the truth are among them
            changed["bound"] = str(Fraction(changed["bound"]) * (1 - Fraction(chance.randint(0, 40), 10**6)))
    return changed


def test_no_mutation_proves_more_than_is_true(proof: tuple[CepInstance, Fraction, dict[str, Any]]) -> None:
    _, truth, document = proof
    chance = random.Random(0)
    accepted = 0
    for _ in range(1000):
        try:
            bound = checker.check(mutated(document, chance))
        except checker.Rejected:
            continue
        accepted += 1
        assert bound >= truth
    assert accepted  # some mutations are harmless: a bound that is raised, a price that was not needed


HOSTILE: list[tuple[str, Any]] = [
    ("nodes", []),
    ("nodes", [{}]),
    ("nodes", [{"branch": [0, 1]}] * 3000),
    ("nodes", [{"branch": [10**9, 1]}, {}, {}]),
    ("nodes", [{"proofs": [{"prices": [1], "levels": [1], "multipliers": [1]}]}]),
    ("nodes", [{"proofs": "none"}]),
    ("nodes", {"proofs": []}),
    ("nodes", [[]]),
    ("edges", ["0.4", "1"]),
    ("edges", ["0.4", "nan", "1"]),
    ("edges", ["0.4", *(str(Fraction(2, 5) + Fraction(k, 10**6)) for k in range(1, 500_000)), "1"]),
    ("nodes", [{"proofs": [{"strips": [0, 1], "prices": [1], "levels": [1], "multipliers": [1]}]}]),
    ("nodes", [{"proofs": [{"strips": [10**9, 1], "prices": [1], "levels": [1], "multipliers": [1]}]}]),
    ("nodes", [{"proofs": [{"strips": [True, 1], "prices": [1], "levels": [1], "multipliers": [1]}]}]),
    ("nodes", [{"cover": {"order": [0, 1, 2, 3, 4, 5, 6], "levels": [], "open": []}}]),
    ("step", "0"),
    ("step", "-1"),
    ("bound", None),
    ("bound", "1/0"),
    ("objective", "full_funding"),
]


@pytest.mark.parametrize(("key", "value"), HOSTILE, ids=lambda value: str(value)[:40])
def test_hostile_documents_are_refused_in_one_line(
    proof: tuple[CepInstance, Fraction, dict[str, Any]], key: str, value: Any
) -> None:
    with pytest.raises(checker.Rejected) as refused:
        checker.check({**proof[2], key: value})
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_prices_without_measure_prove_nothing_false(proof: tuple[CepInstance, Fraction, dict[str, Any]]) -> None:
    _, truth, document = proof  # a cover that looks at every grouping there is may still prove what is true
    with pytest.raises(checker.Rejected):
        checker.check({**document, "step": "1e99", "bound": str(truth - Fraction(1, 100))})


def test_a_cover_rests_on_all_that_it_states(proof: tuple[CepInstance, Fraction, dict[str, Any]]) -> None:
    document = deepcopy(proof[2])
    found = [(node, i, c) for node in document["nodes"] for i, c in enumerate(covers_of(node)) if c["levels"]]
    if not found:
        pytest.skip("a certificate without a cover that needs multipliers")
    node, place, cover = found[0]
    for changed, said in [
        ({**cover, "levels": [], "open": []}, "may be worth more"),
        ({**cover, "levels": [levels[1:] for levels in cover["levels"]]}, "number of multipliers"),
        ({**cover, "order": cover["order"][1:]}, "every unit once"),
        ({**cover, "order": [*cover["order"][:-1], cover["order"][0]]}, "every unit once"),
        ({**cover, "by": cover["by"][1:]}, "at which prices"),
        ({**cover, "by": [[], *cover["by"][1:]]}, "at which prices"),
        ({**cover, "by": [[len(cover["prices"]) + 1], *cover["by"][1:]]}, "at which prices"),
        ({**cover, "by": [[0, 0], *cover["by"][1:]]}, "twice at the same"),
        ({**cover, "open": [*cover["open"], [0] * 3]}, "of no unit where it is"),
        ({**cover, "open": [*cover["open"], [-4] * 7]}, "of no unit where it is"),
    ]:
        both = covers_of(node)
        node["cover"] = changed if len(both) == 1 else [*both[:place], changed, *both[place + 1 :]]
        with pytest.raises(checker.Rejected, match=said):
            checker.check(document)


def test_the_sides_of_a_split_are_all_of_it(
    proof: tuple[CepInstance, Fraction, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []

    def looked(_replay: Any, cover: dict[str, Any], _proof: Any, _box: Any, split: tuple[int, int] | None) -> list[Any]:
        seen.extend([] if split is None else [split])
        return [None] * len(cover["open"])

    splits = [covers for node in proof[2]["nodes"] if len(covers := covers_of(node)) > 1]
    if not splits or any(cover["open"] for covers in splits for cover in covers):
        pytest.skip("a certificate without a split that leaves nothing")
    monkeypatch.setattr(checker.Replay, "_covered", looked)
    checker.check(proof[2])
    assert len(seen) == 2 * len(splits)
    for (inside, parts), (others, rest), (one, _) in zip(seen[::2], seen[1::2], splits, strict=True):
        assert inside == sum(1 << unit for unit in one["units"])
        assert parts == one["parts"]
        assert (inside | others, inside & others, parts + rest) == (0b1111111, 0, 8)


def test_a_split_has_two_sides(proof: tuple[CepInstance, Fraction, dict[str, Any]]) -> None:
    document = deepcopy(proof[2])
    node = next((node for node in document["nodes"] if len(covers_of(node)) > 1), None)
    if node is None:
        pytest.skip("a certificate without a split")
    one, other = covers_of(node)
    rest = sorted(set(range(7)) - set(one["units"]))
    sides = {name: value for name, value in one.items() if name not in ("units", "parts")}
    turned = [{**other, "units": rest, "parts": 8 - one["parts"]}, sides]
    for covers in ([one, other], turned):  # the best grouping may be on one side only
        node["cover"] = covers
        assert checker.check(document) >= proof[1]
        with pytest.raises(checker.Rejected, match="may be worth more"):
            checker.check({**document, "bound": str(proof[1] - Fraction(1, 10**6))})
    for changed, said in [
        ([one], "cannot be read"),
        ([one, other, other], "cannot be read"),
        ([], "cannot be read"),
        ([other, one], "cannot be read"),  # the second has its sides, but the first states them
        ([{**one, "parts": 0}, other], "no whole number"),
        ([{**one, "parts": 8}, other], "more parts than there are"),
        ([{**one, "units": [*one["units"], one["units"][0]]}, other], "units that are not there"),
        ([{**one, "units": [*one["units"], 7]}, other], "units that are not there"),
        ([{**one, "units": [-1]}, other], "no whole number"),
        (one, "no whole number"),  # a cover of its own that says it looks at a split
    ]:
        node["cover"] = changed
        with pytest.raises(checker.Rejected, match=said):
            checker.check(document)


def test_work_without_end_is_refused(
    proof: tuple[CepInstance, Fraction, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "MOST_WORK", 500)
    with pytest.raises(checker.Rejected, match="more work"):
        checker.check(proof[2])


def test_a_replay_stops_once_it_is_late(
    proof: tuple[CepInstance, Fraction, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "ASK_EVERY", 50)
    asked: list[bool] = []

    def late() -> bool:
        asked.append(len(asked) >= 3)
        return asked[-1]

    with pytest.raises(checker.Late):
        checker.check(proof[2], late=late)
    assert asked == [False] * 3 + [True]


def test_another_instance_is_not_meant(proof: tuple[CepInstance, Fraction, dict[str, Any]]) -> None:
    with pytest.raises(checker.Rejected, match="another instance"):
        checker.check(proof[2], district(7, 99).digest)


@pytest.mark.parametrize(
    ("instance", "said"),
    [
        (district(6, 1, groups=2), "whole grouping"),
        (district(6, 1, limits=(("students", Fraction(10)),)), "whole grouping"),
        (district(6, 1, threshold=Fraction(7, 10)), "fully funded"),
        (with_meals("even", [(100, 50, 100, 300), (200, 90, 200, 600)]), "proportional"),
        (with_meals("nobody", [(0, 0, 0, 0), (200, 90, 100, 600), (90, 40, 500, 0)]), "without students"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_it_refuses_what_it_cannot_price(instance: CepInstance, said: str) -> None:
    refused = claim_shares.refuses(instance, "reimbursement")
    assert refused is not None
    assert said in refused


def test_where_groups_are_too_many_bounds_fall_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, bool, bool]] = []
    run = claim_shares.Tree.run

    def told(tree: Any, *most: float) -> bool:
        done = run(tree, *most)
        if not most:
            asked.append((tree.target(), tree.first, tree.overfull))
        return done

    monkeypatch.setattr(claim_shares.Tree, "run", told)
    instance = district(14, 1, cover=Cover.ALL, threshold=Fraction(1, 4))
    monkeypatch.setattr(share_cells, "MOST_GROUPS", 40)
    found = claim_shares.METHOD.run(instance, "reimbursement", Settings(time_limit=30, gap=1e-6))
    assert found.dual_bound is not None
    assert found.dual_bound >= truth_of(instance)
    listed = [target for target, first, overfull in asked if first and not overfull]
    assert any(first and overfull for _, first, overfull in asked)
    assert listed
    assert any(not first for _, first, _ in asked)  # and then by branching
    assert listed[0] > min(target for target, _, _ in asked)


def test_a_certificate_that_is_rejected_raises_no_level(monkeypatch: pytest.MonkeyPatch) -> None:
    def reject(*_arguments: Any, **_more: Any) -> Fraction:
        raise checker.Rejected("for a test")

    monkeypatch.setattr(checker, "check", reject)
    found = claim_shares.METHOD.run(district(7, 3, cover=Cover.ALL, threshold=Fraction(1, 4)), "reimbursement")
    assert "fault to report" in found.message
    assert found.level is Level.L2
    assert found.certificate is None or found.certificate["format"] != checker.FORMAT


def simple(instance: CepInstance, share: Fraction, bound: Fraction) -> dict[str, Any]:
    """A certificate of two cells whose prices are a share of what each school is worth at full funding."""
    step = Fraction(1, 1000)
    prices = [-int(-weight * share // step) for weight in instance.weights]
    low = instance.multiplier * instance.threshold
    return {
        "format": checker.FORMAT,
        "instance": instance.name,
        "digest": instance.digest,
        "data": instance.canonical(),
        "objective": "reimbursement",
        "bound": str(bound),
        "edges": [str(low), str((1 + low) / 2), "1"],
        "step": str(step),
        "nodes": [{"proofs": [{"strips": [1, 1], "prices": prices, "levels": [0] * 4, "multipliers": []}]}],
    }


def test_prices_below_what_a_school_is_worth_in_a_strip_are_refused() -> None:
    instance = district(6, 1)
    most = sum(instance.weights) + 1
    assert checker.check(simple(instance, Fraction(1), most)) == most
    with pytest.raises(checker.Rejected, match="worth more than its price"):
        checker.check(simple(instance, Fraction(0), Fraction(0)))


def test_fractions_that_nobody_can_reckon_with_are_refused() -> None:
    document = simple(district(6, 1), Fraction(1), Fraction(10**9))
    low = Fraction(document["edges"][0])
    parts = [10**480 + 2 * k + 1 for k in range(15)]
    between = [f"{int((low + (1 - low) * Fraction(k + 1, 16)) * part)}/{part}" for k, part in enumerate(parts)]
    with pytest.raises(checker.Rejected, match="common denominator"):
        checker.check({**document, "edges": [document["edges"][0], *between, "1"]})


def test_counts_that_nobody_can_add_up_are_refused() -> None:
    instance = district(20, 1)
    parts = [10**480 + 2 * k + 1 for k in range(20)]
    odd = tuple(
        replace(s, enrolled=s.enrolled + Fraction(1, part)) for s, part in zip(instance.schools, parts, strict=True)
    )
    with pytest.raises(checker.Rejected, match="common denominator"):
        checker.check(simple(replace(instance, schools=odd), Fraction(1), Fraction(10**9)))


def test_tables_lists_and_boxes_that_take_too_much_room_are_refused(
    proof: tuple[CepInstance, Fraction, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = proof[2]
    for limit, most, reached, said in [
        ("MOST_TABLED", 10**3, True, "room for"),
        ("MOST_MEMBERS", 3, any("listed" in node for node in document["nodes"]), "units in them"),
        ("MOST_HELD", 10, len(document["nodes"]) > 1, "room for"),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(checker, limit, most)
            if not reached:
                checker.check(document)
                continue
            with pytest.raises(checker.Rejected, match=said):
                checker.check(document)


def test_large_groups_count_as_the_work_that_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = checker.Replay(simple(district(40, 1), Fraction(1), Fraction(10**9)))
    items: list[checker.Item] = [(1, 1, 0, 0, unit) for unit in range(40)]
    monkeypatch.setattr(checker, "MEMBERS_A_STEP", 2)
    group = next(replay._groups(items, 39))
    assert group == tuple(range(40))
    assert replay.work == 41 + 20


def test_only_a_unit_whose_price_is_all_that_is_left_must_be_covered() -> None:
    instance = district(6, 1)
    total = sum(instance.weights)
    ordered = sorted(instance.weights)
    document = simple(instance, Fraction(1), total - (ordered[2] + ordered[3]) / 2)
    replay = checker.Replay(document)
    _, (_, must, _) = replay.proven(document["nodes"][0]["proofs"][0], replay.root())
    assert checker.members(must) == [u for u, weight in enumerate(instance.weights) if weight >= ordered[3]]


def test_a_tree_that_keeps_time_for_its_replay_says_that_the_limit_ended_it() -> None:
    found = claim_shares.METHOD.run(district(60, 1), "reimbursement", Settings(time_limit=1.5))
    assert found.gap
    assert found.termination is Termination.TIME_LIMIT


def test_interval_models_end_when_the_tree_is_to_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    solve_model = plan_search.solve_model

    def recorded(model: Any, settings: Settings, **rest: Any) -> Any:
        assert settings.time_limit is not None
        asked.append(settings.time_limit)
        return solve_model(model, settings, **rest)

    monkeypatch.setattr(plan_search, "solve_model", recorded)
    claim_shares.METHOD.run(district(16, 0, cover=Cover.ALL), "reimbursement", Settings(time_limit=4.0))
    assert asked
    assert max(asked) <= 4.0 * claim_shares.FIRST_SHARE
