"""The rows of an experimental design, and the value of one; numbers are those of ``docs/matching.md``."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from fairbound.solvers.checker.common import Rejected, rational
from fairbound.solvers.checker.linear import System
from fairbound.solvers.checker.moments import deviation, measure


class Designs:
    """The instance in the file: the weight of each subject in each of the sums of (10)."""

    def __init__(self, data: dict[str, Any]) -> None:
        if data["problem"] != "designs":
            raise Rejected(f"the data is of another problem: {data['problem']!r}")
        subjects, rho = data["subjects"], rational(data["parameters"]["rho"])
        self.n = len(subjects)
        if self.n < 2 or self.n % 2 or rho < 0 or len({len(subject) for subject in subjects}) != 1:
            raise Rejected("no even number of subjects, or a negative weight")
        self.sums: list[list[Fraction]] = []
        for k in range(1, len(subjects[0])):
            values = [rational(subject[k]) for subject in subjects]
            mean = sum(values, Fraction(0)) / self.n
            scores = [(value - mean) / deviation(values) for value in values]
            for other in (1, -1):
                self.sums.append([2 * (w + other * rho * w * w) / self.n for w in scores])


def system(data: dict[str, Any], objective: str) -> System:
    """Rows (9) and (10): a column for each subject, and the discrepancy in units of a step that all values have.

    Raises ``Rejected`` for another objective.
    """
    if objective != "discrepancy":
        raise Rejected(f"no rows are stated for {objective!r}")
    asked = Designs(data)
    totals = [sum(weights, Fraction(0)) for weights in asked.sums]
    step = measure([2 * weight for weights in asked.sums for weight in weights] + totals)
    found = System(1, step, step)
    x = [found.column(1 if i == 0 else 0, 1) for i in range(asked.n)]
    most = max(sum((abs(weight) for weight in weights), Fraction(0)) for weights in asked.sums)
    largest = found.column(0, int(most / step) + 1, 1)
    found.at_least(dict.fromkeys(x, 1), asked.n // 2, equation=True)
    for weights, total in zip(asked.sums, totals, strict=True):
        for side in (1, -1):
            terms = {j: int(-side * 2 * weight / step) for j, weight in zip(x, weights, strict=True)}
            found.at_least({largest: 1, **terms}, int(-side * total / step))
    return found


def value(data: dict[str, Any], objective: str, solution: list[Any]) -> Fraction:
    """Discrepancy of a design, given as the places of the first group; raises ``Rejected`` where it breaks a rule."""
    if objective != "discrepancy":
        raise Rejected(f"no values are stated for {objective!r}")
    asked = Designs(data)
    first = set(solution)
    if any(type(i) is not int or not 0 <= i < asked.n for i in solution) or 2 * len(first) != asked.n:
        raise Rejected("the solution breaks a rule: two groups of one size")
    return max(
        abs(sum((weight if i in first else -weight for i, weight in enumerate(weights)), Fraction(0)))
        for weights in asked.sums
    )
