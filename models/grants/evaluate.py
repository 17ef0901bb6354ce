"""The specification of a plan of grants: exact scores and broken rules, equations (1) to (5)."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from fairbound.models.core.exact import brief_text, whole_multiples
from fairbound.models.core.problem import Evaluation, Violation
from fairbound.models.grants.instance import FITTED, MEAN, THOUSAND, WORST, GrantsInstance, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairbound.models.core.truth import Truth

LOW, HIGH = Fraction(1, 20), Fraction(19, 20)
"""Ends of the interval of the gain."""


def evaluate(instance: GrantsInstance, plan: Plan) -> Evaluation:
    """Score a plan exactly, and hold it against every rule."""
    places = [(d, f) for d, f, _ in plan.changes]
    if len(set(places)) < len(places) or any(
        not (0 <= d < len(instance.districts_data) and 0 <= f < len(instance.functions)) for d, f in places
    ):
        return Evaluation({}, (Violation("changes", "the plan", "a change twice, or of nobody", "each once"),))
    broken = rules(instance, plan)
    gains = {(d, f): gain(instance, f, x) for d, f, x in plan.changes}
    scores = planned(instance, gains)
    values = {WORST: worst(scores, instance.tail), MEAN: sum(scores, Fraction(0)) / len(scores)}
    for name, limit in instance.limits:
        if values[name] < limit:
            broken.append(
                Violation(f"min_{name}", "the plan", brief_text(values[name]), f"at least {brief_text(limit)}")
            )
    before = [district.score for district in instance.districts_data]
    amounts = grants(plan)
    measures = {
        "gain": values[WORST] - worst(before, instance.tail),
        "granted": sum((instance.districts_data[d].students * t for d, t in amounts.items()), Fraction(0)),
        "granted_districts": Fraction(sum(t > 0 for t in amounts.values())),
        "outside_data": Fraction(sum(is_outside(instance, d, f, x) for d, f, x in plan.changes)),
    }
    return Evaluation(values, tuple(broken), measures | interval(instance, plan, before))


def rules(instance: GrantsInstance, plan: Plan) -> list[Violation]:
    """Equations (2) and (3)."""
    broken = []
    for d, f, x in plan.changes:
        district = instance.districts_data[d]
        down, up = instance.bounds(district, f)
        if not -down <= x <= up:
            where, wanted = f"{district.id}, {instance.functions[f]}", f"from {-down} to {up} dollars per student"
            broken.append(Violation("bounds", where, brief_text(x), wanted))
    amounts = grants(plan)
    for d, t in amounts.items():
        if not 0 <= t <= floor(instance.most):
            wanted = f"from 0 to {floor(instance.most)} dollars per student"
            broken.append(Violation("most", instance.districts_data[d].id, brief_text(t), wanted))
    total = sum((instance.districts_data[d].students * t for d, t in amounts.items()), Fraction(0))
    if total > instance.pot:
        broken.append(Violation("pot", "the plan", brief_text(total), f"at most {brief_text(instance.pot)}"))
    granted = sum(t > 0 for t in amounts.values())
    if instance.districts is not None and granted > instance.districts:
        broken.append(Violation("districts", "the plan", str(granted), f"at most {instance.districts}"))
    return broken


def grants(plan: Plan) -> dict[int, Fraction]:
    """Dollars per student that each district gets: the sum of its changes."""
    found: dict[int, Fraction] = {}
    for d, _, x in plan.changes:
        found[d] = found.get(d, Fraction(0)) + x
    return found


def gain(instance: GrantsInstance, f: int, x: Fraction) -> Fraction:
    """Points that a change of spending on a function adds (1)."""
    lose, win = instance.gains(f)
    return x * (win if x > 0 else lose)


def planned(instance: GrantsInstance, gains: Mapping[tuple[int, int], Fraction]) -> list[Fraction]:
    """Score of each district under a plan."""
    scores = [district.score for district in instance.districts_data]
    for (d, _), points in gains.items():
        scores[d] += points
    return scores


def worst(scores: Sequence[Fraction], tail: Fraction) -> Fraction:
    """Mean of the lowest share of scores (5); the last one counts in part where the share is no whole number."""
    count = tail * len(scores)
    whole = floor(count)
    multiples, unit = whole_multiples(scores)  # whole numbers are sorted and added up far faster
    lowest = sorted(multiples)[: whole + 1]
    rest = (count - whole) * lowest[whole] if count > whole else Fraction(0)
    return (sum(lowest[:whole]) + rest) * unit / count


def is_outside(instance: GrantsInstance, d: int, f: int, x: Fraction) -> bool:
    """Whether a change leads where no district of the data spends: there the effects are nobody's observation."""
    low, high = instance.ranges[f]
    return not low <= instance.districts_data[d].spending[f] + x <= high


def interval(instance: GrantsInstance, plan: Plan, before: Sequence[Fraction]) -> dict[str, Fraction]:
    """Gain of the worst tenth where resampled data, or the effects' half widths, say otherwise."""
    start = worst(before, instance.tail)
    if instance.effects == FITTED and instance.draws:
        found = sorted(worst(under(instance, plan, draw), instance.tail) - start for draw in instance.draws)
        last = len(found) - 1
        return {"gain_low": found[floor(LOW * last)], "gain_high": found[ceil(HIGH * last)]}
    ends = [
        worst(
            under(instance, plan, [effect.points + side * effect.width for effect in instance.assumed]), instance.tail
        )
        for side in (-1, 1)
    ]
    return {"gain_low": min(ends) - start, "gain_high": max(ends) - start}


def under(instance: GrantsInstance, plan: Plan, effects: Sequence[Fraction]) -> list[Fraction]:
    """Scores under a plan where functions have other effects."""
    return planned(instance, {(d, f): x * effects[f] / THOUSAND for d, f, x in plan.changes})


def judge(instance: GrantsInstance, plan: Plan, truth: Truth) -> dict[str, Fraction]:
    """What a plan really does: gains of the worst tenth and of the mean under the true effects."""
    effects = [truth.of("effect", name) for name in instance.functions]
    before = [district.score for district in instance.districts_data]
    after = under(instance, plan, effects)
    return {
        "true_gain": worst(after, instance.tail) - worst(before, instance.tail),
        "true_mean_gain": (sum(after, Fraction(0)) - sum(before, Fraction(0))) / len(after),
    }
