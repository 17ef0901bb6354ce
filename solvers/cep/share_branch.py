"""Branches of the claim-share tree: what they say, the two parts they make, and those that an LP's mixture suggests.

On a unit's share (52) always. Once the groups of the middle are listed, also on a trait of the unit's group, as in
``group_cover``, or on two units in one group (Ryan and Foster, 1981): it is one of these listed groups, or not (55).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.core.exact import decimal_text
from fairbound.solvers.cep.share_cover import HIGH, LOW, OUT
from fairbound.solvers.cep.share_list import traits
from fairbound.solvers.cep.share_members import Members

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fairbound.solvers.cep.share_cells import Box, Cells, Flags
    from fairbound.solvers.cep.share_list import Listed
    from fairbound.solvers.cep.share_master import Master, Optimum
    from fairbound.solvers.engines.base import Floats

Part = tuple["Box", "Listed | None"]

SHARES, TRAITS, PAIRS = 4, 3, 3
"""Candidates of each kind."""
FRACTION, MOSTLY = 1e-6, 0.5
"""Mass of a unit that is none, and more than which it is mostly covered."""
APART = 1e-9
"""Share of itself by which two values of a trait differ that a branch parts, so that rounding cannot mistake them."""


class Kind(StrEnum):
    """What a branch is on."""

    SHARE = "share"
    WEIGHT = "weight"
    STUDENTS = "students"
    WITH = "with"


@dataclass(frozen=True)
class Branch:
    """A unit's group has a share in cell ``at`` or above; is a listed one with more than ``at``; holds unit ``at``."""

    unit: int
    kind: Kind
    at: int | Fraction

    def stated(self) -> list[int | str]:
        """As a certificate writes it."""
        if self.kind is Kind.SHARE:
            return [self.unit, int(self.at)]
        at = int(self.at) if self.kind is Kind.WITH else decimal_text(Fraction(self.at))
        return [self.unit, self.kind.value, at]

    def boxes(self, box: Box, cells: Cells) -> tuple[Box, Box]:
        """Where units may be if it does not hold, and if it does."""
        if self.kind is Kind.SHARE:
            return box.below(self.unit, int(self.at)), box.above(self.unit, int(self.at))
        units = [self.unit, int(self.at)] if self.kind is Kind.WITH else [self.unit]
        return box, cells.in_middle(box, units)

    def groups(self, inside: Flags, known: Mapping[str, Floats]) -> tuple[Flags, Flags]:
        """Which groups, of these traits, there may be if it does not hold, and if it does; a share is left to boxes."""
        if self.kind is Kind.SHARE:
            both = np.ones(len(inside), dtype=bool)
            return both, both
        holds = inside[:, self.unit]
        if self.kind is Kind.WITH:
            other = inside[:, int(self.at)]
            chosen, touched = holds & other, holds | other
        else:
            chosen, touched = holds & (known[self.kind] > float(self.at)), holds
        return ~chosen, chosen | ~touched

    def parts(self, box: Box, listed: Listed | None, cells: Cells) -> tuple[Part, Part]:
        """Where it does not hold, and where it does."""
        no, yes = self.boxes(box, cells)
        if listed is None:
            return (no, None), (yes, None)
        without, within = self.groups(listed.inside, listed.traits)
        return (no, listed.only(without)), (yes, listed.only(within))


def widest(box: Box) -> Branch | None:
    """The unit with most cells, halved, or one that may stay out, in or out: where the LP says nothing."""
    count = box.allowed.sum(axis=0)
    unit = int(count.argmax())
    if count[unit] > 1:
        places = np.flatnonzero(box.allowed[:, unit])
        return Branch(unit, Kind.SHARE, int(places[len(places) // 2]))
    free = np.flatnonzero((count > 0) & ~box.must)
    return Branch(int(free[0]), Kind.SHARE, 0) if len(free) else None


class Mixture:
    """What an LP's optimum mixes."""

    def __init__(self, cells: Cells, master: Master, optimum: Optimum) -> None:
        self.cells, self.master = cells, master
        used = np.flatnonzero(optimum.weights > 1e-7)
        pairs = master.unit[used] >= 0
        self.pairs, self.groups = used[pairs], used[~pairs]
        self.pair_weights, self.weights = optimum.weights[self.pairs], optimum.weights[self.groups]
        self.inside = master.inside[self.groups]

    def rounded(self, must: Flags) -> list[int]:
        """Where each unit is mostly: the first of its group, or its strip, or outside; groups are disjoint so."""
        cells, master = self.cells, self.master
        mass = np.zeros((3, len(cells.units)))
        upper = master.level[self.pairs] > cells.strips[0]
        np.add.at(mass, (upper.astype(int), master.unit[self.pairs]), self.pair_weights)
        covered = mass.sum(axis=0) + self.weights @ self.inside
        mass[2] = np.where(must, -1.0, 1.0 - covered)
        place = np.array([LOW, HIGH, OUT])[mass.argmax(axis=0)]
        for inside in self.inside[self.weights > MOSTLY]:
            place[inside] = inside.argmax()
        return [int(each) for each in place]

    def shares(self) -> Iterator[Branch]:
        """Units whose groups differ most in their share, parted at its mean; and those with most on the lesser side."""
        cells, master = self.cells, self.master
        at, inside = (np.zeros((len(cells.edges), len(cells.units))) for _ in range(2))
        np.add.at(at, (cells.knots[master.level[self.pairs]], master.unit[self.pairs]), self.pair_weights)
        for column, weight in zip(self.groups, self.weights, strict=True):
            inside[master.cell[column], master.inside[column]] += weight
        found = itertools.chain(self._spread(at, inside), self._lesser(at, inside))
        yield from dict.fromkeys(found)

    def _spread(self, at: Floats, inside: Floats) -> Iterator[Branch]:
        """By how far apart the shares are at which a unit is, for those that are mostly covered."""
        edges = self.cells.edges
        middles = np.r_[(edges[:-1] + edges[1:]) / 2, 1.0]
        covered = (at + inside).sum(axis=0)
        mass = np.where(covered > FRACTION, covered, 1.0)
        mean = (edges @ at + middles @ inside) / mass
        spread = np.maximum((edges**2 @ at + middles**2 @ inside) / mass - mean**2, 0.0) * (covered > MOSTLY)
        for unit in np.argsort(-spread, kind="stable")[:SHARES].tolist():
            if spread[unit] > FRACTION**2:
                yield Branch(unit, Kind.SHARE, int(np.clip(np.searchsorted(edges, mean[unit]), 1, len(edges) - 2)))

    def _lesser(self, at: Floats, inside: Floats) -> Iterator[Branch]:
        """By mass: strictly below an edge, and strictly above it; what lies on the edge is on neither side."""
        mass = at + inside
        out = np.maximum(1.0 - mass.sum(axis=0), 0.0)
        below = out[None] + np.cumsum(mass, axis=0) - mass
        above = np.cumsum(mass[::-1], axis=0)[::-1] - at
        above[0] = 1.0 - out  # in or out
        score = np.minimum(below, above)
        cell = score.argmax(axis=0)
        best = score[cell, np.arange(score.shape[1])]
        for unit in np.argsort(-best, kind="stable")[:SHARES].tolist():
            if best[unit] > FRACTION:
                yield Branch(unit, Kind.SHARE, int(cell[unit]))

    def traits(self, listed: Listed) -> Iterator[Branch]:
        """Units whose groups differ most in a trait, parted at its mean."""
        mixture = self.inside * self.weights[:, None]
        covered = mixture.sum(axis=0)
        known = traits(Members.of(self.inside), self.cells.arrays)
        for kind in (Kind.WEIGHT, Kind.STUDENTS):
            value, every = known[kind], listed.traits[kind]
            mean = mixture.T @ value / np.where(covered > FRACTION, covered, 1.0)
            spread = np.sqrt((mixture * (value[:, None] - mean[None]) ** 2).sum(axis=0))
            for unit in np.argsort(-spread, kind="stable")[:TRAITS].tolist():
                values = every[listed.inside[:, unit]]
                less, more = values[values <= mean[unit]], values[values > mean[unit]]
                if len(less) and len(more) and more.min() - less.max() > APART * abs(mean[unit]):
                    yield Branch(unit, kind, Fraction(f"{(less.max() + more.min()) / 2:.12g}"))

    def together(self) -> Iterator[Branch]:
        """Pairs of units that are about half in one group."""
        both = (self.inside * self.weights[:, None]).T @ self.inside.astype(float)
        score = np.triu(np.minimum(both, 1.0 - both), 1)
        for place in np.argsort(-score, axis=None, kind="stable")[:PAIRS].tolist():
            unit, other = divmod(place, score.shape[1])
            if score[unit, other] > FRACTION:
                yield Branch(unit, Kind.WITH, other)
