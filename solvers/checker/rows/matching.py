"""The rows of a balanced comparison, and the value of one; numbers are those of ``docs/matching.md``."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, gcd
from typing import Any

from fairbound.solvers.checker.common import Rejected, identifier, pieces, rational
from fairbound.solvers.checker.linear import System
from fairbound.solvers.checker.moments import deviation, measure, whole


class Matching:
    """The instance in the file."""

    def __init__(self, data: dict[str, Any]) -> None:
        if data["problem"] != "matching":
            raise Rejected(f"the data is of another problem: {data['problem']!r}")
        rules = data["parameters"]
        exact, means = (
            [identifier(piece) for piece in pieces(rules.get(name, ""), ";")] for name in ("exact", "means")
        )
        units = data["units"]
        width = 3 + len(exact) + len(means)
        if not units or any(len(unit) != width or unit[1] not in (0, 1) for unit in units):
            raise Rejected("a student with too many or too few cells, or on no side")
        self.treated = [unit[1] == 1 for unit in units]
        self.levels: dict[tuple[str, str], list[int]] = {}
        for k, column in enumerate(exact):
            for i, unit in enumerate(units):
                self.levels.setdefault((column, unit[3 + k]), []).append(i)
        self.rows = []
        tolerance = rational(rules["tolerance"])
        if "max_imbalance" in rules:
            tolerance = min(tolerance, rational(rules["max_imbalance"]))
        self.fewest = max(0, ceil(rational(rules.get("min_pairs", 0))))
        for k in range(len(means)):
            self.rows.append(mean_row([rational(unit[3 + len(exact) + k]) for unit in units], tolerance))

    def balance(self) -> list[dict[int, int]]:
        """Rows that a comparison keeps at 0: as many on both sides, of everybody and of each value (1)."""
        everyone = range(len(self.treated))
        return [{i: 1 if self.treated[i] else -1 for i in those} for those in (everyone, *self.levels.values())]

    def tolerated(self) -> list[dict[int, int]]:
        """Rows that are at least 0: means within the tolerance, both ways (2)."""
        return [
            {i: allowed - side * d if self.treated[i] else side * d for i, d in enumerate(offsets)}
            for offsets, allowed in self.rows
            for side in (1, -1)
        ]


def mean_row(values: list[Fraction], tolerance: Fraction) -> tuple[list[int], int]:
    """Whole numbers for rule (2): where each value is, counted from one of them, and what is allowed for each pair."""
    found, bottom = whole(values)
    allowed = tolerance * deviation(values)
    finest = Fraction(gcd(*(number - found[0] for number in found)), bottom)
    unit = measure([finest, allowed])
    one = 1 / (bottom * unit)  # what a difference of numerators counts for
    origin = round(one * (Fraction(sum(found), len(found)) - found[0]))
    return [(number - found[0]) * one.numerator // one.denominator - origin for number in found], int(allowed / unit)


def system(data: dict[str, Any], objective: str) -> System:
    """Rows (1) and (2) over a column for each student, and pairs to be maximised, (3).

    Raises ``Rejected`` for another objective.
    """
    if objective != "pairs":
        raise Rejected("rows are stated for pairs")
    asked = Matching(data)
    found = System(-1, Fraction(1), Fraction(1))
    for treated in asked.treated:
        found.column(0, 1, -1 if treated else 0)
    for row in asked.balance():
        found.at_least(row, 0, equation=True)
    for row in asked.tolerated():
        found.at_least(row, 0)
    if asked.fewest:
        found.at_least({i: 1 for i, treated in enumerate(asked.treated) if treated}, asked.fewest)
    return found


def value(data: dict[str, Any], objective: str, solution: list[Any]) -> Fraction:
    """Pairs of a comparison, given as the places of those who are kept; raises ``Rejected`` where it breaks a rule."""
    if objective != "pairs":
        raise Rejected("values are stated for pairs")
    asked = Matching(data)
    kept = set(solution)
    if len(kept) < len(solution) or any(type(i) is not int or not 0 <= i < len(asked.treated) for i in solution):
        raise Rejected("the solution breaks a rule: a student stands twice, or is unknown")
    if any(sum(a for i, a in row.items() if i in kept) for row in asked.balance()):
        raise Rejected("the solution breaks a rule: fine balance")
    if any(sum(a for i, a in row.items() if i in kept) < 0 for row in asked.tolerated()):
        raise Rejected("the solution breaks a rule: mean balance")
    pairs = sum(asked.treated[i] for i in kept)
    if pairs < asked.fewest:
        raise Rejected("the solution breaks a rule: min_pairs")
    return Fraction(pairs)
