"""How near to the city's share two zones can be: a bound from divisibility, and flips that reach it.

A zone's deviation S a(j) - A s(j) is 0 only where S divides A s(j), equation (34): few sizes within its seats, or none.
Between two zones the least dissimilarity is one equation in whole numbers. Flips near the border are
split into two halves, all sums of either are listed, and matching pairs are looked up (Horowitz and Sahni 1974).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.blocks.evaluate import group_scale
from fairbound.models.blocks.instance import component

if TYPE_CHECKING:
    from fractions import Fraction
    from random import Random

    from fairbound.models.blocks.instance import ZoneInstance
    from fairbound.solvers.blocks.zone_state import ZoneState
    from numpy.typing import NDArray

FLIPS, SHAKEN, HITS = 24, 12, 40
SIZES, TURNS, ROUNDS, NEAR = 20, 5, 20, 2
"""So many sizes are tried in turn, so many trials each; so many rounds of flips come as near as so many mean units."""
SHARE = 1
"""Where the deviation from the city's share stands among the sums of a zone."""


def least_dissimilarity(instance: ZoneInstance) -> Fraction:
    """(34): no zoning has less, whatever the city's graph."""
    total, group = instance.students, _group(instance)
    least = 0
    if 0 < group * total < 2**62:
        for low, high in _size_ranges(instance):
            least += int(_distances(np.arange(low, high + 1), group, total).min(initial=total)) if low <= high else 0
    return least * group_scale(instance) / 2


def _group(instance: ZoneInstance) -> int:
    return sum(unit.groups[instance.group_position] for unit in instance.units)


def _size_ranges(instance: ZoneInstance) -> list[tuple[int, int]]:
    """Students that each zone can have: its school's seats, and what the other schools can hold."""
    ranges = [instance.seat_range(school) for school in instance.schools]
    lows, highs, total = sum(low for low, _ in ranges), sum(high for _, high in ranges), instance.students
    return [(max(low, total - (highs - high)), min(high, total - (lows - low))) for low, high in ranges]


def _distances(sizes: NDArray[np.int64], group: int, total: int) -> NDArray[np.int64]:
    """How near zones of these sizes can be to the city's share: |S a - A s| for the best whole a."""
    rest = group * sizes.astype(np.int64) % total
    return np.minimum(rest, total - rest)


def even_halves(state: ZoneState, random: Random, least: int, trials: int) -> bool:
    """Bring the deviations of two zones as near to 0 as trials go, keeping seats and connection.

    Few sizes of a zone let its deviation be small. Trials near these in turn, and match flips there; each begins
    from the last one, or from the best zones, a few random flips away.

    Parameters
    ----------
    least
        A deviation that cannot be bettered; the trials end there.

    Returns
    -------
    Whether it was reached.
    """
    best = list(state.homes)
    deviation = abs(state.sums[0][SHARE]) if _kept(state) else 2**62
    sizes = _promising(state, deviation)
    for trial in range(min(trials, 2 ** len(state.movable))):
        if state.clock() >= 1 or deviation <= least:
            break
        if sizes:
            _near(state, random, sizes[trial // TURNS % len(sizes)])
        if _matched(state, random, deviation):
            best, deviation = list(state.homes), abs(state.sums[0][SHARE])
            sizes = _promising(state, deviation)
        elif trial % TURNS == TURNS - 1:
            _return(state, best)
        for unit in random.sample(state.movable, min(SHAKEN, len(state.movable))):
            if state.may_move(unit, 1 - state.homes[unit]):
                state.move(unit, 1 - state.homes[unit])
    _return(state, best)
    return deviation <= least


def _promising(state: ZoneState, deviation: int) -> list[int]:
    """Sizes of the first zone that allow a smaller deviation, the smallest first, and those near the present one."""
    city = state.city
    total, group = city.students, _group(city)
    low, high = _size_ranges(city)[0]
    if not 0 < group * total < 2**62 or low > high:
        return []
    sizes = np.arange(low, high + 1)
    distances = _distances(sizes, group, total)
    order = np.lexsort((np.abs(sizes - state.sums[0][0]), distances))[:SIZES]
    return [int(sizes[p]) for p in order if distances[p] < deviation]


def _near(state: ZoneState, random: Random, size: int) -> None:
    """Flip units while that brings the first zone near to a size, and nearer to the city's share.

    Within a few units' students every size is as good: flips that are matched afterwards make up for these.
    """
    total, homes, sums = state.city.students, state.homes, state.sums[0]
    units = list(state.movable)
    beside = NEAR * total // len(homes)

    def far(students: int, deviation: int) -> float:
        return max(0, abs(students - size) - beside) + abs(deviation) / total

    for _ in range(ROUNDS):
        random.shuffle(units)
        before = now = far(sums[0], sums[SHARE])
        for unit in units:
            sign = 1 if homes[unit] else -1
            weights = state.weights[unit]
            after = far(sums[0] + sign * weights[0], sums[SHARE] + sign * weights[SHARE])
            if after < now and state.may_move(unit, 1 - homes[unit]):
                state.move(unit, 1 - homes[unit])
                now = after
        if now == before or state.clock() >= 1:
            return


def _return(state: ZoneState, homes: list[int]) -> None:
    for unit, home in enumerate(homes):
        if state.homes[unit] != home:
            state.move(unit, home)


def _matched(state: ZoneState, random: Random, known: int) -> bool:
    """Make the flips near the border that bring the deviations nearest to 0, if nearer than what is known."""
    homes, neighbours = state.homes, state.neighbours
    units: list[int] = []
    beside = set[int]()
    for unit in random.sample(state.movable, len(state.movable)):
        if len(units) == FLIPS:
            break
        if unit not in beside and state.may_move(unit, 1 - homes[unit]):  # neighbours would seldom flip together
            units.append(unit)
            beside.update(neighbours[unit])
    first, second = units[: len(units) // 2], units[len(units) // 2 :]
    low, high = _sums(state, first), _sums(state, second)
    wanted = -state.sums[0][SHARE] - low
    order = np.argsort(high, kind="stable")
    after = np.minimum(np.searchsorted(high[order], wanted), len(high) - 1)
    places = np.r_[after, np.maximum(after - 1, 0)]
    left = np.abs(high[order[places]] - np.r_[wanted, wanted])
    for choice in np.argsort(left, kind="stable")[:HITS].tolist():
        if left[choice] >= known:
            break
        mask, other = choice % len(low), int(order[places[choice]])
        chosen = [u for b, u in enumerate(first) if mask >> b & 1] + [u for b, u in enumerate(second) if other >> b & 1]
        for unit in chosen:
            state.move(unit, 1 - homes[unit])
        if _kept(state):
            return True
        for unit in chosen:
            state.move(unit, 1 - homes[unit])
    return False


def _sums(state: ZoneState, units: list[int]) -> NDArray[np.int64]:
    """What each set of flips, a bit a unit, adds to the deviation of the first zone."""
    sums = np.zeros(1, dtype=np.int64)
    for unit in units:
        weight = state.weights[unit][SHARE]
        sums = np.r_[sums, sums + (weight if state.homes[unit] == 1 else -weight)]
    return sums


def _kept(state: ZoneState) -> bool:
    """Whether seats and connection are kept."""
    city = state.city
    for j, school in enumerate(city.schools):
        least, most = city.seat_range(school)
        zone = {i for i, home in enumerate(state.homes) if home == j}
        if not least <= state.sums[j][0] <= most:
            return False
        if city.contiguous and len(component(city.neighbours, city.roots[j], zone)) < len(zone):
            return False
    return True
