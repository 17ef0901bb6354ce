"""Standard deviations and common measures in rationals, as the pages of comparisons define them."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, isqrt, lcm
from typing import Any

FINENESS = 1000


def measure(values: list[Fraction]) -> Any:
    """Greatest rational of which all values are multiples; 1 if all are 0."""
    found = [value for value in values if value]
    bottom = lcm(*(value.denominator for value in found))
    return Fraction(gcd(*(int(value * bottom) for value in found)), bottom) if found else Fraction(1)


def whole(values: list[Fraction]) -> tuple[list[int], int]:
    """Numerators of values over one denominator, and that."""
    bottom = lcm(*{value.denominator for value in values})
    return [value.numerator * (bottom // value.denominator) for value in values], bottom


def deviation(values: list[Fraction]) -> Fraction:
    """Standard deviation (divided by n), rounded down to a thousandth of the values' finest step."""
    found, bottom = whole(values)
    count, finest = len(found), gcd(*(number - found[0] for number in found))
    if not finest:
        return Fraction(0)
    # Over bottom: the variance is squares / count^2, and a step is finest / FINENESS.
    squares = count * sum(number**2 for number in found) - sum(found) ** 2
    return Fraction(isqrt(squares * FINENESS**2 // (count * finest) ** 2) * finest, FINENESS * bottom)
