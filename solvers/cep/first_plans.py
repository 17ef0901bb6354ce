"""Plans that cost next to nothing: one group, threshold fill, greedy merge, and those of the level LP rounded.

They come before anything else, so that no search ends below a rule of thumb, however little time it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.cep.price_curve import level_range, units_of
from fairbound.solvers.cep.group_moves import OUT, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fairbound.models.cep import CepInstance, Grouping
    from fairbound.models.cep.price_curve import Unit
    from fairbound.solvers.cep.level_lp import LevelLp

MOST_MERGED = 200
"""Units of which every pair of groups is tried."""


def first_plans(instance: CepInstance, objective: str, late: Callable[[], bool]) -> Iterator[Grouping]:
    """One group, one of those that help, threshold fill, greedy merge; some may break a rule."""
    units = units_of(instance, objective)
    everyone = [OUT if unit.barred else 0 for unit in units]
    helpful = [OUT if unit.barred or not (unit.must or _helps(instance, unit)) else 0 for unit in units]
    for home in (everyone, helpful):
        yield Plan(instance, units, home).grouping()
    if not late():
        yield Plan(instance, units, threshold_fill(instance, units)).grouping()
    if len(units) <= MOST_MERGED and not late():
        yield Plan(instance, units, greedy_merge(Plan(instance, units, _alone(units)), late)).grouping()


def _helps(instance: CepInstance, unit: Unit) -> bool:
    low, _ = level_range(instance)
    return unit.lifted >= low * unit.enrolled


def _alone(units: tuple[Unit, ...]) -> list[int]:
    return [OUT if unit.barred else u for u, unit in enumerate(units)]


def threshold_fill(instance: CepInstance, units: tuple[Unit, ...]) -> list[int]:
    """By falling share: a group while it stays fully funded, then one while it keeps the threshold.

    Units that must be covered and fit nowhere join the last group.
    """
    low, high = level_range(instance)
    order = [u for u, unit in enumerate(units) if not unit.barred and unit.enrolled > 0]
    order.sort(key=lambda u: -units[u].lifted / units[u].enrolled)
    home = [OUT] * len(units)
    for group, level in ((0, high), (1, low)):
        over = 0 * low
        for u in order:
            spare = units[u].lifted - level * units[u].enrolled
            if home[u] == OUT and over + spare >= 0:
                home[u], over = group, over + spare
    return [1 if place == OUT and unit.must else place for place, unit in zip(home, units, strict=True)]


def greedy_merge(plan: Plan, late: Callable[[], bool]) -> list[int]:
    """Merge the pair of groups that gains most, while one gains."""
    home = np.array(plan.home)
    columns = (plan.n, plan.q, plan.a, plan.b, plan.size.astype(float))
    count = home.max(initial=OUT) + 1
    sums = [np.array([column[home == g].sum() for g in range(count)]) for column in columns]
    live = list(range(count))
    while len(live) > 1 and not late():
        worth = np.maximum(plan.floats([part[live] for part in sums]), 0.0)
        one, two = np.triu_indices(len(live), 1)
        index = np.array(live)
        merged = plan.floats([part[index[one]] + part[index[two]] for part in sums])
        gain = merged - worth[one] - worth[two]
        best = int(gain.argmax())
        if not gain[best] > 0:
            break
        kept, lost = int(index[one[best]]), int(index[two[best]])
        for part in sums:
            part[kept] += part[lost]
        home[home == lost] = kept
        live.remove(lost)
    worth = plan.floats(sums)
    return [int(g) if g != OUT and worth[g] > 0 else OUT for g in home]


def rounded(lp: LevelLp) -> list[int]:
    """The level at which the level LP has most of each unit; out where most of it is."""
    used = np.zeros((len(lp.units), len(lp.levels)))
    x = np.asarray(lp.highs.getSolution().col_value)
    for weight, (unit, level) in zip(x, lp.columns, strict=True):
        if unit >= 0 and weight > 0:
            used[unit, level] += weight
    home = np.where(used.sum(axis=1) >= 0.5, used.argmax(axis=1), OUT)
    return [int(level) for level in home]
