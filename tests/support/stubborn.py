"""Methods of CEP grouping that behave badly, and the command line with them: ``python stubborn.py solve ...``.

They stand in the table of methods while ``listed`` holds; a fork of the process finds them there too.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fairbound.models.cep import CepInstance, Grouping, evaluate
from fairbound.models.core.errors import InputError
from fairbound.solvers.cep import methods
from fairbound.solvers.core.answer import Answer
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.method import Kind, Method
from fairbound.solvers.core.result import OnProgress, Progress, Settings, Termination

STARTED = "STUBBORN_STARTED"
"""Environment variable: a file that a method makes once it will not end by itself."""
HEARD = "STUBBORN_HEARD"
"""Environment variable: a file that a method makes once it was asked to stop, and does not."""
Told = OnProgress | None
BOUND = 1e6
AGES = 600.0


def best_single(instance: CepInstance) -> Grouping:
    """The school that is worth most alone."""
    alone = [Grouping.of([[school.id]]) for school in instance.schools]
    return max(alone, key=lambda plan: evaluate(instance, plan).values["reimbursement"])


def _tell(instance: CepInstance, objective: str, on_progress: Told) -> None:
    plan = best_single(instance)
    if on_progress is not None:
        on_progress(Progress(0.0, float(evaluate(instance, plan).values[objective]), BOUND, 7, plan))


def _touch(name: str) -> None:
    if name in os.environ:
        Path(os.environ[name]).touch()


def deaf(instance: CepInstance, objective: str, settings: Settings, on_progress: Told, _: Any) -> Answer:
    """Tells an incumbent and a bound, then heeds neither limit nor interrupt."""
    _tell(instance, objective, on_progress)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _touch(STARTED)
    signal.sigtimedwait({signal.SIGINT}, AGES)
    _touch(HEARD)
    time.sleep(AGES)
    raise AssertionError("nobody waits so long")


def mute(instance: CepInstance, objective: str, settings: Settings, on_progress: Told, _: Any) -> Answer:
    """The same without telling anything."""
    return deaf(instance, objective, settings, None, None)


def crash(instance: CepInstance, objective: str, settings: Settings, on_progress: Told, _: Any) -> Answer:
    """Tells, then ends the process."""
    _tell(instance, objective, on_progress)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("killed")


def heedful(instance: CepInstance, objective: str, settings: Settings, on_progress: Told, _: Any) -> Answer:
    """Never looks at its clock, but ends with its incumbent when it is asked to; says in which process it ran."""
    with interruptible() as stop:
        _tell(instance, objective, on_progress)
        _touch(STARTED)
        until = time.monotonic() + AGES
        while not stop.is_set() and time.monotonic() < until:
            time.sleep(0.01)
    return Answer(Termination.INTERRUPTED, best_single(instance), message=str(os.getpid()))


def wrong(instance: CepInstance, objective: str, settings: Settings, on_progress: Told, _: Any) -> Answer:
    """Raises what a person can act on."""
    raise InputError("no such thing", file="d.csv", row=3, found="x", wanted="y")


METHODS = tuple(
    Method(run.__name__, Kind.ALGORITHM, "stubborn", run, lambda instance, objective: None)
    for run in (deaf, mute, crash, heedful, wrong)
)


@contextmanager
def listed() -> Iterator[None]:
    """While inside, the methods can be found by name; they are never chosen by default."""
    before = methods.METHODS
    methods.METHODS = (*before, *METHODS)
    try:
        yield
    finally:
        methods.METHODS = before


if __name__ == "__main__":
    from fairbound.cli import main

    with listed():
        sys.exit(main())
