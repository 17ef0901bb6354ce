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
"""

from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Any

from fairbound.solvers.checker.cep import coefficients, money, possible, units
from fairbound.solvers.checker.common import UNREADABLE, Rejected, rational, sealed

FORMAT = "fairbound claim shares 1"
MULTIPLIER_PARTS = 10**6
"""Multipliers are written in millionths."""
MOST_WORK = 400_000_000
"""Pairs of unit and cell, and partial groups, that a certificate may ask for: more only costs time."""
LARGEST = 10**40

MOST_EDGES, MOST_PAIRS, DEEPEST = 10_000, 3_000_000, 1000
"""Edges, pairs of unit and edge that are tabled, and boxes that wait."""

Box = tuple[list[int], int]
"""Units that may be in each cell, and those that must be in some, as bits."""


def members(bits: int) -> list[int]:
    """The units of a set that stands as bits."""
    return [unit for unit, bit in enumerate(bin(bits)[:1:-1]) if bit == "1"]


def whole(value: Any, least: int = -LARGEST) -> int:
    """A whole number of the file; raises ``Rejected`` for anything else."""
    if type(value) is not int or not least <= value <= LARGEST:
        raise Rejected(f"no whole number that can be: {str(value)[:40]}")
    return value


class Replay:
    """The exact data of a certificate, in whole numbers: a value v stands as v * scale."""

    def __init__(self, certificate: dict[str, Any]) -> None:
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
        self.cells, self.strip = len(edges) - 1, whole(certificate["strip"], 1)
        if 2 * self.strip > self.cells:
            raise Rejected("the strips overlap")
        if not open_units or any(n <= 0 for _, _, n, _, _ in open_units):
            raise Rejected("no unit, or one without students")
        self.count = len(open_units)
        self.step, self.bound = rational(certificate["step"]), rational(certificate["bound"])
        if self.step <= 0:
            raise Rejected("the step of prices is not above 0")
        self.work = 0
        if self.count * self.cells > MOST_PAIRS:
            raise Rejected(f"more than {MOST_PAIRS} pairs of unit and cell")
        self.must = sum(1 << unit for unit, (_, _, _, _, must) in enumerate(open_units) if must)
        parts = lcm(*(edge.denominator for edge in edges))
        people = lcm(*(x.denominator for _, _, n, q, _ in open_units for x in (n, q)))
        worth = lcm(self.step.denominator, self.bound.denominator)
        worth = lcm(worth, *(x.denominator for a, b, _, _, _ in open_units for x in (a, b)))
        self.scale = worth * parts * MULTIPLIER_PARTS * people
        self.price = int(self.step * self.scale)
        self.claim = int(self.bound * self.scale)
        at = [int(edge * parts) for edge in edges]
        self.n = [int(n * people) for _, _, n, _, _ in open_units]
        self.q = [int(q * people) for _, _, _, q, _ in open_units]
        self.a = [int(a * self.scale) for a, _, _, _, _ in open_units]
        self.b = [int(b * self.scale) for _, b, _, _, _ in open_units]
        # At each edge and for each unit: a + t b, and what a multiplier of 1 millionth adds to it.
        self.value = [[a + t * b // parts for a, b in zip(self.a, self.b, strict=True)] for t in at]
        self.over = [[parts * q - t * n for n, q in zip(self.n, self.q, strict=True)] for t in at]
        self.worth = worth
        self.width = [after - before for before, after in pairwise(at)]

    def _within(self) -> None:
        if self.work > MOST_WORK:
            raise Rejected("it asks for more work than a checker does")

    def root(self) -> Box:
        """Every unit in every cell."""
        return [(1 << self.count) - 1] * self.cells, self.must

    def proven(self, proof: dict[str, Any], box: Box) -> tuple[int, Box]:
        """What prices prove in a box, and the box without what they leave out; ``Rejected`` where they fail."""
        allowed, must = box
        prices = [whole(price) * self.price for price in proof["prices"]]
        levels = [whole(price, 0) for price in proof["levels"]]
        multipliers = [whole(price) for price in proof["multipliers"]]
        middle = range(self.strip, self.cells - self.strip)
        if (len(prices), len(levels), len(multipliers)) != (self.count, 2 * self.strip + 2, len(middle)):
            raise Rejected("a proof has another number of prices")
        if any(price < 0 and not must >> unit & 1 for unit, price in enumerate(prices)):
            raise Rejected("the price of a unit that may stay out is negative")
        total = sum(prices)
        room = total - self.claim
        fewer = []
        for cell in range(self.cells):
            here = members(allowed[cell])
            self.work += len(here) + 1
            if cell in middle:
                lost = self._group_losses(cell, here, prices, multipliers[cell - self.strip])
            else:
                left = cell if cell < self.strip else cell - self.cells + 2 * self.strip + 1
                lost = self._unit_losses(cell, here, prices, levels[left], levels[left + 1])
            fewer.append(sum(1 << unit for unit, loss in zip(here, lost, strict=True) if loss < room))
            self._within()
        # A unit whose price is all that exceeds the bound cannot stay out.
        return total, (fewer, must | sum(1 << unit for unit, price in enumerate(prices) if price >= room))

    def _unit_losses(self, cell: int, here: list[int], prices: list[int], first: int, last: int) -> list[int]:
        """What each unit loses against its price in a cell of a strip, at least."""
        lost = []
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
            if best > prices[unit]:
                raise Rejected(f"in cell {cell} unit {unit} is worth more than its price")
            lost.append(prices[unit] - best)
        return lost

    def _group_losses(self, cell: int, here: list[int], prices: list[int], multiplier: int) -> list[int]:
        """What a group with each unit loses against its prices in a cell of the middle, at least."""
        factor = multiplier * self.worth
        low_value, low_over = self.value[cell], self.over[cell]
        high_value, high_over = self.value[cell + 1], self.over[cell + 1]
        low = [low_value[unit] - prices[unit] + factor * low_over[unit] for unit in here]
        high = [high_value[unit] - prices[unit] + factor * high_over[unit] for unit in here]
        most_low, most_high = sum(x for x in low if x > 0), sum(x for x in high if x > 0)
        reach = [max(most_low + min(x, 0), most_high + min(y, 0)) for x, y in zip(low, high, strict=True)]
        if most_low > 0 or most_high > 0:
            items = [
                (x, y, low_over[unit], high_over[unit], unit)
                for x, y, most, unit in zip(low, high, reach, here, strict=True)
                if most > 0
            ]
            self._search(cell, items, prices)
        return [-most for most in reach]

    def _search(self, cell: int, items: list[tuple[int, int, int, int, int]], prices: list[int]) -> None:
        """Every group of these units whose share lies in the cell: none may be worth more than its prices."""
        items.sort(key=lambda item: -max(abs(item[0]), abs(item[1])))
        rest = [(0, 0, 0, 0)]
        for x, y, over, under, _ in reversed(items):
            a, b, c, d = rest[-1]
            rest.append((a + max(x, 0), b + max(y, 0), c + max(over, 0), d + min(under, 0)))
        rest.reverse()
        stack: list[tuple[int, int, int, int, int, tuple[int, ...]]] = [(0, 0, 0, 0, 0, ())]
        while stack:
            depth, low, high, over, under, group = stack.pop()
            self.work += 1
            if depth == len(items):
                self._judge(cell, group, prices)
                continue
            x, y, up, down, unit = items[depth]
            depth += 1
            a, b, c, d = rest[depth]
            # Neither end's sum may stay positive, nor the share reach the cell: then this part is done.
            if (low + a > 0 or high + b > 0) and over + c >= 0 and under + d <= 0:
                stack.append((depth, low, high, over, under, group))
            low, high, over, under = low + x, high + y, over + up, under + down
            if (low + a > 0 or high + b > 0) and over + c >= 0 and under + d <= 0:
                stack.append((depth, low, high, over, under, (*group, unit)))
            if self.work > MOST_WORK:
                self._within()

    def _judge(self, cell: int, group: tuple[int, ...], prices: list[int]) -> None:
        """A group with its share in the cell may not be worth more than its prices at that very share."""
        if not group:
            return
        fixed = sum(self.a[unit] - prices[unit] for unit in group)
        slope, n, q = (sum(column[unit] for unit in group) for column in (self.b, self.n, self.q))
        if fixed * n + slope * q > 0:
            raise Rejected(f"in cell {cell} the group of units {group} is worth more than its prices")

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
            if "branch" in node:
                unit, cell = (whole(part, 0) for part in node["branch"])
                if unit >= self.count or cell >= self.cells:
                    raise Rejected("a branch on a unit or a cell that is not there")
                below, above = self._halves(box, unit, cell)
                waiting += [(above, known), (below, known)]
                self._within()
                if len(waiting) > DEEPEST:
                    raise Rejected(f"more than {DEEPEST} branches wait at a time")
            elif (known is None or known > self.claim) and not self._empty(box):
                raise Rejected("a leaf is open: its prices add up to more than the bound")
        if waiting:
            raise Rejected("a branch is missing")

    def _halves(self, box: Box, unit: int, cell: int) -> tuple[Box, Box]:
        """The unit's group has a share below a cell, or the unit stays out; and of that cell or above."""
        (allowed, must), one = box, 1 << unit
        self.work += self.cells
        below = [*allowed[:cell], *(here & ~one for here in allowed[cell:])]
        above = [*(here & ~one for here in allowed[:cell]), *allowed[cell:]]
        return (below, must), (above, must | one)

    def _empty(self, box: Box) -> bool:
        """Whether a unit that must be in CEP has no cell left."""
        somewhere = 0
        for here in box[0]:
            somewhere |= here
        return bool(box[1] & ~somewhere)


def check(certificate: dict[str, Any], digest: str | None = None) -> Fraction:
    """The proven bound; raises ``Rejected``. ``digest`` names the instance that is meant, if given."""
    try:
        if certificate["format"] != FORMAT:
            raise Rejected(f"unknown format {certificate['format']!r}")
        sealed(certificate, digest)
        replay = Replay(certificate)
        replay.run(certificate["nodes"])
    except UNREADABLE as error:
        raise Rejected(f"it cannot be read: {type(error).__name__} {error}") from error
    return replay.bound
