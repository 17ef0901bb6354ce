"""Mixed-integer rounding of single rows: sparse cuts that a point breaks, as steps of a certificate.

A row is divided by a number, columns beyond the middle of their bounds are counted from the upper end, and what is left
is rounded (Marchand and Wolsey 2001). The checker derives the row again by its rule (2), from one multiplier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.solvers.checker.common import Rejected
from fairbound.solvers.proofs.suggest import LEAST_EFFICACY, efficacy

if TYPE_CHECKING:
    from fairbound.solvers.checker.linear import Row
    from fairbound.solvers.proofs.live import Floats, Live

MOST_SLACK = 0.01
"""A row that is slack by more than this part of its largest coefficient is left alone."""
LEAST_SHARE = 0.01
"""What is left of the right-hand side is at least so far from whole numbers."""
PARTS = (2.0, 4.0, 8.0)
"""The best divisor is tried divided by these as well."""
MOST_FLIPS = 8
"""So many columns nearest to the middle may count from their other end."""
WHOLE = 1e-6


@dataclass
class Knapsack:
    """A row ``a x >= b`` of the system, with the bounds of its columns.

    Attributes
    ----------
    idle
        The last point that broke none of its roundings.
    """

    number: int
    columns: Any
    a: Floats
    b: float
    lower: Floats
    upper: Floats
    idle: bytes = b""

    def rounded(self, x: Floats, slack: float, divisors: Floats, flipped: Any) -> Floats:
        """How far the point lies beyond the row that each divisor gives, as a distance.

        Parameters
        ----------
        divisors
            Shape (ways,).
        flipped
            Which columns count from their upper end, shape (ways or 1, columns).
        """
        away = np.where(flipped, self.upper - x, x - self.lower)
        right = (self.b - np.where(flipped, self.upper, self.lower) @ self.a) / divisors
        share = right - np.floor(right)
        terms = np.where(flipped, -self.a, self.a) / divisors[:, None]
        weight = _rounded(terms - np.floor(terms), share[:, None])
        of_slack = _rounded(np.ceil(1 / divisors) - 1 / divisors, share)
        row = np.where(flipped, -weight, weight) + of_slack[:, None] * self.a
        beyond = share - (weight * away).sum(axis=1) - of_slack * slack
        fair = (share > LEAST_SHARE) & (share < 1 - LEAST_SHARE)
        return np.asarray(np.where(fair, beyond / np.maximum(1e-12, np.sqrt((row**2).sum(axis=1))), -1.0))


def _rounded(part: Floats, share: Floats) -> Floats:
    return np.where(part <= share, part, share * (1 - part) / np.maximum(1e-9, 1 - share))


def knapsacks(live: Live, count: int) -> list[Knapsack]:
    """Those of the system's first so many rows whose coefficients are not all 1 or -1."""
    found = []
    for i in live.rows:
        terms, rhs = live.rest(i)
        if i < count and max(map(abs, terms.values()), default=0) > 1 and live.system.continuous.isdisjoint(terms):
            columns = np.fromiter(terms, dtype=np.int64, count=len(terms))
            lower = np.array([float(live.system.lower[j]) for j in terms])
            upper = np.array([float(live.system.upper[j]) for j in terms])
            a = np.array([float(value) for value in terms.values()])
            found.append(Knapsack(i, columns, a, float(rhs), lower, upper))
    return found


def mir_steps(live: Live, rows: list[Knapsack], x: Floats) -> list[tuple[list[Any], Row]]:
    """For each row the rounding that the point breaks most, as a step with its row."""
    found = []
    for row in rows:
        here = x[row.columns]
        if (key := np.round(here, 6).tobytes()) == row.idle:
            continue
        row.idle = key
        slack = max(0.0, float(row.a @ here) - row.b)
        nearest = np.minimum(row.upper - here, here - row.lower)
        broken = np.flatnonzero((nearest > WHOLE) & (row.upper - row.lower <= 1))
        if not len(broken) or slack > MOST_SLACK * np.abs(row.a).max():
            continue
        flipped = row.upper - here < here - row.lower
        divisors = np.unique(np.abs(row.a[broken]))
        divisor = divisors[int(row.rounded(here, slack, divisors, flipped[None]).argmax())]
        smaller = divisor / np.array([1.0, *PARTS])
        gains = row.rounded(here, slack, smaller, flipped[None])
        best, divisor = float(gains.max()), float(smaller[int(gains.argmax())])
        middle = broken[np.argsort(-nearest[broken], kind="stable")][:MOST_FLIPS]
        while len(middle):
            ways = np.repeat(flipped[None], len(middle), axis=0)
            ways[np.arange(len(middle)), middle] ^= True
            gains = row.rounded(here, slack, np.full(len(middle), divisor), ways)
            if gains.max() <= best + 1e-9:
                break
            best, k = float(gains.max()), int(gains.argmax())
            flipped, middle = ways[k], np.delete(middle, k)
        if best <= LEAST_EFFICACY:
            continue
        terms = live.system.rows[row.number][0]
        ends = set(row.columns[flipped].tolist())
        ends |= {j for j in terms.keys() - set(row.columns.tolist()) if x[j] > live.system.lower[j]}
        step = ["gomory", [[row.number, 1 / divisor]], sorted(ends)]
        try:
            cut = live.system.step_row(step)
        except Rejected:
            continue
        if efficacy(live, x, cut) > LEAST_EFFICACY:
            found.append((step, cut))
            row.idle = b""
    return found
