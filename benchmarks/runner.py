"""Run a plan: every solve in a process of its own, every row committed at once, none lost, none twice.

The driver (this process) hands out specifications and is the only writer of the store. Workers are
threads here, each with a nursery of processes, or Dask workers elsewhere (``schedulers``).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairbound.benchmarks.row import Row, make_row
from fairbound.benchmarks.specification import Specification
from fairbound.benchmarks.store import Store
from fairbound.benchmarks.suite import Plan
from fairbound.benchmarks.work import MODULES, SOLVE
from fairbound.solvers.isolation import Ending, Isolation, Limits, Stopped

WORKERS = 2


@dataclass(frozen=True)
class Event:
    """Something that happened in a run: a solve started (``row`` is ``None``) or ended."""

    specification: Specification
    row: Row | None = None


OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class Summary:
    """What a run came to.

    Attributes
    ----------
    planned, kept, done
        Solves of the plan; of these, rows that an earlier run left; rows of this run.
    interrupted
        A person stopped it; the same call goes on.
    """

    planned: int
    kept: int
    done: int
    interrupted: bool = False


def process_limits(specification: Specification) -> Limits:
    """Limits of the process: the engine's own time limit, once for each objective, plus the grace."""
    stages = specification.objective.count(",") + 1
    return Limits(stages * specification.seconds + specification.grace, specification.memory_mb)


def run_plan(
    plan: Plan,
    folder: Path,
    workers: int = WORKERS,
    scheduler: str | None = None,
    on_event: OnEvent | None = None,
    retry: Sequence[str] = (),
) -> Summary:
    """Run what a plan still lacks in a folder.

    Parameters
    ----------
    scheduler
        ``None`` for threads of this process; else see ``schedulers.run``.
    retry
        Outcomes (``killed``, ``error``, ...) whose rows are dropped and solved again.

    Raises
    ------
    InputError
        If another run writes into the folder.
    """
    with Store(folder, write=True) as store:
        store.note("suite", plan.suite.name)
        store.note("title", plan.suite.title)
        for i, reason in enumerate(plan.skipped):
            store.note(f"skipped {i + 1}", reason)
        return run_specifications(
            plan.specifications, store, plan.suite.name, workers, scheduler, on_event, retry=retry
        )


def run_specifications(
    specifications: Sequence[Specification],
    store: Store,
    suite: str,
    workers: int = WORKERS,
    scheduler: str | None = None,
    on_event: OnEvent | None = None,
    *,
    retry: Sequence[str] = (),
    work: str = SOLVE,
    modules: Sequence[str] = MODULES,
    path: Sequence[str] = (),
) -> Summary:
    """Run specifications that the store does not hold yet.

    Parameters
    ----------
    work, modules, path
        The function that solves (``module:function``), what to import before, and where to find it.
    """
    if retry:
        store.forget(row.key for row in store.rows() if row.outcome in retry)
    known = store.keys()
    missing = [specification for specification in specifications if specification.key not in known]
    kept = len(specifications) - len(missing)
    done = 0

    def settle(specification: Specification, ending: Ending, machine: dict[str, str] | None = None) -> None:
        nonlocal done
        row = make_row(suite, specification, ending, machine)
        value = ending.value if isinstance(ending.value, dict) else {}
        store.add(row, value.get("result", {}).get("solution"))
        done += 1
        if on_event is not None:
            on_event(Event(specification, row))

    def started(specification: Specification) -> None:
        if on_event is not None:
            on_event(Event(specification))

    interrupted = False
    try:
        if scheduler is None:
            _run_local(missing, workers, started, settle, work, modules, path)
        else:
            from fairbound.benchmarks import schedulers  # Dask is an extra

            schedulers.run(missing, scheduler, workers, started, settle, work, modules, path)
    except KeyboardInterrupt:
        interrupted = True
    return Summary(len(specifications), kept, done, interrupted)


def _run_local(
    specifications: Sequence[Specification],
    workers: int,
    started: Callable[[Specification], None],
    settle: Callable[[Specification, Ending], None],
    work: str,
    modules: Sequence[str],
    path: Sequence[str],
) -> None:
    """Threads hand specifications to their nurseries; this thread commits what comes back."""
    waiting: queue.SimpleQueue[Specification] = queue.SimpleQueue()
    for specification in specifications:
        waiting.put(specification)
    news: queue.SimpleQueue[tuple[Specification, Ending | BaseException | None]] = queue.SimpleQueue()
    isolations = [Isolation(modules, path) for _ in range(min(workers, len(specifications)))]

    def serve(isolation: Isolation) -> None:
        with isolation:
            while True:
                try:
                    specification = waiting.get_nowait()
                except queue.Empty:
                    return
                news.put((specification, None))
                try:
                    ending = isolation.run(work, specification.to_json(), process_limits(specification))
                except Stopped:
                    return
                except BaseException as error:
                    news.put((specification, error))
                    return
                news.put((specification, ending))

    threads = [threading.Thread(target=serve, args=(isolation,), daemon=True) for isolation in isolations]
    for thread in threads:
        thread.start()
    try:
        left = len(specifications)
        while left:
            specification, item = news.get()
            if item is None:
                started(specification)
            elif isinstance(item, BaseException):
                raise item
            else:
                settle(specification, item)
                left -= 1
    finally:
        for isolation in isolations:
            isolation.stop()
        for thread in threads:
            thread.join()
