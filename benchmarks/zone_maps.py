"""Maps of zones (before, after, rezoned; small multiples) and bars of shares, as static figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fairbound.models.block_assignment import ApplicantInstance, Division, ZoneInstance, Zoning
from fairbound.models.errors import InputError
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart by colour-blind readers; more schools repeat it with hatches.
PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999")
HATCHES = ("", "///", "...", "xxx")
STAYS, MOVES = "#DDDDDD", "#D55E00"


def zone_map(city: ZoneInstance, zoning: Zoning, path: Path) -> None:
    """Three maps side by side: today's zones, the zones of a solution, and the units that change."""
    before, after = list(city.today), zoning.indices(city)
    figure = Figure(figsize=(12, 4.4), layout="constrained")
    panels = figure.subplots(1, 3)
    _draw(panels[0], city, [style(j) for j in before], "Today")
    _draw(panels[1], city, [style(j) for j in after], "Solution")
    moved = [home != old for home, old in zip(after, before, strict=True)]
    students = sum(unit.students for unit, moves in zip(city.units, moved, strict=True) if moves)
    title = f"Rezoned: {students:,} of {city.students:,} students"
    _draw(panels[2], city, [(MOVES if moves else STAYS, "") for moves in moved], title)
    figure.savefig(path)


def zone_maps(city: ZoneInstance, zonings: Sequence[tuple[str, Zoning]], path: Path) -> None:
    """Small multiples: one map a solution, such as the points of a Pareto front."""
    if not zonings:
        raise InputError("no zonings to draw", wanted="at least one")
    columns = min(4, len(zonings))
    rows = -(-len(zonings) // columns)
    figure = Figure(figsize=(3.6 * columns, 3.8 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, (title, zoning) in zip(panels, zonings, strict=False):
        _draw(panel, city, [style(j) for j in zoning.indices(city)], title)
    for panel in panels[len(zonings) :]:
        panel.set_axis_off()
    figure.savefig(path)


def share_bars(instance: ApplicantInstance, division: Division, path: Path) -> None:
    """The seed's charts in one: race shares of all applicants and of each school."""
    totals = instance.race_counts([cell.count for cell in instance.cells])
    first = instance.race_counts(division.counts)
    second = [total - mine for total, mine in zip(totals, first, strict=True)]
    series = [("All", totals), (instance.schools[0], first), (instance.schools[1], second)]
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    panel = figure.subplots()
    for k, (label, counts) in enumerate(series):
        whole = sum(counts) or 1
        places = [r + (k - 1) * 0.27 for r in range(len(totals))]
        panel.bar(places, [100 * n / whole for n in counts], 0.25, label=f"{label} ({sum(counts)})", color=PALETTE[k])
    panel.set_xticks(range(len(totals)), instance.races, rotation=35, ha="right")
    panel.set_ylabel("percent of applicants")
    panel.legend()
    figure.savefig(path)


def style(school: int) -> tuple[str, str]:
    """Colour and hatch of a school: the same on every map."""
    return PALETTE[school % len(PALETTE)], HATCHES[school // len(PALETTE) % len(HATCHES)]


def _draw(panel: Any, city: ZoneInstance, styles: Sequence[tuple[str, str]], title: str) -> None:
    """One map: polygons where the instance has them, else a dot a unit; a star a school."""
    points = [unit.point for unit in city.units]
    if None in points:
        raise InputError(f"no coordinates in {city.name}", wanted="x and y of every unit, or polygons")
    places = [(float(point[0]), float(point[1])) for point in points if point is not None]
    rings = dict(city.outline)
    for colour, hatch in dict.fromkeys(styles):
        members = [i for i, style in enumerate(styles) if style == (colour, hatch)]
        shapes = [ring for i in members for ring in rings.get(city.units[i].id, ())]
        if shapes:
            panel.add_collection(
                PolyCollection(shapes, facecolor=colour, edgecolor="white", linewidth=0.3, hatch=hatch)
            )
        else:
            xs, ys = zip(*(places[i] for i in members), strict=True)
            panel.scatter(xs, ys, s=2500 / len(places) + 4, color=colour, marker="s", hatch=2 * hatch, linewidths=0)
    panel.scatter(*zip(*(places[root] for root in city.roots), strict=True), marker="*", s=90, color="black", zorder=3)
    panel.set_aspect("equal")
    panel.set_title(title, fontsize=10)
    panel.set_axis_off()
    panel.autoscale_view()
