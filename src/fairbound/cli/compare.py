"""``fairbound compare``: several methods on one question, a line of the table as each ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from fairbound import api
from fairbound.cli import options
from fairbound.cli.exit_codes import ENGINE_FAILED, INTERRUPTED
from fairbound.cli.screen import console
from fairbound.cli.show import levels_line, number, percent, running, shout
from fairbound.instances.core.files import write_text
from fairbound.instances.core.tables import full_rows, write_csv
from fairbound.models.core.errors import InputError
from fairbound.models.core.problem import Instance, Problem
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.comparison import INTERRUPTED as STOPPED
from fairbound.solvers.core.comparison import Compared
from fairbound.solvers.core.interrupts import interruptible, requested
from fairbound.solvers.core.method import Kind
from fairbound.solvers.core.methods import cheapest_first, find_method, on_engines
from fairbound.solvers.core.result import Status, Termination, shortfall
from fairbound.solvers.core.serialise import result_json

WIDTHS = {"status": 11, "value": 14, "bound": 14, "LP bound": 12, "nodes": 9, "size": 17, "seconds": 8, "gap": 7}
"""Widths of the columns of exact methods; lines are printed before the longest cell is known."""
SPARE = ("size", "nodes", "LP bound")
"""Columns that are left out, in this order, where the terminal is too narrow."""
LEAST_WIDTH = 12
TOLD = (Termination.TIME_LIMIT, Termination.ENGINE_ERROR)
"""A method that ended so may have more to say than its numbers."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("compare")(options.reads_file(compare))


def compare(
    instance: options.InstanceName,
    methods: Annotated[
        str, typer.Option(help="Methods joined by commas, or [b]all[/b]; formulations and baselines side by side.")
    ] = "all",
    objective: options.Objective = None,
    set_: options.Changes = None,
    problem: options.ProblemName = None,
    time_limit: options.TimeLimit = 60.0,
    to_the_limit: Annotated[
        bool, typer.Option("--all", help="Run every method to its limit, also once another has closed the question.")
    ] = False,
    gap: options.Gap = 0.0,
    prove: options.Prove = "5",
    threads: options.Threads = 1,
    seed: options.Seed = 0,
    engine: Annotated[
        str | None, typer.Option(metavar="ENGINES", help="Every formulation on each of these, joined by commas.")
    ] = None,
    engine_option: options.EngineOption = None,
    out: options.OutFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """Run several methods on one instance and lay them side by side, cheap exact ones first, baselines last.

    Each line is printed when its method ends. Once a method has closed the question other exact ones get ten
    times as long as it took, at least a second, and are then "skipped: closed by ..."; --all runs them on.
    The answer that closes the question is proven by a certificate where --prove leaves time for it; seconds are
    those of the methods, without proofs. The shortfall is each value's distance to the best dual bound of this
    run, as a share of that bound.
    With --out DIR the table grows in compare.csv and compare.json. Where a plan of one method is better than the
    bound of another, both are named, the bound is withdrawn, and the exit code is 4.
    """
    asked = api.load(instance, options.changes(set_), problem)
    kind = find_problem(asked.problem)
    chosen = None if methods == "all" else [name.strip() for name in methods.split(",")]
    engines = options.words(engine or "")
    asked_for = cheapest_first(kind) if chosen is None else [find_method(kind, name) for name in chosen]
    names = [method.name for method in (on_engines(kind, asked_for, engines) if engines else asked_for)]
    screen = None if as_json else Screen(kind, f"{asked.name}, {objective or kind.objectives[0].name}", names)
    lines: list[Compared] = []
    unwritten: list[InputError] = []

    def on_line(line: Compared) -> None:
        lines.append(line)
        with interruptible():  # an answer that is there is written whole
            if screen is not None:
                with shown.aside():
                    screen.add(line)
            if out is not None and not unwritten:
                write(lines, out)

    def write(lines: list[Compared], folder: Path) -> None:
        try:
            _write(kind, asked, lines, folder)
        except InputError as error:  # told at the end: what is compared is shown all the same
            unwritten.append(error)

    with running(f"comparing on {asked.name}", asked) as shown:
        settled = api.compare(
            asked,
            methods=chosen,
            objective=objective,
            settings=options.settings(time_limit, gap, threads, seed, prove, engine_option=engine_option),
            engines=engines,
            on_start=lambda name: shown.say(f"{name} on {asked.name}"),
            on_progress=shown,
            on_line=on_line,
            to_the_limit=to_the_limit,
            isolate=True,
        )
    contradictions = [line.result.contradiction for line in settled if line.result is not None]
    if out is not None and not unwritten and any(contradictions):
        with interruptible():
            write(settled, out)
    if screen is None:
        print(json.dumps([_document(kind, asked, line) for line in settled], indent=2))
    else:
        screen.close()
        shout(contradictions)
    if unwritten:
        raise unwritten[0]
    if requested():
        raise typer.Exit(INTERRUPTED)
    if any(contradictions):
        raise typer.Exit(ENGINE_FAILED)


def _write(kind: Problem[Any, Any], asked: Instance, lines: list[Compared], folder: Path) -> None:
    write_csv(folder / "compare.csv", csv_rows(kind, lines))
    documents = [_document(kind, asked, line) for line in lines]
    write_text(folder / "compare.json", json.dumps(documents, indent=2) + "\n")


def _document(kind: Problem[Any, Any], asked: Instance, line: Compared) -> dict[str, Any]:
    """A line as JSON."""
    if line.refusal is not None:
        return {"method": line.method.name, "refused": line.refusal}
    document: dict[str, Any] = {"method": line.method.name}
    if line.result is None:
        document |= {"termination": "interrupted"}
    else:
        document = result_json(kind, asked, line.result)
        document |= {"relaxation": line.relaxation, "kind": line.method.kind.value}
    return document if line.skipped is None else document | {"skipped": line.skipped}


def best_dual(lines: list[Compared]) -> tuple[Fraction | None, str]:
    """The strongest dual bound of a comparison, and whose it is."""
    bounds = [line.result for line in lines if line.result is not None and line.result.dual_bound is not None]
    if not bounds:
        return None, ""
    best = bounds[0]
    for result in bounds[1:]:
        assert result.dual_bound is not None
        assert best.dual_bound is not None
        if best.sense.improves(best.dual_bound, result.dual_bound):
            best = result
    return best.dual_bound, best.method


NUMBERS = ("value", "bound", "relaxation", "nodes", "rows", "columns", "seconds", "gap", "shortfall")
EXACT = NUMBERS[:2]
"""Columns that always have their exact ``p/q`` beside them."""


def comparison_rows(problem: Problem[Any, Any], lines: list[Compared]) -> list[dict[str, object]]:
    """The comparison as numbers, one row per method; the problem's own columns stand last but for a note.

    ``rows``, ``columns`` and ``nodes`` are of the model, ``gap`` and ``shortfall`` shares, ``seconds`` without a proof.
    """
    bound, _ = best_dual(lines)
    rows = []
    for line in lines:
        row: dict[str, object] = {"method": line.method.name}
        row |= {"status": "refused" if line.refusal else "skipped", "level": ""}
        row |= dict.fromkeys((*NUMBERS, *problem.compared))
        result = line.result
        if result is not None:
            rated = result.status in (Status.OPTIMAL, Status.FEASIBLE)
            row |= {
                "status": "skipped" if line.skipped else result.status.value,
                "level": result.level.value if rated and not line.skipped else "",
                "value": result.primal_bound,
                "bound": result.dual_bound,
                "relaxation": line.relaxation,
                "nodes": result.nodes,
                "rows": None if result.model is None else result.model.rows,
                "columns": None if result.model is None else result.model.columns,
                "seconds": result.seconds.total - result.seconds.prove,
                "gap": result.gap,
                "shortfall": shortfall(result.primal_bound, bound),
            }
            row |= {name: result.measures.get(name) for name in problem.compared}
        rows.append(row | {"note": _note(line)})
    return rows


def csv_rows(problem: Problem[Any, Any], lines: list[Compared]) -> list[dict[str, str]]:
    """The comparison for a program: full numbers, exact values beside them."""
    return full_rows(comparison_rows(problem, lines), (*EXACT, *problem.compared))


def _texts(problem: Problem[Any, Any], row: Mapping[str, Any]) -> dict[str, str]:
    """A row of a comparison for people."""
    if row["seconds"] is None:  # it has not run
        return dict.fromkeys((*WIDTHS, "shortfall", *map(_heading, problem.compared)), "") | {
            "method": row["method"],
            "status": row["status"],
        }
    return {
        "method": row["method"],
        "status": f"{row['status']} {row['level']}".rstrip(),
        "value": number(row["value"]),
        "bound": number(row["bound"]),
        "LP bound": number(row["relaxation"], 1),
        "nodes": "" if row["nodes"] is None else f"{row['nodes']:,}",
        "size": "" if row["rows"] is None else f"{row['rows']:,} x {row['columns']:,}",
        "seconds": f"{row['seconds']:.3f}",
        "gap": percent(row["gap"]),
        "shortfall": percent(row["shortfall"]),
        **{_heading(name): number(row[name]) for name in problem.compared},
    }


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _note(line: Compared) -> str:
    """What a line must say beyond its numbers, or nothing."""
    if line.refusal is not None:
        return f"refused: {line.refusal}"
    if line.skipped is not None:
        return f"skipped: {line.skipped}"
    if line.result is None:
        return ""
    if line.result.status is Status.INVALID:
        broken = line.result.violations
        return f"breaks a rule: {broken[0]}" + (f" (and {len(broken) - 1} more)" if len(broken) > 1 else "")
    return f"says: {line.result.message}" if line.result.message and line.result.termination in TOLD else ""


class Screen:
    """A comparison for people: exact methods, then baselines, then what is to be said of single lines.

    The problem's own columns tell heuristics apart, so that they stand in the second table alone.
    """

    def __init__(self, problem: Problem[Any, Any], title: str, methods: list[str]) -> None:
        self.problem, self.title = problem, title
        self.first = max(map(len, ["method", *methods]))
        self.lines: list[Compared] = []
        self.table: str | None = None

    def add(self, line: Compared) -> None:
        """Print a line, under the header of its table if it is the first there."""
        self.lines.append(line)
        baseline = line.method.kind is Kind.BASELINE
        widths = self._baseline_widths() if baseline else self._exact_widths()
        name = "Baselines" if baseline else "Exact methods"
        if name != self.table:
            if self.table is not None:
                self._print("")
            self.table = name
            self._print(f"{name}: {self.title}")
            self._print(self._row({column: column for column in widths}, widths), style="bold")
        self._print(self._row(_texts(self.problem, comparison_rows(self.problem, self.lines)[-1]), widths))

    def close(self) -> None:
        """Print the notes, and what the levels mean that occurred."""
        notes = [(line, _note(line)) for line in self.lines]
        notes = [(line, note) for line, note in notes if note and line.skipped != STOPPED]
        if notes:
            self._print("")
        same: dict[str, list[str]] = {}
        for line, note in notes:
            same.setdefault(note, []).append(line.method.name)
        for note, names in same.items():
            console().print(f"{', '.join(names)} {note}")
        results = [line.result for line in self.lines if line.result is not None]
        meaning = levels_line(results)
        if meaning:
            alone = "; a heuristic has no bound of its own" if self.table == "Baselines" else ""
            console().print(f"\n{meaning}{alone}", style="dim")
        if requested():
            console().print(f"interrupted: {len(results)} of {len(self.lines)} methods had run")

    def _print(self, text: str, style: str | None = None) -> None:
        console().print(text, style=style, soft_wrap=True)

    def _row(self, row: dict[str, str], widths: dict[str, int]) -> str:
        cells = [
            f"{row[column]:<{width}}" if i < 2 else f"{row[column]:>{width}}"
            for i, (column, width) in enumerate(widths.items())
        ]
        return " ".join(cells).rstrip()

    def _exact_widths(self) -> dict[str, int]:
        widths = {"method": self.first, **WIDTHS}
        for column in SPARE:
            if sum(widths.values()) + len(widths) - 1 > console().width:
                del widths[column]
        return widths

    def _baseline_widths(self) -> dict[str, int]:
        own = {_heading(name): max(len(name), LEAST_WIDTH) for name in self.problem.compared}
        return {"method": self.first, "status": 11, "value": 14, "seconds": 8, "shortfall": 9, **own}
