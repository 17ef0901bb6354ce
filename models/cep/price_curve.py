r"""Price curves: a one-page proof that no grouping is worth more (equations (21) to (25)).

A group claims the share t_g and has sum(q_s - t_g N_s) >= 0, where q_s = m E_s. So for any prices
lambda(t) >= 0 its value is at most the sum over its schools of

.. math:: \phi_s(t_g) = a_s + t_g b_s + \lambda(t_g) (q_s - t_g N_s) \ (22)

and every grouping is worth at most

.. math:: \sum_s \max\bigl(0, \max_t \phi_s(t)\bigr) \ (23)

without the inner 0 where s must be covered. lambda is piecewise linear, so phi_s is quadratic
between two knots and its maximum there is a rational number. Everything here is exact: integers
inside, fractions outside, no engine and no float.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from fairbound.models.cep.evaluate import totals
from fairbound.models.cep.instance import REIMBURSEMENT, SCHOOLS, STUDENTS, CepInstance, Cover
from fairbound.models.core.problem import once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LINEAR = (REIMBURSEMENT, STUDENTS, SCHOOLS)
"""Objectives that are linear in the claim share: a_s + t b_s."""

CONTRIBUTION_STEP = Fraction(1, 10**6)
"""Each school's contribution is rounded up to a multiple of this, so that an auditor adds decimals."""


@dataclass(frozen=True)
class Unit:
    """Schools that share their fate (one school, unless ``together`` names more), equation (21).

    Attributes
    ----------
    enrolled, lifted
        N and q = m E.
    fixed, slope
        a and b: what the unit is worth in CEP is a + t b at claim share t.
    must, barred
        Whether it must be in CEP, whether it must stay out.
    """

    members: tuple[str, ...]
    enrolled: Fraction
    lifted: Fraction
    fixed: Fraction
    slope: Fraction
    must: bool = False
    barred: bool = False


def coefficients(instance: CepInstance, objective: str) -> list[tuple[Fraction, Fraction]]:
    """(a_s, b_s) of every school for a linear objective; raises ``ValueError`` for one that is not linear."""
    if objective == REIMBURSEMENT:
        return list(zip(instance.gains, instance.weights, strict=True))
    if objective == STUDENTS:
        return [(school.enrolled, Fraction(0)) for school in instance.schools]
    if objective == SCHOOLS:
        return [(Fraction(1), Fraction(0))] * len(instance.schools)
    raise ValueError(objective)


def refuses_jumps(instance: CepInstance, objective: str) -> str | None:
    """Refuse what is not linear in the claim share."""
    for name in (objective, *(floor for floor, _ in instance.limits)):
        if name not in LINEAR:
            return f"{name} jumps at full funding; the levels price only what is linear in the claim share"
    return None


def families(instance: CepInstance) -> list[list[int]]:
    """Indices of schools joined by ``together``, in the order of their first schools."""
    home = {school.id: i for i, school in enumerate(instance.schools)}
    root = list(range(len(instance.schools)))

    def find(i: int) -> int:
        while root[i] != i:
            i = root[i]
        return i

    for group in instance.together:
        for identifier in group[1:]:
            one, other = sorted((find(home[group[0]]), find(home[identifier])))
            root[other] = one
    joined: dict[int, list[int]] = {}
    for i in range(len(root)):
        joined.setdefault(find(i), []).append(i)
    return list(joined.values())


def units_of(
    instance: CepInstance, objective: str, multipliers: Mapping[str, Fraction] | None = None
) -> tuple[Unit, ...]:
    """The units of an instance for a linear objective.

    Parameters
    ----------
    multipliers
        mu_f >= 0 for floors f of the instance: a and b gain mu_f times those of f, equation (25).
    """
    return _units(instance, objective, tuple((multipliers or {}).items()))


@once
def _units(instance: CepInstance, objective: str, multipliers: tuple[tuple[str, Fraction], ...]) -> tuple[Unit, ...]:
    terms = [list(pair) for pair in coefficients(instance, objective)]
    for name, mu in multipliers:
        for pair, extra in zip(terms, coefficients(instance, name), strict=True):
            pair[0] += mu * extra[0]
            pair[1] += mu * extra[1]
    units = []
    for family in families(instance):
        schools = [instance.schools[i] for i in family]
        identified, enrolled = totals(schools)
        units.append(
            Unit(
                members=tuple(school.id for school in schools),
                enrolled=enrolled,
                lifted=instance.multiplier * identified,
                fixed=sum((terms[i][0] for i in family), Fraction(0)),
                slope=sum((terms[i][1] for i in family), Fraction(0)),
                must=instance.cover is Cover.ALL or any(school.id in instance.forced_in for school in schools),
                barred=any(school.id in instance.forced_out for school in schools),
            )
        )
    return tuple(units)


def level_range(instance: CepInstance) -> tuple[Fraction, Fraction]:
    """Least and greatest level q/N that matters: from the threshold's to full funding.

    A level above 1 claims the share 1; it matters only where the threshold itself is above full funding.
    """
    low = instance.multiplier * instance.threshold
    return low, max(low, Fraction(1))


@dataclass(frozen=True)
class PriceCurve:
    """lambda: piecewise linear through its knots (level, price), sorted by level.

    Attributes
    ----------
    multipliers
        mu_f >= 0 of the instance's floors, equation (25).
    """

    knots: tuple[tuple[Fraction, Fraction], ...]
    multipliers: tuple[tuple[str, Fraction], ...] = ()


@dataclass(frozen=True)
class Contribution:
    """One unit's share of the bound: the level at which it is worth most, and that worth.

    ``level`` is ``None`` for a unit that is worth most outside CEP.
    """

    unit: Unit
    level: Fraction | None
    value: Fraction


def round_up(value: Fraction) -> Fraction:
    """The next multiple of the contribution step."""
    return -(-value // CONTRIBUTION_STEP) * CONTRIBUTION_STEP


def best_level(unit: Unit, knots: Sequence[tuple[int, int]], scale: int) -> tuple[Fraction, Fraction]:
    """The maximum of phi over the curve, equation (24), exactly: (level, value).

    Parameters
    ----------
    knots
        Levels and prices times ``scale``, as integers.
    """
    measure = lcm(*(value.denominator for value in (unit.enrolled, unit.lifted, unit.fixed, unit.slope)))
    n, q, a, b = (int(value * measure) for value in (unit.enrolled, unit.lifted, unit.fixed, unit.slope))
    square = scale * scale
    # All values below are phi * measure * scale^2.
    at = [a * square + min(t, scale) * b * scale + price * (q * scale - t * n) for t, price in knots]
    top = max(range(len(at)), key=at.__getitem__)
    level, value = Fraction(knots[top][0], scale), Fraction(at[top])
    for i in range(len(knots) - 1):
        (t0, p0), (t1, p1) = knots[i], knots[i + 1]
        rise, run = p1 - p0, t1 - t0
        # phi(t0 + d) = at + slope d + curve d^2 with slope, curve over run; concave only if rise > 0.
        if rise <= 0 or n == 0:
            continue
        slope = run * (b * scale - p0 * n) + rise * (q * scale - t0 * n)
        # In units of 1/scale, slope/run per unit of d; the summit lies at d = slope / (2 rise n).
        if 0 < slope < 2 * rise * n * run:
            summit = at[i] + Fraction(slope * slope, 4 * rise * n * run)
            if summit > value:
                value = summit
                level = Fraction(2 * rise * n * t0 + slope, 2 * rise * n * scale)
    return level, value / (measure * square)


def contributions(instance: CepInstance, objective: str, curve: PriceCurve) -> list[Contribution]:
    """Every unit's contribution to the bound (23), rounded up.

    Raises
    ------
    ValueError
        For a curve that proves nothing: a negative price or multiplier, or knots that do not
        rise from the least level to the greatest.
    """
    low, high = level_range(instance)
    levels = [level for level, _ in curve.knots]
    if levels[0] != low or levels[-1] != high or sorted(set(levels)) != levels:
        raise ValueError("the knots must rise from the least level to the greatest")
    if min(price for _, price in curve.knots) < 0 or min((mu for _, mu in curve.multipliers), default=0) < 0:
        raise ValueError("a price is negative")
    scale = lcm(*(value.denominator for knot in curve.knots for value in knot))
    knots = [(int(level * scale), int(price * scale)) for level, price in curve.knots]
    found = []
    for unit in units_of(instance, objective, dict(curve.multipliers)):
        if unit.barred:
            found.append(Contribution(unit, None, Fraction(0)))
            continue
        level, value = best_level(unit, knots, scale)
        outside = value <= 0 and not unit.must
        found.append(Contribution(unit, None if outside else level, Fraction(0) if outside else round_up(value)))
    return found


def curve_bound(
    instance: CepInstance, objective: str, curve: PriceCurve, entries: Sequence[Contribution] | None = None
) -> Fraction:
    """The bound (23) with (25): no grouping that keeps the rules is worth more; ``entries`` if they are known."""
    floors = dict(instance.limits)
    entries = contributions(instance, objective, curve) if entries is None else entries
    total = sum((entry.value for entry in entries), Fraction(0))
    return total - sum((mu * floors[name] for name, mu in curve.multipliers), Fraction(0))
