"""The durable runner: solves in processes, every row committed as it comes, none lost, none twice.

The driver (this process) hands out specifications and is the only writer of the store, for suites
and sweeps alike. Workers are threads here, each with a fork server of processes, or Dask workers
elsewhere (``schedulers``). What the store holds under a specification's key is not solved again.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.batches import process_limits, solve_batch
from fairbound.benchmarks.core.machine import versions
from fairbound.benchmarks.core.row import Row, make_row
from fairbound.benchmarks.core.specification import Specification
from fairbound.benchmarks.core.store import Store
from fairbound.benchmarks.core.work import MODULES, PREPARE, SOLVE
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.isolation import Ending, Isolation, Stopped, may_fork

if TYPE_CHECKING:
    from pathlib import Path

    from fairbound.benchmarks.core.suite import Plan

WORKERS = 2
MOST_TOGETHER, GATHERED_SECONDS = 500, 0.05
"""Rows of one commit at most; usually it is what came while the one before was written, and so long after the first."""


@dataclass(frozen=True)
class Event:
    """Something that happened in a run: a solve started (``row`` is ``None``) or ended.

    Attributes
    ----------
    settled
        Rows of the plan that are there by now, those of earlier runs included.
    """

    specification: Specification
    row: Row | None = None
    settled: int = 0


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
        If another run writes into the folder, or its rows are of another version.
    """
    with Store(folder, write=True) as store:
        store.claim_version(versions())
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
    batch: int = 1,
    work: str = SOLVE,
    modules: Sequence[str] = MODULES,
    path: Sequence[str] = (),
) -> Summary:
    """Run specifications that the store does not hold yet.

    Parameters
    ----------
    batch
        So many solves, of equal limits, may share a process; then what families read once stays read.
    work, modules, path
        The function that solves (``module:function``), what to import before, and where to find it.
    """
    if retry:
        wanted = {specification.key for specification in specifications}
        store.forget(row.key for row in store.rows() if row.outcome in retry and row.key in wanted)
    known = store.keys()
    missing = [specification for specification in specifications if specification.key not in known]
    kept = len(specifications) - len(missing)
    done = 0

    def settle(endings: Sequence[Settled]) -> None:
        nonlocal done
        rows = []
        for specification, ending, machine in endings:
            row = make_row(suite, specification, ending, machine)
            value = ending.value if isinstance(ending.value, dict) else {}
            result = value.get("result", {})
            rows.append((row, result.get("solution"), result.get("certificate")))
        done += store.add_all(rows)
        if on_event is not None:
            for (specification, _, _), (row, _, _) in zip(endings, rows, strict=True):
                on_event(Event(specification, row, kept + done))

    def started(specification: Specification) -> None:
        if on_event is not None:
            on_event(Event(specification, settled=kept + done))

    if not missing:
        return Summary(len(specifications), kept, 0)
    job = Job(work, tuple(modules), tuple(path), batch, missing[0])
    try:
        if scheduler is None:
            interrupted = _run_local(missing, workers, started, settle, job)
        else:
            from fairbound.benchmarks.core import schedulers  # Dask is an extra

            interrupted = schedulers.run(missing, scheduler, workers, started, settle, job)
    except KeyboardInterrupt:
        interrupted = True
    return Summary(len(specifications), kept, done, interrupted)


Settled = tuple[Specification, Ending, dict[str, str] | None]
"""A specification, how its solve ended, and the machine where that was another one."""


@dataclass(frozen=True)
class Job:
    """What a worker must know beyond the specifications.

    Attributes
    ----------
    first
        A specification, whose instance a fork server reads once where solves share a process.
    """

    work: str
    modules: tuple[str, ...]
    path: tuple[str, ...]
    batch: int
    first: Specification

    def isolation(self) -> Isolation:
        """A fork server for this job."""
        prepare = (PREPARE, self.first.to_json()) if self.batch > 1 else None
        return Isolation(self.modules, self.path, prepare)


class _Line:
    """Specifications that wait, handed out in batches."""

    def __init__(self, specifications: Sequence[Specification], workers: int, batch: int) -> None:
        self._waiting = deque(specifications)
        self._lock = threading.Lock()
        self._workers, self._batch = workers, batch

    def take(self) -> list[Specification]:
        """The next batch, smaller towards the end so that nobody waits for one worker; empty when all is done."""
        with self._lock:
            size = max(1, min(self._batch, -(-len(self._waiting) // self._workers)))
            taken: list[Specification] = []
            while self._waiting and len(taken) < size:
                if taken and process_limits(self._waiting[0]) != process_limits(taken[0]):
                    break
                taken.append(self._waiting.popleft())
            return taken

    def give_back(self, specifications: Sequence[Specification]) -> None:
        with self._lock:
            self._waiting.extendleft(reversed(specifications))


def _run_local(
    specifications: Sequence[Specification],
    workers: int,
    started: Callable[[Specification], None],
    settle: Callable[[Sequence[Settled]], None],
    job: Job,
) -> bool:
    """Threads hand specifications to fork servers, this thread commits what comes back; whether it was stopped."""
    workers = min(workers, len(specifications))
    line = _Line(specifications, workers, job.batch)
    news: queue.SimpleQueue[tuple[Specification, Ending | None] | BaseException | None] = queue.SimpleQueue()
    isolations = [job.isolation() for _ in range(workers)]

    def serve(isolation: Isolation) -> None:
        with isolation:
            try:
                while taken := line.take():
                    line.give_back(
                        solve_batch(
                            isolation,
                            job.work,
                            taken,
                            lambda specification: news.put((specification, None)),
                            lambda specification, ending: news.put((specification, ending)),
                        )
                    )
            except Stopped:
                return
            except BaseException as error:
                news.put(error)

    threads = [threading.Thread(target=serve, args=(isolation,), daemon=True) for isolation in isolations]
    left = len(specifications)

    def commit(wait: bool) -> bool:
        """Commit what is there; ``False`` if an interrupt is among it."""
        nonlocal left
        endings: list[Settled] = []
        going = True
        try:
            while True:
                item = news.get(wait and not endings)
                if item is None:
                    going = False
                elif isinstance(item, BaseException):
                    raise item
                elif item[1] is None:
                    started(item[0])
                else:
                    if wait and not endings:
                        time.sleep(GATHERED_SECONDS)
                    endings.append((item[0], item[1], None))
                if not going or len(endings) >= MOST_TOGETHER:
                    break
        except queue.Empty:
            pass
        finally:
            left -= len(endings)
            settle(endings)
        return going

    with interruptible(lambda: news.put(None)) as stop:
        try:
            for isolation in isolations if may_fork() else ():
                isolation.start()  # as long as this process has one thread
            for thread in threads:
                thread.start()
            while left and commit(wait=True):
                continue
        finally:
            for isolation in isolations:
                isolation.stop()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
            if stop.is_set():
                commit(wait=False)  # what had ended when the stop came
    return stop.is_set() and left > 0
