"""Dual bounds and what they rest on; the level follows from that, here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction


class Level(StrEnum):
    """The certificate ladder: what was checked, and by whom (``docs/ladder.md``)."""

    L0 = "L0"
    """Claimed: the engine says so."""
    L1 = "L1"
    """Exact primal: feasibility and value recomputed in rationals; the dual bound is a claim."""
    L2 = "L2"
    """Exact bound: the dual bound is a rational that a theorem or multipliers prove."""
    L3 = "L3"
    """Independent engines agree."""
    L4 = "L4"
    """A tree certificate was replayed."""
    L5 = "L5"
    """A VIPR certificate was accepted."""


class Basis(StrEnum):
    """What a dual bound rests on."""

    CLAIM = "claim"
    """An engine's word, or that of a search in floats."""
    WITNESSES = "witnesses"
    """An engine's word, and that of others which were asked the same in processes of their own."""
    THEOREM = "theorem"
    """A theorem of the problem's page, or an enumeration, in exact arithmetic."""
    MULTIPLIERS = "multipliers"
    """Weak duality with the multipliers of a linear program, the rounding paid for."""
    CERTIFICATE = "certificate"
    """A certificate that a checker replayed."""


_LEVELS = {
    Basis.CLAIM: Level.L1,
    Basis.WITNESSES: Level.L3,
    Basis.THEOREM: Level.L2,
    Basis.MULTIPLIERS: Level.L2,
    Basis.CERTIFICATE: Level.L4,
}


@dataclass(frozen=True)
class Bound:
    """A dual bound.

    Attributes
    ----------
    source
        The equation, the engine or the format, for people.
    """

    value: Fraction
    basis: Basis
    source: str = ""

    @property
    def level(self) -> Level:
        """What the bound is worth beside an exact value."""
        return _LEVELS[self.basis]

    @property
    def proven(self) -> bool:
        """Whether it holds whatever an engine did."""
        return self.basis not in (Basis.CLAIM, Basis.WITNESSES)


def level_of(has_value: bool, bound: Bound | None) -> Level:
    """The level of a result: nothing is checked without a feasible solution, and a bound adds what it rests on."""
    if not has_value:
        return Level.L0
    return Level.L1 if bound is None else bound.level
