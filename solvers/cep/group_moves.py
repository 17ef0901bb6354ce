"""Local search over groupings: moves and swaps, each accepted on exact integers.

Floats choose the candidates (one array operation for all moves of all units); a candidate counts
only if the exact value rises and the thresholds hold, in integers.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.cep import CepInstance, Grouping
from fairbound.models.cep.price_curve import Unit, level_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fairbound.solvers.engines.base import Floats
    from numpy.typing import NDArray

OUT = -1
SWAP_NEIGHBOURS = 200
"""Units of each group that are tried in swaps: those with the least to lose."""


class Plan:
    """A grouping under change: group of each unit, and exact sums of each group as integers."""

    def __init__(self, instance: CepInstance, units: Sequence[Unit], home: Iterable[int]) -> None:
        self.units, self.instance = units, instance
        low, _ = level_range(instance)
        self.low = low
        measures = [
            lcm(*(getattr(unit, name).denominator for unit in units))
            for name in ("enrolled", "lifted", "fixed", "slope")
        ]
        people, worth = lcm(measures[0], measures[1]), lcm(measures[2], measures[3])
        self.worth_scale = worth
        self.enrolled = [int(unit.enrolled * people) for unit in units]
        self.lifted = [int(unit.lifted * people) for unit in units]
        self.fixed = [int(unit.fixed * worth) for unit in units]
        self.slope = [int(unit.slope * worth) for unit in units]
        self.n = np.array([float(unit.enrolled) for unit in units])
        self.q = np.array([float(unit.lifted) for unit in units])
        self.a = np.array([float(unit.fixed) for unit in units])
        self.b = np.array([float(unit.slope) for unit in units])
        self.size = np.array([len(unit.members) for unit in units])
        self.home: list[int] = list(home)
        self.renumber()

    def renumber(self) -> None:
        """Number the groups in use from 0."""
        names = {g: i for i, g in enumerate(sorted({g for g in self.home if g != OUT}))}
        self.home = [names.get(g, OUT) for g in self.home]
        count = len(names)
        self.sums = [[0, 0, 0, 0, 0] for _ in range(count)]
        for u, g in enumerate(self.home):
            if g != OUT:
                self.shift(g, u, 1)

    def shift(self, g: int, u: int, sign: int) -> None:
        """Add a unit's sums to a group's (1) or take them off (-1)."""
        sums = self.sums[g]
        sums[0] += sign * self.enrolled[u]
        sums[1] += sign * self.lifted[u]
        sums[2] += sign * self.fixed[u]
        sums[3] += sign * self.slope[u]
        sums[4] += sign * len(self.units[u].members)

    def _worth(self, sums: Sequence[int]) -> Fraction | None:
        """Exact value of a group with these sums, times the scale; ``None`` if it breaks a rule."""
        enrolled, lifted, fixed, slope, size = sums
        if size == 0:
            return Fraction(0)
        if size < self.instance.min_group or lifted * self.low.denominator < self.low.numerator * enrolled:
            return None
        if lifted >= enrolled:
            return Fraction(fixed + slope)
        return fixed + Fraction(slope * lifted, enrolled)

    def value(self) -> Fraction | None:
        """Exact value of the plan, or ``None`` if a group breaks a rule."""
        total = Fraction(0)
        for sums in self.sums:
            worth = self._worth(sums)
            if worth is None:
                return None
            total += worth
        return total / self.worth_scale

    def grouping(self) -> Grouping:
        """The plan as a solution."""
        groups: dict[int, list[str]] = {}
        for u, g in enumerate(self.home):
            if g != OUT:
                groups.setdefault(g, []).extend(self.units[u].members)
        return Grouping.of(groups.values())

    def try_change(self, changes: Sequence[tuple[int, int]]) -> bool:
        """Move each (unit, group); undone unless the exact value rises."""
        touched = {self.home[u] for u, _ in changes} | {g for _, g in changes}
        touched.discard(OUT)
        before = [self._worth(self.sums[g]) for g in touched]
        saved = {g: list(self.sums[g]) for g in touched}
        old = [(u, self.home[u]) for u, _ in changes]
        for u, g in changes:
            if self.home[u] != OUT:
                self.shift(self.home[u], u, -1)
            self.home[u] = g
            if g != OUT:
                self.shift(g, u, 1)
        after = [self._worth(self.sums[g]) for g in touched]
        if None not in after and (None in before or sum(map(_value, after)) > sum(map(_value, before))):
            return True
        for u, g in old:
            self.home[u] = g
        for g, sums in saved.items():
            self.sums[g] = sums
        return False

    def floats(self, sums: Sequence[Floats]) -> Floats:
        """Value of groups with these float sums (N, q, a, b, size); -inf where a rule breaks."""
        enrolled, lifted, fixed, slope, size = sums
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(lifted >= enrolled, 1.0, lifted / np.where(enrolled > 0, enrolled, 1.0))
        fine = (lifted >= float(self.low) * enrolled * (1 - 1e-12)) & (size >= self.instance.min_group)
        return np.asarray(np.where(size == 0, 0.0, np.where(fine, fixed + share * slope, -np.inf)))

    def group_floats(self) -> tuple[list[Floats], Floats, NDArray[np.int64]]:
        """Float sums of every group, their values, and the group of every unit."""
        home = np.array(self.home)
        count = max(len(self.sums), 1)
        sums = [np.zeros(count) for _ in range(5)]
        inside = home >= 0
        for total, column in zip(sums, (self.n, self.q, self.a, self.b, self.size), strict=True):
            np.add.at(total, home[inside], column[inside])
        return sums, self.floats(sums), home


def _value(worth: Fraction | None) -> Fraction:
    return worth if worth is not None else Fraction(0)


def improve(
    plan: Plan, may_leave: NDArray[np.bool_], fixed_out: NDArray[np.bool_], enough: Callable[[], bool], spare: int = 1
) -> int:
    """Moves, then swaps, until neither gains or ``enough`` says stop. Returns how many were made.

    Parameters
    ----------
    may_leave, fixed_out
        Units that may stay outside CEP; units that must.
    spare
        Empty groups that a move may open.
    """
    made = 0
    limit = plan.instance.groups
    tolerance = 1e-6
    while not enough():
        while spare and len([s for s in plan.sums if s[4] == 0]) < spare and (limit is None or len(plan.sums) < limit):
            plan.sums.append([0, 0, 0, 0, 0])
        changes = _moves(plan, may_leave, fixed_out, tolerance)
        done = sum(plan.try_change([change]) for change in changes)
        if not done:
            done = int(_swap(plan, fixed_out, tolerance, enough))
        if not done:
            break
        made += done
    plan.renumber()
    return made


def _moves(plan: Plan, may_leave: Any, fixed_out: Any, tolerance: float) -> list[tuple[int, int]]:
    """Moves that gain by themselves, best first, one a unit."""
    sums, worth, home = plan.group_floats()
    columns = (plan.n, plan.q, plan.a, plan.b, plan.size)
    inside = home >= 0
    at = np.where(inside, home, 0)
    rest = [np.where(inside, total[at] - column, 0.0) for total, column in zip(sums, columns, strict=True)]
    joined = [total[None, :] + column[:, None] for total, column in zip(sums, columns, strict=True)]
    with np.errstate(invalid="ignore"):  # -inf - -inf: a broken group that stays broken gains nothing
        leaving = np.where(inside, plan.floats(rest) - worth[at], 0.0)
        gain = leaving[:, None] + plan.floats(joined) - worth[None, :]
        gain[np.arange(len(home))[inside], home[inside]] = -np.inf
        gain = np.hstack([gain, np.where(may_leave & inside, leaving, -np.inf)[:, None]])
    gain[fixed_out] = -np.inf
    gain = np.nan_to_num(gain, nan=-np.inf)
    best = gain.argmax(axis=1)
    value = gain[np.arange(len(home)), best]
    order = np.argsort(-value)
    groups = gain.shape[1] - 1
    return [(int(u), OUT if best[u] == groups else int(best[u])) for u in order if value[u] > tolerance][:50]


def _swap(plan: Plan, fixed_out: Any, tolerance: float, enough: Callable[[], bool]) -> bool:
    """The best exchange of two units between two groups, over pairs of groups in turn."""
    sums, worth, home = plan.group_floats()
    columns = (plan.n, plan.q, plan.a, plan.b, plan.size)
    made = False
    members = [np.flatnonzero((home == g) & ~fixed_out) for g in range(len(plan.sums))]
    for g in range(len(members)):
        for h in range(g + 1, len(members)):
            if not len(members[g]) or not len(members[h]) or enough():
                continue
            one, two = members[g], members[h]
            if len(one) * len(two) > SWAP_NEIGHBOURS**2:
                continue
            left = [t[g] - c[one][:, None] + c[two][None, :] for t, c in zip(sums, columns, strict=True)]
            right = [t[h] - c[two][None, :] + c[one][:, None] for t, c in zip(sums, columns, strict=True)]
            with np.errstate(invalid="ignore"):
                gain = np.nan_to_num(plan.floats(left) + plan.floats(right) - worth[g] - worth[h], nan=-np.inf)
            i, j = np.unravel_index(int(gain.argmax()), gain.shape)
            if gain[i, j] > tolerance and plan.try_change([(int(one[i]), h), (int(two[j]), g)]):
                made = True
                sums, worth, home = plan.group_floats()
                members = [np.flatnonzero((home == k) & ~fixed_out) for k in range(len(plan.sums))]
    return made
