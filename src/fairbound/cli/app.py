"""The application: commands gathered, errors turned into one line and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import fairbound
from fairbound.cli import analyse, bench, catalogue, demo, export, instance, proof, solve, sweep
from fairbound.cli.exit_codes import ENGINE_FAILED, WRONG_INPUT
from fairbound.models.errors import InputError
from fairbound.solvers.engines.standard_form import UnsupportedModelError

app = typer.Typer(
    name="fairbound",
    help="Exact, checkable answers to the optimisation problems behind school equity.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Exit codes: 0 answered, 1 the answer is no, 2 wrong input, 3 stopped without a solution, 4 engine failed.",
)
for group in (demo, catalogue, solve, sweep, export, proof, analyse):
    group.register(app)
app.add_typer(instance.app, name="instance")
app.add_typer(bench.app, name="bench")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fairbound {fairbound.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


def command() -> int:
    """The process's own entry: standard output carries what fairbound says and nothing that a library prints.

    Engines write to the file descriptor past Python's streams, so the descriptor itself goes to standard error.
    """
    try:
        own = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # one of the two is closed: nothing to keep apart
        return main()
    sys.stdout.flush()
    sys.stdout = open(  # noqa: SIM115 - it lives as long as the process
        own, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, buffering=1 if os.isatty(own) else -1
    )
    return main()


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
    print(f"error: {text}", file=sys.stderr)
    return code
