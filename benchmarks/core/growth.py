"""How each problem's default answer grows with the size of its instance, to the size at which it breaks.

    python -m fairbound.benchmarks.core.growth --seconds 30 --out growth

Each size of each family (``growth.py`` of a problem's folder) runs in a process of its own, so that its memory is its
own. A family ends after so many sizes in a row that did not close, or broke. Written as it goes: ``growth.csv``,
``growth.md``, figures. What is in the table already is not run again.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field, fields
from importlib import import_module
from importlib.util import find_spec
from math import log
from pathlib import Path
from statistics import linear_regression
from typing import TYPE_CHECKING, Annotated, Any

import typer
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series, log_axis
from fairbound.instances.core.files import write_text
from fairbound.instances.core.tables import read_rows, write_csv
from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.isolation import ONE_THREAD
from fairbound.solvers.core.result import Termination
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fairbound.models.core.problem import Instance

SECONDS, BEYOND = 30.0, 2
GRACE = 60.0
"""Seconds beyond the limit, and beyond loading, after which a process is killed."""
LOADING = 300.0
"""Seconds at most until an instance is there."""
MEASURED = 0.2
"""Shorter runs say nothing about growth: they are all start-up."""
NEAR = (1e-3, 1e-5)


@dataclass(frozen=True)
class Family:
    """Instances of one problem that differ in size alone.

    Attributes
    ----------
    unit
        What a size counts.
    instance
        ``instance(size)``, the same on every machine.
    objective
        The problem's first by default.
    narrows
        Whether larger instances have smaller gaps: such a family goes on where sizes stay open, and ends where none is
        answered.
    """

    name: str
    unit: str
    sizes: tuple[int, ...]
    instance: Callable[[int], Instance]
    objective: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    narrows: bool = False


@dataclass(frozen=True)
class Line:
    """One size. Seconds are of the wall unless they say CPU; what was not reached is ``None``.

    Attributes
    ----------
    over
        Seconds beyond the time limit.
    plan, near, nearer
        Seconds until a plan was there, and until the gap was at most each of ``NEAR``.
    """

    family: str
    size: int
    outcome: str
    method: str = ""
    status: str = ""
    ended: str = ""
    level: str = ""
    gap: float | None = None
    proven: float | None = None
    load: float | None = None
    plan: float | None = None
    near: float | None = None
    nearer: float | None = None
    wall: float | None = None
    over: float | None = None
    cpu: float | None = None
    mb: float | None = None

    @property
    def closed(self) -> bool:
        """Whether the method ended by itself: value and bound are equal, or as near as it goes."""
        return self.gap == 0 or (self.gap is not None and self.ended in (Termination.FINISHED, Termination.GAP_LIMIT))


def families() -> dict[str, tuple[str, Family]]:
    """``problem/name`` of every family, with its problem."""
    found = {}
    for problem in PROBLEMS:
        if find_spec(f"fairbound.benchmarks.{problem}.growth") is not None:
            for family in import_module(f"fairbound.benchmarks.{problem}.growth").FAMILIES:
                found[f"{problem}/{family.name}"] = (problem, family)
    return found


def measure(name: str, size: int, seconds: float) -> Line:
    """Answer one size in this process."""
    from fairbound.solvers.core.result import Settings
    from fairbound.solvers.core.solve import solve

    problem, family = families()[name]
    began = time.perf_counter()
    instance = find_problem(problem).with_parameters(family.instance(size), family.parameters)
    loaded = time.perf_counter()
    result = solve(instance, family.objective or None, settings=Settings(time_limit=seconds))
    wall = time.perf_counter() - loaded
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    first, reached = None, [wall if result.gap is not None and result.gap <= near else None for near in NEAR]
    for moment in reversed(result.trace):
        if moment.primal is None:
            continue
        first = moment.seconds
        if moment.dual is not None:
            gap = abs(moment.dual - moment.primal) / max(abs(moment.primal), 1e-12)
            reached = [moment.seconds if gap <= near else at for near, at in zip(NEAR, reached, strict=True)]
    return Line(
        family=name,
        size=size,
        outcome="ok",
        method=result.method,
        status=result.status.value,
        ended=result.termination.value,
        level=result.level.value,
        gap=result.gap,
        proven=result.proven_gap,
        load=loaded - began,
        plan=first if first is not None else wall if result.solution is not None else None,
        near=reached[0],
        nearer=reached[1],
        wall=wall,
        over=max(0.0, wall - seconds),
        cpu=own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
        mb=max(own.ru_maxrss, children.ru_maxrss) / 1024,
    )


def _run(name: str, size: int, seconds: float) -> Line:
    """One size in a process of its own; whatever becomes of it, there is a line."""
    command = [sys.executable, "-m", __spec__.name, "one", name, str(size), str(seconds)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=LOADING + seconds + GRACE,
            env={**os.environ, **ONE_THREAD},
        )
    except subprocess.TimeoutExpired:
        return Line(name, size, "killed at the wall limit")
    if done.returncode:
        said = "".join(f": {line}" for line in done.stderr.strip().splitlines()[-1:])
        return Line(name, size, f"ended by {done.returncode}{said}"[:120])
    return Line(**json.loads(done.stdout.splitlines()[-1]))


def exponent(lines: Sequence[Line]) -> float | None:
    """The power of the size with which the seconds of closed answers grow, least squares of logarithms."""
    known = [
        (log(line.size), log(line.wall)) for line in lines if line.closed and (line.wall or 0) > MEASURED and line.wall
    ]
    if len(known) < 3:
        return None
    return linear_regression([x for x, _ in known], [y for _, y in known]).slope


COLUMNS: dict[str, Callable[[Line], str]] = {
    "size": lambda line: f"{line.size:,}",
    "answer": lambda line: f"{line.status} {line.level}" if line.outcome == "ok" else line.outcome,
    "method": lambda line: line.method,
    "gap": lambda line: _short(line.gap),
    "proven gap": lambda line: _short(line.proven),
    "plan s": lambda line: _short(line.plan),
    "to 1e-3 s": lambda line: _short(line.near),
    "to 1e-5 s": lambda line: _short(line.nearer),
    "wall s": lambda line: _short(line.wall),
    "over s": lambda line: _short(line.over),
    "CPU s": lambda line: _short(line.cpu),
    "MB": lambda line: "" if line.mb is None else f"{line.mb:.0f}",
}


def _short(value: float | None) -> str:
    return "" if value is None else "0" if value == 0 else f"{value:.2g}" if value < 100 else f"{value:.0f}"


def page(lines: Sequence[Line], seconds: float) -> str:
    """All families as Markdown."""
    parts = []
    for name, (problem, family) in families().items():
        mine = [line for line in lines if line.family == name]
        if not mine:
            continue
        power = exponent(mine)
        closed = [line.size for line in mine if line.closed]
        asked = family.objective or find_problem(problem).objectives[0].name
        said = [f"{asked}, sizes in {family.unit}, {seconds:g} s each."]
        said.append(f"Largest closed: {max(closed):,}." if closed else "None closed.")
        if power is not None:
            said.append(f"Seconds of closed answers grow with the size to the power {power:.1f}.")
        table = ["| " + " | ".join(COLUMNS) + " |", "|" + " ---: |" * len(COLUMNS)]
        table += ["| " + " | ".join(write(line) for write in COLUMNS.values()) + " |" for line in mine]
        parts.append(f"### {name}\n\n{' '.join(said)}\n\n" + "\n".join(table) + "\n")
    return "\n".join(parts)


def figures(lines: Sequence[Line]) -> list[Figure]:
    """Seconds and gaps against sizes, a line for each family."""
    names = list(dict.fromkeys(line.family for line in lines))

    def drawn(value: Callable[[Line], float | None]) -> tuple[Series, ...]:
        made = []
        for name in names:
            points = [(float(line.size), value(line)) for line in lines if line.family == name]
            points = [(x, y) for x, y in points if y is not None]
            if points:
                made.append(Series(name, tuple(x for x, _ in points), tuple(y for _, y in points), Mark.LINE))
        return tuple(made)

    size = Axis("size (units of each family)", log=True)
    gaps = [line.gap for line in lines if line.gap is not None]
    return [
        Figure("growth-seconds", "Seconds of the default answer", "To the end, closed or at the limit.", size,
               Axis("seconds", log=True), drawn(lambda line: line.wall or None)),
        Figure("growth-gap", "Gap at the end", "On the lowest line value and bound are equal.", size,
               log_axis("gap", gaps), drawn(lambda line: line.gap)),
        Figure("growth-memory", "Memory", "Largest resident memory of the process.", size, Axis("MB", log=True),
               drawn(lambda line: line.mb)),
    ]  # fmt: skip


def read(path: Path) -> list[Line]:
    """The lines of a table that was written before."""
    if not path.is_file():
        return []
    numbers = {f.name for f in fields(Line) if "float" in str(f.type)}
    _, rows = read_rows(path)
    lines = []
    for _, row in rows:
        cells: dict[str, Any] = {
            key: (float(text) if text else None) if key in numbers else text for key, text in row.items()
        }
        lines.append(Line(**{**cells, "size": int(row["size"])}))
    return lines


def write(lines: Sequence[Line], seconds: float, out: Path) -> None:
    """The table as CSV and Markdown."""
    rows = [{key: "" if value is None else str(value) for key, value in asdict(line).items()} for line in lines]
    write_csv(out / "growth.csv", rows)
    write_text(out / "growth.md", page(lines, seconds))


def main(
    only: Annotated[
        list[str] | None, typer.Argument(metavar="[FAMILY]...", help="Families, or problems; all by default.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="Time limit of each size.")] = SECONDS,
    beyond: Annotated[
        int, typer.Option(min=1, help="Sizes in a row that do not close, after which a family ends.")
    ] = BEYOND,
    most: Annotated[int | None, typer.Option(help="No size is larger.")] = None,
    out: Annotated[Path, typer.Option(file_okay=False, help="Where tables and figures are written.")] = Path("growth"),
) -> None:
    """Measure growth, print it line by line, and write the table and the figures."""
    from fairbound.benchmarks.core.static_figures import write_static

    chosen = {name: family for name, (problem, family) in families().items() if not only or {name, problem} & set(only)}
    unknown = [word for word in only or () if word not in PROBLEMS and word not in chosen]
    if unknown or not chosen:
        word = (unknown or ["none"])[0]
        raise SystemExit(f"error: {InputError('unknown family', found=word, wanted=nearest(word, families()))}")
    lines, screen = read(out / "growth.csv"), Console(width=140)
    for name, family in chosen.items():
        screen.print(f"{name} ({family.unit})", style="bold")
        open_sizes = 0
        for size in family.sizes:
            if open_sizes == beyond or size > (most or size):
                break
            line = next((line for line in lines if (line.family, line.size) == (name, size)), None)
            if line is None:
                line = _run(name, size, seconds)
                lines.append(line)
                write(lines, seconds, out)
            screen.print("  ".join(f"{column} {text}" for column, show in COLUMNS.items() if (text := show(line))))
            passed = line.closed or (family.narrows and line.gap is not None)
            open_sizes = 0 if passed else open_sizes + 1
    write_static(figures(lines), out)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(asdict(measure(sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))))
    else:
        typer.run(main)
