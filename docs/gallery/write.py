"""Write the tables and figures of the gallery from what ``fairbound demo --out DIR`` wrote: ``python write.py DIR``.

A table stands between ``<!-- table NAME -->`` and ``<!-- end -->``, where NAME is the demo's folder; ``NAME.svg``
beside the page shows how far each method stays behind. Words are the page's own.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

import matplotlib as mpl
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series
from fairbound.benchmarks.core.numbers import percent_text, value_text
from fairbound.benchmarks.core.rooms import decision_figures
from fairbound.benchmarks.core.static_figures import svg_text
from fairbound.models.core.registry import find_problem

from fairbound import api
from fairbound.cli.demo import EXPERIMENTS, Experiment

HERE = Path(__file__).parent
README = HERE.parents[1] / "README.md"
TABLE = re.compile(r"(<!-- table (\S+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
MAPS = {"zones"}


def rows_of(experiment: Experiment, demo: Path) -> list[dict[str, str]]:
    """The comparison that the demo kept."""
    with (demo / experiment.folder / "compare.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(rows: list[dict[str, str]]) -> str:
    """A comparison in Markdown: exact methods with their bounds in bold, heuristics with what they miss."""
    lines = ["| method | value | bound | short of the bound | |", "| --- | ---: | ---: | ---: | --- |"]
    for row in rows:
        value, bound, short = (float(row[name]) if row[name] else None for name in ("value", "bound", "shortfall"))
        mark = "**" if bound is not None else ""
        said = f"{row['status']} {row['level']}".strip() if bound is not None else ""
        if row["status"] == "invalid":
            value = short = None
            said = "breaks a rule"
        cells = (
            f"{mark}`{row['method']}`{mark}",
            "-" if value is None else f"{mark}{value_text(value)}{mark}",
            "" if bound is None else f"{mark}{value_text(bound)}{mark}",
            "-" if short is None else percent_text(short),
            said,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def shortfalls(experiment: Experiment, rows: list[dict[str, str]]) -> Figure:
    """How far each method stays behind the best proven bound, as bars."""
    known = [
        (row["method"], float(row["shortfall"])) for row in rows if row["shortfall"] and row["status"] != "invalid"
    ]
    methods, values = zip(*known, strict=True)
    bars = Series("short of the bound", values, methods, Mark.BARS)
    axis = Axis("short of the best that is proven possible", percent=True)
    return Figure(experiment.folder, experiment.title, "", axis, Axis("", categories=methods), (bars,))


def pages(demo: Path) -> dict[Path, str]:
    """Every page with its tables anew."""
    ran = [experiment for experiment in EXPERIMENTS if (demo / experiment.folder).is_dir()]
    tables = {experiment.folder: f"\n{table(rows_of(experiment, demo))}\n" for experiment in ran}
    written = {}
    for path in (*sorted(HERE.glob("*.md")), README):
        text = path.read_text(encoding="utf-8")
        written[path] = TABLE.sub(lambda found: f"{found[1]}{tables.get(found[2], found[3])}{found[4]}", text)
    return written


def main(demo: Path) -> None:
    """Write pages and figures."""
    texts = pages(demo)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    shown = "".join(texts.values())
    for experiment in EXPERIMENTS:
        figures = [shortfalls(experiment, rows_of(experiment, demo))]
        if experiment.folder in MAPS:
            asked = api.load(experiment.instance, experiment.parameters)
            solution = find_problem(asked.problem).read_solution(asked, solution_rows(demo / experiment.folder))
            figures += decision_figures(asked, solution)
        for figure in figures:
            name = experiment.folder if figure.name == experiment.folder else f"{experiment.folder}-{figure.name}"
            if f"{name}.svg)" in shown:
                with mpl.rc_context({"svg.fonttype": "none"}):  # letters, not their outlines: a fifth of the size
                    (HERE / f"{name}.svg").write_text(svg_text(figure), encoding="utf-8")


def solution_rows(folder: Path) -> list[dict[str, str]]:
    """The plan that the demo kept."""
    with (folder / "solution.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
