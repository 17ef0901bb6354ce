"""Replay the proof of a best subset with ridge, trusting nothing else: standard library, whole numbers, no search.

The claim is that no linear model of at most k features has a smaller mean squared residual, plus ridge, than
``bound``. All follows from the matrix G of n^2 times the covariances (``docs/scores.md``, equations 9 to 12). Take
shares d of the diagonal such that M = G + (ridge - d) diag(G) is positive semidefinite, and any coefficients b. A
subset s that holds the features I of a node loses at least

    (YY - b'Mb) / n^2 - sum over j in s of (Mb - g)_j^2 / (n^2 d_j G_jj),

so all features of I count, and of the free ones the largest terms. A node is split on a feature, or closed by such a
b, or, where nothing is free, by solving it.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt, lcm, sqrt
from operator import mul
from typing import Any

from fairbound.solvers.checker.common import UNREADABLE, Rejected, rational, sealed
from fairbound.solvers.checker.linear import place

FORMAT = "fairbound best subset 1"
MOST_NODES, MOST_FEATURES = 10**6, 2000
ROOT_BITS = 40
"""The root of a matrix is rounded to so many bits, and what is left of the matrix is held against its diagonal."""


class Question:
    """The training rows as sums of products, in whole numbers."""

    def __init__(self, data: dict[str, Any]) -> None:
        if data["problem"] != "scores":
            raise Rejected(f"the data is of another problem: {data['problem']!r}")
        columns, labels = data["columns"], data["labels"]
        values = [column["values"] for column in columns]
        self.n, self.p = len(labels["values"]), len(columns)
        if not self.n > 1 or not 0 < self.p <= MOST_FEATURES:
            raise Rejected("too few rows, or no features, or too many")
        if any(
            len(column) != self.n or any(type(x) is not int for x in column) for column in [*values, labels["values"]]
        ):
            raise Rejected("a column of another length, or with something that is no whole number")
        self.units = [rational(column["unit"]) for column in columns]
        self.label_unit = rational(labels["unit"])
        self.k, self.ridge = rational(data["parameters"]["k"]), rational(data["parameters"]["ridge"])
        if min(*self.units, self.label_unit) <= 0 or self.k < 1 or self.ridge < 0:
            raise Rejected("a unit, a number of features or a ridge that cannot be")
        y = labels["values"]
        self.sums, self.label_sum = [sum(column) for column in values], sum(y)
        products = gram([*values, y])
        self.gram, self.cross, self.label = [row[:-1] for row in products[:-1]], products[-1][:-1], products[-1][-1]
        for j in range(self.p):
            if not self.gram[j][j]:
                raise Rejected(f"feature {j} does not vary")

    def value(self, solution: dict[str, Any]) -> Fraction:
        """Equation (3) of a model of at most k features; raises ``Rejected`` for one of more."""
        each = {place(j, self.p): rational(b) * self.units[j] / self.label_unit for j, b in solution["coefficients"]}
        if len(each) > self.k or len(each) < len(solution["coefficients"]):
            raise Rejected("the solution breaks a rule: more features than k, or one that stands twice")
        mean = Fraction(self.label_sum, self.n) - rational(solution["intercept"]) / self.label_unit
        mean -= sum((b * self.sums[j] / self.n for j, b in each.items()), Fraction(0))
        spread = self.label - 2 * sum((b * self.cross[j] for j, b in each.items()), Fraction(0))
        spread += sum((a * b * self.gram[i][j] for i, a in each.items() for j, b in each.items()), Fraction(0))
        ridge = sum((b**2 * self.gram[j][j] for j, b in each.items()), Fraction(0)) * self.ridge
        return (mean**2 + (spread + ridge) / self.n**2) * self.label_unit**2

    def solved(self, subset: list[int]) -> Fraction:
        """Least value of the features of a subset, exactly: its normal equations (9).

        Raises ``Rejected`` where they have no single solution.
        """
        rows = [
            [Fraction(self.gram[i][j]) + (self.ridge * self.gram[i][i] if i == j else 0) for j in subset]
            + [Fraction(self.cross[i])]
            for i in subset
        ]
        total = Fraction(self.label)
        for k, head in enumerate(rows):
            if head[k] <= 0:
                raise Rejected("the normal equations of a leaf have no single solution")
            for row in rows[k + 1 :]:
                factor = row[k] / head[k]
                row[:] = [a - factor * b for a, b in zip(row, head, strict=True)]
            total -= head[-1] ** 2 / head[k]
        return total / self.n**2 * self.label_unit**2


def gram(columns: list[list[int]]) -> list[list[int]]:
    """n^2 times the covariances of columns.

    The cells of a row stand side by side in one large number, so that Python multiplies all of them at once.
    """
    n, moved = len(columns[0]), []
    for column in columns:
        least = min(column)  # covariances do not mind where a column begins
        moved.append([x - least for x in column])
    width = (n * max(map(max, moved)) ** 2).bit_length() + 1
    size = (width + 7) // 8
    rows = [
        int.from_bytes(b"".join(x.to_bytes(size, "little") for x in row), "little") for row in zip(*moved, strict=True)
    ]
    sums, found = [sum(column) for column in moved], []
    for column, total in zip(moved, sums, strict=True):
        packed = sum(map(mul, column, rows)).to_bytes(size * len(columns), "little")
        products = [int.from_bytes(packed[i * size : (i + 1) * size], "little") for i in range(len(columns))]
        found.append([n * product - total * other for product, other in zip(products, sums, strict=True)])
    return found


class Shifted:
    """The matrix M of shares of its diagonal, once it is known to be positive semidefinite."""

    def __init__(self, asked: Question, shares: list[Any]) -> None:
        self.asked, self.shares = asked, [rational(share) for share in shares]
        if len(self.shares) != asked.p or min(self.shares) <= 0:
            raise Rejected("a share for each feature is wanted, above 0")
        common = lcm(asked.ridge.denominator, *(share.denominator for share in self.shares))
        self.common = common
        self.matrix = [[a * common for a in row] for row in asked.gram]
        for j, share in enumerate(self.shares):
            self.matrix[j][j] += int((asked.ridge - share) * common) * asked.gram[j][j]
        if not semidefinite(self.matrix):
            raise Rejected("the shares of the diagonal are too large: what is left is not positive semidefinite")

    def bound(self, inside: list[int], free: list[int], most: int, coefficients: list[Any]) -> Fraction:
        """What coefficients prove of all subsets that hold ``inside`` and at most so many of ``free`` (11).

        Raises ``Rejected`` for a coefficient that stands twice.
        """
        asked = self.asked
        b = {place(j, asked.p): rational(x) for j, x in coefficients}
        if len(b) < len(coefficients):
            raise Rejected("a coefficient that stands twice")
        scale = lcm(*(x.denominator for x in b.values()))
        whole = {j: int(x * scale) for j, x in b.items()}
        product = {i: sum(x * self.matrix[i][j] for j, x in whole.items()) for i in {*inside, *free, *whole}}
        curve = Fraction(sum(x * product[j] for j, x in whole.items()), scale**2 * self.common)
        terms = {
            j: Fraction((product[j] - asked.cross[j] * scale * self.common) ** 2, asked.gram[j][j]) / self.shares[j]
            for j in (*inside, *free)
        }
        lost = sum((terms[j] for j in inside), Fraction(0))
        lost += sum(sorted((terms[j] for j in free), reverse=True)[:most], Fraction(0))
        return (asked.label - curve - lost / (scale * self.common) ** 2) / asked.n**2 * asked.label_unit**2


def semidefinite(matrix: list[list[int]]) -> bool:
    """Whether a symmetric matrix of whole numbers is proven to be positive semidefinite.

    Its rows and columns are scaled to a diagonal near 1 and rounded; L is a root of that in floats, rounded. What is
    left of the matrix after L L' has a diagonal that outweighs its rows and the roundings, so both parts are.
    """
    p = len(matrix)
    if any(matrix[j][j] <= 0 for j in range(p)):
        return False
    lengths = [isqrt(matrix[j][j]) + 1 for j in range(p)]
    one = 1 << (2 * ROOT_BITS)
    scaled = [[matrix[i][j] * one // (lengths[i] * lengths[j]) for j in range(i + 1)] for i in range(p)]
    root: list[list[float]] = []
    whole: list[list[int]] = []
    spare = 4 * p**1.5 * 2.0**-ROOT_BITS  # so much of the diagonal is left for roundings, which add up along a row
    for i in range(p):
        row: list[float] = []
        for j in range(i):
            other = root[j]
            row.append((scaled[i][j] / one - sum(map(mul, row, other))) / other[j])
        rest = scaled[i][i] / one - spare - sum(map(mul, row, row))
        if rest <= 0:
            return False
        row.append(sqrt(rest))
        root.append(row)
        whole.append([int(x * (1 << ROOT_BITS)) for x in row])
    outweighed = [p] * p  # each rounding above is by less than one
    diagonal = [0] * p
    for i in range(p):
        for j in range(i):
            left = abs(scaled[i][j] - sum(map(mul, whole[i], whole[j])))
            outweighed[i] += left
            outweighed[j] += left
        diagonal[i] = scaled[i][i] - sum(map(mul, whole[i], whole[i]))
    return all(d >= rest for d, rest in zip(diagonal, outweighed, strict=True))


def replay(asked: Question, document: dict[str, Any], claim: Fraction) -> int:
    """Check that no subset is better than the claim; returns the number of leaves, raises ``Rejected``.

    ``tree`` is a list of nodes, each before its children: ``["split", j]`` with feature j in the subset, then without
    it; ``["bound", coefficients]``; ``["solve"]``.
    """
    nodes, leaves = document["tree"], 0
    if len(nodes) > MOST_NODES:
        raise Rejected("more nodes than anybody has time for")
    shifted = Shifted(asked, document["shares"]) if any(node[0] == "bound" for node in nodes) else None
    pending: list[tuple[list[int], list[int]]] = [([], list(range(asked.p)))]
    for node in nodes:
        if not pending:
            raise Rejected("a node after the last leaf")
        inside, free = pending.pop()
        most = int(asked.k) - len(inside)
        if node[0] == "split" and len(node) == 2:
            j = place(node[1], asked.p)
            if j not in free or most < 1:
                raise Rejected(f"a split on feature {j}, which is settled")
            rest = [i for i in free if i != j]
            pending += [(inside, rest), ([*inside, j], rest)]
            continue
        leaves += 1
        if node[0] == "bound" and len(node) == 2 and shifted is not None:
            found = shifted.bound(inside, free, most, node[1])
        elif node == ["solve"]:
            if most and free:
                raise Rejected("a leaf is solved that leaves features to choose")
            found = asked.solved(inside)
        else:
            raise Rejected(f"unknown node {node[0]!r}")
        if found < claim:
            raise Rejected(f"leaf {leaves} proves {float(found):.9g} only, claimed {float(claim):.9g}")
    if pending:
        raise Rejected("a split without its leaves")
    return leaves


def check(document: dict[str, Any], digest: str | None = None) -> Fraction:
    """The proven bound; raises ``Rejected``. ``digest`` names the instance that is meant, if given."""
    try:
        if document["format"] != FORMAT:
            raise Rejected(f"unknown format {document['format']!r}")
        sealed(document, digest)
        if document["objective"] != "best_subset":
            raise Rejected("it proves best_subset alone")
        asked, claim = Question(document["data"]), rational(document["bound"])
        replay(asked, document, claim)
        if document["solution"] is not None and asked.value(document["solution"]) < claim:
            raise Rejected("the model is better than the bound: the file contradicts itself")
        return claim
    except UNREADABLE as error:
        raise Rejected(f"it cannot be read: {type(error).__name__} {error}") from error
