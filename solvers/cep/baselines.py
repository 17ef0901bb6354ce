"""Baselines of CEP grouping: the MealsCount width algorithm, one group, every school alone.

Source of the width algorithm: the MealsCount notebook (Algorithm v2), cells 7 to 29.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.cep import CepInstance, Grouping
from fairbound.models.cep.evaluate import meets, totals
from fairbound.models.cep.instance import School
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import parse_number
from fairbound.solvers.cep.annealing import ANNEALING
from fairbound.solvers.cep.sorted_baselines import SORTED
from fairbound.solvers.core.baseline import Baseline

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED_WIDTHS = ("0.625", "3.125", "6.25", "12.5")

Percent = Callable[[Sequence[School]], list[Any]]
"""Cumulative identified percentages of a list of schools."""


def rounded_percent(schools: Sequence[School]) -> list[Any]:
    """Cumulative percentages as the notebook has them: floats rounded to two decimals."""
    identified: NDArray[np.float64] = np.cumsum([float(s.identified) for s in schools])
    enrolled: NDArray[np.float64] = np.cumsum([float(s.enrolled) for s in schools])
    return list(np.around(identified / enrolled * 100, 2))


def exact_percent(schools: Sequence[School]) -> list[Any]:
    """The same without rounding."""
    shares, identified, enrolled = [], Fraction(0), Fraction(0)
    for school in schools:
        identified, enrolled = identified + school.identified, enrolled + school.enrolled
        shares.append(identified / enrolled * 100)
    return shares


def width_groups(instance: CepInstance, width: Any, percent: Percent) -> list[list[School]]:
    """The seed's algorithm: group 0 at full funding, then runs of schools of falling share.

    Schools stand in falling order of their share. Group 0 is the run whose cumulative share is
    above full funding, with every later school that alone would not pull it under. Each next group
    is the run whose cumulative share stays within ``width`` points of its first school and above
    the threshold. Where the notebook stops with an error (an empty group 0, no school left, a
    first school exactly at the threshold) the group is left out or the grouping ends.

    Ties in the order are kept as in the data; the notebook's unstable sort leaves them open.
    """
    exact = percent is exact_percent
    least: Any = instance.threshold * 100 if exact else float(instance.threshold) * 100
    full: Any = 100 / instance.multiplier if exact else 100 / float(instance.multiplier)
    schools = [school for school in instance.schools if school.enrolled > 0]
    single = {school.id: percent([school])[0] for school in schools}
    rest = sorted(schools, key=lambda school: -single[school.id])

    groups = []
    first = [s for s, share in zip(rest, percent(rest), strict=True) if full < share <= 100] if rest else []
    if first:
        taken = {school.id for school in first}
        others = [school for school in rest if school.id not in taken]
        identified, enrolled = totals(first)
        merged = School("", enrolled, identified)
        first += [school for school in others if percent([merged, school])[1] >= full]
        groups.append(first)
        taken = {school.id for school in first}
        rest = [school for school in rest if school.id not in taken]
    while rest and single[rest[0].id] >= least:
        top = single[rest[0].id]
        low = max(top - width, least)
        group = [s for s, share in zip(rest, percent(rest), strict=True) if low < share <= top]
        if not group:
            break
        groups.append(group)
        taken = {school.id for school in group}
        rest = [school for school in rest if school.id not in taken]
    return groups


def _width(percent: Percent) -> Callable[[CepInstance, str, int, str | None], Grouping]:
    def run(instance: CepInstance, _objective: str, _seed: int, argument: str | None) -> Grouping:
        try:
            width = parse_number(argument or "")
        except ValueError:
            raise InputError("width", found=argument, wanted="percentage points, for example width:3.125") from None
        points = width if percent is exact_percent else float(width)
        groups = width_groups(instance, points, percent)
        return Grouping.of([school.id for school in group] for group in groups)

    return run


def one_group(instance: CepInstance, _objective: str, _seed: int, _argument: str | None) -> Grouping:
    """All schools in one group; nobody in CEP if that misses the threshold."""
    schools = [school for school in instance.schools if school.id not in instance.forced_out]
    identified, enrolled = totals(schools)
    if not meets(identified, enrolled, instance.threshold):
        return Grouping(())
    return Grouping.of([[school.id for school in schools]])


def every_school_alone(instance: CepInstance, _objective: str, _seed: int, _argument: str | None) -> Grouping:
    """Each school that meets the threshold is its own group."""
    return Grouping.of(
        [school.id]
        for school in instance.schools
        if school.id not in instance.forced_out and meets(school.identified, school.enrolled, instance.threshold)
    )


BASELINES = (
    Baseline(
        "width", "MealsCount notebook: runs of schools within a width of shares", _width(rounded_percent), SEED_WIDTHS
    ),
    Baseline("width_exact", "the same with exact shares instead of two decimals", _width(exact_percent), SEED_WIDTHS),
    Baseline("one_group", "all schools in one group", one_group),
    Baseline("alone", "every school that meets the threshold alone", every_school_alone),
    *SORTED,
    ANNEALING,
)
