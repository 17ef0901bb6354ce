"""``fairbound bench honesty``: what engines claim of models whose answers are known exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairbound.cli import options
from fairbound.cli.screen import console, table
from fairbound.cli.show import running
from fairbound.instances.core.tables import read_rows, write_csv
from fairbound.models.core.errors import InputError
from fairbound.solvers.engines.registry import engines, find_engine


def honesty(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help="Tables and wrong claims.")],
    engine: Annotated[
        str | None, typer.Option(metavar="ENGINES", help="Joined by commas; by default every one on this machine.")
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Another interpreter, with fairbound and other versions of engines."),
    ] = None,
    times: Annotated[float, typer.Option(min=0.01, help="So many times the usual number of generated cases.")] = 1.0,
    seed: options.Seed = 0,
) -> None:
    """Ask engines many small models whose answers are known exactly, and count what they claim wrongly.

    Big-M rows, rows scaled up and down, nearly parallel rows, equations at the tolerance, and fairbound's own
    formulations on hostile instances. Each wrong claim is written as a small MPS file, its truth and the claim in the
    first lines. Tables in DIR grow: engines and versions asked later stand beside those that are there.
    """
    from fairbound.benchmarks.core import honesty as suite

    chosen = list(options.words(engine or "")) or [e.name for e in engines() if not (e.missing() or e.local)]
    for name in chosen:
        reason = None if python is not None else find_engine(name).missing()
        if find_engine(name).local or reason:
            raise InputError(
                "bench honesty", found=reason or name, wanted="an engine for linear programs, on this machine"
            )
    tallied, told = _rows(out / "honesty.csv"), _rows(out / "false.csv")
    with running("drawing models") as shown:
        cases = suite.corpus(seed, times)
        for name in chosen:
            total = len(cases)
            found, false = suite.examine(
                name,
                cases,
                out,
                python=python,
                on_done=lambda k, n=name, t=total: shown.say(f"{n}: {k:,} of {t:,}"),  # type: ignore[misc]
            )
            new = suite.tally_rows(found)
            asked = (new[0]["engine"], new[0]["version"])
            tallied = [row for row in tallied if (row["engine"], row["version"]) != asked] + new
            told = [row for row in told if (row["engine"], row["version"]) != asked] + suite.falsehood_rows(false)
            write_csv(out / "honesty.csv", tallied)
            write_csv(out / "false.csv", told)
    console().print(table("Wrong claims, of the models taken", suite.summary_rows(tallied), text_columns=1))
    console().print(
        f"\nwritten: {out}/honesty.csv, {out}/false.csv and {len(told)} files in {out}/false", soft_wrap=True
    )


def _rows(path: Path) -> list[dict[str, str]]:
    return [dict(row) for _, row in read_rows(path)[1]] if path.is_file() else []
