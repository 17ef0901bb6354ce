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


def is_number(text: str) -> bool:
    """Whether ``parse_number`` would read a text."""
    return len(text) <= LONGEST_NUMBER and _NUMBER.fullmatch(text) is not None


def decimal_text(value: Fraction) -> str:
    """Write a rational as a finite decimal where it has one, else as ``p/q``; always exact."""
    if value.denominator == 1:
        return str(value.numerator)
    rest, digits = value.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest //= prime
            count += 1
        digits = max(digits, count)
    if rest != 1:
        return str(value)
    scaled = abs(value.numerator) * 10**digits // value.denominator
    whole, part = divmod(scaled, 10**digits)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{digits}d}"


LONGEST_SHOWN = 20


def brief_text(value: Fraction) -> str:
    """Exact where that is short, else nine digits; for sentences."""
    text = decimal_text(value)
    return text if len(text) <= LONGEST_SHOWN else f"{float(value):.9g}"


def common_measure(values: Iterable[Fraction]) -> Fraction | None:
    """Greatest positive rational of which all values are integer multiples; ``None`` if all are 0."""
    numbers = [value for value in values if value]
    if not numbers:
        return None
    denominator = lcm(*(value.denominator for value in numbers))
    return Fraction(gcd(*(value.numerator * (denominator // value.denominator) for value in numbers)), denominator)


FINENESS = 1000


def standard_deviation(values: Sequence[Fraction]) -> Fraction:
    """Standard deviation (divided by n), rounded down to a thousandth of the values' finest step."""
    numbers, below = over_one_denominator(values)
    count, total = len(numbers), sum(numbers)
    # n sum a^2 - (sum a)^2 is n^2 times the variance of the whole numbers a.
    variance = Fraction(count * sum(number * number for number in numbers) - total * total, (count * below) ** 2)
    measure = gcd(*(number - numbers[0] for number in numbers))
    step = (Fraction(measure, below) if measure else Fraction(1)) / FINENESS
    return isqrt(int(variance / step**2)) * step


def over_one_denominator(values: Iterable[Fraction]) -> tuple[list[int], int]:
    """Whole numbers, and the denominator over which they are the values."""
    ratios = [value.as_integer_ratio() for value in values]
    below = lcm(*{denominator for _, denominator in ratios})
    return [top * (below // denominator) for top, denominator in ratios], below
