"""A sparse matrix by rows: what engines and bounds ask of one.

SciPy's ``csr_array`` does more and takes longer to load than a small solve takes. It has the same attributes, so one
may stand in for this wherever no rows are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
MANY = 1_000_000
"""Entries."""


@dataclass(frozen=True)
class RowMatrix:
    """Entries ``data[k]`` in columns ``indices[k]``; those of row i are k = ``indptr[i]``, ..., ``indptr[i + 1]`` - 1.

    Attributes
    ----------
    data, indices
        Shape (entries,).
    indptr
        Shape (rows + 1,).
    shape
        Rows and columns.
    """

    data: Floats
    indices: NDArray[Any]
    indptr: NDArray[Any]
    shape: tuple[int, int]

    def __abs__(self) -> RowMatrix:
        return RowMatrix(np.abs(self.data), self.indices, self.indptr, self.shape)

    @property
    def nnz(self) -> int:
        """How many entries there are."""
        return len(self.data)

    @classmethod
    def of(cls, rows: Sequence[Any], places: Sequence[Any], values: Sequence[Any], shape: tuple[int, int]) -> RowMatrix:
        """The matrix of entries in any order, given as lists of arrays; those of one place are added, zeros dropped."""
        row, place = np.concatenate([np.zeros(0, np.intp), *rows]), np.concatenate([np.zeros(0, np.intp), *places])
        value: Floats = np.concatenate([np.zeros(0), *values])
        if len(value) > MANY:
            from scipy import sparse as sp  # its counting sort then saves more than it takes to load

            made = sp.csr_array((value, (row, place)), shape=shape)
            made.sum_duplicates()
            made.eliminate_zeros()
            return cls(made.data, made.indices, made.indptr, shape)
        cell = row * shape[1] + place
        if (cell[1:] <= cell[:-1]).any():
            order = np.argsort(cell, kind="stable")  # linear where the entries come in a few runs
            cell, row, place, value = cell[order], row[order], place[order], value[order]
            first = np.flatnonzero(np.diff(cell, prepend=-1))
            if len(first) < len(cell):
                row, place, value = row[first], place[first], np.add.reduceat(value, first)
        if not value.all():
            row, place, value = row[value != 0], place[value != 0], value[value != 0]
        return cls(value, place, np.concatenate([[0], np.cumsum(np.bincount(row, minlength=shape[0]))]), shape)

    def with_rows(self, data: Sequence[float], indices: Sequence[int], indptr: Sequence[int]) -> RowMatrix:
        """The matrix with further rows below it, given as its own are."""
        return RowMatrix(
            np.concatenate([self.data, np.asarray(data, dtype=float)]),
            np.concatenate([self.indices, np.asarray(indices, dtype=np.intp)]),
            np.concatenate([self.indptr, self.nnz + np.asarray(indptr[1:], dtype=np.intp)]),
            (self.shape[0] + len(indptr) - 1, self.shape[1]),
        )


def weighted(matrix: Any, y: Floats) -> Floats:
    """A'y of a matrix by rows; ``y`` has shape (rows,), the answer (columns,)."""
    products = np.repeat(y, np.diff(matrix.indptr)) * matrix.data
    return np.bincount(matrix.indices, products, matrix.shape[1]).astype(float, copy=False)
