"""``fairbound export``: a formulation of an instance as a file that any solver reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairbound import api
from fairbound.benchmarks.core.export import export_model, format_of
from fairbound.cli import options
from fairbound.cli.screen import console
from fairbound.models.core.registry import find_problem


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("export")(options.reads_file(export))


def export(
    instance: options.InstanceName,
    formulation: Annotated[str, typer.Option(help="A formulation of the instance's problem.")],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", dir_okay=False, help="The file; compressed if it ends in .gz."),
    ],
    format_: Annotated[
        str | None, typer.Option("--format", metavar="mps|lp|nl", help="By default the ending of FILE tells.")
    ] = None,
    objective: options.Objective = None,
    relaxed: Annotated[bool, typer.Option(help="The LP relaxation: without integrality.")] = False,
    set_: options.Changes = None,
    problem: options.ProblemName = None,
) -> None:
    """Write a formulation as MPS, LP or NL, with the names of its variables and equations."""
    asked = api.load(instance, options.changes(set_), problem)
    kind = find_problem(asked.problem)
    goal = kind.objective(objective).name if objective else kind.objectives[0].name
    chosen = kind.formulation(formulation)
    for path in export_model(chosen, asked, goal, out, format_of(out, format_), relaxed):
        console().print(f"written: {path}", soft_wrap=True)
