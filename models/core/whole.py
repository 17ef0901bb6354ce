"""Rational vectors in whole numbers: one denominator for all, numpy's 64 bits where they provably suffice.

``Fraction`` is exact and costs a microsecond an operation. A vector of a million of them is added, scaled and compared
here in milliseconds, and as exactly: where a result might not fit 64 bits, Python's own integers take its place.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.core.exact import EXACT_FLOAT_LIMIT, LARGEST_COEFFICIENT, LARGEST_ROUNDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

LARGEST_NUMBER = 2**62
"""No entry of a 64-bit array is larger, so that the sum of two of them fits."""


FEW = 32
"""As many numbers are added and compared sooner by Python than numpy is called."""


class Vector:
    """Exact rationals ``numbers / denominator``.

    Attributes
    ----------
    numbers
        Whole numbers: 64-bit, or an array of Python's integers where those are too small; shape (n,).
    denominator
        A positive integer, not necessarily the least.
    """

    def __init__(self, numbers: NDArray[Any], denominator: int = 1) -> None:
        self.numbers, self.denominator = numbers, denominator

    @classmethod
    def of(cls, values: Iterable[Fraction | int]) -> Vector:
        """The vector of some rationals."""
        ratios = [value.as_integer_ratio() for value in values]
        denominator = lcm(*{below for _, below in ratios})
        if denominator == 1:
            return cls(_array([top for top, _ in ratios]))
        return cls(_array([top * (denominator // below) for top, below in ratios]), denominator)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: Any) -> Vector:
        """The entries at an array of positions, or a slice."""
        return Vector(self.numbers[index], self.denominator)

    def __mul__(self, factor: Fraction | int) -> Vector:
        """Every entry times a rational."""
        return Vector(_times(self.numbers, factor.numerator), self.denominator * factor.denominator)

    def times(self, factors: NDArray[Any]) -> Vector:
        """Every entry times a whole number of its own; 64-bit factors, shape (n,)."""
        numbers = self.numbers
        if numbers.dtype == object or _largest(numbers) * _largest(factors) > LARGEST_NUMBER:
            numbers = numbers.astype(object)
        return Vector(numbers * factors, self.denominator)

    def __neg__(self) -> Vector:
        return Vector(-self.numbers, self.denominator)

    def __abs__(self) -> Vector:
        return Vector(np.abs(self.numbers), self.denominator)

    def __add__(self, other: Vector) -> Vector:
        one, two, denominator = _alike(self, other)
        return Vector(one + two, denominator)

    def __sub__(self, other: Vector) -> Vector:
        return self + -other

    def sum(self) -> Fraction:
        """The exact sum."""
        if len(self) <= FEW:
            return Fraction(sum(self.numbers.tolist()), self.denominator)
        if self.numbers.dtype != object and _largest(self.numbers) * max(1, len(self)) >= LARGEST_NUMBER:
            return Fraction(sum(self.numbers.tolist()), self.denominator)
        return Fraction(int(self.numbers.sum()), self.denominator)

    def total(self, places: Sequence[int]) -> Fraction:
        """The exact sum of the entries at some positions."""
        if not len(places):
            return Fraction(0)
        if len(self) <= FEW:
            numbers = self.numbers.tolist()
            return Fraction(sum(numbers[place] for place in places), self.denominator)
        return self[np.asarray(places, dtype=np.intp)].sum()

    def span(self) -> float:
        """The largest absolute entry over the smallest that is not 0; 1 without any."""
        sizes = np.abs(self.numbers[self.numbers != 0])
        return float(Fraction(int(sizes.max()), int(sizes.min()))) if len(sizes) else 1.0

    def max(self) -> Fraction:
        """The largest entry; 0 of none."""
        return Fraction(int(self.numbers.max()) if len(self) else 0, self.denominator)

    def any(self) -> bool:
        """Whether an entry is not 0."""
        return any(self.numbers.tolist()) if len(self) <= FEW else bool(self.numbers.any())

    def measure(self) -> Fraction | None:
        """The greatest positive rational of which all entries are whole multiples; ``None`` if all are 0."""
        step = abs(int(np.gcd.reduce(self.numbers))) if self.any() else 0
        return Fraction(step, self.denominator) if step else None

    def floats(self) -> NDArray[np.float64]:
        """The nearest float of each entry, shape (n,)."""
        if self.numbers.dtype == object or self.denominator > EXACT_FLOAT_LIMIT or not _exact(self.numbers):
            return np.array([top / self.denominator for top in self.numbers.tolist()], dtype=float)
        return self.numbers / float(self.denominator)

    def fractions(self) -> list[Fraction]:
        """Every entry as a ``Fraction``."""
        return [Fraction(top, self.denominator) for top in self.numbers.tolist()]


def joined(vectors: Sequence[Vector]) -> Vector:
    """The vectors one behind the other."""
    denominator = lcm(*(vector.denominator for vector in vectors))
    parts = [_times(vector.numbers, denominator // vector.denominator) for vector in vectors]
    return Vector(np.concatenate(parts), denominator)


def integer_row(coefficients: Iterable[Fraction]) -> list[float]:
    """``common_row`` of some rationals."""
    row: list[float] = common_row(Vector.of(coefficients)).tolist()
    return row


def common_row(vector: Vector) -> NDArray[np.float64]:
    """Scale a homogeneous row to coprime whole numbers, so that an engine sees it without rounding.

    Large ones are divided by a power of two, which a float takes exactly. A row whose whole numbers would not fit a
    float exactly is scaled to a largest entry of ``LARGEST_ROUNDED`` instead; only then is it rounded.
    """
    measure = vector.measure()
    if measure is None:
        return np.zeros(len(vector))
    numbers = vector.numbers // int(measure * vector.denominator)
    largest = _largest(numbers)
    if largest >= EXACT_FLOAT_LIMIT:  # only here is the row rounded
        return np.array([number * LARGEST_ROUNDED / largest for number in numbers.tolist()], dtype=float)
    step = 1
    while largest > LARGEST_COEFFICIENT * step:
        step *= 2
    return numbers.astype(float) / step


def _array(numbers: list[int]) -> NDArray[Any]:
    """Whole numbers as 64-bit where they fit."""
    if numbers and (max(numbers) > LARGEST_NUMBER or min(numbers) < -LARGEST_NUMBER):
        return np.array(numbers, dtype=object)
    return np.array(numbers, dtype=np.int64)


def _largest(numbers: NDArray[Any]) -> int:
    """The largest absolute entry; 0 of none."""
    if len(numbers) <= FEW:
        return max(map(abs, numbers.tolist()), default=0)
    return max(int(numbers.max()), -int(numbers.min()))


def _exact(numbers: NDArray[Any]) -> bool:
    return _largest(numbers) <= EXACT_FLOAT_LIMIT


def _times(numbers: NDArray[Any], factor: int) -> NDArray[Any]:
    """Entries times a whole number; the result cannot overflow."""
    if factor == 1:
        return numbers
    largest = _largest(numbers)
    if not largest:  # 0 times a factor that is itself too large
        return numbers
    if numbers.dtype != object and largest * abs(factor) <= LARGEST_NUMBER:
        return numbers * np.int64(factor)
    found: NDArray[Any] = numbers.astype(object) * factor
    return found


def _alike(one: Vector, two: Vector) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Numbers of two vectors over one denominator, small enough to be added."""
    shared = gcd(one.denominator, two.denominator)
    first = _times(one.numbers, two.denominator // shared)
    second = _times(two.numbers, one.denominator // shared)
    if object not in (first.dtype, second.dtype) and _largest(first) + _largest(second) > LARGEST_NUMBER:
        first = first.astype(object)
    return first, second, one.denominator // shared * two.denominator
