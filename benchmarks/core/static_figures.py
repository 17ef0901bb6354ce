"""Figures for papers: SVG, PDF, PNG and the numbers as CSV, drawn by Matplotlib without a display.

PGF is left out: Matplotlib asks a TeX installation for the size of every word while it writes.
"""

from __future__ import annotations

from io import StringIO
from math import isfinite
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, cleaned
from fairbound.instances.core.files import written_whole
from fairbound.instances.core.tables import write_csv
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullLocator,
    PercentFormatter,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

# Okabe and Ito (2008): told apart by colour-blind readers; dashes and markers tell them apart in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
MOST_NAMES = 12
"""More series than this have no legend: a map of thirty zones, whose schools are named on it."""
UNNAMED = (Mark.DOTS, Mark.LABELS)
"""They are in no legend."""
NAMED_SITES = 40
"""So many schools of a map at most are named on it."""
LONG_NUMBER = 10**5
"""Numbers of so many digits leave room for few of them side by side."""

NAME: Any = {
    "fontsize": 7,
    "zorder": 5,
    "bbox": {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75},
}
"""How the name of a school stands on its map: readable on every zone."""

STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "svg.hashsalt": "fairbound",
    "text.parse_math": False,  # a name with dollar signs is a name
    "pdf.fonttype": 42,  # letters that journals accept and programs can search
}

UNSAID = {"svg": ("Date", "Creator"), "pdf": ("CreationDate", "Creator", "Producer"), "png": ("Software",)}
"""What Matplotlib would write into a file of each kind, and what would make no two files alike."""


def write_static(figures: Iterable[Figure], folder: Path) -> list[Path]:
    """Write each figure as ``NAME.svg``, ``NAME.pdf``, ``NAME.png`` (200 dots an inch) and ``NAME.csv``.

    Raises ``InputError`` where they cannot be written.
    """
    written = []
    for figure in map(cleaned, figures):
        with mpl.rc_context(STYLE):
            canvas = draw(figure)
            for ending, unsaid in UNSAID.items():
                written.append(folder / f"{figure.name}.{ending}")
                with written_whole(written[-1]) as part:
                    canvas.savefig(part, format=ending, dpi=200, metadata=dict.fromkeys(unsaid))
        written.append(folder / f"{figure.name}.csv")
        write_csv(written[-1], figure.table())
    return written


def svg_text(figure: Figure) -> str:
    """A figure as SVG that may stand in a page."""
    text = StringIO()
    with mpl.rc_context(STYLE):
        draw(cleaned(figure)).savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]


def draw(figure: Figure) -> Canvas:
    """Draw one figure."""
    rows = len(figure.y.categories)
    bars = [series for series in figure.series if series.mark is Mark.BARS]
    height = max(2.4, 1.2 + 0.28 * rows * max(1, len(bars) / 2)) if rows else 3.9
    canvas = Canvas(figsize=(6.4, height), layout="constrained")
    FigureCanvasAgg(canvas)
    axes = canvas.add_subplot()
    axes.set_title(figure.title, loc="left", fontsize=10, fontweight="bold", wrap=True)
    several = any(series.mark is Mark.LABELS for series in figure.series)
    thick = 0.8 / max(1, len(bars))
    for i, series in enumerate(figure.series):
        colour, dash, marker = (palette[i % len(palette)] for palette in (COLOURS, DASHES, MARKERS))
        colour = series.colour or colour
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
            shift = (bars.index(series) - (len(bars) - 1) / 2) * thick
            axes.barh([place + shift for place in y], x, height=0.9 * thick, color=colour, label=series.name)
        elif series.mark is Mark.BARS:
            axes.bar(x, y, color=colour, label=series.name)
        elif series.mark is Mark.DOTS:
            axes.plot(x, y, linestyle="none", marker=".", color="#333333", markersize=1.5, zorder=3)
        elif series.mark is Mark.LABELS:
            for place, words in zip(zip(x, y, strict=True), series.hover, strict=True):
                axes.annotate(words, place, ha="center", va="bottom", fontsize=7)
        elif series.mark is Mark.SITES:
            axes.plot(
                x,
                y,
                linestyle="none",
                marker="*",
                color="black",
                mec="white",
                markersize=6 if several else 13,
                mew=0.3 if several else 1.0,
                label=series.name,
                zorder=4,
            )
            if not several and len(series.labels) <= NAMED_SITES:
                for place, words in zip(zip(x, y, strict=True), series.labels, strict=False):
                    axes.annotate(words, place, (0, 7), textcoords="offset points", ha="center", **NAME)
        else:
            rings = PolyCollection(
                _rings(x, y), facecolor=colour, edgecolor="white", linewidth=0.2 if several else 0.6, label=series.name
            )
            rings.set_hatch(series.hatch * 2)
            axes.add_collection(rings)
            axes.autoscale_view()
    _axis(axes, "x", figure.x)
    _axis(axes, "y", figure.y)
    if figure.x.hidden and figure.y.hidden:
        axes.set_aspect("equal")
        axes.set_axis_off()
        wide = axes.dataLim.height / (axes.dataLim.width or 1.0)
        canvas.set_figheight(min(3.9, 1.1 + 6.2 * wide))  # maps side by side need no more
    if 1 < len([series for series in figure.series if series.mark not in UNNAMED]) <= MOST_NAMES:
        canvas.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return canvas


def _rings(x: Sequence[float | None], y: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """Polygons from coordinates with ``None`` between one and the next."""
    rings: list[list[tuple[float, float]]] = [[]]
    for place in zip(x, y, strict=True):
        if place[0] is None or place[1] is None:
            rings.append([])
        else:
            rings[-1].append((place[0], place[1]))
    return [ring for ring in rings if ring]


def _place(axis: Axis, value: float | str | None) -> Any:
    if isinstance(value, str) and axis.categories:
        return axis.categories.index(value)
    return axis.place(value)


def _log_text(axis: Axis, value: float) -> str:
    return f"{100 * value:,.10g} %" if axis.percent else f"{value:,.10g}"


def _axis(axes: Any, name: str, axis: Axis) -> None:
    scale = getattr(axes, f"{name}axis")
    scale.set_label_text(axis.title)
    if axis.log and isfinite(getattr(axes.dataLim, f"minpos{name}")):  # a scale of no positive value has no ticks
        getattr(axes, f"set_{name}scale")("log")
        low, high = getattr(axes, f"get_{name}lim")()
        marks = LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,)).tick_values(low, high)
        ticks = {mark: _log_text(axis, mark) for mark in marks if low <= mark <= high}
        if axis.zero is not None:
            ticks = {axis.zero: "0"} | {mark: text for mark, text in ticks.items() if mark > 3 * axis.zero}
        if axis.infinite is not None:
            ticks = {mark: text for mark, text in ticks.items() if 3 * mark < axis.infinite} | {axis.infinite: "∞"}
        for edge in (axis.zero, axis.infinite):
            if edge is not None:
                (axes.axvline if name == "x" else axes.axhline)(edge, color="#555555", linewidth=0.9, linestyle=":")
        scale.set_major_locator(FixedLocator(list(ticks)))
        scale.set_major_formatter(FixedFormatter(list(ticks.values())))
        scale.set_minor_locator(NullLocator())
    elif not axis.percent and not axis.categories:
        scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        if name == "x" and max(map(abs, axes.get_xlim())) >= LONG_NUMBER:
            scale.set_major_locator(MaxNLocator(4))
    if axis.percent and not axis.log:
        scale.set_major_formatter(PercentFormatter(1.0))
    if axis.categories:
        scale.set_ticks(range(len(axis.categories)), labels=axis.categories)
        if name == "y":
            axes.set_ylim(len(axis.categories) - 0.5, -0.5)
    if axis.hidden:
        scale.set_visible(False)
