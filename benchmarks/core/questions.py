"""The questions of a run: what all rows about one say together, its best bounds, what contradicts.

A question is an instance digest with an objective. Its best dual bound is the strongest that any
method gave, and it carries the level of the row that gave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.work import REFUSED
from fairbound.solvers.core.contradictions import beaten, exists
from fairbound.solvers.core.method import Kind
from fairbound.solvers.core.result import relative_gap

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from fairbound.benchmarks.core.row import Row
    from fairbound.models.core.problem import Sense


@dataclass(frozen=True)
class Question:
    """Everything that a run says about one question."""

    rows: tuple[Row, ...]

    @property
    def problem(self) -> str:
        """Its problem."""
        return self.rows[0].problem

    @property
    def objective(self) -> str:
        """What it optimises."""
        return self.rows[0].objective

    @property
    def title(self) -> str:
        """The question as reports call it."""
        return self.rows[0].title

    @property
    def label(self) -> str:
        """Title and objective."""
        return f"{self.title}, {self.objective}"

    @cached_property
    def digest(self) -> str:
        """Digest of the instance; empty if no solve lived long enough to tell."""
        return next((row.digest for row in self.rows if row.digest), "")

    @property
    def key(self) -> str:
        """Tells this question from every other."""
        return f"{self.digest or self.title}/{self.objective}"

    @cached_property
    def sense(self) -> Sense:
        """Whether more or less is better."""
        return self.rows[0].direction

    @cached_property
    def solves(self) -> tuple[Row, ...]:
        """Rows that ask for a solution, refusals left out."""
        return tuple(row for row in self.rows if not row.relaxed and row.status != REFUSED)

    @cached_property
    def best_primal(self) -> Row | None:
        """The row with the best value; among equals the one that closed the question fastest."""
        best: Row | None = None
        for row in sorted(self.solves, key=lambda row: (not row.solved, row.wall_seconds)):
            if row.primal is not None and (
                best is None or best.primal is None or self.sense.improves(row.primal, best.primal)
            ):
                best = row
        return best

    @cached_property
    def best_dual(self) -> Row | None:
        """The row with the strongest dual bound that no plan beats; among equals the one with the highest level."""
        best: Row | None = None
        for row in sorted(self.solves, key=lambda row: row.wall_seconds):
            if row.dual is None or (self.primal is not None and self.sense.improves(self.primal, row.dual)):
                continue
            stronger = best is None or best.dual is None or self.sense.improves(best.dual, row.dual)
            if stronger or (best is not None and row.dual == best.dual and row.level > best.level):
                best = row
        return best

    @cached_property
    def best_proven(self) -> Row | None:
        """The row with the strongest proven dual bound that no plan beats."""
        best: Row | None = None
        for row in self.solves:
            bound = row.proven
            if bound is None or (self.primal is not None and self.sense.improves(self.primal, bound)):
                continue
            if best is None or best.proven is None or self.sense.improves(best.proven, bound):
                best = row
        return best

    @property
    def proven(self) -> Fraction | None:
        """The strongest proven dual bound."""
        return None if self.best_proven is None else self.best_proven.proven

    @property
    def proven_gap(self) -> float | None:
        """Relative distance of the best value to it."""
        return relative_gap(self.primal, self.proven)

    @property
    def primal(self) -> Fraction | None:
        """The best value that any method reached."""
        return None if self.best_primal is None else self.best_primal.primal

    @property
    def dual(self) -> Fraction | None:
        """The best bound that any method proved or claimed."""
        return None if self.best_dual is None else self.best_dual.dual

    @property
    def gap(self) -> float | None:
        """Relative distance of the two best bounds."""
        return relative_gap(self.primal, self.dual)

    @property
    def level(self) -> str:
        """Level of the proof: that of the dual bound, L1 for a value alone."""
        if self.best_dual is not None:
            return self.best_dual.level
        return "L1" if self.best_primal is not None else ""

    @cached_property
    def contradictions(self) -> tuple[str, ...]:
        """Values better than a bound that another method claims: one of the two is wrong."""
        best = self.best_primal
        said = []
        for row in self.solves:
            claimant = row.method + (f" ({row.engine} {row.engine_version})" if row.engine else "")
            if best is not None and best.primal is not None:
                holder = f"the plan of {best.method}"
                if row.dual is not None and self.sense.improves(best.primal, row.dual):
                    said.append(f"{self.label}: {beaten(claimant, row.dual, row.level, holder, best.primal)}")
                if row.status == "infeasible":
                    said.append(f"{self.label}: {exists(claimant, holder, best.primal)}")
            if row.contradiction:
                said.append(f"{self.label}: {claimant}: {row.contradiction}")
        return tuple(said)


def questions(rows: Iterable[Row]) -> list[Question]:
    """The questions of a run, in the order in which they first appear.

    A solve that died before it could tell its instance's digest belongs to the question of the same name: it counts
    as asked and not closed.
    """
    kept = list(rows)
    named = {(row.problem, row.instance, row.given): row.digest for row in kept if row.digest}
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in kept:
        digest = row.digest or named.get((row.problem, row.instance, row.given)) or f"{row.problem} {row.title}"
        grouped.setdefault((digest, row.objective), []).append(row)
    return [Question(tuple(sorted(group, key=_rank))) for group in grouped.values()]


def _rank(row: Row) -> tuple[object, ...]:
    """Rows of a question in an order that does not depend on which ended first."""
    head, _, argument = row.method.partition(":")
    number = float(argument) if argument.replace(".", "", 1).isdigit() else 0.0
    return (list(Kind).index(Kind(row.kind)), head, number, argument, row.seed, row.repetition, row.relaxed)
