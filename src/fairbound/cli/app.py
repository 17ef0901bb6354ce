"""The application: commands gathered, errors turned into one line and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

import fairbound
from fairbound.cli import (
    bench,
    bundle,
    catalogue,
    compare,
    demo,
    export,
    honesty,
    instance,
    own,
    problems,
    proof,
    solve,
    study,
    sweep,
)
from fairbound.cli.exit_codes import ENGINE_FAILED, INTERRUPTED, WRONG_INPUT
from fairbound.cli.interrupted import say_interrupted
from fairbound.models.core.errors import InputError
from fairbound.models.core.plugins import load_plugin
from fairbound.models.core.text import clean
from fairbound.solvers.core.interrupts import requested
from fairbound.solvers.engines.standard_form import UnsupportedModelError


class Commands(typer.core.TyperGroup):
    """The commands. One that Ctrl-C or SIGTERM ended says so, whatever it had done by then."""

    def invoke(self, ctx: Any) -> Any:
        try:
            answer = super().invoke(ctx)
        except KeyboardInterrupt:
            say_interrupted()
            raise typer.Exit(INTERRUPTED) from None
        except typer.Exit:
            if requested():
                raise typer.Exit(INTERRUPTED) from None
            raise
        if requested():
            raise typer.Exit(INTERRUPTED)
        return answer


app = typer.Typer(
    cls=Commands,
    name="fairbound",
    help="Exact, checkable answers to the optimisation problems behind school equity.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Exit codes: 0 answered, 1 the answer is no, 2 wrong input, 3 stopped without a solution, "
    "4 engine failed or contradicted, 70 a fault of fairbound, 130 interrupted.",
)
for group in (demo, catalogue, solve, compare, study, sweep, export, proof, bundle, own, problems):
    group.register(app)
app.add_typer(instance.app, name="instance")
bench.app.command()(honesty.honesty)
app.add_typer(bench.app, name="bench")


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fairbound {fairbound.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    plugin: Annotated[
        list[Path] | None,
        typer.Option("--plugin", metavar="FILE.py", help="Add methods of your own; see docs/own.md. Repeatable."),
    ] = None,
) -> None:
    for file in plugin or ():
        load_plugin(file)


def main() -> int:
    """Run the command line; returns the exit code of a refused input or a failed engine."""
    try:
        app()
    except InputError as error:
        return _complain(str(error), WRONG_INPUT)
    except UnsupportedModelError as error:
        return _complain(f"the engine does not take this model: {error}", ENGINE_FAILED)
    return 0


def _complain(text: str, code: int) -> int:
    print(f"error: {clean(text)}", file=sys.stderr)
    return code
