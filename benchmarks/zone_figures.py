"""Pictures of zones and of applicants for the report: maps, and bars of the shares of groups.

``zone_maps.py`` draws the same for papers, without a report.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import TypeVar

from fairbound.benchmarks.figure import Axis, Figure, Mark, Series, Solutions
from fairbound.benchmarks.map_shapes import Shape, area, shapes
from fairbound.benchmarks.row import Row
from fairbound.benchmarks.zone_maps import MOVES, PALETTE, STAYS, style
from fairbound.instances import catalogue
from fairbound.models.block_assignment import ApplicantInstance, Division, ZoneInstance, Zoning
from fairbound.models.errors import InputError
from fairbound.models.problem import Instance
from fairbound.models.registry import find_problem

Kind = TypeVar("Kind", bound=Instance)

MOST_CITIES, MOST_PLANS = 4, 5
"""So many questions at most get maps, and so many plans of one question get bars."""
EVERYONE = "#555555"


def zone_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """Today's zones, the best zones found, what changes, and each school's share of the group; by question."""
    figures = []
    for number, group in enumerate(_questions(rows)[:MOST_CITIES], start=1):
        city = _instance(group[0], ZoneInstance)
        best = next((row for row in _ranked(group) if solutions(row.key) is not None), None)
        if city is None or best is None or any(unit.point is None for unit in city.units):
            continue
        zoning = find_problem("blocks").read_solution(city, solutions(best.key) or [])
        figures += _city_figures(f"blocks-{number}", city, zoning, best)
    return figures


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
            f"Zones of {row.method}, the best value of this run: {row.primal_float:.4g}. A school has the same colour "
            "on every map.",
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
        area(school.id, units, [i for i, home in enumerate(homes) if home == j], *style(j))
        for j, school in enumerate(city.schools)
    ]


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
    )
    hidden = Axis("", hidden=True)
    return Figure(name, title, caption, hidden, hidden, (*areas, Series("units", x, y, Mark.DOTS, texts), sites))


def _school_shares(name: str, label: str, city: ZoneInstance, before: Sequence[int], after: Sequence[int]) -> Figure:
    group = city.group_position
    names = ("all", *(school.id for school in city.schools))

    def series(title: str, homes: Sequence[int], colour: str) -> Series:
        zones = [range(len(homes)), *([i for i, home in enumerate(homes) if home == j] for j in range(len(names) - 1))]
        sizes = [sum(city.units[i].students for i in zone) for zone in zones]
        counts = [sum(city.units[i].groups[group] for i in zone) for zone in zones]
        shares = tuple(count / (size or 1) for count, size in zip(counts, sizes, strict=True))
        hover = tuple(
            f"{where}, {title}: {share:.1%} of {size:,}"
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
        (series("today", before, EVERYONE), series("best zones", after, PALETTE[1])),
    )


def applicant_figures(rows: Sequence[Row], solutions: Solutions) -> list[Figure]:
    """The seed's charts: shares of the races among all applicants and at each school, one figure for a plan."""
    figures = []
    for number, group in enumerate(_questions(rows), start=1):
        instance = _instance(group[0], ApplicantInstance)
        if instance is None:
            continue
        plans: dict[Division, list[Row]] = {}
        for row in _ranked(group):
            solution = solutions(row.key)
            if solution is not None:
                plans.setdefault(find_problem("applicants").read_solution(instance, solution), []).append(row)
        for place, (division, makers) in enumerate(list(plans.items())[:MOST_PLANS], start=1):
            figures.append(_share_bars(f"applicants-{number}-{place}", instance, division, makers))
    return figures


def _share_bars(name: str, instance: ApplicantInstance, division: Division, makers: Sequence[Row]) -> Figure:
    totals = instance.race_counts([cell.count for cell in instance.cells])
    first = instance.race_counts(division.counts)
    second = tuple(total - mine for total, mine in zip(totals, first, strict=True))
    row = makers[0]
    series = []
    labels = ("all", *instance.schools)
    for label, counts, colour in zip(labels, (totals, first, second), (EVERYONE, PALETTE[0], PALETTE[1]), strict=True):
        whole = sum(counts)
        series.append(
            Series(
                f"{label} ({whole})",
                tuple(count / (whole or 1) for count in counts),
                instance.races,
                Mark.BARS,
                tuple(f"{label}: {count} {race}" for count, race in zip(counts, instance.races, strict=True)),
                colour,
            )
        )
    value = "breaks a rule" if row.primal_float is None else f"{row.objective} {row.primal_float:.4f}"
    return Figure(
        name,
        f"Shares by race: {', '.join(dict.fromkeys(maker.method for maker in makers))}",
        f"{row.title}: {value}. An even division gives each school the bars of all applicants.",
        Axis("share", percent=True),
        Axis("", categories=instance.races),
        tuple(series),
    )


def _questions(rows: Iterable[Row]) -> list[list[Row]]:
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.instance, row.given, row.objective), []).append(row)
    return list(groups.values())


def _ranked(rows: Iterable[Row]) -> list[Row]:
    """Rows with a solution, best value first; those whose solution breaks a rule last."""
    kept = [row for row in rows if not row.relaxed]
    return sorted(kept, key=lambda row: (row.primal_float is None, row.primal_float or 0.0))


def _instance(row: Row, kind: type[Kind]) -> Kind | None:
    """The instance of a row; ``None`` where its data is not here or is another by now."""
    try:
        found = catalogue.load(row.instance, row.problem)
        changes = dict(word.split("=", 1) for word in shlex.split(row.given))
        if changes:
            found = find_problem(row.problem).with_parameters(found, changes)
    except InputError:
        return None
    return found if isinstance(found, kind) and found.digest == row.digest else None
