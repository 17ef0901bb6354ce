"""``fairbound new`` and ``check``: a method of one's own, begun from a template and tested on tiny instances."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from keyword import iskeyword
from pathlib import Path
from typing import Annotated

import typer

from fairbound.cli import options
from fairbound.cli.exit_codes import ANSWER_IS_NO
from fairbound.cli.screen import console
from fairbound.cli.show import running
from fairbound.instances.core.files import write_text
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.plugins import load_plugin
from fairbound.models.core.registry import find_problem

KINDS = ("formulation", "baseline", "problem")
MOST_SHOWN = 30


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("new")(new)
    app.command("check")(check)


def new(
    kind: Annotated[str, typer.Argument(metavar="|".join(KINDS), help="What is to be added.")],
    name: Annotated[str, typer.Argument(help="Its name, an identifier of Python; the file is NAME.py.")],
    problem: Annotated[str | None, typer.Option(help="The problem that a formulation or baseline belongs to.")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help="Where the file goes.")] = Path(),
) -> None:
    """Begin a method of your own: a file that runs at once, with the places marked where yours goes.

    [b]fairbound --plugin NAME.py ...[/b] then knows it in every command; [b]fairbound check NAME.py[/b] tests it.
    """
    if kind not in KINDS:
        raise InputError("fairbound new", found=kind, wanted=nearest(kind, KINDS))
    if not name.isidentifier():
        raise InputError("name", found=name, wanted="an identifier of Python, such as my_rows")
    if iskeyword(name) or name in sys.stdlib_module_names:
        raise InputError("a name of Python itself, whose place the file would take", found=name, wanted="another name")
    path = out / f"{name}.py"
    if path.exists():
        raise InputError("the file is there already", file=str(path), wanted="another name or --out")
    text = (files("fairbound.cli") / "templates" / f"{kind}.txt").read_text(encoding="utf-8")
    given = {"NAME": name}
    if kind != "problem":
        if problem is None:
            raise InputError(f"a {kind} belongs to a problem", wanted="--problem PROBLEM")
        chosen = find_problem(problem)
        given |= {"PROBLEM": chosen.name, "BASE": chosen.formulations[0].name}
    for key, value in given.items():
        text = text.replace(f"%{key}%", value)
    write_text(path, text)
    console().print(f"written: {path}", soft_wrap=True)


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="A plugin.")],
    as_json: options.AsJson = False,
) -> None:
    """Test a method of your own on tiny instances whose answers brute force knows.

    Each exact method must find the best, no bound may be beaten, each LP relaxation must bound the best, and assign
    and extract must be inverses that keep every row. What fails is told with its instance; the exit code is then 1.
    """
    from fairbound.benchmarks.core.contract import Checks

    plugins = load_plugin(file)
    with running(f"checking {file.name}") as shown:
        checks = Checks(shown.say)
        for plugin in plugins:
            checks.plugin(plugin)
    if as_json:
        failed = [vars(failure) for failure in checks.failures]
        print(json.dumps({"file": file.name, "checks": checks.made, "failures": failed}, indent=2))
    else:
        out = console()
        for failure in checks.failures[:MOST_SHOWN]:
            out.print(str(failure), soft_wrap=True)
        more = len(checks.failures) - MOST_SHOWN
        if more > 0:
            out.print(f"and {more} more")
        verdict = f"{len(checks.failures)} do not hold" if checks.failures else "all hold"
        out.print(f"{file.name}: {checks.made} checks, {verdict}")
    if checks.failures or not checks.made:
        raise typer.Exit(ANSWER_IS_NO)
