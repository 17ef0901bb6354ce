"""The application: commands by name, errors turned into one line and an exit code."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

import fairbound
from fairbound.cli.exit_codes import ENGINE_FAILED, INTERRUPTED, WRONG_INPUT
from fairbound.cli.interrupted import say_interrupted
from fairbound.instances.core.files import NOT_OURS, unwritable
from fairbound.models.core.errors import InputError, UnsupportedModelError
from fairbound.models.core.text import clean
from fairbound.solvers.core.interrupts import requested

STYLE: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": "rich"}
FILES = {
    "demo": "demo",
    "list": "catalogue",
    "solve": "solve",
    "pareto": "solve",
    "compare": "compare",
    "study": "study",
    "sweep": "sweep",
    "export": "export",
    "verify": "proof",
    "audit": "proof",
    "checker": "proof",
    "vipr": "proof",
    "bundle": "bundle",
    "new": "own",
    "check": "own",
    "instance": "instance",
    "bench": "bench",
}
"""The file of each command: it is imported when its command is asked for, since libraries take a second to load."""
PROBLEMS_OWN = "problems"
"""Where commands stand that only one problem has."""


def commands_of(file: str) -> dict[str, Any]:
    """The commands that a file registers, by name."""
    made = typer.Typer(**STYLE)
    made.callback()(lambda: None)  # a group, even of one command
    import_module(f"fairbound.cli.{file}").register(made)
    group = typer.main.get_command(made)
    assert isinstance(group, typer.core.TyperGroup)
    return dict(group.commands)


class Commands(typer.core.TyperGroup):
    """The commands. One that Ctrl-C or SIGTERM ended says so, whatever it had done by then."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the library names the arguments
        """Names in the order of the table."""
        return [*FILES, *commands_of(PROBLEMS_OWN)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command of a name; its file is loaded now."""
        found = commands_of(FILES.get(cmd_name, PROBLEMS_OWN)).get(cmd_name)
        gc.freeze()  # what was loaded stays, and no collection need walk it
        gc.enable()
        return found

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
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
    epilog="Exit codes: 0 answered, 1 the answer is no, 2 wrong input, 3 stopped without a solution, "
    "4 engine failed or contradicted, 70 a fault of fairbound, 130 interrupted.",
    **STYLE,
)


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
    if plugin:
        from fairbound.models.core.plugins import load_plugin

        for file in plugin:
            load_plugin(file)


def main() -> int:
    """Run the command line; returns the exit code of a refused input or a failed engine."""
    try:
        app()
    except InputError as error:
        return _complain(str(error), WRONG_INPUT)
    except OSError as error:
        if error.errno not in NOT_OURS:
            raise
        return _complain(str(unwritable(error, error.filename or "the output")), WRONG_INPUT)
    except UnsupportedModelError as error:
        return _complain(f"the engine does not take this model: {error}", ENGINE_FAILED)
    return 0


def _complain(text: str, code: int) -> int:
    with suppress(OSError):  # the code says it where nobody can be told in words
        print(f"error: {clean(text)}", file=sys.stderr)
    return code
