"""The contracts every problem fulfils: instance, solution, evaluation, formulation, problem.

A problem is a mathematical question. Its *evaluation* is the specification: it scores a
solution in rational arithmetic and knows nothing of Pyomo, of formulations or of engines.
Its *formulations* restate the question as Pyomo models; they are built here and solved
elsewhere (``fairbound.solvers``).
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import decimal_text
from fairbound.models.core.parameters import Parameter, bounded, changed, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction

    import pandas as pd
    from fairbound.models.core.truth import Truth
    from pyomo.core import ConcreteModel


class Sense(StrEnum):
    """Direction of an objective."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1 if self is Sense.MAXIMIZE else -1

    def improves(self, new: Fraction, old: Fraction) -> bool:
        """Tell whether ``new`` is strictly better than ``old``."""
        return new > old if self is Sense.MAXIMIZE else new < old


class Scope(StrEnum):
    """How the feasible set of a formulation relates to the problem's."""

    EXACT = "exact"
    RELAXATION = "relaxation"
    RESTRICTION = "restriction"


@dataclass(frozen=True)
class Objective:
    """One thing to optimise.

    Attributes
    ----------
    natural_bound
        By its definition no value is better than this; ``None`` where it says no such thing.
    """

    name: str
    sense: Sense
    unit: str
    summary: str
    natural_bound: Fraction | None = None


class Instance(ABC):
    """One frozen, validated set of data for a problem; subclasses are frozen dataclasses.

    Attributes
    ----------
    name, title
        For people; no part of the digest.
    repairs
        What was changed in published data before this instance was made.
    limits
        Least values of objectives that are maximised, largest values of the others: pairs (objective, value).
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = ()
    """How ``--set`` reads the fields that may be changed, and how they are written."""
    name: str
    title: str = ""
    repairs: tuple[str, ...] = ()
    limits: tuple[tuple[str, Fraction], ...] = ()

    @property
    @abstractmethod
    def problem(self) -> str:
        """Name of the problem that this instance belongs to."""

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters as text, each readable by ``--set`` again; nobody may change it."""
        return written(self, self.PARAMETERS)

    @abstractmethod
    def canonical(self) -> dict[str, Any]:
        """Everything that the answer depends on, as JSON types; numbers as exact text."""

    def check_question(self) -> None:  # noqa: B027 - most problems have nothing to refuse
        """Raise ``InputError`` where data and parameters together ask what nobody can answer.

        It is asked for once the parameters are settled, so a parameter can mend what the data refuse.
        """

    @cached_property
    def derived(self) -> dict[tuple[Any, ...], Any]:
        """What ``once`` has worked out from this instance, which never changes."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        """The fields alone travel to other processes: what was derived from them is worked out again there."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    @cached_property
    def digest(self) -> str:
        """sha256 of the canonical form, in hexadecimal."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


A = TypeVar("A")


def once(function: Callable[..., A]) -> Callable[..., A]:
    """Keep a function's answer about an instance; nobody may change it. Further arguments are part of the key."""

    @wraps(function)
    def kept(instance: Any, *more: Any) -> A:
        key = (function.__module__, function.__qualname__, *more)
        if key not in instance.derived:
            instance.derived[key] = function(instance, *more)
        answer: A = instance.derived[key]
        return answer

    return kept


def last_kept(evaluate: Callable[[Any, Any], Evaluation]) -> Callable[[Any, Any], Evaluation]:
    """Keep the score of the last solution, which nobody may change: who finds one asks, and whoever reports it."""
    key = (evaluate.__module__, evaluate.__qualname__, "of the last solution")

    @wraps(evaluate)
    def kept(instance: Any, solution: Any) -> Evaluation:
        known = instance.derived.get(key)
        if known is None or known[0] is not solution:
            known = instance.derived[key] = (solution, evaluate(instance, solution))
        score: Evaluation = known[1]
        return score

    return kept


@dataclass(frozen=True)
class Violation:
    """A rule that a solution breaks, and where."""

    rule: str
    where: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}: found {self.found}, wanted {self.wanted}"


@dataclass(frozen=True)
class Evaluation:
    """Exact score of one solution.

    Attributes
    ----------
    values
        Every objective of the problem, exactly.
    violations
        Every broken rule; empty means feasible.
    measures
        Further exact figures that are reported but never optimised.
    """

    values: Mapping[str, Fraction]
    violations: tuple[Violation, ...] = ()
    measures: Mapping[str, Fraction] = field(default_factory=dict)

    @property
    def feasible(self) -> bool:
        """Whether no rule is broken."""
        return not self.violations

    def to_frame(self) -> pd.DataFrame:
        """One row for each objective and measure: its name, value as a float and as an exact text."""
        import pandas as pd

        known = {**self.values, **self.measures}
        rows = [{"name": name, "value": float(value), "exact": str(value)} for name, value in known.items()]
        return pd.DataFrame.from_records(rows, columns=["name", "value", "exact"])


I = TypeVar("I", bound=Instance)  # noqa: E741
S = TypeVar("S")


def _never(_instance: Any, _objective: str) -> str | None:
    return None


def _unknown(_instance: Any, _objective: str) -> None:
    return None


def _no_rows(_instance: Any, _solution: Any) -> list[dict[str, str]]:
    return []


def _nothing(_given: Any) -> Sequence[str]:
    return ()


def _no_shapes(_instance: Any, _solution: Any) -> Mapping[str, object] | None:
    return None


def _unsettled(_instance: Any) -> str | None:
    return None


@dataclass(frozen=True)
class Formulation(Generic[I, S]):
    """A Pyomo model of a problem.

    Attributes
    ----------
    build
        ``build(instance, objective, relaxed=False)`` returns a ``ConcreteModel`` and never
        solves; ``relaxed`` drops integrality and nothing else.
    extract
        Reads the solution from the variables' values, integers rounded.
    assign
        Writes a solution into the variables' values (a warm start); the inverse of ``extract``.
    refuses
        Why this formulation cannot state the question exactly, or ``None``.
    hesitates
        Why an exact method without floats should rather answer, such as coefficients that engines cannot keep
        apart; ``None`` where there is no reason. A cheap guess: the coefficients themselves are looked at later.
    beyond
        Why the default engine cannot take the model, though it states the question; empty where it
        can. Such a model is for other engines, as a file or through a method of its own.
    first
        ``first(instance, objective)``: a plan that keeps every rule and is there at once, or ``None``. It is told, not
        given to the engine: where a limit ends that before it has one, this is the answer.
    best
        ``best(instance, objective)``: the best value, in exact arithmetic and proven, where that costs next to nothing;
        else ``None``.
    """

    name: str
    summary: str
    build: Callable[..., ConcreteModel]
    extract: Callable[[ConcreteModel], S]
    assign: Callable[[ConcreteModel, S], None]
    refuses: Callable[[I, str], str | None] = _never
    scope: Scope = Scope.EXACT
    beyond: str = ""
    hesitates: Callable[[I, str], str | None] = _never
    first: Callable[[I, str], S | None] = _unknown
    best: Callable[[I, str], Fraction | None] = _unknown


@dataclass(frozen=True)
class Problem(Generic[I, S]):
    """A problem: its words, its exact evaluation and its formulations.

    Attributes
    ----------
    objectives
        The first is the default.
    evaluate
        The specification: exact values and broken rules of a solution.
    lattice
        A positive rational of which every achievable objective value is a multiple, or ``None``.
    solution_rows
        The solution as a table: one mapping per row, for CSV and JSON.
    read_solution
        The inverse of ``solution_rows``; raises ``InputError``.
    solution_key
        Columns of ``read_solution`` that name a decision, then the one that says what is decided: a mapping from the
        former to the latter is a solution too.
    solution_summary
        The solution for people: a short table of text.
    facts
        Size of an instance for people: names and formatted figures.
    compared
        Measures of the evaluation that a comparison of methods shows as columns of their own.
    audit_title, audit_rows
        The groups of a solution as an auditor wants to see them, a mapping for each; empty where there are none.
    arithmetic
        Why no solution can keep the rules, where a sum settles it; else ``None``.
    decisions
        The solution as a table with names and all figures: fractions, whole numbers, text and ``None``; by default
        ``solution_rows``.
    reasons
        Who or what is left out and why, in sentences, from the table of ``decisions``.
    shapes
        The solution as a GeoJSON document; ``None`` where the instance has no polygons.
    assumptions
        What an answer rests on beside the data, in sentences.
    judge
        What a solution does under the hidden truth of a simulation, where the problem has such; only audits ask it.
    """

    name: str
    title: str
    summary: str
    objectives: tuple[Objective, ...]
    parameters: tuple[Parameter, ...]
    formulations: tuple[Formulation[I, S], ...]
    evaluate: Callable[[I, S], Evaluation]
    lattice: Callable[[I, str], Fraction | None]
    solution_rows: Callable[[I, S], list[dict[str, str]]]
    read_solution: Callable[[I, Sequence[Mapping[str, str]]], S]
    solution_summary: Callable[[I, S], list[dict[str, str]]]
    facts: Callable[[I], dict[str, str]]
    compared: tuple[str, ...] = ()
    solution_key: tuple[str, ...] = ()
    audit_title: str = ""
    audit_rows: Callable[[I, S], list[dict[str, str]]] = _no_rows
    arithmetic: Callable[[I], str | None] = _unsettled
    decisions: Callable[[I, S], Sequence[Mapping[str, object]]] | None = None
    reasons: Callable[[Sequence[Mapping[str, object]]], Sequence[str]] = _nothing
    shapes: Callable[[I, S], Mapping[str, object] | None] = _no_shapes
    assumptions: Callable[[I], Sequence[str]] = _nothing
    judge: Callable[[I, S, Truth], Mapping[str, Fraction]] | None = None

    def objective(self, name: str) -> Objective:
        """Find an objective by name; raises ``InputError`` with the nearest names."""
        for objective in self.objectives:
            if objective.name == name:
                return objective
        names = [objective.name for objective in self.objectives]
        raise InputError(f"unknown objective of {self.name}", found=name, wanted=nearest(name, names))

    def formulation(self, name: str) -> Formulation[I, S]:
        """Find a formulation by name; raises ``InputError`` with the nearest names."""
        for formulation in self.formulations:
            if formulation.name == name:
                return formulation
        names = [formulation.name for formulation in self.formulations]
        raise InputError(f"unknown formulation of {self.name}", found=name, wanted=nearest(name, names))

    def with_parameters(self, instance: I, given: Mapping[str, str]) -> I:
        """A new instance with some parameters changed from text; raises ``InputError``."""
        self.check_parameters(given)
        found: I = changed(instance, given, self.parameters)
        return found

    def bounded(self, instance: I, objective: str, value: Fraction) -> I:
        """The instance with one more rule: the objective must be at least (maximise) or at most (minimise) a value.

        Lexicographic and Pareto methods need nothing else.
        """
        found: I = bounded(instance, self.objective(objective), value)
        return found

    def check_parameters(self, given: Mapping[str, str]) -> None:
        """Raise ``InputError`` for the first name that is not a parameter of this problem."""
        names = [parameter.name for parameter in self.parameters]
        for name in given:
            if name not in names:
                raise InputError(f"unknown parameter of {self.name}", found=name, wanted=nearest(name, names))


def values_text(values: Mapping[str, Fraction]) -> dict[str, str]:
    """Exact values as text (``"86824/5"``), for JSON."""
    return {name: str(value) for name, value in values.items()}


__all__ = [
    "Evaluation",
    "Formulation",
    "Instance",
    "Objective",
    "Problem",
    "Scope",
    "Sense",
    "Violation",
    "decimal_text",
    "last_kept",
    "once",
    "values_text",
]
