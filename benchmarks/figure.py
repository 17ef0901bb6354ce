"""A figure as data: it knows nothing of Plotly or Matplotlib; the same numbers go to both and to CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from fairbound.benchmarks.row import Row


class Mark(StrEnum):
    """How a series is drawn."""

    LINE = "line"
    STEPS = "steps"
    """A step function: each value holds until the next."""
    POINTS = "points"
    TICKS = "ticks"
    """A short bar across the category: a median."""
    BARS = "bars"
    AREA = "area"
    """Closed polygons, one after another with ``None`` between them: map units, zones."""
    DOTS = "dots"
    """Small marks under a map: they carry the text shown on hovering."""
    SITES = "sites"
    """Stars on a map: schools."""
    NOTES = "notes"
    """Text on a map, one for each point: the titles of small multiples."""


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes
    ----------
    percent
        Values are shares; they are shown as percent.
    categories
        Values are these names, in this order (first on top).
    hidden
        No scale is drawn: the axes of a map.
    """

    title: str
    log: bool = False
    percent: bool = False
    categories: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True)
class Series:
    """One thing drawn; ``hover`` names each of its points.

    Attributes
    ----------
    colour, hatch
        Where they mean something (a school on several maps): a colour ``#RRGGBB``, and ``/``, ``.``
        or ``x``. Otherwise colours follow the order of the series.
    """

    name: str
    x: tuple[float | str | None, ...]
    y: tuple[float | str | None, ...]
    mark: Mark
    hover: tuple[str, ...] = ()
    colour: str = ""
    hatch: str = ""


@dataclass(frozen=True)
class Figure:
    """One figure: ``name`` is its file name, ``caption`` says how to read it."""

    name: str
    title: str
    caption: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]

    def to_json(self) -> dict[str, Any]:
        """The figure as JSON types."""
        return asdict(self)

    def table(self) -> list[dict[str, str]]:
        """The figure as rows of text, for CSV."""
        return [
            {
                "series": series.name,
                "x": "" if x is None else str(x),
                "y": "" if y is None else str(y),
                "label": series.hover[i] if series.hover else "",
            }
            for series in self.series
            for i, (x, y) in enumerate(zip(series.x, series.y, strict=True))
        ]


Solutions = Callable[[str], list[dict[str, str]] | None]
"""The solution of a row, by its key."""

FigureFunction = Callable[[Sequence[Row], Solutions], Sequence[Figure]]
