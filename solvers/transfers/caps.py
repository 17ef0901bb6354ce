"""Bounds on other objectives: what the spatial tree's program is told of them, and points that keep them."""

from __future__ import annotations

from math import frexp, inf, nextafter
from typing import TYPE_CHECKING

from fairbound.models.transfers.evaluate import values_today
from fairbound.solvers.transfers.composition import Floats, composition
from fairbound.solvers.transfers.records import Cap

if TYPE_CHECKING:
    from fairbound.models.transfers import TransferInstance
    from fairbound.solvers.transfers.node_program import NodeProgram

HALVINGS = 30
INSIDE = 1 - 2.0**-20
"""Of the share that just keeps the bounds so much is taken: rounding to a grid of students moves values a little."""


def program_caps(instance: TransferInstance) -> list[Cap]:
    """The bounds of an instance, rounded outward."""
    found = []
    count = len(instance.districts)
    for name, value in instance.limits:
        limit = nextafter(float(value * count), inf)
        size = max(limit, 1e-6 * float(values_today(instance)[name]) * count, 1e-12)
        found.append(Cap(composition(instance, name), limit, 2.0 ** frexp(size)[1]))
    return found


def within_caps(program: NodeProgram, students: Floats, anchor: Floats) -> Floats:
    """The mixture with ``anchor`` nearest to ``students`` that keeps the bounds, as far as floats tell.

    Both must keep the linear rules, and so does every mixture; ``anchor`` keeps the bounds too.
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        share = (low + high) / 2
        if program.excess(program.scores(anchor + share * (students - anchor))).any():
            high = share
        else:
            low = share
    mixed: Floats = anchor + INSIDE * low * (students - anchor)
    return mixed
