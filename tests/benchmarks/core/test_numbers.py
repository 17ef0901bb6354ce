"""Numbers for people, by one rule a kind."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import pytest
from fairbound.benchmarks.core.numbers import count_text, percent_text, seconds_text, value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (Fraction(86824, 5), "17,364.8"),
        (Fraction(-86824, 5), "-17,364.8"),
        (Fraction(10**9), "1,000,000,000"),
        (Fraction(10, 3), "3.3333…"),
        (Fraction(1, 3), "0.333333…"),
        (Fraction(2, 5), "0.4"),
        (0.1234567, "0.123457"),
        (20699.20004, "20,699.2"),
        (inf, "∞"),
        (-inf, "-∞"),
    ],
)
def test_values(value: Fraction | float | None, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0"), (0.00183, "0.183 %"), (0.18, "18 %"), (0.9996, "100 %"), (12.345, "1,230 %"), (inf, "∞")],
)
def test_percents_have_three_digits(share: float, text: str) -> None:
    assert percent_text(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.00234, "0.0023 s"), (0.125, "0.13 s"), (59.999, "60.00 s"), (3600.5, "3,601 s"), (inf, "∞ s")],
)
def test_seconds(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_counts_may_end_in_a_half() -> None:
    assert [count_text(value) for value in (10, 10.0, 10.5, 1234567)] == ["10", "10", "10.5", "1,234,567"]
