"""``fairbound sweep``: solve a whole family of instances into one table."""

from __future__ import annotations

import csv
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from fairbound import api
from fairbound.cli import options
from fairbound.cli.exit_codes import INTERRUPTED
from fairbound.cli.show import console
from fairbound.instances import catalogue
from fairbound.models.errors import InputError
from fairbound.models.problem import Instance
from fairbound.models.registry import find_problem
from fairbound.solvers.result import Result


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("sweep")(sweep)


def sweep(
    family: Annotated[str, typer.Argument(metavar="FAMILY", help="A family such as cep/us/* or cep/us/ca/*.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", dir_okay=False, help="The table, as CSV.")],
    method: Annotated[str | None, typer.Option(help="A method; by default an exact one per instance.")] = None,
    objective: options.Objective = None,
    set_: options.Changes = None,
    time_limit: options.TimeLimit = None,
    seed: options.Seed = 0,
) -> None:
    """Solve every instance of a family and write one table, a row per instance.

    Rows are kept in FILE.part as they are solved; the same command resumes there after a stop, and
    FILE appears when all rows are done.
    """
    names = catalogue.expand(family)
    given = options.changes(set_)
    question = f"{objective or ''}|{method or ''}|{sorted(given.items())}|{time_limit}|{seed}"
    part = out.with_name(out.name + ".part")
    done = _finished(part, question)
    began, shown = time.perf_counter(), console(stderr=True)
    part.parent.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Bar(*columns, console=shown, transient=True, disable=not shown.is_terminal)
    results = api.sweep(
        family,
        objective=objective,
        method=method,
        parameters=given,
        settings=options.settings(time_limit, 0.0, 1, seed),
        skip=lambda name: name in done,
    )
    rows = list(done.values())
    try:
        with bar, part.open("a", encoding="utf-8", newline="") as stream:
            task = bar.add_task(family, total=len(names), completed=len(done))
            writer = csv.writer(stream, lineterminator="\n")
            for instance, result in results:
                row = _row(instance, result)
                if not rows and stream.tell() == 0:
                    writer.writerow([question])
                    writer.writerow(row)
                writer.writerow(row.values())
                stream.flush()
                rows.append(row)
                bar.advance(task)
    except KeyboardInterrupt:
        shown.print(f"interrupted: {len(rows)} of {len(names)} rows are kept in {part}; the same command goes on")
        raise typer.Exit(INTERRUPTED) from None
    _publish(part, out)
    statuses = Counter(f"{row['status']} {row['level']}" for row in rows)
    counts = ", ".join(f"{count:,} {status}" for status, count in sorted(statuses.items()))
    console().print(f"{out}: {len(rows):,} rows ({counts}) in {time.perf_counter() - began:.1f} s")


def _row(instance: Instance, result: Result) -> dict[str, str]:
    problem = find_problem(instance.problem)
    row = {"instance": instance.name, "title": instance.title, "digest": instance.digest}
    row |= {name: value.replace(",", "") for name, value in problem.facts(instance).items()}
    row |= {
        "objective": result.objective,
        "method": result.method,
        "status": result.status.value,
        "level": result.level.value,
        "termination": result.termination.value,
        "primal_bound": str(result.primal_bound),
        "dual_bound": str(result.dual_bound),
        "value": "" if result.primal_bound is None else f"{float(result.primal_bound):.10g}",
    }
    row |= {f"value_{o.name}": str(result.values.get(o.name, "")) for o in problem.objectives}
    row |= {
        "nodes": str(result.nodes),
        "seconds": f"{result.seconds.total:.4f}",
        "repairs": "; ".join(instance.repairs),
    }
    return row | {"message": result.message}


def _finished(part: Path, question: str) -> dict[str, dict[str, str]]:
    """Rows of an earlier run of the same sweep; a last row cut short by a kill is dropped."""
    if not part.is_file():
        return {}
    text = part.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        part.write_text(whole, encoding="utf-8")
    lines = list(csv.reader(whole.splitlines()))
    if len(lines) < 2:
        part.unlink()
        return {}
    if lines[0] != [question]:
        what = "belongs to a sweep with another question"
        raise InputError(what, file=str(part), wanted="another --out, or delete it")
    return {row[0]: dict(zip(lines[1], row, strict=True)) for row in lines[2:]}


def _publish(part: Path, out: Path) -> None:
    """Give the finished table its name; its first line, the question, is dropped."""
    _, table = part.read_text(encoding="utf-8").split("\n", 1)
    part.write_text(table, encoding="utf-8")
    part.replace(out)
