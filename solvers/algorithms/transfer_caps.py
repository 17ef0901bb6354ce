"""Bounds on other objectives: what the spatial tree's program is told of them, and plans that keep them."""

from __future__ import annotations

from fractions import Fraction
from math import frexp, inf, nextafter

from fairbound.models.district_transfer import TransferInstance, TransferPlan, evaluate
from fairbound.solvers.algorithms.composition import composition
from fairbound.solvers.algorithms.transfer_lp import Cap

MIX_BITS = 24
"""Shares of a mixture are multiples of 2**-MIX_BITS."""


def caps(instance: TransferInstance) -> list[Cap]:
    """The bounds of an instance, rounded outward."""
    found = []
    count = len(instance.districts)
    for name, value in instance.caps:
        limit = nextafter(float(value * count), inf)
        size = max(limit, 1e-6 * float(instance.start[name]) * count, 1e-12)
        found.append(Cap(composition(instance, name), limit, 2.0 ** frexp(size)[1]))
    return found


def keeps_caps(instance: TransferInstance, plan: TransferPlan) -> bool:
    """Whether a plan keeps the bounds on objectives, exactly."""
    values = evaluate(instance, plan).values if instance.caps else {}
    return all(values[name] <= cap for name, cap in instance.caps)


def within_caps(instance: TransferInstance, plan: TransferPlan, anchor: TransferPlan) -> TransferPlan:
    """The plan, or the mixture with ``anchor`` nearest to it that keeps the bounds on objectives.

    Both must keep the linear rules, and so does every mixture; ``anchor`` keeps the bounds too.
    """
    if keeps_caps(instance, plan):
        return plan
    low, high = Fraction(0), Fraction(1)
    best = anchor
    for _ in range(MIX_BITS):
        share = (low + high) / 2
        mixed = mixture(plan, anchor, share)
        if keeps_caps(instance, mixed):
            low, best = share, mixed
        else:
            high = share
    return best


def mixture(plan: TransferPlan, other: TransferPlan, share: Fraction) -> TransferPlan:
    """``share`` of a plan and the rest of another."""
    mine = [(a, b, share * students) for a, b, students in plan.moves]
    return TransferPlan.of([*mine, *((a, b, (1 - share) * students) for a, b, students in other.moves)])
