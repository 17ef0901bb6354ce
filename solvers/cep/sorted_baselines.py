"""Baselines of CEP grouping that sort or deal schools: pairs, spread, bins, threshold fill, greedy merge.

Each keeps ``forced_out`` and nothing else; the exact evaluation says which rules a grouping breaks.
Where a district's own tool would round, the rounding is kept (``bins``, ``threshold_fill``): the
evaluation then shows the value that was never there (measure ``phantom_money``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.models.cep import CepInstance, Grouping
from fairbound.models.cep.evaluate import evaluate, meets, totals
from fairbound.models.cep.instance import REIMBURSEMENT, School
from fairbound.models.core.errors import InputError
from fairbound.solvers.core.baseline import Baseline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

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


def value(instance: CepInstance, schools: Sequence[School]) -> Fraction:
    """Exact reimbursement of one group; 0 under the threshold."""
    return evaluate(instance, Grouping.of([[s.id for s in schools]])).values[REIMBURSEMENT]


def pairs(instance: CepInstance, _objective: str, _seed: int, _argument: str | None) -> Grouping:
    """The highest share with the lowest that the pair can carry, and so on."""
    rest, groups = available(instance), []
    while rest:
        first = rest.pop(0)
        partner = next((s for s in reversed(rest) if passes(instance, [first, s])), None)
        groups.append([first] if partner is None else [first, partner])
        if partner is not None:
            rest.remove(partner)
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
    """The seed's group 0 again and again: fill a group by falling share while it stays fully funded,
    then one last group while it stays, rounded to four decimals, at the threshold."""
    rest, groups = available(instance), []
    full = instance.full_share
    group: list[School] = []
    while rest and meets(*totals([*group, rest[0]]), full):
        group.append(rest.pop(0))
    if group:
        for school in list(rest):
            if meets(*totals([*group, school]), full):
                group.append(school)
                rest.remove(school)
        groups.append(group)
    last: list[School] = []
    for school in rest:
        if passes_rounded(instance, [*last, school]):
            last.append(school)
    groups.append(last)
    return keep(instance, groups, rounded=True)


def greedy_merge(instance: CepInstance, _objective: str, _seed: int, _argument: str | None) -> Grouping:
    """Start from every school alone and merge the pair of groups that gains most, while one gains.

    Beyond 60 schools only neighbours by share and the lowest group a group can carry are tried.
    """
    groups = [[school] for school in available(instance)]
    worth = [value(instance, group) for group in groups]
    while len(groups) > 1:
        count = len(groups)
        tried = (
            [(i, j) for i in range(count) for j in range(i + 1, count)]
            if count <= 60
            else [(i, i + 1) for i in range(count - 1)] + [(i, count - 1) for i in range(count - 2)]
        )
        gain, i, j = max(
            ((_merged(instance, groups[i], groups[j]) - worth[i] - worth[j], -i, -j) for i, j in tried),
        )
        if gain <= 0:
            break
        i, j = -i, -j
        groups[i] = groups[i] + groups.pop(j)
        worth.pop(j)
        worth[i] = _merged(instance, groups[i], [])
    return keep(instance, groups)


def _merged(instance: CepInstance, one: Sequence[School], other: Sequence[School]) -> Fraction:
    return value(instance, [*one, *other])


SORTED = (
    Baseline("pairs", "highest share with the lowest it can carry, in pairs", pairs),
    Baseline("spread", "a snake deal into equal groups", spread, ("4",)),
    Baseline("bins", "equal bins of identified share, rounded to four decimals", bins, ("10",)),
    Baseline("threshold_fill", "fill one fully funded group, then one at the threshold, rounded", threshold_fill),
    Baseline("greedy_merge", "from every school alone, merge the pair that gains most", greedy_merge),
)
