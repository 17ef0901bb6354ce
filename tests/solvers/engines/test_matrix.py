"""Matrices by rows are what SciPy makes of the same entries."""

import numpy as np
import pytest
from fairbound.solvers.engines.matrix import RowMatrix, weighted
from scipy import sparse as sp


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("ordered", [False, True])
def test_entries_in_any_order(seed: int, ordered: bool) -> None:
    random = np.random.default_rng(seed)
    shape, count = (int(random.integers(1, 9)), int(random.integers(1, 9))), int(random.integers(0, 40))
    row, place = random.integers(0, shape[0], count), random.integers(0, shape[1], count)
    value = random.integers(-2, 3, count).astype(float)  # some are 0, and some of one place add up to 0
    if ordered:
        order = np.lexsort((place, row))
        row, place, value = row[order], place[order], value[order]
    half = count // 2
    made = RowMatrix.of([row[:half], row[half:]], [place[:half], place[half:]], [value[:half], value[half:]], shape)
    wanted = sp.csr_array((value, (row, place)), shape=shape)
    wanted.sum_duplicates()
    wanted.eliminate_zeros()
    assert (made.shape, made.nnz) == (wanted.shape, wanted.nnz)
    for name in ("data", "indices", "indptr"):
        assert getattr(made, name).tolist() == getattr(wanted, name).tolist()
    y = random.integers(-3, 4, shape[0]).astype(float)
    assert weighted(made, y).tolist() == weighted(wanted, y).tolist() == (wanted.T @ y).tolist()
    assert weighted(abs(made), y).tolist() == (abs(wanted).T @ y).tolist()
    more = made.with_rows(made.data, made.indices, made.indptr)
    below = sp.csr_array((more.data, more.indices, more.indptr), shape=more.shape).toarray()
    assert below.tolist() == np.vstack([wanted.toarray()] * 2).tolist()


def test_no_entries() -> None:
    made = RowMatrix.of([], [], [], (2, 3))
    assert (made.nnz, made.indptr.tolist()) == (0, [0, 0, 0])
    assert weighted(made, np.ones(2)).tolist() == [0, 0, 0]
