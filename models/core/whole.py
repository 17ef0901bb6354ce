"""Rational vectors in whole numbers: one denominator for all, numpy's 64 bits where they provably suffice.

``Fraction`` is exact and costs a microsecond an operation. A vector of a million of them is added, scaled and compared
here in milliseconds, and as exactly: where a result might not fit 64 bits, Python's own integers take its place.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.core.exact import EXACT_FLOAT_LIMIT, LARGEST_COEFFICIENT, LARGEST_ROUNDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

LARGEST_NUMBER = 2**62
"""No entry of a 64-bit array is larger, so that the sum of two of them fits."""


LARGEST_SHIFT = 900
"""Powers of two beyond this one are too large for floats of whole numbers."""
ONE = Fraction(1)
_TOP, _BELOW = attrgetter("numerator"), attrgetter("denominator")
FEW = 32
"""As many numbers are added and compared sooner by Python than numpy is called."""


class Vector:
    """Exact rationals ``numbers * unit``.

    Attributes
    ----------
    numbers
        Whole numbers: 64-bit, or an array of Python's integers where those are too small; shape (n,).
    unit
        A positive rational, so that numbers compare as the rationals do. A factor goes into it, and numbers stay small.
    """

    def __init__(self, numbers: NDArray[Any], unit: Fraction = ONE) -> None:
        self.numbers, self.unit = numbers, unit

    @classmethod
    def of(cls, values: Iterable[Fraction | int]) -> Vector:
        """The vector of some rationals."""
        known = list(values)
        tops, belows = list(map(_TOP, known)), list(map(_BELOW, known))
        different = set(belows)
        denominator = lcm(*different)
        if len(different) <= 1:
            return cls(_array(tops), Fraction(1, denominator))
        factors = {below: denominator // below for below in different}
        scaled = [top * factors[below] for top, below in zip(tops, belows, strict=True)]
        return cls(_array(scaled), Fraction(1, denominator))

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: Any) -> Vector:
        """The entries at an array of positions, or a slice."""
        return Vector(self.numbers[index], self.unit)

    def __mul__(self, factor: Fraction | int) -> Vector:
        """Every entry times a rational."""
        if factor.numerator > 0:
            return Vector(self.numbers, self.unit * factor)
        return Vector(-self.numbers, self.unit * -factor) if factor else Vector(np.zeros(len(self), dtype=np.int64))

    def times(self, factors: NDArray[Any]) -> Vector:
        """Every entry times a whole number of its own; 64-bit factors, shape (n,)."""
        numbers = self.numbers
        if numbers.dtype == object or _largest(numbers) * _largest(factors) > LARGEST_NUMBER:
            numbers = numbers.astype(object)
        return Vector(numbers * factors, self.unit)

    def __neg__(self) -> Vector:
        return Vector(-self.numbers, self.unit)

    def __abs__(self) -> Vector:
        return Vector(np.abs(self.numbers), self.unit)

    def __add__(self, other: Vector) -> Vector:
        one, two, unit = _alike(self, other)
        return Vector(one + two, unit)

    def __sub__(self, other: Vector) -> Vector:
        one, two, unit = _alike(self, other)
        return Vector(one - two, unit)

    def sum(self) -> Fraction:
        """The exact sum."""
        if len(self) <= FEW or (self.numbers.dtype != object and _largest(self.numbers) * len(self) >= LARGEST_NUMBER):
            return _counted(sum(self.numbers.tolist()), self.unit)
        return _counted(int(self.numbers.sum()), self.unit)

    def total(self, places: Sequence[int]) -> Fraction:
        """The exact sum of the entries at some positions."""
        if not len(places):
            return Fraction(0)
        if len(self) <= FEW:
            numbers = self.numbers.tolist()
            return _counted(sum(numbers[place] for place in places), self.unit)
        return self[np.asarray(places, dtype=np.intp)].sum()

    def span(self) -> float:
        """The largest absolute entry over the smallest that is not 0; 1 without any."""
        sizes = np.abs(self.numbers[self.numbers != 0])
        return float(Fraction(int(sizes.max()), int(sizes.min()))) if len(sizes) else 1.0

    def max(self) -> Fraction:
        """The largest entry; 0 of none."""
        return _counted(int(self.numbers.max()), self.unit) if len(self) else Fraction(0)

    def any(self) -> bool:
        """Whether an entry is not 0."""
        return any(self.numbers.tolist()) if len(self) <= FEW else bool(self.numbers.any())

    def measure(self) -> Fraction | None:
        """The greatest positive rational of which all entries are whole multiples; ``None`` if all are 0."""
        step = _step(self.numbers)
        return _counted(step, self.unit) if step else None

    def floats(self) -> NDArray[np.float64]:
        """The nearest float of each entry, shape (n,)."""
        top, below = self.unit.numerator, self.unit.denominator
        numbers = _times(self.numbers, top)
        if numbers.dtype == object or below > EXACT_FLOAT_LIMIT or not _exact(numbers):
            return np.array([number / below for number in numbers.tolist()], dtype=float)
        return numbers / float(below)

    def fractions(self) -> list[Fraction]:
        """Every entry as a ``Fraction``."""
        top, below = self.unit.numerator, self.unit.denominator
        return [Fraction(number * top, below) for number in self.numbers.tolist()]


def joined(vectors: Sequence[Vector]) -> Vector:
    """The vectors one behind the other."""
    unit = _common([vector.unit for vector in vectors])
    return Vector(np.concatenate([_in(vector, unit) for vector in vectors]), unit)


def integer_row(coefficients: Iterable[Fraction | int]) -> list[float]:
    """``common_row`` of some rationals."""
    row: list[float] = common_row(Vector.of(coefficients)).tolist()
    return row


def common_row(vector: Vector) -> NDArray[np.float64]:
    """Scale a homogeneous row to coprime whole numbers, so that an engine sees it without rounding.

    Large ones are divided by a power of two, which a float takes exactly. Whole numbers that would not fit a float
    exactly are rounded, each once, and divided until the largest is at most ``LARGEST_ROUNDED``.
    """
    measure = _step(vector.numbers)
    if not measure:
        return np.zeros(len(vector))
    numbers = vector.numbers if measure == 1 else vector.numbers // measure
    largest = _largest(numbers)
    most = LARGEST_COEFFICIENT if largest < EXACT_FLOAT_LIMIT else LARGEST_ROUNDED
    step = 1
    while largest > most * step:
        step *= 2
    if step.bit_length() > LARGEST_SHIFT:  # beyond what a float holds
        return np.array([number / step for number in numbers.tolist()], dtype=float)
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


def _alike(one: Vector, two: Vector) -> tuple[NDArray[Any], NDArray[Any], Fraction]:
    """Numbers of two vectors in one unit, small enough to be added."""
    if one.unit == two.unit:
        first, second, unit = one.numbers, two.numbers, one.unit
    else:
        unit = _common([one.unit, two.unit])
        first, second = _in(one, unit), _in(two, unit)
    if object not in (first.dtype, second.dtype) and _largest(first) + _largest(second) > LARGEST_NUMBER:
        first = first.astype(object)
    return first, second, unit


def _in(vector: Vector, unit: Fraction) -> NDArray[Any]:
    """The numbers of a vector in a unit that divides its own, as ``_common`` makes one."""
    own = vector.unit
    return _times(vector.numbers, own.numerator * (unit.denominator // own.denominator) // unit.numerator)


def _counted(number: int, unit: Fraction) -> Fraction:
    """So many units; sooner than the product of an integer and a fraction."""
    return Fraction(number * unit.numerator, unit.denominator)


def _common(units: Sequence[Fraction]) -> Fraction:
    """The greatest rational of which all units are whole multiples."""
    below = lcm(*(unit.denominator for unit in units))
    return Fraction(gcd(*(unit.numerator * (below // unit.denominator) for unit in units)), below)


def _step(numbers: NDArray[Any]) -> int:
    """The greatest common divisor; 0 if all are 0."""
    return abs(int(np.gcd.reduce(numbers))) if len(numbers) else 0
