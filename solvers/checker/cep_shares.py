"""Replay a claim-share certificate: a tree of prices that bound every grouping. Standard library, whole numbers.

Every group has a claim share t in one cell [l, u] between two edges, from the threshold's to 1. Prices
pi hold in a box (cells in which each unit may be) if in the cells of either strip no unit is worth more
than its price, and in a cell of the middle no group is. With sum(q - t N) = 0 below t = 1, and >= 0 there,
the first is, for multipliers lambda >= 0 that are linear between two edges,

    a + t b + lambda(t) (q - t N) <= pi,

and the second, for any multiplier of the cell, that the sum of

    psi(t) = a - pi + t b + lambda (q - t N)

over a group is at most 0: it is linear in t, so at most the larger of its values at the ends, and there at most the
sum of the positive ones. Where that is above 0, the groups are searched depth first. Then no grouping in the
box is worth more than the sum of pi; a unit that loses all of what this exceeds the bound may be left out of a
cell. A branch says of one unit that its group has a share below an edge (or it stays out), or not.

A node may list the groups of the middle: all that lose less than what the sum of pi exceeds the bound. No other is
in a better grouping, so below that node prices hold in the middle if no group of the list is worth more.

A leaf may be covered: units are settled in some order, each by a group of the list, by a strip or by staying out, as
long as all of it loses less than what the sum of pi exceeds the bound; other prices that hold for what is left may be
looked at too. Of what is alike in the units that are settled and in the strips, the best goes on. Two covers may split
the units: within one of two sides groups lose no more than its part of what may be lost. Of every grouping that comes
out of this the sum of its groups' worth and of the most that its units are worth in the strips, at some multipliers, is
at most the bound; or it is stated as open, and a part of the tree of its own, with strips of fewer cells. Worth is
rounded up, but not of groups whose share has one of the certificate's divisors as denominator: so the bound can be what
a grouping is worth exactly.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Any, NamedTuple

from fairbound.solvers.checker.cep import coefficients, money, possible, units
from fairbound.solvers.checker.cep_cover import (
    LOWER,
    NONE,
    OUTSIDE,
    PARTS,
    SPLIT,
    UPPER,
    Choice,
    Losses,
    Priced,
    Split,
    covers,
    members,
)
from fairbound.solvers.checker.cep_halves import Item, groups_by_halves
from fairbound.solvers.checker.common import UNREADABLE, Rejected, denominator, rational, sealed, uncollected

FORMAT = "fairbound claim shares 3"
MULTIPLIER_PARTS = 10**6
"""Multipliers are written in millionths."""
MOST_WORK = 400_000_000
"""Pairs of unit and cell, and partial groups, that a certificate may ask for: more only costs time."""
LARGEST = 10**40

MOST_EDGES, MOST_TABLED, DEEPEST = 10_000, 10**9, 1000
"""Edges, bits of what is tabled for pairs of unit and edge, and boxes that wait."""

MOST_LISTED, MOST_MEMBERS, MOST_HELD = 3_500_000, 40_000_000, 5 * 10**7
"""Groups of a list, their units together, and words of memory that all boxes that wait may take."""

ASK_EVERY = 50_000
"""Steps after which is asked whether it is late."""
MEMBERS_A_STEP = 32
"""So many units of a group, or bits of a cell, are looked at in the time of a step."""

Chain = tuple[int, Any] | None
"""A unit and the chain of those before it."""
Group = tuple[int, int, tuple[int, ...], int]
"""A group of a list: its cell, its units as bits and as numbers, and its worth, rounded up."""
Worth = dict[int, int]
"""The most that units are worth somewhere."""
Key = tuple[int, ...]
"""Of every unit the first of its group, or that it is in the lower strip, the upper, or outside."""


class Late(Exception):
    """A replay was stopped before its end, and says nothing."""


class Prices(NamedTuple):
    """Prices of units, multipliers of the strips' edges and of the cells between, and where those begin and end."""

    units: list[int]
    levels: list[int]
    multipliers: list[int]
    low: int
    high: int


class Listed(NamedTuple):
    """Groups with their share between two strips, and where these end and begin."""

    groups: list[Group]
    low: int
    high: int


Box = tuple[list[int], int, Listed | None]
"""Units that may be in each cell, and those that must be in some, as bits; the groups of the middle, once listed."""


def linked(chain: Chain) -> tuple[int, ...]:
    """The units of a chain, the first one first."""
    units = []
    while chain is not None:
        unit, chain = chain
        units.append(unit)
    return tuple(units[::-1])


def whole(value: Any, least: int = -LARGEST) -> int:
    """A whole number of the file; raises ``Rejected`` for anything else."""
    if type(value) is not int or not least <= value <= LARGEST:
        raise Rejected(f"no whole number that can be: {str(value)[:40]}")
    return value


class Replay:
    """The exact data of a certificate, in whole numbers: a value v stands as v * scale."""

    def __init__(self, certificate: dict[str, Any], late: Callable[[], bool] = lambda: False) -> None:
        self.late = late
        data = certificate["data"]
        if data["problem"] != "cep":
            raise Rejected(f"the data is of another problem: {data['problem']!r}")
        schools = [dict(zip(data["columns"], row, strict=True)) for row in data["schools"]]
        possible(data, schools)
        rules = data["parameters"]
        terms = coefficients(certificate["objective"], schools, money(data, schools))
        open_units = [unit[:5] for unit in units(data, schools, terms) if not unit[5]]
        if len(certificate["edges"]) > MOST_EDGES:
            raise Rejected(f"more than {MOST_EDGES} edges")
        edges = [rational(edge) for edge in certificate["edges"]]
        low = rational(rules["multiplier"]) * rational(rules["threshold"])
        if len(edges) < 2 or edges[0] != low or edges[-1] != 1 or any(x >= y for x, y in pairwise(edges)):
            raise Rejected("the edges do not rise from the threshold to full funding")
        self.cells = len(edges) - 1
        if not open_units or any(n <= 0 for _, _, n, _, _ in open_units):
            raise Rejected("no unit, or one without students")
        self.count = len(open_units)
        self.step, self.bound = rational(certificate["step"]), rational(certificate["bound"])
        if self.step <= 0:
            raise Rejected("the step of prices is not above 0")
        self.work = self.asked = 0
        self.must = sum(1 << unit for unit, (_, _, _, _, must) in enumerate(open_units) if must)
        parts = denominator(edge.denominator for edge in edges)
        people = lcm(*(x.denominator for _, _, n, q, _ in open_units for x in (n, q)))
        worth = lcm(self.step.denominator, self.bound.denominator)
        worth = lcm(worth, *(x.denominator for a, b, _, _, _ in open_units for x in (a, b)))
        # What groups are worth is rounded up, but for those whose share has one of these denominators.
        worth = lcm(worth, denominator(whole(number, 1) for number in certificate.get("divisors", ())))
        self.scale = worth * parts * MULTIPLIER_PARTS * people
        if self.count * len(edges) * self.scale.bit_length() > MOST_TABLED:
            raise Rejected("more units, edges and digits than anybody has room for")
        self.price = int(self.step * self.scale)
        self.claim = int(self.bound * self.scale)
        at = self.at = [int(edge * parts) for edge in edges]
        self.n = [int(n * people) for _, _, n, _, _ in open_units]
        self.q = [int(q * people) for _, _, _, q, _ in open_units]
        self.a = [int(a * self.scale) for a, _, _, _, _ in open_units]
        self.b = [int(b * self.scale) for _, b, _, _, _ in open_units]
        # At each edge and for each unit: a + t b, and what a multiplier of 1 millionth adds to it.
        self.value = [[a + t * b // parts for a, b in zip(self.a, self.b, strict=True)] for t in at]
        self.over = [[parts * q - t * n for n, q in zip(self.n, self.q, strict=True)] for t in at]
        self.worth, self.people = worth, people
        self.width = [after - before for before, after in pairwise(at)]

    def _within(self) -> None:
        if self.work > MOST_WORK:
            raise Rejected("it asks for more work than a checker does")

    def _spend(self, steps: int) -> None:
        self.work += steps
        self._within()
        if self.work > self.asked:
            self.asked = self.work + ASK_EVERY
            if self.late():
                raise Late

    def _here(self, allowed: int) -> list[int]:
        """The units of a cell, which are all looked at next."""
        here = members(allowed)
        self._spend(len(here) + self.count // MEMBERS_A_STEP + 1)
        return here

    def root(self) -> Box:
        """Every unit in every cell."""
        return [(1 << self.count) - 1] * self.cells, self.must, None

    def proven(self, proof: dict[str, Any], box: Box) -> tuple[int, Box]:
        """What prices prove in a box, and the box without what they leave out; ``Rejected`` where they fail."""
        allowed, must, listed = box
        prices = self._read(proof, listed)
        if any(price < 0 and not must >> unit & 1 for unit, price in enumerate(prices.units)):
            raise Rejected("the price of a unit that may stay out is negative")
        total = sum(prices.units)
        room = total - self.claim
        fewer = []
        inside = [0] * self.cells
        if listed is not None:
            listed = listed._replace(groups=self._fewer(listed.groups, allowed, prices.units, room))
            for cell, bits, _, _ in listed.groups:
                inside[cell] |= bits
        for cell in range(self.cells):
            middle = prices.low <= cell < prices.high
            if middle and listed is not None:
                fewer.append(inside[cell])
                continue
            here = self._here(allowed[cell])
            if middle:
                lost = self._group_losses(cell, here, prices.units, prices.multipliers[cell - prices.low])
            else:
                left = cell if cell < prices.low else cell - prices.high + prices.low + 1
                lost = self._unit_losses(cell, here, prices.units, prices.levels[left], prices.levels[left + 1])
            fewer.append(sum(1 << unit for unit, loss in zip(here, lost, strict=True) if loss < room))
        # A unit whose price is all that exceeds the bound cannot stay out.
        must |= sum(1 << unit for unit, price in enumerate(prices.units) if price >= room)
        return total, (fewer, must, listed)

    def _read(self, proof: dict[str, Any], listed: Listed | None) -> Prices:
        """Prices as a file has them; multipliers of the middle's cells may be there, but a list has no use for them."""
        lower, upper = (whole(cells, least) for cells, least in zip(proof["strips"], (0, 1), strict=True))
        low, high = lower, self.cells - upper
        if low > high or (listed is not None and (listed.low, listed.high) != (low, high)):
            raise Rejected("the strips overlap, or are not those of the list")
        units = [whole(price) * self.price for price in proof["prices"]]
        levels = [whole(price, 0) for price in proof["levels"]]
        multipliers = [whole(price) for price in proof["multipliers"]]
        wanted = len(multipliers) if listed is not None else high - low
        if (len(units), len(levels), len(multipliers)) != (self.count, lower + upper + 2, wanted):
            raise Rejected("a proof has another number of prices")
        return Prices(units, levels, multipliers, low, high)

    def _fewer(self, groups: list[Group], allowed: list[int], prices: list[int], room: int) -> list[Group]:
        """The groups of a list that a box allows and that lose less than there is room for."""
        kept = []
        self.work += len(groups)
        for group in groups:
            cell, bits, units, worth = group
            if bits & ~allowed[cell]:
                continue
            lost = sum([prices[unit] for unit in units]) - worth
            if lost < 0:
                raise Rejected(f"in cell {cell} the group of units {units} is worth more than its prices")
            if lost < room:
                kept.append(group)
        return kept

    def listed(self, proof: dict[str, Any], box: Box, run: int) -> Box:
        """The box with the groups of the middle that lose less than prices exceed the bound; ``Rejected`` if many.

        So many cells are searched as one, with the multiplier of the one in their midst.
        """
        allowed, must, listed = box
        if listed is not None:
            raise Rejected("a list below a list")
        prices = self._read(proof, None)
        room = sum(prices.units) - self.claim
        found: list[Group] = []
        together = 0
        for first in range(prices.low, prices.high, run):
            cells = range(first, min(first + run, prices.high))
            anywhere = 0
            for cell in cells:
                anywhere |= allowed[cell]
            multiplier = prices.multipliers[min(run // 2, len(cells) - 1) + first - prices.low]
            items, _ = self._items(cells, self._here(anywhere), prices.units, multiplier, -room)
            begin, reach = self.at[cells.start], self.at[cells.stop] - self.at[cells.start]
            for group in groups_by_halves(items, -room, self._spend):
                self._spend(len(cells))
                worth = sum([prices.units[unit] for unit in group.units]) + group.excess
                people = (group.over - group.under) // reach
                for cell in cells:
                    # Its share lies in the cell or on an edge of it: no surplus is missing at the one, none left at
                    # the other.
                    low, high = self.at[cell] - begin, self.at[cell + 1] - begin
                    if low * people <= group.over <= high * people and not group.bits & ~allowed[cell]:
                        found.append((cell, group.bits, group.units, worth))
                together += len(group.units)
                if len(found) > MOST_LISTED or together > MOST_MEMBERS:
                    raise Rejected(f"a list of more than {MOST_LISTED} groups, or of {MOST_MEMBERS} units in them")
        return allowed, must, Listed(found, prices.low, prices.high)

    def _worth(self, units: tuple[int, ...]) -> int:
        """Worth of a group below full funding, rounded up."""
        fixed, slope, n, q = (sum([column[unit] for unit in units]) for column in (self.a, self.b, self.n, self.q))
        return fixed - (-slope * q // n)

    def _unit_losses(self, cell: int, here: list[int], prices: list[int], first: int, last: int) -> list[int]:
        """What each unit loses against its price in a cell of a strip, at least."""
        lost = [prices[unit] - best for unit, best in zip(here, self._most(cell, here, first, last), strict=True)]
        if lost and min(lost) < 0:
            raise Rejected(f"in cell {cell} unit {here[lost.index(min(lost))]} is worth more than its price")
        return lost

    def _most(self, cell: int, here: list[int], first: int, last: int) -> list[int]:
        """The most that each unit is worth in a cell of a strip, from one multiplier at its lower edge to another."""
        most = []
        low, high, worth = (self.value[cell], self.over[cell]), (self.value[cell + 1], self.over[cell + 1]), self.worth
        for unit in here:
            at = low[0][unit] + first * worth * low[1][unit]
            end = high[0][unit] + last * worth * high[1][unit]
            best = max(at, end)
            # at + (end - at + bend) x - bend x^2 for x from 0 to 1: a summit inside exists only if it opens downwards.
            bend = (last - first) * self.width[cell] * worth * self.n[unit]
            rise = end - at + bend
            if bend > 0 and 0 < rise < 2 * bend:
                best = max(best, at - (-rise * rise // (4 * bend)))
            most.append(best)
        return most

    def _group_losses(self, cell: int, here: list[int], prices: list[int], multiplier: int) -> list[int]:
        """What a group with each unit loses against its prices in a cell of the middle, at least."""
        items, reach = self._items(range(cell, cell + 1), here, prices, multiplier, 0)
        for group in self._groups(items, 0):
            if self._worth(group) > sum(prices[unit] for unit in group):
                raise Rejected(f"in cell {cell} the group of units {group} is worth more than its prices")
        return [-most for most in reach]

    def _items(
        self, cells: range, here: list[int], prices: list[int], multiplier: int, cut: int
    ) -> tuple[list[Item], list[int]]:
        """psi at both ends of some cells, of units that a group above the cut can have; and how far all units reach."""
        factor = multiplier * self.worth
        low_value, low_over = self.value[cells.start], self.over[cells.start]
        high_value, high_over = self.value[cells.stop], self.over[cells.stop]
        low = [low_value[unit] - prices[unit] + factor * low_over[unit] for unit in here]
        high = [high_value[unit] - prices[unit] + factor * high_over[unit] for unit in here]
        most_low, most_high = sum(x for x in low if x > 0), sum(x for x in high if x > 0)
        reach = [max(most_low + min(x, 0), most_high + min(y, 0)) for x, y in zip(low, high, strict=True)]
        items = [
            (x, y, low_over[unit], high_over[unit], unit)
            for x, y, most, unit in zip(low, high, reach, here, strict=True)
            if most > cut
        ]
        return items, reach

    def _groups(self, items: list[Item], cut: int) -> Iterator[tuple[int, ...]]:
        """Every group of these units whose share lies in the cell, and for which either end's sum is above the cut."""
        items.sort(key=lambda item: -max(abs(item[0]), abs(item[1])))
        rest = [(0, 0, 0, 0)]
        for x, y, over, under, _ in reversed(items):
            a, b, c, d = rest[-1]
            rest.append((a + max(x, 0), b + max(y, 0), c + max(over, 0), d + min(under, 0)))
        rest.reverse()
        # A partial group stands as its last unit and the group before it, so that a step costs the same in any depth.
        stack: list[tuple[int, int, int, int, int, Chain]] = [(0, 0, 0, 0, 0, None)]
        while stack:
            depth, low, high, over, under, group = stack.pop()
            self.work += 1
            if depth == len(items):
                if group is not None:
                    units = linked(group)
                    self._spend(len(units) // MEMBERS_A_STEP)
                    yield units
                continue
            x, y, up, down, unit = items[depth]
            depth += 1
            a, b, c, d = rest[depth]
            # Neither end's sum may stay above the cut, nor the share reach the cell: then this part is done.
            if (low + a > cut or high + b > cut) and over + c >= 0 and under + d <= 0:
                stack.append((depth, low, high, over, under, group))
            low, high, over, under = low + x, high + y, over + up, under + down
            if (low + a > cut or high + b > cut) and over + c >= 0 and under + d <= 0:
                stack.append((depth, low, high, over, under, (unit, group)))
            if self.work > MOST_WORK:
                self._within()

    def _strip_worth(self, levels: list[int], allowed: list[int], listed: Listed) -> tuple[Worth, Worth]:
        """The most that each unit that may be there is worth in the lower strip, and in the upper."""
        strips: list[Worth] = []
        for cells, first in ((range(listed.low), 0), (range(listed.high, self.cells), listed.low + 1)):
            best: Worth = {}
            for level, cell in enumerate(cells, first):
                here = self._here(allowed[cell])
                for unit, worth in zip(here, self._most(cell, here, levels[level], levels[level + 1]), strict=True):
                    best[unit] = max(best.get(unit, worth), worth)
            strips.append(best)
        return strips[0], strips[1]

    def _choices(self, prices: Priced, must: int, listed: Listed, order: list[int]) -> list[list[Choice]]:
        """What may become of each unit, in this order, and of none before it, if it loses less than there is room."""
        place = {unit: depth for depth, unit in enumerate(order)}
        every: list[Choice] = []
        edges = (0, listed.low, listed.high, self.cells)
        for unit in order:
            one, over = 1 << unit, [self.over[edge][unit] for edge in edges]
            if unit in prices.low:
                every.append(Choice((unit,), one, LOWER, (over[0], over[1], 0, 0), 0))
            if unit in prices.high:
                every.append(Choice((unit,), one, UPPER, (0, 0, over[2], over[3]), 0))
            if not must >> unit & 1:
                every.append(Choice((unit,), one, OUTSIDE, NONE, 0))
        # A group whose share is on an edge stands in two cells.
        groups = {(bits, group, worth) for _, bits, group, worth in listed.groups}
        every += [Choice(group, bits, min(group), NONE, worth) for bits, group, worth in groups]
        found: list[list[Choice]] = [[] for _ in order]
        for choice, lost in zip(every, prices.lost(every), strict=True):
            if lost < prices.room:
                found[min([place[unit] for unit in choice.units])].append(choice)
        return found

    def covered(self, given: Any, proof: dict[str, Any], box: Box) -> list[Box]:
        """Look at every grouping in a box with a list; the boxes of those that may be worth more than the bound.

        By one cover, or by two that split what a grouping may lose. Raises ``Rejected`` if one is not among those that
        the covers say are open.
        """
        if type(given) is not list:
            return self._covered(given, proof, box, None)
        one, other = given
        units = [whole(unit, 0) for unit in one["units"]]
        parts = whole(one["parts"], 1)
        if parts >= PARTS or len(set(units)) < len(units) or max(units, default=0) >= self.count:
            raise Rejected("a split of units that are not there, or of more parts than there are")
        inside = sum(1 << unit for unit in units)
        apart = self._covered(one, proof, box, (inside, parts))
        return apart + self._covered(other, proof, box, ((1 << self.count) - 1 & ~inside, PARTS - parts))

    def _covered(
        self, cover: dict[str, Any], proof: dict[str, Any], box: Box, split: tuple[int, int] | None
    ) -> list[Box]:
        """The same, of one cover, which may look at one side of a split: its units as bits, and its parts of a loss."""
        allowed, must, listed = box
        if listed is None:
            raise Rejected("a cover without a list")
        order = [whole(unit, 0) for unit in cover["order"]]
        if sorted(order) != list(range(self.count)):
            raise Rejected("a cover does not settle every unit once")
        stated = [proof, *cover["prices"]]
        by = [[whole(number, 0 if split is None else SPLIT) for number in looked] for looked in cover["by"]]
        if len(by) != len(order) or not all(by) or max(map(max, by)) >= len(stated):
            raise Rejected("a cover does not say at which prices each unit is settled")
        if any(len(set(looked)) < len(looked) for looked in by):
            raise Rejected("a cover looks twice at the same prices")

        def of(stated: dict[str, Any]) -> Priced:
            prices = self._read(stated, listed)
            low, high = self._strip_worth(prices.levels, allowed, listed)
            return Priced(prices.units, low, high, sum(prices.units) - self.claim, prices.levels[-1] * self.worth)

        first = of(proof)

        def priced(number: int) -> Losses:
            if split is not None and number == SPLIT:
                return Split(first, *split)
            return of(stated[number]) if number else first

        levels = []
        for each in cover["levels"]:
            if len(each) != self.cells - listed.high + listed.low + 2:
                raise Rejected("a cover has another number of multipliers")
            levels.append(self._strip_worth([whole(price, 0) for price in each], allowed, listed))
        keys = [tuple(whole(place) for place in key) for key in cover["open"]]
        by_units: dict[int, list[Group]] = {}
        for group in listed.groups:
            by_units.setdefault(group[1], []).append(group)
        self._spend(len(listed.groups))
        parts = [self._apart(key, allowed, must, listed, by_units) for key in keys]
        known: dict[tuple[int, int], int] = {}
        for low, high, total, _ in parts:
            if total is not None:
                known[low, high] = max(known.get((low, high), total), total)
        choices = self._choices(first, must, listed, order)
        for low, high, worth in covers(choices, order, by, priced, self._spend):
            for lower, upper in levels:
                self._spend(self.count)
                strips = [lower[unit] for unit in members(low)] + [upper[unit] for unit in members(high)]
                if worth + sum(strips) <= self.claim:
                    break
            else:
                # With the same units in the strips, an open grouping whose groups are worth as much is worth as much.
                if (low, high) not in known or known[low, high] < worth:
                    raise Rejected("a grouping in a cover may be worth more than the bound")
        return [part for _, _, _, part in parts]

    def _apart(
        self, key: Key, allowed: list[int], must: int, listed: Listed, by_units: dict[int, list[Group]]
    ) -> tuple[int, int, int | None, Box]:
        """The units of a key in either strip, the worth of its groups, and the box where every unit is where it says.

        None of a worth with a group that is not listed, or a unit outside that must be covered: the box is empty then.
        """
        if len(key) != self.count or not all(OUTSIDE <= place < self.count for place in key):
            raise Rejected("an open part of a cover says of no unit where it is")
        places = {place: sum(1 << unit for unit, other in enumerate(key) if other == place) for place in key}
        self._spend(self.cells + len(places) * self.count)
        total: int | None = None if places.pop(OUTSIDE, 0) & must else 0
        low, high = places.pop(LOWER, 0), places.pop(UPPER, 0)
        inside = low | high
        fewer = [here & low for here in allowed[: listed.low]]
        fewer += [0] * (listed.high - listed.low)
        fewer += [here & high for here in allowed[listed.high :]]
        for bits in places.values():
            found = by_units.get(bits, [])
            total = total + found[0][3] if found and total is not None else None
            for cell, _, _, _ in found:
                fewer[cell] |= bits
            inside |= bits
        return low, high, total, (fewer, must | inside, None)

    def run(self, nodes: list[dict[str, Any]]) -> None:
        """Replay the tree, whose nodes stand in preorder; ``Rejected`` where a leaf is not closed."""
        waiting: list[tuple[Box, int | None]] = [(self.root(), None)]
        for node in nodes:
            if not waiting:
                raise Rejected("there are more nodes than branches")
            box, known = waiting.pop()
            for proof in node.get("proofs", ()):
                total, box = self.proven(proof, box)
                known = total if known is None else min(known, total)
            if "listed" in node:
                box = self.listed(node["proofs"][-1], box, whole(node["listed"], 1))
            if "cover" in node:
                apart = self.covered(node["cover"], node["proofs"][-1], box)
                waiting += [(part, known) for part in reversed(apart)]
                self._deep(waiting)
            elif "branch" in node:
                no, yes = self.parts(box, node["branch"])
                waiting += [(yes, known), (no, known)]
                self._within()
                self._deep(waiting)
            elif (known is None or known > self.claim) and not self._empty(box):
                raise Rejected("a leaf is open: its prices add up to more than the bound")
        if waiting:
            raise Rejected("a branch is missing")

    def parts(self, box: Box, branch: list[Any]) -> tuple[Box, Box]:
        """A box where what a branch says does not hold, and where it does; ``Rejected`` for what no branch says."""
        unit = whole(branch[0], 0)
        if unit >= self.count:
            raise Rejected("a branch on a unit that is not there")
        if len(branch) == 2:
            return self._halves(box, unit, whole(branch[1], 0))
        _, kind, at = branch
        allowed, must, listed = box
        if listed is None:
            raise Rejected("a branch on groups that are not listed")
        groups = listed.groups
        self.work += len(groups)
        holds = [group for group in groups if group[1] >> unit & 1]
        both = 1 << unit
        if kind == "with":
            other = whole(at, 0)
            if other >= self.count or other == unit:
                raise Rejected("a branch on a unit that is not there")
            both |= 1 << other
            chosen = [group for group in holds if group[1] >> other & 1]
        else:
            more = rational(at)
            chosen = [group for group in holds if self._trait(kind, group[2]) > more]
        rest = set(chosen)
        no = allowed, must, listed._replace(groups=[group for group in groups if group not in rest])
        # In one of the groups chosen, so in no other, nor in a strip.
        strips = [*range(listed.low), *range(listed.high, self.cells)]
        inside = [here & ~both if cell in strips else here for cell, here in enumerate(allowed)]
        kept = [*chosen, *(group for group in groups if not group[1] & both)]
        yes = inside, must | both, listed._replace(groups=kept)
        return no, yes

    def _trait(self, kind: Any, units: tuple[int, ...]) -> Fraction:
        """Students of a group, or its weight per student."""
        people = sum([self.n[unit] for unit in units])
        if kind == "students":
            return Fraction(people, self.people)
        if kind == "weight":
            return Fraction(sum([self.b[unit] for unit in units]) * self.people, people * self.scale)
        raise Rejected(f"a branch on no trait: {str(kind)[:40]}")

    def _halves(self, box: Box, unit: int, cell: int) -> tuple[Box, Box]:
        """The unit's group has a share below a cell, or the unit stays out; and of that cell or above."""
        if cell >= self.cells:
            raise Rejected("a branch on a cell that is not there")
        (allowed, must, listed), one = box, 1 << unit
        self.work += self.cells
        below = [*allowed[:cell], *(here & ~one for here in allowed[cell:])]
        above = [*(here & ~one for here in allowed[:cell]), *allowed[cell:]]
        return (below, must, listed), (above, must | one, listed)

    def _deep(self, waiting: list[tuple[Box, int | None]]) -> None:
        """Boxes that wait take memory: a number of every cell as long as there are units, and a list of groups each."""
        held = sum(len(listed.groups) for (_, _, listed), _ in waiting if listed is not None)
        if len(waiting) > DEEPEST or held + len(waiting) * self.cells * (5 + self.count // 60) > MOST_HELD:
            raise Rejected("more branches wait at a time than anybody has room for")

    def _empty(self, box: Box) -> bool:
        """Whether a unit that must be in CEP has no cell left."""
        somewhere = 0
        for here in box[0]:
            somewhere |= here
        return bool(box[1] & ~somewhere)


def check(certificate: dict[str, Any], digest: str | None = None, late: Callable[[], bool] = lambda: False) -> Fraction:
    """The proven bound; raises ``Rejected``. ``digest`` names the instance that is meant, if given.

    Raises ``Late`` once the caller says that it is.
    """
    try:
        if certificate["format"] != FORMAT:
            raise Rejected(f"unknown format {certificate['format']!r}")
        sealed(certificate, digest)
        with uncollected():
            replay = Replay(certificate, late)
            replay.run(certificate["nodes"])
    except UNREADABLE as error:
        raise Rejected(f"it cannot be read: {type(error).__name__} {error}") from error
    return replay.bound
