"""Vectors of whole numbers say what ``Fraction`` says, however large the numbers are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from fairbound.models.core.exact import EXACT_FLOAT_LIMIT, LARGEST_COEFFICIENT, LARGEST_ROUNDED, common_measure
from fairbound.models.core.whole import Vector, common_row, joined
from hypothesis import given, settings
from hypothesis import strategies as st

NUMBERS = st.one_of(
    st.integers(-10, 10), st.integers(-(2**62), 2**62), st.integers(-(2**63), 2**63), st.integers(-(2**90), 2**90)
)
RATIONALS = st.builds(Fraction, NUMBERS, st.one_of(st.just(1), st.integers(1, 60), st.integers(1, 2**40)))
VECTORS = st.lists(RATIONALS, min_size=1, max_size=6)


def by_fractions(coefficients: list[Fraction]) -> list[float]:
    """The row entry by entry: coprime whole numbers, which a power of two keeps below the largest coefficient."""
    measure = common_measure(coefficients)
    if measure is None:
        return [0.0] * len(coefficients)
    scaled = [value / measure for value in coefficients]
    largest = max(abs(value) for value in scaled)
    if largest < EXACT_FLOAT_LIMIT:
        step = 1
        while largest > LARGEST_COEFFICIENT * step:
            step *= 2
        return [float(value) / step for value in scaled]
    step = 1
    while largest > LARGEST_ROUNDED * step:
        step *= 2
    return [float(value / step) for value in scaled]


@settings(max_examples=400, deadline=None)
@given(VECTORS, VECTORS, RATIONALS)
def test_arithmetic(one: list[Fraction], two: list[Fraction], factor: Fraction) -> None:
    two = (two * len(one))[: len(one)]
    a, b = Vector.of(one), Vector.of(two)
    assert a.fractions() == one
    assert (a + b).fractions() == [x + y for x, y in zip(one, two, strict=True)]
    assert (a - b).fractions() == [x - y for x, y in zip(one, two, strict=True)]
    assert (a * factor).fractions() == [x * factor for x in one]
    assert a.sum() == sum(one)
    assert a.max() == max(one)
    assert a.measure() == common_measure(one)
    assert a.floats().tolist() == [float(x) for x in one]
    assert joined([a, b * factor]).fractions() == [*one, *(y * factor for y in two)]
    assert a.any() == any(one)
    assert abs(a).fractions() == [abs(x) for x in one]
    assert a.total(range(0, len(one), 2)) == sum(one[::2])
    filled = [abs(x) for x in one if x]
    assert a.span() == (float(max(filled) / min(filled)) if filled else 1)


def test_nothing_times_a_number_beyond_64_bits() -> None:
    nothing = Vector.of([0, 0])
    assert (nothing * 2**80).fractions() == [0, 0]
    assert joined([nothing, Vector.of([Fraction(1, 2**70)])]).fractions() == [0, 0, Fraction(1, 2**70)]
    assert common_row(joined([Vector.of([1]), nothing, Vector.of([Fraction(1, 2**70)])])).tolist() == by_fractions(
        [Fraction(1), Fraction(0), Fraction(0), Fraction(1, 2**70)]
    )


@settings(max_examples=200, deadline=None)
@given(VECTORS, st.integers(0, 2**62))
def test_products_with_whole_numbers(values: list[Fraction], count: int) -> None:
    counts = np.full(len(values), count)
    assert Vector.of(values).times(counts).fractions() == [value * count for value in values]


@settings(max_examples=400, deadline=None)
@given(VECTORS)
def test_rows_for_engines(values: list[Fraction]) -> None:
    assert common_row(Vector.of(values)).tolist() == by_fractions(values)
