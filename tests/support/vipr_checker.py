"""A checker of VIPR files in rationals, written from the format's specification (version 1.0) alone."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor


class Wrong(Exception):
    """The file proves nothing."""


@dataclass(frozen=True)
class Constraint:
    """Coefficients by variable, sense and right-hand side, and the assumptions it rests on."""

    terms: tuple[tuple[int, Fraction], ...]
    sense: str
    rhs: Fraction
    assumed: frozenset[int] = frozenset()

    def absurd(self) -> bool:
        return not self.terms and {"G": self.rhs > 0, "L": self.rhs < 0, "E": self.rhs != 0}[self.sense]

    def dominates(self, other: Constraint) -> bool:
        if self.absurd():
            return True
        if self.terms != other.terms:
            return False
        if other.sense == "G":
            return self.sense in "GE" and self.rhs >= other.rhs
        if other.sense == "L":
            return self.sense in "LE" and self.rhs <= other.rhs
        return self.sense == "E" and self.rhs == other.rhs


def check(text: str) -> Fraction:
    """The lower bound of a minimisation that the file proves; raises ``Wrong``."""
    words = iter(" ".join(line for line in text.splitlines() if not line.startswith("%")).split())

    def need(*expected: str) -> None:
        for word in expected:
            found = next(words)
            if found != word:
                raise Wrong(f"{found!r} in place of {word!r}")

    def pairs(count: int) -> dict[int, Fraction]:
        found: dict[int, Fraction] = {}
        for _ in range(count):
            key = int(next(words))
            if key in found:
                raise Wrong("an index twice")
            found[key] = Fraction(next(words))
        return found

    need("VER", "1.0", "VAR")
    variables = int(next(words))
    for _ in range(variables):
        next(words)
    need("INT")
    whole = {int(next(words)) for _ in range(int(next(words)))}
    need("OBJ", "min")
    goal = _sorted(pairs(int(next(words))), variables)

    def constraint() -> Constraint:
        next(words)
        sense, rhs, count = next(words), Fraction(next(words)), next(words)
        if sense not in "GLE":
            raise Wrong(f"sense {sense!r}")
        return Constraint(goal if count == "OBJ" else _sorted(pairs(int(count)), variables), sense, rhs)

    need("CON")
    count, _ = int(next(words)), next(words)
    known = [constraint() for _ in range(count)]
    need("RTP", "range")
    low, high = next(words), next(words)
    if high != "inf":
        raise Wrong("only lower bounds are read")
    need("SOL", "0", "DER")
    for number in range(count, count + int(next(words))):
        stated = constraint()
        need("{")
        reason = next(words)
        if reason == "asm":
            assumed = frozenset({number})
        elif reason in ("lin", "rnd"):
            combination = pairs(int(next(words)))
            if any(not 0 <= i < number for i in combination):
                raise Wrong("a constraint that is not there yet")
            found = _combined({known[i]: y for i, y in combination.items()}) if combination else _nothing()
            if reason == "rnd":
                found = _rounded(found, whole)
            if not found.dominates(stated):
                raise Wrong(f"constraint {number} does not follow")
            assumed = frozenset().union(*(known[i].assumed for i in combination))
        elif reason == "uns":
            one, below, other, above = (int(next(words)) for _ in range(4))
            if max(one, below, other, above) >= number:
                raise Wrong("a constraint that is not there yet")
            if not (known[one].dominates(stated) and known[other].dominates(stated)):
                raise Wrong(f"constraint {number} does not follow on both sides")
            _disjunction(known[below], known[above], whole)
            assumed = (known[one].assumed - {below}) | (known[other].assumed - {above})
        else:
            raise Wrong(f"reason {reason!r}")
        need("}")
        next(words)
        known.append(Constraint(stated.terms, stated.sense, stated.rhs, assumed))
    last, bound = known[-1], Fraction(low)
    if last.assumed or not last.dominates(Constraint(goal, "G", bound)):
        raise Wrong("the last constraint is not the bound, or rests on an assumption")
    return bound


def _sorted(terms: dict[int, Fraction], variables: int) -> tuple[tuple[int, Fraction], ...]:
    if any(not 0 <= j < variables for j in terms):
        raise Wrong("no such variable")
    return tuple(sorted((j, a) for j, a in terms.items() if a))


def _nothing() -> Constraint:
    return Constraint((), "E", Fraction(0))


def _combined(parts: dict[Constraint, Fraction]) -> Constraint:
    signs = {
        0 if part.sense == "E" else (1 if part.sense == "G" else -1) * (1 if y > 0 else -1)
        for part, y in parts.items()
        if y
    }
    if {1, -1} <= signs:
        raise Wrong("a combination that is not suitable")
    sums: dict[int, Fraction] = {}
    rhs = Fraction(0)
    for part, y in parts.items():
        rhs += y * part.rhs
        for j, a in part.terms:
            sums[j] = sums.get(j, Fraction(0)) + y * a
    sense = "G" if 1 in signs else "L" if -1 in signs else "E"
    return Constraint(tuple(sorted((j, a) for j, a in sums.items() if a)), sense, rhs)


def _rounded(found: Constraint, whole: set[int]) -> Constraint:
    if any(j not in whole or a.denominator != 1 for j, a in found.terms):
        raise Wrong("a row that cannot be rounded")
    rhs = {"G": ceil(found.rhs), "L": floor(found.rhs), "E": found.rhs}[found.sense]
    return Constraint(found.terms, found.sense, Fraction(rhs))


def _disjunction(below: Constraint, above: Constraint, whole: set[int]) -> None:
    if below.sense == "G":
        below, above = above, below
    good = below.sense == "L" and above.sense == "G" and below.terms == above.terms and above.rhs == below.rhs + 1
    if not good or below.rhs.denominator != 1 or any(j not in whole or a.denominator != 1 for j, a in below.terms):
        raise Wrong("no disjunction of whole numbers")
