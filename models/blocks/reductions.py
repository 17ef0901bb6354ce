"""Pairs (unit, school) that no feasible zoning can use: what the models leave out.

The travel limit, settled units and schools' own units leave a unit few schools. *Fixing* goes on:
a connected zone that holds unit v holds a path from its school to v, so its students are at least
those of the lightest such path together with those of the units that have no other school.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairbound.models.blocks.instance import ZoneInstance

Options = list[set[int]]
"""Schools, by index, that each unit may attend."""


def rule_options(instance: ZoneInstance) -> Options:
    """The schools that equation (9), ``forced`` and the schools' own units leave to each unit."""
    schools = range(len(instance.schools))
    options = [{j for j in schools if instance.may_attend(i, j)} for i in range(len(instance.units))]
    for unit, school in instance.forced:
        options[instance.unit_index[unit]] &= {instance.school_index[school]}
    for j, root in enumerate(instance.roots):
        options[root] &= {j}
    _share(instance, options)
    return options


def fixed_options(instance: ZoneInstance) -> Options:
    """The same after fixing, repeated until nothing changes."""
    options = rule_options(instance)
    if not instance.contiguous:
        return options
    while True:
        before = sum(map(len, options))
        for j in range(len(instance.schools)):
            near = reach(instance, options, j)
            for i, schools in enumerate(options):
                if j in schools and i not in near:
                    schools.discard(j)
        _share(instance, options)
        if sum(map(len, options)) == before:
            return options


def _share(instance: ZoneInstance, options: Options) -> None:
    """Units kept together have the schools that all of them may attend."""
    for ids in instance.together:
        members = [instance.unit_index[i] for i in ids]
        common = set.intersection(*(options[i] for i in members))
        for i in members:
            options[i] = set(common)


def reach(instance: ZoneInstance, options: Options, school: int) -> set[int]:
    """Units that a connected zone of the school can hold without more students than it may have.

    Shortest paths over the units that may attend the school, each unit weighing its students; a
    unit without another school weighs nothing, since it is in every zone of the school anyway.
    """
    settled = sum(unit.students for unit, schools in zip(instance.units, options, strict=True) if schools == {school})
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
                longer = weight + (0 if options[near] == {school} else instance.units[near].students)
                if longer <= most and longer < best.get(near, most + 1):
                    best[near] = longer
                    heappush(heap, (longer, near))
    return done
