"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from math import nan
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from fairbound.instances.core.source import ACCEPTED, LEFT_OUT, Reading, Source, pair
from fairbound.models.core.errors import InputError
from fairbound.solvers.core.result import Settings

InstanceName = Annotated[
    str,
    typer.Argument(metavar="INSTANCE", help="A catalogue name (see [b]fairbound list[/b]) or a file; FILE.xlsx#SHEET."),
]
ProblemName = Annotated[str | None, typer.Option("--problem", help="The problem of a file that does not tell.")]
TruthName = Annotated[
    str | None,
    typer.Option("--truth", metavar="FILE", help="Hidden truth of a simulation: its file, or a catalogue name."),
]
Objective = Annotated[
    str | None,
    typer.Option(help="What to optimise; several joined by commas are optimised one after the other."),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a parameter; numbers are read exactly. Repeatable."),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(min=0, help="Seconds for each solve, its model built and compiled; it is ended soon after."),
]
Gap = Annotated[float, typer.Option(min=0, help="Relative gap at which to stop; 0 asks for a proof.")]
Threads = Annotated[int, typer.Option(min=1, help="Threads of the engine; one makes runs repeatable.")]
Seed = Annotated[int, typer.Option(help="Seed of every random choice.")]
Searches = Annotated[
    int, typer.Option("--workers", min=1, help="Searches side by side, a process each, with seeds from --seed on.")
]
Prove = Annotated[
    str,
    typer.Option(metavar="SECONDS|none", help="Seconds at most for a certificate of the answer, after the solve."),
]
Witness = Annotated[
    str | None,
    typer.Option(
        metavar="ENGINES", help="Ask other engines the same, such as scip, cpsat, highs-nopresolve; joined by commas."
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(help="The engine of a formulation; see [b]fairbound list engines[/b]. By default HiGHS."),
]
EngineOption = Annotated[
    list[str] | None,
    typer.Option("--engine-option", metavar="KEY=VALUE", help="An option of the engine, by its own name. Repeatable."),
]
Log = Annotated[Path | None, typer.Option("--log", metavar="FILE", dir_okay=False, help="Keep what the engine prints.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else there.")]


def _writable(out: Path | None) -> Path | None:
    """A folder that can be written, or made; raises ``InputError`` at once, and not when an answer is there."""
    if out is not None:
        near = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
        if not near.is_dir() or not os.access(near, os.W_OK | os.X_OK):
            found = f"{near}, which is {'not ours to write' if near.is_dir() else 'a file'}"
            raise InputError("cannot be written", file=str(out), found=found, wanted="another --out")
    return out


OutFolder = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", file_okay=False, callback=_writable, help="Also write the results here."),
]


MapColumns = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="WANTED=FOUND", help="Read a column of a file under the name that is wanted."),
]
OnlyRows = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="COLUMN=TEXT", help="Read only rows of a file that have this text in a column."),
]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="KINDS", help=f"Take a file as it stands: {', '.join(ACCEPTED)}."),
]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option("--leave-out", metavar="KINDS", help=f"Leave out rows of a file, and say so: {', '.join(LEFT_OUT)}."),
]
_READING = {"map": MapColumns, "only": OnlyRows, "accept": Accept, "leave_out": LeaveOut}


def reads_file(command: Callable[..., None], argument: str = "instance") -> Callable[..., None]:
    """A command whose argument may be a file: with the options for how it is to be read."""

    @wraps(command)
    def with_reading(**named: Any) -> None:
        said = {name: tuple(named.pop(name) or ()) for name in _READING}
        if any(said.values()):
            named[argument] = located(named[argument], **said)
        command(**named)

    hints = get_type_hints(command, include_extras=True)
    before = signature(command).parameters.values()
    own = [each.replace(annotation=hints[each.name], kind=Parameter.KEYWORD_ONLY) for each in before]
    added = [Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind) for name, kind in _READING.items()]
    with_reading.__annotations__ = hints | _READING
    with_reading.__signature__ = Signature([*own, *added])  # type: ignore[attr-defined]
    return with_reading


def located(
    instance: str,
    map: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
    accept: tuple[str, ...] = (),
    leave_out: tuple[str, ...] = (),
) -> str:
    """The name of a file with how it is to be read; raises ``InputError`` for anything but a file."""
    source = Source.named(instance)
    if source is None:
        raise InputError("only a file is read in a way of its own", found=instance, wanted="a file")
    said = Reading(
        columns=tuple(pair(text, "map") for text in map),
        only=tuple(pair(text, "only") for text in only),
        accept=words(*accept),
        leave_out=words(*leave_out),
    )
    return str(Source(source.path, source.reading.joined(said)))


def words(*texts: str) -> tuple[str, ...]:
    """Words joined by commas, each once."""
    return tuple(dict.fromkeys(word.strip() for text in texts for word in text.split(",") if word.strip()))


def settings(
    time_limit: float | None,
    gap: float,
    threads: int,
    seed: int,
    prove: str = "5",
    witness: str | None = None,
    engine_option: list[str] | None = None,
    log: Path | None = None,
) -> Settings:
    """The settings that the options stand for; raises ``InputError``."""
    try:
        seconds = 0.0 if prove.strip() == "none" else float(prove)
    except ValueError:
        seconds = nan
    if not seconds >= 0:
        raise InputError("--prove", found=prove, wanted="seconds, at least 0, or none")
    asked = words(witness or "")
    return Settings(
        time_limit=time_limit,
        gap=gap,
        threads=threads,
        seed=seed,
        prove=seconds,
        witness=asked,
        engine_options=tuple(changes(engine_option, "--engine-option").items()),
        log="" if log is None else str(log),
    )


def changes(texts: list[str] | None, option: str = "--set") -> dict[str, str]:
    """Read ``KEY=VALUE`` texts of an option; raises ``InputError`` for anything else or a key named twice."""
    pairs: dict[str, str] = {}
    for text in texts or []:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InputError(option, found=text, wanted="KEY=VALUE")
        if key.strip() in pairs:
            raise InputError(f"{option} names a parameter twice", found=key.strip())
        pairs[key.strip()] = value.strip()
    return pairs
