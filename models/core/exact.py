"""Rational arithmetic: read and write exact numbers, and hand them to floating-point engines."""

from __future__ import annotations

import re
import sys
from fractions import Fraction
from functools import lru_cache
from math import gcd, isqrt, lcm
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Every integer up to this size is a float exactly.
EXACT_FLOAT_LIMIT = 2**53
LARGEST_COEFFICIENT = 2**30
"""Integer rows are divided by a power of two until no coefficient is larger; engines refuse 1e15."""

LARGEST_ROUNDED = 2**20
"""Rows whose integers no float holds are divided by a power of two until no coefficient is larger."""

LONGEST_NUMBER = 1000
LONGEST_EXACT = 10**6
"""Digits of an exact value as text. Python's own limit of 4,300 is passed by a mean over hundreds of districts; what
comes from outside is bounded by ``LONGEST_NUMBER``."""
if 0 < sys.get_int_max_str_digits() < LONGEST_EXACT:
    sys.set_int_max_str_digits(LONGEST_EXACT)

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?|[+-]?\d+/\d+")


@lru_cache(maxsize=1 << 14)
def parse_number(text: str) -> Fraction:
    """Read a decimal (``0.40``) or a ratio (``2/5``) exactly; raises ``ValueError`` otherwise.

    Stricter than ``Fraction(text)``: underscores, signs of infinity and thousands separators
    are refused, because in a table they are more often a slip than a number. So are numbers of more than
    ``LONGEST_NUMBER`` characters and exponents of more than three digits, which only cost time.
    """
    text = text.strip()
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise ValueError(text)
    try:
        return Fraction(text)
    except ZeroDivisionError as error:
        raise ValueError(text) from error


SMALLEST_QUANTITY, LARGEST_QUANTITY = Fraction(1, 10**30), 10**30
QUANTITY = "a number from 1e-30 to 1e30 in size, or 0"


@lru_cache(maxsize=1 << 14)
def parse_quantity(text: str) -> Fraction:
    """Read a number of something that is counted or weighed, as ``parse_number`` does; raises ``ValueError`` otherwise.

    Beyond the sizes of ``QUANTITY`` products of a few numbers are no floats any more.
    """
    value = parse_number(text)
    if value and not SMALLEST_QUANTITY <= abs(value) < LARGEST_QUANTITY:
        raise ValueError(text)
    return value


def is_number(text: str) -> bool:
    """Whether ``parse_number`` would read a text."""
    return len(text) <= LONGEST_NUMBER and _NUMBER.fullmatch(text) is not None


def decimal_text(value: Fraction) -> str:
    """Write a rational as a finite decimal where it has one, else as ``p/q``; always exact."""
    numerator, denominator = value.numerator, value.denominator
    if denominator == 1:
        return str(numerator)
    digits = _decimals(denominator)
    if not digits:
        return str(value)
    scaled = abs(numerator) * 10**digits // denominator
    whole, part = divmod(scaled, 10**digits)
    return f"{'-' if numerator < 0 else ''}{whole}.{part:0{digits}d}"


@lru_cache(maxsize=1 << 10)
def _decimals(denominator: int) -> int | None:
    """Decimals after the point that a denominator needs, ``None`` where no number of them is enough."""
    digits = 0
    for prime in (2, 5):
        count = 0
        while denominator % prime == 0:
            denominator //= prime
            count += 1
        digits = max(digits, count)
    return digits if denominator == 1 else None


LONGEST_SHOWN = 20


def exceeds(one: Fraction, other: Fraction) -> bool:
    """``one > other``, in a third of the time that fractions take to compare themselves."""
    return one.numerator * other.denominator > other.numerator * one.denominator


def brief_text(value: Fraction) -> str:
    """Exact where that is short, else nine digits; for sentences."""
    text = decimal_text(value)
    return text if len(text) <= LONGEST_SHOWN else f"{float(value):.9g}"


def common_measure(values: Iterable[Fraction]) -> Fraction | None:
    """Greatest positive rational of which all values are integer multiples; ``None`` if all are 0."""
    numbers = [value for value in values if value]
    return whole_multiples(numbers)[1] if numbers else None


def whole_multiples(values: Sequence[Fraction]) -> tuple[list[int], Fraction]:
    """Values as whole multiples of their common measure, and that; 1 measures what is 0 throughout.

    Sums of thousands of rationals are best made of these.
    """
    denominator = lcm(*{value.denominator for value in values})
    whole = [value.numerator * (denominator // value.denominator) for value in values]
    divisor = gcd(*whole)
    if not divisor:
        return whole, Fraction(1)
    return [number // divisor for number in whole], Fraction(divisor, denominator)


FINENESS = 1000


def standard_deviation(values: Sequence[Fraction]) -> Fraction:
    """Standard deviation (divided by n), rounded down to a thousandth of the values' finest step."""
    whole, unit = whole_multiples(values)
    count, finest = len(whole), gcd(*(number - whole[0] for number in whole))
    if not finest:
        return Fraction(0)
    # The variance is ``squares / count**2`` in units, and a step a thousandth of ``finest`` of them.
    squares = count * sum(number * number for number in whole) - sum(whole) ** 2
    return isqrt(squares * FINENESS**2 // (count * finest) ** 2) * finest * unit / FINENESS
