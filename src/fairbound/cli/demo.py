"""``fairbound demo``: every seed's experiment beside its exact answer, on embedded data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairbound import api
from fairbound.cli.show import console, number, percent, table
from fairbound.cli.solve import comparison_rows, write_result
from fairbound.instances.tables import write_csv
from fairbound.models.registry import find_problem
from fairbound.solvers.result import shortfall

CEP = "cep/calpads33"
CEP_METHODS = ("membership", "width:12.5", "width:6.25", "width:3.125", "width:0.625", "one_group", "alone")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("demo")(demo)


Out = Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help="Where results are written.")]


def demo(out: Out = Path("fairbound-demo")) -> None:
    """Run the main job on embedded data: every seed's experiment beside its exact answer."""
    _cep(out / "cep")
    console().print(f"written: {out}/")


def _cep(folder: Path) -> None:
    """The MealsCount experiment: the notebook's four widths against the proven best grouping."""
    shown = console()
    problem = find_problem("cep")
    for threshold in ("0.40", "0.25"):
        instance = api.load(CEP, {"threshold": threshold})
        lines = api.compare(instance, methods=CEP_METHODS)
        best = next(line.result for line in lines if line.result is not None)
        write_csv(folder / f"compare_{threshold}.csv", comparison_rows(lines))
        write_result(problem, instance, best, folder / f"best_{threshold}")
        rows = []
        for line in lines:
            result = line.result
            if result is None or result.primal_bound is None:
                continue
            rows.append(
                {
                    "method": line.method.name,
                    "status": f"{result.status.value} {result.level.value}",
                    "groups": number(result.measures["groups"]),
                    "schools": number(result.values["schools"]),
                    "students": number(result.values["students"]),
                    "meal-equivalents": number(result.primal_bound),
                    "below the best": percent(shortfall(result.primal_bound, best.dual_bound)),
                }
            )
        title = f"CEP grouping, 33 schools, threshold {float(threshold):.0%}: the notebook's widths and the proven best"
        shown.print(table(title, rows))
        shown.print()
