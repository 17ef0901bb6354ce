"""``fairbound instance``: look at an instance, check a file, make one, fetch published data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from fairbound import api
from fairbound.cli import options
from fairbound.cli.exit_codes import ANSWER_IS_NO
from fairbound.cli.screen import console, facts_lines
from fairbound.cli.show import running
from fairbound.instances.core import catalogue
from fairbound.instances.core.entry import home_of
from fairbound.models.core.registry import find_problem

app = typer.Typer(help="Look at instances and check files.", no_args_is_help=True)


def register(main: typer.Typer) -> None:
    """Add the commands of this file."""
    main.add_typer(app, name="instance")


MOST_REPAIRS = 20
"""Repairs that a check shows."""


@app.command()
@options.reads_file
def show(
    instance: options.InstanceName,
    set_: options.Changes = None,
    problem: options.ProblemName = None,
    as_json: options.AsJson = False,
) -> None:
    """Show an instance: size, parameters, repairs, digest; with --json its whole canonical form."""
    asked = api.load(instance, options.changes(set_), problem)
    if as_json:
        print(json.dumps({"name": asked.name, "digest": asked.digest} | asked.canonical(), indent=2))
        return
    facts = {"instance": asked.name, "problem": asked.problem, "digest": asked.digest}
    facts |= find_problem(asked.problem).facts(asked)
    facts |= {f"parameter {name}": value or "none" for name, value in asked.parameters.items()}
    for i, repair in enumerate(asked.repairs):
        facts[f"repair {i + 1}"] = repair
    facts_lines(facts)


@app.command()
@options.reads_file
def check(instance: options.InstanceName, set_: options.Changes = None, problem: options.ProblemName = None) -> None:
    """Check a file or a catalogue entry: one line that approves, or one that says what is wrong.

    Further lines say what was understood, filled or left out.
    """
    asked = api.load(instance, options.changes(set_), problem)
    facts = ", ".join(f"{value} {name}" for name, value in find_problem(asked.problem).facts(asked).items())
    noted = len(asked.repairs)
    repairs = f"; {noted} repair{'s' if noted > 1 else ''} recorded" if noted else ""
    console().print(f"{asked.name}: fine ({facts}{repairs})", soft_wrap=True)
    for repair in asked.repairs[:MOST_REPAIRS]:
        console().print(f"  {repair}", soft_wrap=True)
    if len(asked.repairs) > MOST_REPAIRS:
        console().print(f"  ... and {len(asked.repairs) - MOST_REPAIRS} more (fairbound instance show)", soft_wrap=True)
    for sentence in find_problem(asked.problem).assumptions(asked):
        console().print(f"  {sentence}", soft_wrap=True)


@app.command()
def template(
    problem: Annotated[str, typer.Argument(help="Problem, e.g. cep.")],
    output: Annotated[Path, typer.Option("-o", "--out", "--output", help="File to write, or a folder for it.")],
) -> None:
    """Write a small example of a problem's tables, to be filled in."""
    written = catalogue.write_template(problem, output)
    loaded = catalogue.load(str(written[0]), problem)
    facts = ", ".join(f"{value} {name}" for name, value in find_problem(problem).facts(loaded).items())
    console().print(f"{' and '.join(map(str, written))}: {facts}", soft_wrap=True)


@app.command()
def make(
    problem: Annotated[str, typer.Argument(help="Problem, e.g. blocks or transfers.")],
    family: Annotated[str, typer.Argument(help="Family of generated instances, e.g. grid or planar.")],
    output: Annotated[Path, typer.Option("-o", "--out", "--output", help="File to write, or a folder for it.")],
    set_: options.Changes = None,
    seed: Annotated[int, typer.Option(help="Seed; one seed gives one instance on every machine.")] = 0,
) -> None:
    """Generate an instance: fairbound instance make blocks grid --set n=1000 --set k=15 --seed 1 -o city.json."""
    [path, *beside] = catalogue.write_made(problem, family, options.changes(set_), seed, output)
    loaded = api.load(str(path), problem=problem)
    written = " and ".join(map(str, [path, *beside]))
    facts = ", ".join(f"{value} {name}" for name, value in find_problem(problem).facts(loaded).items())
    console().print(f"{written}: {facts}", soft_wrap=True)


@app.command()
def fetch(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Catalogue names, families or problems, e.g. cep/us or cep.")
    ],
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="DIR", file_okay=False, help="The data folder; else FAIRBOUND_DATA, or among your caches."
        ),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(metavar="FROM", help="A folder, or the address of one, that holds the files by their names."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only look whether the files are there and unchanged.")
    ] = False,
) -> None:
    """Fetch the real data of instances, each file whole and of the sha256 that the catalogue knows, or not at all.

    Exit code 1 if a file is not there in the end.
    """
    from fairbound.instances.core import fetch as fetching  # what downloads is loaded where somebody downloads
    from fairbound.instances.core.published import needed

    files = {file.name: file for name in names for file in needed(name)}
    if not files:
        console().print(f"{', '.join(names)}: comes with fairbound, nothing to fetch", soft_wrap=True)
    done = []
    with running("looking for data") as line:
        for file in files.values():
            folder = to or home_of(file.name)
            done.append(
                fetching.check(file, folder) if check else fetching.fetch(file, folder, mirror, on_part=line.say)
            )
            with line.aside():
                console().print(f"{file.name}: {done[-1].said}", soft_wrap=True)
    fetched = [each.file for each in done if each.state is fetching.State.FETCHED]
    for said in dict.fromkeys(f"licence of {file.origin}: {file.licence}" for file in fetched):
        console().print(said, soft_wrap=True)
    if not all(each.state in (fetching.State.THERE, fetching.State.FETCHED) for each in done):
        raise typer.Exit(ANSWER_IS_NO)
