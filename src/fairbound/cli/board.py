"""A decision as people take it on: a page for a board, tables with all figures, zones for a map."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from fractions import Fraction
from html import escape
from typing import TYPE_CHECKING, Any

import fairbound
from fairbound.benchmarks.core.rooms import decision_figures
from fairbound.cli import page
from fairbound.cli.show import LEVELS, exact, percent
from fairbound.instances.core.files import write_text, written_whole
from fairbound.instances.core.tables import full_rows, is_broken, write_csv
from fairbound.models.core.text import clean
from fairbound.solvers.core.result import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from fairbound.models.core.problem import Instance, Problem
    from fairbound.solvers.core.result import Result

MOST_REASONS, MOST_NOTES, MOST_ROWS = 25, 12, 40
"""Lines of a page that is to be two sheets at most; the tables hold them all."""


def write_decision(problem: Problem[Any, Any], instance: Instance, result: Result, folder: Path) -> None:
    """Write ``board.html``, ``plan.csv``, ``plan.xlsx`` and, for zones with polygons, ``zones.geojson``."""
    solution = result.solution
    table = problem.decisions or problem.solution_rows
    plan = list(table(instance, solution))
    if plan:
        write_csv(folder / "plan.csv", full_rows(plan))
    summary = problem.solution_summary(instance, solution)
    _write_workbook(folder / "plan.xlsx", plan, summary, _about(problem, instance, result))
    shapes = problem.shapes(instance, solution)
    if shapes is not None:
        write_text(folder / "zones.geojson", json.dumps(shapes) + "\n")
    write_text(folder / "board.html", board_page(problem, instance, result, plan, folder))


def _about(problem: Problem[Any, Any], instance: Instance, result: Result) -> list[tuple[str, str]]:
    goal = problem.objective(result.objective.split(",")[-1])
    facts = ", ".join(f"{value} {name}" for name, value in problem.facts(instance).items())
    return [
        ("asked about", f"{instance.title or instance.name}: {facts}"),
        ("asked for", f"{goal.sense.value} {goal.name} ({goal.unit}): {goal.summary}"),
        ("value", exact(result.primal_bound)),
        ("no plan passes", exact(result.proven_bound) if result.proven else "nothing is proven"),
        ("what that rests on", LEVELS[result.proven.level if result.proven else result.level]),
        ("digest of the question", result.digest),
    ]


def verdict(result: Result) -> tuple[str, str]:
    """How good the plan is, in a sentence that says no more than was proven, and the colour of its bar."""
    if result.violations:
        return f"This plan breaks {len(result.violations)} of the rules.", "broken"
    gap = result.proven_gap
    if result.proven is not None and gap == 0:
        return "No plan that keeps the rules is better. This is proven.", "kept"
    if result.proven is not None and gap is not None:
        return f"A plan that keeps the rules may be better by {percent(gap)} at most. This is proven.", "open"
    if result.status is Status.OPTIMAL:
        return "The engine claims that no plan is better. This is not proven.", "open"
    return "How much better a plan may be is not known.", "open"


def board_page(
    problem: Problem[Any, Any],
    instance: Instance,
    result: Result,
    plan: Sequence[Mapping[str, object]],
    folder: Path,
) -> str:
    """One HTML page that prints on one or two sheets; ``plan`` is the table of decisions."""
    from fairbound.benchmarks.core.static_figures import svg_text  # slow to import

    goal = problem.objective(result.objective.split(",")[-1])
    said, colour = verdict(result)
    summary = problem.solution_summary(instance, result.solution)
    reasons = list(problem.reasons(plan))
    drawn = "".join(
        f"<figure>{svg_text(figure)}<figcaption>{escape(figure.caption)}</figcaption></figure>"
        for figure in decision_figures(instance, result.solution)
    )
    rules = [(name, text) for name, text in instance.parameters.items() if text and text != "none"]
    notes = [*problem.assumptions(instance), *instance.repairs]
    figures = [
        (name.replace("_", " "), exact(value)) for name, value in (*result.values.items(), *result.measures.items())
    ]
    check = [
        f"fairbound verify {shlex.quote(str(folder / 'certificate.json'))}" if result.certificate else "",
        f"fairbound bundle {shlex.quote(str(folder))}" if result.certificate else "",
    ]
    parts = [
        f"<h1>{escape(problem.title)}: {escape(instance.title or instance.name)}</h1>",
        f"<p class='verdict {colour}'>{escape(goal.name)}: {escape(exact(result.primal_bound))} "
        f"{escape(goal.unit)}.<br>{escape(said)}</p>",
        f"<div class='figures'>{drawn}</div>" if drawn else "",
        "<h2>The plan</h2>" + page.columns(summary[:MOST_ROWS]) if summary else "",
        f"<p>{len(summary) - MOST_ROWS:,} more rows are in plan.xlsx.</p>" if len(summary) > MOST_ROWS else "",
        "<h2>Left out, and why</h2>" + _some(reasons, MOST_REASONS) if reasons else "",
        "<h2>Figures</h2>" + page.pairs(figures),
        "<h2>What was asked, and what the answer rests on</h2>",
        page.pairs([*_about(problem, instance, result), *((f"rule {name}", text) for name, text in rules)]),
        _some(notes, MOST_NOTES) if notes else "",
        "<h2>How to check this</h2><p>plan.csv and plan.xlsx hold every row with exact values, result.json all else.",
        f"<pre>{escape(chr(10).join(filter(None, check)))}</pre>" if any(check) else "",
        f"<p>fairbound {fairbound.__version__}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. Values are recomputed in "
        "rational arithmetic.</p>",
    ]
    return page.document(f"{problem.title}: {instance.title or instance.name}", parts)


def _some(lines: Sequence[str], most: int) -> str:
    more = [f"... and {len(lines) - most:,} more"] if len(lines) > most else []
    return page.items([*lines[:most], *more])


def _write_workbook(
    path: Path,
    plan: Sequence[Mapping[str, object]],
    summary: Sequence[Mapping[str, str]],
    about: Sequence[tuple[str, str]],
) -> None:
    """Sheets of the plan, its summary and what was asked; text stays text, whatever it begins with."""
    import openpyxl  # slow to import

    book = openpyxl.Workbook()
    book.remove(book.active)
    exact_plan = [{**row, **_exact_cells(row)} for row in plan]
    about_rows = [{"what": name, "text": text} for name, text in about]
    for title, rows in (("plan", exact_plan), ("summary", summary), ("about", about_rows)):
        if not rows:
            continue
        sheet = book.create_sheet(title)
        names = list(dict.fromkeys(name for row in rows for name in row))
        for column, name in enumerate(names, start=1):
            _put(sheet.cell(1, column), name)
            sheet.column_dimensions[sheet.cell(1, column).column_letter].width = 60 if title == "about" else 16
        for line, row in enumerate(rows, start=2):
            for column, name in enumerate(names, start=1):
                _put(sheet.cell(line, column), row.get(name))
        sheet.freeze_panes = "A2"
    with written_whole(path) as part:
        book.save(part)


def _exact_cells(row: Mapping[str, object]) -> dict[str, str]:
    return {f"{name}_exact": str(cell) for name, cell in row.items() if is_broken(cell)}


def _plain_number(value: Fraction | int | float) -> int | float:
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    return value


def _put(cell: Any, value: object) -> None:
    if value is None or value == "":
        return
    if isinstance(value, Fraction | int | float):
        cell.value = _plain_number(value)
    else:
        cell.value = clean(str(value))
        cell.data_type = "s"
