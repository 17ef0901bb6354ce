"""``fairbound sweep``: solve a whole family of instances into one table."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from fairbound.benchmarks.core.questions import questions
from fairbound.benchmarks.core.runner import WORKERS
from fairbound.benchmarks.core.sweep import left_out_of, left_out_rows, part_of, plan_sweep, run_sweep, store_of
from fairbound.benchmarks.core.work import REFUSED
from fairbound.cli import options, runs
from fairbound.cli.exit_codes import ENGINE_FAILED, INTERRUPTED
from fairbound.cli.screen import console
from fairbound.cli.show import shout
from fairbound.instances.core import catalogue
from fairbound.instances.core.source import Source
from fairbound.solvers.core.isolation import Outcome


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("sweep")(options.reads_file(sweep, "family"))


BY_DEFAULT = ("incomplete", "marked")
"""Rows that a sweep leaves out of the parts of a file, if its reading says nothing else of them."""


def left_out_by_default(family: str, problem: str | None = None) -> tuple[str, ...]:
    """Of ``BY_DEFAULT``, what can be left out of a file of this kind and its reading does not accept."""
    source = Source.named(family)
    if source is None:
        return ()
    takes = catalogue.format_of(source, problem).takes
    return tuple(kind for kind in BY_DEFAULT if kind in takes and kind not in source.reading.accept)


def sweep(
    family: Annotated[
        str, typer.Argument(metavar="FAMILY", help="A family such as cep/us/* or cep/us/ca/*, or a file with --by.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", dir_okay=False, help="The table, as CSV.")],
    by: Annotated[
        str | None,
        typer.Option(metavar="COLUMNS", help="Columns of a file, joined by commas: the same texts, one instance."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="With --by: refuse an instance with rows that would be left out.")
    ] = False,
    problem: options.ProblemName = None,
    method: Annotated[str | None, typer.Option(help="A method; by default an exact one per instance.")] = None,
    objective: options.Objective = None,
    set_: options.Changes = None,
    time_limit: options.TimeLimit = None,
    gap: options.Gap = 0.0,
    threads: options.Threads = 1,
    seed: options.Seed = 0,
    workers: runs.Workers = WORKERS,
    scheduler: runs.Scheduler = None,
    retry: runs.Retry = "",
) -> None:
    """Solve every instance of a family and write one table, a row per instance.

    Rows are kept in FILE.rows as they are solved, a folder that bench show and bench report read too. The same
    command goes on there after a stop, and FILE appears when all rows are done. Another question, data or
    version at the same FILE shares nothing.

    With --by, a file is split by columns. Rows that are incomplete or marked as left out are left out, and
    FILE.left_out.csv names each of them, and every instance that was refused.

    Exit code 4 if a solve was killed, ran out of memory or failed, or if answers contradict one another.
    """
    again = runs.outcomes(retry)
    began = time.perf_counter()
    settings = options.settings(time_limit, gap, threads, seed)
    columns = options.words(by or "")
    if columns and not strict:
        family = options.located(family, leave_out=left_out_by_default(family, problem))
    planned = plan_sweep(
        family,
        objective=objective,
        method=method,
        parameters=options.changes(set_),
        settings=settings,
        by=columns,
        problem=problem,
    )
    with runs.following(len(planned)) as shown:
        summary, rows = run_sweep(planned, out, workers, scheduler, shown, again)
    if summary.interrupted:
        kept = f"{len(rows):,} of {len(planned):,} rows are in {part_of(out)} and kept in {store_of(out)}"
        console(stderr=True).print(f"interrupted: {kept}; the same command goes on", soft_wrap=True)
        raise typer.Exit(INTERRUPTED)
    ends = Counter(f"{row.status} {row.level}".strip() if row.outcome == Outcome.OK else row.outcome for row in rows)
    counts = ", ".join(f"{count:,} {end}" for end, count in sorted(ends.items()))
    seconds = f"{time.perf_counter() - began:.1f} s"
    console().print(f"{out}: {len(rows):,} rows, {summary.done:,} new ({counts}) in {seconds}", soft_wrap=True)
    left_out = left_out_rows(rows)
    if left_out:
        refused = sum(row.status == REFUSED for row in rows)
        text = f"{len(left_out) - refused:,} rows of the file were left out, {refused:,} instances refused"
        console().print(f"{text}: {left_out_of(out)}", soft_wrap=True)
    contradicted = shout(text for question in questions(rows) for text in question.contradictions)
    if contradicted or any(row.outcome not in (Outcome.OK, Outcome.TIMEOUT) for row in rows):
        raise typer.Exit(ENGINE_FAILED)
