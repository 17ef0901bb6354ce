"""A tree certificate in VIPR form, which public checkers read (Cheung, Gleixner and Steffy 2017, format 1.0).

Rows and bounds of the exact system become its constraints; rows that a problem derives by its own argument, such as
separators, stand among them. Gomory rows are derived as split cuts: from a disjunction on the rounded combination, each
side by a linear combination. Leaves are linear combinations, rounded; branches are resolved one after the other.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from fairbound.solvers.checker.linear import GRID, LONGEST, Row, System, bits, multipliers_of
from fairbound.solvers.checker.tree import FORMAT, rows_of
from fairbound.solvers.proofs.plain import plain_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

Combination = dict[int, Fraction]
"""Multipliers of constraints, by their number."""


class _Writer:
    """Constraints as they come, each with its number."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.given: list[str] = []
        self.derived: list[str] = []
        self.number_of: list[int] = []
        """The number of each row of the system."""
        for j, (low, high) in enumerate(zip(system.lower, system.upper, strict=True)):
            self.given += [f"L{j} G {low} 1 {j} 1", f"U{j} L {high} 1 {j} 1"]

    def low(self, j: int) -> int:
        return 2 * j

    def high(self, j: int) -> int:
        return 2 * j + 1

    def give(self, row: Row) -> None:
        """A row that is part of the problem."""
        terms, rhs, equation = row
        self.number_of.append(len(self.given))
        self.given.append(f"C{len(self.given)} {'E' if equation else 'G'} {rhs} {_terms(terms)}")

    def derive(self, text: str, reason: str) -> int:
        """A constraint with its reason; returns its number."""
        number = len(self.given) + len(self.derived)
        self.derived.append(f"D{number} {text} {{ {reason} }} -1")
        return number

    def assume(self, terms: Mapping[int, int], sense: str, rhs: int) -> int:
        return self.derive(f"{sense} {rhs} {_terms(terms)}", "asm")

    def unsplit(self, text: str, one: tuple[int, int], other: tuple[int, int]) -> int:
        """What follows on both sides of a disjunction: pairs of a conclusion and its assumption."""
        return self.derive(text, f"uns {one[0]} {one[1]} {other[0]} {other[1]}")

    def covered(self, combination: Combination, target: Mapping[int, Fraction]) -> Combination:
        """The combination with bounds of columns added until its left-hand side is the target's."""
        found = dict(combination)
        for j, gap in target.items():
            if gap:
                bound = self.low(j) if gap > 0 else self.high(j)
                found[bound] = found.get(bound, Fraction(0)) + gap
        return found


def _terms(terms: Mapping[int, int]) -> str:
    return " ".join([str(len(terms)), *(f"{j} {a}" for j, a in sorted(terms.items()))])


def _lin(kind: str, combination: Combination) -> str:
    used = [(i, y) for i, y in sorted(combination.items()) if y]
    return " ".join([kind, str(len(used)), *(f"{i} {y}" for i, y in used)])


def vipr_text(document: Mapping[str, Any]) -> tuple[str, Fraction]:
    """The certificate as a VIPR file, and the bound on the question's value that it proves.

    The bound is the least of the leaves', rounded up to a whole cost; where all values of the question lie farther
    apart than whole costs do, the tree itself proves more.

    Raises
    ------
    ValueError
        For a certificate of another format, or with columns that need not be whole. What is wrong in one of this
        format a checker finds, not this.
    """
    if document.get("format") != FORMAT:
        raise ValueError(f"VIPR is written of {FORMAT!r}, not of {document.get('format')!r}")
    system: System = rows_of(document["data"]["problem"]).system(document["data"], document["objective"])
    if system.continuous:
        raise ValueError("VIPR files are written of questions whose columns are whole")
    derivations: dict[int, list[Any]] = {}
    for step in document["steps"]:
        row = system.step_row(step)
        system.rows.append(row)
        if step[0] == "gomory":
            derivations[len(system.rows) - 1] = step
    writer = _Writer(system)
    for i, row in enumerate(system.rows):
        if i in derivations:
            writer.number_of.append(-1)
        else:
            writer.give(row)
    for i, step in derivations.items():
        writer.number_of[i] = _split_cut(writer, i, step)
    tree = plain_tree(system, document["tree"], system.enough(Fraction(document["bound"])))
    cost = ceil(min(_leaf_costs(system, tree), default=Fraction(0)))
    _tree(writer, tree, cost)
    n = len(system.lower)
    names = " ".join(f"x{j}" for j in range(n))
    lines = [f"% {document.get('instance', '')!s}: {document['objective']}".replace("\n", " "), "VER 1.0"]
    lines += [f"VAR {n}", names, f"INT {n}", " ".join(map(str, range(n))), "OBJ min", _terms(system.cost)]
    lines += [f"CON {len(writer.given)} {2 * n}", *writer.given, f"RTP range {cost} inf", "SOL 0"]
    lines += [f"DER {len(writer.derived)}", *writer.derived]
    return "\n".join(lines) + "\n", system.sign * system.unit * cost


def _multipliers(writer: _Writer, content: Any) -> dict[int, Fraction]:
    """Multipliers of rows of the system, exactly."""
    found, shift = multipliers_of(content, len(writer.system.rows))
    return {i: Fraction(y, 1 << shift) for i, y in found if y}


def _leaf_costs(system: System, tree: list[Any]) -> list[Fraction]:
    """What each leaf proves of the cost; those that hold no solution are left out."""
    found: list[Fraction] = []
    pending: list[dict[int, tuple[int, int]]] = [{}]
    for node in tree:
        lower, upper = system.lower.copy(), system.upper.copy()
        changed = pending.pop()
        for j, (low, high) in changed.items():
            lower[j], upper[j] = low, high
        if node[0] == "branch":
            j, k = node[1], node[2]
            pending += [{**changed, j: (k + 1, upper[j])}, {**changed, j: (lower[j], k)}]
        elif node[0] == "bound":
            found.append(system.bound(multipliers_of(node[1], len(system.rows)), lower, upper))
    return found


def _tree(writer: _Writer, tree: list[Any], cost: int) -> None:
    """Every node: leaves by combinations, branches by their two sides. The last constraint is the bound itself."""
    nodes, goal = iter(tree), f"G {cost} OBJ"
    closed: list[int] = []
    # Tasks: visit a node with the constraints that bound its columns, or resolve a branch whose sides are closed.
    tasks: list[tuple[str, Any]] = [("visit", {})]
    while tasks:
        task, content = tasks.pop()
        if task == "resolve":
            below, above = content
            right, left = closed.pop(), closed.pop()
            closed.append(writer.unsplit(goal, (left, below), (right, above)))
            continue
        node, bounds = next(nodes), content
        if node[0] == "branch":
            j, k = node[1], node[2]
            below, above = writer.assume({j: 1}, "L", k), writer.assume({j: 1}, "G", k + 1)
            low, high = bounds.get(j, (writer.low(j), writer.high(j)))
            tasks += [
                ("resolve", (below, above)),
                ("visit", {**bounds, j: (above, high)}),
                ("visit", {**bounds, j: (low, below)}),
            ]
        else:
            closed.append(_leaf(writer, node, bounds, goal))


def _leaf(writer: _Writer, node: list[Any], bounds: Mapping[int, tuple[int, int]], goal: str) -> int:
    """Weak duality as a combination of rows and of the bounds that hold here."""
    system, costs = writer.system, node[0] == "bound"
    reduced = {j: Fraction(c) for j, c in system.cost.items()} if costs else {}
    combination: Combination = {}
    for i, y in _multipliers(writer, node[1]).items():
        terms = system.rows[i][0]
        combination[writer.number_of[i]] = y
        for j, a in terms.items():
            reduced[j] = reduced.get(j, Fraction(0)) - y * a
    for j, d in reduced.items():
        if d:
            low, high = bounds.get(j, (writer.low(j), writer.high(j)))
            used = low if d > 0 else high
            combination[used] = combination.get(used, Fraction(0)) + d
    return writer.derive(goal, _lin("rnd" if costs else "lin", combination))


def _split_cut(writer: _Writer, index: int, step: list[Any]) -> int:
    """A Gomory row, equation (2) of ``docs/ladder.md``, as what follows on both sides of a disjunction.

    With nonnegative whole t_k, sum alpha_k t_k = beta, let z = sum r_k t_k, where r_k is alpha_k rounded down if its
    fraction is at most that of beta, else up. z is whole, so z is at most floor(beta) or at least one more; on each
    side the row is a combination of the equation, of z's bound and of t_k >= 0.
    """
    system = writer.system
    ends = set(step[2])
    multipliers = _multipliers(writer, step[1])
    row, rhs, _ = system.rows[index]
    columns: dict[int, Fraction] = {}
    beta = Fraction(0)
    for i, y in multipliers.items():
        beta += y * system.rows[i][1]
        for j, a in system.rows[i][0].items():
            columns[j] = columns.get(j, Fraction(0)) + y * a
    beta -= sum(a * (system.upper[j] if j in ends else system.lower[j]) for j, a in columns.items())
    share = beta - floor(beta)

    def rounded(alpha: Fraction) -> int:
        down = floor(alpha)
        return down if alpha - down <= share else down + 1

    # z as a form in x: t is x - l, u - x, or a x - b of a row whose slack takes part.
    form: dict[int, int] = {}
    constant = 0

    def add(weight: int, terms: Mapping[int, int], offset: int) -> None:
        nonlocal constant
        constant += weight * offset
        for j, a in terms.items():
            form[j] = form.get(j, 0) + weight * a

    for j, alpha in columns.items():
        if j in ends:
            add(rounded(-alpha), {j: -1}, system.upper[j])
        else:
            add(rounded(alpha), {j: 1}, -system.lower[j])
    for i, y in multipliers.items():
        if not system.rows[i][2]:
            terms, right, _ = system.rows[i]
            add(rounded(-y), terms, -right)
    form = {j: a for j, a in form.items() if a}
    below = writer.assume(form, "L", floor(beta) - constant)
    above = writer.assume(form, "G", floor(beta) - constant + 1)
    slacks = {i: y for i, y in multipliers.items() if not system.rows[i][2]}
    grid = GRID + max((bits(system.rows[i][0]) for i in slacks), default=0)
    scale = Fraction(1 << grid, 1 << _spare(system, columns, slacks, ends, share, grid))
    goal = f"G {rhs} {_terms(row)}"
    sides = []
    up = scale * share / (1 - share)
    for assumption, equation, weight in ((below, scale, -scale), (above, -up, up)):
        combination: Combination = {assumption: weight}
        left = {j: Fraction(a) for j, a in row.items()}
        for j, a in form.items():
            left[j] = left.get(j, Fraction(0)) - weight * a
        for i, y in multipliers.items():
            if i in slacks:  # what the row holds of the slack, less what equation and assumption hold of it
                part = scale * Fraction(_raised(-y, share, grid), 1 << grid) + equation * y - weight * rounded(-y)
            else:
                part = equation * y
            combination[writer.number_of[i]] = part
            for j, a in system.rows[i][0].items():
                left[j] = left.get(j, Fraction(0)) - part * a
        sides.append((writer.derive(goal, _lin("lin", writer.covered(combination, left))), assumption))
    return writer.unsplit(goal, sides[0], sides[1])


def _raised(alpha: Fraction, share: Fraction, grid: int) -> int:
    """The coefficient of a quantity in the Gomory row, raised to the grid, as the checker derives it."""
    part = alpha - floor(alpha)
    exact = part if part <= share else share * (1 - part) / (1 - share)
    return ceil(exact * (1 << grid))


def _spare(
    system: System,
    columns: Mapping[int, Fraction],
    slacks: Mapping[int, Fraction],
    ends: set[int],
    share: Fraction,
    grid: int,
) -> int:
    """Bits that the checker takes off the row's coefficients."""
    row = {j: -_raised(-a, share, grid) if j in ends else _raised(a, share, grid) for j, a in columns.items() if a}
    for i, y in slacks.items():
        weight = _raised(-y, share, grid)
        for j, a in system.rows[i][0].items():
            row[j] = row.get(j, 0) + weight * a
    return max(0, bits(row) - LONGEST)
