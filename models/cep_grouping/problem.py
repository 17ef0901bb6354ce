"""CEP school grouping: instance, solution and exact evaluation.

A district sorts its schools into groups for the federal Community Eligibility Provision. A group
whose identified students reach the threshold share is paid the free rate for a share of its meals.
Equation numbers are those of ``docs/cep.md``. Source: the MealsCount notebook (Algorithm v2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any

from fairbound.models.cep_grouping.rates import Rates
from fairbound.models.errors import InputError, nearest
from fairbound.models.exact import common_measure, decimal_text
from fairbound.models.parameters import ids_text, together_text
from fairbound.models.problem import Evaluation, Instance, Objective, Sense, Violation

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
    """

    id: str
    enrolled: Fraction
    identified: Fraction
    name: str = ""
    breakfasts: Fraction | None = None
    lunches: Fraction | None = None
    severe_need: bool = False
    gain: Fraction = Fraction(0)


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
    groups, min_group
        At most this many groups (``None``: any number), each of at least this many schools.
    floors
        Least values of objectives: pairs (objective, value).
    """

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
    floors: tuple[tuple[str, Fraction], ...] = ()
    repairs: tuple[str, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        _validate(self)

    @property
    def problem(self) -> str:
        return "cep"

    @property
    def parameters(self) -> dict[str, str]:
        text = {
            "threshold": decimal_text(self.threshold),
            "multiplier": decimal_text(self.multiplier),
            "cover": self.cover.value,
            "rates": self.rates.name if self.rates else "none",
            "days": decimal_text(self.days),
            "forced_in": ids_text(self.forced_in),
            "forced_out": ids_text(self.forced_out),
            "together": together_text(self.together),
        }
        if self.groups is not None:
            text["groups"] = str(self.groups)
        if self.min_group > 1:
            text["min_group"] = str(self.min_group)
        return text | {f"min_{objective}": decimal_text(value) for objective, value in self.floors}

    def canonical(self) -> dict[str, Any]:
        columns = [field.name for field in fields(School) if field.name != "name"]
        return {
            "problem": self.problem,
            "columns": columns,
            "schools": [[_text(getattr(school, column)) for column in columns] for school in self.schools],
            "parameters": self.parameters,
            "rates": {field.name: _text(getattr(self.rates, field.name)) for field in fields(Rates)}
            if self.rates
            else None,
            "repairs": list(self.repairs),
        }

    @cached_property
    def by_id(self) -> dict[str, School]:
        return {school.id: school for school in self.schools}

    @cached_property
    def weights(self) -> tuple[Fraction, ...]:
        """W_s of equation (3), in the order of ``schools``: the value of a claim share of 1.

        Students (meal-equivalents) without rates; dollars a year with them.
        """
        return tuple(weight for weight, _ in self._money)

    @cached_property
    def paid_base(self) -> tuple[Fraction, ...]:
        """What each school is paid at a claim share of 0: every meal at the paid rate."""
        return tuple(base for _, base in self._money)

    @cached_property
    def _money(self) -> tuple[tuple[Fraction, Fraction], ...]:
        if self.rates is None:
            return tuple((school.enrolled, Fraction(0)) for school in self.schools)
        money = []
        for school in self.schools:
            breakfasts = self.days * school.enrolled if school.breakfasts is None else school.breakfasts
            lunches = self.days * school.enrolled if school.lunches is None else school.lunches
            free, paid = self.rates.breakfast(school.severe_need)
            spread = breakfasts * (free - paid) + lunches * (self.rates.lunch_free - self.rates.lunch_paid)
            money.append((spread, breakfasts * paid + lunches * self.rates.lunch_paid))
        return tuple(money)

    @cached_property
    def weight_per_student(self) -> Fraction | None:
        """w with W_s = w N_s for every school (proportional meals), or ``None``."""
        ratio = next((w / s.enrolled for w, s in zip(self.weights, self.schools, strict=True) if s.enrolled), None)
        if ratio is None:
            return Fraction(0)
        if all(w == ratio * s.enrolled for w, s in zip(self.weights, self.schools, strict=True)):
            return ratio
        return None

    @cached_property
    def claim_unit(self) -> Fraction | None:
        """The lattice of reimbursement; see ``lattice``."""
        weight = self.weight_per_student
        if weight is None:
            return None
        terms = [school.gain for school in self.schools]
        terms += [weight * school.enrolled for school in self.schools]
        terms += [weight * self.multiplier * school.identified for school in self.schools]
        return common_measure(terms) or Fraction(1)

    @property
    def full_share(self) -> Fraction:
        """Least identified share at which a group is in CEP and claims every meal: max(tau, 1/m)."""
        return max(self.threshold, 1 / self.multiplier)


def _text(value: object) -> str:
    if isinstance(value, Fraction):
        return decimal_text(value)
    return "" if value is None else str(value)


def _validate(instance: CepInstance) -> None:
    """Refuse an instance that no reading of the rules can make sense of."""
    if not instance.schools:
        raise InputError("no schools", wanted="at least one")
    if not 0 < instance.threshold <= 1:
        raise InputError("parameter threshold", found=decimal_text(instance.threshold), wanted="a number in (0, 1]")
    if instance.multiplier <= 0:
        raise InputError("parameter multiplier", found=decimal_text(instance.multiplier), wanted="a number above 0")
    if instance.days <= 0:
        raise InputError("parameter days", found=decimal_text(instance.days), wanted="a number above 0")
    if instance.groups is not None and instance.groups < 1:
        raise InputError("parameter groups", found=instance.groups, wanted="none or a whole number above 0")
    if instance.min_group < 1:
        raise InputError("parameter min_group", found=instance.min_group, wanted="a whole number above 0")
    seen: set[str] = set()
    with_meals = {school.lunches is not None for school in instance.schools}
    for school in instance.schools:
        where = f"school {school.id}"
        if school.id in seen:
            raise InputError("duplicate school_id", found=school.id, wanted="each school once")
        seen.add(school.id)
        if school.enrolled < 0 or school.identified < 0:
            raise InputError(f"{where}: negative count", wanted="enrolled and identified at least 0")
        if school.identified > school.enrolled:
            raise InputError(
                f"{where}: identified",
                found=decimal_text(school.identified),
                wanted=f"at most the {decimal_text(school.enrolled)} enrolled",
            )
        if (school.breakfasts is None) != (school.lunches is None) or len(with_meals) > 1:
            raise InputError(f"{where}: meals", wanted="breakfasts and lunches for every school or for none")
        meals = (school.breakfasts or 0, school.lunches or 0)
        if min(meals) < 0:
            raise InputError(f"{where}: negative meals", wanted="breakfasts and lunches at least 0")
        if school.enrolled == 0 and max(meals) > 0:
            raise InputError(f"{where}: meals without students", wanted="no meals where nobody is enrolled")
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
    known = [objective.name for objective in OBJECTIVES]
    for name, _ in instance.floors:
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


def totals(schools: Iterable[School]) -> tuple[Fraction, Fraction]:
    """E_g and N_g: identified and enrolled students of a group."""
    identified, enrolled = Fraction(0), Fraction(0)
    for school in schools:
        identified, enrolled = identified + school.identified, enrolled + school.enrolled
    return identified, enrolled


def meets(identified: Fraction, enrolled: Fraction, share: Fraction) -> bool:
    """Equation (2), without a division: a group without students meets every share."""
    return identified >= share * enrolled


def claim_share(instance: CepInstance, identified: Fraction, enrolled: Fraction) -> Fraction:
    """t_g of equation (1); 0 for a group under the threshold."""
    if not meets(identified, enrolled, instance.threshold):
        return Fraction(0)
    if meets(instance.multiplier * identified, enrolled, Fraction(1)):
        return Fraction(1)
    return instance.multiplier * identified / enrolled


def evaluate(instance: CepInstance, grouping: Grouping) -> Evaluation:
    """Score a grouping exactly: equations (1) to (3) and every rule of the instance.

    A group under the threshold is a violation; its schools count as out of CEP.
    """
    index = {school.id: i for i, school in enumerate(instance.schools)}
    violations: list[Violation] = []
    home: dict[str, int] = {}
    for g, group in enumerate(grouping.groups):
        for identifier in group:
            if identifier not in index:
                violations.append(Violation("known schools", f"group {g + 1}", identifier, "a school of the instance"))
            elif identifier in home:
                violations.append(Violation("one group a school", f"school {identifier}", "two groups", "one"))
            else:
                home[identifier] = g

    values = {objective.name: Fraction(0) for objective in OBJECTIVES}
    shares, base, phantom = Fraction(0), Fraction(0), Fraction(0)
    for g, group in enumerate(grouping.groups):
        members = [index[identifier] for identifier in dict.fromkeys(group) if home.get(identifier) == g]
        identified, enrolled = totals(instance.schools[i] for i in members)
        if not meets(identified, enrolled, instance.threshold):
            phantom += _phantom(instance, members, identified, enrolled)
            violations.append(
                Violation(
                    "threshold",
                    f"group {g + 1} ({group[0]}{', ...' if len(group) > 1 else ''})",
                    f"{decimal_text(identified)} identified of {decimal_text(enrolled)}",
                    f"at least {decimal_text(instance.threshold * enrolled)}",
                )
            )
            continue
        share = claim_share(instance, identified, enrolled)
        values[REIMBURSEMENT] += share * sum((instance.weights[i] for i in members), Fraction(0))
        values[REIMBURSEMENT] += sum((instance.schools[i].gain for i in members), Fraction(0))
        values[STUDENTS] += enrolled
        values[SCHOOLS] += len(members)
        values[FULL_FUNDING] += len(members) if share == 1 else 0
        shares += share * len(members)
        base += sum((instance.paid_base[i] for i in members), Fraction(0))

    violations += _broken_rules(instance, home)
    violations += _group_rules(instance, grouping)
    for name, floor in instance.floors:
        if values[name] < floor:
            violations.append(Violation(f"min_{name}", "the grouping", decimal_text(values[name]), decimal_text(floor)))
    measures = {
        "groups": Fraction(len(grouping.groups)),
        "mean_funded_share": shares / len(instance.schools),
        "phantom_money": phantom,
    }
    if instance.rates is not None:
        measures["full_reimbursement"] = values[REIMBURSEMENT] + base
    return Evaluation(values, tuple(violations), measures)


def _broken_rules(instance: CepInstance, home: Mapping[str, int]) -> list[Violation]:
    broken = [
        Violation("forced_in", f"school {identifier}", "out of CEP", "in CEP")
        for identifier in instance.forced_in
        if identifier not in home
    ]
    broken += [
        Violation("forced_out", f"school {identifier}", "in CEP", "out of CEP")
        for identifier in instance.forced_out
        if identifier in home
    ]
    for ids in instance.together:
        if len({home.get(identifier) for identifier in ids}) > 1:
            broken.append(Violation("together", " + ".join(ids), "different groups", "one group, or all out"))
    if instance.cover is Cover.ALL:
        broken += [
            Violation("cover", f"school {school.id}", "out of CEP", "in a group")
            for school in instance.schools
            if school.id not in home
        ]
    return broken


def _phantom(instance: CepInstance, members: Sequence[int], identified: Fraction, enrolled: Fraction) -> Fraction:
    """What a group under the threshold would be worth if its share, rounded to four decimals, counted."""
    share = Fraction(round(identified / enrolled * 10**4), 10**4)
    if share < instance.threshold:
        return Fraction(0)
    claim = min(instance.multiplier * share, Fraction(1))
    return sum((claim * instance.weights[i] + instance.schools[i].gain for i in members), Fraction(0))


def _group_rules(instance: CepInstance, grouping: Grouping) -> list[Violation]:
    """At most ``groups`` groups, each of at least ``min_group`` schools."""
    broken = [
        Violation(
            "min_group",
            f"group {g + 1} ({group[0]}{', ...' if len(group) > 1 else ''})",
            f"{len(group)} schools",
            f"at least {instance.min_group}",
        )
        for g, group in enumerate(grouping.groups)
        if len(group) < instance.min_group
    ]
    if instance.groups is not None and len(grouping.groups) > instance.groups:
        broken.append(Violation("groups", "the grouping", str(len(grouping.groups)), f"at most {instance.groups}"))
    return broken


def lattice(instance: CepInstance, objective: str) -> Fraction | None:
    """A rational of which every achievable value is a multiple; ``None`` where there is none.

    With proportional meals a group is worth min(m w E_g, w N_g), a sum of terms of either kind.
    """
    if objective == STUDENTS:
        return common_measure(school.enrolled for school in instance.schools) or Fraction(1)
    if objective != REIMBURSEMENT:
        return Fraction(1)
    return instance.claim_unit


def arithmetic(instance: CepInstance) -> str | None:
    """Why no grouping can keep the rules, where counts settle it: a share out of reach, a group too large."""
    open_schools = [school for school in instance.schools if school.id not in instance.forced_out]
    must = instance.cover is Cover.ALL or bool(instance.forced_in)
    if instance.cover is Cover.ALL and instance.forced_out:
        return f"school {instance.forced_out[0]} must stay out, and every school must be in a group"
    floors = [name for name, floor in instance.floors if floor > 0]
    if (must or floors) and len(open_schools) < instance.min_group:
        return f"{len(open_schools)} schools may be in CEP, and a group has at least {instance.min_group}"
    if instance.cover is Cover.ALL:
        identified, enrolled = totals(instance.schools)
        if not meets(identified, enrolled, instance.threshold):
            share, wanted = float(identified / enrolled), float(instance.threshold)
            return f"{share:.4%} of all students are identified, and {wanted:.4%} are wanted"
    count = Fraction(len(open_schools))
    most = {STUDENTS: totals(open_schools)[1], SCHOOLS: count, FULL_FUNDING: count}
    for name, floor in instance.floors:
        if name in most and most[name] < floor:
            return f"{name} is {decimal_text(most[name])} at most, and {decimal_text(floor)} is wanted"
    return None


def bounded(instance: CepInstance, objective: str, value: Fraction) -> CepInstance:
    """The instance with one more rule: ``objective`` is at least ``value``."""
    floors = dict(instance.floors)
    floors[objective] = max(value, floors.get(objective, value))
    return replace(instance, floors=tuple(sorted(floors.items())))


def solution_rows(instance: CepInstance, grouping: Grouping) -> list[dict[str, str]]:
    """One row per school in the order of the instance; ``group`` is empty for a school left out."""
    number = {identifier: str(g + 1) for g, group in enumerate(grouping.groups) for identifier in group}
    return [{"school_id": school.id, "group": number.get(school.id, "")} for school in instance.schools]


def read_solution(instance: CepInstance, rows: Sequence[Mapping[str, str]]) -> Grouping:
    """Read a grouping from rows with ``school_id`` and ``group``; raises ``InputError``."""
    groups: dict[str, list[str]] = {}
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        for column in ("school_id", "group"):
            if column not in row:
                raise InputError("missing column", row=1, column=column, wanted="school_id and group")
        identifier, group = row["school_id"].strip(), row["group"].strip()
        if identifier not in instance.by_id:
            wanted = nearest(identifier, instance.by_id)
            raise InputError("unknown school", row=line, column="school_id", found=identifier, wanted=wanted)
        if identifier in seen:
            wanted = "each school once"
            raise InputError("duplicate school_id", row=line, column="school_id", found=identifier, wanted=wanted)
        seen.add(identifier)
        if group:
            groups.setdefault(group, []).append(identifier)
    return Grouping.of(groups.values())


def solution_summary(instance: CepInstance, grouping: Grouping) -> list[dict[str, str]]:
    """One row per group, and one for the schools left out."""
    rows = []
    for g, group in enumerate(grouping.groups):
        schools = [instance.by_id[identifier] for identifier in group]
        identified, enrolled = totals(schools)
        worth = evaluate(instance, Grouping((group,))).values[REIMBURSEMENT]
        rows.append(_summary_row(str(g + 1), len(group), enrolled, identified, instance, worth))
    covered = {identifier for group in grouping.groups for identifier in group}
    out = [school for school in instance.schools if school.id not in covered]
    if out:
        identified, enrolled = totals(out)
        rows.append(_summary_row("left out", len(out), enrolled, identified, instance, None))
    return rows


def _summary_row(
    label: str, schools: int, enrolled: Fraction, identified: Fraction, instance: CepInstance, worth: Fraction | None
) -> dict[str, str]:
    share = float(identified / enrolled) if enrolled else 0.0
    return {
        "group": label,
        "schools": f"{schools:,}",
        "students": f"{float(enrolled):,.10g}",
        "identified": f"{float(identified):,.10g}",
        "identified share": f"{share:.2%}",
        "claim share": "-" if worth is None else f"{float(claim_share(instance, identified, enrolled)):.2%}",
        "worth": "-" if worth is None else f"{float(worth):,.2f}",
    }


def facts(instance: CepInstance) -> dict[str, str]:
    """Size of an instance for people."""
    identified, enrolled = totals(instance.schools)
    return {
        "schools": f"{len(instance.schools):,}",
        "students": f"{float(enrolled):,.10g}",
        "identified": f"{float(identified):,.10g}",
    }
