"""Searches of one question side by side: a process each, with seeds that follow one another.

The first is the search that runs without the others. All end as soon as one has closed the question, or as soon as
the best plan of one meets the bound of another, which that one then gets the time to confirm. While they run they
are told nothing of each other.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import inf, isfinite
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core import wall
from fairbound.solvers.core.comparison import closes
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.joining import joined
from fairbound.solvers.core.method import Method, left
from fairbound.solvers.core.result import OnProgress, Progress, Result, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fairbound.models.core.problem import Instance
    from fairbound.solvers.core.isolation import Isolation

TICK = 0.1
CONFIRMING = 60.0
"""Seconds in which a search confirms a bound that another's plan has met, where no limit ends it before."""
MET = Fraction(1, 10**9)
"""Bounds are told as floats: one that is so near to a value, as a share of it, has met it."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_workers(workers: int) -> None:
    """Raise ``InputError`` for more searches than this machine has cores: they would only wait for each other."""
    if not 1 <= workers <= cores():
        raise InputError("workers", found=str(workers), wanted=f"1 to {cores()}, the cores of this machine")
    if workers > 1 and not wall.available():
        raise InputError("workers", found=str(workers), wanted="1: this system cannot fork")


def raced(method: Method, workers: int) -> Method:
    """The method, each run of it as so many searches side by side."""
    return Raced(**vars(method), alone=wall.limited(method), workers=workers)


@dataclass(frozen=True, kw_only=True)
class Raced(Method):
    """A method each run of which is several searches.

    Attributes
    ----------
    alone
        The method in a process of its own.
    """

    alone: Method
    workers: int

    def run(
        self,
        instance: Instance,
        objective: str,
        settings: Settings = Settings(),  # noqa: B008 - frozen
        on_progress: OnProgress | None = None,
        start: Any = None,
    ) -> Result:
        """Search with each seed until the question is closed or the time is over, and join what was found."""
        if not self.seeded:
            result = self.alone.run(instance, objective, settings, on_progress, start)
            words = f"{self.name} does the same whatever the seed: one search ran, not {self.workers}"
            return replace(result, message="; ".join(filter(None, (result.message, words))))
        began = time.perf_counter()
        _ = instance.digest  # once, before the forks
        with wall.several(instance, self.workers) as servers:
            searches = [_Search(settings.seed + k, *server) for k, server in enumerate(servers)]
            race = _Race(self.alone, instance, objective, settings, on_progress, searches, began)
            try:
                stopped = race.run(start)
            except BaseException:
                wall.close()  # whoever asks next begins with a new one
                raise
        ended = {search.seed: search.ended for search in searches}
        asked = {search.seed for search in searches if search.asked.is_set() and not stopped}
        return joined(instance, ended, asked, settings, race.trace, time.perf_counter() - began)


@dataclass(eq=False)
class _Search:
    """One of the searches.

    Attributes
    ----------
    asked
        Set when it has been asked to stop.
    until
        When it is killed, by ``time.monotonic``.
    primal, dual
        The best value and the strongest bound that it has told.
    ended
        Its result, or what it raised.
    """

    seed: int
    server: Isolation
    known: frozenset[int]
    asked: threading.Event = field(default_factory=threading.Event)
    until: float = inf
    primal: float | None = None
    dual: float | None = None
    nodes: int = 0
    ended: Result | BaseException | None = None


class _Race:
    """The searches while they run. All but the waiting for each happens in the caller's thread.

    Attributes
    ----------
    value
        Exact value of the best plan that was scored here or that a search has ended with.
    told
        A plan that is said to be better, and the value that is said.
    """

    def __init__(
        self,
        method: Method,
        instance: Instance,
        objective: str,
        settings: Settings,
        on_progress: OnProgress | None,
        searches: Sequence[_Search],
        began: float,
    ) -> None:
        self.method, self.instance, self.objective, self.settings = method, instance, objective, settings
        self.on_progress, self.searches, self.began = on_progress, searches, began
        self.problem = find_problem(instance.problem)
        self.sign = self.problem.objective(objective).sense.sign
        self.bounds = wall.bounds(method)
        self.value: Fraction | None = None
        self.told: tuple[float, Any] | None = None
        self.trace: list[Progress] = []
        self.heard: SimpleQueue[tuple[_Search, Progress | Result | BaseException]] = SimpleQueue()

    def run(self, start: Any) -> bool:
        """Run all searches to their ends; whether a person stopped them."""
        threads = [threading.Thread(target=self._search, args=(search, start)) for search in self.searches]
        try:
            with interruptible(lambda: self._ask(self.searches, wall.INTERRUPT_SECONDS)) as stop:
                for thread in threads:
                    thread.start()
                while any(search.ended is None for search in self.searches):
                    self._hear()
                    if not stop.is_set():
                        self._compare()
                return stop.is_set()
        except BaseException:
            for search in self.searches:
                search.server.stop()
            raise
        finally:
            for thread in threads:
                thread.join()

    def _hear(self) -> None:
        """Wait a moment for news."""
        # Again: what is asked before its work has begun does not hear it.
        self._ask([search for search in self.searches if time.monotonic() > search.until], 0.0)
        with suppress(Empty):
            search, news = self.heard.get(timeout=TICK)
            if isinstance(news, Progress):
                self._note(search, news)
            else:
                self._end(search, news)

    def _search(self, search: _Search, start: Any) -> None:
        """One search, in the thread that waits for it."""
        wall.lend(search.server, search.known, search.asked)
        settings = replace(left(self.settings, self.began), seed=search.seed)
        if search is not self.searches[0]:
            settings = replace(settings, log="")  # a file holds one log

        def told(moment: Progress) -> None:
            self.heard.put((search, moment))

        try:
            self.heard.put((search, self.method.run(self.instance, self.objective, settings, told, start)))
        except BaseException as error:
            self.heard.put((search, error))

    def _ask(self, searches: Iterable[_Search], seconds: float) -> None:
        """Ask what still runs of these to stop, and kill it so many seconds later."""
        for search in searches:
            if search.ended is None:
                search.asked.set()
                search.until = time.monotonic() + seconds
                search.server.interrupt(seconds)

    def _best(self) -> tuple[float | None, float | None]:
        """The best value and the strongest bound told."""
        values = [self.sign * search.primal for search in self.searches if search.primal is not None]
        duals = [self.sign * search.dual for search in self.searches if search.dual is not None]
        return self.sign * max(values) if values else None, self.sign * min(duals) if duals else None

    def _note(self, search: _Search, moment: Progress) -> None:
        """Take what a search tells, and tell the best of all."""
        before, _ = self._best()
        search.nodes, solution = moment.nodes, None
        if moment.primal is not None:
            if search.primal is None or self.sign * moment.primal > self.sign * search.primal:
                search.primal = moment.primal
            if before is None or self.sign * moment.primal > self.sign * before:
                solution = moment.solution
                self.told = self.told if solution is None else (moment.primal, solution)
        told = moment.dual if self.bounds and moment.dual is not None and isfinite(moment.dual) else None
        if told is not None and (search.dual is None or self.sign * told < self.sign * search.dual):
            search.dual = told
        now = Progress(time.perf_counter() - self.began, *self._best(), sum(s.nodes for s in self.searches))
        if not self.trace or (now.primal, now.dual) != (self.trace[-1].primal, self.trace[-1].dual):
            self.trace.append(now)
        if self.on_progress is not None:
            self.on_progress(replace(now, solution=solution))

    def _end(self, search: _Search, ended: Result | BaseException) -> None:
        """A search has ended: if it has closed the question, so do the others."""
        search.ended = ended
        if isinstance(ended, Result):
            self._score(ended.primal_bound)
            search.dual = None if ended.dual_bound is None else float(ended.dual_bound)
            if self.method.exact and closes(ended):
                self._ask(self.searches, 0.0)

    def _score(self, value: Fraction | None) -> None:
        if value is not None and (self.value is None or self.sign * value > self.sign * self.value):
            self.value = value

    def _met(self, value: Fraction | float | None, bound: Fraction | float) -> bool:
        """Whether a value has reached a bound, to the gap asked for."""
        if value is None:
            return False
        reached = Fraction(value)
        return self.sign * (Fraction(bound) - reached) <= max(Fraction(self.settings.gap), MET) * abs(reached)

    def _compare(self) -> None:
        """Where the best plan meets the bound of another search, let that confirm it; then end all."""
        bounded = [search for search in self.searches if search.dual is not None]
        if not bounded:
            return
        holder = min(bounded, key=lambda search: self.sign * (search.dual or 0.0))
        assert holder.dual is not None
        if self.told is not None and self._met(self.told[0], holder.dual):
            evaluation = self.problem.evaluate(self.instance, self.told[1])
            self._score(evaluation.values[self.objective] if evaluation.feasible else None)
            self.told = None
        # What a search meets itself it is about to confirm by itself.
        if self._met(self.value, holder.dual) and not self._met(holder.primal, holder.dual):
            if holder.ended is not None:
                self._ask(self.searches, 0.0)
            elif not holder.asked.is_set():
                rest = left(self.settings, self.began).time_limit
                self._ask([holder], CONFIRMING if rest is None else rest + wall.HARD)
