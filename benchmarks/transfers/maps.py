"""Maps of districts before and after: small multiples of the best plans of a question, one panel a share p.

Districts are drawn as their polygons where an instance has them, as cells around their points where it has
those, and not at all otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series, Solutions
from fairbound.benchmarks.core.map_shapes import Shape, area, shapes
from fairbound.benchmarks.transfers.drawings import Answers, families
from fairbound.models.core.errors import InputError
from fairbound.models.transfers import TransferInstance, TransferPlan, district_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairbound.benchmarks.core.row import Row

CLASSES = ("#FEE838", "#BCAE6C", "#7D7C78", "#434E6C", "#00224E")
"""Five steps of cividis: light to dark for colour-blind readers too."""
APART = 1.1
"""Panels stand this many widths from one another."""

Values = list[float]


@dataclass(frozen=True)
class Panel:
    """One map: what it shows, shares of the groups and students of every district."""

    when: str
    shares: list[Values]
    students: Values


def map_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """For each question two rows of maps: deviations of districts, and shares of the most uneven group."""
    figures = []
    for file, label, answers in families(rows, solutions):
        first = next(iter(answers.values()))[1]
        try:
            drawn = shapes(
                first.name, [d.id for d in first.districts], [d.point for d in first.districts], first.outline
            )
        except InputError:  # no geometry: no map
            continue
        panels = _panels(first, answers)
        overall = [float(mu) for mu in first.overall]
        spread = [
            max(row[r] for row in panels[0].shares) - min(row[r] for row in panels[0].shares)
            for r in range(len(overall))
        ]
        r = spread.index(max(spread))
        group = first.groups[r]

        def deviation(shares: Values, overall: Values = overall) -> float:
            return float(sum((share - mu) ** 2 for share, mu in zip(shares, overall, strict=True)) ** 0.5)

        def share(shares: Values, r: int = r) -> float:
            return shares[r]

        for name, title, caption, value in (
            (
                "map", "Deviation of each district", "Root of the race term: how far the shares of a district's groups "
                "lie from those of all students.", deviation,
            ),
            (
                "map-share", f"Share of {group}", f"Of all students it is {overall[r]:.1%}; no group is spread more "
                "unevenly today.", share,
            ),
        ):  # fmt: skip
            series = _series(first, drawn, panels, value)
            hidden = Axis("", hidden=True)
            figures.append(Figure(file.format(name), f"{title}: {label}", caption, hidden, hidden, tuple(series)))
    return figures


def _panels(first: TransferInstance, answers: Answers) -> list[Panel]:
    plans = [("today", first, TransferPlan(()))]
    plans += [(f"p = {float(p):g}", *answers[p][1:]) for p in dict.fromkeys((min(answers), max(answers)))]
    panels = []
    for when, instance, plan in plans:
        counts = district_counts(instance, plan)
        sizes = [sum(row) for row in counts]
        shares = [[float(count / size) for count in row] for row, size in zip(counts, sizes, strict=True)]
        panels.append(Panel(when, shares, [float(size) for size in sizes]))
    return panels


def _series(
    instance: TransferInstance, drawn: Sequence[Shape], panels: Sequence[Panel], value: Callable[[Values], float]
) -> list[Series]:
    """An area for each class of values over all panels, a dot for each district, a word above each panel."""
    whole = [shapely.MultiPolygon([shapely.Polygon(ring) for ring in shape]) for shape in drawn]
    left, _, right, top = shapely.total_bounds(whole)
    step = APART * (right - left)
    values = [[value(shares) for shares in panel.shares] for panel in panels]
    low, high = min(map(min, values)), max(map(max, values))
    width = (high - low) / len(CLASSES) or 1.0
    moved = [
        tuple(tuple((x + k * step, y) for x, y in ring) for ring in shape)
        for k in range(len(panels))
        for shape in drawn
    ]
    classes = [min(int((v - low) / width), len(CLASSES) - 1) for row in values for v in row]
    series = [
        area(
            f"{low + c * width:.1%} to {low + (c + 1) * width:.1%}",
            moved,
            [i for i, k in enumerate(classes) if k == c],
            colour,
        )
        for c, colour in enumerate(CLASSES)
        if c in classes
    ]
    places = [shape.representative_point() for shape in whole]
    dots = [
        (place.x + k * step, place.y, f"{district.id}, {panel.when}: {v:.1%}, {students:,.0f} students", district.id)
        for k, (panel, row) in enumerate(zip(panels, values, strict=True))
        for district, place, v, students in zip(instance.districts, places, row, panel.students, strict=True)
    ]
    x, y, texts, names = zip(*dots, strict=True)
    series.append(Series("districts", x, y, Mark.DOTS, texts, labels=names))
    middles = tuple((left + right) / 2 + k * step for k in range(len(panels)))
    height = (float(top),) * len(panels)
    whens = tuple(panel.when for panel in panels)
    series.append(Series("panels", middles, height, Mark.LABELS, whens, labels=whens))
    return series
