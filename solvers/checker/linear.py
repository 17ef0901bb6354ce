"""Exact rows, what follows from them, and the tree that proves a bound. Whole numbers throughout.

A system asks for the least cost over columns within bounds, most of them whole, that keep every row ``a x >= b`` (or
``= b``).
``docs/ladder.md`` proves what is used here: weak duality (1), Gomory mixed-integer rows (2), branching (3),
narrowing (4).
"""

from __future__ import annotations

from copy import copy
from fractions import Fraction
from functools import reduce
from math import ceil, floor, frexp, isfinite, ldexp
from operator import or_
from typing import TYPE_CHECKING, Any, Self

from fairbound.solvers.checker.common import NUMBER, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

GRID, LONGEST = 30, 48
"""Coefficients of Gomory rows are rounded, the safe way: to multiples of 2**-GRID, then to LONGEST bits."""
MOST_NODES, MOST_STEPS, MOST_HELD = 10**6, 10**5, 2 * 10**7
"""Nodes, steps, and bounds that nodes which wait differ by from their system's: each takes some 50 bytes."""
MOST_DIGITS = 40
KINDS, CHILDREN = {"branch": 3, "narrow": 2, "bound": 2, "farkas": 2}, {"branch": 2, "narrow": 1}
"""Kinds of nodes: how long they are in a file, and how many children they have."""
FARTHEST = 400
"""Multipliers have exponents of two within this range."""

Row = tuple[dict[int, int], int, bool]
"""Coefficients by column, right-hand side, and whether it is an equation."""
Box = dict[int, tuple[int, int]]
"""Bounds of columns that differ from a system's."""
Scaled = tuple[list[tuple[int, int]], int]
"""Rows with whole multipliers, and the power of two that these are divided by."""


class System:
    """Columns, rows and costs of a question; its value is ``sign * unit * cost``.

    Attributes
    ----------
    sign
        1 where the question minimises, -1 where it maximises.
    step
        Every value of the question is a multiple of it; ``None`` where there is no such number.
    continuous
        Columns that need not be whole; neither Gomory rows nor branches use them.
    out, spent
        Columns that were taken out with their values, and what these cost.
    """

    def __init__(self, sign: int, unit: Fraction, step: Fraction | None) -> None:
        self.sign, self.unit, self.step = sign, unit, step
        self.continuous: set[int] = set()
        self.lower: list[int] = []
        self.upper: list[int] = []
        self.cost: dict[int, int] = {}
        self.rows: list[Row] = []
        self.out: dict[int, int] = {}
        self.spent = 0
        self._free: list[int] | None = None  # all of them

    def copied(self) -> Self:
        """The same question, to which rows and columns can be added that this one does not get."""
        found = copy(self)
        found.lower, found.upper, found.rows = self.lower.copy(), self.upper.copy(), self.rows.copy()
        found.cost, found.continuous = self.cost.copy(), self.continuous.copy()
        return found

    def column(self, lower: int, upper: int, cost: int = 0, whole: bool = True) -> int:
        """A new column between whole bounds; returns its number."""
        self.lower.append(lower)
        self.upper.append(upper)
        if not whole:
            self.continuous.add(len(self.lower) - 1)
        if cost:
            self.cost[len(self.lower) - 1] = cost
        return len(self.lower) - 1

    def at_least(self, terms: dict[int, int], rhs: int, equation: bool = False) -> None:
        """A new row."""
        self.rows.append(({j: a for j, a in terms.items() if a}, rhs, equation))

    def at_most(self, terms: dict[int, int], rhs: int) -> None:
        """A new row, written as at least."""
        self.at_least({j: -a for j, a in terms.items()}, -rhs)

    def enough(self, claim: Fraction) -> Fraction:
        """The cost that a bound must exceed, or reach without a step, so that no value is better than the claim."""
        if self.step is None:
            return self.sign * claim / self.unit
        steps = ceil(self.sign * claim / self.step)
        return (steps - 1) * self.step / self.unit

    def closes(self, cost: Fraction, enough: Fraction) -> bool:
        """Whether a bound on the cost is enough."""
        return cost > enough or (self.step is None and cost == enough)

    def proves(self, cost: Fraction) -> Fraction:
        """The value that no solution beats, from a bound on the cost: the next multiple of the step, if any."""
        if self.step is None:
            return self.sign * cost * self.unit
        return self.sign * ceil(cost * self.unit / self.step) * self.step

    def bound(self, multipliers: Scaled, lower: list[int], upper: list[int], costs: bool = True) -> Fraction:
        """Weak duality (1): no solution within the bounds costs less, whatever the multipliers."""
        return Fraction(self.dual(multipliers, lower, upper, costs)[0], 1 << multipliers[1])

    def dual(self, multipliers: Scaled, lower: list[int], upper: list[int], costs: bool) -> tuple[int, list[int]]:
        """The bound (1) and the reduced costs d of every column, both times the power of two of the multipliers.

        Raises ``Rejected`` for a negative one of an inequality.
        """
        pairs, shift = multipliers
        reduced, total = [0] * len(lower), 0
        if costs:
            total = self.spent << shift
            for j, c in self.cost.items():
                reduced[j] = c << shift
        rows = self.rows
        for i, y in pairs:
            terms, rhs, equation = rows[i]
            if y < 0 and not equation:
                raise Rejected(f"a negative multiplier of row {i}, which is no equation")
            total += y * rhs
            for j, a in terms.items():
                reduced[j] -= y * a
        for j in self.free():
            if d := reduced[j]:
                total += d * (lower[j] if d > 0 else upper[j])
        return total, reduced

    def narrowed(self, multipliers: Scaled, lower: list[int], upper: list[int], enough: Fraction) -> Box:
        """Bounds (4) that hold for all solutions within the given ones that cost at most ``enough``, where tighter."""
        total, reduced = self.dual(multipliers, lower, upper, True)
        room = floor(enough * (1 << multipliers[1])) - total
        found: Box = {}
        for j in self.free():
            d, low, high = reduced[j], lower[j], upper[j]
            if d > 0 and d * (high - low) > room and j not in self.continuous:
                found[j] = (low, low + room // d)
            elif d < 0 and d * (low - high) > room and j not in self.continuous:
                found[j] = (high - room // -d, high)
        return found

    def free(self) -> Sequence[int]:
        """Columns that are not taken out."""
        return range(len(self.lower)) if self._free is None else self._free

    def within(self, lower: list[int], upper: list[int]) -> System:
        """The same question within bounds, the columns that these fix taken out of rows and costs."""
        found = System(self.sign, self.unit, self.step)
        found.continuous, found.lower, found.upper = self.continuous, lower, upper
        found._free = [j for j in self.free() if lower[j] < upper[j]]
        found.out = self.out | {j: lower[j] for j in self.free() if lower[j] == upper[j]}
        found.spent = self.spent + sum(c * found.out[j] for j, c in self.cost.items() if j in found.out)
        found.cost = {j: c for j, c in self.cost.items() if j not in found.out}
        found.rows = [found.rest(row) for row in self.rows]
        return found

    def rest(self, row: Row) -> Row:
        """A row without the columns that were taken out."""
        terms, rhs, equation = row
        gone = sum(a * self.out[j] for j, a in terms.items() if j in self.out)
        return {j: a for j, a in terms.items() if j not in self.out}, rhs - gone, equation

    def gomory(self, multipliers: Scaled, flipped: list[int]) -> Row:
        """The Gomory mixed-integer row (2) of a combination of rows; ``flipped`` columns count from their upper end.

        Raises ``Rejected`` where it does not hold.
        """
        pairs, shift = multipliers
        one = 1 << shift
        sums: dict[int, int] = {}
        rhs = 0
        for i, y in pairs:
            terms, b, _ = self.rows[i]
            rhs += y * b
            for j, a in terms.items():
                sums[j] = sums.get(j, 0) + y * a
        ends = set(flipped)
        if self.continuous and not self.continuous.isdisjoint(
            [
                *(j for j, a in sums.items() if a),
                *(j for i, y in pairs if y and not self.rows[i][2] for j in self.rows[i][0]),
            ]
        ):
            raise Rejected("a Gomory row of columns that need not be whole")
        rhs -= sum(a * (self.upper[j] if j in ends else self.lower[j]) for j, a in sums.items())
        share = rhs % one
        if not share:
            raise Rejected("a Gomory row of a combination whose right-hand side is whole")
        # A row's slack is whole too, since its columns and coefficients are, and as large as these.
        slacks = [(i, y) for i, y in pairs if y and not self.rows[i][2]]
        grid = GRID + max((bits(self.rows[i][0]) for i, _ in slacks), default=0)

        def raised(coefficient: int) -> int:
            """Coefficient of a whole, nonnegative quantity in the Gomory row, raised to the grid."""
            part = coefficient % one
            if part <= share:
                return -((-part << grid) >> shift)
            return -((-share * (one - part) << grid) // ((one - share) << shift))

        row: dict[int, int] = {}
        b = (share << grid) >> shift
        for j, a in sums.items():
            if a:
                weight = -raised(-a) if j in ends else raised(a)
                row[j], b = weight, b + weight * (self.upper[j] if j in ends else self.lower[j])
        for i, y in slacks:
            weight = raised(-y)
            terms, right, _ = self.rows[i]
            b += weight * right
            for j, a in terms.items():
                row[j] = row.get(j, 0) + weight * a
        return self.shortened(row, b)

    def shortened(self, row: dict[int, int], rhs: int) -> Row:
        """A row that follows from this one, with coefficients of at most ``LONGEST`` bits."""
        spare = max(0, bits(row) - LONGEST)
        short: dict[int, int] = {}
        for j, a in row.items():
            short[j] = -(-a >> spare)
            rhs += ((short[j] << spare) - a) * self.lower[j]
        return {j: a for j, a in short.items() if a}, rhs >> spare, False

    def step_row(self, step: list[Any]) -> Row:
        """The row that a step of a certificate adds, once it is proven; problems add kinds of their own.

        Raises ``Rejected`` for a step that is unknown or not proven.
        """
        if step[0] == "gomory" and len(step) == 3:
            return self.gomory(scaled(step[1], len(self.rows)), [place(j, len(self.lower)) for j in step[2]])
        raise Rejected(f"unknown step {step[0]!r}")


def bits(terms: dict[int, int]) -> int:
    """Bits of the largest coefficient."""
    return max((abs(a).bit_length() for a in terms.values()), default=0)


def place(value: Any, count: int) -> int:
    """An index below ``count``; raises ``Rejected``."""
    if type(value) is not int or not 0 <= value < count:
        raise Rejected(f"no row or column of this system: {value!r}")
    return value


def multipliers_of(content: Any, count: int) -> Scaled:
    """Multipliers of a node: ``rows`` and their ``whole`` numbers over a power of two, or pairs of rows and floats.

    Raises ``Rejected`` for any others.
    """
    if type(content) is not dict:
        return scaled(content, count)
    names, whole, shift = content["rows"], content["whole"], content["bits"]
    if not set(map(type, names)) | set(map(type, whole)) | {type(shift)} <= {int} or not 0 <= shift <= 2 * FARTHEST:
        raise Rejected("multipliers that are no whole numbers over a power of two")
    if names and not 0 <= min(names) <= max(names) < count:
        raise Rejected(f"no row of this system: {min(names)} or {max(names)}")
    if whole and max(max(whole), -min(whole)).bit_length() > 3 * FARTHEST:
        raise Rejected("a multiplier that is too long")
    return list(zip(names, whole, strict=True)), shift


def scaled(pairs: list[Any], count: int) -> Scaled:
    """Multipliers, which are floats, as whole numbers over one power of two; raises ``Rejected``."""
    names, values = [i for i, _ in pairs], [value for _, value in pairs]
    if not set(map(type, names)) <= {int} or (names and not 0 <= min(names) <= max(names) < count):
        names = [place(i, count) for i in names]
    if not set(map(type, values)) <= {float}:
        values = [multiplier(value) for value in values]
    if not all(map(isfinite, values)):
        raise Rejected("a multiplier that is no number")
    sizes = list(filter(None, map(abs, values)))
    if not sizes:
        return [], 0
    least, most = frexp(min(sizes))[1], frexp(max(sizes))[1]
    if max(abs(least), abs(most)) > FARTHEST:
        raise Rejected(f"no multiplier: {max(sizes)} and {min(sizes)}")
    # Times this power of two even the smallest is whole, and so is all that is larger: nothing is rounded.
    shift = max(0, 53 - least)
    whole = [int(ldexp(value, shift)) for value in values]
    spare = min(shift, _zeros(reduce(or_, whole)))
    return list(zip(names, [y >> spare for y in whole] if spare else whole, strict=True)), shift - spare


def _zeros(number: int) -> int:
    """Zeros at the end of a number's bits."""
    return (number & -number).bit_length() - 1


def multiplier(value: Any) -> float:
    """A multiplier as a float; raises ``Rejected``. Some readers keep a number's text, and it is the one written."""
    if type(value) is str and len(value) <= MOST_DIGITS and NUMBER.fullmatch(value) and "/" not in value:
        return float(value)
    if type(value) not in (int, float) or abs(value) > 2.0**FARTHEST:
        raise Rejected(f"no multiplier: {str(value)[:40]}")
    return float(value)


def replay(system: System, document: dict[str, Any], claim: Fraction) -> int:
    """Check that no solution is better than the claim; returns the number of leaves, raises ``Rejected``.

    ``steps`` add rows in order. ``tree`` is a list of nodes, each before its children: ``["branch", j, k]`` for
    column j at most k, then at least k + 1; ``["narrow", multipliers]``, which has one child;
    ``["bound", multipliers]``; ``["farkas", multipliers]``. Where bounds cross there is nothing to prove, and whatever
    stands there is passed over.
    """
    steps, nodes = document["steps"], document["tree"]
    if len(steps) > MOST_STEPS or len(nodes) > MOST_NODES:
        raise Rejected("more steps or nodes than anybody has time for")
    for step in steps:
        system.rows.append(system.step_row(step))
    enough, leaves, held = system.enough(claim), 0, 0
    pending: list[tuple[System, Box] | None] = [(system, {})]
    for node in nodes:
        if not pending:
            raise Rejected("a node after the last leaf")
        kind, here = node[0], pending.pop()
        if kind not in KINDS or len(node) != KINDS[kind]:
            raise Rejected(f"unknown node {kind!r}")
        leaves += kind in ("bound", "farkas")
        if here is None:
            pending += [None] * CHILDREN.get(kind, 0)
            continue
        question, changed = here
        held -= len(changed)
        lower, upper = question.lower.copy(), question.upper.copy()
        for j, (low, high) in changed.items():
            lower[j], upper[j] = low, high
        if kind == "branch":
            j, k = place(node[1], len(lower)), node[2]
            if type(k) is not int or j in system.continuous:
                raise Rejected(f"a branch on column {j}, which need not be whole, or at no whole number")
            sides = ((max(lower[j], k + 1), upper[j]), (lower[j], min(upper[j], k)))
            pending += [(question, {**changed, j: side}) if side[0] <= side[1] else None for side in sides]
            held += sum(len(box) for _, box in filter(None, pending[-2:]))
            if held > MOST_HELD:
                raise Rejected("more branches wait at a time than anybody has room for")
            continue
        multipliers = multipliers_of(node[1], len(system.rows))
        if kind == "narrow":
            pending.append(smaller(question, changed, question.narrowed(multipliers, lower, upper, enough)))
            held += 0 if pending[-1] is None else len(pending[-1][1])
            continue
        found = question.bound(multipliers, lower, upper, kind == "bound")
        if not (system.closes(found, enough) if kind == "bound" else found > 0):
            raise Rejected(f"leaf {leaves} proves {float(system.proves(found)):.9g} only, claimed {float(claim):.9g}")
    if pending:
        raise Rejected("a branch without its leaves")
    return leaves


def smaller(question: System, changed: Box, tighter: Box) -> tuple[System, Box] | None:
    """A box with tighter bounds, ``None`` where they cross; a question without its fixed columns where that pays."""
    if any(low > high for low, high in tighter.values()):
        return None
    changed = {**changed, **tighter}
    if 2 * sum(low == high for low, high in changed.values()) < len(question.free()):
        return question, changed
    lower, upper = question.lower.copy(), question.upper.copy()
    for j, (low, high) in changed.items():
        lower[j], upper[j] = low, high
    return question.within(lower, upper), {}
