r"""Convex functions of a district's composition, and their minorants: what the spatial tree cuts with.

A district at composition :math:`\lambda` (share of its students from each origin) scores
:math:`G(\lambda)`, a sum of convex functions of linear functions of :math:`\lambda`. A *cut* is a point
at which G is linearised: rational data, from which anyone can recompute the coefficients exactly.

==========  ================================================  =========================================
kind        term of G, with :math:`a(\lambda) = \sum a_i \lambda_i`     minorant at v, coefficient of origin i
==========  ================================================  =========================================
square      :math:`w\,a(\lambda)^2`                           :math:`w (2 v a_i - v^2)`
absolute    :math:`w\,|a(\lambda)|`                           :math:`w v a_i`, with :math:`|v| \le 1`
inverse     :math:`w (1/a(\lambda) - 1)^2`                    :math:`w (f(v) + f'(v) (a_i - v))`
==========  ================================================  =========================================

The inverse is convex for a <= 3/2 only. A tangent at v <= 3/2 that lies under f at the largest a of the
neighbourhood lies under f on all of it: f is concave from 3/2 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import inf, nextafter

import numpy as np
from fairbound.models.transfers import Reading, TransferInstance
from fairbound.models.transfers.instance import RACE_L1, RACE_L1_WEIGHTED, RACE_WEIGHTED
from fairbound.models.transfers.terms import Amount, ratios
from numpy.typing import NDArray

Floats = NDArray[np.float64]

POINT_BITS = 30
"""Cut points are multiples of 2**-POINT_BITS: short rationals, and floats exactly."""

CONVEX_TO = Fraction(3, 2)


@dataclass(frozen=True)
class Linear:
    """One term of G: kind, weight w, and a_i of every origin."""

    kind: str
    weight: Fraction
    rates: tuple[Fraction, ...]


@dataclass(frozen=True)
class SizeTerm:
    """A term of what stays: a function of x = n_j / S_j alone, not of composition.

    ``square``: w (a x - 1)^2; ``inverse``: w (1 / (a x) - 1)^2, with a by district.
    """

    kind: str
    weight: Fraction
    rates: tuple[Fraction, ...]

    def value(self, j: int, x: float) -> float:
        """The term in district j."""
        a = float(self.rates[j]) * x
        return float(self.weight) * ((a if self.kind == "square" else 1 / a) - 1) ** 2

    def line(self, j: int, x: float, low: float, high: float) -> tuple[float, float]:
        """Floats (c, d) of a line c + d x under the term on [low, high]: its tangent near x where that is one.

        The inequality is exact: the slope is rounded, and c is what that slope leaves, rounded down.
        """
        a, w = self.rates[j], self.weight
        first, last = Fraction(low), Fraction(high)
        if self.kind == "square":
            d = Fraction(float(2 * w * a * (a * Fraction(x) - 1)))
            at = (1 + d / (2 * w * a)) / a  # where the slope is d
            c = w * (a * at - 1) ** 2 - d * at
        elif a * first >= CONVEX_TO:  # concave throughout: the chord
            ends = [(end, w * (1 / (a * end) - 1) ** 2) for end in (first, last)]
            d = Fraction(float((ends[1][1] - ends[0][1]) / max(last - first, Fraction(1, 10**12))))
            c = min(value - d * end for end, value in ends)
        else:
            v = min(Fraction(float(a * Fraction(x))), CONVEX_TO)
            while not tangent_holds(v, a * last):
                v = Fraction(float(v * Fraction(31, 32)))
            slope = -2 * w * a * (1 / v - 1) / v**2
            d = Fraction(float(slope))
            c = w * (1 / v - 1) ** 2 - slope * v / a - abs(slope - d) * last
        return nextafter(float(c), -inf), float(d)


@dataclass(frozen=True)
class Composition:
    """G of an objective on an instance, in units of 1/N: the objective is the mean of G over districts.

    Attributes
    ----------
    by_students
        Each district counts by its students n_j / (S/N) instead of once.
    rates
        a_i of every term, shape (districts, terms).
    """

    terms: tuple[Linear, ...]
    size_terms: tuple[SizeTerm, ...]
    near: tuple[tuple[int, ...], ...]
    by_students: bool = False

    @cached_property
    def rates(self) -> Floats:
        """Rates (districts, terms)."""
        count = len(self.near)
        return np.array([[float(t.rates[i]) for t in self.terms] for i in range(count)]).reshape(count, -1)

    @cached_property
    def weights(self) -> Floats:
        """Weight of each term."""
        return np.array([float(term.weight) for term in self.terms])

    @cached_property
    def kinds(self) -> NDArray[np.str_]:
        """Kind of each term, as text."""
        return np.array([term.kind for term in self.terms], dtype=np.str_)

    @cached_property
    def most(self) -> Floats:
        """Upper bounds of G over each neighbourhood; convex kinds peak at one origin."""
        peaks = np.zeros(len(self.near))
        for j, near in enumerate(self.near):
            for k, term in enumerate(self.terms):
                values = self.rates[list(near), k]
                ends = np.array([values.min(), values.max()])
                peaks[j] += self.weights[k] * _value(term.kind, ends).max()
        return peaks * (1 + 1e-9) + 1e-12

    def value(self, a: Floats) -> Floats:
        """G at linear functions a(lambda), shape (..., terms)."""
        total = np.zeros(a.shape[:-1])
        for kind in ("square", "absolute", "inverse"):
            chosen = self.kinds == kind
            if chosen.any():
                total = total + _value(kind, a[..., chosen]) @ self.weights[chosen]
        return total

    def point(self, j: int, a: Floats) -> Floats:
        """The cut point v at values a(lambda) of district j, rounded to short rationals."""
        v = np.where(self.kinds == "absolute", np.sign(a), a)
        v = np.rint(np.ldexp(v, POINT_BITS)) / 2.0**POINT_BITS
        for k in np.flatnonzero(self.kinds == "inverse"):
            largest = max(self.terms[k].rates[i] for i in self.near[j])
            guess = Fraction(min(max(float(v[k]), 1 / 64), float(CONVEX_TO)))
            while not tangent_holds(guess, largest):
                guess = Fraction(round(guess * Fraction(31, 32) * 2**POINT_BITS), 2**POINT_BITS)
            v[k] = float(guess)
        return v

    def coefficients(self, j: int, v: Floats) -> tuple[Floats, float]:
        """Coefficients of the cut at v for the origins ``near[j]``, and a bound on their magnitude.

        The bound counts every intermediate product, so that it also bounds rounding errors.
        """
        a = self.rates[list(self.near[j])]
        total, size = np.zeros(len(a)), np.zeros(len(a))
        for kind in ("square", "absolute", "inverse"):
            chosen = self.kinds == kind
            if not chosen.any():
                continue
            w, b, u = self.weights[chosen], a[:, chosen], v[chosen]
            if kind == "square":
                total += b @ (2 * w * u) - w @ (u * u)
                size += np.abs(b) @ (2 * w * np.abs(u)) + w @ (u * u)
            elif kind == "absolute":
                total += b @ (w * u)
                size += np.abs(b) @ (w * np.abs(u))
            else:
                slope = -2 * (1 / u - 1) / u**2
                total += (b - u) @ (w * slope) + w @ (1 / u - 1) ** 2
                size += (b + u) @ (w * 4 * (1 + 1 / u) / u**2) + w @ (1 / u + 1) ** 2
        return total, float(size.max())

    def exact_coefficients(self, j: int, v: Floats) -> list[Fraction]:
        """The same in rational arithmetic."""
        return [sum((exact_minorant(t, i, Fraction(float(u))) for t, u in zip(self.terms, v, strict=True)), Fraction(0))
                for i in self.near[j]]  # fmt: skip


def _value(kind: str, a: Floats) -> Floats:
    if kind == "square":
        return a * a
    return np.abs(a) if kind == "absolute" else (1 / a - 1) ** 2


def tangent_holds(v: Fraction, largest: Fraction) -> bool:
    """Whether the tangent of (1/a - 1)^2 at v lies under it on (0, largest]."""
    if v > CONVEX_TO:
        return False
    if largest <= CONVEX_TO:
        return True
    value, slope = (1 / v - 1) ** 2, -2 * (1 / v - 1) / v**2
    return value + slope * (largest - v) <= (1 / largest - 1) ** 2


def exact_minorant(term: Linear, i: int, v: Fraction) -> Fraction:
    """Coefficient of origin i in the minorant of one term at v."""
    a = term.rates[i]
    if term.kind == "square":
        return term.weight * (2 * v * a - v * v)
    if term.kind == "absolute":
        return term.weight * v * a
    return term.weight * ((1 / v - 1) ** 2 - 2 * (1 / v - 1) / v**2 * (a - v))


def composition(instance: TransferInstance, objective: str) -> Composition:
    """G of an objective."""
    count = len(instance.districts)
    by_students = objective in (RACE_WEIGHTED, RACE_L1_WEIGHTED)
    unit = instance.total if by_students else Fraction(count)
    terms: list[Linear] = []
    size_terms: list[SizeTerm] = []
    for ratio in ratios(instance, objective):
        weight, target = ratio.weight * unit, ratio.target
        if ratio.denominator.counts_students and ratio.numerator.rates is not None:
            kind = "absolute" if objective in (RACE_L1, RACE_L1_WEIGHTED) else "square"
            terms.append(Linear(kind, weight, tuple(rate - target for rate in ratio.numerator.rates)))
        elif ratio.denominator.rates is not None and not ratio.denominator.counts_students:
            # (n/T - mu)^2 = mu^2 (1/(mu T/n) - 1)^2
            rates = tuple(rate * target for rate in ratio.denominator.rates)
            terms.append(Linear("inverse", weight * target**2, rates))
        elif target:  # no revenue at all scores 0 whatever the sizes
            size_terms.append(_stays(instance, ratio.numerator, ratio.denominator, weight, target))
    near = tuple((j, *instance.neighbours[j]) for j in range(count))
    return Composition(tuple(terms), tuple(size_terms), near, by_students)


def _stays(
    instance: TransferInstance, numerator: Amount, denominator: Amount, weight: Fraction, target: Fraction
) -> SizeTerm:
    assert instance.reading is Reading.STAY
    sizes = instance.sizes
    if denominator.rates is None:  # n/T with T fixed
        return SizeTerm(
            "square",
            weight * target**2,
            tuple(size / (t * target) for size, t in zip(sizes, denominator.today, strict=True)),
        )
    floor = min((value for value in numerator.today if value > 0), default=Fraction(1))
    # V/n with V fixed; a district with V = 0 scores mu^2 at any size, which a huge rate says too.
    return SizeTerm(
        "inverse",
        weight * target**2,
        tuple(target * size / (v if v > 0 else floor / 10**9) for size, v in zip(sizes, numerator.today, strict=True)),
    )
