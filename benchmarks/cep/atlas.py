"""The atlas: every district of a family under several years' rates, shocks and purses, each answer proven.

A shock lets identified students fall by a share: E' = c E. The threshold (2) and the claim share (1) then read
E >= (tau / c) N and min(m c E / N, 1), so that a shock is another threshold and another multiplier, exactly.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series
from fairbound.benchmarks.core.page import Part, Tile
from fairbound.benchmarks.core.report_tables import Column, Table
from fairbound.benchmarks.core.sweep import part_columns, plan_sweep
from fairbound.models.cep import PROBLEM, find_rates, rate_tables
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import parse_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fairbound.benchmarks.core.row import Row
    from fairbound.benchmarks.core.specification import Specification

REGIONS = {"ak": "ak", "hi": "hi"}
"""States with rates of their own; all others have those of the 48 contiguous states."""
THRESHOLD, MULTIPLIER = "1/4", "8/5"
PURSES = ("federal", "district")
PROVE = 5.0


@dataclass(frozen=True)
class Point:
    """Under what a district is asked: a school year or a table of rates, a shock in percent, a purse."""

    rates: str
    shock: Fraction
    purse: str

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.rates}, {shock_text(self.shock)}, {self.purse}"


def shock_text(shock: Fraction) -> str:
    """``-5 %``."""
    return f"{float(shock):g} %"


@dataclass
class District:
    """A district and its answers.

    Attributes
    ----------
    found
        What was found at each point.
    """

    name: str
    state: str
    title: str = ""
    students: float = 0.0
    share: float = 0.0
    found: dict[Point, Found] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """An answer: dollars a year, students in CEP, whether all of them are fully funded, and the level of the proof."""

    value: Fraction
    students: float
    full: bool
    level: str


def points(rates: Sequence[str], shocks: Sequence[str], purses: Sequence[str]) -> list[Point]:
    """Every combination, once; raises ``InputError`` for a year, a shock or a purse that cannot be."""
    years = {table.school_year for name, table in rate_tables().items() if name.startswith("us48-")}
    for name in rates:
        if name not in years and name not in rate_tables() and not name.endswith(".csv"):
            raise InputError("--rates", found=name, wanted=nearest(name, sorted(years)))
    falls = []
    for text in shocks:
        try:
            falls.append(parse_number(text))
        except ValueError:
            falls.append(Fraction(-100))
        if not -100 < falls[-1] <= 0:
            raise InputError("--shock", found=text, wanted="a percentage above -100, at most 0, such as -10")
    for purse in purses:
        if purse not in PURSES:
            raise InputError("--purse", found=purse, wanted=" or ".join(PURSES))
    return list(dict.fromkeys(Point(name, shock, purse) for name in rates for purse in purses for shock in falls))


def points_text(asked: Sequence[Point]) -> str:
    """For people: how many points, and of what."""
    rates = ", ".join(dict.fromkeys(point.rates for point in asked))
    shocks = ", ".join(dict.fromkeys(shock_text(point.shock) for point in asked))
    purses = ", ".join(dict.fromkeys(point.purse for point in asked))
    count = "1 point" if len(asked) == 1 else f"{len(asked)} points"
    return f"{count}: rates {rates}; identified students {shocks}; purse {purses}"


def plan_atlas(
    family: str, asked: Sequence[Point], parameters: Mapping[str, str], by: Sequence[str] = ()
) -> dict[Point, tuple[Specification, ...]]:
    """The solves of every point; raises ``InputError`` as ``plan_sweep`` does."""
    for name in ("rates", "purse"):
        if name in parameters:
            raise InputError("--set", found=name, wanted=f"--{name}")
    rules = {parameter.name: parameter for parameter in PROBLEM.parameters}
    tau = rules["threshold"].read(parameters.get("threshold", THRESHOLD))
    multiplier = rules["multiplier"].read(parameters.get("multiplier", MULTIPLIER))
    base = plan_sweep(family, parameters={**parameters, "rates": _table(asked[0].rates, "")}, by=by, problem="cep")
    if base[0].problem != "cep":
        raise InputError("an atlas is of CEP districts", found=family, wanted="cep/us or a file of schools")
    planned = {}
    for point in asked:
        kept = 1 + point.shock / 100
        changed = {"threshold": str(tau / kept), "multiplier": str(multiplier * kept), "purse": point.purse}
        if tau > kept:
            raise InputError("--shock", found=shock_text(point.shock), wanted="a fall under which a group can qualify")
        made = []
        for specification in base:
            rates = _table(point.rates, state_of(specification.instance))
            given = {**parameters, **changed, "rates": rates}
            made.append(replace(specification, parameters=tuple(sorted(given.items())), prove=PROVE))
        planned[point] = tuple(made)
    return planned


def _table(year: str, state: str) -> str:
    if year in rate_tables() or year.endswith(".csv"):
        return find_rates(year).name
    return f"{REGIONS.get(state, 'us48')}-{year[2:4]}{year[5:7]}"


def state_of(instance: str) -> str:
    """The state of a district of the national file, or of a file's part with a column for it; else nothing."""
    if instance.startswith("cep/us/"):
        return instance.split("/")[2]
    named = {column.lower(): value for column, value in part_columns(instance).items()}
    return named.get("state", "").lower()


def gathered(planned: Mapping[Point, Sequence[Specification]], rows: Iterable[Row]) -> list[District]:
    """The districts with their answers; a district without an answer at some point has none there."""
    where = {one.key: point for point, specifications in planned.items() for one in specifications}
    districts: dict[str, District] = {}
    for row in rows:
        point = where.get(row.key)
        if point is None:
            continue
        # A part of a file is named by its reading: for people, what the columns hold that it was split by.
        title = ", ".join(part_columns(row.instance).values())
        known = districts.setdefault(row.instance, District(row.instance, state_of(row.instance), title))
        if row.primal is None:
            continue
        about = json.loads(row.about)
        known.title = about.get("title", "") or known.title
        students, identified = (float(about["facts"][name].replace(",", "")) for name in ("students", "identified"))
        known.students, known.share = students, identified / students if students else 0.0
        values = {name: Fraction(text) for name, text in json.loads(row.objective_values).items()}
        proven = row.proven is not None and row.proven == row.primal
        known.found[point] = Found(
            row.primal,
            float(values["students"]),
            0 < values["schools"] == values["full_funding"],
            row.proven_level if proven else row.level,
        )
    return sorted(districts.values(), key=lambda one: (one.state, one.name))


def fate(district: District, base: Point, point: Point) -> str:
    """What a shock does to a district beside the point without it."""
    before, after = district.found.get(base), district.found.get(point)
    if before is None or after is None:
        return ""
    if before.students and not after.students:
        return "falls off CEP"
    if before.full and not after.full:
        return "loses full funding"
    if after.students < before.students:
        return "covers fewer"
    return "less money" if after.value < before.value else "as before"


FATES = ("falls off CEP", "loses full funding", "covers fewer", "less money", "as before")


def district_rows(districts: Sequence[District], asked: Sequence[Point]) -> list[dict[str, str]]:
    """One row for each district and point, with the exact value beside the number."""
    rows, pairs = [], bases(asked).items()
    for district in districts:
        for point, base in pairs:
            found = district.found.get(point)
            rows.append(
                {
                    "district": district.name,
                    "state": district.state,
                    "name": district.title,
                    "rates": point.rates,
                    "purse": point.purse,
                    "shock_percent": f"{float(point.shock):g}",
                    "dollars": "" if found is None else repr(float(found.value)),
                    "dollars_exact": "" if found is None else str(found.value),
                    "students_in_cep": "" if found is None else repr(found.students),
                    "fully_funded": "" if found is None else "yes" if found.full else "no",
                    "fate": fate(district, base, point),
                    "level": "" if found is None else found.level,
                }
            )
    return rows


def bases(asked: Sequence[Point]) -> dict[Point, Point]:
    """For each point the one of the mildest shock, else like it."""
    alike: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for point in asked:
        alike[point.rates, point.purse].append(point)
    return {point: max(alike[point.rates, point.purse], key=lambda one: one.shock) for point in asked}


def page_parts(districts: Sequence[District], asked: Sequence[Point]) -> tuple[list[Tile], list[Part]]:
    """The summary and the sections of the atlas's page."""
    shocked = [point for point, base in bases(asked).items() if point != base]
    answered = sum(len(district.found) for district in districts)
    levels = sorted({found.level for district in districts for found in district.found.values()})
    unproven = sum(found.level < "L2" for district in districts for found in district.found.values())
    tiles = [
        Tile(f"{len(districts):,}", "districts", f"{sum(d.students for d in districts):,.0f} students"),
        Tile(f"{answered:,}", "answers", f"of {len(districts) * len(asked):,}; levels {', '.join(levels) or 'none'}"),
        Tile(f"{unproven:,}", "answers without a proof", "the bound is an engine's claim"),
    ]
    parts = [
        Part("states", "By state", _words(asked), _figures(districts, shocked, asked), [_states(districts, asked)])
    ]
    parts.append(
        Part(
            "districts",
            "Districts",
            ("Dollars a year above the paid rate at every point; a heading sorts, words and states filter.",),
            tables=[_table_of(districts, asked, shocked)],
        )
    )
    return tiles, parts


def _words(asked: Sequence[Point]) -> list[str]:
    beside = " or ".join(sorted({shock_text(base.shock) for base in bases(asked).values()}))
    return [
        f"At stake is what all districts of a state lose beside identified students at {beside}.",
        "A district falls off CEP where no group of its schools reaches the threshold any more. It loses full funding "
        "where all its schools in CEP claimed every meal at the free rate, and no longer do.",
    ]


def at_stake(districts: Iterable[District], base: Point, point: Point) -> Fraction:
    """Dollars a year that districts lose from one point to another."""
    lost = Fraction(0)
    for district in districts:
        if base in district.found and point in district.found:
            lost += district.found[base].value - district.found[point].value
    return lost


def _by_state(districts: Sequence[District]) -> dict[str, list[District]]:
    grouped: dict[str, list[District]] = defaultdict(list)
    for district in districts:
        grouped[district.state].append(district)
    return dict(sorted(grouped.items()))


def _states(districts: Sequence[District], asked: Sequence[Point]) -> Table:
    """A row for each state and each point beside its mildest shock."""
    columns = (
        Column("state", facet=True),
        Column("rates", facet=True),
        Column("purse", facet=True),
        Column("shock", facet=True),
        Column("districts", "int"),
        Column("dollars a year", "dollars"),
        Column("at stake", "dollars", "what is lost beside the mildest shock"),
        *(Column(text, "int") for text in FATES[:3]),
    )
    rows, pairs = [], bases(asked).items()
    for state, own in _by_state(districts).items():
        for point, base in pairs:
            fates = [fate(district, base, point) for district in own]
            total = sum((d.found[point].value for d in own if point in d.found), Fraction(0))
            lost = at_stake(own, base, point)
            counts = (fates.count(text) for text in FATES[:3])
            rows.append(
                (state, point.rates, point.purse, shock_text(point.shock), len(own), total, lost, *counts)
            )  # fmt: skip
    return Table("states", "By state", columns, tuple(rows))


def _table_of(districts: Sequence[District], asked: Sequence[Point], shocked: Sequence[Point]) -> Table:
    """A row for each district: dollars at every point, and what the hardest shock does."""
    worst = min(shocked, key=lambda point: point.shock) if shocked else None
    base = bases(asked)
    columns = [
        Column("state", facet=True, key=True),
        Column("district", key=True),
        Column("name"),
        Column("students", "int"),
        Column("identified", "percent"),
        *([Column(f"at {worst.label}", facet=True)] if worst else []),
        *(Column(point.label, "dollars") for point in asked),
    ]
    rows = []
    for one in districts:
        values = [one.found[point].value if point in one.found else None for point in asked]
        fates = [fate(one, base[worst], worst)] if worst else []
        rows.append((one.state, one.name, one.title, round(one.students), one.share, *fates, *values))
    return Table("districts", "Districts", tuple(columns), tuple(rows))


def _figures(districts: Sequence[District], shocked: Sequence[Point], asked: Sequence[Point]) -> list[Figure]:
    """Dollars at stake by state, and districts that fall off or lose full funding as the shock grows."""
    if not shocked:
        return []
    last, base = asked[-1], bases(asked)
    own = [point for point in shocked if (point.rates, point.purse) == (last.rates, last.purse)]
    states = {state: mine for state, mine in _by_state(districts).items() if state}
    figures = []
    if states:
        worst = min(own, key=lambda point: point.shock)
        order = sorted(states, key=lambda state: -at_stake(states[state], base[worst], worst))
        series = tuple(
            Series(
                shock_text(point.shock),
                tuple(at_stake(states[state], base[point], point) / 1e6 for state in order),
                tuple(order),
                Mark.BARS,
            )
            for point in own
        )
        title = f"Dollars at stake by state, {last.rates}"
        caption = f"Millions of dollars a year, {last.purse} purse; each colour is a fall of identified students."
        axes = (Axis("million dollars a year"), Axis("state", categories=tuple(order)))
        figures.append(Figure("at_stake", title, caption, *axes, series))
    counts = []
    for text in FATES[:3]:
        found = tuple(float(sum(fate(d, base[p], p) == text for d in districts)) for p in own)
        counts.append(Series(text, tuple(float(-p.shock) for p in own), found, Mark.LINE))
    caption = f"Districts by what happens to them, rates of {last.rates}, {last.purse} purse."
    axes = (Axis("identified students fall by percent"), Axis("districts"))
    figures.append(Figure("fates", "What a fall of identified students does", caption, *axes, tuple(counts)))
    return figures
