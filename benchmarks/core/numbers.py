"""How a report writes numbers: one rule a kind, the same in tables, captions, hover texts and LaTeX.

``benchmarks/templates/report.js`` states the same rules for what it writes in the page itself.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from math import floor, inf, log10
from typing import TYPE_CHECKING

from fairbound.models.core.exact import decimal_text

if TYPE_CHECKING:
    from fractions import Fraction

INFINITE = "∞"
LEAST_DECIMALS = 4
"""Decimals of a value; below 1 it has six significant digits instead."""


def _fixed(value: float, digits: int) -> Decimal:
    """So many decimals, halves away from 0: a browser rounds so."""
    return Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _few(value: float, digits: int) -> str:
    """Thousands separated, at most so many decimals."""
    text = f"{_fixed(value, digits):,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def value_text(value: Fraction | float | None) -> str:
    """A value; ``…`` after an exact one that goes on."""
    if value is None:
        return ""
    if isinstance(value, float):
        if abs(value) == inf:
            return INFINITE if value > 0 else f"-{INFINITE}"
        return f"{value:.6g}" if abs(value) < 1 else _few(value, LEAST_DECIMALS)
    text = decimal_text(value)
    if "/" in text or len(text.partition(".")[2]) > LEAST_DECIMALS:
        number = float(value)
        return f"{number:.6g}…" if abs(number) < 1 else f"{number:,.{LEAST_DECIMALS}f}…"
    whole, point, part = text.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{abs(int(whole)):,}{point}{part}"


def seconds_number(value: float) -> str:
    """Seconds without their unit."""
    if value == inf:
        return INFINITE
    if value >= 100:
        return _few(value, 0)
    return str(_fixed(value, 2 if value >= 0.1 else 4))


def percent_number(share: float) -> str:
    """A share in percent without the sign: three significant digits, exactly 0 as ``0``."""
    if share == inf:
        return INFINITE
    if share == 0:
        return "0"
    value = 100 * share
    return _few(value, 2 - floor(log10(abs(value))))


def seconds_text(value: float) -> str:
    """Seconds with their unit."""
    return f"{seconds_number(value)} s"


def percent_text(share: float) -> str:
    """A share with its sign, but for a plain 0."""
    text = percent_number(share)
    return text if text in ("0", INFINITE) else f"{text} %"


def count_text(value: float) -> str:
    """A count; medians may end in a half."""
    return INFINITE if value == inf else _few(value, 1)


def megabytes_number(value: float) -> str:
    """Megabytes without decimals."""
    return INFINITE if value == inf else _few(value, 0)
