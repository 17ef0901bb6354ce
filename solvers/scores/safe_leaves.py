"""Bounds of a tree of subsets in floats that hold whatever floats do, where the checker's whole numbers take too long.

With exact lengths d_j and y, floats near the roots of G_jj and Y, let A be the matrix M of (10) over d_i d_j, and x any
vector: b_j = y x_j / d_j are coefficients, and (11) bounds the leaf. What is computed of it is lowered by more than its
roundings come to. A is rounded entry by entry, and positive semidefinite by a root of A - s that floats find
(Rump 2006): a root that is found is one of a matrix that differs by less than (p + 2) 2^-52 of its trace
(Higham 2002, theorem 10.3, in any order of summation). A sum of m products errs as ``proofs.safe_bounds`` says.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.proofs.safe_bounds import ROUNDOFF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.scores.instance import ScoresInstance
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class SafeLeaves:
    """The matrix of one choice of shares of the diagonal.

    Attributes
    ----------
    semidefinite
        Whether it is known to be positive semidefinite; without that nothing is proven.
    """

    def __init__(self, instance: ScoresInstance, shares: Floats) -> None:
        moments = instance.moments
        self.shares, self.p = shares, len(shares)
        self.squares, self.label = moments.n**2, moments.label
        self.unit = instance.design.label_unit**2
        lengths = np.sqrt(np.array(np.diag(moments.gram), dtype=float))
        self.y = float(np.sqrt(float(moments.label)))
        ridge = float(instance.ridge)
        self.matrix = np.array(moments.gram, dtype=float) / np.outer(lengths, lengths)
        np.fill_diagonal(self.matrix, np.diag(self.matrix) * (1.0 + ridge - shares))
        self.linear = np.array(moments.cross, dtype=float) / (lengths * self.y)
        # By so much a diagonal entry may err: the difference 1 + ridge - share may be small.
        self.slack = 16 * ROUNDOFF * (1.0 + ridge + shares)
        self.semidefinite = self._semidefinite()

    def _semidefinite(self) -> bool:
        if float(self.shares.min()) <= 0:
            return False
        trace = float(np.abs(np.diag(self.matrix)).sum()) + 1.0
        entries = 4 * ROUNDOFF * self.p + float(self.slack.max())  # the norm of what rounds the entries
        shift = 2 * ((self.p + 2) * ROUNDOFF * trace + entries)
        try:
            np.linalg.cholesky(self.matrix - shift * np.eye(self.p))
        except np.linalg.LinAlgError:
            return False
        return True

    def bound(self, inside: Sequence[int], free: Sequence[int], most: int, x: Floats) -> Fraction:
        """(11) of a leaf, lowered to what is certain; ``x`` has a coefficient for each feature, shape (p,)."""
        used, share = np.flatnonzero(x), (self.p + 16) * ROUNDOFF
        columns, sizes = self.matrix[:, used], np.abs(x[used])
        product = columns @ x[used]
        errs = share * (np.abs(columns) @ sizes) + self.slack * np.abs(x)
        rest = np.abs(product - self.linear) + errs + 8 * ROUNDOFF * (np.abs(product) + np.abs(self.linear))
        terms = rest**2 / self.shares * (1 + 64 * ROUNDOFF)
        curve = float(x[used] @ product[used] + sizes @ (errs[used] + share * np.abs(product[used])))
        largest = np.sort(terms[list(free)])[::-1][:most]
        lost = (max(0.0, curve) + float(terms[list(inside)].sum() + largest.sum())) * (1 + 2 * share)
        return (self.label - Fraction(self.y) ** 2 * Fraction(lost)) / self.squares * self.unit
