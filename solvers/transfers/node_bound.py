"""A bound of the spatial tree's linear program that holds whatever the engine did: safe weak duality."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fairbound.solvers.transfers.node_program import LINES, SIDES, NodeProgram

if TYPE_CHECKING:
    from fairbound.solvers.transfers.composition import Floats
    from fairbound.solvers.transfers.records import Multipliers

UNIT_ROUNDOFF_SHARE = 2.0**-38
"""Every safe bound is lowered by this share of the magnitudes summed. A sum of m products of rounded
data errs by less than (m + 16) 2**-53 of them; no row or column here has 2**14 entries."""


def node_bound(program: NodeProgram, y: Multipliers, cost: Floats | None = None, better: float | None = None) -> float:
    """A number that the LP of the present box never falls under, whatever the multipliers.

    Weak duality: sum y b + sum over columns of the least (c - y A) x in the column's range. Slacks are 0 in
    every plan, so they have no column here. Rounding is paid for with ``UNIT_ROUNDOFF_SHARE``.

    Parameters
    ----------
    cost
        Costs of the masses at each slice; by default the objective.
    better
        A last row says that the objective is at most this; its multiplier is the last of ``y.caps``.
    """
    N, E, scale = program.N, program.E, program.N / program.total
    value = y.simplex.sum() + y.conservation.sum() + y.budget * (1 - program.p) * N
    magnitude = np.abs(y.simplex).sum() + np.abs(y.conservation).sum() + y.budget * N
    # Rows that bound goals, priced in: what a unit of each goal costs, and what its limit is worth.
    caps = [multiplier / cap.unit for multiplier, cap in zip(y.caps, program.caps, strict=False)]
    rows = np.array([0.0 if better is None else y.caps[-1], *caps])
    limits = np.array([better or 0.0, *(cap.limit for cap in program.caps)])
    value -= (rows * limits).sum()
    magnitude += (rows * np.abs(limits)).sum()
    prices = rows.copy()
    prices[0] += cost is None
    factors = np.array([[program.factor(g, size) for size in program.ends] for g in range(len(prices))])
    reduced_q = prices[:, None, None] * factors
    size_q = reduced_q.copy()
    reduced, sizes = [], []
    for side, ends in enumerate(program.ends):
        share = ends[program.target] / program.S[program.source]
        own = program.own * y.budget * ends[program.target] * scale
        d = -(y.conservation[program.source] * share) - y.simplex[program.target] - own
        m = np.abs(y.conservation[program.source]) * share + np.abs(y.simplex[program.target]) + own
        if cost is not None:
            d, m = d + cost[side], m + np.abs(cost[side])
        reduced.append(d)
        sizes.append(m)
    for j in np.flatnonzero(y.own).tolist():
        span = slice(program.first[j], program.first[j + 1])
        for side in (1, 2):
            values = program.own_values(j, side)
            reduced[side][span] += y.own[j] * values
            sizes[side][span] += y.own[j] * (1 + program.ends[side, j] / program.S[j])
    for number, weight in zip(y.cut_ids.tolist(), y.cuts.tolist(), strict=True):
        cut = program.pool[number]
        start, stop = program.first[cut.district], program.first[cut.district + 1]
        coefficients, largest = program.cut_row(number)
        reduced[cut.side][start:stop] += weight * coefficients
        sizes[cut.side][start:stop] += weight * largest
        reduced_q[cut.goal, cut.side, cut.district] -= weight
        size_q[cut.goal, cut.side, cut.district] += weight
    # Lines under what stays: q0 has no upper end, so that they may not weigh more than it costs.
    paid = np.repeat([prices[g] for g, _ in program.stays], N)
    weights = y.sizes.reshape(-1, LINES)
    share = np.minimum(1.0, paid / np.maximum(weights.sum(axis=1), 1e-300)) * (1 - 2.0**-40)
    for k, line in np.argwhere(weights).tolist():
        j, weight = k % N, weights[k, line] * share[k]
        values, largest = program.line_values(k, line), program.line_magnitude(k, line)
        span = slice(program.first[j], program.first[j + 1])
        for side, part in enumerate(values[:-1].reshape(SIDES, -1)):
            reduced[side][span] -= weight * part
            sizes[side][span] += weight * largest
    for d, m in zip(reduced, sizes, strict=True):
        value += np.minimum(d, 0.0).sum()
        magnitude += m.sum()
    most = np.array([goal.most for goal in program.goals])[:, None, :]
    value += (np.minimum(reduced_q, 0.0) * most).sum()
    magnitude += (size_q * most).sum()
    assert len(y.cuts) + 6 * E < 2**14
    return float(value - UNIT_ROUNDOFF_SHARE * magnitude)
