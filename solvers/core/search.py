"""One run of an exact algorithm: its clock, the best solution and the bound so far, the trace, Ctrl-C."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.result import OnProgress, Progress, Settings, Termination

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_WORK = 0.1
"""Seconds of work after which their pace says something."""
EVERY = 0.1
"""Seconds for which a reading of the pace holds: the clock of the processor costs a call of the system."""


@dataclass
class Search:
    """What a search knows while it runs.

    Attributes
    ----------
    value
        Exact value of ``solution``.
    bound
        Dual bound so far; what it rests on is the search's to know.
    stop
        Set by Ctrl-C while ``interruptible`` holds.
    """

    instance: Any
    objective: str
    settings: Settings = field(default_factory=Settings)
    on_progress: OnProgress | None = None
    solution: Any = None
    value: Fraction | None = None
    bound: Fraction | float | None = None
    nodes: int = 0
    trace: list[Progress] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    began: float = field(default_factory=time.perf_counter)
    worked: float = field(default_factory=time.process_time)
    _pace: tuple[float, float] = (0.0, 1.0)
    """When the load was read last, in seconds since the search began, and what it was."""

    def __post_init__(self) -> None:
        self.problem = find_problem(self.instance.problem)
        self.sense = self.problem.objective(self.objective).sense

    def seconds(self) -> float:
        """Seconds since the search began."""
        return time.perf_counter() - self.began

    def load(self) -> float:
        """Seconds that a second's work of this process has taken so far: 1 on an idle core, more on a busy one."""
        seconds = self.seconds()
        if seconds - self._pace[0] > EVERY:
            work = time.process_time() - self.worked
            self._pace = seconds, max(1.0, seconds / work) if work > LEAST_WORK else 1.0
        return self._pace[1]

    def left(self) -> float | None:
        """Seconds left of the time limit, or ``None`` without one."""
        limit = self.settings.time_limit
        return None if limit is None else max(0.0, limit - self.seconds())

    def late(self) -> bool:
        """Whether to stop: the time is over, or a person has asked."""
        return self.stop.is_set() or self.left() == 0.0

    def why_late(self) -> Termination:
        """Why ``late`` holds."""
        return Termination.INTERRUPTED if self.stop.is_set() else Termination.TIME_LIMIT

    def closed(self) -> bool:
        """Whether the gap asked for is reached."""
        if self.value is None or self.bound is None:
            return False
        return abs(Fraction(self.bound) - self.value) <= Fraction(self.settings.gap) * abs(self.value)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """While inside, Ctrl-C asks the search to stop."""
        with interruptible() as self.stop:
            yield

    def score(self, solution: Any) -> Fraction | None:
        """Exact value of a solution that keeps every rule; ``None`` of any other."""
        evaluation = self.problem.evaluate(self.instance, solution)
        return evaluation.values[self.objective] if evaluation.feasible else None

    def offer(self, solution: Any) -> bool:
        """Keep a solution if it keeps every rule and is better, both exactly."""
        value = self.score(solution)
        if value is None or (self.value is not None and not self.sense.improves(value, self.value)):
            return False
        self.solution, self.value = solution, value
        self.report()
        return True

    def tighten(self, bound: Fraction | float) -> bool:
        """Take a dual bound if it is stronger."""
        if self.bound is not None and not self.sense.improves(Fraction(self.bound), Fraction(bound)):
            return False
        self.bound = bound
        self.report()
        return True

    def report(self) -> None:
        """Note value and bound in the trace, and tell whoever listens."""
        primal = None if self.value is None else float(self.value)
        self.note(primal, None if self.bound is None else float(self.bound))

    def note(self, primal: float | None, dual: float | None) -> None:
        """Note a moment of the search whose bounds are floats of its own; what repeats the last one is left out."""
        if self.trace and (self.trace[-1].primal, self.trace[-1].dual) == (primal, dual):
            return
        moment = Progress(self.seconds(), primal, dual, self.nodes)
        self.trace.append(moment)
        if self.on_progress is not None:
            self.on_progress(replace(moment, solution=self.solution))
