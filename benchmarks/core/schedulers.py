"""Run a plan on Dask workers: a cluster on this machine, a scheduler elsewhere, or SLURM.

A task starts its solve in a process of its own on the worker; the row travels back and this process, the
only writer, commits it at once. A worker that dies takes its task with it, and Dask gives the task
to another. Needs the extra ``cluster``.
"""

from __future__ import annotations

import importlib
import threading
from contextlib import ExitStack, contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.batches import process_limits, solve_batch
from fairbound.benchmarks.core.machine import describe
from fairbound.benchmarks.core.specification import Specification
from fairbound.models.core.errors import InputError
from fairbound.solvers.core.isolation import Ending, Isolation, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fairbound.benchmarks.core.runner import Job, Settled

LOCAL, SLURM = "dask", "slurm"
MOST_DEATHS = 10
"""So often a worker may die under one task before Dask gives the task up."""

_own = threading.local()


def _need(module: str) -> Any:
    """Import a module of the extra ``cluster``; raises ``InputError`` where it is absent."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(f"--scheduler needs {module}", wanted="pip install 'fairbound[cluster]'") from None


def execute(documents: Sequence[dict[str, Any]], job: Job) -> tuple[list[Ending], dict[str, str]]:
    """Solve specifications on a worker for a while, at least the first; each of its threads keeps a fork server."""
    if getattr(_own, "job", None) != job:
        if hasattr(_own, "isolation"):
            _own.isolation.close()
        _own.job, _own.isolation = job, job.isolation()
    isolation: Isolation = _own.isolation
    endings: list[Ending] = []
    specifications = [Specification.from_json(document) for document in documents]
    solve_batch(
        isolation, job.work, specifications, lambda _specification: None, lambda _, ending: endings.append(ending)
    )
    return endings, describe()


def run(
    specifications: Sequence[Specification],
    scheduler: str,
    workers: int,
    started: Callable[[Specification], None],
    settle: Callable[[Sequence[Settled]], None],
    job: Job,
) -> bool:
    """Hand every specification to Dask and settle each as it comes back; whether a person stopped it.

    Parameters
    ----------
    scheduler
        ``dask`` for workers on this machine, ``slurm`` for jobs as Dask's own configuration
        (``jobqueue.slurm``) describes them, or the address of a running scheduler.
    workers
        Solves at a time; not used with an address.

    Raises
    ------
    InputError
        If the extra is not installed or the scheduler does not answer.
    """
    dask, distributed = _need("dask"), _need("distributed")
    patience = {"distributed.scheduler.allowed-failures": MOST_DEATHS}
    with dask.config.set(patience), connect(scheduler, workers) as client:
        futures: dict[Any, list[Specification]] = {}

        def submit(batch: list[Specification]) -> Any:
            # Nothing is pure: a task of the same name must not be answered from Dask's memory.
            future = client.submit(execute, [one.to_json() for one in batch], job, pure=False)
            futures[future] = batch
            started(batch[0])
            return future

        def take(future: Any) -> list[Specification]:
            """Settle what a task answered; returns what it left."""
            batch = futures.pop(future)
            error = future.exception()
            if error is None:
                endings, machine = future.result()
                settle([(one, ending, machine) for one, ending in zip(batch, endings, strict=False)])
                return batch[len(endings) :]
            words = " ".join(f"{type(error).__name__}: {error}".split())
            settle([(one, Ending(Outcome.KILLED, message=words[:500]), None) for one in batch[:1]])
            return batch[1:]

        waiting = distributed.as_completed([submit(batch) for batch in _batches(specifications, job.batch)])
        try:
            for future in waiting:
                left = take(future)
                if left:
                    waiting.add(submit(left))
                future.release()
        except KeyboardInterrupt:
            for future in [future for future in futures if future.done()]:
                take(future)
            return True
    return False


def _batches(specifications: Sequence[Specification], size: int) -> Iterator[list[Specification]]:
    """Batches of equal limits."""
    for _, equal in groupby(specifications, process_limits):
        group = list(equal)
        for i in range(0, len(group), size):
            yield group[i : i + size]


@contextmanager
def connect(scheduler: str, workers: int) -> Iterator[Any]:
    """A client of the scheduler; what was started for it is closed at the end.

    Raises ``InputError`` where none answers.
    """
    distributed = _need("distributed")
    with ExitStack() as stack:
        if scheduler == LOCAL:
            cluster = distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
            )
            yield stack.enter_context(distributed.Client(stack.enter_context(cluster)))
        elif scheduler == SLURM:
            cluster = stack.enter_context(slurm_cluster())
            cluster.scale(workers)
            yield stack.enter_context(distributed.Client(cluster))
        else:
            try:
                client = distributed.Client(scheduler, timeout=10)
            except (OSError, ValueError) as error:
                reason = " ".join(str(error).split())
                wanted = "dask, slurm, or an address such as tcp://host:8786"
                raise InputError(f"no scheduler answers ({reason})", found=scheduler, wanted=wanted) from None
            yield stack.enter_context(client)


def slurm_cluster() -> Any:
    """Workers as SLURM jobs of one core, described further by Dask's configuration ``jobqueue.slurm``."""
    dask, jobqueue = _need("dask"), _need("dask_jobqueue")
    # What the site's configuration says wins.
    site = dask.config.get("jobqueue.slurm", {})
    usual: dict[str, Any] = {"cores": 1, "processes": 1, "memory": "4GB"}
    return jobqueue.SLURMCluster(**{name: value for name, value in usual.items() if site.get(name) is None})
