"""The specification of a balanced comparison: exact scores and broken rules, equations (1) to (5)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from typing import TYPE_CHECKING

from fairbound.models.core.exact import brief_text, standard_deviation, whole_multiples
from fairbound.models.core.problem import Evaluation, Violation, last_kept
from fairbound.models.matching.instance import IMBALANCE, PAIRS, WEIGHT, Comparison, MatchingInstance, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fairbound.models.core.truth import Truth


@last_kept
def evaluate(instance: MatchingInstance, comparison: Comparison) -> Evaluation:
    """Score a comparison exactly.

    Both sides are held against each other as shares, so a heuristic with sides of different sizes is told what it
    breaks. Pairs are counted only where every student counts 0 or 1.
    """
    weights = comparison.weights
    if len(weights) != len(instance.members) or any(w.numerator < 0 for w in weights):
        found = f"{len(weights)} weights" if len(weights) != len(instance.members) else "a weight below 0"
        return _with_estimate(
            instance, weights, (Violation("weights", "the comparison", found, "one for each, not below 0"),)
        )
    shares = _shares(instance, weights)
    sides = tuple(side.total * side.unit for side in shares)
    whole = all(w.numerator == w.denominator or not w.numerator for w in weights)
    values = {PAIRS: min(sides) if whole else Fraction(0), WEIGHT: Fraction(1), IMBALANCE: Fraction(0)}
    few: tuple[Violation, ...] = ()
    if values[PAIRS] < instance.fewest_pairs:
        few = (Violation("min_pairs", "the comparison", str(values[PAIRS]), f"at least {instance.fewest_pairs}"),)
    if not all(sides):
        one = () if not any(sides) else (Violation("sides", "the comparison", "one side is empty", "as many on both"),)
        return Evaluation(values, (*one, *few), {"broken_rows": Fraction(len(one))})
    values[WEIGHT] = max(Fraction(max(side.parts), side.total) for side in shares)
    broken = []
    if sides[0] != sides[1]:
        broken.append(
            Violation(
                "sides", "the comparison", f"{brief_text(sides[0])} and {brief_text(sides[1])}", "as many on both"
            )
        )
    for (column, value), members in instance.levels.items():
        treated, control = (side.of(members) for side in shares)
        if treated != control:
            broken.append(
                Violation(
                    "fine balance",
                    f"{column} {value}",
                    f"{brief_text(treated)} and {brief_text(control)}",
                    "equal shares",
                )
            )
    for column, (numbers, unit) in instance.multiples.items():
        gap = abs(shares[0].mean(numbers) - shares[1].mean(numbers)) * unit
        allowed = instance.allowed * instance.deviations[column]
        values[IMBALANCE] = max(values[IMBALANCE], gap / instance.deviations[column])
        if gap > allowed:
            broken.append(Violation("mean balance", column, brief_text(gap), f"at most {brief_text(allowed)}"))
    return _with_estimate(instance, weights, (*broken, *few), values)


def _with_estimate(
    instance: MatchingInstance,
    weights: Sequence[Fraction],
    broken: tuple[Violation, ...],
    values: Mapping[str, Fraction] | None = None,
) -> Evaluation:
    rows = [violation for violation in broken if violation.rule != "min_pairs"]
    measures = {"broken_rows": Fraction(len(rows))}
    found = estimate(instance, weights)
    if found is not None:
        measures["estimate"] = found
    return Evaluation(values or {}, broken, measures)


def estimate(instance: MatchingInstance, weights: Sequence[Fraction]) -> Fraction | None:
    """Equation (5): weighted mean outcome of the treated less that of their controls; ``None`` for an empty side."""
    if len(weights) != len(instance.members):
        return None
    sides = _shares(instance, weights)
    if not all(side.total for side in sides):
        return None
    scores, unit = whole_multiples([member.score for member in instance.members])
    return (sides[0].mean(scores) - sides[1].mean(scores)) * unit


@dataclass(frozen=True)
class _Side:
    """Weights on one side in whole units, in the members' order and 0 on the other side; ``total`` is their sum."""

    parts: list[int]
    unit: Fraction
    total: int

    def of(self, members: Iterable[int]) -> Fraction:
        """Share that some members have of the side."""
        return Fraction(sum(map(self.parts.__getitem__, members)), self.total)

    def mean(self, numbers: Sequence[int]) -> Fraction:
        """Weighted mean of whole numbers, one for each member."""
        return Fraction(sum(map(mul, self.parts, numbers)), self.total)


def _shares(instance: MatchingInstance, weights: Sequence[Fraction]) -> tuple[_Side, _Side]:
    """Both sides."""
    found = []
    for side in (instance.treated, instance.controls):
        whole, unit = whole_multiples([weights[i] for i in side])
        parts = [0] * len(weights)
        for i, part in zip(side, whole, strict=True):
            parts[i] = part
        found.append(_Side(parts, unit, sum(whole)))
    return found[0], found[1]


def standardised(instance: MatchingInstance, comparison: Comparison) -> dict[str, tuple[float, float | None]]:
    """Difference of means in standard deviations before and after, of each value and column in balance.

    There is none after where nobody counts on a side.
    """
    everyone = _shares(instance, [Fraction(1)] * len(instance.members))
    kept = _shares(instance, comparison.weights)
    sides = (everyone, kept) if all(side.total for side in kept) else (everyone,)
    found: dict[str, tuple[float, float | None]] = {}
    for (column, value), members in instance.levels.items():
        part = len(members) / len(instance.members)
        scale = (part * (1 - part)) ** 0.5
        gaps = [float(treated.of(members) - control.of(members)) / scale for treated, control in sides]
        found[f"{column} {value}"] = (gaps[0], gaps[-1] if len(gaps) > 1 else None)
    for column, (numbers, unit) in instance.multiples.items():
        scale = float(instance.deviations[column])
        gaps = [float((treated.mean(numbers) - control.mean(numbers)) * unit) / scale for treated, control in sides]
        found[column] = (gaps[0], gaps[-1] if len(gaps) > 1 else None)
    return found


def _kind(instance: MatchingInstance, unit: Unit) -> list[str]:
    """What a student's class has, by the names of the true effects."""
    flags = {"ma": "teacher_has_ma", "aide": "has_aide"}
    held = [
        name for name, column in flags.items() if column in instance.columns and instance.cell(unit, column) == "yes"
    ]
    return ["small", *held] if unit.treated else held


def judge(instance: MatchingInstance, comparison: Comparison, truth: Truth) -> Mapping[str, Fraction]:
    """How far the estimate is from the true effect of a small class, and how unlike the sides are in ability.

    Raises ``InputError`` where the truth is of other students.
    """
    effect = truth.of("effect", "small")
    abilities = tuple(
        truth.check_score(unit.id, instance.cell(unit, "school_id"), _kind(instance, unit), unit.score)
        for unit in instance.members
    )
    found = {"true_effect": effect, "ability_deviation": standard_deviation(abilities)}
    guess = estimate(instance, comparison.weights)
    if guess is not None:
        numbers, unit = whole_multiples(abilities)
        treated, control = (side.mean(numbers) * unit for side in _shares(instance, comparison.weights))
        found |= {"estimate_error": guess - effect, "ability_difference": treated - control}
    return found


def lattice(_instance: MatchingInstance, objective: str) -> Fraction | None:
    """Pairs are whole; weights are any ratio."""
    return Fraction(1) if objective == PAIRS else None
