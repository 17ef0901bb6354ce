"""What a second search beside the first is worth: the same questions with one and with two, in turn.

    python -m fairbound.benchmarks.core.racing --seconds 40 --out racing

Questions are those that a problem's ``growth.py`` names in ``RACED``. Each solve is a process of its own. On a machine
with other work wall seconds say little, so processor seconds are counted, and divided by the number of searches: about
the time that each would have taken on a core of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from fairbound.instances.core.files import write_text
from fairbound.instances.core.tables import write_csv
from fairbound.models import PROBLEMS
from fairbound.solvers.core.isolation import ONE_THREAD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fairbound.models.core.problem import Instance

WORKERS = (1, 2)


@dataclass(frozen=True)
class Line:
    """One question with so many searches.

    Attributes
    ----------
    cpu
        Processor seconds of all processes, divided by the number of searches.
    mb
        Largest resident memory of one process.
    """

    question: str
    workers: int
    seed: int
    method: str
    ended: str
    level: str
    value: float | None
    gap: float | None
    proven: float | None
    wall: float
    cpu: float
    mb: float


def questions() -> Mapping[str, Callable[[], Instance]]:
    """What the problems name, by ``problem/name``."""
    found: dict[str, Callable[[], Instance]] = {}
    for problem in PROBLEMS:
        if find_spec(f"fairbound.benchmarks.{problem}.growth") is not None:
            named = getattr(import_module(f"fairbound.benchmarks.{problem}.growth"), "RACED", {})
            found |= {f"{problem}/{name}": make for name, make in named.items()}
    return found


def measure(question: str, workers: int, seed: int, seconds: float) -> Line:
    """Answer a question in this process and those that it starts."""
    from fairbound.solvers.core.result import Settings
    from fairbound.solvers.core.solve import solve

    instance, before = questions()[question](), os.times()
    began = time.perf_counter()
    result = solve(instance, settings=Settings(time_limit=seconds, seed=seed), workers=workers)
    wall, after = time.perf_counter() - began, os.times()
    cpu = sum(getattr(after, k) - getattr(before, k) for k in ("user", "system", "children_user", "children_system"))
    return Line(
        question,
        workers,
        seed,
        result.method,
        result.termination.value,
        result.level.value,
        None if result.primal_bound is None else float(result.primal_bound),
        result.gap,
        result.proven_gap,
        wall,
        cpu / workers,
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    )


def table(lines: list[Line]) -> str:
    """One and two side by side, as Markdown."""
    rows = ["| question | searches | seed | ended | value | gap | CPU s a search | wall s | MB |"]
    rows.append("| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    for line in lines:
        gap = "" if line.gap is None else f"{line.gap:.2g}"
        value = "" if line.value is None else f"{line.value:.9g}"
        cells = (line.question, line.workers, line.seed, f"{line.ended} {line.level}", value, gap)
        cost = (f"{line.cpu:.1f}", f"{line.wall:.1f}", f"{line.mb:.0f}")
        rows.append("| " + " | ".join(map(str, (*cells, *cost))) + " |")
    return "\n".join(rows) + "\n"


def main(
    only: Annotated[list[str] | None, typer.Argument(metavar="[QUESTION]...", help="By default all.")] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="Time limit of each.")] = 40.0,
    seeds: Annotated[int, typer.Option(min=1, help="First seeds 0, 2, 4, ... so many.")] = 1,
    out: Annotated[Path, typer.Option(file_okay=False, help="Where the table is written.")] = Path("racing"),
) -> None:
    """Measure, print line by line, and write ``racing.csv`` and ``racing.md``."""
    lines: list[Line] = []
    for question in only or questions():
        for seed in range(0, 2 * seeds, 2):
            for workers in WORKERS:
                command = [sys.executable, "-m", __spec__.name, "one", question, *map(str, (workers, seed, seconds))]
                done = subprocess.run(command, check=True, capture_output=True, env={**os.environ, **ONE_THREAD})
                lines.append(Line(**json.loads(done.stdout.splitlines()[-1])))
                print(table(lines[-1:]).splitlines()[-1], flush=True)
                rows = [{k: "" if v is None else str(v) for k, v in asdict(line).items()} for line in lines]
                write_csv(out / "racing.csv", rows)
                write_text(out / "racing.md", table(lines))


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        found = measure(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
        print(json.dumps(asdict(found)))
    else:
        typer.run(main)
