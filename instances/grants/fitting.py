"""Effects of spending that least squares finds in a panel, and what resampled districts say of them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.grants.instance import Effect
from fairbound.models.scores.panel import WINDOW, windows

if TYPE_CHECKING:
    from fairbound.models.scores.panel import Panel
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DRAWS, SEED, DIGITS = 200, 1, 6
TWO_SIDES = 1.96
"""Standard deviations on either side of an estimate that hold 95 in 100 draws."""


def fitted_effects(panel: Panel) -> tuple[tuple[Effect, ...], tuple[tuple[Fraction, ...], ...]]:
    """Effects of the label year's spending beside seven past scores, and the same for resampled districts.

    Returns
    -------
    effects
        Points for 1,000 dollars per student, by function; the width is 1.96 standard deviations of the draws.
    draws
        ``DRAWS`` rows of effects: districts are drawn again with all of their years.
    """
    products, count = _products(panel)
    functions = len(panel.functions)
    whole = _solve(products.sum(axis=0), functions)
    draw = np.random.default_rng(SEED)
    again = np.array(
        [
            _solve(np.tensordot(np.bincount(draw.integers(count, size=count), minlength=count), products, 1), functions)
            for _ in range(DRAWS)
        ]
    )
    widths = TWO_SIDES * again.std(axis=0, ddof=1)
    effects = tuple(Effect(_rounded(c), _rounded(w)) for c, w in zip(whole, widths, strict=True))
    return effects, tuple(tuple(map(_rounded, row)) for row in again)


def _rounded(value: float) -> Fraction:
    return Fraction(f"{value:.{DIGITS}f}")


def _products(panel: Panel) -> tuple[Floats, int]:
    """Sums of products of each district's rows: a constant, past scores, spending of the label's year, the label."""
    count = len(panel.districts)
    width = 1 + WINDOW - 1 + len(panel.functions) + 1
    found = np.zeros((count, width, width))
    for window in windows(panel, past=False):
        if window.observed:
            district = panel.districts[window.district]
            spending = [amount / 1000 for amount in district.spending[window.start + WINDOW - 1]]
            row = np.array([1.0, *(score / 1000 for score in window.past), *spending, window.label / 1000])
            found[window.district] += np.outer(row, row)
    return found, count


def _solve(products: Floats, functions: int) -> Floats:
    """Least squares from products; the last coefficients are those of spending."""
    solved = np.linalg.lstsq(products[:-1, :-1], products[:-1, -1], rcond=None)[0]
    return np.asarray(solved[-functions:])
