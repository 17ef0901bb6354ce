"""A vertex of a linear program in rationals, with its bound: an engine's final basis, solved again exactly.

The engine works in floats and only names the basis. Values of its columns and multipliers of its rows are then the
solutions of two square systems, taken in whole numbers (Applegate, Cook, Dash and Espinoza 2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import highspy
from fairbound.solvers.proofs.live import Live

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairbound.solvers.checker.linear import System

BASIC, UPPER = highspy.HighsBasisStatus.kBasic, highspy.HighsBasisStatus.kUpper


@dataclass(frozen=True)
class Vertex:
    """What the basis is in rationals.

    Attributes
    ----------
    x
        The columns; ``None`` where they break a bound or a row, so that the basis is not feasible after all.
    cost
        No point of the program costs less: weak duality with the basis' multipliers.
    """

    x: tuple[Fraction, ...] | None
    cost: Fraction


def exact_vertex(system: System, seconds: float) -> Vertex | None:
    """Solve the relaxation of a system: its columns within bounds, its rows, no integrality.

    Returns ``None`` where the engine finds no optimal basis within the seconds, or the basis is singular.
    """
    live = Live(system, seconds, lambda: False)
    if live.solve() != "optimal":
        return None
    basis = live.engine.getBasis()
    basic = [j for j, status in enumerate(basis.col_status) if status == BASIC]
    tight = [i for i, status in enumerate(basis.row_status) if status != BASIC]
    if len(basic) != len(tight):
        return None
    x = [
        Fraction(high if status == UPPER else low)
        for low, high, status in zip(system.lower, system.upper, basis.col_status, strict=True)
    ]
    for j in basic:
        x[j] = Fraction(0)
    place = {j: k for k, j in enumerate(basic)}
    matrix = [[0] * len(basic) for _ in tight]
    right: list[Fraction] = []
    for r, i in enumerate(tight):
        terms, rhs, _ = system.rows[i]
        right.append(rhs - sum((a * x[j] for j, a in terms.items()), Fraction(0)))
        for j, a in terms.items():
            if j in place:
                matrix[r][place[j]] = a
    values = solve_square(matrix, right)
    transposed = [list(column) for column in zip(*matrix, strict=True)]
    prices = solve_square(transposed, [Fraction(system.cost.get(j, 0)) for j in basic])
    if values is None or prices is None:
        return None
    for j, value in zip(basic, values, strict=True):
        x[j] = value
    multipliers = dict(zip(tight, prices, strict=True))
    return Vertex(tuple(x) if _feasible(system, x) else None, weak_duality(system, multipliers))


def _feasible(system: System, x: Sequence[Fraction]) -> bool:
    if any(not low <= value <= high for low, value, high in zip(system.lower, x, system.upper, strict=True)):
        return False
    for terms, rhs, equation in system.rows:
        held = sum((a * x[j] for j, a in terms.items()), Fraction(0))
        if held < rhs or (equation and held > rhs):
            return False
    return True


def weak_duality(system: System, multipliers: dict[int, Fraction]) -> Fraction:
    """Least cost that the multipliers leave possible; those of inequalities count where they are not negative."""
    reduced = {j: Fraction(c) for j, c in system.cost.items()}
    total = Fraction(0)
    for i, y in multipliers.items():
        terms, rhs, equation = system.rows[i]
        if y and (equation or y > 0):
            total += y * rhs
            for j, a in terms.items():
                reduced[j] = reduced.get(j, Fraction(0)) - y * a
    return total + sum((d * (system.lower[j] if d > 0 else system.upper[j]) for j, d in reduced.items()), Fraction(0))


def solve_square(matrix: Sequence[Sequence[int]], right: Sequence[Fraction]) -> list[Fraction] | None:
    """The solution of a square system in rationals; ``None`` where there is not exactly one.

    Elimination without fractions (Bareiss 1968): every entry stays a minor of the matrix, so every division is exact.
    """
    n = len(matrix)
    common = lcm(*(b.denominator for b in right))
    rows = [[*row, int(b * common)] for row, b in zip(matrix, right, strict=True)]
    last = 1
    for k in range(n):
        pivot = next((r for r in range(k, n) if rows[r][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        head, corner = rows[k], rows[k][k]
        for r in range(k + 1, n):
            row, factor = rows[r], rows[r][k]
            rows[r] = [0] * (k + 1) + [(corner * row[c] - factor * head[c]) // last for c in range(k + 1, n + 1)]
        last = corner
    # By Cramer's rule every value is a whole number over the determinant, which is the last corner.
    whole = [0] * n
    for k in range(n - 1, -1, -1):
        whole[k] = (rows[k][n] * last - sum(rows[k][c] * whole[c] for c in range(k + 1, n))) // rows[k][k]
    return [Fraction(value, last * common) for value in whole]
