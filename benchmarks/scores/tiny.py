"""Tiny regressions: the best models by enumeration of the rows that they pass through, or of subsets."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from fairbound.benchmarks.core.tiny import Tiny
from fairbound.models.scores import Column, Design, LinearModel, ScoresInstance
from fairbound.models.scores.instance import BEST_SUBSET, LAD


def solved(rows: list[list[Fraction]], right: list[Fraction]) -> list[Fraction] | None:
    """The only solution of a square system, or ``None``."""
    table = [[*row, b] for row, b in zip(rows, right, strict=True)]
    for k in range(len(table)):
        pivot = next((r for r in range(k, len(table)) if table[r][k]), None)
        if pivot is None:
            return None
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [a / table[k][k] for a in table[k]]
        for r in range(len(table)):
            if r != k:
                table[r] = [a - table[r][k] * b for a, b in zip(table[r], table[k], strict=True)]
    return [row[-1] for row in table]


def best_model(instance: ScoresInstance, objective: str) -> Fraction:
    """The optimum over every model that rows or normal equations single out."""
    columns = instance.design.columns
    x = [[Fraction(value) * column.unit for value in column.training] for column in columns]
    y = [Fraction(value) * instance.design.label_unit for value in instance.design.labels]
    n, most = len(y), len(x) if objective == LAD else instance.k
    found: list[Fraction | None] = []
    for size in range(most + 1):
        for subset in combinations(range(len(x)), size):
            rows = [[Fraction(1), *(x[j][i] for j in subset)] for i in range(n)]
            if objective == BEST_SUBSET:
                found.append(_ridge(rows, y, instance.ridge))
                continue
            for points in combinations(range(n), size + 1):
                b = solved([rows[i] for i in points], [y[i] for i in points])
                if b is not None:
                    found.append(sum((abs(y[i] - _dot(rows[i], b)) for i in range(n)), Fraction(0)) / n)
    return min(value for value in found if value is not None)


def _dot(a: list[Fraction], b: list[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


def _ridge(rows: list[list[Fraction]], y: list[Fraction], ridge: Fraction) -> Fraction | None:
    """Least mean square with the ridge on standard deviations, by the normal equations."""
    n, size = len(rows), len(rows[0])
    columns = [list(column) for column in zip(*rows, strict=True)]
    variance = [_dot(c, c) / n - (sum(c) / n) ** 2 for c in columns]
    matrix = [[_dot(a, b) / n for b in columns] for a in columns]
    for j in range(1, size):
        matrix[j][j] += ridge * variance[j]
    b = solved(matrix, [_dot(c, y) / n for c in columns])
    if b is None:
        return None
    loss = sum(((y[i] - _dot(rows[i], b)) ** 2 for i in range(n)), Fraction(0)) / n
    return loss + ridge * sum((b[j] ** 2 * variance[j] for j in range(1, size)), Fraction(0))


def regression(name: str, rows: str, k: int = 1, ridge: str = "0.1", unit: str = "1") -> ScoresInstance:
    """Rows of features and, last, the label."""
    table = [tuple(map(int, row.split())) for row in rows.strip().splitlines()]
    *features, labels = zip(*table, strict=True)
    columns = tuple(Column(f"x{j}", "", Fraction(unit), values, ()) for j, values in enumerate(features))
    return ScoresInstance(name, Design(columns, labels, (), Fraction(1, 10)), k=k, ridge=Fraction(ridge))


SEVEN = """
    1 10 3 12
    2  7 1 25
    3  8 4 31
    5  1 1 48
    4  4 5 44
    9  3 9 70
    7  7 2 90
"""
TINY = Tiny(
    problem="scores",
    instances=(
        regression("one of three", SEVEN),
        regression("two of three", SEVEN, 2, "1/3", "0.01"),
        regression("all three", SEVEN, 3, "0.001"),
        regression("on a line", "1 5\n2 7\n3 9\n4 11\n6 15\n9 21\n"),
        regression("twins", "1 2 9\n2 4 2\n3 6 5\n5 10 8\n8 16 1\n9 18 2\n", 1, "2"),
        regression("outlier", "-1 0 1\n0 4 2\n1 0 3\n2 0 4\n3 1 500\n4 1 6\n", 2, "0.5"),
    ),
    best=best_model,
    lp_bounds={
        ("two of three", "lad"): dict.fromkeys(("residuals", "goal_program"), 0.3392426850258175),
        ("one of three", "sparse_lad"): dict.fromkeys(("big_m", "goal_program"), 0.47826368449012024),
    },
    tolerance=Fraction(1, 10**6),
)
NAMED = {instance.name: instance for instance in TINY.instances}

__all__ = ["NAMED", "TINY", "LinearModel", "best_model", "regression"]
