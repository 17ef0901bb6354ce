"""Figures for papers: SVG, PNG and the numbers as CSV, drawn by Matplotlib without a display."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from fairbound.benchmarks.figures import Axis, Figure, Mark
from fairbound.instances.tables import write_csv
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator, PercentFormatter

# Okabe and Ito (2008): told apart by colour-blind readers; dashes and markers tell them apart in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "svg.hashsalt": "fairbound",
}


def write_static(figures: Iterable[Figure], folder: Path) -> list[Path]:
    """Write each figure as ``NAME.svg``, ``NAME.png`` (200 dots an inch) and ``NAME.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for figure in figures:
        with mpl.rc_context(STYLE):
            canvas = draw(figure)
            svg, png, csv = (folder / f"{figure.name}.{ending}" for ending in ("svg", "png", "csv"))
            canvas.savefig(svg, metadata={"Date": None, "Creator": None})
            canvas.savefig(png, dpi=200, metadata={"Software": None})
        write_csv(csv, figure.table())
        written += [svg, png, csv]
    return written


def draw(figure: Figure) -> Canvas:
    """Draw one figure."""
    rows = len(figure.y.categories)
    bars = sum(series.mark is Mark.BARS for series in figure.series)
    height = max(2.4, 1.2 + 0.28 * rows * max(1, bars / 2)) if rows else 3.9
    canvas = Canvas(figsize=(6.4, height), layout="constrained")
    FigureCanvasAgg(canvas)
    axes = canvas.add_subplot()
    axes.set_title(figure.title, loc="left", fontsize=10, fontweight="bold", wrap=True)
    for i, series in enumerate(figure.series):
        colour, dash, marker = (palette[i % len(palette)] for palette in (COLOURS, DASHES, MARKERS))
        x = [_place(figure.x, value) for value in series.x]
        y = [_place(figure.y, value) for value in series.y]
        if series.mark is Mark.LINE:
            axes.plot(x, y, color=colour, linestyle=dash, marker=marker, markersize=3, label=series.name)
        elif series.mark is Mark.STEPS:
            axes.step(x, y, where="post", color=colour, linestyle=dash, label=series.name)
        elif series.mark is Mark.POINTS:
            axes.plot(x, y, linestyle="none", marker=marker, color=colour, alpha=0.6, markersize=4, label=series.name)
        elif series.mark is Mark.TICKS:
            axes.plot(x, y, linestyle="none", marker="|", color=colour, markersize=12, mew=2.5, label=series.name)
        elif series.mark is Mark.BARS and figure.y.categories:
            width = 0.8 / bars  # side by side, the first on top
            places = [place + (i - (bars - 1) / 2) * width for place in y]
            axes.barh(places, x, width, color=colour, label=series.name)
        elif series.mark is Mark.BARS:
            axes.bar(x, y, color=colour, label=series.name)
        else:
            axes.fill(x, y, color=colour, alpha=0.5, linewidth=0.5, edgecolor="#333333", label=series.name)
    _axis(axes, "x", figure.x)
    _axis(axes, "y", figure.y)
    if len(figure.series) > 1:
        canvas.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return canvas


def _place(axis: Axis, value: float | str | None) -> Any:
    return axis.categories.index(value) if isinstance(value, str) and axis.categories else value


def _axis(axes: Any, name: str, axis: Axis) -> None:
    scale = getattr(axes, f"{name}axis")
    scale.set_label_text(axis.title)
    if axis.log:
        getattr(axes, f"set_{name}scale")("log")
        low, high = getattr(axes, f"get_{name}lim")()
        scale.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,)))
        scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        scale.set_minor_locator(NullLocator())
    if axis.percent:
        scale.set_major_formatter(PercentFormatter(1.0))
    if axis.categories:
        scale.set_ticks(range(len(axis.categories)), labels=axis.categories)
        if name == "y":
            axes.set_ylim(len(axis.categories) - 0.5, -0.5)
    if axis.hidden:
        scale.set_visible(False)
