"""A figure as data: it knows nothing of Plotly or Matplotlib; the same numbers go to both and to CSV."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from math import ceil, floor, inf, log10
from typing import TYPE_CHECKING, Any

from fairbound.benchmarks.core.row import Row
from fairbound.instances.core.tables import full_rows
from fairbound.models.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

# Okabe and Ito's palette: told apart by colour-blind readers; more schools repeat it with hatches.
PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999")


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
    LABELS = "labels"
    """Words on a map, those of ``hover``: what each of several maps shows."""


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
    zero, infinite
        Where a logarithmic axis shows the values 0 and infinity, which it has no place for: on lines of their own,
        labelled as what they are.
    """

    title: str
    log: bool = False
    percent: bool = False
    categories: tuple[str, ...] = ()
    hidden: bool = False
    zero: float | None = None
    infinite: float | None = None

    def place(self, value: float | str | None) -> float | str | None:
        """Where a value is drawn, in the axis's own numbers."""
        if value == 0 and self.zero is not None:
            return self.zero
        return self.infinite if value == inf else value


ALL_ZERO = 1e-3
"""Where 0 stands if there is nothing else."""


def log_axis(title: str, values: Iterable[float], percent: bool = False) -> Axis:
    """A logarithmic axis: 0 stands a power of ten below the least of the values, infinity one above the largest."""
    found = set(values)
    logs = [log10(value) for value in found if 0 < value < inf]
    zero = 10.0 ** (floor(min(logs)) - 1) if logs else ALL_ZERO
    infinite = 10.0 ** (ceil(max(logs, default=0.0)) + 1)
    return Axis(
        title,
        log=True,
        percent=percent,
        zero=zero if 0 in found else None,
        infinite=infinite if inf in found else None,
    )


@dataclass(frozen=True)
class Series:
    """One thing drawn; ``hover`` is what the page says of each of its points.

    Attributes
    ----------
    labels
        What each point is, such as a question or a school, for the table of the figure.
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
    labels: tuple[str, ...] = ()


_TAG = re.compile(r"<(?!/?(?:b|i|br|sup|sub)>)|&")


def _untagged(value: Any) -> Any:
    """Text without tags: Plotly reads some in every text, and names come from files."""
    if isinstance(value, str):
        return _TAG.sub(lambda sign: "&lt;" if sign[0] == "<" else "&amp;", clean(value))
    if isinstance(value, dict):
        return {key: _untagged(item) for key, item in value.items()}
    return [_untagged(item) for item in value] if isinstance(value, list | tuple) else value


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
        """The figure as JSON types; values stand where they are drawn, what Plotly would take for a tag is text."""
        document: dict[str, Any] = _untagged(asdict(self))
        for series, drawn in zip(document["series"], self.series, strict=True):
            labels = series.pop("labels")
            if drawn.mark is Mark.SITES:
                series["sites"] = labels
            for name, axis in (("x", self.x), ("y", self.y)):
                values = [axis.place(value) for value in getattr(drawn, name)]
                series[name] = _untagged([None if value in (inf, -inf) else value for value in values])
        return document

    def table(self) -> list[dict[str, str]]:
        """The figure as rows of full numbers, for CSV."""
        return full_rows(
            {"series": series.name, "x": x, "y": y, "label": series.labels[i] if series.labels else ""}
            for series in self.series
            for i, (x, y) in enumerate(zip(series.x, series.y, strict=True))
        )


@dataclass(frozen=True)
class Group:
    """Figures that belong together, and what tells them from the groups beside them: an objective, a question."""

    label: str
    figures: tuple[Figure, ...]


def cleaned(figure: Figure) -> Figure:
    """The figure without control characters, which no font can draw and no SVG may hold."""

    def texts(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(clean(value) if isinstance(value, str) else value for value in values)

    series = tuple(
        replace(
            one, name=clean(one.name), x=texts(one.x), y=texts(one.y), hover=texts(one.hover), labels=texts(one.labels)
        )
        for one in figure.series
    )
    x, y = (replace(axis, title=clean(axis.title), categories=texts(axis.categories)) for axis in (figure.x, figure.y))
    return replace(figure, title=clean(figure.title), caption=clean(figure.caption), x=x, y=y, series=series)


Solutions = Callable[[str], list[dict[str, str]] | None]
"""The solution of a row, by its key."""

FigureFunction = Callable[[Sequence[Row], Solutions], Sequence[Figure]]
