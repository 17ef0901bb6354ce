"""The specification of CEP school grouping: exact scores and broken rules of a grouping, equations (1) to (3)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.cep.instance import (
    FULL_FUNDING,
    REIMBURSEMENT,
    SCHOOLS,
    STUDENTS,
    CepInstance,
    Cover,
    Grouping,
    School,
)
from fairbound.models.cep.money import Dollars, Outside, inside
from fairbound.models.core.exact import decimal_text
from fairbound.models.core.problem import Evaluation, Violation, last_kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def totals(schools: Iterable[School]) -> tuple[Fraction, Fraction]:
    """E_g and N_g: identified and enrolled students of a group."""
    identified, enrolled = Fraction(0), Fraction(0)
    for school in schools:
        identified, enrolled = identified + school.identified, enrolled + school.enrolled
    return identified, enrolled


def meets(identified: Fraction, enrolled: Fraction, share: Fraction) -> bool:
    """Equation (2), without a division: a group without students meets every share."""
    # In whole numbers: a product of fractions is reduced first, which costs more than all of this.
    right = share.numerator * enrolled.numerator * identified.denominator
    return identified.numerator * share.denominator * enrolled.denominator >= right


def claim_share(instance: CepInstance, identified: Fraction, enrolled: Fraction) -> Fraction:
    """t_g of equation (1); 0 for a group under the threshold."""
    if not meets(identified, enrolled, instance.threshold):
        return Fraction(0)
    if meets(instance.multiplier * identified, enrolled, Fraction(1)):
        return Fraction(1)
    return instance.multiplier * identified / enrolled


@last_kept
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

    claims, students, shares, phantom = Fraction(0), Fraction(0), Fraction(0), Fraction(0)
    covered, full, paid = 0, 0, dict[int, Fraction]()
    for g, group in enumerate(grouping.groups):
        members = [index[identifier] for identifier in dict.fromkeys(group) if home.get(identifier) == g]
        identified, enrolled = (counted.total(members) for counted in instance.counts)
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
        claims += share * instance.claimed[0].total(members)
        if instance.gained.any():
            claims += instance.gained.total(members)
        students += enrolled
        covered += len(members)
        full += len(members) if share == 1 else 0
        shares += share * len(members)
        paid |= dict.fromkeys(members, share)
    values = {REIMBURSEMENT: claims, STUDENTS: students, SCHOOLS: Fraction(covered), FULL_FUNDING: Fraction(full)}

    violations += _broken_rules(instance, home)
    violations += _group_rules(instance, grouping)
    for name, floor in instance.limits:
        if values[name] < floor:
            violations.append(Violation(f"min_{name}", "the grouping", decimal_text(values[name]), decimal_text(floor)))
    measures = {
        "groups": Fraction(len(grouping.groups)),
        "mean_funded_share": shares / len(instance.schools),
        "phantom_money": phantom,
    }
    if instance.rates is not None:
        measures |= dollars(instance, paid, values[REIMBURSEMENT])
    return Evaluation(values, tuple(violations), measures)


def dollars(instance: CepInstance, shares: Mapping[int, Fraction], reimbursement: Fraction) -> dict[str, Fraction]:
    """A year's dollars where schools claim these shares; the others count if it is known what they are paid.

    ``full_reimbursement`` is what the purse counts, with the gains that were given: (3) is the difference to leaving
    everyone out where that is known, by (40), else what comes on top of the paid rate.
    """
    found: dict[str, Fraction] = {}
    if instance.outside is Outside.STANDARD:
        everyone_out = sum((paid.counted(instance.purse) for paid in instance.outside_dollars), Fraction(0))
        found = {"full_reimbursement": reimbursement + everyone_out, "standard_claiming": everyone_out}
    else:
        found["full_reimbursement"] = reimbursement + instance.claimed[1].total(list(shares))
    if instance.state_paid or instance.state_reduced or instance.state_all:
        whole = Dollars(Fraction(0), Fraction(0))
        for i, school in enumerate(instance.schools):
            if i in shares:
                whole += inside(instance, school, shares[i])
            elif instance.outside is Outside.STANDARD:
                whole += instance.outside_dollars[i]
        found |= {"federal_dollars": whole.federal, "state_dollars": whole.state}
    return found


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
    return sum((claim * instance.weights[i] + instance.gains[i] for i in members), Fraction(0))


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
        return instance.counts[1].measure() or Fraction(1)
    if objective != REIMBURSEMENT:
        return Fraction(1)
    return instance.claim_unit


def arithmetic(instance: CepInstance) -> str | None:
    """Why no grouping can keep the rules, where counts settle it: a share out of reach, a group too large."""
    open_schools = [school for school in instance.schools if school.id not in instance.forced_out]
    must = instance.cover is Cover.ALL or bool(instance.forced_in)
    if instance.cover is Cover.ALL and instance.forced_out:
        return f"school {instance.forced_out[0]} must stay out, and every school must be in a group"
    floors = [name for name, floor in instance.limits if floor > 0]
    if (must or floors) and len(open_schools) < instance.min_group:
        return f"{len(open_schools)} schools may be in CEP, and a group has at least {instance.min_group}"
    if instance.cover is Cover.ALL:
        identified, enrolled = totals(instance.schools)
        if not meets(identified, enrolled, instance.threshold):
            share, wanted = float(identified / enrolled), float(instance.threshold)
            return f"{share:.4%} of all students are identified, and {wanted:.4%} are wanted"
    count = Fraction(len(open_schools))
    most = {STUDENTS: totals(open_schools)[1], SCHOOLS: count, FULL_FUNDING: count}
    for name, floor in instance.limits:
        if name in most and most[name] < floor:
            return f"{name} is {decimal_text(most[name])} at most, and {decimal_text(floor)} is wanted"
    return None
