"""Pairs (unit, school) that no feasible zoning can use: what the models leave out.

The travel limit, settled units and schools' own units leave a unit few schools. *Fixing* goes on:
a connected zone that holds unit v holds a path from its school to v, so its students are at least
those of the lightest such path together with those of the units that have no other school.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.core.problem import once

if TYPE_CHECKING:
    from fairbound.models.blocks.instance import ZoneInstance

LARGEST = 2**62
"""Whole numbers below it have room in an array."""
Options = Sequence[AbstractSet[int]]
"""Schools, by index, that each unit may attend."""


def rule_options(instance: ZoneInstance) -> list[set[int]]:
    """The schools that equation (9), ``forced`` and the schools' own units leave to each unit."""
    ratio, everywhere = instance.travel_ratio, range(len(instance.schools))
    if ratio is None:
        options = [set(everywhere) for _ in instance.units]
    else:
        over, under = ratio.numerator, ratio.denominator
        whole, places, _ = instance.travel_steps
        small = max(whole) * max(over, under) < LARGEST
        travel, now = np.array(whole, dtype=np.int64 if small else object)[places], np.array(instance.today)
        options = [{j} for j in instance.today]
        near = under * travel <= over * np.take_along_axis(travel, now[:, None], axis=1)
        for i, j in zip(*(places.tolist() for places in np.nonzero(near)), strict=True):
            options[i].add(j)
    for unit, school in instance.barred:
        options[instance.unit_index[unit]].discard(instance.school_index[school])
    for unit, school in instance.forced:
        options[instance.unit_index[unit]] &= {instance.school_index[school]}
    for j, root in enumerate(instance.roots):
        options[root] &= {j}
    _share(instance, options)
    return options


@once
def fixed_options(instance: ZoneInstance) -> Options:
    """The same after fixing, repeated until nothing changes."""
    options = rule_options(instance)
    while instance.contiguous:
        before = sum(map(len, options))
        zones: list[list[int]] = [[] for _ in instance.schools]
        for i, schools in enumerate(options):
            for j in schools:
                zones[j].append(i)
        for j, units in enumerate(zones):
            near = reach(instance, options, j, units)
            for i in units:
                if i not in near:
                    options[i].discard(j)
        _share(instance, options)
        if sum(map(len, options)) == before:
            break
    return tuple(frozenset(schools) for schools in options)


def _share(instance: ZoneInstance, options: list[set[int]]) -> None:
    """Units kept together have the schools that all of them may attend."""
    for ids in instance.together:
        members = [instance.unit_index[i] for i in ids]
        common = set.intersection(*(options[i] for i in members))
        for i in members:
            options[i] = set(common)


def reach(instance: ZoneInstance, options: Options, school: int, units: Sequence[int]) -> set[int]:
    """Units that a connected zone of the school can hold without more students than it may have.

    Shortest paths over the units that may attend the school, each unit weighing its students; a
    unit without another school weighs nothing, since it is in every zone of the school anyway.

    Parameters
    ----------
    units
        Those that may attend the school.
    """
    settled = sum(instance.units[i].students for i in units if len(options[i]) == 1)
    most = instance.seat_range(instance.schools[school])[1] - settled
    root = instance.roots[school]
    if school not in options[root]:
        return set()
    best = {root: 0}
    heap, done = [(0, root)], set[int]()
    while heap:
        weight, unit = heappop(heap)
        if unit in done:
            continue
        done.add(unit)
        for near in instance.neighbours[unit]:
            if school in options[near]:
                longer = weight + (0 if len(options[near]) == 1 else instance.units[near].students)
                if longer <= most and longer < best.get(near, most + 1):
                    best[near] = longer
                    heappush(heap, (longer, near))
    return done
