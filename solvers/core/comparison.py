"""Several methods on one question: each ends near its limit, and none runs long on what another has closed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fairbound.solvers.core import proving, wall
from fairbound.solvers.core.contradictions import settle
from fairbound.solvers.core.formulations import relaxation_bound
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.pictures import Pictured
from fairbound.solvers.core.result import BELIEVED_GAP, OnProgress, Result, Settings, Status, Termination, said
from fairbound.solvers.engines.base import EngineRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from fairbound.models.core.problem import Formulation, Instance, Problem

INTERRUPTED = "interrupted"
"""Why a line of a comparison was skipped when a person had stopped it."""
LEAST_SECONDS, TIMES_CLOSING = 1.0, 10.0


@dataclass(frozen=True)
class Compared:
    """One line of a comparison.

    Attributes
    ----------
    result
        ``None`` if the method refuses the question (``refusal`` says why) or did not run.
    relaxation
        Optimum of the LP relaxation of a formulation.
    skipped
        Why the method did not run to its limit, such as ``closed by membership``; ``result`` is what it
        knew when it was ended, if it ran at all.
    """

    method: Method
    result: Result | None
    relaxation: float | None = None
    refusal: str | None = None
    skipped: str | None = None


def _words(line: Compared) -> str:
    result = line.result
    if result is None:
        return line.refusal or line.skipped or ""
    return f"{result.status.value} {result.level.value} {said(result.primal_bound)} {line.skipped or ''}".rstrip()


class Comparison(Pictured, list[Compared]):
    """The lines of a comparison, in the order in which the methods ran."""

    def to_frame(self) -> pd.DataFrame:
        """One row a method: its result's figures (see ``Result.to_frame``), relaxation, refusal, why it was skipped."""
        import pandas as pd

        rows = [
            {"method": line.method.name, "kind": line.method.kind.value}
            | ({} if line.result is None else line.result.figures())
            | {"relaxation": line.relaxation, "refusal": line.refusal, "skipped": line.skipped}
            for line in self
        ]
        return pd.DataFrame.from_records(rows)

    def __str__(self) -> str:
        return "\n".join(f"{line.method.name:<24} {_words(line)}" for line in self)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def _stopped(result: Result | None) -> bool:
    return result is not None and result.termination is Termination.INTERRUPTED


def closes(result: Result) -> bool:
    """Whether a result answers the question to the gap asked for."""
    near = result.termination is Termination.GAP_LIMIT and result.primal_bound is not None
    # Where values lie closer together than an engine is believed, it ends a hair from its own bound.
    ended = result.termination is Termination.FINISHED and result.gap is not None and result.gap <= BELIEVED_GAP
    return near or ended or result.status in (Status.OPTIMAL, Status.INFEASIBLE)


@dataclass
class _Comparison:
    """The lines of a comparison, one after the other; ``closer`` is the first to close the question.

    What it closed is proven by a tree beside it, where the settings leave time for that.
    """

    problem: Problem[Any, Any]
    instance: Instance
    objective: str
    settings: Settings
    on_progress: OnProgress | None
    isolate: bool
    to_the_limit: bool
    closer: Result | None = None
    relaxations: dict[str, float | None] = field(default_factory=dict)

    def line(self, method: Method) -> Compared:
        refusal = method.refuses(self.instance, self.objective)
        settings = self.settings
        if method.formulation is None:
            settings = replace(settings, engine_options=())
        if refusal is not None:
            return Compared(method, None, refusal=refusal)
        limit = settings.time_limit
        allowed = limit
        if self.closer is not None and limit is not None and method.kind is not Kind.BASELINE and not self.to_the_limit:
            allowed = min(limit, max(LEAST_SECONDS, TIMES_CLOSING * self.closer.seconds.total))
            settings = replace(settings, time_limit=allowed)
        try:
            relaxation = self._relaxation(method, allowed)
            run = (wall.limited(method) if self.isolate else method).run
            result: Result = run(self.instance, self.objective, settings, self.on_progress)
        except KeyboardInterrupt:
            return Compared(method, None, skipped=INTERRUPTED)
        except EngineRefused as refused:
            return Compared(method, None, refusal=str(refused))
        closing = method.exact and closes(result)
        skipped = None
        if allowed != limit and not closing and result.termination is Termination.TIME_LIMIT:
            assert self.closer is not None
            skipped = f"closed by {self.closer.method}"
        if closing and self.closer is None:
            self.closer = result
            if result.primal_bound is not None:  # one proof settles the question for all
                result = proving.proven(self.instance, result, self.settings)
        return Compared(method, result, relaxation, skipped=skipped)

    def _relaxation(self, method: Method, seconds: float | None) -> float | None:
        formulation = method.formulation
        if formulation is None or formulation.beyond:
            return None
        if formulation.name not in self.relaxations:  # it is the same on every engine
            self.relaxations[formulation.name] = self._relaxed(formulation, seconds)
        return self.relaxations[formulation.name]

    def _relaxed(self, formulation: Formulation[Any, Any], seconds: float | None) -> float | None:
        if self.isolate:
            return wall.limited_relaxation(self.problem, formulation, self.instance, self.objective, seconds)
        return relaxation_bound(formulation, self.instance, self.objective)


def run(
    problem: Problem[Any, Any],
    instance: Instance,
    methods: Sequence[Method],
    objective: str,
    settings: Settings,
    *,
    on_start: Callable[[str], None] | None = None,
    on_progress: OnProgress | None = None,
    on_line: Callable[[Compared], None] | None = None,
    to_the_limit: bool = False,
    isolate: bool = False,
) -> Comparison:
    """Run methods on one question, baselines last; ``fairbound.compare`` explains the rest.

    A bound that a plan of another method beats is withdrawn from the lines returned; ``on_line`` heard it before.
    """
    comparison = _Comparison(problem, instance, objective, settings, on_progress, isolate, to_the_limit)
    lines: list[Compared] = []
    stopped = False
    for method in sorted(methods, key=lambda method: method.kind is Kind.BASELINE):
        if on_start is not None and not stopped:
            on_start(method.name)
        line = Compared(method, None, skipped=INTERRUPTED) if stopped else comparison.line(method)
        stopped = stopped or line.skipped == INTERRUPTED or _stopped(line.result)
        lines.append(line)
        if on_line is not None:
            on_line(line)
    settled = iter(settle([line.result for line in lines if line.result is not None]))
    return Comparison(line if line.result is None else replace(line, result=next(settled)) for line in lines)
