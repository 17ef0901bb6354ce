"""``fairbound analyse``: the questions a district's analyst asks next, each a table and a figure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from fairbound.benchmarks.cep import analyses, analysis_figures, price_table
from fairbound.benchmarks.cep.analyses import Analysis, Cell, Table
from fairbound.benchmarks.core.figure import Figure
from fairbound.cli import options
from fairbound.cli.exit_codes import ENGINE_FAILED, code_of
from fairbound.cli.proof import read_certificate
from fairbound.cli.screen import console, table
from fairbound.cli.show import exact, levels_line, number, percent, running, shout
from fairbound.instances.core.tables import full_rows, write_csv
from fairbound.models.core.errors import InputError
from fairbound.solvers.cep import certificate as price_curve
from fairbound.solvers.core import certificates
from fairbound.solvers.core.interrupts import interruptible
from fairbound.solvers.core.result import Termination

app = typer.Typer(help="What an analyst asks next about a CEP instance: tables and figures.", no_args_is_help=True)

Limit = Annotated[float, typer.Option("--time-limit", min=0, help="Seconds for each line of the table.")]
OutFolder = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", file_okay=False, help="Also write tables as CSV, figures as SVG, PDF, PNG, CSV."
    ),
]


def register(main: typer.Typer) -> None:
    """Add the group of commands."""
    main.add_typer(app, name="analyse")


def _shown(column: str, cell: Cell) -> str:
    """A cell for people."""
    if column == "gap":
        return percent(cell) if isinstance(cell, float) else "-"
    if column in ("change", "contribution") and isinstance(cell, Fraction | int):
        return f"{float(cell):{'+' if column == 'change' else ''},.2f}" if cell else "0"
    if isinstance(cell, Fraction):
        return f"{float(cell):,.2f}"
    if isinstance(cell, float):
        return number(cell)
    if isinstance(cell, int):
        return f"{cell:,}"
    return "-" if cell is None else cell


def _write(tables: Sequence[Table], figures: Sequence[Figure], folder: Path) -> None:
    from fairbound.benchmarks.core.static_figures import write_static  # Matplotlib takes its time

    for found in tables:
        write_csv(folder / f"{found.name}.csv", full_rows(found.rows))
    write_static(figures, folder)


def _json(tables: Sequence[Table]) -> dict[str, Any]:
    return {
        found.name: [{k: str(v) if isinstance(v, Fraction) else v for k, v in row.items()} for row in found.rows]
        for found in tables
    }


def _print(tables: Sequence[Table]) -> None:
    for found in tables:
        rows = [{column: _shown(column, cell) for column, cell in row.items()} for row in found.rows]
        console().print(table(found.title, rows))


def _answer(found: Analysis, figures: Sequence[Figure | None], out: Path | None, as_json: bool) -> None:
    """Show and write an analysis; the exit code is that of its first line if nothing has a value."""
    results = [line.result for line in found.lines]
    with interruptible():  # an answer that is there is written whole
        _show(found, figures, out, as_json)
    if any(result.contradiction for result in results):
        raise typer.Exit(ENGINE_FAILED)
    if all(result.primal_bound is None for result in results):
        raise typer.Exit(code_of(results[0]))


def _show(found: Analysis, figures: Sequence[Figure | None], out: Path | None, as_json: bool) -> None:
    try:
        if out is not None:
            _write(found.tables, [figure for figure in figures if figure], out)
    finally:  # also where nothing can be written
        _print_analysis(found, as_json)
    if out is not None:
        console(stderr=as_json).print(f"written: {out}/", soft_wrap=True)


def _print_analysis(found: Analysis, as_json: bool) -> None:
    """Print an analysis, for people or as JSON."""
    results = [line.result for line in found.lines]
    interrupted = any(result.termination is Termination.INTERRUPTED for result in results)
    if as_json:
        about: dict[str, Any] = {"instance": found.instance.name, "digest": found.instance.digest}
        about |= {"analysis": found.name}
        about |= {"contradictions": [result.contradiction for result in results if result.contradiction]}
        about |= {"termination": (Termination.INTERRUPTED if interrupted else Termination.FINISHED).value}
        print(json.dumps(about | {"unit": found.unit, "tables": _json(found.tables), "notes": found.notes}, indent=2))
    else:
        _print(found.tables)
        for note in found.notes:
            console().print(note)
        if interrupted:
            console().print("interrupted: what was known by then")
        console().print(levels_line(results) or "no line has a plan", style="dim")
        shout(result.contradiction for result in results)


@app.command("front")
@options.reads_file
def front(
    instance: options.InstanceName,
    points: Annotated[int, typer.Option(min=2, help="Points of the front.")] = 8,
    set_: options.Changes = None,
    time_limit: Limit = analyses.LIMIT,
    out: OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """Students covered against money: the best value at least so many students in CEP allow."""
    asked = analyses.cep_instance(instance, options.changes(set_))
    with running(f"front of {asked.name}") as line:
        found, widest = analyses.front(asked, points, time_limit, lambda text: line.say(f"{asked.name}: {text}"))
    _answer(found, [analysis_figures.front_figure(found, widest)], out, as_json)


@app.command("sensitivity")
@options.reads_file
def sensitivity(
    instance: options.InstanceName,
    parameter: Annotated[str, typer.Argument(help="threshold, multiplier, rates, or any other parameter.")],
    values: Annotated[str, typer.Argument(help="Values joined by commas.")],
    set_: options.Changes = None,
    time_limit: Limit = analyses.LIMIT,
    out: OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """The best value as one parameter changes; ``groups 1,2,4,8,none`` gives the price of K."""
    asked = analyses.cep_instance(instance, options.changes(set_))
    wanted = list(dict.fromkeys(value.strip() for value in values.split(",") if value.strip()))
    if not wanted:
        raise InputError("values", found=values, wanted="values joined by commas")
    with running(f"{parameter} of {asked.name}") as line:
        say = lambda text: line.say(f"{asked.name}: {text}")  # noqa: E731
        found = analyses.sensitivity(asked, parameter, wanted, time_limit, say)
    _answer(found, analysis_figures.sensitivity_figures(found), out, as_json)


@app.command("cover")
@options.reads_file
def cover(
    instance: options.InstanceName,
    set_: options.Changes = None,
    time_limit: Limit = analyses.LIMIT,
    out: OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """What covering every school costs, against leaving some out."""
    asked = analyses.cep_instance(instance, options.changes(set_))
    with running(f"cover of {asked.name}") as line:
        found = analyses.cover(asked, time_limit, lambda text: line.say(f"{asked.name}: {text}"))
    _answer(found, [analysis_figures.cover_figure(found)], out, as_json)


@app.command("school")
@options.reads_file
def school(
    instance: options.InstanceName,
    school_id: Annotated[str, typer.Argument(help="A school of the instance.")],
    set_: options.Changes = None,
    time_limit: Limit = analyses.LIMIT,
    out: OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """One school's best group, what the district gains by having it in CEP, and every other place for it."""
    asked = analyses.cep_instance(instance, options.changes(set_))
    with running(f"school {school_id} of {asked.name}") as line:
        found = analyses.school(asked, school_id, time_limit, lambda text: line.say(f"{asked.name}: {text}"))
    _answer(found, [analysis_figures.school_figure(found)], out, as_json)


@app.command("prices")
def prices(
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="A certificate.json of a CEP instance.")],
    out: OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """The price curve of a certificate, replayed first, and where schools would be worth most."""
    document = read_certificate(certificate)
    if document.get("format") != price_curve.FORMAT:
        raise InputError("certificate", file=str(certificate), found=document.get("format"), wanted=price_curve.FORMAT)
    try:
        bound, _ = certificates.verify(document)
    except certificates.Rejected as error:
        raise InputError("certificate rejected", file=str(certificate), found=str(error)) from None
    found = price_table.prices(document)
    assert found.bound == bound, "the rows must add up to what the checker proves"
    unit = analyses.unit_of(found.instance) if found.objective == "reimbursement" else found.objective
    try:
        if out is not None:
            _write([found.table], analysis_figures.price_figures(found, unit), out)
    finally:  # also where nothing can be written
        if as_json:
            about = {"instance": found.instance.name, "digest": found.instance.digest, "analysis": "prices"}
            print(json.dumps(about | {"bound": str(bound), "unit": unit, "tables": _json([found.table])}, indent=2))
        else:
            _print([found.table])
            console().print(f"The contributions add up to the bound, {exact(bound)} {unit} (L2).")
    if out is not None:
        console(stderr=as_json).print(f"written: {out}/", soft_wrap=True)
