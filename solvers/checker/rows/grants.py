"""The rows of a plan of grants, and the value of one; numbers are those of ``docs/grants.md``."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any

from fairbound.solvers.checker.common import Rejected, rational
from fairbound.solvers.checker.linear import System
from fairbound.solvers.checker.moments import measure

WORST, MEAN = "worst_tenth", "mean"


class Grants:
    """The instance in the file."""

    def __init__(self, data: dict[str, Any]) -> None:
        if data["problem"] != "grants":
            raise Rejected(f"the data is of another problem: {data['problem']!r}")
        rules, count = data["parameters"], len(data["functions"])
        self.students = [row[1] for row in data["districts"]]
        self.scores = [rational(row[2]) for row in data["districts"]]
        self.spending = [row[3:] for row in data["districts"]]
        whole = [x for row in data["districts"] for x in (row[1], *row[3:])]
        if any(type(x) is not int or x < 0 for x in whole) or any(len(row) != count for row in self.spending):
            raise Rejected("students or spending that are no whole numbers, or too many or too few")
        if not self.students or min(self.students) < 1 or not count or len(data["effects"]) != count:
            raise Rejected("no districts, none in one, or effects of other functions")
        named = ("caution", "pot", "most", "move", "rise", "tail")
        caution, self.pot, most, self.move, self.rise, self.tail = (rational(rules[name]) for name in named)
        if min(caution, self.pot, most, self.move, self.rise) < 0 or self.move > 1 or not 0 < self.tail <= 1:
            raise Rejected("a rule that cannot be")
        self.most = floor(most)
        self.granted = len(self.students) if rules["districts"] == "none" else int(rational(rules["districts"]))
        self.least = {name: rational(rules[f"min_{name}"]) for name in (WORST, MEAN) if f"min_{name}" in rules}
        effects = [(rational(points), rational(width)) for points, width in data["effects"]]
        self.gains = [((c + caution * w) / 1000, (c - caution * w) / 1000) for c, w in effects]
        """Points lost with a dollar less, and won with a dollar more, of each function (1)."""
        self.curves = [self.curve(d) for d in range(len(self.students))]
        best = sorted(score + sum(dollars * points for dollars, points in bought) for score, bought in self.curves)
        self.highest = best[ceil(self.tail * len(best)) - 1]
        """No plan puts the end of the worst tenth higher, so districts that begin there are never in it (9)."""

    def room(self, d: int, f: int) -> tuple[int, int]:
        """Whole dollars per student that spending may fall and rise (2)."""
        return floor(self.move * self.spending[d][f]), floor(self.rise * self.spending[d][f])

    def curve(self, d: int) -> tuple[Fraction, list[tuple[int, Fraction]]]:
        """Score after money was moved within the district, and dollars with points for each that a grant buys (7)."""
        parts, freed, score = [], 0, self.scores[d]
        for f, (lose, win) in enumerate(self.gains):
            down, up = self.room(d, f)
            freed, score = freed + down, score - down * lose
            parts += [(lose, down), (win, up)]
        bought, left = [], self.most
        for points, dollars in sorted(parts, reverse=True):
            again = min(freed, dollars)
            freed, score = freed - again, score + again * points
            more = min(dollars - again, left)
            if more and points > 0:
                bought.append((more, points))
                left -= more
        return score, bought


def system(data: dict[str, Any], objective: str) -> System:
    """Rows (3), (6) and (7): how much of each piece each district buys, and who is granted.

    Raises ``Rejected`` for another objective.
    """
    if objective not in (WORST, MEAN):
        raise Rejected(f"rows are stated for {WORST} and {MEAN}")
    asked = Grants(data)
    count = len(asked.students)
    unit = measure([*(score for score, _ in asked.curves), *(g for _, bought in asked.curves for _, g in bought)])
    share = asked.tail * count
    top, bottom = share.numerator, share.denominator
    found = System(-1, unit / (top if objective == WORST else count), None)
    starts = [int(score / unit) for score, _ in asked.curves]
    spent: list[dict[int, int]] = []
    pot: dict[int, int] = {}
    chosen: dict[int, int] = {}
    near = [score < asked.highest for score, _ in asked.curves]
    all_count = objective == MEAN or MEAN in asked.least
    for d, (_, bought) in enumerate(asked.curves):
        spent.append({})
        columns = []
        for dollars, points in bought if near[d] or all_count else ():
            gain = int(points / unit)
            j = found.column(0, dollars, -gain if objective == MEAN else 0, whole=False)
            spent[d][j], pot[j] = gain, asked.students[d]
            columns.append((j, dollars))
        if columns and asked.granted < count:
            z = found.column(0, 1)
            chosen[z] = 1
            for j, dollars in columns:
                found.at_least({z: dollars, j: -1}, 0)
    found.at_most({j: asked.pot.denominator * n for j, n in pot.items()}, asked.pot.numerator)
    if chosen:
        found.at_most(chosen, asked.granted)
    if objective == MEAN:
        found.column(1, 1, -sum(starts))
    if objective == WORST or WORST in asked.least:
        low = min(starts)
        high = max(low, ceil(asked.highest / unit))
        eta = found.column(low, high, -top if objective == WORST else 0, whole=False)
        tail = {eta: top}
        for d, start in enumerate(starts):
            if not near[d]:
                continue
            short = found.column(0, high - low, bottom if objective == WORST else 0, whole=False)
            tail[short] = -bottom
            found.at_least({short: 1, eta: -1, **spent[d]}, -start)
        if WORST in asked.least:
            _least(found, tail, asked.least[WORST] * top / unit)
    if MEAN in asked.least:
        _least(
            found, {j: g for pieces in spent for j, g in pieces.items()}, asked.least[MEAN] * count / unit - sum(starts)
        )
    return found


def _least(found: System, terms: dict[int, int], least: Fraction) -> None:
    found.at_least({j: a * least.denominator for j, a in terms.items()}, least.numerator)


def value(data: dict[str, Any], objective: str, solution: list[Any]) -> Fraction:
    """Value of a plan, given as changes [district, function, dollars]; raises ``Rejected`` where it breaks a rule."""
    asked = Grants(data)
    scores, amounts = list(asked.scores), [Fraction(0)] * len(asked.scores)
    if len({(d, f) for d, f, _ in solution}) < len(solution):
        raise Rejected("the solution breaks a rule: a change twice")
    for d, f, text in solution:
        if type(d) is not int or type(f) is not int or not (0 <= d < len(scores) and 0 <= f < len(asked.gains)):
            raise Rejected("the solution breaks a rule: a change of nobody")
        x = rational(text)
        down, up = asked.room(d, f)
        if not -down <= x <= up:
            raise Rejected("the solution breaks a rule: bounds")
        amounts[d] += x
        scores[d] += x * asked.gains[f][1 if x > 0 else 0]
    if any(not 0 <= t <= asked.most for t in amounts):
        raise Rejected("the solution breaks a rule: most")
    if sum(t * n for t, n in zip(amounts, asked.students, strict=True)) > asked.pot:
        raise Rejected("the solution breaks a rule: pot")
    if sum(t > 0 for t in amounts) > asked.granted:
        raise Rejected("the solution breaks a rule: districts")
    share = asked.tail * len(scores)
    lowest = sorted(scores)
    worst = (
        sum(lowest[: floor(share)], Fraction(0)) + (share - floor(share)) * lowest[min(floor(share), len(scores) - 1)]
    )
    found = {WORST: worst / share, MEAN: sum(scores, Fraction(0)) / len(scores)}
    for name, least in asked.least.items():
        if found[name] < least:
            raise Rejected(f"the solution breaks a rule: min_{name}")
    if objective not in found:
        raise Rejected(f"values are stated for {WORST} and {MEAN}")
    return found[objective]
