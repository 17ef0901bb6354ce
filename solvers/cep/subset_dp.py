r"""Exact partition of few schools into groups by dynamic programming over subsets, any objective.

.. math:: f(M) = \max\bigl( f(M - s),\ \max_{s \in G \subseteq M} v(G) + f(M - G) \bigr), \quad s = \max M \ (35)

O(3^n) pairs, done by arrays: values rounded up to 64-bit integers bound the optimum from above;
then every partition within the rounding of the best is compared in rational arithmetic. So the
answer is exact, ties and all: the proof is the enumeration itself.

Rules on the grouping as a whole (a number of groups, floors on objectives) do not split like this. For few
schools every partition is listed instead, all values in whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import numpy as np
from fairbound.models.cep import PROBLEM, CepInstance, Grouping, rules
from fairbound.models.cep.instance import FULL_FUNDING, STUDENTS
from fairbound.models.cep.price_curve import Unit, families, units_of
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.bound import Basis, Bound
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import OnProgress, Settings, Termination
from fairbound.solvers.core.search import Search
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "subset_dp"
SOURCE = "every partition"
NONE = "every partition was enumerated; none keeps the rules"
MOST_UNITS = 19
LOW_BITS = 10
NEVER = -(2**61)
"""Value of what must not be; far below any sum of values, far above the least 64-bit integer."""
TOP = 2**52
"""Scaled size of the largest value, so that sums stay exact."""

FEW_UNITS = 9
"""Up to so many units all partitions are listed (115,975 of them), and a default answer is an exact one."""
MOST_TIES = 20_000
"""Partitions within the rounding of the best that are compared exactly; past it the bound keeps its rounding."""

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """Scaled values of every subset and of the best partition of every subset.

    Attributes
    ----------
    group, best
        v(G) rounded up (``NEVER`` where G may not be a group) and f(M).
    outside
        Scaled value of leaving a unit out: 0, or ``NEVER`` where it must be covered.
    """

    group: Integers
    best: Integers
    outside: list[int]


class GroupValues:
    """Exact value of any subset of units, as a group."""

    def __init__(self, instance: CepInstance, objective: str) -> None:
        self.instance, self.objective = instance, objective
        # A school counts itself (fixed) towards full funding, but only in a fully funded group.
        self.full_only = objective == FULL_FUNDING
        self.units = units_of(instance, STUDENTS if self.full_only else objective)
        fixed = [Fraction(len(unit.members)) if self.full_only else unit.fixed for unit in self.units]
        slope = [Fraction(0) if self.full_only else unit.slope for unit in self.units]
        people = lcm(*(value.denominator for unit in self.units for value in (unit.enrolled, unit.lifted)))
        self.worth = lcm(*(value.denominator for value in (*fixed, *slope)))
        n = len(self.units)
        self.sums = [
            _subset_sums([int(value) for value in column])
            for column in (
                [unit.enrolled * people for unit in self.units],
                [unit.lifted * people for unit in self.units],
                [value * self.worth for value in fixed],
                [value * self.worth for value in slope],
                [Fraction(len(unit.members)) for unit in self.units],
            )
        ]
        self.low = instance.multiplier * instance.threshold
        self.barred = sum(1 << i for i in range(n) if self.units[i].barred)

    def pair(self, mask: int) -> tuple[int, int] | None:
        """Value of a group as numerator and denominator; ``None`` if it may not be formed."""
        enrolled, lifted, fixed, slope, size = (column[mask] for column in self.sums)
        if mask & self.barred or size < self.instance.min_group:
            return None
        if lifted * self.low.denominator < self.low.numerator * enrolled:
            return None
        if lifted >= enrolled:
            return fixed + slope, self.worth
        if self.full_only:
            return 0, 1
        return fixed * enrolled + slope * lifted, enrolled * self.worth

    def exact(self, mask: int) -> Fraction:
        """What the schools of a mask are worth as one group."""
        pair = self.pair(mask)
        assert pair is not None
        return Fraction(*pair)


def _subset_sums(values: list[int]) -> list[int]:
    sums = [0]
    for value in values:
        sums += [total + value for total in sums]
    return sums


def _low_pairs(bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """All (subset, rest) of every mask of ``bits`` bits, and where each mask's run begins."""
    subsets, rests, starts, count = [], [], [], 0
    for mask in range(1 << bits):
        subset = np.zeros(1, dtype=np.int64)
        for bit in range(bits):
            if mask >> bit & 1:
                subset = np.concatenate([subset, subset | 1 << bit])
        starts.append(count)
        count += len(subset)
        subsets.append(subset)
        rests.append(mask ^ subset)
    return np.concatenate(subsets), np.concatenate(rests), np.array(starts)


def fill(values: GroupValues, stopped: Callable[[], bool]) -> tuple[Table, Fraction] | None:
    """The table and its scale; ``None`` if it was stopped."""
    n = len(values.units)
    pairs = [values.pair(mask) for mask in range(1 << n)]
    largest = max((abs(p) / q for p, q in filter(None, pairs)), default=1.0)
    # Scaled values are whole where the objective has a lattice, so equal partitions are seen to be equal.
    unit = PROBLEM.lattice(values.instance, values.objective) or Fraction(1)
    room = TOP / Fraction(max(n, 1)) / Fraction(max(largest, 1.0))
    steps = int(room * unit)
    scale = steps / unit if steps else room  # values too fine for that are rounded up and compared exactly later
    up, down = scale.numerator, scale.denominator
    group: Integers = np.array(
        [NEVER if pair is None else -(-pair[0] * up // (pair[1] * down)) for pair in pairs], dtype=np.int64
    )
    group[0] = NEVER
    outside = [NEVER if unit.must else 0 for unit in values.units]
    best = np.full(1 << n, NEVER, dtype=np.int64)
    best[0] = 0
    low = min(n, LOW_BITS)
    width = 1 << low
    for mask in range(1, width):
        _one(group, best, outside, mask)
    if n > low:
        subsets, rests, starts = _low_pairs(low)
    for high in range(1, 1 << (n - low)):
        if stopped():
            return None
        top = 1 << (high.bit_length() - 1)
        row = best[high * width : (high + 1) * width]
        leave = best[(high ^ top) * width : ((high ^ top) + 1) * width] + outside[low + high.bit_length() - 1]
        np.maximum(row, leave, out=row)
        sub = high
        while sub:
            if sub & top:
                mine = group[sub * width : (sub + 1) * width]
                other = best[(high ^ sub) * width : ((high ^ sub) + 1) * width]
                np.maximum(row, np.maximum.reduceat(mine[subsets] + other[rests], starts), out=row)
            sub = (sub - 1) & high
        np.maximum(row, NEVER, out=row)
    return Table(group, best, outside), scale


def _one(group: Integers, best: Integers, outside: list[int], mask: int) -> None:
    top = 1 << (mask.bit_length() - 1)
    found = max(NEVER, int(best[mask ^ top]) + outside[mask.bit_length() - 1])
    sub = mask
    while sub:
        if sub & top:
            found = max(found, int(group[sub]) + int(best[mask ^ sub]))
        sub = (sub - 1) & mask
    best[mask] = found


def partitions_at_least(table: Table, mask: int, least: int) -> Iterator[tuple[int, ...]]:
    """Every partition of ``mask`` (units may stay out) whose scaled value is at least ``least``."""
    if mask == 0:
        if least <= 0:
            yield ()
        return
    if table.best[mask] < least:
        return
    top = 1 << (mask.bit_length() - 1)
    out = table.outside[mask.bit_length() - 1]
    if out != NEVER:
        yield from partitions_at_least(table, mask ^ top, least - out)
    rest = mask ^ top
    sub = rest
    while True:
        value = int(table.group[sub | top])
        if value > NEVER and value + int(table.best[rest ^ sub]) >= least:
            for tail in partitions_at_least(table, rest ^ sub, least - value):
                yield (sub | top, *tail)
        if not sub:
            return
        sub = (sub - 1) & rest


def answer(
    instance: CepInstance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None = None,
    start: Grouping | None = None,
) -> Answer:
    """Solve; see the module."""
    search = Search(instance, objective, settings, on_progress)
    with search.interruptible():
        if _whole_rules(instance):
            return _listed(search)
        values = GroupValues(instance, objective)
        filled = fill(values, search.late)
    if filled is None:
        return Answer(search.why_late(), start)
    table, scale = filled
    everyone = (1 << len(values.units)) - 1
    top = int(table.best[everyone])
    if top <= NEVER // 2:
        return Answer(Termination.INFEASIBLE, message=NONE)
    # Each value was rounded up by less than 1, so the best partition scores above top - n.
    best: tuple[Fraction, tuple[int, ...]] | None = None
    bound = top / scale
    for count, masks in enumerate(partitions_at_least(table, everyone, top - len(values.units))):
        value = sum((values.exact(mask) for mask in masks), Fraction(0))
        if best is None or value > best[0]:
            best = value, masks
        if best[0] == bound or count > MOST_TIES:
            break
    else:
        assert best is not None
        bound = best[0]
    assert best is not None
    grouping = Grouping.of(_members(values.units, mask) for mask in best[1])
    return Answer(Termination.FINISHED, grouping, proven=Bound(bound, Basis.THEOREM, SOURCE))


def _members(units: tuple[Unit, ...], mask: int) -> list[str]:
    return [member for i, unit in enumerate(units) if mask >> i & 1 for member in unit.members]


def _whole_rules(instance: CepInstance) -> bool:
    """Whether there are rules on the whole grouping."""
    capped = instance.groups is not None and instance.groups < len(units_of(instance, STUDENTS))
    return capped or bool(instance.limits)


class _Listing:
    """Every partition of the units, with the values of the objectives that matter in whole numbers."""

    def __init__(self, instance: CepInstance, objective: str, stopped: Callable[[], bool]) -> None:
        self.units = units_of(instance, STUDENTS)
        self.most = instance.groups or len(self.units)
        self.stopped = stopped
        names = [objective, *(name for name, _ in instance.limits)]
        floors = [floor for _, floor in instance.limits]
        tables = [GroupValues(instance, name) for name in names]
        count = 1 << len(self.units)
        exact = [
            [None if (pair := table.pair(mask)) is None else Fraction(*pair) for mask in range(count)]
            for table in tables
        ]
        self.scales = [lcm(*(value.denominator for value in column if value is not None), 1) for column in exact]
        self.worth = [
            None
            if any(column[mask] is None for column in exact)
            else tuple(int(column[mask] * scale) for column, scale in zip(exact, self.scales, strict=True))  # type: ignore[operator]
            for mask in range(count)
        ]
        # A sum of whole numbers reaches the floor where it reaches the next whole number.
        self.floors = [-(-(floor * scale) // 1) for floor, scale in zip(floors, self.scales[1:], strict=True)]
        self.best: tuple[int, tuple[int, ...]] | None = None
        self.over = False

    def search(self, rest: int, chosen: tuple[int, ...], sums: tuple[int, ...]) -> None:
        """Try everything that the units of ``rest`` can do, the last of them first."""
        if self.over:
            return
        if not rest:
            kept = all(value >= floor for value, floor in zip(sums[1:], self.floors, strict=True))
            if kept and (self.best is None or sums[0] > self.best[0]):
                self.best = sums[0], chosen
            return
        top = rest.bit_length() - 1
        rest ^= 1 << top
        self.over = self.stopped()
        if not self.units[top].must:
            self.search(rest, chosen, sums)
        if len(chosen) == self.most:
            return
        part = rest
        while True:
            worth = self.worth[part | 1 << top]
            if worth is not None:
                added = tuple(a + b for a, b in zip(sums, worth, strict=True))
                self.search(rest ^ part, (*chosen, part | 1 << top), added)
            if not part:
                return
            part = (part - 1) & rest


def _listed(search: Search) -> Answer:
    """The best of all partitions, or that none keeps the rules."""
    listing = _Listing(search.instance, search.objective, search.late)
    listing.search((1 << len(listing.units)) - 1, (), (0,) * len(listing.scales))
    if listing.best is None:
        return Answer(search.why_late()) if listing.over else Answer(Termination.INFEASIBLE, message=NONE)
    value, masks = listing.best
    found = Grouping.of(_members(listing.units, mask) for mask in masks)
    if listing.over:
        return Answer(search.why_late(), found)
    best = Bound(Fraction(value, listing.scales[0]), Basis.THEOREM, SOURCE)
    return Answer(Termination.FINISHED, found, proven=best)


def refuses(instance: CepInstance, _objective: str) -> str | None:
    """Refuse too many units, and of more than few those with rules on the grouping as a whole."""
    count = len(families(instance))
    if count > MOST_UNITS:
        return f"{count} schools have too many subsets (at most {MOST_UNITS})"
    if count > FEW_UNITS and instance.groups is not None and instance.groups < count:
        return f"a largest number of groups is a rule on the whole grouping: at most {FEW_UNITS} schools"
    if count > FEW_UNITS and instance.limits:
        return f"a least value of an objective is a rule on the whole grouping: at most {FEW_UNITS} schools"
    return None


def hesitates(instance: CepInstance, objective: str) -> str | None:
    """Whether a mixed-integer program is quicker, where one can be trusted with the numbers."""
    if len(families(instance)) <= FEW_UNITS or instance.weight_per_student is None:
        return None
    return "a knapsack is quicker" if rules.hesitates(instance, objective) is None else None


METHOD = Method(
    NAME,
    Kind.ALGORITHM,
    f"every partition of at most {MOST_UNITS} schools, by dynamic programming",
    answer,
    refuses,
    hesitates=hesitates,
    seeded=False,
    certified=True,
)
