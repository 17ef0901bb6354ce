"""Bounds of linear programs that hold whatever the engine did: weak duality with the rounding paid for.

For min c x over row_low <= A x <= row_high, low <= x <= high, any multipliers y give

    sum over rows of min(y row_low, y row_high) + sum over columns of min over the range of (c - A'y) x

as a lower bound (Neumaier and Shcherbina 2004). It is computed in floats and lowered by a share of the
magnitudes summed that is larger than any rounding error can be: a sum of m products of data rounded once errs
by less than (m + 16) 2**-53 of the summed magnitudes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.engines.matrix import weighted
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fairbound.solvers.engines.matrix import RowMatrix

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

ROUNDOFF = 2.0**-52
"""Twice the unit roundoff, which pays for the rounding of the magnitudes as well."""


class Rows:
    """Sparse rows, grown one by one, with the magnitudes that entered each coefficient."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.low: list[float] = []
        self.high: list[float] = []
        self.start: list[int] = [0]
        self._index: list[Ints] = []
        self._value: list[Floats] = []
        self._magnitude: list[Floats] = []

    def __len__(self) -> int:
        return len(self.low)

    @property
    def nonzeros(self) -> int:
        """How many coefficients there are."""
        return self.start[-1]

    def add(
        self, index: NDArray[np.integer], value: Floats, low: float, high: float, magnitude: Floats | None = None
    ) -> None:
        """Add a row; ``magnitude`` bounds the products that a coefficient was summed from."""
        self._index.append(np.asarray(index, dtype=np.int32))
        self._value.append(np.asarray(value, dtype=float))
        self._magnitude.append(np.abs(self._value[-1]) if magnitude is None else magnitude)
        self.low.append(low)
        self.high.append(high)
        self.start.append(self.start[-1] + len(index))

    def arrays(self, first: int = 0) -> tuple[Floats, Floats, Ints, Ints, Floats]:
        """Bounds, starts, indices and values of the rows from ``first`` on."""
        starts = np.array(self.start[first:-1], dtype=np.int32) - self.start[first]
        index = np.concatenate([np.zeros(0, dtype=np.int32), *self._index[first:]])
        value = np.concatenate([np.zeros(0), *self._value[first:]])
        return np.array(self.low[first:]), np.array(self.high[first:]), starts, index, value

    def weighted(self, y: Floats) -> tuple[Floats, Floats]:
        """A'y, and the same with magnitudes and |y|."""
        _, _, _, index, value = self.arrays()
        spread = np.repeat(y, np.diff(self.start))
        magnitude = np.concatenate([np.zeros(0), *self._magnitude])
        sums: Floats = np.bincount(index, spread * value, self.columns).astype(float)
        sizes: Floats = np.bincount(index, np.abs(spread) * magnitude, self.columns).astype(float)
        return sums, sizes


def safe_bound(c: Floats, low: Floats, high: Floats, rows: Rows, y: Floats) -> float:
    """See the module; multipliers of a sign that no finite side supports count as 0."""
    row_low, row_high = np.array(rows.low), np.array(rows.high)
    y = _supported(y, row_low, row_high)
    return _weak_duality(c, low, high, row_low, row_high, y, *rows.weighted(y))


def matrix_bound(
    c: Floats, low: Floats, high: Floats, matrix: RowMatrix, row_low: Floats, row_high: Floats, y: Floats
) -> float:
    """The same for a matrix whose entries are data rounded once, shape (rows, columns)."""
    y = _supported(y, row_low, row_high)
    return _weak_duality(c, low, high, row_low, row_high, y, weighted(matrix, y), weighted(abs(matrix), np.abs(y)))


def _supported(y: Floats, row_low: Floats, row_high: Floats) -> Floats:
    y = np.where((y > 0) & np.isinf(row_low), 0.0, y)
    return np.where((y < 0) & np.isinf(row_high), 0.0, y)


def _weak_duality(
    c: Floats, low: Floats, high: Floats, row_low: Floats, row_high: Floats, y: Floats, sums: Floats, sizes: Floats
) -> float:
    """The bound of A'y = ``sums``, whose magnitudes add up to ``sizes``; minus infinity where a column has no end."""
    share = (len(y) + len(c) + 16) * ROUNDOFF
    side = np.where(y == 0, 0.0, np.where(y > 0, row_low, row_high))
    reduced, size = c - sums, np.abs(c) + sizes
    # Where rounding leaves the sign of a reduced cost open, both ends of the column must be finite.
    safe_up, safe_down = reduced > share * size, reduced < -share * size
    largest = np.maximum(np.where(safe_down, 0.0, np.abs(low)), np.where(safe_up, 0.0, np.abs(high)))
    largest = np.where(size == 0, 0.0, largest)
    if np.isinf(largest).any():
        return -np.inf
    ends = np.where(size == 0, 0.0, np.where(reduced > 0, low, high))
    ends = np.where(np.isinf(ends), 0.0, ends)  # only where the reduced cost is 0
    value = (y * side).sum() + (reduced * ends).sum()
    magnitude = np.abs(y * side).sum() + (size * largest).sum()
    return float(value - share * magnitude)
