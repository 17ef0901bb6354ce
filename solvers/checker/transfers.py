"""Replay a certificate of the race objective of district transfers, in rational arithmetic.

Everything is recomputed from the districts in the file: compositions, cut coefficients, the bound of
every leaf. Nothing of the search is trusted. ``docs/transfers.md`` proves why the check suffices:

0. the data is that of the digest, so that the proof is about one instance and no other;
1. the root box holds every size that the rules allow, a smaller one every plan that beats the claim, and each
   split covers its box;
2. a leaf's bound follows from its multipliers by weak duality, whatever they are, if those of
   inequalities are not negative;
3. a cut at any point v lies under the square, 2 v a - v^2 <= a^2.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from fairbound.solvers.checker.common import UNREADABLE, Rejected, rational, sealed

FORMAT = "fairbound transfers tree 3"
POINT_SCALE, MULTIPLIER_SCALE = 2**30, 2**40


class Districts:
    """The instance in the file: districts, their borders, and the rules of a plan."""

    def __init__(self, data: dict[str, Any]) -> None:
        if data["problem"] != "transfers":
            raise Rejected(f"the data is of another problem: {data['problem']!r}")
        names = {row[0]: j for j, row in enumerate(data["districts"])}
        counts = [[rational(count) for count in row[1:]] for row in data["districts"]]
        rules = data["parameters"]
        known = {"p", "band", "floor", "reading", "weights", "whole"}
        if set(rules) - known or rules["whole"] != "no" or len(names) < len(counts):
            raise Rejected("rules that this proof knows nothing of, or a district twice")
        self.S = [sum(row, Fraction(0)) for row in counts]
        if min(self.S) <= 0 or min(map(min, counts)) < 0:
            raise Rejected("a district without students, or a negative count")
        self.N, self.total = len(self.S), sum(self.S, Fraction(0))
        groups = range(len(counts[0]))
        mu = [sum((row[r] for row in counts), Fraction(0)) / self.total for r in groups]
        self.a = [[row[r] / size - mu[r] for r in groups] for row, size in zip(counts, self.S, strict=True)]
        self.p = rational(rules["p"])
        near: list[set[int]] = [{j} for j in range(self.N)]
        for one, other in data["borders"]:
            i, j = names[one], names[other]
            near[i].add(j)
            near[j].add(i)
        self.near = [[j, *sorted(around - {j})] for j, around in enumerate(near)]
        self.band, self.floor = (None if rules[name] == "none" else rational(rules[name]) for name in ("band", "floor"))

    def bounds(self, j: int) -> tuple[Fraction, Fraction]:
        """Sizes that the rules allow district j."""
        size, most = self.S[j], self.p * self.total
        low = max(Fraction(0), size - most)
        high = size + min(most, sum((self.S[i] for i in self.near[j] if i != j), Fraction(0)))
        if self.band is not None:
            low, high = max(low, (1 - self.band) * size), min(high, (1 + self.band) * size)
        if self.floor is not None:
            low = max(low, self.floor * size)
        return low, high

    def value(self, plan: list[list[Any]]) -> Fraction:
        """Race objective of a plan; raises ``Rejected`` where it breaks a rule."""
        sizes, leaving = list(self.S), [Fraction(0)] * self.N
        m = [[d * size for d in row] for row, size in zip(self.a, self.S, strict=True)]
        for i, j, text in plan:
            students = rational(text)
            if students < 0 or i == j or j not in self.near[i]:
                raise Rejected(f"a move from {i} to {j} that the rules forbid")
            sizes[i], sizes[j], leaving[i] = sizes[i] - students, sizes[j] + students, leaving[i] + students
            for r, d in enumerate(self.a[i]):
                m[i][r] -= d * students
                m[j][r] += d * students
        for j, (size, out) in enumerate(zip(sizes, leaving, strict=True)):
            low, high = self.bounds(j)
            if out > self.S[j] or not low <= size <= high or size <= 0:
                raise Rejected(f"district {j} of the plan breaks a rule")
        if sum(leaving, Fraction(0)) > self.p * self.total:
            raise Rejected("the plan moves too many students")
        squares = (sum((x * x for x in row), Fraction(0)) / n**2 for row, n in zip(m, sizes, strict=True))
        return sum(squares, Fraction(0)) / self.N


def leaf_bound(
    districts: Districts, cuts: list[tuple[int, int, list[Fraction]]], leaf: dict[str, Any],
    low: list[Fraction], high: list[Fraction], goal: tuple[int, int, Fraction, Fraction] | None = None,
) -> Fraction:  # fmt: skip
    """Weak duality on equations (18) to (21) and (24): a lower bound of N times the objective in the box.

    With a ``goal`` (district, sign, price, limit) it bounds sign times a district's size over today's instead,
    among plans that score at most the limit.

    Raises ``Rejected`` for multipliers that prove nothing.
    """
    N = districts.N
    conservation = [Fraction(y, MULTIPLIER_SCALE) for y in leaf["conservation"]]
    simplex = [Fraction(y, MULTIPLIER_SCALE) for y in leaf["simplex"]]
    own = [Fraction(y, MULTIPLIER_SCALE) for y in leaf["own"]]
    if not len(conservation) == len(simplex) == len(own) == N:
        raise Rejected("multipliers of rows that do not exist")
    budget = Fraction(leaf["budget"], MULTIPLIER_SCALE)
    if budget < 0 or min(own) < 0 or any(y < 0 for _, y in leaf["cuts"]):
        raise Rejected("a negative multiplier of an inequality")
    value = sum(conservation, Fraction(0)) + sum(simplex, Fraction(0)) + budget * (1 - districts.p) * N
    reduced: dict[tuple[int, int, int], Fraction] = {}
    middle = [min(max(size, least), most) for size, least, most in zip(districts.S, low, high, strict=True)]
    for side, ends in enumerate((low, high, middle)):
        for j, near in enumerate(districts.near):
            for i in near:
                cost = -conservation[i] * ends[j] / districts.S[i] - simplex[j]
                if i == j:
                    cost -= budget * ends[j] * N / districts.total
                if side > 0:
                    cost += own[j] * ((ends[j] / districts.S[j] if i == j else 0) - 1)
                reduced[side, j, i] = cost
            if goal is not None and goal[0] == j:
                for i in near:
                    reduced[side, j, i] += goal[1] * ends[j] / districts.S[j]
    price = Fraction(1)
    if goal is not None:
        price = goal[2]
        value -= price * goal[3]
    q = {(side, j): price for side in range(3) for j in range(N)}
    for number, weight in leaf["cuts"]:
        j, side, v = cuts[number]
        y = Fraction(weight, MULTIPLIER_SCALE)
        square = sum((u * u for u in v), Fraction(0))
        for i in districts.near[j]:
            a = districts.a[i]
            reduced[side, j, i] += y * (2 * sum((u * d for u, d in zip(v, a, strict=True)), Fraction(0)) - square)
        q[side, j] -= y
    value += sum((cost for cost in reduced.values() if cost < 0), Fraction(0))  # masses lie in [0, 1]
    for (_, j), cost in q.items():
        if cost < 0:  # q lies in [0, the largest square of a mix nearby]
            value += cost * max(sum((d * d for d in districts.a[i]), Fraction(0)) for i in districts.near[j])
    return value


def tightened(
    districts: Districts, cuts: list[tuple[int, int, list[Fraction]]], proofs: list[dict[str, Any]],
    low: list[Fraction], high: list[Fraction], claimed: Fraction,
) -> tuple[list[Fraction], list[Fraction]]:  # fmt: skip
    """The smaller box that holds every plan of the box that scores below the claim; raises ``Rejected``."""
    less, more = low.copy(), high.copy()
    for proof in proofs:
        j, side, size, limit = proof["district"], proof["side"], rational(proof["size"]), rational(proof["limit"])
        price = Fraction(proof["price"], MULTIPLIER_SCALE)
        known = type(j) is int and 0 <= j < districts.N and side in (0, 1)
        if not known or price < 0 or limit < claimed or not low[j] <= size <= high[j]:
            raise Rejected(f"a smaller box that the claim cannot stand on: district {j}")
        sign = -1 if side else 1
        proven = sign * districts.S[j] * leaf_bound(districts, cuts, proof, low, high, (j, sign, price, limit))
        if proven < size if sign > 0 else proven > size:
            raise Rejected(f"sizes of district {j} are not proven to end at {float(size):.9g}")
        (more if side else less)[j] = size
    if any(least > most for least, most in zip(less, more, strict=True)):
        raise Rejected("an empty box")
    return less, more


def check(document: dict[str, Any], digest: str | None = None) -> Fraction:
    """The proven bound; raises ``Rejected``. ``digest`` names the instance that is meant, if given."""
    return replay(document, digest)[1]


def replay(document: dict[str, Any], digest: str | None = None) -> tuple[Fraction, Fraction, int]:
    """Value of the plan, the bound proven, and the number of leaves; raises ``Rejected`` if any step fails."""
    try:
        if document["format"] != FORMAT:
            raise Rejected(f"unknown format {document['format']!r}")
        if document["objective"] != "race":
            raise Rejected(f"the proof is one of the race objective, not of {document['objective']!r}")
        sealed(document, digest)
        return _replay(document)
    except UNREADABLE as error:
        raise Rejected(f"it cannot be read: {type(error).__name__} {error}") from error


def _replay(document: dict[str, Any]) -> tuple[Fraction, Fraction, int]:
    districts = Districts(document["data"])
    low, high = ([rational(x) for x in document[name]] for name in ("low", "high"))
    for j in range(districts.N):
        least, most = districts.bounds(j)
        if not 0 < low[j] <= least or high[j] < most:
            raise Rejected(f"the root box does not hold every size of district {j}")
    cuts = [(j, side, [Fraction(u, POINT_SCALE) for u in v]) for j, side, v in document["cuts"]]
    claimed, leaves = rational(document["bound"]), 0
    for round_ in document["tightenings"]:
        low, high = tightened(districts, cuts, round_, low, high, claimed * districts.N)
    pending: list[tuple[dict[str, Any], list[Fraction], list[Fraction]]] = [(document["tree"], low, high)]
    while pending:
        node, low, high = pending.pop()
        if "split" in node:
            j, at = node["split"][0], rational(node["split"][1])
            if not low[j] <= at <= high[j] or len(node["children"]) != 2:
                raise Rejected("a split that does not cover its box")
            below, above = high.copy(), low.copy()
            below[j] = above[j] = at
            pending += [(node["children"][0], low, below), (node["children"][1], above, high)]
            continue
        leaves += 1
        bound = leaf_bound(districts, cuts, node, low, high) / districts.N
        if bound < claimed:
            raise Rejected(f"leaf {leaves} proves {float(bound):.9g} only, claimed {float(claimed):.9g}")
    value = districts.value(document["plan"])
    if value < claimed:
        raise Rejected("the plan is better than the bound: the file contradicts itself")
    return value, claimed, leaves
