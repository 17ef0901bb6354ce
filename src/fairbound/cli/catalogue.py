"""``fairbound list``: problems, and what one problem offers."""

from __future__ import annotations

from typing import Annotated

import typer

from fairbound.cli.show import console, table
from fairbound.instances.core import catalogue
from fairbound.instances.core.entry import data_file
from fairbound.models.core.registry import find_problem, problems
from fairbound.solvers.core.methods import methods_of
from fairbound.solvers.engines.base import Engine
from fairbound.solvers.engines.registry import engines

ENGINES = "engines"


def _here(engine: Engine) -> str:
    """The version of an engine on this machine, or how it comes there."""
    return f"no: {engine.install}" if engine.missing() else engine.version()


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
        rows = [{"engine": e.name, "here": _here(e), "what": e.summary} for e in engines()]
        out.print(table("Engines (--engine)", rows, text_columns=3))
        return
    if problem is None:
        rows = [{"problem": p.name, "what it decides": p.summary} for p in problems()]
        out.print(table("Problems", rows, text_columns=2))
        out.print("\nfairbound list PROBLEM shows its instances, objectives, parameters and methods.")
        out.print(f"fairbound list {ENGINES} shows who solves a formulation.")
        return
    chosen = find_problem(problem)
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
