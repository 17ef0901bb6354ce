"""The report: one HTML file that holds everything and needs no network, and each figure for papers.

The page is ``templates/report.html.j2`` with its style and script put inside; Plotly's library is
put inside once. Numbers go in as JSON, so that five thousand rows stay small and open fast.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core import report_tables as tables
from fairbound.benchmarks.core.comparisons import compare_exact, crossings, heuristic_gaps, refusals, standings
from fairbound.benchmarks.core.figures import problem_figures
from fairbound.benchmarks.core.questions import Question, questions
from fairbound.benchmarks.core.references.growing import alarms
from fairbound.benchmarks.core.static_figures import write_static
from fairbound.benchmarks.core.store import Store
from fairbound.benchmarks.core.table_files import write_tables
from fairbound.instances.core.files import write_text
from fairbound.instances.core.tables import read_rows
from fairbound.models.core.registry import find_problem, names
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fairbound.benchmarks.core.figure import Figure, Group, Solutions
    from fairbound.benchmarks.core.report_tables import Table
    from fairbound.benchmarks.core.row import Row

REPORT = "report.html"
FIGURES = "figures"
HONESTY = "honesty.csv"
TABLES = "tables"

LEVELS = (
    ("L0", "claimed", "the engine says so"),
    ("L1", "exact value", "the solution was checked and its value recomputed in rational arithmetic; the bound is the "
     "engine's claim"),
    ("L2", "exact bound", "the dual bound is proven by a theorem or by rational arithmetic"),
    ("L3", "independent engines", "engines that share no code agree"),
    ("L4", "tree certificate", "a branch-and-bound tree was replayed by a checker that shares no code"),
    ("L5", "VIPR", "a certificate was accepted by a public checker"),
)  # fmt: skip


@dataclass(frozen=True)
class Section:
    """One problem in the report."""

    problem: str
    title: str
    summary: str
    asked: Sequence[Question]
    tables: dict[str, Table]
    figures: dict[str, list[Group]]

    @property
    def refused(self) -> int:
        """Questions that methods refused, each counted for each method."""
        table = self.tables.get("refused")
        return 0 if table is None else sum(row[2] for row in table.rows)


def report(source: Store | Path | Iterable[Row], out: Path, title: str | None = None, *, static: bool = True) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    source
        A store, a folder with results or a Parquet file, or the rows themselves.
    out
        The HTML file, or the folder for ``report.html``.
    static
        Also write every figure as SVG, PDF, PNG and CSV into ``figures/`` and every table as CSV and LaTeX into
        ``tables/`` beside it.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    InputError
        If there are no results at ``source``.
    """
    rows, facts, solutions = _open(source)
    page = out if out.suffix == ".html" else out / REPORT
    sections = [_section(name, asked, solutions) for name, asked in _by_problem(questions(rows)).items()]
    everything = tables.solves_table(rows)
    groups = [group for section in sections for found in section.figures.values() for group in found]
    drawn = [figure for group in groups for figure in group.figures]
    shown = [table for section in sections for table in section.tables.values()] + [everything]
    wrong = _wrong_claims(source)
    if wrong is not None:
        shown.append(wrong)
    heading = title or facts.get("title") or "Benchmark"
    write_text(page, _render(rows, facts, heading, sections, everything, drawn, shown, wrong))
    if static:
        write_static(drawn, page.parent / FIGURES)
        write_tables(shown, page.parent / TABLES)
    return page


def _open(source: Store | Path | Iterable[Row]) -> tuple[list[Row], dict[str, str], Solutions]:
    if isinstance(source, Path) and source.suffix != ".parquet":
        with Store(source) as store:
            rows = store.rows()
            kept = {row.key: store.solution(row.key) for row in rows}
            return rows, store.facts(), kept.get
    if isinstance(source, Store):
        return source.rows(), source.facts(), source.solution
    if isinstance(source, Path):
        from fairbound.benchmarks.core.store import read_rows

        return read_rows(source), {}, lambda _key: None
    return list(source), {}, lambda _key: None


def _wrong_claims(source: Store | Path | Iterable[Row]) -> Table | None:
    """What ``bench honesty`` found, if it wrote into the folder of the run."""
    folder = source.folder if isinstance(source, Store) else source
    path = folder / HONESTY if isinstance(folder, Path) else None
    if path is None or not path.is_file():
        return None
    return tables.honesty_table([row for _, row in read_rows(path)[1]])


def _by_problem(asked: Iterable[Question]) -> dict[str, list[Question]]:
    grouped: dict[str, list[Question]] = {}
    for question in asked:
        grouped.setdefault(question.problem, []).append(question)
    return grouped


def _section(name: str, asked: Sequence[Question], solutions: Solutions) -> Section:
    problem = find_problem(name) if name in names() else None
    cells = compare_exact(asked)
    made = {
        "answers": tables.answers_table(name, asked),
        "heuristic_standings": tables.heuristic_standings_table(name, heuristic_gaps(asked)),
        "heuristics": tables.heuristics_table(name, heuristic_gaps(asked)),
        "standings": tables.standings_table(name, standings(cells)),
        "engines": tables.engines_table(name, crossings(asked)),
        "comparison": tables.comparison_table(name, cells),
        "refused": tables.refused_table(name, refusals(cells)),
    }
    return Section(
        problem=name,
        title=problem.title if problem else name,
        summary=problem.summary if problem else "",
        asked=asked,
        tables={kind: table for kind, table in made.items() if table.rows},
        figures=problem_figures(name, asked, solutions),
    )


def _tiles(rows: Sequence[Row], asked: Sequence[Question]) -> list[dict[str, str]]:
    """The summary: a number and what it counts."""
    closed = [question for question in asked if question.gap == 0]
    levels = Counter(question.level for question in closed)
    lost = Counter(row.outcome for row in rows if row.outcome != "ok")
    cpu = sum(row.cpu_seconds for row in rows)
    return [
        {"value": f"{len(asked):,}", "label": "questions", "note": "an instance with an objective"},
        {
            "value": f"{len(closed):,}",
            "label": "at a gap of 0",
            "note": ", ".join(f"{count:,} at {level}" for level, count in sorted(levels.items())) or "no gap is closed",
        },
        {
            "value": f"{len(rows):,}",
            "label": "solves",
            "note": ", ".join(f"{count:,} {kind}" for kind, count in sorted(lost.items())) or "all of them answered",
        },
        {"value": _duration(cpu), "label": "CPU time", "note": "user and system, all processes"},
    ]


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _machines(rows: Sequence[Row]) -> list[tuple[dict[str, str], int]]:
    """The machines of the run, with the number of solves on each."""
    counted = Counter(row.machine for row in rows)
    return [(json.loads(text), count) for text, count in counted.most_common()]


def as_json(document: Any) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))


def from_template(name: str, **given: Any) -> str:
    """A page from a template of ours, with the style and the script that all of them have."""
    environment = Environment(
        loader=PackageLoader("fairbound.benchmarks"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    folder = files("fairbound.benchmarks") / "templates"
    style, script = (Markup((folder / f"report.{kind}").read_text(encoding="utf-8")) for kind in ("css", "js"))
    return environment.get_template(name).render(style=style, script=script, **given)


def plotly_library() -> str:
    """The Plotly library, as text that may stand in a script element."""
    text = (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    return text.replace("</script", "<\\/script")


def _render(
    rows: Sequence[Row],
    facts: dict[str, str],
    heading: str,
    sections: Sequence[Section],
    everything: Table,
    drawn: Sequence[Figure],
    shown: Sequence[Table],
    wrong_claims: Table | None,
) -> str:
    asked = [question for section in sections for question in section.asked]
    wrong = [text for question in asked for text in question.contradictions]
    data = {
        "figures": {figure.name: figure.to_json() for figure in drawn},
        "tables": {table.name: table.to_json() for table in shown},
    }
    return from_template(
        "report.html.j2",
        title=heading,
        suite=facts.get("suite", ""),
        skipped=[text for name, text in facts.items() if name.startswith("skipped")],
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        alarms=wrong + alarms(asked),
        tiles=_tiles(rows, asked),
        sections=sections,
        everything=everything,
        wrong_claims=wrong_claims,
        machines=_machines(rows),
        levels=LEVELS,
        plotly=Markup(plotly_library()) if drawn else "",
        data=as_json(data),
    )
