"""The certificate: what it proves, and every tampering that the checker must see."""

from __future__ import annotations

import json
from copy import deepcopy
from fractions import Fraction
from typing import Any

import pytest
from fairbound.benchmarks.cep.tiny import groupings
from fairbound.models.cep import PROBLEM, CepInstance, Grouping
from fairbound.models.cep.price_curve import PriceCurve, contributions, curve_bound, level_range
from fairbound.solvers.cep import price_curve, subset_dp
from fairbound.solvers.cep.certificate import certificate_json, contribution_rows, read_curve
from fairbound.solvers.checker import cep as checker
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import Settings, Termination
from general_meals import ROWS, with_meals
from hypothesis import given, settings
from hypothesis import strategies as st

VARIANTS = {
    "plain": {},
    "all covered": {"cover": "all", "threshold": "0.3"},
    "proportional": {"rates": "none"},
    "kept together": {"together": "s1+s4;s4+s5"},
    "forced": {"forced_in": "s4", "forced_out": "s1"},
    "floor": {"min_students": "500"},
    "two floors": {"min_students": "300", "min_schools": "4"},
    "threshold above full funding": {"threshold": "0.65"},
    "threshold without a decimal": {"threshold": "1/3"},
    "severe multiplier": {"multiplier": "1.3"},
}


def variant(name: str) -> CepInstance:
    return PROBLEM.with_parameters(with_meals(name), VARIANTS[name])


@pytest.mark.parametrize("name", VARIANTS)
def test_checker_accepts_what_the_algorithm_proves(name: str) -> None:
    instance = variant(name)
    result = price_curve.METHOD.run(instance, "reimbursement", Settings())
    assert result.level is Level.L2
    assert result.certificate is not None
    # Through JSON, as a stranger gets it.
    document = json.loads(json.dumps(result.certificate))
    assert checker.check(document, instance.digest) == result.dual_bound
    best = max(
        e.values["reimbursement"] for e in (PROBLEM.evaluate(instance, g) for g in groupings(instance)) if e.feasible
    )
    assert result.dual_bound >= best
    assert result.primal_bound is not None
    assert result.primal_bound <= best


def _certificate() -> dict[str, Any]:
    certificate = price_curve.METHOD.run(with_meals("plain"), "reimbursement", Settings()).certificate
    assert certificate is not None
    return json.loads(json.dumps(certificate))  # type: ignore[no-any-return]


def _lower_bound(document: dict[str, Any]) -> None:
    document["bound"] = str(Fraction(document["bound"]) - Fraction(1, 10**6))


def _negative_price(document: dict[str, Any]) -> None:
    document["knots"][0][1] = "-1"


def _remove_knot(document: dict[str, Any]) -> None:
    del document["knots"][len(document["knots"]) // 2]


def _remove_end(document: dict[str, Any]) -> None:
    del document["knots"][-1]


def _other_digest(document: dict[str, Any]) -> None:
    document["digest"] = with_meals("other", ROWS[:4]).digest


def _school_left_out(document: dict[str, Any]) -> None:
    del document["data"]["schools"][0]


def _threshold_changed(document: dict[str, Any]) -> None:
    document["data"]["parameters"]["threshold"] = "0.5"


def _negative_multiplier(document: dict[str, Any]) -> None:
    document["multipliers"]["students"] = "-1"


def _lost_bound(document: dict[str, Any]) -> None:
    del document["bound"]


def _nonsense(document: dict[str, Any]) -> None:
    document["knots"] = "none"


@pytest.mark.parametrize(
    "tamper",
    [
        _lower_bound,
        _negative_price,
        _remove_knot,
        _remove_end,
        _other_digest,
        _school_left_out,
        _threshold_changed,
        _negative_multiplier,
        _lost_bound,
        _nonsense,
    ],
)
def test_checker_rejects_tampering(tamper: Any) -> None:
    document = _certificate()
    checker.check(deepcopy(document))
    tamper(document)
    with pytest.raises(checker.Rejected):
        checker.check(document)


def test_checker_rejects_another_instance() -> None:
    """A consistent certificate of fewer schools is not one of the instance that was asked for."""
    smaller = with_meals("smaller", ROWS[:4])
    document = price_curve.METHOD.run(smaller, "reimbursement", Settings()).certificate
    assert document is not None
    checker.check(dict(document), smaller.digest)
    with pytest.raises(checker.Rejected, match="another instance"):
        checker.check(dict(document), with_meals("plain").digest)


def test_contributions_add_up() -> None:
    document = _certificate()
    instance = with_meals("plain")
    rows = list(contribution_rows(instance, "reimbursement", read_curve(document)))
    assert [row["school_id"] for row in rows] == [school.id for school in instance.schools]
    assert sum(Fraction(row["contribution"]) for row in rows) == Fraction(document["bound"])


def test_checker_and_producer_agree_on_known_numbers() -> None:
    """One school at its own level: with a steep price the bound is its worth, rounded up."""
    instance = with_meals("one", [(100, 50, 0, 1000)], threshold=Fraction(2, 5))
    worth = Fraction(1000) * Fraction("2.86") * Fraction(8, 10)
    low, high = level_range(instance)
    flat = PriceCurve(((low, Fraction(0)), (high, Fraction(0))))
    assert curve_bound(instance, "reimbursement", flat) == 2860  # nothing is priced: claim share 1
    steep = PriceCurve(((low, Fraction("28.6")), (high, Fraction("28.6"))))
    assert curve_bound(instance, "reimbursement", steep) == worth
    document = certificate_json(instance, "reimbursement", steep, worth)
    assert checker.check(document) == worth


def test_curves_that_prove_nothing_are_refused() -> None:
    instance = with_meals("plain")
    low, high = level_range(instance)
    for knots in (((low, Fraction(1)),), ((low, Fraction(-1)), (high, Fraction(1))), ((high, Fraction(1)),) * 2):
        with pytest.raises(ValueError, match=r"knots|negative"):
            contributions(instance, "reimbursement", PriceCurve(knots))


schools = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 500), st.integers(0, 500)).map(
        lambda row: (row[0], min(row[:2]), row[2] if row[0] else 0, row[3] if row[0] else 0)
    ),
    min_size=1,
    max_size=5,
)
prices = st.lists(st.fractions(0, 20, max_denominator=50), min_size=2, max_size=6)


@settings(deadline=None, max_examples=60)
@given(schools, prices, st.sampled_from(["any", "all"]), st.sampled_from(["0.25", "0.4", "2/3"]), st.data())
def test_any_prices_bound_any_grouping(rows: Any, lam: Any, cover: str, threshold: str, data: st.DataObject) -> None:
    """The theorem itself: whatever the prices, no feasible grouping is worth more; the checker agrees."""
    base = with_meals("drawn", rows)
    instance = PROBLEM.with_parameters(base, {"cover": cover, "threshold": threshold})
    low, high = level_range(instance)
    if low == high:
        knots = [(low, lam[0])]
    else:
        knots = [(low + (high - low) * i / (len(lam) - 1), price) for i, price in enumerate(lam)]
    bound = curve_bound(instance, "reimbursement", PriceCurve(tuple(knots)))
    groups = data.draw(st.lists(st.integers(-1, 2), min_size=len(rows), max_size=len(rows)))
    grouping = Grouping.of([f"s{i + 1}" for i, g in enumerate(groups) if g == k] for k in range(3))
    evaluation = PROBLEM.evaluate(instance, grouping)
    if evaluation.feasible:
        assert evaluation.values["reimbursement"] <= bound
    document = certificate_json(instance, "reimbursement", PriceCurve(tuple(knots)), bound)
    assert checker.check(document, instance.digest) == bound


@settings(deadline=None, max_examples=25)
@given(
    schools, st.sampled_from(["reimbursement", "students", "schools", "full_funding"]), st.sampled_from(["any", "all"])
)
def test_subset_programme_is_brute_force(rows: Any, objective: str, cover: str) -> None:
    instance = PROBLEM.with_parameters(with_meals("drawn", rows[:4]), {"cover": cover, "threshold": "0.4"})
    values = [e.values[objective] for e in (PROBLEM.evaluate(instance, g) for g in groupings(instance)) if e.feasible]
    result = subset_dp.METHOD.run(instance, objective, Settings())
    if not values:
        assert result.termination is Termination.INFEASIBLE
    else:
        assert result.primal_bound == result.dual_bound == max(values)
        assert result.level is Level.L2
