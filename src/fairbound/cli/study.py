"""``fairbound study``: estimate, decide, and be judged."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import typer

from fairbound import api
from fairbound.cli import options
from fairbound.cli.screen import console, table
from fairbound.cli.show import number, running
from fairbound.instances.core import catalogue
from fairbound.instances.core.tables import full_rows, write_csv

if TYPE_CHECKING:
    from fairbound.benchmarks.core.study import Study
    from fairbound.models.core.problem import Instance


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("study")(options.reads_file(study))


def study(
    instance: options.InstanceName,
    set_: options.Changes = None,
    problem: options.ProblemName = None,
    truth: options.TruthName = None,
    time_limit: options.TimeLimit = 60.0,
    seed: options.Seed = 0,
    out: options.OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """Lay every model of a problem beside the others: estimate, decide, and be judged.

    Decisions are judged under the hidden truth of a simulation, which methods never see: the catalogue knows it; for a
    file name it by --truth. Predictions are judged on rows kept for testing.
    With --out DIR the table is written as study.csv, and its figures as SVG, PDF, PNG and CSV.
    """
    from fairbound.benchmarks.core.study import study_of  # Matplotlib and the solvers take their time

    asked = api.load(instance, options.changes(set_), problem)
    work = study_of(asked.problem)
    known = catalogue.load_truth(truth or instance) if truth or work.judged else None
    with running(f"studying {asked.name}") as line:
        found = work.run(asked, known, options.settings(time_limit, 0.0, 1, seed), line.say)
    try:
        if out is not None:
            from fairbound.benchmarks.core.static_figures import write_static

            write_csv(out / "study.csv", full_rows(found.rows))
            write_static(found.figures, out)
    finally:  # also where nothing can be written
        _print(asked, found, as_json)


def _print(asked: Instance, found: Study, as_json: bool) -> None:
    """Print a study, for people or as JSON."""
    if as_json:
        rows = [{k: str(v) if isinstance(v, Fraction) else v for k, v in row.items()} for row in found.rows]
        print(json.dumps({"instance": asked.name, "digest": asked.digest, "rows": rows, "notes": list(found.notes)}))
        return
    console().print(table(found.title, [{name: _shown(cell) for name, cell in row.items()} for row in found.rows]))
    for note in found.notes:
        console().print(note, soft_wrap=True)


def _shown(cell: Any) -> str:
    return "-" if cell is None else number(cell) if isinstance(cell, Fraction | float) else str(cell)
