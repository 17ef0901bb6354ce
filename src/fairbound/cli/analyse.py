"""``fairbound analyse``: the questions a district's analyst asks next, each a table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from fairbound import analyses
from fairbound.cli import options
from fairbound.cli.show import console, running, table
from fairbound.instances.tables import write_csv
from fairbound.models.errors import InputError

app = typer.Typer(help="What an analyst asks next: tables of a CEP instance.", no_args_is_help=True)

Limit = Annotated[float, typer.Option("--time-limit", min=0, help="Seconds for each line of the table.")]


def register(main: typer.Typer) -> None:
    """Add the group of commands."""
    main.add_typer(app, name="analyse")


def _print(title: str, rows: Iterable[dict[str, str]], out: Path | None, as_json: bool) -> None:
    found: list[dict[str, Any]] = list(rows)
    if out is not None:
        write_csv(out, found)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        console().print(table(title, found))


OutFile = Annotated[Path | None, typer.Option("--out", metavar="FILE", dir_okay=False, help="Also write as CSV.")]


@app.command("front")
def front(
    instance: options.InstanceName,
    points: Annotated[int, typer.Option(min=2, help="Points of the front.")] = 8,
    set_: options.Changes = None,
    time_limit: Limit = 20.0,
    out: OutFile = None,
    as_json: options.AsJson = False,
) -> None:
    """Students covered against money: the best value at least so many students in CEP allow."""
    asked = analyses.cep_instance(instance, options.changes(set_))
    with running(f"front of {asked.name}"):
        rows = analyses.front(asked, points, time_limit)
    _print(f"Students against money: {asked.name}", rows, out, as_json)


@app.command("sensitivity")
def sensitivity(
    instance: options.InstanceName,
    parameter: Annotated[str, typer.Argument(help="threshold, multiplier, rates, or any other parameter.")],
    values: Annotated[str, typer.Argument(help="Values joined by commas.")],
    set_: options.Changes = None,
    time_limit: Limit = 20.0,
    out: OutFile = None,
    as_json: options.AsJson = False,
) -> None:
    """The best value as one parameter changes; ``groups 1,2,4,8,none`` gives the price of K."""
    asked = analyses.cep_instance(instance, options.changes(set_))
    wanted = [value.strip() for value in values.split(",") if value.strip()]
    if not wanted:
        raise InputError("values", found=values, wanted="values joined by commas")
    with running(f"{parameter} of {asked.name}"):
        rows = analyses.sensitivity(asked, parameter, wanted, time_limit)
    _print(f"{parameter}: {asked.name}", rows, out, as_json)


@app.command("cover")
def cover(
    instance: options.InstanceName,
    set_: options.Changes = None,
    time_limit: Limit = 20.0,
    out: OutFile = None,
    as_json: options.AsJson = False,
) -> None:
    """What covering every school costs, against leaving some out."""
    asked = analyses.cep_instance(instance, options.changes(set_))
    with running(f"cover of {asked.name}"):
        rows = analyses.sensitivity(asked, "cover", ["any", "all"], time_limit)
    _print(f"Price of covering all: {asked.name}", rows, out, as_json)


@app.command("school")
def school(
    instance: options.InstanceName,
    school_id: Annotated[str, typer.Argument(help="A school of the instance.")],
    set_: options.Changes = None,
    time_limit: Limit = 20.0,
    out: OutFile = None,
    as_json: options.AsJson = False,
) -> None:
    """One school's group in the best plan found, and what the district gains by having it in CEP."""
    asked = analyses.cep_instance(instance, options.changes(set_))
    with running(f"school {school_id} of {asked.name}"):
        rows = analyses.school(asked, school_id, time_limit)
    _print(f"School {school_id}: {asked.name}", rows, out, as_json)
