"""The rows of a zoning question, and the value of zones; equation numbers are those of ``docs/blocks.md``."""

from __future__ import annotations

import heapq
import re
from fractions import Fraction
from functools import cached_property
from math import ceil, floor, gcd, lcm
from typing import Any

from fairbound.solvers.checker.blocks import check_zones
from fairbound.solvers.checker.common import LONGEST, Rejected, identifier, pieces, rational
from fairbound.solvers.checker.linear import Row, System, place


class City:
    """The instance in the file, as whole numbers where it has them."""

    def __init__(self, data: dict[str, Any]) -> None:
        if data["problem"] != "blocks":
            raise Rejected(f"the data is of another problem: {data['problem']!r}")
        self.data, self.rules = data, data["parameters"]
        self.ids = [unit[0] for unit in data["units"]]
        self.index = {name: i for i, name in enumerate(self.ids)}
        self.schools = [school[0] for school in data["schools"]]
        self.home = {name: j for j, name in enumerate(self.schools)}
        if len(self.index) < len(self.ids) or len(self.home) < len(self.schools):
            raise Rejected("a unit or a school twice")
        self.s = [int(unit[1]) for unit in data["units"]]
        self.groups = [[int(unit[2][g]) for unit in data["units"]] for g in range(len(data["group_names"]))]
        self.rest = [s - sum(counts) for s, *counts in zip(self.s, *self.groups, strict=True)]
        if min(self.s) < 0 or any(count < 0 for counts in (*self.groups, self.rest) for count in counts):
            raise Rejected("a negative number of students")
        self.a = self.groups[data["group_names"].index(self.rules["group"])]
        self.S, self.A = sum(self.s), sum(self.a)
        self.today = [self.home[unit[3]] for unit in data["units"]]
        self.income = [None if unit[4] == "none" else rational(unit[4]) for unit in data["units"]]
        self.roots = [self.index[school[1]] for school in data["schools"]]
        tolerance = rational(self.rules["seats_tolerance"])
        seats = [rational(school[2]) for school in data["schools"]]
        self.least = [max(0, ceil((1 - tolerance) * q)) for q in seats]
        self.most = [floor((1 + tolerance) * q) for q in seats]
        self.near: list[set[int]] = [set() for _ in self.ids]
        bridges = [[identifier(i) for i in pieces(pair, "+")] for pair in pieces(self.rules.get("borders", ""), ";")]
        for one, other in (*data["borders"], *bridges):
            self._join(self.index[one], self.index[other])
        if self.rules["contiguous"] == "no_worse":
            for pair in self._ties():
                self._join(*pair)
        self.together = [
            [self.index[identifier(i)] for i in pieces(ids, "+")] for ids in pieces(self.rules["together"], ";")
        ]

    @cached_property
    def whole_travel(self) -> tuple[list[list[int]], int]:
        """Travel in whole steps, a row a unit, and how many steps are one unit of distance."""
        whole, steps = _in_steps({text for row in self.data["travel"] for text in row})
        return [[whole[text] for text in row] for row in self.data["travel"]], steps

    def _join(self, one: int, other: int) -> None:
        self.near[one].add(other)
        self.near[other].add(one)

    def _ties(self) -> list[tuple[int, int]]:
        """(12d): each piece of today's zones without its school, its largest unit joined to the school's unit.

        No other zone can use it, since the school's unit is in its own zone.
        """
        seen, found = set[int](), []
        for start in range(len(self.ids)):
            if start in seen:
                continue
            piece, todo = {start}, [start]
            while todo:
                for i in self.near[todo.pop()]:
                    if i not in piece and self.today[i] == self.today[start]:
                        piece.add(i)
                        todo.append(i)
            seen |= piece
            root = self.roots[self.today[start]]
            if root not in piece:
                found.append((root, min(piece, key=lambda i: (-self.s[i], i))))
        return found

    def limit(self, name: str) -> Fraction | None:
        """A parameter that may be ``none`` or absent."""
        text = self.rules.get(name, "none")
        return None if text == "none" else rational(text)

    @cached_property
    def options(self) -> list[set[int]]:
        """Schools that a unit can have: (9), (12b), the schools' own units, and fixing."""
        ratio = self.limit("travel_ratio")
        options = []
        for row, now in zip(self.whole_travel[0], self.today, strict=True):
            over, under = (1, 0) if ratio is None else (ratio.numerator, ratio.denominator)
            options.append({j for j, d in enumerate(row) if j == now or under * d <= over * row[now]})
        for pair in pieces(self.rules["forced"], ";"):
            unit, school = map(identifier, pieces(pair, "="))
            options[self.index[unit]] &= {self.home[school]}
        for pair in pieces(self.rules.get("barred", ""), ";"):
            unit, school = map(identifier, pieces(pair, "="))
            options[self.index[unit]].discard(self.home[school])
        for j, root in enumerate(self.roots):
            options[root] &= {j}
        before = -1
        while before != sum(map(len, options)):
            before = sum(map(len, options))
            for members in self.together:
                common = set.intersection(*(options[i] for i in members))
                for i in members:
                    options[i] = set(common)
            if self.rules["contiguous"] != "no":
                for j in range(len(self.schools)):
                    light = self._light(options, j)
                    for i, schools in enumerate(options):
                        if j in schools and i not in light:
                            schools.discard(j)
        return options

    def _light(self, options: list[set[int]], j: int) -> set[int]:
        """Units that a path from the school reaches without more students than the school may have."""
        room = self.most[j] - sum(s for s, schools in zip(self.s, options, strict=True) if schools == {j})
        if j not in options[self.roots[j]]:
            return set()
        found: set[int] = set()
        heap = [(0, self.roots[j])]
        while heap:
            load, i = heapq.heappop(heap)
            if i in found:
                continue
            found.add(i)
            for v in self.near[i]:
                longer = load + (0 if options[v] == {j} else self.s[v])
                if j in options[v] and v not in found and longer <= room:
                    heapq.heappush(heap, (longer, v))
        return found

    def deviations(self, objective: str) -> tuple[list[list[int]], Fraction]:
        """Whole weights of each unit, a list for each group, and what a unit of their positive parts is worth."""
        if objective == "dissimilarity":
            weights = [[self.S * a - self.A * s for a, s in zip(self.a, self.s, strict=True)]]
            product = self.A * (self.S - self.A)
            scale = Fraction(1, product) if product else Fraction(0)
        elif objective == "tvd":
            counted = [*self.groups, *([self.rest] if any(self.rest) else [])]
            weights = [
                [self.S * g - total * s for g, s in zip(counts, self.s, strict=True)]
                for counts, total in ((counts, sum(counts)) for counts in counted)
            ]
            scale = Fraction(1, self.S**2) if self.S else Fraction(0)
        else:
            amounts = self.amounts()
            mean = sum(amounts, Fraction(0)) / (self.S or 1)
            exact = [amount - s * mean for amount, s in zip(amounts, self.s, strict=True)]
            common = lcm(*(value.denominator for value in exact))
            weights, scale = [[int(value * common) for value in exact]], Fraction(2, common * (self.S or 1))
        step = gcd(*(w for row in weights for w in row)) or 1
        return [[w // step for w in row] for row in weights], scale * step

    def amounts(self) -> list[Fraction]:
        """Students times income of each unit; raises ``Rejected`` where an income is missing."""
        if any(income is None for income, s in zip(self.income, self.s, strict=True) if s):
            raise Rejected("a unit with students has no income")
        return [s * (income or Fraction(0)) for income, s in zip(self.income, self.s, strict=True)]

    def costs(self, objective: str) -> list[list[Fraction]]:
        """What it costs that a unit attends a school: (5), (6).

        Raises ``Rejected`` for an objective that is not linear.
        """
        if objective == "travel":
            whole, steps = self.whole_travel
            return [[Fraction(s * d, steps) for d in row] for s, row in zip(self.s, whole, strict=True)]
        if objective == "rezoned":
            schools = range(len(self.schools))
            return [
                [Fraction(s if j != now else 0) for j in schools] for s, now in zip(self.s, self.today, strict=True)
            ]
        raise Rejected(f"objective {objective!r} is not linear")


_DECIMALS = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:\n(?:[0-9]+\.?[0-9]*|\.[0-9]+))*")


def _decimals(texts: set[Any]) -> bool:
    """Whether all are digits with at most one point. A line's end inside a text is refused later, as no number."""
    if not set(map(type, texts)) <= {str} or max(map(len, texts), default=0) > LONGEST:
        return False
    return _DECIMALS.fullmatch("\n".join(texts)) is not None


def _in_steps(texts: set[str]) -> tuple[dict[str, int], int]:
    """Numbers by their texts as whole multiples of one step, and how many steps are 1."""
    if _decimals(texts):  # as nearly all files have them: digits after the point are filled up with zeros
        parts = {text: text.partition(".") for text in texts}
        places = max((len(part) for _, _, part in parts.values()), default=0)
        return {text: int(whole + part.ljust(places, "0")) for text, (whole, _, part) in parts.items()}, 10**places
    exact = {text: rational(text) for text in texts}
    steps = lcm(*{number.denominator for number in exact.values()})
    return {text: number.numerator * (steps // number.denominator) for text, number in exact.items()}, steps


DEVIATIONS = ("dissimilarity", "tvd", "income")


class Zones(System):
    """Rows (7), (8), (10) to (13), limits (12c), and separators (19) as steps."""

    def __init__(self, data: dict[str, Any], objective: str) -> None:
        self.city = city = City(data)
        if objective in DEVIATIONS:
            weights, unit = city.deviations(objective)
            unit = unit or Fraction(1)
            super().__init__(1, unit, unit)
        else:
            costs = city.costs(objective)
            common = lcm(*(cost.denominator for row in costs for cost in row))
            step = gcd(*(int(cost * common) for row in costs for cost in row)) or 1
            unit = Fraction(step, common)
            super().__init__(1, unit, unit)
        self._last: tuple[int, list[int], set[int]] = (-1, [], set())
        self.x: dict[tuple[int, int], int] = {}
        for i, schools in enumerate(city.options):
            for j in sorted(schools):
                cost = 0 if objective in DEVIATIONS else int(costs[i][j] / unit)
                self.x[i, j] = self.column(0, 1, cost)
        self.zones = [[i for i, schools in enumerate(city.options) if j in schools] for j in range(len(city.schools))]
        if objective in DEVIATIONS and any(map(any, weights)):
            self._positive_parts(weights, 1)
        self._rules()
        self._limits()

    def _zone(self, j: int, weights: list[int]) -> dict[int, int]:
        return {self.x[i, j]: weights[i] for i in self.zones[j] if weights[i]}

    def _positive_parts(self, weights: list[list[int]], cost: int) -> list[int]:
        """p >= sum of w x for every school and group, p >= 0."""
        columns = []
        for row in weights:
            top = sum(w for w in row if w > 0)
            for j in range(len(self.zones)):
                columns.append(self.column(0, top, cost))
                self.at_least({columns[-1]: 1, **{c: -w for c, w in self._zone(j, row).items()}}, 0)
        return columns

    def _rules(self) -> None:
        city = self.city
        for i, schools in enumerate(city.options):
            self.at_least({self.x[i, j]: 1 for j in schools}, 1, equation=True)
        for j in range(len(city.schools)):
            load = self._zone(j, city.s)
            self.at_least(load, city.least[j])
            self.at_most(load, city.most[j])
        for members in city.together:
            for other in members[1:]:
                for j in city.options[other]:
                    self.at_least({self.x[members[0], j]: 1, self.x[other, j]: -1}, 0, equation=True)
        if city.rules["contiguous"] != "no":
            for j, units in enumerate(self.zones):
                for v in units:
                    if v != city.roots[j]:
                        # (13): the neighbours of v part it from everything.
                        near = {self.x[u, j]: 1 for u in city.near[v] if j in city.options[u]}
                        self.rows.append(({self.x[v, j]: -1, **near}, 0, False))

    def _limits(self) -> None:
        city = self.city
        for name in (*DEVIATIONS, "travel", "rezoned", "max_share_deviation"):
            limit = city.limit(f"max_{name}")
            more = {"rezoned": "rezoned_share", "max_share_deviation": "share_deviation"}.get(name)
            other = None if more is None else city.limit(more)
            if other is not None and name == "rezoned":
                other *= city.S
            given = [bound for bound in (limit, other) if bound is not None]
            if not given:
                continue
            if name == "max_share_deviation":
                self._shares(min(given))
            elif name in DEVIATIONS:
                weights, unit = city.deviations(name)
                if unit and any(map(any, weights)):
                    parts = self._positive_parts(weights, 0)
                    self.at_most(dict.fromkeys(parts, 1), floor(min(given) / unit))
            else:
                costs = city.costs(name)
                common = lcm(*(cost.denominator for row in costs for cost in row))
                terms = {c: int(costs[i][j] * common) for (i, j), c in self.x.items()}
                self.at_most(terms, floor(min(given) * common))

    def _shares(self, level: Fraction) -> None:
        """(10): |S a(j) - A s(j)| <= delta S s(j)."""
        city, bottom = self.city, level.denominator
        for j in range(len(city.schools)):
            for sign in (1, -1):
                weights = [
                    sign * bottom * (city.S * a - city.A * s) - level.numerator * city.S * s
                    for a, s in zip(city.a, city.s, strict=True)
                ]
                self.at_most(self._zone(j, weights), 0)

    def separator(self, v: int, j: int, cut: list[int]) -> Row:
        """(19): to hold v, zone j holds a unit of the cut, which parts v from the school; raises ``Rejected``."""
        city = self.city
        if (v, j) not in self.x:
            raise Rejected(f"unit {v} cannot have school {j}")
        closed = set(cut)
        if v in closed or v == city.roots[j]:
            raise Rejected("a separator of a unit from itself")
        reached = self._reached(j, cut)
        if v in reached:
            raise Rejected(f"these units do not part unit {v} from school {j}")
        return {self.x[v, j]: -1, **{self.x[u, j]: 1 for u in closed if (u, j) in self.x}}, 0, False

    def _reached(self, j: int, cut: list[int]) -> set[int]:
        """Units that a walk from the school reaches without the cut; one cut comes for many units in a row."""
        if self._last[:2] != (j, cut):
            city, closed = self.city, set(cut)
            reached = {city.roots[j]}
            todo = [city.roots[j]] if city.roots[j] not in closed else []
            for u in todo:
                for w in city.near[u]:
                    if w not in reached and w not in closed and j in city.options[w]:
                        reached.add(w)
                        todo.append(w)
            self._last = j, list(cut), reached
        return self._last[2]

    def side(self, i: int, schools: list[int]) -> Row:
        """(35): a new whole column, whether unit i has one of the schools; its value is the sum of theirs."""
        held = {self.x[i, j]: -1 for j in schools if (i, j) in self.x}
        return {**held, self.column(0, 1): 1}, 0, True

    def step_row(self, step: list[Any]) -> Row:
        """Separators and sides, besides the usual."""
        if step[0] == "side" and len(step) == 3:
            return self.side(place(step[1], len(self.city.ids)), [place(j, len(self.city.schools)) for j in step[2]])
        if step[0] == "separator" and len(step) == 4 and self.city.rules["contiguous"] != "no":
            v, j = place(step[1], len(self.city.ids)), place(step[2], len(self.city.schools))
            return self.separator(v, j, [place(u, len(self.city.ids)) for u in step[3]])
        return super().step_row(step)


def system(data: dict[str, Any], objective: str) -> Zones:
    """The rows of a question; raises ``Rejected`` for one that has none."""
    return Zones(data, objective)


def value(data: dict[str, Any], objective: str, solution: list[str]) -> Fraction:
    """Exact value of zones, a school for each unit; raises ``Rejected`` where they break a rule."""
    city = City(data)
    if len(solution) != len(city.ids):
        raise Rejected("not a school for each unit")
    rows = [{"unit": unit, "school": school} for unit, school in zip(city.ids, solution, strict=True)]
    broken = check_zones(data, rows)
    for name in (*DEVIATIONS, "travel", "rezoned", "max_share_deviation"):
        limit = city.limit(f"max_{name}")
        if limit is not None and _score(city, name, solution) > limit:
            broken.append(f"{name} is above {limit}")
    if broken:
        raise Rejected(f"the solution breaks a rule: {broken[0]}")
    return _score(city, objective, solution)


def _score(city: City, objective: str, solution: list[str]) -> Fraction:
    """Equations (1) to (6) as they stand."""
    homes = [city.home[school] for school in solution]
    if objective in ("travel", "rezoned"):
        costs = city.costs(objective)
        return sum((costs[i][j] for i, j in enumerate(homes)), Fraction(0))
    zones = [[i for i, home in enumerate(homes) if home == j] for j in range(len(city.schools))]
    loads = [sum(city.s[i] for i in zone) for zone in zones]
    S = Fraction(city.S)
    if objective == "dissimilarity":
        A, B = city.A, city.S - city.A
        if not A or not B:
            return Fraction(0)
        held = [sum(city.a[i] for i in zone) for zone in zones]
        return (
            sum((abs(Fraction(a, A) - Fraction(s - a, B)) for a, s in zip(held, loads, strict=True)), Fraction(0)) / 2
        )
    gaps = []
    for zone, load in zip(zones, loads, strict=True):
        if not load:
            continue
        if objective == "tvd":
            shares = (abs(Fraction(sum(g[i] for i in zone), load) - sum(g) / S) for g in (*city.groups, city.rest))
            gaps.append(load / S * sum(shares, Fraction(0)) / 2)
        elif objective == "income":
            amounts = city.amounts()
            mean = sum((amounts[i] for i in zone), Fraction(0)) / load
            gaps.append(load / S * abs(mean - sum(amounts, Fraction(0)) / S))
        else:
            gaps.append(abs(Fraction(sum(city.a[i] for i in zone), load) - city.A / S))
    return max(gaps, default=Fraction(0)) if objective == "max_share_deviation" else sum(gaps, Fraction(0))
