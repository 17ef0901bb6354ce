"""Numbers for people."""

from __future__ import annotations

from fractions import Fraction

import pytest

from fairbound.cli.show import exact, number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (Fraction(86824, 5), "17,364.8"),
        (Fraction(1, 3) + 1000, "1,000.3333"),
        (Fraction(2, 5), "0.4"),
        (Fraction(384012345, 10**10), "0.0384012"),
        (Fraction(-1, 3), "-0.333333"),
        (1e-7, "1e-07"),
        (0.0, "0.0000"),
        (Fraction(0), "0"),
    ],
)
def test_numbers(value: Fraction | float | None, text: str) -> None:
    assert number(value) == text


def test_fractions_are_shown_where_they_can_be_read() -> None:
    assert exact(Fraction(86824, 5)) == "17,364.8 = 86824/5"
    assert exact(Fraction(3)) == "3"
    assert exact(Fraction(10**40 + 1, 3 * 10**41)) == "0.0333333"
    assert exact(None) == "none"
