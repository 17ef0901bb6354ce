"""``fairbound list``: problems, and what one problem offers."""

from __future__ import annotations

from typing import Annotated

import typer

from fairbound.cli.screen import console, table
from fairbound.models.core import registry

ENGINES = "engines"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("list")(list_)


def list_(
    problem: Annotated[
        str | None, typer.Argument(metavar="[PROBLEM|engines]", help="Show what one problem offers, or the engines.")
    ] = None,
) -> None:
    """List the problems, or one problem's instances, objectives, parameters and methods, or the engines."""
    out = console()
    if problem == ENGINES:
        _print_engines()
        return
    if problem is None:
        rows = [{"problem": name, "what it decides": summary} for name, summary in registry.summaries().items()]
        out.print(table("Problems", rows, text_columns=2))
        out.print("\nfairbound list PROBLEM shows its instances, objectives, parameters and methods.")
        out.print(f"fairbound list {ENGINES} shows who solves a formulation.")
        return
    _print_problem(problem)


def _print_engines() -> None:
    from fairbound.solvers.engines.registry import engines

    rows = [
        {"engine": e.name, "here": f"no: {e.install}" if e.missing() else e.version(), "what": e.summary}
        for e in engines()
    ]
    console().print(table("Engines (--engine)", rows, text_columns=3))


def _print_problem(name: str) -> None:
    from fairbound.instances.core import catalogue
    from fairbound.instances.core.entry import data_file
    from fairbound.solvers.core.methods import methods_of

    out, chosen = console(), registry.find_problem(name)
    out.print(f"{chosen.title}: {chosen.summary}\n")
    instances = [
        {
            "instance": entry.name,
            "what": entry.summary,
            "here": "yes" if entry.file is None or data_file(entry.file) else "no data",
        }
        for entry in catalogue.entries(chosen.name)
    ]
    objectives = [
        {"objective": o.name, "sense": o.sense.value, "what": f"{o.summary} ({o.unit})"} for o in chosen.objectives
    ]
    parameters = [
        {"parameter": p.name, "wanted": p.wanted, "default": p.default, "what": p.summary} for p in chosen.parameters
    ]
    methods = [{"method": m.name, "kind": m.kind.value, "what": m.summary} for m in methods_of(chosen)]
    for title, rows in (
        ("Instances", instances),
        ("Objectives (the first is the default)", objectives),
        ("Parameters (--set)", parameters),
        ("Methods", methods),
    ):
        out.print(table(title, rows, text_columns=4))
        out.print()
