r"""The terms of an objective as ratios of linear functions of the moves: what formulations share.

Every term of the poster is a function of a ratio. In district j, with s_ij students from i,

.. math:: \frac{\sum_i a_i s_{ij}}{\sum_i b_i s_{ij}} - \text{target} \qquad (12)

where a and b are amounts per student at the origin (1 for students themselves), or an amount that
stays in j.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from fairbound.models.transfers.instance import (
    COMBINED,
    RACE,
    RACE_L1,
    RACE_L1_WEIGHTED,
    RACE_WEIGHTED,
    Kind,
    Reading,
    TransferInstance,
)


@dataclass(frozen=True)
class Amount:
    """A linear function of what a district holds.

    Attributes
    ----------
    today
        Its value in each district with nobody moved.
    rates
        Amount per student of each origin, that moves with the student; ``None`` if all of it stays.
    """

    today: tuple[Fraction, ...]
    rates: tuple[Fraction, ...] | None

    @property
    def counts_students(self) -> bool:
        """Whether its unit is a student."""
        return self.rates is not None and all(rate == 1 for rate in self.rates)


@dataclass(frozen=True)
class Ratio:
    """weight * |numerator / denominator - target|, squared or not, in every district."""

    term: str
    weight: Fraction
    numerator: Amount
    denominator: Amount
    target: Fraction = Fraction(0)


def students(instance: TransferInstance) -> Amount:
    """n_j."""
    return Amount(instance.sizes, (Fraction(1),) * len(instance.sizes))


def race_ratios(instance: TransferInstance, weight: Fraction) -> list[Ratio]:
    """m_jr / n_j for every group r, equation (3)."""
    ratios = []
    for r in range(len(instance.groups)):
        rates = tuple(row[r] for row in instance.deviations)
        today = tuple(rate * size for rate, size in zip(rates, instance.sizes, strict=True))
        ratios.append(Ratio(RACE, weight, Amount(today, rates), students(instance)))
    return ratios


def ratios(instance: TransferInstance, objective: str) -> tuple[Ratio, ...]:
    """The ratios of an objective; its value is the sum over districts and ratios.

    For the weighted objectives each district's part is still to be multiplied by n_j.
    """
    count = len(instance.districts)
    if objective in (RACE_WEIGHTED, RACE_L1_WEIGHTED):
        return tuple(race_ratios(instance, 1 / instance.total))
    if objective in (RACE, RACE_L1):
        return tuple(race_ratios(instance, Fraction(1, count)))
    assert objective == COMBINED, objective
    found = []
    if instance.weight(RACE):
        found += race_ratios(instance, instance.weight(RACE) * instance.scales[RACE] / count)
    for measure in instance.measures:
        weight = instance.weight(measure.name) * instance.scales[measure.name] / count
        if not weight:
            continue
        rates = None
        if instance.reading is Reading.MOVE:
            rates = tuple(a / size for a, size in zip(measure.amounts, instance.sizes, strict=True))
        amount, whole = Amount(measure.amounts, rates), sum(measure.amounts, Fraction(0))
        if measure.kind is Kind.STUDENTS_PER:
            found.append(Ratio(measure.name, weight, students(instance), amount, instance.total / whole))
        else:
            found.append(Ratio(measure.name, weight, amount, students(instance), whole / instance.total))
    return tuple(found)
