"""Read the values of ``--set``: what the parameters of several problems have in common."""

from __future__ import annotations

from fractions import Fraction

from fairbound.models.errors import InputError
from fairbound.models.exact import parse_number


def read_number(name: str, text: str, wanted: str) -> Fraction:
    """An exact number; raises ``InputError`` that names the parameter."""
    try:
        return parse_number(text)
    except ValueError:
        raise InputError(f"parameter {name}", found=text, wanted=wanted) from None


def read_together(text: str) -> tuple[tuple[str, ...], ...]:
    """Sets of ids that share their fate: ids joined by ``+``, sets separated by ``;``."""
    sets = (sorted({part.strip() for part in ids.split("+") if part.strip()}) for ids in text.split(";"))
    return tuple(sorted(tuple(ids) for ids in sets if ids))
