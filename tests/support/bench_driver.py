"""A driver of a sweep in a process of its own, so that a test can kill it: DIR COUNT."""

from __future__ import annotations

import sys
from pathlib import Path

from fairbound.benchmarks.core.runner import run_specifications
from fairbound.benchmarks.core.specification import Specification
from fairbound.benchmarks.core.store import Store

SUPPORT = str(Path(__file__).parent)


def specifications(count: int, seconds: float = 60.0) -> list[Specification]:
    """So many solves that differ in their seeds."""
    return [
        Specification("cep", "cep/calpads33", (), "reimbursement", "alone", seed=seed, seconds=seconds, grace=0)
        for seed in range(count)
    ]


def drive(folder: Path, count: int) -> None:
    """Run what the folder lacks of a sweep of slow solves."""
    with Store(folder, write=True) as store:
        run_specifications(
            specifications(count),
            store,
            "test",
            workers=2,
            work="hostile_work:solve",
            modules=["hostile_work"],
            path=[SUPPORT],
        )


if __name__ == "__main__":
    drive(Path(sys.argv[1]), int(sys.argv[2]))
