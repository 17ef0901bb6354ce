"""Baselines of CEP grouping that sort or deal schools: pairs, spread, bins, threshold fill, greedy merge.

Each keeps ``forced_out`` and nothing else; the exact evaluation says which rules a grouping breaks.
Where a district's own tool would round, the rounding is kept (``bins``, ``threshold_fill``): the
evaluation then shows the value that was never there (measure ``phantom_money``).
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from fairbound.models.cep import CepInstance, Grouping
from fairbound.models.cep.evaluate import meets, totals
from fairbound.models.core.errors import InputError
from fairbound.solvers.core.baseline import Baseline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fairbound.models.cep.instance import School

    Late = Callable[[], bool]

ROUNDED_DIGITS = 4
"""Digits to which spreadsheets round a group's share before they compare it with the threshold."""


def available(instance: CepInstance) -> list[School]:
    """Schools with students that may be in CEP, by falling identified share (ties as in the data)."""
    schools = [s for s in instance.schools if s.id not in instance.forced_out and s.enrolled > 0]
    return sorted(schools, key=lambda school: -school.identified / school.enrolled)


def passes(instance: CepInstance, schools: Sequence[School]) -> bool:
    """Whether a group meets the threshold exactly."""
    return meets(*totals(schools), instance.threshold)


def passes_rounded(instance: CepInstance, schools: Sequence[School]) -> bool:
    """Whether a group meets the threshold once its share is rounded to four decimals."""
    identified, enrolled = totals(schools)
    return enrolled > 0 and round(identified / enrolled, ROUNDED_DIGITS) >= instance.threshold


def keep(instance: CepInstance, groups: Iterable[Sequence[School]], rounded: bool = False) -> Grouping:
    """The groups that pass."""
    test = passes_rounded if rounded else passes
    return Grouping.of([s.id for s in group] for group in groups if group and test(instance, group))


def spare(schools: Sequence[School], share: Fraction) -> list[int]:
    """Identified students of each school beyond a share of its students, in one whole unit."""
    spares = [school.identified - share * school.enrolled for school in schools]
    unit = lcm(*(value.denominator for value in spares)) if spares else 1
    return [int(value * unit) for value in spares]


def pairs(
    instance: CepInstance, _objective: str, _seed: int, _argument: str | None, late: Late = lambda: False
) -> Grouping:
    """The highest share with the lowest that the pair can carry, and so on."""
    schools = available(instance)
    spares = spare(schools, instance.threshold)
    free, groups = [True] * len(schools), []
    for i, first in enumerate(schools):
        if not free[i]:
            continue
        free[i] = False
        group = [first]
        if not late():
            partner = next((j for j in range(len(schools) - 1, i, -1) if free[j] and spares[i] + spares[j] >= 0), None)
            if partner is not None:
                free[partner] = False
                group.append(schools[partner])
        groups.append(group)
    return keep(instance, groups)


def _count(argument: str | None, name: str) -> int:
    if argument is None or not argument.isdecimal() or int(argument) < 1:
        raise InputError(name, found=argument, wanted=f"a whole number above 0, for example {name}:4")
    return int(argument)


def spread(instance: CepInstance, _objective: str, _seed: int, argument: str | None) -> Grouping:
    """A balanced snake deal: every group gets high and low shares."""
    count = _count(argument, "spread")
    groups: list[list[School]] = [[] for _ in range(count)]
    for i, school in enumerate(available(instance)):
        lap, place = divmod(i, count)
        groups[place if lap % 2 == 0 else count - 1 - place].append(school)
    return keep(instance, groups)


def bins(instance: CepInstance, _objective: str, _seed: int, argument: str | None) -> Grouping:
    """Equal bins of identified share; a bin stays if its share, rounded to four decimals, passes."""
    count = _count(argument, "bins")
    groups: list[list[School]] = [[] for _ in range(count)]
    for school in available(instance):
        groups[min(count - 1, int(school.identified / school.enrolled * count))].append(school)
    return keep(instance, groups, rounded=True)


def threshold_fill(instance: CepInstance, _objective: str, _seed: int, _argument: str | None) -> Grouping:
    """The seed's group 0 again and again: fill a group by falling share while it stays fully funded.

    Then one last group while it stays, rounded to four decimals, at the threshold.
    """
    schools, groups = available(instance), []
    group: list[School] = []
    rest: list[School] = []
    over, filling = 0, True
    for school, more in zip(schools, spare(schools, instance.full_share), strict=True):
        filling = filling and over + more >= 0
        # The first run ends where it no longer fits; of the others those join that fit, if there was one at all.
        if filling or (group and over + more >= 0):
            group.append(school)
            over += more
        else:
            rest.append(school)
    if group:
        groups.append(group)
    last: list[School] = []
    identified, enrolled = Fraction(0), Fraction(0)
    for school in rest:
        both = identified + school.identified, enrolled + school.enrolled
        if round(both[0] / both[1], ROUNDED_DIGITS) >= instance.threshold:
            last.append(school)
            identified, enrolled = both
    groups.append(last)
    return keep(instance, groups, rounded=True)


def greedy_merge(
    instance: CepInstance, _objective: str, _seed: int, _argument: str | None, late: Late = lambda: False
) -> Grouping:
    """Start from every school alone and merge the pair of groups that gains most, while one gains.

    Beyond 60 schools only neighbours by share and the lowest group a group can carry are tried.
    """
    money = dict(zip((s.id for s in instance.schools), zip(instance.gains, instance.weights, strict=True), strict=True))
    groups = [[school] for school in available(instance)]
    sums = [(s.identified, s.enrolled, *money[s.id]) for [s] in groups]
    worth = [value(instance, one) for one in sums]
    while len(groups) > 1 and not late():
        count = len(groups)
        tried = (
            [(i, j) for i in range(count) for j in range(i + 1, count)]
            if count <= 60
            else [(i, i + 1) for i in range(count - 1)] + [(i, count - 1) for i in range(count - 2)]
        )
        best: tuple[Fraction, int, int] | None = None
        for i, j in tried:
            gain = value(instance, merged(sums[i], sums[j])) - worth[i] - worth[j]
            if best is None or (gain, -i, -j) > best:
                best = gain, -i, -j
            if late():
                break
        if best is None or best[0] <= 0 or late():
            break
        i, j = -best[1], -best[2]
        groups[i] = groups[i] + groups.pop(j)
        sums[i] = merged(sums[i], sums.pop(j))
        worth.pop(j)
        worth[i] = value(instance, sums[i])
    return keep(instance, groups)


Sums = tuple[Fraction, Fraction, Fraction, Fraction]
"""Identified and enrolled students of a group, and its p and W of equation (3)."""


def merged(one: Sums, other: Sums) -> Sums:
    """Sums of two groups together."""
    return one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3]


def value(instance: CepInstance, sums: Sums) -> Fraction:
    """Exact reimbursement of one group (3); 0 under the threshold."""
    identified, enrolled, gain, weight = sums
    if not meets(identified, enrolled, instance.threshold):
        return Fraction(0)
    return gain + weight * min(Fraction(1), instance.multiplier * identified / enrolled)


SORTED = (
    Baseline("pairs", "highest share with the lowest it can carry, in pairs", pairs, clocked=True),
    Baseline("spread", "a snake deal into equal groups", spread, ("4",)),
    Baseline("bins", "equal bins of identified share, rounded to four decimals", bins, ("10",)),
    Baseline("threshold_fill", "fill one fully funded group, then one at the threshold, rounded", threshold_fill),
    Baseline("greedy_merge", "from every school alone, merge the pair that gains most", greedy_merge, clocked=True),
)
