"""The figures of the analyses, as data: values with the bound above them, and price curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series
from fairbound.models.cep.instance import STUDENTS
from fairbound.models.core.exact import parse_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from fairbound.benchmarks.cep.analyses import Analysis, Cell, Line
    from fairbound.benchmarks.cep.price_table import Prices

BAND = "#d9d9d9"
MOST_PLACES = 15
"""So many places of a school are drawn at most: the best ones."""


def _levels(lines: Sequence[Line]) -> str:
    """``L2``, or ``L1 and L2`` where they differ."""
    return " and ".join(sorted({line.result.level.value for line in lines if line.value is not None})) or "L0"


def _hover(line: Line) -> str:
    value, bound = (("none" if x is None else f"{float(x):,.2f}") for x in (line.value, line.bound))
    return f"{line.label}: value {value}, bound {bound} ({line.result.level.value})"


def front_figure(found: Analysis, widest: Line | None) -> Figure | None:
    """Plans as points under the steps of the bounds: a bound for at least so many students holds from there on."""
    lines = [line for line in found.lines if line.value is not None]
    if not lines:
        return None
    plans = Series(
        "best plan found",
        tuple(float(line.result.values[STUDENTS]) for line in lines),
        tuple(float(line.value or 0) for line in lines),
        Mark.POINTS,
        tuple(map(_hover, lines)),
    )
    corners: list[tuple[float, float]] = []
    for line in lines:
        if line.bound is not None:
            least = min([float(line.bound), *(bound for _, bound in corners)])
            corners.append((float(parse_number(line.label)), least))
    series = [plans]
    if corners:
        end = float(widest.bound) if widest is not None and widest.bound is not None else corners[-1][0]
        corners.append((max(end, corners[-1][0]), corners[-1][1]))
        x, y = zip(*corners, strict=True)
        series.append(Series(f"no plan is above ({_levels(lines)})", x, y, Mark.STEPS))
    return Figure(
        "front-figure",
        found.tables[0].title,
        "Each point is the best plan found that covers at least so many students; the steps are the bounds, which end "
        "at the most students that any plan can cover.",
        Axis("students covered"),
        Axis(found.unit),
        tuple(series),
    )


def sensitivity_figures(found: Analysis) -> list[Figure]:
    """Value and bound over a parameter, and on a scale of its own what may be missing between the two."""
    lines = [line for line in found.lines if line.value is not None]
    if not lines:
        return []
    parameter = found.name.removeprefix("sensitivity-")
    try:
        places: list[float | str] = [float(parse_number(line.label)) for line in lines]
        axis = Axis(parameter)
    except ValueError:
        places = [line.label for line in lines]
        axis = Axis(parameter, categories=tuple(line.label for line in lines))
    if not axis.categories:
        order = sorted(range(len(lines)), key=lambda i: places[i])
        lines, places = [lines[i] for i in order], [places[i] for i in order]
    values = [float(line.value or 0) for line in lines]
    series = []
    bounded = [i for i, line in enumerate(lines) if line.bound is not None]
    bounds = [float(lines[i].bound or 0) for i in bounded]
    above = [places[i] for i in bounded]
    if len(bounded) > 1 and any(lines[i].bound != lines[i].value for i in bounded):
        ring = (*above, *reversed(above)), (*bounds, *(values[i] for i in reversed(bounded)))
        series.append(Series("not known", *ring, Mark.AREA, colour=BAND))
    if bounded:
        name = f"no grouping is worth more ({_levels(lines)})"
        series.append(Series(name, tuple(above), tuple(bounds), Mark.LINE))
    hover = tuple(map(_hover, lines))
    series.append(Series("best plan found", tuple(places), tuple(values), Mark.LINE, hover))
    figures = [
        Figure(
            f"{found.name}-figure",
            found.tables[0].title,
            "Exact value of the best plan found, and the bound that no grouping passes.",
            axis,
            Axis(found.unit),
            tuple(series),
        )
    ]
    missing = [(places[i], float(line.bound - line.value)) for i, line in enumerate(lines) if line.bound and line.value]
    missing = [(place, gap) for place, gap in missing if gap > 0]
    if len(missing) > 1:
        x, y = zip(*missing, strict=True)
        figures.append(
            Figure(
                f"{found.name}-missing",
                f"What a better plan could add at most, by {parameter}: {found.instance.name}",
                "Bound less value. Nothing is missing where there is no mark.",
                axis,
                Axis(found.unit, log=True),
                (Series("bound less value", x, y, Mark.LINE),),
            )
        )
    return figures


def cover_figure(found: Analysis) -> Figure | None:
    """Value and bound with and without the rule that every school is covered."""
    words = {"any": "schools may stay out", "all": "every school covered"}
    for line in found.lines:
        if line.value is None:
            words[line.label] += f": {line.result.status.value}"
    lines = [line for line in found.lines if line.value is not None]
    if not lines:
        return None
    with_bound = [line for line in lines if line.bound is not None]
    return Figure(
        "cover-figure",
        found.tables[0].title,
        "Exact value of the best plan found, and the bound that no grouping passes.",
        Axis(found.unit),
        Axis("", categories=tuple(words[line.label] for line in found.lines)),
        (
            Series(
                "best plan found",
                tuple(float(line.value or 0) for line in lines),
                tuple(words[line.label] for line in lines),
                Mark.POINTS,
                tuple(map(_hover, lines)),
            ),
            Series(
                f"no grouping is worth more ({_levels(lines)})",
                tuple(float(line.bound or 0) for line in with_bound),
                tuple(words[line.label] for line in with_bound),
                Mark.TICKS,
            ),
        ),
    )


def school_figure(found: Analysis) -> Figure | None:
    """What moving the school elsewhere would change, all else as it is; ``None`` without a plan."""
    if len(found.tables) < 2:
        return None
    rows = [row for row in found.tables[1].rows if row["change"] is not None][:MOST_PLACES]
    names = [f"{row['place']}{_of(row['schools'])}" for row in rows]
    changes = tuple(float(row["change"] or 0) for row in rows)
    return Figure(
        f"{found.name}-figure",
        found.tables[0].title,
        "Exact change of the district's value if this school alone moved there from the best plan found; places that "
        "break a rule are left out.",
        Axis(f"change, {found.unit}"),
        Axis("", categories=tuple(names)),
        (Series("change", changes, tuple(names), Mark.POINTS),),
    )


def _of(schools: Cell) -> str:
    return f", {schools} schools" if isinstance(schools, int) and schools > 1 else ""


def price_figures(found: Prices, unit: str) -> list[Figure]:
    """The price curve itself, and how many schools are worth most at a level of at most t."""
    knots = found.curve.knots
    levels = sorted((entry.level, len(entry.unit.members)) for entry in found.schools if entry.level is not None)
    total = sum(len(entry.unit.members) for entry in found.schools)
    outside = total - sum(count for _, count in levels)
    heights: dict[Fraction, int] = {}
    reached = 0
    for level, count in levels:
        reached += count
        heights[level] = reached
    corners = [(float(knots[0][0]), 0.0), *((float(level), float(height)) for level, height in heights.items())]
    corners.append((float(knots[-1][0]), float(reached)))
    x, y = zip(*corners, strict=True)
    bound = f"No grouping of {found.instance.name} is worth more than {float(found.bound):,.4f} (L2)"
    left = f"; {outside} schools are worth most outside CEP" if outside else ""
    claim = Axis("claim share t of a group", percent=True)
    return [
        Figure(
            "prices-curve",
            bound,
            f"The certificate's price curve: {len(knots)} knots. A school with more lifted students than it claims is "
            "paid the price for each of them, one with fewer pays it.",
            claim,
            Axis(f"price, {unit} for one lifted student"),
            (
                Series(
                    "price",
                    tuple(float(level) for level, _ in knots),
                    tuple(float(price) for _, price in knots),
                    Mark.LINE,
                    tuple(f"t = {float(level):.4%}: {float(price):,.4f}" for level, price in knots),
                ),
            ),
        ),
        Figure(
            "prices-levels",
            f"Where the {total:,} schools would be worth most{left}",
            "Schools whose best level at these prices is at most t. A jump is a level that many schools want.",
            claim,
            Axis("schools"),
            (Series("schools", x, y, Mark.STEPS),),
        ),
    ]
