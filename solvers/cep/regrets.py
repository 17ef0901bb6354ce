"""What each unit loses against the price curve at a level, and the interval models made of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.cep import CepInstance, intervals
from fairbound.models.cep.intervals import OUT, Slot
from fairbound.models.cep.price_curve import Contribution, PriceCurve, Unit, units_of
from fairbound.solvers.cep.level_lp import UnitArrays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairbound.solvers.engines.base import Floats
    from numpy.typing import NDArray
    from pyomo.core import ConcreteModel

MOST_PAIRS = 2000
"""Pairs (unit, slot) beyond each unit's best one that an interval model may hold."""


@dataclass(frozen=True)
class Regrets:
    """The price curve seen from each unit, as floats.

    Attributes
    ----------
    best
        Each unit's contribution to the bound.
    """

    instance: CepInstance
    units: tuple[Unit, ...]
    arrays: UnitArrays
    levels: Floats
    prices: Floats
    best: Floats
    must: NDArray[np.bool_]
    barred: NDArray[np.bool_]

    @classmethod
    def of(cls, instance: CepInstance, objective: str, curve: PriceCurve, entries: Sequence[Contribution]) -> Regrets:
        """The regrets of a price curve, one entry a school."""
        units = units_of(instance, objective, dict(curve.multipliers))
        return cls(
            instance,
            units,
            UnitArrays.of(units),
            np.array([float(level) for level, _ in curve.knots]),
            np.array([float(price) for _, price in curve.knots]),
            np.array([float(entry.value) for entry in entries]),
            np.array([unit.must for unit in units]),
            np.array([unit.barred for unit in units]),
        )

    @property
    def low(self) -> float:
        """The lowest claim share."""
        return float(self.levels[0])

    @property
    def high(self) -> float:
        """The highest claim share."""
        return float(self.levels[-1])

    def price(self, level: Floats | float) -> Floats:
        """lambda at levels."""
        return np.asarray(np.interp(level, self.levels, self.prices))

    def at(self, level: Floats) -> Floats:
        """Regret of every unit (rows) at levels (columns), equation (30); infinite where barred."""
        regret = np.maximum(self.best[:, None] - self.arrays.worth(level, self.price(level)), 0.0)
        regret[self.barred] = np.inf
        return np.asarray(regret)

    def outside(self) -> Floats:
        """Regret of staying outside CEP."""
        return np.where(self.must, np.inf, self.best)


def middle_slots(regrets: Regrets, edges: Floats) -> tuple[list[Slot], Floats]:
    """Slots for a search: the threshold, the intervals between edges, full funding; and their regrets.

    A group at the threshold slot may lie above it and then is worth (W/N - lambda) more per lifted
    student; the slot's cost is estimated from the units that like it best.
    """
    low, high = regrets.low, regrets.high
    top = Slot(high, None, float(regrets.price(high)))
    if high <= low:
        return [top], regrets.at(np.array([high]))
    middles = (edges[:-1] + edges[1:]) / 2
    cost = regrets.at(np.r_[low, middles, high])
    fans = cost.argmin(axis=1) == 0
    people, worth = regrets.arrays.enrolled[fans].sum(), regrets.arrays.slope[fans].sum()
    slack = float(regrets.price(low)) - (worth / people if people else 0.0)
    slots = [Slot(low, None, max(slack, 0.0))]
    slots += [Slot(float(a), float(b)) for a, b in pairwise(edges)]
    return [*slots, top], cost


@dataclass(frozen=True)
class IntervalModel:
    """An interval model, with the units that were settled beforehand.

    Attributes
    ----------
    settled
        Slot of each unit that was given no choice.
    pseudo
        For each slot, the index under which the sum of its settled units enters the model.
    """

    model: ConcreteModel
    settled: Mapping[int, int]
    pseudo: Mapping[int, int]
    constant: float

    def placement(self, count: int) -> list[int]:
        """Slot of every unit, read from the solved model."""
        chosen = intervals.extract(self.model)
        return [chosen[u] if u in chosen else self.settled[u] for u in range(count)]

    def assign(self, placed: Sequence[int]) -> None:
        """Write a placement as a warm start."""
        start = dict(enumerate(placed)) | {index: slot for slot, index in self.pseudo.items()}
        intervals.assign(self.model, start)


def interval_model(
    regrets: Regrets,
    slots: Sequence[Slot],
    cost: Floats,
    cutoff: float,
    keep: Sequence[int] | None = None,
    most_pairs: int | None = MOST_PAIRS,
) -> IntervalModel:
    """Equations (31) to (34) over the pairs whose cost is at most ``cutoff``.

    Parameters
    ----------
    keep
        Slots of a known plan: these pairs stay in, whatever they cost.
    most_pairs
        If more pairs qualify, only the cheapest stay (a search may do so, a bound may not).
    """
    instance, arrays = regrets.instance, regrets.arrays
    table = np.hstack([cost, regrets.outside()[:, None]])
    favourite = table.argmin(axis=1)
    allowed = table <= cutoff
    allowed[np.arange(len(table)), favourite] |= np.isfinite(table.min(axis=1))
    extra = table[allowed] - 0.0
    if most_pairs is not None and allowed.sum() - len(table) > most_pairs:
        limit = np.partition(extra, len(table) + most_pairs)[len(table) + most_pairs]
        allowed &= table <= limit
        allowed[np.arange(len(table)), favourite] |= np.isfinite(table.min(axis=1))
    if keep is not None:
        for u, k in enumerate(keep):
            allowed[u, k if k != OUT else cost.shape[1]] = True
    allowed &= np.isfinite(table)
    count, out = len(regrets.units), cost.shape[1]
    settled = {u: int(np.flatnonzero(allowed[u])[0]) for u in range(count) if allowed[u].sum() == 1}
    enrolled, lifted = arrays.enrolled.tolist(), arrays.lifted.tolist()
    sizes = [len(unit.members) for unit in regrets.units]
    floors = [(float(value), UnitArrays.of(units_of(instance, name))) for name, value in instance.limits]
    rows: list[dict[tuple[int, int], float]] = [{} for _ in floors]
    costs: dict[tuple[int, int], float] = {}
    pseudo: dict[int, int] = {}
    for slot in sorted(set(settled.values())):
        group = [u for u, k in settled.items() if k == slot]
        if slot == out:
            continue
        pseudo[slot] = len(enrolled)
        for row, (_, counted) in zip(rows, floors, strict=True):
            share = min(1.0, slots[slot].low)
            row[pseudo[slot], slot] = float((counted.fixed[group] + share * counted.slope[group]).sum())
        costs[pseudo[slot], slot] = 0.0
        enrolled.append(float(arrays.enrolled[group].sum()))
        lifted.append(float(arrays.lifted[group].sum()))
        sizes.append(sum(sizes[u] for u in group))
    for u in range(count):
        if u in settled or not allowed[u].any():
            continue
        for k in np.flatnonzero(allowed[u]).tolist():
            pair = (u, k if k != out else OUT)
            costs[pair] = float(table[u, k])
            if k != out:
                for row, (_, counted) in zip(rows, floors, strict=True):
                    row[pair] = float(counted.fixed[u] + min(1.0, slots[k].low) * counted.slope[u])
    model = intervals.build(
        enrolled,
        lifted,
        slots,
        costs,
        floors=[(row, value) for row, (value, _) in zip(rows, floors, strict=True)],
        most_groups=instance.groups,
        min_group=instance.min_group,
        sizes=sizes,
    )
    constant = float(sum(table[u, k] for u, k in settled.items()))
    return IntervalModel(model, {u: k if k != out else OUT for u, k in settled.items()}, pseudo, constant)
