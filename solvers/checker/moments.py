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


def deviation(values: list[Fraction]) -> Fraction:
    """Standard deviation (divided by n), rounded down to a thousandth of the values' finest step."""
    mean = sum(values, Fraction(0)) / len(values)
    variance = sum(((value - mean) ** 2 for value in values), Fraction(0)) / len(values)
    step: Fraction = measure([value - values[0] for value in values]) / FINENESS
    return isqrt(int(variance / step**2)) * step
