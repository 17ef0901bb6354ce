"""Measures against figures worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from math import inf, sqrt

import pytest
from fairbound.benchmarks.core.measures import (
    bound_gap,
    gap_to_dual,
    par10,
    performance_profile,
    primal_dual_integral,
    primal_integral,
    root_gap,
    shifted_geometric_mean,
)
from hypothesis import given
from hypothesis import strategies as st


def test_shifted_geometric_mean() -> None:
    # sqrt((1 + 1)(9 + 1)) - 1
    assert shifted_geometric_mean([1, 9], 1) == pytest.approx(sqrt(20) - 1, rel=1e-12)
    # cube root of (10 + 10)(30 + 10)(90 + 10) = 80000, less 10
    assert shifted_geometric_mean([10, 30, 90], 10) == pytest.approx(80000 ** (1 / 3) - 10, rel=1e-12)
    assert shifted_geometric_mean([0, 0], 1) == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="nothing"):
        shifted_geometric_mean([], 1)
    with pytest.raises(ValueError, match="logarithm"):
        shifted_geometric_mean([-1], 1)


@given(st.lists(st.floats(0, 1e4), min_size=1), st.sampled_from([1.0, 10.0]))
def test_a_mean_lies_between_its_extremes(values: list[float], shift: float) -> None:
    mean = shifted_geometric_mean(values, shift)
    assert min(values) - 1e-6 <= mean <= max(values) * (1 + 1e-9) + 1e-6
    assert mean <= sum(values) / len(values) * (1 + 1e-9) + 1e-6  # never above the arithmetic mean


def test_performance_profile() -> None:
    # Ratios: a on p 1, on q 4/2 = 2; b on p 2/1 = 2, on q 1. Nobody solves r.
    profile = performance_profile({"a": {"p": 1, "q": 4, "r": None}, "b": {"p": 2, "q": 2}})
    third = 1 / 3
    assert profile == {"a": [(1.0, third), (2.0, 2 * third)], "b": [(1.0, third), (2.0, 2 * third)]}


def test_a_method_that_solves_nothing_stays_at_zero() -> None:
    assert performance_profile({"a": {"p": 3}, "b": {"p": None}}) == {"a": [(1.0, 1.0)], "b": [(1.0, 0.0)]}


def test_times_of_zero_have_ratios() -> None:
    profile = performance_profile({"a": {"p": 0.0}, "b": {"p": 0.5}})
    assert profile == {"a": [(1.0, 1.0)], "b": [(1.0, 1.0)]}


@pytest.mark.parametrize(
    ("one", "other", "gap"),
    [(None, 5, 1), (5, None, 1), (-1, 1, 1), (0, 0, 0), (50, 100, 0.5), (100, 80, 0.2), (-50, -100, 0.5), (0, 3, 1)],
)
def test_bound_gap(one: float | None, other: float | None, gap: float) -> None:
    assert bound_gap(one, other) == pytest.approx(gap)


TRACE = [(1.0, None, 200.0, 0), (2.0, 50.0, 200.0, 1), (4.0, 100.0, 125.0, 5), (6.0, 100.0, 100.0, 9)]


def test_primal_integral() -> None:
    # Gap 1 until second 2, 0.5 until 4, 0 after: 2 + 1.
    assert primal_integral(TRACE, 100, 10) == pytest.approx(3)
    assert primal_integral(TRACE, 100, 3) == pytest.approx(2.5)
    assert primal_integral([], 100, 10) == 10


def test_primal_dual_integral() -> None:
    # Gap 1 until 2, 0.75 until 4, 0.2 until 6, 0 after: 2 + 1.5 + 0.4.
    assert primal_dual_integral(TRACE, 10) == pytest.approx(3.9)
    # An integral that ends early pays only until there: 2 + 0.75.
    assert primal_dual_integral(TRACE, 3) == pytest.approx(2.75)


def test_par10() -> None:
    # 10 + 600 (not solved) + 600 (over the limit) + 50, over 4.
    assert par10([10, None, 61, 50], 60) == pytest.approx((10 + 600 + 600 + 50) / 4)
    with pytest.raises(ValueError, match="nothing"):
        par10([], 60)


def test_root_gap() -> None:
    assert root_gap(110, Fraction(100)) == pytest.approx(0.1)
    assert root_gap(90.0, 100) == pytest.approx(0.1)
    assert root_gap(100 + 1e-9, 100) == 0
    assert root_gap(1, Fraction(0)) == inf
    assert root_gap(None, 100) is None
    assert root_gap(100, None) is None


def test_gap_to_dual_is_measured_against_the_bound() -> None:
    assert gap_to_dual(Fraction(80), Fraction(100)) == 0.2
    assert gap_to_dual(Fraction(125), Fraction(100)) == 0.25  # minimisation: the value is above the bound
    assert gap_to_dual(Fraction(1, 3), Fraction(1, 3)) == 0
    assert gap_to_dual(None, Fraction(1)) is None
    assert gap_to_dual(Fraction(1), Fraction(0)) == inf
