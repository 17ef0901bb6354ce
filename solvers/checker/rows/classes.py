"""The rows of a question about class types, and the value of a plan; numbers are those of ``docs/classes.md``."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import floor, gcd
from typing import Any

from fairbound.solvers.checker.common import Rejected, rational
from fairbound.solvers.checker.linear import System
from fairbound.solvers.checker.moments import measure

LIMITS = {"moves": "moves", "gap": "epsilon"}
"""Parameters that bound an objective."""


class Classes:
    """The instance in the file."""

    def __init__(self, data: dict[str, Any]) -> None:
        if data["problem"] != "classes":
            raise Rejected(f"the data is of another problem: {data['problem']!r}")
        rules = data["parameters"]
        self.effect = {
            name: sum((rational(rules.get(f"{key}_effect", 0)) for key in kind), Fraction(0))
            for name, kind in data["types"].items()
        }
        self.size = {group: int(pair[0]) for group, pair in data["groups"].items()}
        self.score = {group: rational(pair[1]) for group, pair in data["groups"].items()}
        self.count: dict[tuple[str, str, str], int] = {}
        self.seats: dict[tuple[str, str], int] = {}
        for school, group, kind, text in data["cells"]:
            count = int(text)
            if (school, group, kind) in self.count or count < 1 or kind not in self.effect:
                raise Rejected("a cell stands twice, is empty or of no type")
            self.count[school, group, kind] = count
            self.seats[school, kind] = self.seats.get((school, kind), 0) + count
        held = dict.fromkeys(self.size, 0)
        for (_, group, _), count in self.count.items():
            held[group] += count
        if held != self.size or len(held) < 2:
            raise Rejected("cells and sizes of groups differ, or there are not two groups")
        gap, moves = rules.get("epsilon", "none"), rules.get("moves", "none")
        self.most_gap = None if gap == "none" else rational(gap)
        self.most_moves = None if moves == "none" else floor(rational(moves))
        first, *rest = self.effect.values()
        self.unit = measure([value - first for value in rest])
        types: dict[str, list[str]] = {}
        for school, kind in self.seats:
            types.setdefault(school, []).append(kind)
        self.arcs = [(s, g, a, b) for s, g, a in self.count for b in sorted(types[s]) if b != a]

    def gain(self, source: str, target: str) -> int:
        """Units that a change of type adds."""
        return int((self.effect[target] - self.effect[source]) / self.unit)

    def means(self, changes: dict[str, int]) -> dict[str, Fraction]:
        """Mean score of every group after so many units, equation (1)."""
        return {g: (self.score[g] + self.unit * changes[g]) / n for g, n in self.size.items()}


def system(data: dict[str, Any], objective: str) -> System:
    """Rows (2), (3), (6) and (7), the budget of (4), and for the gap its own column, equation (5).

    Raises ``Rejected`` for another objective.
    """
    asked = Classes(data)
    if objective not in ("moves", "gap"):
        raise Rejected(f"no rows are stated for {objective!r}")
    groups = list(asked.size)
    least = objective == "gap"
    ahead = {
        (g, h): asked.score[g] / asked.size[g] - asked.score[h] / asked.size[h] for g, h in permutations(groups, 2)
    }
    # Every gap is one of these differences plus whole multiples of the units per student.
    step = measure([*ahead.values(), *(asked.unit / n for n in asked.size.values())]) if least else Fraction(1)
    found = System(1, step, step)
    leaving: dict[Any, dict[int, int]] = {}
    balance: dict[Any, dict[int, int]] = {}
    change: dict[str, dict[int, int]] = {g: {} for g in groups}
    for school, group, source, target in asked.arcs:
        most = min(asked.count[school, group, source], asked.seats[school, target])
        f = found.column(0, most, 0 if least else 1)
        leaving.setdefault((school, group, source), {})[f] = 1
        balance.setdefault((school, source), {})[f] = -1
        balance.setdefault((school, target), {})[f] = 1
        change[group][f] = asked.gain(source, target)
    moves = dict.fromkeys(range(len(asked.arcs)), 1)
    for cell, terms in leaving.items():
        found.at_most(terms, asked.count[cell])
    for terms in balance.values():
        found.at_least(terms, 0, equation=True)
    totals = {}
    for group, terms in change.items():
        reach = sum(abs(a) * found.upper[f] for f, a in terms.items())
        totals[group] = found.column(-reach, reach)
        found.at_least({**terms, totals[group]: -1}, 0, equation=True)
    if asked.most_moves is not None:
        found.at_most(moves, asked.most_moves)
    if asked.most_gap is not None:
        for g, h in permutations(groups, 2):
            n, m = asked.size[g], asked.size[h]
            shared = gcd(n, m)
            right = (asked.most_gap - ahead[g, h]) * n * m / asked.unit / shared
            found.at_most({totals[g]: m // shared, totals[h]: -(n // shared)}, floor(right))
    if least:
        today = max(ahead.values()) / step
        gap = found.column(0, int(today), 1)
        for g, h in permutations(groups, 2):
            weight = {totals[g]: asked.unit / asked.size[g] / step, totals[h]: -asked.unit / asked.size[h] / step}
            found.at_most({gap: -1} | {j: int(a) for j, a in weight.items()}, -int(ahead[g, h] / step))
    return found


def value(data: dict[str, Any], objective: str, solution: list[Any]) -> Fraction:
    """Exact value of a plan, equation (4) or (5); raises ``Rejected`` where it breaks a rule."""
    asked = Classes(data)
    left, balance, known = dict(asked.count), dict.fromkeys(asked.seats, 0), set(asked.arcs)
    changes = dict.fromkeys(asked.size, 0)
    moved = 0
    for school, group, source, target, count in solution:
        if (school, group, source, target) not in known or type(count) is not int or count < 1:
            raise Rejected("the solution breaks a rule: a change that nobody can make")
        left[school, group, source] -= count
        balance[school, source] -= count
        balance[school, target] += count
        changes[group] += count * asked.gain(source, target)
        moved += count
    if min(left.values()) < 0:
        raise Rejected("the solution breaks a rule: more students than there are")
    if any(balance.values()):
        raise Rejected("the solution breaks a rule: the seats of a class type")
    means = asked.means(changes).values()
    gap = max(means) - min(means)
    if asked.most_gap is not None and gap > asked.most_gap:
        raise Rejected("the solution breaks a rule: epsilon")
    if asked.most_moves is not None and moved > asked.most_moves:
        raise Rejected("the solution breaks a rule: moves")
    return Fraction(moved) if objective == "moves" else gap
