"""The specification of class types: exact scores and broken rules of a plan, equations (1) to (7)."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.classes.instance import GAP, MOVES, STATUS_QUO, ClassInstance, Plan, kind_name
from fairbound.models.core.exact import brief_text
from fairbound.models.core.problem import Evaluation, Violation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairbound.models.core.truth import Truth


def evaluate(instance: ClassInstance, plan: Plan) -> Evaluation:
    """Score a plan exactly, under the assumed effects."""
    broken = _broken(instance, plan)
    if any(violation.rule == "change" for violation in broken):
        return Evaluation({}, tuple(broken))
    moves = Fraction(sum(count for _, count in plan.flows))
    means = group_means(instance, plan)
    values = {MOVES: moves, GAP: max(means.values()) - min(means.values())}
    names = {GAP: "epsilon", MOVES: "moves"}
    for name, limit in instance.limits:
        if values[name] > limit:
            wanted = f"at most {brief_text(limit)}"
            broken.append(Violation(names[name], "the plan", brief_text(values[name]), wanted))
    today = group_means(instance, STATUS_QUO)
    measures = {"today_gap": max(today.values()) - min(today.values()), "total_score": total_score(instance, plan)}
    return Evaluation(values, tuple(broken), measures)


def _broken(instance: ClassInstance, plan: Plan) -> list[Violation]:
    """Rules (2) and (3): who can leave, and that every type keeps its seats."""
    arcs, broken = set(instance.arcs), []
    leaving: Counter[tuple[str, str, str]] = Counter()
    balance: Counter[tuple[str, str]] = Counter()
    for (school, group, source, target), count in plan.flows:
        if (school, group, source, target) not in arcs or count < 0:
            where = f"{school}, {group}, {source} to {target}"
            broken.append(
                Violation("change", where, str(count), "students who are there, to a type that the school has")
            )
            continue
        leaving[school, group, source] += count
        balance[school, source] -= count
        balance[school, target] += count
    for cell, count in leaving.items():
        if count > instance.cells[cell]:
            broken.append(Violation("students", ", ".join(cell), str(count), f"at most {instance.cells[cell]}"))
    for (school, kind), extra in sorted(balance.items()):
        if extra:
            seats = instance.seats[school, kind]
            broken.append(Violation("seats", f"{school}, {kind}", str(seats + extra), str(seats)))
    return broken


def group_means(instance: ClassInstance, plan: Plan) -> dict[str, Fraction]:
    """Predicted mean score of each group, equation (1)."""
    sums = dict(instance.score_sums)
    for (_, group, source, target), count in plan.flows:
        sums[group] += count * (instance.effects[target] - instance.effects[source])
    return {group: total / instance.group_sizes[group] for group, total in sums.items()}


def total_score(instance: ClassInstance, plan: Plan) -> Fraction:
    """Sum of predicted scores; the same for every plan that keeps the seats."""
    means = group_means(instance, plan)
    return sum((means[group] * n for group, n in instance.group_sizes.items()), Fraction(0))


def judge(instance: ClassInstance, plan: Plan, truth: Truth) -> Mapping[str, Fraction]:
    """What a plan does under the true effects and abilities; no method may see these.

    Raises ``InputError`` where the truth is of other students, schools or attributes.
    """
    effects = {
        name: sum((truth.of("effect", key) for key in kind), Fraction(0)) for name, kind in instance.kinds.items()
    }
    sums = dict.fromkeys(instance.group_sizes, Fraction(0))
    for student, group in zip(instance.members, instance.group_of, strict=True):
        ability = truth.check_score(student.id, student.school, student.kind, student.score)
        rest = truth.of("base", "") + truth.of("school_effect", student.school)
        sums[group] += rest + ability + effects[kind_name(student.kind)]
    before = {group: total / instance.group_sizes[group] for group, total in sums.items()}
    for (_, group, source, target), count in plan.flows:
        sums[group] += count * (effects[target] - effects[source])
    after = {group: total / instance.group_sizes[group] for group, total in sums.items()}
    return {
        "true_gap_today": max(before.values()) - min(before.values()),
        "true_gap": max(after.values()) - min(after.values()),
        "true_total_score": sum(sums.values(), Fraction(0)),
    }


def lattice(_instance: ClassInstance, objective: str) -> Fraction | None:
    """Students are whole; gaps have no step that floats could tell apart."""
    return Fraction(1) if objective == MOVES else None
