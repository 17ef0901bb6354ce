"""``fairbound demo``: every seed's experiment beside its exact answer, on embedded data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from fairbound import api
from fairbound.cli import bench
from fairbound.cli.compare import Screen, csv_rows
from fairbound.cli.exit_codes import INTERRUPTED
from fairbound.cli.screen import console
from fairbound.cli.show import running
from fairbound.cli.solve import write_result
from fairbound.instances.core.tables import write_csv
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.comparison import Compared
from fairbound.solvers.core.interrupts import requested
from fairbound.solvers.core.method import Kind
from fairbound.solvers.core.result import Result
from fairbound.solvers.core.wall import kept


@dataclass(frozen=True)
class Experiment:
    """One seed's question: its exact method first, then the heuristics that people use."""

    folder: str
    title: str
    instance: str
    methods: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
    objective: str | None = None


WIDTHS = ("width:12.5", "width:6.25", "width:3.125", "width:0.625", "one_group", "alone")
EXPERIMENTS = (
    Experiment(
        "cep-threshold-0.40",
        "MealsCount, 33 schools, threshold 40 %: the notebook's widths",
        "cep/calpads33",
        ("membership", *WIDTHS),
        {"threshold": "0.40"},
    ),
    Experiment(
        "cep-threshold-0.25",
        "MealsCount, 33 schools, threshold 25 %, as since 2023",
        "cep/calpads33",
        ("membership", *WIDTHS),
        {"threshold": "0.25"},
    ),
    Experiment(
        "transfers",
        "District transfers, 9 districts, at most 30 % of students move: the poster's SLSQP",
        "transfers/planar9",
        ("spatial_tree", "slsqp", "greedy"),
        {"p": "0.3"},
    ),
    Experiment(
        "applicants",
        "65 applicants, 22 seats at Webster: the seed's permutations and majority vote",
        "applicants/sfusd65",
        ("race_counts", "cell_counts", "permutations:1000", "majority:10000"),
    ),
    Experiment(
        "zones",
        "Zones of whole units, 4 schools: the nearest school, growth, local search",
        "blocks/grid100",
        ("separator_loop", "flow", "network_voronoi", "greedy_growth", "local_search"),
    ),
    Experiment(
        "classes",
        "Class types of 6,000 students: fewest moves for a gap of 0.1 between races",
        "classes/seed100",
        ("flows", "greedy_swaps", "lp_rounding", "status_quo"),
        {"groups": "race"},
    ),
    Experiment(
        "matching",
        "The same students as a study of small classes: pairs in exact balance, and what people do",
        "matching/seed100",
        ("subset", "naive", "least_squares", "nearest_neighbour", "rounded_relaxation"),
    ),
    Experiment(
        "scores",
        "Next year's score from past scores and budgets, 600 simulated districts: the best six of 87 features",
        "scores/synthetic",
        ("subset_tree", "greedy_swaps", "least_squares", "persistence", "constant"),
        objective="best_subset",
    ),
    Experiment(
        "grants",
        "The same districts: 20 grants from 20 million dollars for the worst tenth, under fitted effects",
        "grants/synthetic",
        ("segments", "lowest_first", "proportional_to_need", "equal_per_student"),
    ),
)
SUITE = "seeds"

Out = Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help="Where results are written.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("demo")(demo)


def demo(out: Out = Path("fairbound-demo")) -> None:
    """Run every seed's experiment beside its exact answer, and write tables, solutions and a report.

    Needs no data but what comes with fairbound.
    """
    with kept():  # one fork server for all of them
        for experiment in EXPERIMENTS:
            _show(experiment, out / experiment.folder)
    shown = console()
    shown.print(f"The benchmark suite {SUITE}, one process for each solve", style="bold")
    from fairbound.benchmarks.core.report import report  # slow to import: the first results do not wait for it

    bench.run(SUITE, out / "bench")
    page = report(out / "bench", out / "report.html", static=False)
    shown.print(f"\nopen {page} in a browser; solutions and tables are beside it", soft_wrap=True)
    shown.print(f"fairbound bench report {out / 'bench'} also writes every figure and table for print", soft_wrap=True)


def _show(experiment: Experiment, folder: Path) -> None:
    """Compare, print, and keep the table and the best exact solution."""
    instance = api.load(experiment.instance, experiment.parameters)
    problem = find_problem(instance.problem)
    console().print(experiment.title, style="bold")
    screen = Screen(problem, instance.name, list(experiment.methods))
    with running(experiment.title) as line:

        def on_line(found: Compared) -> None:
            with line.aside():
                screen.add(found)

        lines = api.compare(
            instance,
            methods=experiment.methods,
            objective=experiment.objective,
            on_progress=line,
            on_line=on_line,
            isolate=True,
        )
    screen.close()
    console().print()
    write_csv(folder / "compare.csv", csv_rows(problem, lines))
    exact = [line.result for line in lines if line.result is not None and line.method.kind is not Kind.BASELINE]
    if exact:
        write_result(problem, instance, _best(exact), folder)
    if requested():
        raise typer.Exit(INTERRUPTED)


def _best(results: list[Result]) -> Result:
    """The result of the least gap; the first among equals."""
    return min(results, key=lambda result: float("inf") if result.gap is None else result.gap)
