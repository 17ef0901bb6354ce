"""The specification of district transfers: exact scores and broken rules of a plan."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.core.exact import decimal_text
from fairbound.models.core.problem import Evaluation, Violation
from fairbound.models.transfers.instance import (
    COMBINED,
    RACE,
    RACE_L1,
    RACE_L1_WEIGHTED,
    RACE_WEIGHTED,
    Kind,
    Reading,
    TransferInstance,
    TransferPlan,
    amounts_today,
    district_terms,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def evaluate(instance: TransferInstance, plan: TransferPlan) -> Evaluation:
    """Score a plan exactly: every objective and every rule of the instance.

    A plan that leaves a district without students has no composition there and scores 0 for it;
    that is a violation.
    """
    count = len(instance.districts)
    flow: dict[tuple[int, int], Fraction] = {}
    violations: list[Violation] = []
    for origin, target, students in plan.moves:
        where = f"{origin} to {target}"
        if origin not in instance.index or target not in instance.index:
            violations.append(Violation("known districts", where, "an unknown district", "districts of the instance"))
            continue
        i, j = instance.index[origin], instance.index[target]
        if j not in instance.neighbours[i]:
            violations.append(Violation("borders", where, "no shared border", "a neighbour"))
        if students < 0:
            violations.append(Violation("no negative moves", where, decimal_text(students), "at least 0"))
        if instance.whole and students.denominator != 1:
            violations.append(Violation("whole students", where, decimal_text(students), "a whole number"))
        flow[i, j] = flow.get((i, j), Fraction(0)) + students

    leaving, arriving = [Fraction(0)] * count, [Fraction(0)] * count
    groups = [list(district.counts) for district in instance.districts]
    amounts = amounts_today(instance)
    for (i, j), students in flow.items():
        leaving[i] += students
        arriving[j] += students
        share = students / instance.sizes[i]
        for r, total in enumerate(instance.districts[i].counts):
            groups[i][r] -= share * total
            groups[j][r] += share * total
        if instance.reading is Reading.MOVE:
            for now, measure in zip(amounts, instance.measures, strict=True):
                now[i] -= share * measure.amounts[i]
                now[j] += share * measure.amounts[i]
    sizes = [size - out + new for size, out, new in zip(instance.sizes, leaving, arriving, strict=True)]
    violations += _broken_rules(instance, sizes, leaving)

    kept = [
        j
        for j in range(count)
        if sizes[j] > 0
        and all(now[j] > 0 or m.kind is Kind.PER_STUDENT for now, m in zip(amounts, instance.measures, strict=True))
    ]
    deviations = [[g / sizes[j] - mu for g, mu in zip(groups[j], instance.overall, strict=True)] for j in kept]
    terms = district_terms(instance, [sizes[j] for j in kept], [[now[j] for j in kept] for now in amounts], deviations)
    absolute = [sum((abs(d) for d in row), Fraction(0)) for row in deviations]
    means = {term: sum(values, Fraction(0)) / count for term, values in terms.items()}
    values = {
        RACE: means[RACE],
        RACE_WEIGHTED: sum((sizes[j] * f for j, f in zip(kept, terms[RACE], strict=True)), Fraction(0))
        / instance.total,
        RACE_L1: sum(absolute, Fraction(0)) / count,
        RACE_L1_WEIGHTED: sum((sizes[j] * f for j, f in zip(kept, absolute, strict=True)), Fraction(0))
        / instance.total,
        COMBINED: sum(
            (instance.weight(term) * instance.scales[term] * mean for term, mean in means.items()), Fraction(0)
        ),
    }
    for name, cap in instance.limits:
        if values[name] > cap:
            violations.append(Violation(f"max_{name}", "the plan", decimal_text(values[name]), decimal_text(cap)))
    measures = {"moved_students": sum(leaving, Fraction(0)), "moved_share": sum(leaving, Fraction(0)) / instance.total}
    for term, found in terms.items():
        measures[f"{term}_mean"] = means[term]
        measures[f"{term}_max"] = max(found, default=Fraction(0))
    return Evaluation(values, tuple(violations), measures)


def _broken_rules(
    instance: TransferInstance, sizes: Sequence[Fraction], leaving: Sequence[Fraction]
) -> list[Violation]:
    broken = []
    for district, size, out, today in zip(instance.districts, sizes, leaving, instance.sizes, strict=True):
        where = f"district {district.id}"
        if out > today:
            broken.append(
                Violation("conservation", where, f"{decimal_text(out)} leave", f"at most {decimal_text(today)}")
            )
        if size <= 0:
            broken.append(Violation("students in every district", where, decimal_text(size), "above 0"))
        if instance.band is not None and not (1 - instance.band) * today <= size <= (1 + instance.band) * today:
            low, high = decimal_text((1 - instance.band) * today), decimal_text((1 + instance.band) * today)
            broken.append(Violation("band", where, f"{decimal_text(size)} students", f"{low} to {high}"))
        if instance.floor is not None and size < instance.floor * today:
            broken.append(
                Violation(
                    "floor", where, f"{decimal_text(size)} students", f"at least {decimal_text(instance.floor * today)}"
                )
            )
    moved, limit = sum(leaving, Fraction(0)), instance.p * instance.total
    if moved > limit:
        broken.append(Violation("p", "the plan", f"{decimal_text(moved)} moved", f"at most {decimal_text(limit)}"))
    return broken


def values_today(instance: TransferInstance) -> Mapping[str, Fraction]:
    """Every objective's value with nobody moved."""
    return evaluate(instance, TransferPlan(())).values


def lattice(_instance: TransferInstance, _objective: str) -> Fraction | None:
    """No lattice: ratios of real numbers come arbitrarily close to one another."""
    return None
