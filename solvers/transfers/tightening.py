"""Tightening of the root's box: the sizes that a plan better than a known one can have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import highspy
import numpy as np
from fairbound.solvers.transfers.node_bound import node_bound
from fairbound.solvers.transfers.node_program import SIDES, NodeProgram
from fairbound.solvers.transfers.records import Start, Tightening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fairbound.solvers.transfers.composition import Floats


GRID = 2.0**-20
"""Sizes are moved outward to this grid, by at least the share below, so that a checker that rounds accepts them."""
OUTWARD = 1e-9
REACHED = 1e-6
"""A point so near to an end of the box, relatively, shows that this end will not move."""


def tightened(
    program: NodeProgram,
    low: Floats,
    high: Floats,
    limit: float,
    basis: Start,
    districts: Iterable[int],
    late: Callable[[], bool],
) -> tuple[Floats, Floats, list[Tightening]]:
    """A box that holds the sizes of every plan in this box whose value is at most ``limit``, and why.

    At most two linear programs for each of some districts, bounded safely from their multipliers: none for an end that
    the point of an earlier one has reached. Districts for which it is too late keep their sizes.

    Parameters
    ----------
    basis
        Of the box's own program, whose points are those of these programs too where they score at most ``limit``.
    districts
        Whose sizes to tighten.
    """
    engine = program.highs
    program.set_box(low, high)  # the local search has been elsewhere
    program.start_from(basis)
    new_low, new_high = low.copy(), high.copy()
    proofs: list[Tightening] = []
    columns, prices = program.goal_columns(0)
    engine.addRow(-highspy.kHighsInf, limit, len(columns), columns, prices)
    last = engine.getNumRow() - 1
    engine.changeColsCost(len(columns), columns, np.zeros(len(columns)))
    reached = np.zeros((2, program.N), dtype=bool)
    for j in districts:
        if late():
            break
        block = program.columns(j)
        sizes = np.repeat(program.ends[:, j] / program.S[j], program.degree[j])
        for side, sign in enumerate((1.0, -1.0)):
            if reached[side, j]:
                continue
            engine.changeColsCost(len(block), block, sign * sizes)
            cost = np.zeros((SIDES, program.E))
            cost.flat[block] = sign * sizes
            x = program.run_again()
            if x is None:
                continue
            at = program.point(x).sizes
            reached |= [at <= low * (1 + REACHED), at >= high * (1 - REACHED)]
            dual = max(0.0, -float(engine.getSolution().row_dual[last]))
            y = program.multipliers()
            safe = node_bound(program, replace(y, caps=np.append(y.caps, dual)), cost, limit) * program.S[j]
            size = sign * float(np.floor((safe - OUTWARD * program.S[j]) / GRID) * GRID)
            if sign > 0 and size > low[j]:
                new_low[j] = size
                proofs.append(Tightening(j, 0, size, limit, dual, y))
            elif sign < 0 and size < high[j]:
                new_high[j] = size
                proofs.append(Tightening(j, 1, size, limit, dual, y))
        engine.changeColsCost(len(block), block, np.zeros(len(block)))
    engine.changeColsCost(len(columns), columns, prices)
    engine.deleteRows(1, np.array([last], dtype=np.int32))
    keep = new_low < new_high
    proofs = [proof for proof in proofs if keep[proof.district]]
    return np.where(keep, new_low, low), np.where(keep, new_high, high), proofs
