"""The specification of an experimental design: exact scores and broken rules, equations (9) and (10)."""

from __future__ import annotations

from fractions import Fraction

from fairbound.models.core.problem import Evaluation, Violation
from fairbound.models.designs.instance import DISCREPANCY, Design, DesignInstance


def evaluate(instance: DesignInstance, design: Design) -> Evaluation:
    """Score a design exactly."""
    n = len(instance.subjects)
    sign = [1 if subject.id in design.first else -1 for subject in instance.subjects]
    broken: tuple[Violation, ...] = ()
    if sum(sign):
        broken = (Violation("groups", "the design", f"{sign.count(1)} and {sign.count(-1)}", f"{n // 2} in each"),)
    measures: dict[str, Fraction] = {}
    worst = Fraction(0)
    for covariate, scores in instance.scores.items():
        mean = abs(sum((s * w for s, w in zip(sign, scores, strict=True)), Fraction(0))) * 2 / n
        second = abs(sum((s * w * w for s, w in zip(sign, scores, strict=True)), Fraction(0))) * 2 / n
        measures |= {f"mean_{covariate}": mean, f"second_{covariate}": second}
        worst = max(worst, mean + instance.rho * second)
    return Evaluation({DISCREPANCY: worst}, broken, measures)


def lattice(_instance: DesignInstance, _objective: str) -> Fraction | None:
    """Values have no step that floats could tell apart."""
    return None
