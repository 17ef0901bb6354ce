"""What meals are worth in CEP and outside it: rates, supplements of a state, standard counting and claiming.

Equation numbers are those of ``docs/cep.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text
from fairbound.models.core.whole import Vector, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.models.cep.instance import CepInstance, School
    from fairbound.models.cep.rates import Rates


class Outside(StrEnum):
    """What is known of a school that stays out of CEP."""

    NONE = "none"
    STANDARD = "standard"


class Purse(StrEnum):
    """Whose dollars count."""

    FEDERAL = "federal"
    DISTRICT = "district"


@dataclass(frozen=True)
class Dollars:
    """A year's dollars of a school, by who pays them."""

    federal: Fraction
    state: Fraction

    def counted(self, purse: Purse) -> Fraction:
        """Those that the purse counts: the federal ones, or both."""
        return self.federal if purse is Purse.FEDERAL else self.federal + self.state

    def __add__(self, other: Dollars) -> Dollars:
        return Dollars(self.federal + other.federal, self.state + other.state)


def federal_rates(instance: CepInstance) -> Rates | None:
    """The rates with the adder per lunch, without a state's supplements."""
    rates, add = instance.rates, instance.lunch_adder
    return rates.raised({f"lunch_{kind}": add for kind in KINDS}) if rates is not None and add else rates


def asked_rates(instance: CepInstance) -> Rates | None:
    """The federal rates, with the state's supplements where the district's purse counts."""
    rates = instance.federal_rates
    if rates is None or instance.purse is Purse.FEDERAL:
        return rates
    more = {"free": instance.state_all, "reduced": instance.state_all + instance.state_reduced}
    more["paid"] = instance.state_all + instance.state_paid
    meals_of = ("breakfast", "severe_breakfast", "lunch")
    return rates.raised({f"{meal}_{kind}": more[kind] for meal in meals_of for kind in KINDS})


KINDS = ("free", "reduced", "paid")


def meals(instance: CepInstance, school: School) -> tuple[Fraction, Fraction]:
    """Breakfasts and lunches of a year: as counted, else of all enrolled on all days by the shares that eat."""
    if school.breakfasts is not None and school.lunches is not None:
        return school.breakfasts, school.lunches
    served = instance.days * school.enrolled
    return served * instance.breakfast_participation, served * instance.lunch_participation


def claimed(instance: CepInstance, enrolled: Vector) -> tuple[Vector, Vector]:
    """W and what comes at a claim share of 0, of all schools: students without rates, dollars with them."""
    rates = asked_rates(instance)
    if rates is None:
        return enrolled, enrolled * 0
    schools = instance.schools
    counted = schools[0].lunches is not None
    if counted:
        served = [Vector.of([school.breakfasts or 0 for school in schools])]
        served.append(Vector.of([school.lunches or 0 for school in schools]))
    else:
        served = [enrolled, enrolled]
    days = Fraction(1) if counted else instance.days
    parts = [
        days * (1 if counted else part) for part in (instance.breakfast_participation, instance.lunch_participation)
    ]
    severe = np.array([school.severe_need for school in schools])
    spreads, bases, places = [], [], []
    for need in (False, True):
        here = np.flatnonzero(severe == need)
        if not len(here):
            continue
        (free, _, paid), (free_lunch, _, paid_lunch) = rates.by_meal(need)
        spreads.append(_mixed(served, here, (parts[0] * (free - paid), parts[1] * (free_lunch - paid_lunch))))
        bases.append(_mixed(served, here, (parts[0] * paid, parts[1] * paid_lunch)))
        places.append(here)
    if len(spreads) == 1:
        return spreads[0], bases[0]
    order = np.argsort(np.concatenate(places))
    return joined(spreads)[order], joined(bases)[order]


def _mixed(served: Sequence[Vector], here: Any, prices: tuple[Fraction, Fraction]) -> Vector:
    """Both meals of some schools at their prices; where they are the same number, at the sum."""
    breakfasts, lunches = served
    if breakfasts is lunches:
        return breakfasts[here] * sum(prices)
    return breakfasts[here] * prices[0] + lunches[here] * prices[1]


def by_kind(school: School, count: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """Meals claimed free, reduced and paid outside CEP (38): whole meals, in proportion to eligible students."""
    if not school.enrolled:
        return Fraction(0), Fraction(0), count
    free = Fraction(round(count * (school.free or 0) / school.enrolled))
    reduced = min(Fraction(round(count * (school.reduced or 0) / school.enrolled)), count - free)
    return free, reduced, count - free - reduced


def inside(instance: CepInstance, school: School, share: Fraction) -> Dollars:
    """Dollars of a school in CEP at a claim share: that share of meals at the free rate, the rest at the paid one."""
    rates = instance.federal_rates
    assert rates is not None
    federal = state = Fraction(0)
    for served, (free, _, paid) in zip(meals(instance, school), rates.by_meal(school.severe_need), strict=True):
        federal += served * (paid + share * (free - paid))
        state += served * (instance.state_all + (1 - share) * instance.state_paid)
    return Dollars(federal, state)


def outside(instance: CepInstance, school: School) -> Dollars:
    """Dollars of a school under standard counting and claiming (39)."""
    rates = instance.federal_rates
    assert rates is not None
    federal = state = Fraction(0)
    for served, (free, reduced, paid) in zip(meals(instance, school), rates.by_meal(school.severe_need), strict=True):
        kinds = by_kind(school, served)
        if kinds[1] and reduced is None:
            raise _unknown(rates, "severe-need reduced" if school.severe_need else "reduced")
        federal += kinds[0] * free + kinds[1] * (reduced or 0) + kinds[2] * paid
        state += served * instance.state_all + kinds[1] * instance.state_reduced + kinds[2] * instance.state_paid
    return Dollars(federal, state)


LAW = Fraction(1, 4), "the law since 26 October 2023 (7 CFR 245.9(f)(3)(i)); nothing newer is known in November 2026"
LAW_BEFORE = Fraction(2, 5), "the law until 25 October 2023"


def assumptions(instance: CepInstance) -> list[str]:
    """What an answer rests on beside the table of schools, in sentences."""
    laws = dict([LAW, LAW_BEFORE])
    identified, enrolled = instance.totals
    said = [f"threshold {decimal_text(instance.threshold)}: {laws.get(instance.threshold, 'no law of ours')}"]
    said.append(f"{float(identified / (enrolled or 1)):.2%} of all students are identified")
    if instance.rates is None:
        return [*said, "no rates: a student's meals, all paid at the free rate, count as one meal-equivalent"]
    rates = instance.rates
    said.append(f"rates {rates.name} ({', '.join(filter(None, (rates.school_year, rates.region)))}): {rates.source}")
    if instance.schools[0].lunches is None:
        breakfast, lunch = (
            f"{float(part):.4g}" for part in (instance.breakfast_participation, instance.lunch_participation)
        )
        days = decimal_text(instance.days)
        said.append(f"no meals were counted: on {days} days a share of {breakfast} eat breakfast, of {lunch} lunch")
    if instance.outside is Outside.NONE:
        said.append("what schools outside CEP are paid is not known: dollars are those above the paid rate")
    else:
        said.append("schools outside CEP claim the same meals, free, reduced and paid as their students are eligible")
    if instance.purse is Purse.DISTRICT:
        said.append("the state's supplements count as the federal dollars do")
    return said


def _unknown(rates: Rates, what: str) -> InputError:
    wanted = "a table or a file of rates that has it"
    return InputError(f"the {what} rate of {rates.name} is not known", wanted=wanted)


def check_money(instance: CepInstance) -> None:
    """Raise ``InputError`` where the rates do not say what the question needs."""
    standard, rates = instance.outside is Outside.STANDARD, instance.rates
    supplements = (instance.state_all, instance.state_paid, instance.state_reduced, instance.lunch_adder)
    for name, part in (("breakfast", instance.breakfast_participation), ("lunch", instance.lunch_participation)):
        if not 0 <= part.numerator <= part.denominator:
            raise InputError(f"parameter {name}_participation", found=part, wanted="a share from 0 to 1")
    if any(part.numerator < 0 for part in supplements):
        raise InputError("a supplement below 0", found=min(supplements), wanted="dollars a meal")
    if rates is None:
        if standard or any(supplements):
            raise InputError("dollars without rates", found="rates=none", wanted="--set rates=us48-2627 or another")
        return
    for school in instance.schools:
        if school.severe_need and rates.severe_breakfast_free is None:
            raise InputError(
                f"school {school.id} is in severe need, and the severe-need rate of {rates.name} is not known",
                wanted="a table or a file of rates that has it, or severe_need no",
            )
        if standard and (school.free is None or school.reduced is None):
            raise InputError(
                f"school {school.id}: free and reduced", wanted="students eligible outside CEP, for outside=standard"
            )
    asked = asked_rates(instance)
    assert asked is not None
    for free, _, paid in (*asked.by_meal(False), *(asked.by_meal(True) if rates.severe_breakfast_free else ())):
        if free < paid:
            raise InputError("a paid meal is worth more than a free one", found=f"{free} and {paid}", wanted="less")
    if standard:
        _ = instance.outside_dollars  # refuses rates that are not known
