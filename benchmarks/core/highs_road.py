"""From data to HiGHS: CPU seconds and memory until the engine holds the model, in each of several ways, in one run.

    python -m fairbound.benchmarks.core.highs_road --size 1000000

Every way starts from the same typed instance and ends when HiGHS holds the model; nothing is solved. Each is
measured in a process of its own, in turn: modelling tools leave caches behind. ``fairbound`` builds and compiles
a formulation; the other ways stand in ``road.py`` of each problem's folder: plain Pyomo, linopy where it is installed,
and a matrix with nobody between.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

import typer
from fairbound.models import PROBLEMS
from fairbound.models.core.registry import find_problem
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fairbound.models.core.problem import Instance

OURS, PEER = "fairbound", "linopy"


@dataclass(frozen=True)
class Road:
    """A model of one problem that can be built in several ways.

    Attributes
    ----------
    instance
        ``instance(binaries)``: an instance whose model has about so many binaries.
    prepare
        Works out beforehand what all ways need and the model itself does not: what a reduction leaves out.
    others
        ``others[name](instance)`` returns the ``Highs`` object that holds the model.
    """

    formulation: str
    objective: str
    instance: Callable[[int], Instance]
    others: Mapping[str, Callable[[Any], Any]]
    prepare: Callable[[Any], None] = lambda _: None


def roads() -> dict[str, Road]:
    """``ROAD`` of each problem that has one, by problem."""
    names = (name for name in PROBLEMS if find_spec(f"fairbound.benchmarks.{name}.road") is not None)
    return {name: import_module(f"fairbound.benchmarks.{name}.road").ROAD for name in names}


def ours(problem: str, road: Road, instance: Instance) -> Any:
    """Build as this project does."""
    from fairbound.models.core.arrays import collector_paused
    from fairbound.solvers.core.result import Settings
    from fairbound.solvers.engines.highs import pass_model
    from fairbound.solvers.engines.standard_form import compile_model

    with collector_paused():
        model = find_problem(problem).formulation(road.formulation).build(instance, road.objective)
    return pass_model(compile_model(model), Settings())


def measure(problem: str, way: str, binaries: int) -> dict[str, float]:
    """CPU seconds, memory beyond the instance, and what HiGHS holds in the end."""
    road = roads()[problem]
    instance = road.instance(binaries)
    road.prepare(instance)
    find_problem(problem).formulation(road.formulation)  # libraries are loaded by now
    if way == PEER:
        import_module(PEER)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu = time.process_time()
    held = ours(problem, road, instance) if way == OURS else road.others[way](instance)
    return {
        "cpu": time.process_time() - cpu,
        "mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        "rows": held.getNumRow(),
        "columns": held.getNumCol(),
        "nonzeros": held.getNumNz(),
    }


def main(
    size: Annotated[list[int] | None, typer.Option(help="Numbers of binaries. Repeatable.")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Runs of each way, in turn.")] = 3,
    without: Annotated[list[str] | None, typer.Option(help="A way to leave out. Repeatable.")] = None,
) -> None:
    """Measure all ways in turn; medians, and the ratio to the peer's pair by pair."""
    for problem, road in roads().items():
        ways = [OURS, *(way for way in road.others if way not in (without or ()))]
        ways = [way for way in ways if way != PEER or find_spec(PEER) is not None]
        for binaries in size or [100_000, 1_000_000]:
            runs: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
            for _ in range(repeat):
                for way in ways:
                    command = [sys.executable, "-m", __spec__.name, "one", problem, way, str(binaries)]
                    said = subprocess.run(command, check=True, capture_output=True).stdout.splitlines()
                    runs[way].append(json.loads(said[-1]))  # an engine's greeting may stand before it
            sizes = {(run["rows"], run["columns"], run["nonzeros"]) for done in runs.values() for run in done}
            title = f"{problem}, {road.formulation}, {binaries:,} binaries: (rows, columns, nonzeros) {sorted(sizes)}"
            _print(title, runs)


def _print(title: str, runs: Mapping[str, list[dict[str, float]]]) -> None:
    table = Table(title=title, title_justify="left", box=None)
    for column in ("way", "CPU s (median)", "least", "MB beyond the instance", "times linopy"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way, done in runs.items():
        seconds = [run["cpu"] for run in done]
        ratio = ""
        if PEER in runs:
            pairs = zip(seconds, (run["cpu"] for run in runs[PEER]), strict=True)
            ratio = f"{statistics.median(mine / theirs for mine, theirs in pairs):.2f}"
        memory = f"{statistics.median(run['mb'] for run in done):.0f}"
        table.add_row(way, f"{statistics.median(seconds):.2f}", f"{min(seconds):.2f}", memory, ratio)
    Console(width=140).print(table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(measure(sys.argv[2], sys.argv[3], int(sys.argv[4]))))
    else:
        typer.run(main)
