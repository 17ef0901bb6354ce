"""``fairbound atlas``: every district under several years' rates and falls of identified students."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from fairbound.benchmarks.cep import atlas as made
from fairbound.benchmarks.core.batches import LARGEST
from fairbound.benchmarks.core.page import write_page
from fairbound.benchmarks.core.runner import WORKERS, run_specifications
from fairbound.benchmarks.core.store import Store
from fairbound.cli import options, runs
from fairbound.cli.exit_codes import ENGINE_FAILED, INTERRUPTED
from fairbound.cli.screen import console
from fairbound.cli.sweep import left_out_by_default
from fairbound.instances.core.source import Source, is_there
from fairbound.instances.core.tables import write_csv


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("atlas")(options.reads_file(atlas, "family"))


def atlas(
    family: Annotated[
        str, typer.Argument(metavar="FAMILY", help="A family such as cep/us or cep/us/ca, or a file with --by.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help="Results; a run goes on there.")],
    rates: Annotated[
        str, typer.Option(metavar="YEARS", help="School years joined by commas, or tables of rates.")
    ] = "2026-27",
    shock: Annotated[
        str, typer.Option(metavar="PERCENTS", help="Falls of identified students, in percent, joined by commas.")
    ] = "0,-5,-10,-20",
    purse: Annotated[str, typer.Option(metavar="PURSES", help="federal, district, or both joined by a comma.")] = (
        "federal"
    ),
    by: Annotated[
        str | None,
        typer.Option(metavar="COLUMNS", help="Columns of a file, joined by commas, that tell districts."),
    ] = None,
    set_: options.Changes = None,
    workers: runs.Workers = WORKERS,
    scheduler: runs.Scheduler = None,
    retry: runs.Retry = "",
) -> None:
    """Prove every district's best grouping at every point: rates x falls of identified students x purses.

    Writes atlas.html, one offline page with charts and tables that sort, and atlas.csv with a row for each district
    and point, exact values included. Rows are kept in DIR as they are solved: the same command goes on after a stop.
    Each student eats on 180 days unless --set days, breakfast_participation and lunch_participation say otherwise.
    """
    again = runs.outcomes(retry)
    began = time.perf_counter()
    asked = made.points(*(options.words(text) for text in (rates, shock, purse)))
    columns = options.words(by or "")
    if columns:
        family = options.located(family, leave_out=left_out_by_default(family, "cep"))
    elif not is_there(Path(family)) and not family.endswith("*"):
        family = f"{family.rstrip('/')}/*"
    planned = made.plan_atlas(family, asked, options.changes(set_), columns)
    everything = [specification for one in planned.values() for specification in one]
    with Store(out, write=True) as store:
        with runs.following(len(everything)) as shown:
            summary = run_specifications(
                everything, store, "atlas", workers, scheduler, shown, retry=again, batch=LARGEST
            )
        if summary.interrupted:
            console(stderr=True).print("interrupted: every finished row is kept; the same command goes on")
            raise typer.Exit(INTERRUPTED)
        districts = made.gathered(planned, store)
    write_csv(out / "atlas.csv", made.district_rows(districts, asked))
    tiles, parts = made.page_parts(districts, asked)
    source = Source.named(family)
    about = family.removesuffix("/*") if source is None else source.name
    page = write_page(out, "atlas", f"CEP atlas of {about}", made.points_text(asked), tiles, parts)
    lacking = len(everything) - sum(len(district.found) for district in districts)
    seconds = f"{time.perf_counter() - began:.1f} s"
    text = f"{page}: {len(districts):,} districts, {len(everything):,} answers ({summary.done:,} new) in {seconds}"
    console().print(text + (f"; {lacking:,} have none" if lacking else ""), soft_wrap=True)
    if shown.failed:
        raise typer.Exit(ENGINE_FAILED)
