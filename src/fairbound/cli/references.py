"""``fairbound bench references``: show, verify, grow and export the reference library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.markup import escape

from fairbound.benchmarks.core.export import Format, export_model
from fairbound.benchmarks.core.questions import questions
from fairbound.benchmarks.core.references import growing, library, outside, submission
from fairbound.benchmarks.core.references.checking import QUICK_SECONDS, absent, check, chosen, load, verify
from fairbound.benchmarks.core.references.models import formulation_of
from fairbound.benchmarks.core.references.outside import Claim
from fairbound.benchmarks.core.references.statistics import Statistics, measure
from fairbound.benchmarks.core.references.table import (
    ENGINES,
    STATISTICS,
    Reference,
    read_references,
    read_table,
    summary,
    table_folder,
    write_table,
)
from fairbound.benchmarks.core.store import Store
from fairbound.cli.exit_codes import ANSWER_IS_NO
from fairbound.cli.runs import progress_bar
from fairbound.cli.screen import console, table
from fairbound.cli.show import shout

Table = Annotated[
    Path | None, typer.Option("--table", metavar="FOLDER", help="Another reference table than the shipped one.")
]


def references(
    only: Annotated[
        str, typer.Option(metavar="PATTERN", help="Rows whose name or question holds this; * is anything.")
    ] = "",
    verify_: Annotated[
        bool, typer.Option("--verify", help="Confirm every row: digest, exact value, rules, proof of the bound.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"With --verify: skip rows whose check takes over {QUICK_SECONDS:g} s.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="With --verify: rows at a time.")] = 1,
    update: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Take the better answers of a run into the table.")
    ] = None,
    submit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Take a better solution (.csv, .sol) or certificate (.json) into the table."),
    ] = None,
    row: Annotated[
        str, typer.Option(metavar="NAME", help="With --submit: the row; a certificate tells it itself.")
    ] = "",
    name: Annotated[str, typer.Option(metavar="WHO", help="With --submit: who is to be named.")] = "",
    measure_: Annotated[
        bool, typer.Option("--measure", help="Write the statistics of the rows' models that the table lacks.")
    ] = False,
    engines: Annotated[
        str, typer.Option(metavar="NAMES", help="Ask engines about the rows' files: scip,cpsat,glpk,highs,gurobi.")
    ] = "",
    seconds: Annotated[float, typer.Option(min=1, help="With --engines: limit of each run.")] = 20.0,
    export: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write models, values, solutions and metadata for others.")
    ] = None,
    folder: Table = None,
) -> None:
    """The reference library: best proven answers of many questions. Without options: the table."""
    place = folder or table_folder()
    if update is not None:
        _update(update, place)
    if submit is not None:
        taken = submission.submit(submit, name, _today(), row, place)
        _say(f"taken: {_bounds(taken)}, {taken.status}, by {taken.who}")
    rows = chosen(read_references(place), only)
    if measure_:
        _measure(rows, place)
    if engines:
        _engines(rows, [outside.find(word.strip()) for word in engines.split(",")], seconds, place)
    if export is not None:
        with _bar("exporting", len(rows)) as told:
            left = library.export(rows, place, export, told)
        for text in left:
            _say(f"left out: {text}")
        _say(f"written: {export}")
    if verify_:
        _verify(rows, place, workers, quick)
    elif update is None and submit is None and not measure_ and not engines and export is None:
        _show(rows)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _say(text: str) -> None:
    console().print(text, soft_wrap=True, markup=False)


def _bounds(reference: Reference) -> str:
    return f"{reference.label}: {reference.primal_bound} <> {reference.dual_bound or '-'} ({reference.level})"


def _update(run: Path, folder: Path) -> None:
    with Store(run) as store:
        written_rows = growing.update(questions(store.rows()), store.solution, _today(), folder, store.certificate)
    for reference in written_rows:
        _say(f"taken: {_bounds(reference)}")
    _say(f"{len(written_rows):,} rows taken from {run}")


def _show(rows: list[Reference]) -> None:
    lines = [
        {
            "row": reference.name,
            "value": _short(reference.primal_bound),
            "gap": "-" if reference.gap is None else f"{reference.gap:.2g}",
            "level": reference.level,
            "status": reference.status,
        }
        for reference in rows
    ]
    if lines:
        console().print(table("References", lines, text_columns=1))
        console().print()
    console().print(table("Rows", summary(rows), text_columns=1))


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:20]}... ({len(text)} characters)"


@contextmanager
def _bar(word: str, total: int) -> Iterator[Callable[[str], None]]:
    """A bar while rows are worked on; hears the name of each that is done."""
    with progress_bar() as bar:
        task = bar.add_task(word, total=total)
        yield lambda name: bar.update(task, advance=1, description=f"{word} {escape(name)}")


def _measure(rows: list[Reference], folder: Path) -> None:
    known = {line.row: line for line in read_table(folder / STATISTICS, Statistics)}
    with _bar("measuring", len(rows)) as told:
        for reference in rows:
            told(reference.name)
            if reference.name in known or absent(reference.instance):
                continue
            known[reference.name] = measure(load(reference), check(reference, folder))
            write_table(folder / STATISTICS, sorted(known.values(), key=lambda line: line.row))
    _say(f"{len(known):,} rows have statistics")


def _engines(rows: list[Reference], names: list[str], seconds: float, folder: Path) -> None:
    known = {(line.row, line.engine): line for line in read_table(folder / ENGINES, Claim)}
    kinds = {line.row: line for line in read_table(folder / STATISTICS, Statistics)}
    asked = [(reference, engine) for reference in rows for engine in names]
    with _bar("asking", len(asked)) as told, TemporaryDirectory() as place:
        for reference, engine in asked:
            told(f"{engine} {reference.name}")
            about = kinds.get(reference.name)
            if about is None or not outside.reads(engine, about) or (reference.name, engine) in known:
                continue
            path = Path(place) / f"{reference.name}.{about.file}"
            if not path.is_file():
                instance = load(reference)
                model = formulation_of(instance, reference.objective)
                export_model(model, instance, reference.objective, path, Format(about.file), minimized=True)
            found = outside.claim(reference, engine, path, Fraction(about.unit), seconds, _today())
            known[reference.name, engine] = found
            write_table(folder / ENGINES, sorted(known.values(), key=lambda line: (line.row, line.engine)))
    _say(f"{len(known):,} claims")
    shout(outside.wrong(known.values(), rows))


def _verify(rows: list[Reference], folder: Path, workers: int, quick: bool) -> None:
    took = {line.row: float(line.check) for line in read_table(folder / STATISTICS, Statistics)}
    verdicts, wrong, proofs = [], 0, Counter[str]()
    with _bar("verifying", len(rows)) as told:
        for found in verify(rows, folder, workers, took, QUICK_SECONDS if quick else None):
            reference = found.reference
            told(reference.name)
            wrong += bool(found.faults)
            kind = "skipped" if found.skipped else "data absent" if found.absent else found.said
            proofs[kind] += not found.faults
            verdicts.append(
                {
                    "reference": reference.name,
                    "level": reference.level,
                    "status": reference.status,
                    "verdict": found.said,
                    "s": f"{found.seconds:.1f}",
                }
            )
    if verdicts:
        console().print(table("References", sorted(verdicts, key=lambda line: line["reference"]), text_columns=1))
    shout(outside.wrong(read_table(folder / ENGINES, Claim), rows))
    said = ", ".join(f"{count:,} {word}" for word, count in proofs.most_common() if count)
    _say(f"{len(rows):,} references, {wrong} wrong" + (f": {said}" if said else ""))
    if wrong:
        raise typer.Exit(ANSWER_IS_NO)
