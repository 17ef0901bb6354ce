"""CEP school grouping: what an instance and a solution are.

A district sorts its schools into groups for the federal Community Eligibility Provision. A group
whose identified students reach the threshold share is paid the free rate for a share of its meals.
Equation numbers are those of ``docs/cep.md``. Source: the MealsCount notebook (Algorithm v2).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from fairbound.models.cep.money import Dollars, Outside, Purse, check_money, claimed, federal_rates, outside
from fairbound.models.cep.rates import Rates, find_rates
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import common_measure, decimal_text, exceeds
from fairbound.models.core.parameters import COUNT, IDS, NUMBER, TOGETHER, Form, Parameter, choice, limits, optional
from fairbound.models.core.problem import Instance, Objective, Sense
from fairbound.models.core.whole import Vector

if TYPE_CHECKING:
    from collections.abc import Iterable

REIMBURSEMENT, STUDENTS, SCHOOLS, FULL_FUNDING = "reimbursement", "students", "schools", "full_funding"

OBJECTIVES = (
    Objective(
        REIMBURSEMENT,
        Sense.MAXIMIZE,
        "meal-equivalents, or dollars a year with rates",
        "claims above the paid rate, equation (3)",
    ),
    Objective(STUDENTS, Sense.MAXIMIZE, "students", "students enrolled in schools that are in CEP"),
    Objective(SCHOOLS, Sense.MAXIMIZE, "schools", "schools in CEP"),
    Objective(FULL_FUNDING, Sense.MAXIMIZE, "schools", "schools whose group claims every meal at the free rate"),
)


class Cover(StrEnum):
    """Whether every school must be in some group."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True)
class School:
    """One school.

    Attributes
    ----------
    enrolled, identified
        Students N_s and identified students E_s, with 0 <= E_s <= N_s. Published counts can be
        fractional; they are kept exactly.
    breakfasts, lunches
        Meals served in a year, or ``None``: then meals are proportional to enrolment.
    severe_need
        Whether breakfasts are paid at the severe-need rate.
    gain
        p_s: dollars a year gained by being in CEP at all, whatever the claim share.
    free, reduced
        Students eligible for free and for reduced meals outside CEP, or ``None`` where nobody knows.
    """

    id: str
    enrolled: Fraction
    identified: Fraction
    name: str = ""
    breakfasts: Fraction | None = None
    lunches: Fraction | None = None
    severe_need: bool = False
    gain: Fraction = Fraction(0)
    free: Fraction | None = None
    reduced: Fraction | None = None


COLUMNS = tuple(field.name for field in fields(School) if field.name != "name")
"""What an answer may depend on of a school."""
SHARE = NUMBER.words("a share from 0 to 1")
DOLLARS = NUMBER.words("dollars a meal, at least 0")
RATES = optional(Form(find_rates, lambda rates: str(rates.name), "a rate table"))
PARAMETERS = (
    Parameter(
        "threshold", NUMBER.words("a number in (0, 1]"), "0.4", "least identified share of a group, equation (2)"
    ),
    Parameter("multiplier", NUMBER.words("a number above 0"), "1.6", "claim share per identified share, equation (1)"),
    Parameter("cover", choice(Cover), "any", "whether every school must be in a group", "any"),
    Parameter("rates", RATES, "none", "dollars per meal; none counts meal-equivalents"),
    Parameter("days", NUMBER.words("a number above 0"), "180", "school days, where rates are given but no meal counts"),
    Parameter("forced_in", IDS, "", "schools that must be in CEP", ""),
    Parameter("forced_out", IDS, "", "schools that must stay out", ""),
    Parameter("together", TOGETHER, "", "schools that share a group or all stay out", ""),
    Parameter("groups", optional(COUNT), "none", "most groups that may be formed", "none", silent=True),
    Parameter("min_group", COUNT, "1", "fewest schools in a group", "1", silent=True),
    Parameter(
        "outside",
        choice(Outside),
        "none",
        "what schools outside CEP are paid: standard claiming (39)",
        "none",
        silent=True,
    ),
    Parameter(
        "breakfast_participation", SHARE, "1", "share of students who eat breakfast, without counts", "1", silent=True
    ),
    Parameter("lunch_participation", SHARE, "1", "share of students who eat lunch, without counts", "1", silent=True),
    Parameter(
        "lunch_adder",
        DOLLARS,
        "0",
        "added to every lunch: 0.02 at 60 % free and reduced, certified menus",
        "0",
        silent=True,
    ),
    Parameter(
        "purse", choice(Purse), "federal", "whose dollars count: federal, or the state's too", "federal", silent=True
    ),
    Parameter("state_paid", DOLLARS, "0", "what the state adds to a meal that is claimed as paid", "0", silent=True),
    Parameter("state_reduced", DOLLARS, "0", "what it adds to a reduced meal outside CEP", "0", silent=True),
    Parameter("state_all", DOLLARS, "0", "what it adds to every meal", "0", silent=True),
    *limits(OBJECTIVES),
)


@dataclass(frozen=True)
class CepInstance(Instance):
    """Schools of a district and the rules under which they may be grouped.

    Attributes
    ----------
    threshold, multiplier
        tau and m: a group needs E_g >= tau N_g and claims the share min(m E_g / N_g, 1).
    rates
        Dollars per meal; without them reimbursement is in meal-equivalents (W_s = N_s).
    days
        Days a year on which each enrolled student eats one breakfast and one lunch; used only
        with rates and without meal counts.
    forced_in, forced_out, together
        Schools that must be in CEP, that must stay out, and sets that share their fate: in one
        group or all out.
    outside
        Whether p_s holds what a school loses outside CEP (40), which its free and reduced students tell.
    purse, state_paid, state_reduced, state_all, lunch_adder
        Whose dollars count, and what is added to the rates.
    groups, min_group
        At most this many groups (``None``: any number), each of at least this many schools.
    limits
        Least values of objectives: pairs (objective, value).
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = PARAMETERS
    name: str
    schools: tuple[School, ...]
    threshold: Fraction = Fraction(2, 5)
    multiplier: Fraction = Fraction(8, 5)
    cover: Cover = Cover.ANY
    rates: Rates | None = None
    days: Fraction = Fraction(180)
    forced_in: tuple[str, ...] = ()
    forced_out: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    groups: int | None = None
    min_group: int = 1
    outside: Outside = Outside.NONE
    breakfast_participation: Fraction = Fraction(1)
    lunch_participation: Fraction = Fraction(1)
    lunch_adder: Fraction = Fraction(0)
    purse: Purse = Purse.FEDERAL
    state_paid: Fraction = Fraction(0)
    state_reduced: Fraction = Fraction(0)
    state_all: Fraction = Fraction(0)
    limits: tuple[tuple[str, Fraction], ...] = ()
    repairs: tuple[str, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        _validate(self)

    @property
    def problem(self) -> str:
        """Name of the problem."""
        return "cep"

    def canonical(self) -> dict[str, Any]:
        """What the digest is taken from."""
        outside_known = self.outside is Outside.STANDARD  # else nothing depends on who eats reduced meals
        columns = [*COLUMNS] if outside_known else [name for name in COLUMNS if name not in ("free", "reduced")]
        cells = [_texts([getattr(school, column) for school in self.schools]) for column in columns]
        return {
            "problem": self.problem,
            "columns": columns,
            "schools": [list(row) for row in zip(*cells, strict=True)],
            "parameters": self.parameters,
            "rates": _rates_text(self.rates, outside_known) if self.rates else None,
            "repairs": list(self.repairs),
        }

    @cached_property
    def by_id(self) -> dict[str, School]:
        """Schools by id."""
        return {school.id: school for school in self.schools}

    @cached_property
    def counts(self) -> tuple[Vector, Vector]:
        """E and N of all schools, in the order of ``schools``."""
        identified = Vector.of([school.identified for school in self.schools])
        return identified, Vector.of([school.enrolled for school in self.schools])

    @cached_property
    def totals(self) -> tuple[Fraction, Fraction]:
        """Identified and enrolled students of all schools."""
        identified, enrolled = self.counts
        return identified.sum(), enrolled.sum()

    @cached_property
    def slack(self) -> Vector:
        """E_s - tau N_s of (2), in the order of ``schools``."""
        identified, enrolled = self.counts
        return identified - enrolled * self.threshold

    @cached_property
    def weights(self) -> tuple[Fraction, ...]:
        """W_s of equation (3), in the order of ``schools``: the value of a claim share of 1.

        Students (meal-equivalents) without rates; dollars a year with them.
        """
        return tuple(self.claimed[0].fractions())

    @cached_property
    def paid_base(self) -> tuple[Fraction, ...]:
        """What each school is paid at a claim share of 0: every meal at the paid rate."""
        return tuple(self.claimed[1].fractions())

    @cached_property
    def gains(self) -> tuple[Fraction, ...]:
        """p_s of (3) in the order of ``schools``: as given, with (40) where standard claiming is known."""
        given = tuple(school.gain for school in self.schools)
        if self.outside is Outside.NONE:
            return given
        return tuple(
            gain + base - paid.counted(self.purse)
            for gain, base, paid in zip(given, self.paid_base, self.outside_dollars, strict=True)
        )

    @cached_property
    def gained(self) -> Vector:
        """``gains`` as a vector."""
        if self.outside is Outside.NONE and not any(school.gain for school in self.schools):
            return Vector(np.zeros(len(self.schools), dtype=np.int64))
        return Vector.of(self.gains)

    @cached_property
    def federal_rates(self) -> Rates | None:
        """The rates with the adder per lunch, without a state's supplements."""
        return federal_rates(self)

    @cached_property
    def outside_dollars(self) -> tuple[Dollars, ...]:
        """O_s of equation (39), in the order of ``schools``; only where ``outside`` is ``standard``."""
        return tuple(outside(self, school) for school in self.schools)

    @cached_property
    def claimed(self) -> tuple[Vector, Vector]:
        """W and ``paid_base`` of all schools."""
        return claimed(self, self.counts[1])

    @cached_property
    def weight_per_student(self) -> Fraction | None:
        """w with W_s = w N_s for every school (proportional meals), or ``None``."""
        (weights, _), (_, enrolled) = self.claimed, self.counts
        if weights is enrolled and enrolled.any():  # meal-equivalents
            return Fraction(1)
        filled = np.flatnonzero(enrolled.numbers)
        if not len(filled):
            return Fraction(0)
        ratio = weights[filled[:1]].sum() / enrolled[filled[:1]].sum()
        return None if (weights - enrolled * ratio).any() else ratio

    @cached_property
    def claim_unit(self) -> Fraction | None:
        """The lattice of reimbursement; see ``lattice``."""
        weight = self.weight_per_student
        if weight is None:
            return None
        identified, enrolled = self.counts
        terms = ((self.gained, 1), (enrolled, weight), (identified, weight * self.multiplier))
        return common_measure((term.measure() or Fraction(0)) * factor for term, factor in terms) or Fraction(1)

    @property
    def full_share(self) -> Fraction:
        """Least identified share at which a group is in CEP and claims every meal: max(tau, 1/m)."""
        return max(self.threshold, 1 / self.multiplier)


def _texts(values: Iterable[object]) -> list[str]:
    """Each value as text; a state has a million of them."""
    return [
        value if type(value) is str
        else "" if value is None
        else decimal_text(value) if type(value) is Fraction
        else str(value)
        for value in values
    ]  # fmt: skip


def _rates_text(rates: Rates, reduced: bool) -> dict[str, str]:
    names = [field.name for field in fields(Rates) if reduced or "reduced" not in field.name]
    return {name: _text(getattr(rates, name)) for name in names}


def _text(value: object) -> str:
    if isinstance(value, Fraction):
        return str(value.numerator) if value.denominator == 1 else decimal_text(value)
    return "" if value is None else str(value)


def _validate(instance: CepInstance) -> None:
    """Refuse an instance that no reading of the rules can make sense of."""
    if not instance.schools:
        raise InputError("no schools", wanted="at least one")
    if not 0 < instance.threshold.numerator <= instance.threshold.denominator:
        raise InputError("parameter threshold", found=decimal_text(instance.threshold), wanted="a number in (0, 1]")
    if instance.multiplier.numerator <= 0:
        raise InputError("parameter multiplier", found=decimal_text(instance.multiplier), wanted="a number above 0")
    if instance.days.numerator <= 0:
        raise InputError("parameter days", found=decimal_text(instance.days), wanted="a number above 0")
    if instance.groups is not None and instance.groups < 1:
        raise InputError("parameter groups", found=instance.groups, wanted="none or a whole number above 0")
    if instance.min_group < 1:
        raise InputError("parameter min_group", found=instance.min_group, wanted="a whole number above 0")
    seen: set[str] = set()
    with_meals = {school.lunches is not None for school in instance.schools}
    for school in instance.schools:
        if school.id in seen:
            raise InputError("duplicate school_id", found=school.id, wanted="each school once")
        seen.add(school.id)
        # Of 45,000 schools in a sweep hardly one is refused: numerators tell a sign sooner than fractions do.
        if school.enrolled.numerator < 0 or school.identified.numerator < 0:
            raise InputError(f"school {school.id}: negative count", wanted="enrolled and identified at least 0")
        if school.identified.numerator and exceeds(school.identified, school.enrolled):
            raise InputError(
                f"school {school.id}: identified",
                found=decimal_text(school.identified),
                wanted=f"at most the {decimal_text(school.enrolled)} enrolled",
            )
        if (school.breakfasts is None) != (school.lunches is None) or len(with_meals) > 1:
            raise InputError(f"school {school.id}: meals", wanted="breakfasts and lunches for every school or for none")
        if school.lunches is not None:
            meals = (school.breakfasts or 0, school.lunches)
            if min(meals) < 0:
                raise InputError(f"school {school.id}: negative meals", wanted="breakfasts and lunches at least 0")
            if school.enrolled == 0 and max(meals) > 0:
                raise InputError(
                    f"school {school.id}: meals without students", wanted="no meals where nobody is enrolled"
                )
        if school.free is not None or school.reduced is not None:
            eligible = (school.free or Fraction(0), school.reduced or Fraction(0))
            if min(eligible) < 0 or sum(eligible) > school.enrolled:
                raise InputError(
                    f"school {school.id}: free and reduced", wanted="counts that are at most the enrolled together"
                )
    for rule, ids in (
        ("forced_in", instance.forced_in),
        ("forced_out", instance.forced_out),
        ("together", tuple(i for group in instance.together for i in group)),
    ):
        for identifier in ids:
            if identifier not in seen:
                raise InputError(f"parameter {rule}", found=identifier, wanted="a school_id of the instance")
    both = sorted(set(instance.forced_in) & set(instance.forced_out))
    if both:
        raise InputError("school in forced_in and in forced_out", found=both[0], wanted="one of the two")
    check_money(instance)
    known = [objective.name for objective in OBJECTIVES]
    for name, _ in instance.limits:
        if name not in known:
            raise InputError("floor on an unknown objective", found=name, wanted=" or ".join(known))


@dataclass(frozen=True)
class Grouping:
    """A solution: the groups of schools in CEP, by school id; schools in no group stay out."""

    groups: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, groups: Iterable[Iterable[str]]) -> Grouping:
        """Build a grouping in canonical order; empty groups vanish."""
        return cls(tuple(sorted(tuple(sorted(group)) for group in map(list, groups) if group)))
