"""A sweep: every instance of a family, one row each, in one table.

Rows are kept by the durable runner in a store beside the table, ``FILE.rows``, which ``bench show`` and
``bench report`` read as well. The table is made from the rows of this very question and appears in
one step when all are there; the store stays, so that the same sweep never solves a row twice.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.batches import LARGEST
from fairbound.benchmarks.core.machine import versions
from fairbound.benchmarks.core.runner import WORKERS, OnEvent, Summary, run_specifications
from fairbound.benchmarks.core.specification import DEFAULT, Specification, content_of
from fairbound.benchmarks.core.store import Store
from fairbound.benchmarks.core.work import REFUSED, load
from fairbound.instances.core import catalogue
from fairbound.instances.core.source import LEFT_OUT_WORDS, Reading, Source
from fairbound.instances.core.tables import write_csv
from fairbound.models.core.arrays import collector_paused
from fairbound.models.core.errors import InputError
from fairbound.models.core.registry import find_problem
from fairbound.solvers.core.methods import find_method
from fairbound.solvers.core.result import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from fairbound.benchmarks.core.row import Row
    from fairbound.models.core.problem import Problem

GRACE = 10.0
"""A process is killed so many seconds after a time limit that its engine did not keep."""


@collector_paused()
def plan_sweep(
    family: str,
    *,
    objective: str | None = None,
    method: str | None = None,
    parameters: Mapping[str, str] | None = None,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    by: Sequence[str] = (),
    problem: str | None = None,
) -> tuple[Specification, ...]:
    """The solves of a family (``cep/us/*``, ``cep/us/ca/*``), in the order of the catalogue, or of a file's parts.

    Parameters
    ----------
    by
        Columns of a file: rows with the same texts in them are an instance.
    problem
        Of a file that does not tell.

    Raises
    ------
    InputError
        For a name that does not exist, and for parameters that the first instance cannot have.
    """
    given = dict(parameters or {})
    if by:
        file = Source.named(family)
        if file is None:
            raise InputError("only a file is split by a column", found=family, wanted="a file")
        problems = dict.fromkeys(catalogue.split(file, by), find_problem(catalogue.format_of(file, problem).problem))
    else:
        problems = {name: find_problem(catalogue.problem_of(name)) for name in catalogue.expand(family)}
    goals = {kind.name: _objective(kind, objective) for kind in problems.values()}
    for kind in {kind.name: kind for kind in problems.values()}.values():
        kind.check_parameters(given)
        if method is not None:
            find_method(kind, method)
    version = versions()
    planned = tuple(
        Specification(
            problem=kind.name,
            instance=name,
            parameters=tuple(sorted(given.items())),
            objective=goals[kind.name],
            method=method or DEFAULT,
            seed=settings.seed,
            seconds=settings.time_limit,
            grace=GRACE,
            memory_mb=None,
            threads=settings.threads,
            gap=settings.gap,
            content=content_of(name, kind.name),
            version=version,
        )
        for name, kind in problems.items()
    )
    if not by:  # parts of a file may be refused one by one
        load(planned[0])
    return planned


def _objective(problem: Problem[Any, Any], text: str | None) -> str:
    if text is None:
        return problem.objectives[0].name
    return ",".join(problem.objective(part.strip()).name for part in text.split(","))


def store_of(table: Path) -> Path:
    """The folder beside a table in which its rows are kept."""
    return table.with_name(table.name + ".rows")


def left_out_of(table: Path) -> Path:
    """Where the rows of a file that were left out, or kept an instance from being solved, are told."""
    return table.with_name(f"{table.stem}.left_out.csv")


def left_out_rows(rows: Iterable[Row]) -> list[dict[str, str]]:
    """What was left out of instances, and instances that were refused."""
    found = []
    for row in rows:
        told = json.loads(row.about).get("repairs", []) if LEFT_OUT_WORDS in row.about else []
        repairs = [repair for repair in told if LEFT_OUT_WORDS in repair]
        refused = [f"refused: {row.message}"] if row.status == REFUSED else []
        found += [
            {"instance": row.instance, **part_columns(row.instance), "what": what} for what in (*repairs, *refused)
        ]
    return found


def part_columns(instance: str) -> dict[str, str]:
    """The columns by which a file was split, and what they hold; none for other instances."""
    said = instance.rpartition("#")[2]
    return dict(Reading.parse(said).only) if "only=" in said else {}


def part_of(table: Path) -> Path:
    """Where the rows of an interrupted sweep can be read."""
    return table.with_name(table.name + ".part")


def run_sweep(
    planned: Sequence[Specification],
    table: Path,
    workers: int = WORKERS,
    scheduler: str | None = None,
    on_event: OnEvent | None = None,
    retry: Sequence[str] = (),
) -> tuple[Summary, list[Row]]:
    """Solve what the store of a table lacks, then publish the table; returns its rows too.

    A sweep that a person stopped leaves what it has in ``FILE.part`` and any earlier table as it was.

    Raises
    ------
    InputError
        If another sweep writes to this table: which process, on which machine; or the table is a file that no sweep
        has written.
    """
    if table.exists() and not store_of(table).is_dir():
        raise InputError("a file that no sweep has written", file=str(table), wanted="another --out")
    with Store(store_of(table), write=True) as store:
        summary = run_specifications(
            planned, store, table.stem, workers, scheduler, on_event, retry=retry, batch=LARGEST
        )
        with collector_paused():
            rows = planned_rows(planned, store)
        if rows:
            write_csv(table if len(rows) == len(planned) else part_of(table), table_rows(rows))
            left_out = left_out_rows(rows)
            if left_out:
                write_csv(left_out_of(table), left_out)
            else:
                left_out_of(table).unlink(missing_ok=True)  # of an earlier sweep
    return summary, rows


def planned_rows(planned: Sequence[Specification], store: Store) -> list[Row]:
    """The rows of these solves that are there, in their order; whatever else the store holds is left out."""
    found = {row.key: row for row in store}
    return [found[specification.key] for specification in planned if specification.key in found]


def table_rows(rows: Iterable[Row]) -> list[dict[str, str]]:
    """The table as text; columns that only some rows have are empty in the others."""
    made = [_table_row(row) for row in rows]
    columns = dict.fromkeys(column for row in made for column in row)
    return [{column: row.get(column, "") for column in columns} for row in made]


def _table_row(row: Row) -> dict[str, str]:
    about = json.loads(row.about)
    values = json.loads(row.objective_values)
    cells: dict[str, Any] = {"instance": row.instance} | part_columns(row.instance)
    cells |= {"title": about.get("title", ""), "digest": row.digest}
    cells |= {name: value.replace(",", "") for name, value in about.get("facts", {}).items()}
    cells |= {
        "objective": row.objective,
        "method": row.method,
        "outcome": row.outcome,
        "status": row.status,
        "level": row.level,
        "termination": row.termination,
        "primal_bound": row.primal_bound,
        "dual_bound": row.dual_bound,
        "proven_bound": row.proven_bound,
        "proven_level": row.proven_level,
        "value": "" if row.primal_float is None else f"{row.primal_float:.10g}",
    }
    cells |= {f"value_{o.name}": values.get(o.name) for o in find_problem(row.problem).objectives}
    cells |= {
        "nodes": row.nodes,
        "seconds": "" if row.total_seconds is None else f"{row.total_seconds:.4f}",
        "repairs": "; ".join(about.get("repairs", [])),
        "message": row.message,
    }
    return {column: "" if cell is None else str(cell) for column, cell in cells.items()}
