"""The tables of a report, as data: columns with a kind, rows of cells.

A cell is text, a number, a fraction, a ``Tally`` or ``None``. What people read of it is text by the rules of
``numbers``; what programs read are full numbers, and an exact ``p/q`` beside each exact value.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import inf, isfinite
from statistics import median
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core import numbers
from fairbound.benchmarks.core.comparisons import Tally
from fairbound.benchmarks.core.work import REFUSED
from fairbound.instances.core.tables import full_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fairbound.benchmarks.core.comparisons import Cell, Crossing, HeuristicGap, Refusal, Standing
    from fairbound.benchmarks.core.questions import Question
    from fairbound.benchmarks.core.row import Row

NUMBERS: dict[str, tuple[Callable[[Any], str], str]] = {
    "int": (numbers.count_text, ""),
    "seconds": (numbers.seconds_number, "s"),
    "percent": (numbers.percent_number, "%"),
    "mb": (numbers.megabytes_number, "MB"),
    "value": (numbers.value_text, ""),
    "exact": (numbers.value_text, ""),
    "dollars": (lambda value: f"{float(value):,.0f}", "$"),
}
"""Kinds of numbers: how one is written, and its unit."""
EXACT = ("exact", "dollars")
"""Kinds whose fractions stand as ``p/q`` beside the float."""
TALLY = ("sgm_seconds", "closed", "asked", "refused")
CONTRADICTION = "CONTRADICTION"
"""How a cell begins that the page shows in red."""
LARGEST = 1e308
"""Sorts after every number; JSON has no infinity."""
SAFE = 2**53
"""Integers below are floats exactly."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    kind
        ``text``, ``tally``, or how numbers are written, see ``NUMBERS``.
    facet
        Offer its values as a filter.
    key
        It tells what a row is about: on paper it stands in every group of columns of a wide table.
    """

    label: str
    kind: str = "text"
    help: str = ""
    facet: bool = False
    key: bool = False

    @property
    def heading(self) -> str:
        """The label with the unit."""
        unit = NUMBERS[self.kind][1] if self.kind in NUMBERS else ""
        return f"{self.label} ({unit})" if unit else self.label

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the columns that a program reads."""
        name = re.sub(r"\W+", "_", self.label.lower()).strip("_")
        if self.kind == "tally":
            return tuple(f"{name}_{part}" for part in TALLY)
        return (name, f"{name}_exact") if self.kind in EXACT else (name,)


@dataclass(frozen=True)
class Table:
    """A table of the report; ``name`` is the file name of its CSV.

    Attributes
    ----------
    folded
        Rows whose ``status`` is this are counted in the page and shown when asked for.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    folded: str = ""

    def _used(self) -> list[int]:
        """Columns with any cell."""
        return [i for i in range(len(self.columns)) if any(row[i] not in (None, "") for row in self.rows)]

    def to_json(self) -> dict[str, Any]:
        """The table as JSON types; columns without any cell are left out.

        A cell is text, a number, or a list: the text shown, the number to sort by, and the cells that a program
        reads where those are not that number alone.
        """
        used = self._used()
        kinds = [self.columns[i].kind for i in used]
        rows = [[_plain(row[i], kind) for i, kind in zip(used, kinds, strict=True)] for row in self.rows]
        columns = [asdict(self.columns[i]) | {"fields": self.columns[i].fields} for i in used]
        return {"name": self.name, "title": self.title, "columns": columns, "rows": rows, "folded": self.folded}

    def table(self) -> list[dict[str, str]]:
        """The table as rows for a program: full numbers, shares and not percents, nothing rounded."""
        return [
            {
                name: text
                for column, cell in zip(self.columns, row, strict=True)
                for name, text in zip(column.fields, _full(cell, column.kind), strict=True)
            }
            for row in self.rows
        ]

    def texts(self) -> tuple[list[str], list[bool], list[list[str]]]:
        """Headings with units, which columns are numbers, and rows of text for people; empty columns left out."""
        used = [self.columns[i] for i in self._used()]
        body = [[cell_text(row[i], self.columns[i].kind) for i in self._used()] for row in self.rows]
        return [column.heading for column in used], [column.kind in NUMBERS for column in used], body


def cell_text(cell: Any, kind: str) -> str:
    """A cell for people, without its unit."""
    if cell is None:
        return ""
    if isinstance(cell, Tally):
        return tally_text(cell)
    return NUMBERS[kind][0](cell) if kind in NUMBERS and not isinstance(cell, str) else str(cell)


def tally_text(tally: Tally) -> str:
    """Closed of asked, and seconds; a word where nothing could be asked."""
    if tally.refused == tally.asked:
        return "refused"
    return f"{tally.closed} / {tally.asked}, {numbers.seconds_text(tally.seconds)}"


def _full(cell: Any, kind: str) -> tuple[str, ...]:
    """The cells that a program reads."""
    if kind == "tally":
        if cell is None:
            return ("",) * len(TALLY)
        return (full_text(cell.seconds), str(cell.closed), str(cell.asked), str(cell.refused))
    if kind in EXACT:
        return full_text(cell), str(cell) if isinstance(cell, Fraction) else ""
    return (full_text(cell),)


def _plain(cell: Any, kind: str) -> Any:
    if isinstance(cell, Tally):
        return [tally_text(cell), cell.seconds, cell.closed, cell.asked, cell.refused]
    if isinstance(cell, float) and not isfinite(cell):
        return [numbers.INFINITE, LARGEST if cell == inf else -LARGEST]
    if isinstance(cell, Fraction):
        short = [cell_text(cell, kind), float(cell)]
        return short if cell.denominator == 1 and abs(cell) < SAFE else [*short, str(cell)]
    return cell


def answers_table(problem: str, asked: Sequence[Question]) -> Table:
    """Each question with its two best bounds and the level of the proof."""
    columns = (
        Column("question", key=True),
        Column("objective", facet=True, key=True),
        Column("best value", "exact", "exact value of the best solution"),
        Column("dual bound", "exact", "no solution is better"),
        Column("gap", "percent", "relative distance of the two"),
        Column("level", help="what was checked; see How to read", facet=True),
        Column("proven bound", "exact", "the strongest bound that holds whatever an engine did"),
        Column("proven gap", "percent", "distance of the best value to it"),
        Column("value by", help="method that found the value"),
        Column("bound by", help="method that gave the bound"),
        Column("seconds", "seconds", "of the method that gave the bound"),
    )
    rows = tuple(
        (
            question.title,
            question.objective,
            question.primal,
            question.dual,
            question.gap,
            question.level,
            question.proven,
            question.proven_gap,
            None if question.best_primal is None else question.best_primal.method,
            None if question.best_dual is None else question.best_dual.method,
            None if question.best_dual is None else question.best_dual.total_seconds,
        )
        for question in asked
    )
    return Table(f"{problem}-answers", "Answers", columns, rows)


def standings_table(problem: str, found: Sequence[Standing]) -> Table:
    """Exact methods over the questions of each objective."""
    columns = (
        Column("objective", facet=True, key=True),
        Column("method", key=True),
        Column("questions", "int", "questions put to it"),
        Column("closed", "int", "both bounds equal in every run, or within the gap asked for"),
        Column("refused", "int", "it says that it cannot state the question; counts as not closed"),
        Column("fastest on", "int"),
        Column("SGM 10 s", "seconds", "shifted geometric mean, shift 10 s; not closed counts as the limit"),
        Column("SGM 1 s", "seconds", "shifted geometric mean, shift 1 s; not closed counts as the limit"),
        Column("PAR10", "seconds", "mean; not closed counts ten times the limit"),
        Column("median root gap", "percent", "of the LP relaxations"),
    )
    rows = tuple(
        (
            s.objective,
            s.method,
            s.asked,
            s.solved,
            s.refused,
            s.fastest,
            s.mean_10,
            s.mean_1,
            s.par10,
            s.median_root_gap,
        )
        for s in found
    )
    return Table(f"{problem}-standings", "Exact methods over all questions", columns, rows)


def engines_table(problem: str, found: Sequence[Crossing]) -> Table:
    """Formulations in rows, engines in columns, and whether the engines agree."""
    engines = list(dict.fromkeys(engine for crossing in found for engine in crossing.tallies))
    columns = (
        Column("objective", facet=True, key=True),
        Column("formulation", key=True),
        *(Column(engine, "tally", "closed / asked, shifted geometric mean (1 s) of seconds") for engine in engines),
        Column("agreement", help="of exact values, on questions that two engines or more have closed", facet=True),
    )
    rows = tuple(
        (crossing.objective, crossing.formulation, *map(crossing.tallies.get, engines), _agreement(crossing))
        for crossing in found
    )
    return Table(f"{problem}-engines", "Formulations on engines", columns, rows)


def _agreement(crossing: Crossing) -> str:
    """What the engines say of one another, in words."""
    if crossing.contradicted:
        return f"{CONTRADICTION} on {len(crossing.contradicted)}: {'; '.join(crossing.contradicted)}"
    if not crossing.equal + crossing.near:
        return "nothing to compare"
    same = f"equal on {crossing.equal}"
    return f"{same}, within the gap on {crossing.near}" if crossing.near else same


def refused_table(problem: str, found: Sequence[Refusal]) -> Table:
    """What methods say that they cannot state, by reason."""
    columns = (
        Column("objective", facet=True, key=True),
        Column("method", facet=True, key=True),
        Column("questions", "int"),
        Column("reason"),
        Column("which"),
    )
    rows = tuple((r.objective, r.method, len(r.titles), r.reason, "; ".join(r.titles)) for r in found)
    return Table(f"{problem}-refused", "Refused", columns, rows)


def comparison_table(problem: str, cells: Sequence[Cell]) -> Table:
    """Each exact method on each question that it states: size, LP bound, root gap, nodes, seconds, memory."""
    columns = (
        Column("question", key=True),
        Column("objective", facet=True, key=True),
        Column("method", facet=True, key=True),
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
        if cell.status != REFUSED
    )
    return Table(f"{problem}-comparison", "Formulations and algorithms, question by question", columns, rows)


def heuristic_standings_table(problem: str, gaps: Sequence[HeuristicGap]) -> Table:
    """Baselines over the questions of each objective, best median first."""
    columns = (
        Column("objective", facet=True, key=True),
        Column("heuristic", key=True),
        Column("questions", "int"),
        Column("with a value", "int", "its solution keeps every rule"),
        Column("at the bound", "int", "its value equals the dual bound: nothing can be better"),
        Column("median missing", "percent", "distance of the value to the dual bound"),
        Column("most missing", "percent", "distance of the value to the dual bound"),
    )
    groups: dict[tuple[str, str], list[HeuristicGap]] = {}
    for item in gaps:
        groups.setdefault((item.question.objective, item.method), []).append(item)
    rows = []
    for (objective, method), items in groups.items():
        known = [item.gap for item in items if item.gap is not None]
        valued = sum(item.row.primal is not None for item in items)
        middle = median(known) if known else None
        rows.append((objective, method, len(items), valued, known.count(0.0), middle, max(known, default=None)))
    objectives = list(dict.fromkeys(objective for objective, _ in groups))
    rows.sort(key=lambda row: (objectives.index(row[0]), row[5] is None, row[5] or 0.0))
    return Table(f"{problem}-heuristic-standings", "Heuristics over all questions", columns, tuple(rows))


def heuristics_table(problem: str, gaps: Sequence[HeuristicGap]) -> Table:
    """Each baseline on each question."""
    columns = (
        Column("question", key=True),
        Column("objective", facet=True, key=True),
        Column("heuristic", facet=True, key=True),
        Column("status", facet=True),
        Column("value", "exact", "exact; the worst of its seeds"),
        Column("dual bound", "exact"),
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
            item.row.primal,
            item.question.dual,
            item.gap,
            item.row.total_seconds,
            item.row.message,
        )
        for item in gaps
    )
    return Table(f"{problem}-heuristics", "Heuristics, question by question", columns, rows)


def honesty_table(tallied: Sequence[Mapping[str, str]]) -> Table:
    """Wrong claims by engine and family of models, from the rows of ``honesty.csv``."""
    outcomes = [
        name for name in tallied[0] if name not in ("engine", "version", "family", "parameter", "cases", "wrong")
    ]
    counts = ["cases", "wrong", *outcomes]
    added: dict[tuple[str, ...], list[int]] = {}
    for row in tallied:
        sums = added.setdefault((row["engine"], row["version"], row["family"]), [0] * len(counts))
        for k, name in enumerate(counts):
            sums[k] += int(row[name])
    columns = (
        Column("engine", facet=True, key=True),
        Column("version", key=True),
        Column("models", facet=True, key=True),
        *(Column(name, "int") for name in counts),
    )
    return Table("honesty", "Wrong claims", columns, tuple((*names, *sums) for names, sums in added.items()))


def solves_table(rows: Sequence[Row]) -> Table:
    """Every row of the run."""
    columns = (
        Column("problem", facet=True),
        Column("question", key=True),
        Column("objective", facet=True, key=True),
        Column("method", facet=True, key=True),
        Column("seed", "int", key=True),
        Column("repetition", "int", key=True),
        Column("outcome", facet=True, help="how the process ended"),
        Column("status", facet=True),
        Column("stopped", help="why the method stopped", facet=True),
        Column("level", facet=True),
        Column("value", "exact"),
        Column("dual bound", "exact", "of an LP relaxation its optimum, a float"),
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
            row.primal,
            row.relaxation if row.relaxed else row.dual,
            row.gap,
            row.nodes,
            row.total_seconds,
            row.cpu_seconds,
            row.memory_mb,
            row.message,
        )
        for row in rows
    )
    return Table("solves", "Every solve", columns, cells, folded=REFUSED)
