"""Exact rows, what follows from them, and the tree that proves a bound. Whole numbers throughout.

A system asks for the least cost over columns within bounds, most of them whole, that keep every row ``a x >= b`` (or
``= b``).
``docs/ladder.md`` proves what is used here: weak duality (1), Gomory mixed-integer rows (2), branching (3).
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, frexp, isfinite
from typing import Any

from fairbound.solvers.checker.common import NUMBER, Rejected

GRID, LONGEST = 30, 48
"""Coefficients of Gomory rows are rounded, the safe way: to multiples of 2**-GRID, then to LONGEST bits."""
MOST_NODES, MOST_STEPS = 10**6, 10**5
MOST_DIGITS = 40
FARTHEST = 400
"""Multipliers have exponents of two within this range."""

Row = tuple[dict[int, int], int, bool]
"""Coefficients by column, right-hand side, and whether it is an equation."""
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
    """

    def __init__(self, sign: int, unit: Fraction, step: Fraction | None) -> None:
        self.sign, self.unit, self.step = sign, unit, step
        self.continuous: set[int] = set()
        self.lower: list[int] = []
        self.upper: list[int] = []
        self.cost: dict[int, int] = {}
        self.rows: list[Row] = []

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
        pairs, shift = multipliers
        reduced = {j: c << shift for j, c in self.cost.items()} if costs else {}
        total = 0
        for i, y in pairs:
            terms, rhs, equation = self.rows[i]
            if y < 0 and not equation:
                raise Rejected(f"a negative multiplier of row {i}, which is no equation")
            total += y * rhs
            for j, a in terms.items():
                reduced[j] = reduced.get(j, 0) - y * a
        for j, d in reduced.items():
            if d:
                total += d * (lower[j] if d > 0 else upper[j])
        return Fraction(total, 1 << shift)

    def gomory(self, multipliers: Scaled, flipped: list[int]) -> Row:
        """The Gomory mixed-integer row (2) of a combination of rows; ``flipped`` columns count from their upper end."""
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
        """The row that a step of a certificate adds, once it is proven; problems add kinds of their own."""
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


def scaled(pairs: list[Any], count: int) -> Scaled:
    """Multipliers, which are floats, as whole numbers over one power of two; raises ``Rejected``."""
    shift, read = 0, []
    for i, value in pairs:
        # Some readers keep a number's text; as a float it is the one that was written.
        text = type(value) is str and len(value) <= MOST_DIGITS and NUMBER.fullmatch(value) and "/" not in value
        number = float(value) if text or type(value) in (int, float) else float("nan")
        exponent = frexp(number)[1]
        if not isfinite(number) or abs(exponent) > FARTHEST:
            raise Rejected(f"no multiplier: {str(value)[:40]}")
        top, bottom = number.as_integer_ratio()
        shift = max(shift, bottom.bit_length() - 1)
        read.append((place(i, count), top, bottom.bit_length() - 1))
    return [(i, top << (shift - bits)) for i, top, bits in read], shift


def replay(system: System, document: dict[str, Any], claim: Fraction) -> int:
    """Check that no solution is better than the claim; returns the number of leaves, raises ``Rejected``.

    ``steps`` add rows in order. ``tree`` is a list of nodes, each before its children: ``["branch", j, k]`` for
    column j at most k, then at least k + 1; ``["bound", multipliers]``; ``["farkas", multipliers]``.
    """
    steps, nodes = document["steps"], document["tree"]
    if len(steps) > MOST_STEPS or len(nodes) > MOST_NODES:
        raise Rejected("more steps or nodes than anybody has time for")
    for step in steps:
        system.rows.append(system.step_row(step))
    enough, leaves = system.enough(claim), 0
    pending: list[dict[int, tuple[int, int]]] = [{}]
    for node in nodes:
        if not pending:
            raise Rejected("a node after the last leaf")
        changed = pending.pop()
        lower, upper = system.lower.copy(), system.upper.copy()
        for j, (low, high) in changed.items():
            lower[j], upper[j] = low, high
        if node[0] == "branch" and len(node) == 3:
            j, k = place(node[1], len(lower)), node[2]
            if type(k) is not int or not lower[j] <= k < upper[j] or j in system.continuous:
                raise Rejected(f"a branch outside of column {j}, or on one that need not be whole")
            pending += [{**changed, j: (k + 1, upper[j])}, {**changed, j: (lower[j], k)}]
            continue
        leaves += 1
        if node[0] not in ("bound", "farkas") or len(node) != 2:
            raise Rejected(f"unknown node {node[0]!r}")
        costs = node[0] == "bound"
        found = system.bound(scaled(node[1], len(system.rows)), lower, upper, costs)
        if not (system.closes(found, enough) if costs else found > 0):
            raise Rejected(f"leaf {leaves} proves {float(system.proves(found)):.9g} only, claimed {float(claim):.9g}")
    if pending:
        raise Rejected("a branch without its leaves")
    return leaves
