"""Compile and pass a Pyomo model to HiGHS: this project's road beside Pyomo's own interface, in one run.

Run ``python -m fairbound.benchmarks.core.highs_road``. Both roads start from the same built model and end
when HiGHS holds it; nothing is solved. Each is measured in a process of its own, in turn, because
Pyomo's walkers leave caches behind.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import Annotated

import pyomo.environ as pyo
import typer
from pyomo.core.expr import LinearExpression
from rich.console import Console
from rich.table import Table

ROWS, ENTRIES = 300_000, 3
"""Rows, and nonzeros in each of them."""


def knapsack_rows(binaries: int) -> pyo.ConcreteModel:
    """A model with 3 * 10^5 rows of three binaries each, built with ``LinearExpression``."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(binaries), domain=pyo.Binary)
    x = [model.x[j] for j in range(binaries)]
    model.row = pyo.Constraint(range(ROWS))
    for i in range(ROWS):
        chosen = [x[(i * 7919 + k * 104_729) % binaries] for k in range(ENTRIES)]
        model.row[i] = LinearExpression(linear_coefs=[1.0 + i % 3, 2.0, 3.0], linear_vars=chosen) <= 4.0
    model.goal = pyo.Objective(
        expr=LinearExpression(linear_coefs=[1.0 + j % 5 for j in range(binaries)], linear_vars=x), sense=pyo.maximize
    )
    return model


def this_road(model: pyo.ConcreteModel) -> tuple[int, int]:
    """Compile and pass; returns rows and columns that HiGHS holds."""
    from fairbound.solvers.core.result import Settings
    from fairbound.solvers.engines.highs import pass_model
    from fairbound.solvers.engines.standard_form import compile_model

    highs = pass_model(compile_model(model), Settings())
    return int(highs.getNumRow()), int(highs.getNumCol())


def pyomo_road(model: pyo.ConcreteModel) -> tuple[int, int]:
    """Pyomo's own interface, up to the same point."""
    from pyomo.contrib.solver.solvers.highs import Highs

    interface = Highs()
    interface.set_instance(model)
    held = interface._solver_model  # noqa: SLF001 - the interface has no public way to its HiGHS object
    return int(held.getNumRow()), int(held.getNumCol())


ROADS = {"fairbound": this_road, "pyomo.contrib.solver": pyomo_road}


def measure(road: str, binaries: int) -> dict[str, float]:
    """Seconds of one road on a freshly built model; checks that HiGHS holds all of it."""
    model = knapsack_rows(binaries)
    wall, cpu = time.perf_counter(), time.process_time()
    rows, columns = ROADS[road](model)
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    if (rows, columns) != (ROWS, binaries):
        raise RuntimeError(f"{road} passed {rows} x {columns}, wanted {ROWS} x {binaries}")
    return seconds


def main(
    binaries: Annotated[list[int] | None, typer.Option(help="Numbers of binaries. Repeatable.")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Runs of each road, in turn.")] = 3,
) -> None:
    """Measure both roads in turn and print medians and the ratio pair by pair."""
    table = Table(title="Compile and pass to HiGHS, CPU seconds (median)", title_justify="left", box=None)
    for column in ("binaries", "rows", *ROADS, "ratio (median)", "ratio (least)"):
        table.add_column(column, justify="right")
    for count in binaries or [100_000, 1_000_000]:
        runs: dict[str, list[float]] = {road: [] for road in ROADS}
        for _ in range(repeat):
            for road in ROADS:
                command = [sys.executable, "-m", __spec__.name, "one", road, str(count)]
                said = subprocess.run(command, check=True, capture_output=True).stdout.splitlines()
                runs[road].append(json.loads(said[-1])["cpu"])  # the engine's greeting may stand before it
        ratios = [theirs / ours for ours, theirs in zip(*runs.values(), strict=True)]
        medians = [f"{statistics.median(seconds):.2f}" for seconds in runs.values()]
        table.add_row(f"{count:,}", f"{ROWS:,}", *medians, f"{statistics.median(ratios):.1f}", f"{min(ratios):.1f}")
    Console().print(table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]))))
    else:
        typer.run(main)
