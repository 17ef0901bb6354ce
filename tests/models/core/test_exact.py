"""Exact numbers survive reading, writing and scaling."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

import pytest
from fairbound.instances.core.question import load
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import (
    LARGEST_COEFFICIENT,
    LARGEST_ROUNDED,
    common_measure,
    decimal_text,
    exceeds,
    parse_number,
    parse_quantity,
)
from fairbound.models.core.whole import integer_row
from hypothesis import given
from hypothesis import strategies as st

fractions = st.fractions(min_value=-1000, max_value=1000, max_denominator=5000)


@given(fractions)
def test_text_reads_back(value: Fraction) -> None:
    assert parse_number(decimal_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [("2/5", "0.4"), ("-1/8", "-0.125"), ("7", "7"), ("1/3", "1/3"), ("-1/25", "-0.04"), ("1e3", "1000")],
)
def test_decimal_text(value: str, text: str) -> None:
    assert decimal_text(parse_number(value)) == text


@pytest.mark.parametrize("text", ["", "nan", "inf", "1_000", "1,000", "40%", "0x10", "1/0", "--1", "1e9999"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its message is the text itself
        parse_number(text)


@given(st.fractions(), st.fractions())
def test_exceeds_is_the_order_of_fractions(one: Fraction, other: Fraction) -> None:
    assert exceeds(one, other) == (one > other)
    assert not exceeds(one, one)


@given(st.lists(fractions, max_size=6))
def test_common_measure_divides_and_is_greatest(values: list[Fraction]) -> None:
    measure = common_measure(values)
    if measure is None:
        assert not any(values)
        return
    steps = [value / measure for value in values]
    assert all(step.denominator == 1 for step in steps)
    shared = common_measure(steps)
    assert shared == 1


@given(st.lists(st.fractions(-1000, 1000, max_denominator=100), min_size=1, max_size=4))
def test_integer_rows_keep_their_direction(values: list[Fraction]) -> None:
    row = [Fraction(entry) for entry in integer_row(values)]
    assert all(abs(entry) <= LARGEST_COEFFICIENT for entry in row)
    for (a, x), (b, y) in pairwise(zip(row, values, strict=True)):
        assert a * y == b * x


def test_rows_beyond_floats_are_scaled_down() -> None:
    small, large = integer_row([Fraction(1, 3), Fraction(10**20)])
    assert LARGEST_ROUNDED / 2 < large <= LARGEST_ROUNDED
    assert Fraction(large) / Fraction(small) == 3 * 10**20  # by a power of two: floats round nothing here


def test_an_exact_value_may_have_thousands_of_digits() -> None:
    """A mean over hundreds of districts has; Python alone stops at 4,300."""
    value = Fraction(10**9000 + 1, 3)
    assert len(decimal_text(value)) > 9000
    assert Fraction(str(value)) == value


@pytest.mark.parametrize("text", ["1e-400", "-1e-31", "1e30", "-1e400", f"1/{10**40}", "9" * 31])
def test_quantities_have_a_size_that_floats_can_count_with(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text[:9])):
        parse_quantity(text)
    assert parse_quantity("-1e-30") == -Fraction(1, 10**30)
    assert parse_quantity("0e400") == 0
    asked = {"matching/drawn200": "tolerance", "classes/drawn200": "epsilon", "designs/seed16": "rho"}
    for name, parameter in asked.items():
        with pytest.raises(InputError, match=rf"parameter {parameter}: found .*, wanted a number from 1e-30 to 1e30"):
            load(name, {parameter: text})


def test_a_band_without_students_is_found_among_any_number_of_bands() -> None:
    with pytest.raises(InputError, match=r"income band \d+ of 1000000000000 has no students"):
        load("classes/drawn200", {"bands": "1e12"})
