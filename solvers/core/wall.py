"""A hard wall limit for every method: the solve runs in a process of its own and ends near its limit.

Engines look at their clocks when they please. So the process is asked to stop shortly after the limit, as by
Ctrl-C, and killed soon after that; the last incumbent that it told and its last bound are then the
answer. Ctrl-C goes the same way. A crash of an engine ends its own process only.
"""

from __future__ import annotations

import atexit
import base64
import os
import pickle
import threading
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Any

from fairbound.models.core.plugins import plugins
from fairbound.models.core.problem import Formulation, Instance, Problem, Scope, Sense
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core import proving
from fairbound.solvers.core.answer import Answer, conclude
from fairbound.solvers.core.formulations import relaxation_bound
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.isolation import Ending, Isolation, Limits, Outcome, may_fork
from fairbound.solvers.core.method import Method, left
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.core.result import OnProgress, Progress, Result, Seconds, Settings, Termination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SOFT, HARD = 0.25, 1.25
"""A process is asked to stop so many seconds after the limit, and killed so many after it, however long the limit."""
INTERRUPT_SECONDS = 5.0
"""A process that was interrupted is killed so many seconds later."""
SAME_SECONDS = 0.1
"""Progress without news is passed on so often."""
LAST_SOLUTIONS = 3


def available() -> bool:
    """Whether this system can fork; elsewhere limits are the engines' own."""
    return hasattr(os, "fork")


def limited(method: Method) -> Method:
    """The method, each run of it in a process of its own and with a hard wall limit if it has a time limit."""
    return Limited(**vars(method)) if available() else method


class Limited(Method):
    """A method each run of which has a process of its own."""

    def run(
        self,
        instance: Instance,
        objective: str,
        settings: Settings = Settings(),  # noqa: B008 - frozen
        on_progress: OnProgress | None = None,
        start: Any = None,
    ) -> Result:
        """Ask the process; where it did not answer, conclude from what it had told."""
        return _run(self, instance, objective, settings, on_progress, start)


_own = threading.local()
_inherited: dict[int, Instance] = {}
"""Instances, by ``id``, that a fork of this process finds in its memory: a large one takes seconds to travel."""


@contextmanager
def _remembered(instances: Sequence[Instance]) -> Iterator[None]:
    """While inside, these instances are among those that a fork finds."""
    added = {id(instance): instance for instance in instances if id(instance) not in _inherited}
    _inherited.update(added)
    try:
        yield
    finally:
        for key in added:
            del _inherited[key]


@contextmanager
def kept(*instances: Instance, count: int = 1) -> Iterator[None]:
    """While inside, solves of this thread share one fork server, begun before this process has further threads.

    It knows these instances; others travel to it. Of several (``count``) the others are for ``several``.
    """
    if not available() or getattr(_own, "isolation", None) is not None:
        yield
        return
    with _remembered(instances), ExitStack() as stack:
        forked = may_fork()
        servers = [stack.enter_context(Isolation([__name__])) for _ in range(count)]
        for server in servers:
            server.start()
        _own.isolation, _own.known = servers[0], frozenset(_inherited if forked else ())
        _own.more = servers[1:]
        try:
            yield
        finally:
            _own.isolation, _own.more = None, []


@contextmanager
def several(instance: Instance, count: int) -> Iterator[list[tuple[Isolation, frozenset[int]]]]:
    """So many fork servers, those that are kept first, each with the instances that it knows."""
    with _remembered([instance]), kept(count=count), ExitStack() as stack:
        found = [(server, _own.known) for server in (_own.isolation, *getattr(_own, "more", ()))][:count]
        while len(found) < count:
            known = frozenset(_inherited if may_fork() else ())
            found.append((stack.enter_context(Isolation([__name__])), known))
            found[-1][0].start()
        yield found


def lend(server: Isolation, known: frozenset[int], asked: threading.Event) -> None:
    """Let solves of this thread go to a fork server; ``asked`` is set when they are asked to stop from elsewhere."""
    _own.isolation, _own.known, _own.asked = server, known, asked


@contextmanager
def _isolation() -> Iterator[tuple[Isolation, frozenset[int]]]:
    """The fork server that is kept, a fork for this one solve, or an interpreter that is kept from now on.

    With it go the instances that it knows.
    """
    isolation: Isolation | None = getattr(_own, "isolation", None)
    if isolation is None and may_fork():
        with Isolation() as fresh:
            yield fresh, frozenset(_inherited)
        return
    if isolation is None:
        isolation, _own.known = Isolation([__name__]), frozenset()
        _own.isolation = isolation
        atexit.register(isolation.close)
    try:
        yield isolation, _own.known
    except BaseException:
        close()  # what runs there must end, and whoever asks next begins with a new one
        raise


def close() -> None:
    """End the fork server of this thread, if it keeps one; the next solve that needs one starts it anew."""
    isolation: Isolation | None = getattr(_own, "isolation", None)
    if isolation is not None:
        isolation.close()
        _own.isolation = None


def _pack(value: Any) -> str:
    return base64.b64encode(pickle.dumps(value)).decode()


def _unpack(text: str) -> Any:
    plugins()  # what they define must be there before it is read
    return pickle.loads(base64.b64decode(text))


@dataclass(frozen=True)
class _Interrupted:
    """The answer of a method that was stopped and kept nothing itself."""


@dataclass(frozen=True)
class _Raised:
    """The answer of a method that raised."""

    error: Exception


@dataclass(frozen=True)
class _Inherited:
    """In the place of an instance that need not travel."""

    key: int


@dataclass(frozen=True)
class _Unknown:
    """The answer of a fork server that was started anew, elsewhere, and does not know the instance."""


def run_method(argument: str, tell: Callable[[Any], None]) -> str:
    """In the process of the solve: run a method; returns a ``Result``, ``_Interrupted`` or ``_Raised``, packed."""
    name, method, instance, objective, settings, start = _unpack(argument)
    instance = _recalled(instance)
    if instance is None:
        return _pack(_Unknown())
    told = _Teller(tell)
    return _answer(lambda: find_method(find_problem(name), method).run(instance, objective, settings, told, **start))


def run_proof(argument: str, _tell: Callable[[Any], None]) -> str:
    """In the process of a proof: the result with a certificate, packed."""
    result, instance, settings, theorems_too = _unpack(argument)
    instance = _recalled(instance)
    if instance is None:
        return _pack(_Unknown())
    return _answer(lambda: proving.proven(instance, result, settings, theorems_too))


def run_relaxation(argument: str, _tell: Callable[[Any], None]) -> str:
    """In the process of the solve: optimum of an LP relaxation, packed."""
    name, formulation, instance, objective = _unpack(argument)
    instance = _recalled(instance)
    if instance is None:
        return _pack(_Unknown())
    stated = find_problem(name).formulation(formulation)
    return _answer(lambda: relaxation_bound(stated, instance, objective))


def _recalled(instance: Any) -> Any:
    """The instance that was sent or is meant; ``None`` where it is not here."""
    return _inherited.get(instance.key) if isinstance(instance, _Inherited) else instance


def _answer(work: Callable[[], Any]) -> str:
    try:
        return _pack(work())
    except KeyboardInterrupt:
        return _pack(_Interrupted())
    except Exception as error:
        try:
            text = _pack(_Raised(error))
            _unpack(text)
        except Exception:
            raise error from None  # an exception that cannot travel: the fork server says it in words
        return text


class _Teller:
    """Passes progress on: what is new at once, the rest now and then."""

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self.tell = tell
        self.bounds: tuple[float | None, float | None] = (None, None)
        self.solution: Any = None
        self.told = -SAME_SECONDS

    def __call__(self, moment: Progress) -> None:
        if moment.solution is self.solution:
            moment = replace(moment, solution=None)
        now, bounds = time.perf_counter(), (moment.primal, moment.dual)
        if moment.solution is None and bounds == self.bounds and now - self.told < SAME_SECONDS:
            return
        self.tell(_pack(moment))
        self.bounds, self.told = bounds, now
        if moment.solution is not None:
            self.solution = moment.solution


@dataclass
class _Heard:
    """What a running method has told so far."""

    on_progress: OnProgress | None
    trace: list[Progress] = field(default_factory=list)
    solutions: deque[tuple[float | None, Any]] = field(default_factory=lambda: deque(maxlen=LAST_SOLUTIONS))

    def __call__(self, told: str) -> None:
        moment: Progress = _unpack(told)
        if moment.solution is not None:
            self.solutions.append((moment.primal, moment.solution))
        self.trace.append(replace(moment, solution=None))
        if self.on_progress is not None:
            self.on_progress(moment)

    def dual(self) -> float | None:
        """The last bound told."""
        return next((moment.dual for moment in reversed(self.trace) if moment.dual is not None), None)

    def best(self, problem: Problem[Any, Any], instance: Instance, sense: Sense) -> Any:
        """Of the solutions told that keep every rule the one that was said to be best, or ``None``."""
        ordered = sorted(self.solutions, key=lambda told: inf if told[0] is None else -sense.sign * told[0])
        return next((solution for _, solution in ordered if problem.evaluate(instance, solution).feasible), None)


def _limits(seconds: float | None) -> Limits:
    return Limits() if seconds is None else Limits(seconds=seconds + HARD, soft_seconds=seconds + SOFT)


def _call(
    work: str, instance: Instance, argument: Callable[[Any], Any], seconds: float | None, on_told: Callable[[Any], None]
) -> tuple[Ending, Any, bool]:
    """How the work ended, its answer, and whether a person stopped it; ``argument`` is made of what is to travel."""
    with (
        _remembered([instance]),
        _isolation() as (isolation, known),
        interruptible(lambda: isolation.interrupt(INTERRUPT_SECONDS)) as stop,
    ):
        isolation.start()

        def heed() -> None:
            if stop.is_set():  # it was asked before there was anything to ask
                isolation.interrupt(INTERRUPT_SECONDS)

        for meant in (_Inherited(id(instance)), instance) if id(instance) in known else (instance,):
            ending = isolation.run(
                f"{__name__}:{work}", _pack(argument(meant)), _limits(seconds), on_told, on_started=heed
            )
            answer = _unpack(ending.value) if ending.outcome is Outcome.OK else None
            if not isinstance(answer, _Unknown):
                break
        return ending, answer, stop.is_set() or getattr(_own, "asked", stop).is_set()


def _run(
    method: Method,
    instance: Instance,
    objective: str,
    settings: Settings,
    on_progress: OnProgress | None,
    start: Any,
) -> Result:
    began = time.perf_counter()
    if getattr(_own, "isolation", None) is None:
        _ = instance.digest  # before the fork: else this process would work it out again for what it has heard
    problem = find_problem(instance.problem)
    heard = _Heard(on_progress)
    starts = {} if start is None else {"start": start}

    def asked(meant: Any) -> Any:
        return problem.name, method.name, meant, objective, left(settings, began), starts

    ending, answer, interrupted = _call(run_method.__name__, instance, asked, left(settings, began).time_limit, heard)
    stopped = Termination.INTERRUPTED if interrupted else Termination.TIME_LIMIT
    message = ""
    if ending.outcome is Outcome.OK:
        if isinstance(answer, _Raised):
            raise answer.error
        if isinstance(answer, Result):
            if answer.termination is Termination.INTERRUPTED:
                answer = replace(answer, termination=stopped)
            if answer.solution is not None or not heard.solutions or answer.termination is not stopped:
                return answer
    elif ending.outcome is Outcome.TIMEOUT:
        what = "the interrupt" if interrupted else f"its limit of {settings.time_limit:g} s"
        message = f"the method did not heed {what} and was ended; this is what it had told by then"
    elif not (interrupted and ending.message.startswith(KeyboardInterrupt.__name__)):  # else it had not begun
        stopped = Termination.ENGINE_ERROR
        message = f"the method failed: {ending.message}"
    known = Answer(
        stopped,
        heard.best(problem, instance, problem.objective(objective).sense),
        claim=heard.dual() if bounds(method) else None,
        trace=tuple(heard.trace),
        seconds=Seconds(total=time.perf_counter() - began),
        message=message,
    )
    return conclude(problem, instance, objective, method.name, known, settings)


def bounds(method: Method) -> bool:
    """Whether the bounds that a method tells are bounds of the question."""
    return method.exact if method.formulation is None else method.formulation.scope is not Scope.RESTRICTION


def proven(instance: Instance, result: Result, settings: Settings, theorems_too: bool = False) -> Result:
    """``proving.proven`` in a process of its own: the rows of a large instance look at no clock.

    Where the limit ends it the result stays as it was.
    """
    seconds = proving.seconds_for(instance, result, settings, theorems_too)
    if not seconds or settings.time_limit is None or not available():
        return proving.proven(instance, result, settings, theorems_too)

    def asked(meant: Any) -> Any:
        return result, meant, settings, theorems_too

    _, answer, interrupted = _call(run_proof.__name__, instance, asked, seconds, lambda _told: None)
    if isinstance(answer, _Raised):
        raise answer.error
    if interrupted:
        return replace(result, termination=Termination.INTERRUPTED)
    late = not isinstance(answer, Result) or answer.termination is Termination.INTERRUPTED
    return result if late else answer


def limited_relaxation(
    problem: Problem[Any, Any],
    formulation: Formulation[Any, Any],
    instance: Instance,
    objective: str,
    seconds: float | None,
) -> float | None:
    """Optimum of the LP relaxation of a formulation, or ``None`` if the limit was met; raises ``KeyboardInterrupt``."""
    if not available():
        return relaxation_bound(formulation, instance, objective)

    def asked(meant: Any) -> Any:
        return problem.name, formulation.name, meant, objective

    _, answer, interrupted = _call(run_relaxation.__name__, instance, asked, seconds, lambda _told: None)
    if interrupted:
        raise KeyboardInterrupt
    if isinstance(answer, _Raised):
        raise answer.error
    return None if isinstance(answer, _Interrupted) else answer
