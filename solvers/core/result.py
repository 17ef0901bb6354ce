"""What a method reports: why it stopped, what is known, and both bounds.

Why a method stopped (``Termination``) and what is known (``Status``) are separate facts. A value
is always the exact evaluation of the solution; an engine's own objective value is never reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from fairbound.models.core.exact import decimal_text
from fairbound.solvers.core.pictures import Pictured

if TYPE_CHECKING:
    from fractions import Fraction

    import pandas as pd
    from fairbound.models.core.problem import Sense, Violation
    from fairbound.solvers.core.bound import Basis, Bound, Level

MOST_DIGITS = 16
BELIEVED_GAP = 1e-6
"""A method that ended with no more than this left has closed the question as far as its engine can tell."""
BELIEVED_RANGE = 1e6
"""Engines work to 1e-6: a row whose coefficients differ by more than this factor is kept or broken at their whim."""


class Termination(StrEnum):
    """Why a method stopped."""

    FINISHED = "finished"
    """It ran to its own end: an exact method says that its gap is closed, a heuristic has no more steps."""
    GAP_LIMIT = "gap_limit"
    """The gap asked for was reached, by the exact value and the bound reported."""
    TIME_LIMIT = "time_limit"
    INTERRUPTED = "interrupted"
    """A person stopped it; incumbent and bound are kept."""
    INFEASIBLE = "infeasible"
    """The engine claims that no solution exists."""
    UNBOUNDED = "unbounded"
    """The engine claims that values have no bound."""
    ENGINE_ERROR = "engine_error"


class Status(StrEnum):
    """What is known, once the solution was evaluated exactly."""

    OPTIMAL = "optimal"
    """Primal and dual bound are equal. How far the dual bound is proven says ``Level``."""
    FEASIBLE = "feasible"
    """A solution that keeps every rule, checked exactly; not known to be best."""
    INVALID = "invalid"
    """The solution breaks a rule; ``violations`` says which."""
    INFEASIBLE = "infeasible"
    """The engine claims that no solution exists."""
    UNKNOWN = "unknown"
    """No solution."""


@dataclass(frozen=True)
class Settings:
    """Limits and choices of one solve.

    Attributes
    ----------
    time_limit
        Seconds for the engine, or ``None``.
    gap
        Relative gap at which to stop; 0 asks for a proof.
    threads, seed
        One thread and a seed make a run repeatable.
    prove
        Seconds at most for a certificate after the solve; 0 for none. A time limit ends it too.
    witness
        Engines that are asked the same afterwards, each in a process of its own: scip, cpsat, highs-nopresolve, ...
    engine_options
        Options of the engine of a formulation, by its own names: pairs of text.
    log
        File for the engine's own log; none where it is empty.
    """

    time_limit: float | None = None
    gap: float = 0.0
    threads: int = 1
    seed: int = 0
    prove: float = 5.0
    witness: tuple[str, ...] = ()
    engine_options: tuple[tuple[str, str], ...] = ()
    log: str = ""


@dataclass(frozen=True)
class Progress:
    """A moment of a running solve; bounds are the engine's floats.

    Attributes
    ----------
    solution
        The incumbent, where it is new and the method has it at hand; not in a trace.
    """

    seconds: float
    primal: float | None
    dual: float | None
    nodes: int = 0
    solution: Any = field(default=None, repr=False)


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class ModelSize:
    """Size of the model that the engine received.

    Attributes
    ----------
    row_range, matrix_range
        Largest over smallest absolute coefficient: in the row where that is most, and over all rows.
    """

    columns: int
    rows: int
    nonzeros: int
    integers: int
    row_range: float = 1.0
    matrix_range: float = 1.0


@dataclass(frozen=True)
class Seconds:
    """Wall seconds of each step of a solve."""

    build: float = 0.0
    compile: float = 0.0
    solve: float = 0.0
    total: float = 0.0
    prove: float = 0.0


@dataclass(frozen=True)
class Testimony:
    """What a witness says.

    Attributes
    ----------
    says
        ``optimal``, ``infeasible`` or ``unknown``.
    value
        Exact value of the plan that it calls optimal.
    """

    engine: str
    version: str
    says: str
    value: Fraction | None
    seconds: float


@dataclass(frozen=True)
class EngineInfo:
    """Which program answered, with the options it was given."""

    name: str
    version: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Result(Pictured):
    """The answer of one method on one instance. Both bounds always travel together.

    Attributes
    ----------
    primal_bound
        Exact value of ``solution``; ``None`` without a feasible solution.
    dual_bound, basis
        No solution is better than this, and what that rests on; ``None`` where the method gives no bound.
    proven
        The strongest bound that holds whatever an engine did; weaker than ``dual_bound`` where that is a claim.
    values, measures
        Every objective and further figures of the solution, exactly.
    trace
        Engine's bounds over time.
    stages
        Results of the earlier objectives of a lexicographic solve.
    message
        What a reader must know beyond the fields.
    contradiction
        A claim that something exact, or the same engine once more, has disproved: which, and by what.
    explanation
        Of an infeasible answer: rules that cannot hold together, and what could be reached.
    certificate
        JSON object that ``fairbound verify`` replays to confirm a dual bound.
    witnesses
        What other engines said, where they were asked.
    """

    problem: str
    instance: str
    digest: str
    parameters: Mapping[str, str]
    objective: str
    sense: Sense
    method: str
    status: Status
    termination: Termination
    level: Level
    primal_bound: Fraction | None = None
    dual_bound: Fraction | None = None
    basis: Basis | None = None
    proven: Bound | None = None
    solution: Any = None
    values: Mapping[str, Fraction] = field(default_factory=dict)
    measures: Mapping[str, Fraction] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    engine: EngineInfo | None = None
    model: ModelSize | None = None
    seconds: Seconds = Seconds()
    nodes: int | None = None
    seed: int = 0
    trace: tuple[Progress, ...] = ()
    stages: tuple[Result, ...] = ()
    message: str = ""
    contradiction: str = ""
    explanation: tuple[str, ...] = ()
    certificate: Mapping[str, Any] | None = None
    witnesses: tuple[Testimony, ...] = ()

    def __str__(self) -> str:
        """The answer in five lines."""
        proven = "nothing" if self.proven is None else f"{said(self.proven.value)} ({self.proven.level.value})"
        return "\n".join(
            (
                f"{self.instance}: {self.sense.value} {self.objective}",
                f"{self.status.value} {self.level.value} by {self.method}, {self.termination.value}",
                f"value {said(self.primal_bound)}, bound {said(self.dual_bound)}, gap {_share(self.gap)}",
                f"proven: {proven}, {_share(self.proven_gap)} away",
                f"{self.seconds.total:.2f} s{'; ' + self.message if self.message else ''}",
            )
        )

    def __repr__(self) -> str:
        return (
            f"<Result {self.instance} {self.objective}: {self.status.value} {self.level.value}, "
            f"value {said(self.primal_bound)}, bound {said(self.dual_bound)}>"
        )

    def _repr_html_(self) -> str:
        return str(self.to_frame().T.to_html(header=False))

    def figures(self) -> dict[str, Any]:
        """The result as one row: words, floats, and exact bounds as text."""
        exact = {
            f"{name}_exact": None if value is None else str(value)
            for name, value in (("primal_bound", self.primal_bound), ("dual_bound", self.dual_bound))
        }
        return {
            "instance": self.instance,
            "objective": self.objective,
            "method": self.method,
            "status": self.status.value,
            "termination": self.termination.value,
            "level": self.level.value,
            "primal_bound": None if self.primal_bound is None else float(self.primal_bound),
            "dual_bound": None if self.dual_bound is None else float(self.dual_bound),
            "proven_bound": None if self.proven is None else float(self.proven.value),
            "gap": self.gap,
            "proven_gap": self.proven_gap,
            **exact,
            **{name: float(value) for name, value in {**self.values, **self.measures}.items()},
            "nodes": self.nodes,
            "seconds": self.seconds.total,
            "message": self.message,
        }

    def to_frame(self) -> pd.DataFrame:
        """One row: bounds as floats and exactly as text, every objective and measure, seconds."""
        import pandas as pd

        return pd.DataFrame.from_records([self.figures()])

    @property
    def gap(self) -> float | None:
        """Relative distance of the bounds: ``|dual - primal| / |primal|``; ``None`` without both."""
        return relative_gap(self.primal_bound, self.dual_bound)

    @property
    def proven_bound(self) -> Fraction | None:
        """Value of ``proven``."""
        return None if self.proven is None else self.proven.value

    @property
    def proven_gap(self) -> float | None:
        """The gap to the proven bound."""
        return relative_gap(self.primal_bound, self.proven_bound)


def said(value: Fraction | None) -> str:
    """A bound in a line for people."""
    if value is None:
        return "none"
    text = decimal_text(value)
    return text if len(text) <= MOST_DIGITS else f"{float(value):.10g}"


def _share(gap: float | None) -> str:
    return "unknown" if gap is None else f"{gap:.2g}"


def relative_gap(primal: Fraction | None, dual: Fraction | None) -> float | None:
    """``|dual - primal| / |primal|``; infinite for a primal bound of 0 that is not the dual bound."""
    if primal is None or dual is None:
        return None
    if primal == dual:
        return 0.0
    return float(abs(dual - primal) / abs(primal)) if primal else float("inf")


def shortfall(value: Fraction | None, bound: Fraction | None) -> float | None:
    """How far a value stays behind a dual bound, as a share of the bound; ``None`` without both."""
    if value is None or bound is None:
        return None
    if value == bound:
        return 0.0
    return float(abs(bound - value) / abs(bound)) if bound else float("inf")
