"""Pictures of zones and of applicants: maps, small multiples of a front, and bars of the shares of groups."""

from __future__ import annotations

import shlex
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.answers import instance_of, questions_of, ranked
from fairbound.benchmarks.core.figure import PALETTE, Axis, Figure, Mark, Series, Solutions
from fairbound.benchmarks.core.map_shapes import Shape, area, shapes
from fairbound.benchmarks.core.numbers import percent_text, value_text
from fairbound.models.blocks import ZoneInstance, Zoning
from fairbound.models.core.registry import find_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fairbound.benchmarks.core.row import Row
    from fairbound.solvers.core.pareto import Front

HATCHES = ("", "/", ".", "x")
STAYS, MOVES, TODAY = "#DDDDDD", "#D55E00", "#555555"
MOST_CITIES, MOST_POINTS = 4, 12
"""So many questions at most get maps, so many points of a front a map."""
COLUMNS, SPACE = 4, 0.22
"""Small multiples beside each other, and the room between them as a part of a map's side."""


def zone_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """Today's zones, the best zones found, what changes, and each school's share of the group; by question."""
    figures = []
    for number, group in enumerate(questions_of(rows)[:MOST_CITIES], start=1):
        city = instance_of(group[0], ZoneInstance)
        best = next((row for row in ranked(group) if solutions(row.key) is not None), None)
        if city is None or best is None or any(unit.point is None for unit in city.units):
            continue
        zoning = find_problem("blocks").read_solution(city, solutions(best.key) or [])
        figures += _city_figures(f"blocks-{number}", city, zoning, best)
    return figures


def front_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """Small multiples: the best zones under growing limits on another objective, one map a point of the front.

    The rows of a front ask the same but for one ceiling, ``max_rezoned`` for example, as a suite's
    ``parameters`` state them. Points that the next looser limit does not better are left out.
    """
    fronts: dict[tuple[str, str, str, str], dict[Fraction, list[Row]]] = {}
    for row in rows:
        words = dict(word.split("=", 1) for word in shlex.split(row.given))
        ceilings = [name for name, value in words.items() if name.startswith("max_") and value != "none"]
        if len(ceilings) == 1:
            rest = shlex.join(f"{name}={value}" for name, value in words.items() if name != ceilings[0])
            points = fronts.setdefault((row.instance, rest, row.objective, ceilings[0]), {})
            points.setdefault(Fraction(words[ceilings[0]]), []).append(row)
    figures = []
    for number, ((instance, _, objective, ceiling), points) in enumerate(fronts.items(), start=1):
        zonings: list[tuple[str, Zoning]] = []
        city, best = None, None
        for _, group in sorted(points.items()):
            shown = next((row for row in ranked(group) if solutions(row.key) is not None), None)
            asked = None if shown is None else instance_of(shown, ZoneInstance)
            if shown is None or asked is None or shown.primal is None or (best is not None and shown.primal >= best):
                continue
            city, best = asked, shown.primal
            blocks = find_problem("blocks")
            zoning = blocks.read_solution(city, solutions(shown.key) or [])
            reached = blocks.evaluate(city, zoning).values[ceiling.removeprefix("max_")]
            zonings.append((f"{value_text(best)} at {value_text(reached)}", zoning))
        if city is not None and len(zonings) > 1 and all(unit.point is not None for unit in city.units):
            title = f"Front: {instance}, {objective} against {ceiling.removeprefix('max_')}"
            figures.append(front_maps(f"blocks-front-{number}", title, city, zonings))
    return figures


def front_maps(name: str, title: str, city: ZoneInstance, zonings: Sequence[tuple[str, Zoning]]) -> Figure:
    """One map for each zoning, beside each other on one scale; each is named by its text.

    More than ``MOST_POINTS`` are thinned out evenly, first and last kept.
    """
    if len(zonings) > MOST_POINTS:
        zonings = [zonings[round(k * (len(zonings) - 1) / (MOST_POINTS - 1))] for k in range(MOST_POINTS)]
    shapes = unit_shapes(city)
    corners = [point for rings in shapes for ring in rings for point in ring]
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    low, high = min(y for _, y in corners), max(y for _, y in corners)
    across, down = right - left, high - low
    gap = SPACE * max(across, down)
    shifts = [((k % COLUMNS) * (across + gap), -(k // COLUMNS) * (down + gap)) for k in range(len(zonings))]
    parts: dict[str, list[Series]] = {}
    for (_, zoning), (x, y) in zip(zonings, shifts, strict=True):
        moved = [tuple(tuple((px + x, py + y) for px, py in ring) for ring in rings) for rings in shapes]
        for series in _zones(city, moved, zoning.indices(city)):
            parts.setdefault(series.name, []).append(series)
    areas = [
        replace(pieces[0], x=_joined(p.x for p in pieces), y=_joined(p.y for p in pieces)) for pieces in parts.values()
    ]
    roots = [city.units[root].point for root in city.roots]
    sites = [(float(point[0]), float(point[1])) for point in roots if point is not None]
    stars = Series(
        "school",
        tuple(px + x for x, _ in shifts for px, _ in sites),
        tuple(py + y for _, y in shifts for _, py in sites),
        Mark.SITES,
        tuple(f"school {school.id}" for _ in shifts for school in city.schools),
        labels=tuple(school.id for _ in shifts for school in city.schools),
    )
    labels = Series(
        "points",
        tuple((left + right) / 2 + x for x, _ in shifts),
        tuple(high + y + gap / 10 for _, y in shifts),
        Mark.LABELS,
        tuple(text for text, _ in zonings),
        labels=tuple(text for text, _ in zonings),
    )
    caption = (
        "Each map is a point of the front, named by its two values: the first objective at what it costs in the second."
        " A school has the same colour on every map."
    )
    hidden = Axis("", hidden=True)
    return Figure(name, title, caption, hidden, hidden, (*areas, stars, labels))


def _joined(pieces: Iterable[tuple[float | str | None, ...]]) -> tuple[float | str | None, ...]:
    """Coordinates of several areas as one, with ``None`` between one and the next."""
    joined: list[float | str | None] = []
    for piece in pieces:
        if piece:
            joined += [*piece, None]
    return tuple(joined[:-1])


def _city_figures(stem: str, city: ZoneInstance, zoning: Zoning, row: Row) -> list[Figure]:
    label = f"{row.title}, {row.objective}"
    units = unit_shapes(city)
    before, after = list(city.today), zoning.indices(city)
    moved = [home != old for home, old in zip(after, before, strict=True)]
    students = sum(unit.students for unit, moves in zip(city.units, moved, strict=True) if moves)
    origin = "" if city.outline else " Each unit is drawn as the part of the city nearest to its point."
    change = [
        area("stays", units, [i for i, moves in enumerate(moved) if not moves], STAYS),
        area("rezoned", units, [i for i, moves in enumerate(moved) if moves], MOVES),
    ]
    return [
        _map(
            f"{stem}-today", f"Today: {label}", f"Zones of today; a star is a school.{origin}",
            _zones(city, units, before), city,
        ),
        _map(
            f"{stem}-best", f"Best zones: {label}",
            f"Zones of {row.method}, whose value {value_text(row.primal)} is the best of this run. A school has the "
            "same colour on every map.",
            _zones(city, units, after), city,
        ),
        _map(
            f"{stem}-rezoned", f"What changes: {label}",
            f"{students:,} of {city.students:,} students get another school.",
            [series for series in change if series.x], city,
        ),
        _school_shares(f"{stem}-shares", label, city, before, after),
    ]  # fmt: skip


def unit_shapes(city: ZoneInstance) -> list[Shape]:
    """The polygons of every unit, or cells around the units' points."""
    return shapes(city.name, [unit.id for unit in city.units], [unit.point for unit in city.units], city.outline)


def _zones(city: ZoneInstance, units: Sequence[Shape], homes: Sequence[int]) -> list[Series]:
    return [
        area(f"zone of {school.id}", units, [i for i, home in enumerate(homes) if home == j], *_style(j))
        for j, school in enumerate(city.schools)
    ]


def _style(school: int) -> tuple[str, str]:
    """Colour and hatch of a school: the same on every map."""
    return PALETTE[school % len(PALETTE)], HATCHES[school // len(PALETTE) % len(HATCHES)]


def _map(name: str, title: str, caption: str, areas: Sequence[Series], city: ZoneInstance) -> Figure:
    points = [(float(u.point[0]), float(u.point[1])) for u in city.units if u.point is not None]
    x, y = (tuple(values) for values in zip(*points, strict=True))
    texts = tuple(
        f"{unit.id}: {unit.students:,} students, {unit.groups[city.group_position]:,} {city.group}, today {unit.today}"
        for unit in city.units
    )
    sites = Series(
        "school",
        tuple(x[root] for root in city.roots),
        tuple(y[root] for root in city.roots),
        Mark.SITES,
        tuple(f"school {school.id}: {float(school.seats):,.0f} seats" for school in city.schools),
        labels=tuple(school.id for school in city.schools),
    )
    hidden = Axis("", hidden=True)
    return Figure(
        name,
        title,
        caption,
        hidden,
        hidden,
        (*areas, Series("units", x, y, Mark.DOTS, texts, labels=tuple(unit.id for unit in city.units)), sites),
    )


def _school_shares(name: str, label: str, city: ZoneInstance, before: Sequence[int], after: Sequence[int]) -> Figure:
    group = city.group_position
    names = ("all", *(school.id for school in city.schools))

    def series(title: str, homes: Sequence[int], colour: str) -> Series:
        zones = [range(len(homes)), *([i for i, home in enumerate(homes) if home == j] for j in range(len(names) - 1))]
        sizes = [sum(city.units[i].students for i in zone) for zone in zones]
        counts = [sum(city.units[i].groups[group] for i in zone) for zone in zones]
        shares = tuple(count / (size or 1) for count, size in zip(counts, sizes, strict=True))
        hover = tuple(
            f"{where}, {title}: {percent_text(share)} of {size:,}"
            for where, share, size in zip(names, shares, sizes, strict=True)
        )
        return Series(title, shares, names, Mark.BARS, hover, colour)

    return Figure(
        name,
        f"Share of {city.group}: {label}",
        "Of all students and of each school's, today and in the best zones. Closer to the first pair of bars is more "
        "even.",
        Axis(f"share of {city.group}", percent=True),
        Axis("", categories=names),
        (series("today", before, TODAY), series("best zones", after, PALETTE[1])),
    )


def decision_of(city: ZoneInstance, zoning: Zoning) -> list[Figure]:
    """Maps of today and of a plan where every unit has a point, and each school's share of the group."""
    before, after = list(city.today), zoning.indices(city)
    shares = _school_shares("shares", city.name, city, before, after)
    if any(unit.point is None for unit in city.units):
        return [shares]
    units = unit_shapes(city)
    today = _map("today", "Zones of today", "A star is a school.", _zones(city, units, before), city)
    plan = _map(
        "plan", "Zones of the plan", "A school has the same colour on both maps.", _zones(city, units, after), city
    )
    return [today, plan, shares]


def front_of(city: ZoneInstance, names: Sequence[str], front: Front) -> list[Figure]:
    """The maps of a front's zonings side by side, where every unit has a point."""
    if not front.points or any(unit.point is None for unit in city.units):
        return []
    named = [(" at ".join(value_text(point.values[name]) for name in names), point.solution) for point in front.points]
    return [front_maps("maps", f"Front of {city.name}: {' against '.join(names)}", city, named)]


FIGURES = (zone_figures, front_figures)
