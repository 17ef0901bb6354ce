"""What people do: as much for every student, more where scores are lower, the lowest first.

Each chooses amounts for districts; within a district all of them spend where it does most, so only the amounts differ.
Where few districts may be granted, each takes those that it would give most to, the lowest scores first.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.models.grants.instance import GrantsInstance, Plan
from fairbound.solvers.core.baseline import Baseline

if TYPE_CHECKING:
    from collections.abc import Mapping

ROUNDS = 60


def _room(instance: GrantsInstance) -> dict[int, int]:
    """Dollars per student that each district can use."""
    return {d: sum(piece.dollars for piece in curve.pieces) for d, curve in enumerate(instance.curves)}


def _chosen(instance: GrantsInstance) -> list[int]:
    """Districts that may be granted, the lowest scores first."""
    order = sorted(range(len(instance.districts_data)), key=lambda d: (instance.districts_data[d].score, d))
    return order[: instance.districts]


def _in_proportion(instance: GrantsInstance, weights: Mapping[int, Fraction]) -> Plan:
    """Amounts in proportion to weights, as much as the pot and the districts' room allow."""
    room = _room(instance)
    low, high = Fraction(0), max((Fraction(room[d]) / w for d, w in weights.items() if w), default=Fraction(0))

    def amounts(scale: Fraction) -> dict[int, Fraction]:
        return {d: min(scale * w, Fraction(room[d])) for d, w in weights.items()}

    def cost(scale: Fraction) -> Fraction:
        return sum((instance.districts_data[d].students * t for d, t in amounts(scale).items()), Fraction(0))

    if cost(high) > instance.pot:
        for _ in range(ROUNDS):
            middle = Fraction(float((low + high) / 2))
            low, high = (middle, high) if cost(middle) <= instance.pot else (low, middle)
        high = low
    return Plan.of(instance, amounts(high))


def equal_per_student(instance: GrantsInstance, _objective: str, _seed: int, _argument: str | None) -> Plan:
    """The same dollars for every student."""
    return _in_proportion(instance, dict.fromkeys(_chosen(instance), Fraction(1)))


def proportional_to_need(instance: GrantsInstance, _objective: str, _seed: int, _argument: str | None) -> Plan:
    """Dollars per student in proportion to how far a district is below the best one."""
    best = max(district.score for district in instance.districts_data)
    return _in_proportion(instance, {d: best - instance.districts_data[d].score for d in _chosen(instance)})


def lowest_first(instance: GrantsInstance, _objective: str, _seed: int, _argument: str | None) -> Plan:
    """The lowest score takes all that it can use, then the next, until the pot is empty."""
    room, left = _room(instance), instance.pot
    amounts: dict[int, Fraction] = {}
    for d in _chosen(instance):
        students = instance.districts_data[d].students
        amounts[d] = min(Fraction(room[d]), left / students)
        left -= amounts[d] * students
    return Plan.of(instance, amounts)


BASELINES = (
    Baseline("equal_per_student", "the same dollars for every student", equal_per_student),
    Baseline(
        "proportional_to_need", "dollars in proportion to how far a district is below the best", proportional_to_need
    ),
    Baseline("lowest_first", "the lowest scores first, each as much as it can use", lowest_first),
)
