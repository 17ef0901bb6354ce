"""The rows of a question about applicants, and the value of a division; numbers are those of ``docs/blocks.md``."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from fairbound.solvers.checker.common import Rejected, rational
from fairbound.solvers.checker.linear import System


class Applicants:
    """The instance in the file."""

    def __init__(self, data: dict[str, Any]) -> None:
        if data["problem"] != "applicants":
            raise Rejected(f"the data is of another problem: {data['problem']!r}")
        cells = data["cells"]
        self.race = [cell[1] for cell in cells]
        self.count = [int(cell[2]) for cell in cells]
        self.income = [rational(cell[3]) if cell[3] else None for cell in cells]
        if not cells or min(self.count) < 0:
            raise Rejected("no applicants, or a negative number of them")
        seats = [int(part) for part in data["parameters"]["seats"].split("-")]
        self.fewest, self.most = seats[0], seats[-1]
        self.races = list(dict.fromkeys(self.race))
        self.total = sum(self.count)
        if not 1 <= self.fewest <= self.most <= self.total:
            raise Rejected("seats that the applicants cannot fill")
        rules = data["parameters"]
        self.limits = {
            name: rational(rules[f"max_{name}"]) for name in ("tvd", "income", "loss") if f"max_{name}" in rules
        }

    def of_race(self, counts: list[int], race: str) -> int:
        """Applicants of a race among those of each cell."""
        return sum(count for count, r in zip(counts, self.race, strict=True) if r == race)


def system(data: dict[str, Any], objective: str) -> System:
    """Rows (23), (24) for one number of seats; raises ``Rejected`` for anything else."""
    asked = Applicants(data)
    if objective != "tvd" or asked.limits or asked.fewest != asked.most:
        raise Rejected("rows are stated for tvd with a fixed number of seats and no limits")
    n, N = asked.fewest, asked.total
    unit = Fraction(1, n * N)
    found = System(1, unit, unit)
    y = [found.column(0, count) for count in asked.count]
    found.at_least(dict.fromkeys(y, 1), n, equation=True)
    for race in asked.races:
        held = asked.of_race(asked.count, race)
        above = found.column(0, N * min(held, n), 1)
        # The gaps sum to 0 over the races, so half of their absolute values is the sum of the positive parts.
        terms = {above: 1, **{c: -N for c, r in zip(y, asked.race, strict=True) if r == race}}
        found.at_least(terms, -n * held)
    return found


def value(data: dict[str, Any], objective: str, solution: list[int]) -> Fraction:
    """Exact value of a division, equations (20) to (22); raises ``Rejected`` where it breaks a rule."""
    asked = Applicants(data)
    if len(solution) != len(asked.count) or any(
        type(taken) is not int or not 0 <= taken <= count for taken, count in zip(solution, asked.count, strict=True)
    ):
        raise Rejected("the solution breaks a rule: not so many applicants are in a cell")
    n = sum(solution)
    if not asked.fewest <= n <= asked.most:
        raise Rejected("the solution breaks a rule: seats")
    gaps = (
        abs(Fraction(asked.of_race(solution, race), n) - Fraction(asked.of_race(asked.count, race), asked.total))
        for race in asked.races
    )
    scores = {"tvd": sum(gaps, Fraction(0)) / 2}
    if objective != "tvd" or set(asked.limits) - {"tvd"}:
        if any(income is None for income, count in zip(asked.income, asked.count, strict=True) if count):
            raise Rejected("an applicant has no income")
        income = [income or Fraction(0) for income in asked.income]
        mean = sum((c * i for c, i in zip(asked.count, income, strict=True)), Fraction(0)) / asked.total
        if mean <= 0:
            raise Rejected("a mean income that is not above 0")
        first = sum((c * i for c, i in zip(solution, income, strict=True)), Fraction(0)) / n
        scores["income"] = abs(first - mean) / mean
        scores["loss"] = scores["tvd"] + scores["income"]
    if any(scores[name] > most for name, most in asked.limits.items()):
        raise Rejected("the solution breaks a rule: a limit on an objective")
    return scores[objective]
