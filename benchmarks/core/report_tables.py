"""The tables of a report, as data: columns with a kind, rows of cells.

A cell is text, a number, ``None``, or a pair (text shown, number to sort by).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from statistics import median
from typing import TYPE_CHECKING, Any

from fairbound.models.core.exact import decimal_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from fairbound.benchmarks.core.analysis import Cell, HeuristicGap, Question, Standing
    from fairbound.benchmarks.core.row import Row


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    kind
        text, int, seconds, percent, mb, value: how numbers are written.
    facet
        Offer its values as a filter.
    """

    label: str
    kind: str = "text"
    help: str = ""
    facet: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the report; ``name`` is the file name of its CSV."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """The table as JSON types: columns without any cell are left out, infinite numbers become text."""
        used = [i for i in range(len(self.columns)) if any(row[i] not in (None, "") for row in self.rows)]
        rows = [[_plain(row[i]) for i in used] for row in self.rows]
        columns = [asdict(self.columns[i]) for i in used]
        return {"name": self.name, "title": self.title, "columns": columns, "rows": rows}

    def table(self) -> list[dict[str, str]]:
        """The table as rows of text, for CSV."""
        return [
            {column.label: _text(cell) for column, cell in zip(self.columns, row, strict=True)} for row in self.rows
        ]


def _plain(cell: Any) -> Any:
    if isinstance(cell, float) and not isfinite(cell):
        return ["∞", 1e308]
    if isinstance(cell, float):
        return float(f"{cell:.6g}")
    return list(cell) if isinstance(cell, tuple) else cell


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return str(cell[0]) if isinstance(cell, tuple) else str(cell)


def exact_cell(value: Fraction | None) -> tuple[str, float] | None:
    """An exact value for people, with a float to sort by; a few decimals where it has many."""
    if value is None:
        return None
    text = decimal_text(value)
    if "/" in text or len(text.partition(".")[2]) > 4:
        number = float(value)
        return (f"{number:.6g}…" if abs(number) < 1 else f"{number:,.4f}…"), number
    whole, point, part = text.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{abs(int(whole)):,}{point}{part}", float(value)


def answers_table(problem: str, asked: Sequence[Question]) -> Table:
    """Each question with its two best bounds and the level of the proof."""
    columns = (
        Column("question"),
        Column("objective", facet=True),
        Column("best value", "value", "exact value of the best solution"),
        Column("dual bound", "value", "no solution is better"),
        Column("gap", "percent", "relative distance of the two"),
        Column("level", help="what was checked; see How to read", facet=True),
        Column("proven bound", "value", "the strongest bound that holds whatever an engine did"),
        Column("proven gap", "percent", "distance of the best value to it"),
        Column("value by", help="method that found the value"),
        Column("bound by", help="method that gave the bound"),
        Column("seconds", "seconds", "of the method that gave the bound"),
    )
    rows = tuple(
        (
            question.title,
            question.objective,
            exact_cell(question.primal),
            exact_cell(question.dual),
            question.gap,
            question.level,
            exact_cell(question.proven),
            question.proven_gap,
            None if question.best_primal is None else question.best_primal.method,
            None if question.best_dual is None else question.best_dual.method,
            None if question.best_dual is None else question.best_dual.total_seconds,
        )
        for question in asked
    )
    return Table(f"{problem}-answers", "Answers", columns, rows)


def standings_table(problem: str, found: Sequence[Standing]) -> Table:
    """Exact methods over all questions."""
    columns = (
        Column("method"),
        Column("questions", "int", "questions put to it"),
        Column("closed", "int", "both bounds equal in every run, or within the gap asked for"),
        Column("refused", "int", "it says that it cannot state the question; counts as not closed"),
        Column("fastest on", "int"),
        Column("SGM 10 s", "seconds", "shifted geometric mean, shift 10 s; not closed counts as the limit"),
        Column("SGM 1 s", "seconds", "shifted geometric mean, shift 1 s; not closed counts as the limit"),
        Column("PAR10", "seconds", "mean; not closed counts ten times the limit"),
        Column("mean root gap", "percent", "of the LP relaxations"),
    )
    rows = tuple(
        (s.method, s.asked, s.solved, s.refused, s.fastest, s.mean_10, s.mean_1, s.par10, s.mean_root_gap)
        for s in found
    )
    return Table(f"{problem}-standings", "Exact methods over all questions", columns, rows)


def comparison_table(problem: str, cells: Sequence[Cell]) -> Table:
    """Each exact method on each question: size, LP bound, root gap, nodes, seconds, memory."""
    columns = (
        Column("question"),
        Column("objective", facet=True),
        Column("method", facet=True),
        Column("engine", facet=True),
        Column("status", facet=True),
        Column("columns", "int"),
        Column("rows", "int"),
        Column("nonzeros", "int"),
        Column("integers", "int"),
        Column("LP bound", "value", "optimum of the LP relaxation"),
        Column("root gap", "percent", "distance of the LP bound to the best value known"),
        Column("nodes", "int"),
        Column("seconds", "seconds", "wall: build, compile and solve; closed or not"),
        Column("CPU seconds", "seconds", "of the whole process"),
        Column("memory", "mb", "largest resident memory of the process, libraries included"),
        Column("gap", "percent", "at the end"),
        Column("P-D integral", "seconds", "primal-dual integral"),
        Column("runs", "int"),
        Column("note"),
    )
    rows = tuple(
        (
            cell.question.title,
            cell.question.objective,
            cell.method,
            cell.engine,
            cell.status,
            cell.columns,
            cell.rows,
            cell.nonzeros,
            cell.integers,
            cell.relaxation,
            cell.root_gap,
            cell.nodes,
            cell.spent,
            cell.cpu_seconds,
            cell.memory_mb,
            cell.gap,
            cell.integral,
            cell.runs,
            cell.message,
        )
        for cell in cells
    )
    return Table(f"{problem}-comparison", "Formulations and algorithms, question by question", columns, rows)


def heuristic_standings_table(problem: str, gaps: Sequence[HeuristicGap]) -> Table:
    """Baselines over all questions, best median first."""
    columns = (
        Column("heuristic"),
        Column("questions", "int"),
        Column("with a value", "int", "its solution keeps every rule"),
        Column("at the bound", "int", "its value equals the dual bound: nothing can be better"),
        Column("median missing", "percent", "distance of the value to the dual bound"),
        Column("most missing", "percent", "distance of the value to the dual bound"),
    )
    by_method: dict[str, list[HeuristicGap]] = {}
    for item in gaps:
        by_method.setdefault(item.method, []).append(item)
    rows = []
    for method, items in by_method.items():
        known = [item.gap for item in items if item.gap is not None]
        valued = sum(item.row.primal is not None for item in items)
        middle = median(known) if known else None
        rows.append((method, len(items), valued, known.count(0.0), middle, max(known, default=None)))
    rows.sort(key=lambda row: (row[4] is None, row[4] or 0.0))
    return Table(f"{problem}-heuristic-standings", "Heuristics over all questions", columns, tuple(rows))


def heuristics_table(problem: str, gaps: Sequence[HeuristicGap]) -> Table:
    """Each baseline on each question."""
    columns = (
        Column("question"),
        Column("objective", facet=True),
        Column("heuristic", facet=True),
        Column("status", facet=True),
        Column("value", "value", "exact; the worst of its seeds"),
        Column("dual bound", "value"),
        Column("may be missing", "percent", "distance of the value to the dual bound"),
        Column("seconds", "seconds"),
        Column("note"),
    )
    rows = tuple(
        (
            item.question.title,
            item.question.objective,
            item.method,
            item.row.status if item.row.outcome == "ok" else item.row.outcome,
            exact_cell(item.row.primal),
            exact_cell(item.question.dual),
            item.gap,
            item.row.total_seconds,
            item.row.message,
        )
        for item in gaps
    )
    return Table(f"{problem}-heuristics", "Heuristics, question by question", columns, rows)


def solves_table(rows: Sequence[Row]) -> Table:
    """Every row of the run."""
    columns = (
        Column("problem", facet=True),
        Column("question"),
        Column("objective", facet=True),
        Column("method", facet=True),
        Column("seed", "int"),
        Column("rep.", "int", "repetition"),
        Column("outcome", facet=True, help="how the process ended"),
        Column("status", facet=True),
        Column("stopped", help="why the method stopped", facet=True),
        Column("level", facet=True),
        Column("value", "value"),
        Column("dual bound", "value"),
        Column("gap", "percent"),
        Column("nodes", "int"),
        Column("seconds", "seconds", "of the method"),
        Column("CPU seconds", "seconds", "of the process"),
        Column("memory", "mb"),
        Column("note"),
    )
    cells = tuple(
        (
            row.problem,
            row.title,
            row.objective,
            f"{row.method} (LP)" if row.relaxed else row.method,
            row.seed,
            row.repetition,
            row.outcome,
            row.status,
            row.termination,
            row.level,
            exact_cell(row.primal),
            row.relaxation if row.relaxed else exact_cell(row.dual),
            row.gap,
            row.nodes,
            row.total_seconds,
            row.cpu_seconds,
            row.memory_mb,
            row.message,
        )
        for row in rows
    )
    return Table("solves", "Every solve", columns, cells)
