"""Settings of generators, read from text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import parse_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction


def whole(settings: Mapping[str, str], key: str, least: int, most: int = 10**6) -> int:
    """A whole number between bounds; raises ``InputError``."""
    text = settings[key].strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most):
        raise InputError(f"setting {key}", found=settings[key], wanted=f"a whole number from {least:,} to {most:,}")
    return int(text)


def share(settings: Mapping[str, str], key: str) -> Fraction:
    """A number from 0 to 1; raises ``InputError``."""
    try:
        number = parse_number(settings[key])
    except ValueError:
        number = None
    if number is None or not 0 <= number <= 1:
        raise InputError(f"setting {key}", found=settings[key], wanted="a number from 0 to 1")
    return number


def flag(settings: Mapping[str, str], key: str) -> bool:
    """Yes or no; raises ``InputError``."""
    if settings[key] not in ("yes", "no"):
        raise InputError(f"setting {key}", found=settings[key], wanted="yes or no")
    return settings[key] == "yes"
