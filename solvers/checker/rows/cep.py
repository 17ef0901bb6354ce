"""The rows of a CEP question with proportional meals, and the value of a grouping (``docs/cep.md``).

By theorem 1 one group is enough, by theorem 2 two where full funding is asked for. So the best over these rows
is the best over all groupings.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import Any

from fairbound.solvers.checker.cep import money, possible
from fairbound.solvers.checker.common import Rejected, identifier, pieces, rational
from fairbound.solvers.checker.linear import System

OBJECTIVES = ("reimbursement", "students", "schools", "full_funding")


class District:
    """The instance in the file."""

    def __init__(self, data: dict[str, Any]) -> None:
        if data["problem"] != "cep":
            raise Rejected(f"the data is of another problem: {data['problem']!r}")
        schools = [dict(zip(data["columns"], row, strict=True)) for row in data["schools"]]
        possible(data, schools)
        self.rules = rules = data["parameters"]
        self.ids = [school["id"] for school in schools]
        self.index = {name: i for i, name in enumerate(self.ids)}
        self.N, self.E = ([rational(school[column]) for school in schools] for column in ("enrolled", "identified"))
        self.gain, self.W = (list(column) for column in zip(*money(data, schools), strict=True))
        self.threshold, self.multiplier = rational(rules["threshold"]), rational(rules["multiplier"])
        self.full = max(self.threshold, 1 / self.multiplier)
        self.together = [
            [self.index[identifier(i)] for i in pieces(ids, "+")] for ids in pieces(rules["together"], ";")
        ]
        self.inside, self.outside = (
            {self.index[identifier(i)] for i in pieces(rules[rule], ";")} for rule in ("forced_in", "forced_out")
        )
        self.cover = rules["cover"] == "all"
        self.fewest = int(rules.get("min_group", "1"))
        self.groups = None if rules.get("groups", "none") == "none" else int(rules["groups"])
        self.limits = {name: rational(rules[f"min_{name}"]) for name in OBJECTIVES if f"min_{name}" in rules}

    def weight(self) -> Fraction:
        """w with W_s = w N_s; raises ``Rejected`` where meals are not proportional."""
        ratio = next((w / n for w, n in zip(self.W, self.N, strict=True) if n), Fraction(0))
        if any(w != ratio * n for w, n in zip(self.W, self.N, strict=True)):
            raise Rejected("meals are not proportional to enrolment: theorem 1 does not hold")
        if ratio < 0:
            raise Rejected("a meal that is worth less when it is free")
        return ratio


def whole(values: list[Fraction]) -> list[int]:
    """The smallest whole numbers in the same ratios."""
    common = lcm(*(value.denominator for value in values))
    numbers = [int(value * common) for value in values]
    step = gcd(*numbers) or 1
    return [number // step for number in numbers]


def measure(values: list[Fraction]) -> Fraction:
    """The largest number of which all are multiples; 1 where all are 0."""
    common = lcm(*(value.denominator for value in values))
    return Fraction(gcd(*(int(value * common) for value in values)), common) or Fraction(1)


class Membership(System):
    """x_s: school s is in the group; with full funding a second slot whose group claims every meal."""

    def __init__(self, district: District, objective: str) -> None:
        self.district = district
        goals = {objective, *district.limits}
        if objective not in OBJECTIVES:
            raise Rejected(f"unknown objective {objective!r}")
        self.money = "reimbursement" in goals
        self.w = district.weight() if self.money else Fraction(0)
        terms = [self.w * district.multiplier * e for e in district.E] + [self.w * n for n in district.N]
        self.claim = measure([*terms, *district.gain])
        unit = {"reimbursement": self.claim, "students": measure(district.N)}.get(objective, Fraction(1))
        super().__init__(-1, unit, unit)
        self.slots = 2 if "full_funding" in goals else 1
        schools = range(len(district.ids))
        free = [int(i not in district.outside) for i in schools]
        self.x = [[self.column(0, free[i]) for i in schools] for _ in range(self.slots)]
        self.z: int | None = None
        if self.money:
            top = floor(self.w * sum(district.N, Fraction(0)) / self.claim)
            self.z = self.column(0, top)
            for part in ([district.multiplier * e for e in district.E], district.N):
                # (4), (5): the claim is at most either sum; all are multiples of the claim's unit.
                self.at_least(
                    {self.z: -1, **{c: int(self.w * v / self.claim) for c, v in zip(self.x[0], part, strict=True)}}, 0
                )
        self._share(0, district.threshold)
        if self.slots == 2:
            self._share(1, district.full)
        self._rules()
        for name, least in district.limits.items():
            values, step = self.terms(name)
            self.at_least(values, ceil(least / step))
        self.cost = {j: -a for j, a in self.terms(objective)[0].items() if a}

    def _share(self, slot: int, share: Fraction) -> None:
        """(6), (11)."""
        district = self.district
        row = whole([e - share * n for e, n in zip(district.E, district.N, strict=True)])
        self.at_least(dict(zip(self.x[slot], row, strict=True)), 0)

    def _rules(self) -> None:
        district = self.district
        for i in range(len(district.ids)):
            columns = dict.fromkeys((slot[i] for slot in self.x), 1)
            if district.cover or i in district.inside:
                self.at_least(columns, 1, equation=True)
            elif self.slots > 1:
                self.at_most(columns, 1)
        for members in district.together:
            for other in members[1:]:
                for slot in self.x:
                    self.at_least({slot[members[0]]: 1, slot[other]: -1}, 0, equation=True)
        if district.fewest > 1 or (district.groups is not None and district.groups < self.slots):
            used = [self.column(0, 1) for _ in self.x]
            for v, slot in zip(used, self.x, strict=True):
                for c in slot:
                    self.at_least({v: 1, c: -1}, 0)  # (16)
                self.at_least({**dict.fromkeys(slot, 1), v: -district.fewest}, 0)  # (18)
            if district.groups is not None:
                self.at_most(dict.fromkeys(used, 1), district.groups)  # (17)

    def terms(self, objective: str) -> tuple[dict[int, int], Fraction]:
        """An objective as a sum of columns, and what one of the sum is worth."""
        district = self.district
        if objective == "full_funding":
            return dict.fromkeys(self.x[1], 1), Fraction(1)
        if objective == "schools":
            return {c: 1 for slot in self.x for c in slot}, Fraction(1)
        if objective == "students":
            step = measure(district.N)
            return {c: int(n / step) for slot in self.x for c, n in zip(slot, district.N, strict=True)}, step
        found = {c: int(p / self.claim) for slot in self.x for c, p in zip(slot, district.gain, strict=True)}
        assert self.z is not None
        found[self.z] = 1
        for slot in self.x[1:]:
            for c, n in zip(slot, district.N, strict=True):
                found[c] += int(self.w * n / self.claim)
        return found, self.claim


def system(data: dict[str, Any], objective: str) -> Membership:
    """The rows of a question; raises ``Rejected`` for one that has none."""
    return Membership(District(data), objective)


def value(data: dict[str, Any], objective: str, solution: list[list[str]]) -> Fraction:
    """Exact value of groups of schools, equations (1) to (3); raises ``Rejected`` where they break a rule."""
    district = District(data)
    groups = [[district.index[name] for name in group] for group in solution]
    members = [i for group in groups for i in group]
    place = {i: g for g, group in enumerate(groups) for i in group}
    worth = dict.fromkeys(OBJECTIVES, Fraction(0))
    wrong = "a school in two groups" if len(place) < len(members) else ""
    for group in groups:
        E, N = (sum((column[i] for i in group), Fraction(0)) for column in (district.E, district.N))
        if district.threshold * N > E:
            wrong = "a group under the threshold"
            continue
        claimed = min(Fraction(1), district.multiplier * E / N) if N else Fraction(1)
        worth["reimbursement"] += sum((claimed * district.W[i] + district.gain[i] for i in group), Fraction(0))
        worth["students"] += N
        worth["schools"] += len(group)
        worth["full_funding"] += len(group) if claimed == 1 else 0
        if len(group) < district.fewest:
            wrong = "a group of too few schools"
    if district.groups is not None and len(groups) > district.groups:
        wrong = "too many groups"
    if district.inside - set(place) or district.outside & set(place):
        wrong = "a school that must be in is out, or the other way round"
    if district.cover and len(place) < len(district.ids):
        wrong = "a school is in no group"
    if any(len({place.get(i) for i in ids}) > 1 for ids in district.together):
        wrong = "schools kept together are parted"
    for name, least in district.limits.items():
        if worth[name] < least:
            wrong = f"{name} is below {least}"
    if wrong:
        raise Rejected(f"the solution breaks a rule: {wrong}")
    return worth[objective]
