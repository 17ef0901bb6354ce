"""``fairbound bench``: run suites, look at their results, report, compare."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from fairbound.benchmarks.core.comparisons import compare_exact, crossings, heuristic_gaps, standings
from fairbound.benchmarks.core.difference import Change, difference, totals
from fairbound.benchmarks.core.numbers import percent_text
from fairbound.benchmarks.core.questions import Question, questions
from fairbound.benchmarks.core.references.growing import alarms as reference_alarms
from fairbound.benchmarks.core.report_tables import (
    Table,
    answers_table,
    cell_text,
    engines_table,
    heuristic_standings_table,
    standings_table,
)
from fairbound.benchmarks.core.row import Row
from fairbound.benchmarks.core.runner import WORKERS, run_plan
from fairbound.benchmarks.core.store import Store, read_rows
from fairbound.benchmarks.core.suite import load_suite, plan, shipped_suites
from fairbound.cli import honesty, references, runs
from fairbound.cli.exit_codes import ANSWER_IS_NO, INTERRUPTED
from fairbound.cli.screen import console, table
from fairbound.cli.show import number, percent, shout
from fairbound.solvers.core.isolation import Outcome

app = typer.Typer(help="Benchmarks: run suites, report, compare, verify references.", no_args_is_help=True)


def register(main: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(honesty.honesty)
    app.command()(references.references)
    main.add_typer(app, name="bench")


Folder = Annotated[Path, typer.Argument(metavar="DIR", file_okay=False, help="A folder made by bench run.")]
Source = Annotated[Path, typer.Argument(metavar="DIR", help="A folder made by bench run, or a Parquet file.")]


@app.command()
def suites() -> None:
    """List the suites that come with fairbound."""
    rows = [{"suite": name, "what": title} for name, title in shipped_suites().items()]
    console().print(table("Suites", rows, text_columns=2))


@app.command()
def run(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="A shipped suite or a TOML file.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help="Results; a run goes on there.")],
    workers: runs.Workers = WORKERS,
    scheduler: runs.Scheduler = None,
    retry: runs.Retry = "",
) -> None:
    """Run a suite: one process for each solve, each row kept at once; the same command goes on after a stop."""
    again = runs.outcomes(retry)
    planned = plan(load_suite(suite))
    for reason in planned.skipped:
        console(stderr=True).print(f"skipped {reason}", soft_wrap=True)
    with runs.following(len(planned.specifications)) as shown:
        summary = run_plan(planned, out, workers, scheduler, shown, again)
    with Store(out) as store:
        store.export()
    text = f"{out}: {summary.kept + summary.done:,} of {summary.planned:,} solves ({summary.done:,} new)"
    console().print(text + (f", {shown.said()}" if shown.said() else ""), soft_wrap=True)
    with Store(out) as store:
        shout(text for question in questions(store.rows()) for text in question.contradictions)
    if summary.interrupted:
        console().print("interrupted: every finished row is kept; the same command goes on")
        raise typer.Exit(INTERRUPTED)


def _print(made: Table) -> None:
    """A table of the report on the terminal."""
    text = [
        {
            column.label: _cell(cell, column.kind)
            for column, cell in zip(made.columns, row, strict=True)
            if column.label != "note"
        }
        for row in made.rows
    ]
    words = {column.label for column in made.columns if column.kind == "text"}
    console().print(table(made.title, text, text_columns=0, words=words))
    console().print()


def _cell(cell: object, kind: str) -> str:
    """A cell as the report has it."""
    if cell is None:
        return "-"
    return percent_text(cell) if isinstance(cell, float) and kind == "percent" else cell_text(cell, kind)


def _complain(rows: list[Row], asked: list[Question]) -> bool:
    """Print what did not end well and what contradicts; ``True`` if anything contradicts."""
    out = console()
    counted = Counter((row.outcome, row.method) for row in rows if row.outcome != Outcome.OK)
    for (outcome, method), count in sorted(counted.items()):
        out.print(f"{count:,} {outcome}: {method}")
    alarms = [text for question in asked for text in question.contradictions] + reference_alarms(asked)
    for text in alarms:
        out.print(text, style="bold red", soft_wrap=True)
    return any("CONTRADICTION" in text or "claims the bound" in text for text in alarms)


@app.command()
def show(source: Source) -> None:
    """Show the results of a run in the terminal: answers, exact methods, heuristics, what went wrong."""
    rows = read_rows(source)
    asked = questions(rows)
    for problem in dict.fromkeys(question.problem for question in asked):
        own = [question for question in asked if question.problem == problem]
        _print(answers_table(problem, own))
        found = standings(compare_exact(own))
        if found:
            _print(standings_table(problem, found))
        crossed = crossings(own)
        if crossed:
            _print(engines_table(problem, crossed))
        gaps = heuristic_gaps(own)
        if gaps:
            _print(heuristic_standings_table(problem, gaps))
    outcomes = ", ".join(f"{count:,} {kind}" for kind, count in Counter(row.outcome for row in rows).most_common())
    console().print(f"{len(rows):,} solves: {outcomes or 'none yet'}")
    if _complain(rows, asked):
        raise typer.Exit(ANSWER_IS_NO)


@app.command()
def report(
    source: Source,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="By default DIR/report.html.")] = None,
    title: Annotated[str | None, typer.Option(help="By default the suite's title.")] = None,
    static: Annotated[
        bool, typer.Option(help="Also write figures as SVG, PDF, PNG, CSV and tables as CSV and LaTeX.")
    ] = True,
) -> None:
    """Write the report: one HTML file that needs no network, and every figure for papers."""
    from fairbound.benchmarks.core.report import report as write  # Matplotlib takes its time

    target = out or (source.parent if source.suffix == ".parquet" else source)
    page = write(source, target, title, static=static)
    console().print(f"written: {page}", soft_wrap=True)


@app.command()
def diff(
    first: Annotated[Path, typer.Argument(metavar="A", help="The earlier run.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The later run.")],
) -> None:
    """Compare two runs: what got faster, slower, better, worse, beyond the noise."""
    pairs = difference(read_rows(first), read_rows(second))
    rows = [
        {
            "change": pair.change.value,
            "solve": pair.label + (f": {pair.why}" if pair.why else ""),
            "CPU s before": number(pair.first, 3),
            "after": number(pair.second, 3),
            "ratio": number(pair.ratio, 2),
            "noise": "-" if pair.first is None else percent(pair.noise),
        }
        for pair in pairs
        if pair.change is not Change.SAME
    ]
    out = console()
    if rows:
        out.print(table("Changes", rows, text_columns=2))
        out.print()
    sums = totals(pairs)
    out.print(", ".join(f"{count:,} {change.value}" for change, count in sums.counts.items() if count) or "no solves")
    if sums.mean_first is not None and sums.mean_second is not None:
        out.print(
            f"shifted geometric mean (1 s) of CPU seconds: {sums.mean_first:.4f} -> {sums.mean_second:.4f} "
            f"(x {sums.mean_second / sums.mean_first:.2f})"
            if sums.mean_first
            else "no time was measured"
        )
    out.print("A time counts as changed beyond its noise: the spread of repetitions, at least 25 % and 0.05 s.")
    if sums.counts[Change.WORSE]:
        raise typer.Exit(ANSWER_IS_NO)
