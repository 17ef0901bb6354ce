"""Run a plan on Dask workers: a cluster on this machine, a scheduler elsewhere, or SLURM.

A task starts its solve in a process of its own on the worker; the row travels back and this process, the
only writer, commits it at once. A worker that dies takes its task with it, and Dask gives the task
to another. Needs the extra ``cluster``.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from fairbound.benchmarks.machine import describe
from fairbound.benchmarks.runner import process_limits
from fairbound.benchmarks.specification import Specification
from fairbound.models.errors import InputError
from fairbound.solvers.isolation import Ending, Isolation, Outcome

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


def execute(
    document: dict[str, Any], work: str, modules: Sequence[str], path: Sequence[str]
) -> tuple[Ending, dict[str, str]]:
    """Solve one specification on a worker; each of its threads keeps a nursery."""
    specification = Specification.from_json(document)
    isolation: Isolation | None = getattr(_own, "isolation", None)
    if isolation is None:
        isolation = _own.isolation = Isolation(modules, path)
    return isolation.run(work, specification.to_json(), process_limits(specification)), describe()


def run(
    specifications: Sequence[Specification],
    scheduler: str,
    workers: int,
    started: Callable[[Specification], None],
    settle: Callable[[Specification, Ending, dict[str, str] | None], None],
    work: str,
    modules: Sequence[str],
    path: Sequence[str],
) -> None:
    """Hand every specification to Dask and settle each as it comes back.

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
    if not specifications:
        return
    dask, distributed = _need("dask"), _need("distributed")
    patience = {"distributed.scheduler.allowed-failures": MOST_DEATHS}
    with dask.config.set(patience), connect(scheduler, workers) as client:
        futures = {}
        for specification in specifications:
            # Nothing is pure: a task of the same name must not be answered from Dask's memory.
            future = client.submit(execute, specification.to_json(), work, modules, path, pure=False)
            futures[future] = specification
            started(specification)
        for future in distributed.as_completed(futures):
            error = future.exception()
            if error is None:
                ending, machine = future.result()
                settle(futures[future], ending, machine)
            else:
                words = " ".join(f"{type(error).__name__}: {error}".split())
                settle(futures[future], Ending(Outcome.KILLED, message=words[:500]), None)
            future.release()


@contextmanager
def connect(scheduler: str, workers: int) -> Iterator[Any]:
    """A client of the scheduler; what was started for it is closed at the end."""
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
