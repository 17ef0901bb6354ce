"""The catalogue of grants: the panels of certified prediction as they stand after their last year."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from fairbound.instances.core.columns import check_missing
from fairbound.instances.core.entry import Entry, FileFormat, need_file
from fairbound.instances.core.source import Source
from fairbound.instances.core.tables import first_lines, need_columns
from fairbound.instances.grants.drawn import GENERATORS
from fairbound.instances.grants.fitting import fitted_effects
from fairbound.instances.scores.simulation import simulate
from fairbound.instances.scores.sources import SIMULATED_ORIGIN, TEXAS, TEXAS_ORIGIN, panel_at, synthetic_truth
from fairbound.instances.scores.spending import (
    DISTRICT,
    SCORE,
    STUDENTS,
    TAKES,
    YEAR,
    number_in,
    spending_table,
)
from fairbound.instances.scores.tables import NOT_PUBLISHED
from fairbound.models.core.errors import InputError
from fairbound.models.grants.instance import FITTED, LITERATURE, District, GrantsInstance
from fairbound.models.scores.panel import SCORE_UNIT, fill

if TYPE_CHECKING:
    from pathlib import Path

    from fairbound.models.scores.panel import Panel

TOTAL = "Total_Expenditure_By_Function"


@lru_cache(maxsize=2)
def asked_of(panel: Panel, name: str, pot: int, title: str, effects: str) -> GrantsInstance:
    """The question of a panel: scores and budgets of the last year, a score that was not published being the last one.

    The column of the total is no function that money could be spent on.
    """
    places = [f for f, function in enumerate(panel.functions) if function != TOTAL]
    districts = []
    for district in panel.districts:
        score = fill(district.scores, past=True)[-1]
        assert score is not None  # 60 % of scores are there
        spending = tuple(max(0, district.spending[-1][f]) for f in places)
        districts.append(District(district.id, district.students[-1], round(score / SCORE_UNIT) * SCORE_UNIT, spending))
    found, draws = fitted_effects(panel)
    return GrantsInstance(
        name,
        tuple(districts),
        tuple(panel.functions[f] for f in places),
        tuple(found[f] for f in places),
        tuple(tuple(draw[f] for f in places) for draw in draws),
        effects,
        pot=Fraction(pot),
        districts=20,
        title=title,
    )


def synthetic(name: str) -> GrantsInstance:
    """The simulated districts after their last year."""
    return asked_of(simulate().panel, name, 20_000_000, "600 simulated districts", FITTED)


def texas(name: str) -> GrantsInstance:
    """The seed's districts after 2019; raises ``InputError`` where the tables are not on this machine."""
    panel, _ = panel_at(need_file(name, TEXAS))
    return asked_of(panel, name, 100_000_000, "Texas districts, budgets of 2019, scores of 2018", LITERATURE)


NAMES: dict[str, tuple[str, ...]] = {DISTRICT: ("districtcode",), STUDENTS: ("enrollment",), SCORE: ()}


def is_districts(source: Source) -> bool:
    """Whether a file is a table of districts to be granted."""
    return source.has(*NAMES, names=NAMES) and not source.has(YEAR)


def load_districts(given: Path | Source) -> GrantsInstance:
    """A table with district_id, students, score and a column of dollars per student for each function.

    Raises ``InputError``.
    """
    source = Source.of(given)
    path = source.path
    header, rows = source.table(NAMES)
    need_columns(path, header, NAMES)
    functions, rows, spending = spending_table(source, header, rows)
    check_missing(source, rows, (SCORE,), NOT_PUBLISHED)
    districts, seen = [], set[str]()
    for (line, row), spent in zip(rows, spending, strict=True):
        name = row[DISTRICT]
        if not name or name in seen:
            word = "a district stands twice" if name else "cannot be used"
            raise InputError(word, file=str(path), row=line, column=DISTRICT, found=name, wanted="every district once")
        seen.add(name)
        students = number_in(path, line, STUDENTS, row[STUDENTS])
        if students.denominator != 1 or students < 1:
            wanted = "a whole number from 1"
            raise InputError(
                "cannot be used", file=str(path), row=line, column=STUDENTS, found=row[STUDENTS], wanted=wanted
            )
        score = Fraction(number_in(path, line, SCORE, row[SCORE]))
        districts.append(District(name, int(students), score, spent))
    source.check_alike(DISTRICT, first_lines(rows, DISTRICT))
    return GrantsInstance(source.name, tuple(districts), tuple(functions))


TEMPLATE = {
    "": (
        "district_id,students,score,Instruction,Guidance",
        "101,1200,17.5,6100,310",
        "102,450,19.25,7200,280",
        "103,8000,20.5,6400,350",
    )
}
ENTRIES = (
    Entry(
        "grants/synthetic",
        "600 simulated districts, 20 grants from 20 million dollars, effects fitted to their past",
        SIMULATED_ORIGIN,
        synthetic,
        truth=synthetic_truth,
    ),
    Entry(
        "grants/texas",
        "930 Texas districts, 20 grants from 100 million dollars, a published effect",
        TEXAS_ORIGIN,
        texas,
        TEXAS,
        licence="none stated; altered copies are forbidden",
        closed=True,
    ),
)
FORMATS = (
    FileFormat(
        "grants",
        "a CSV of districts with district_id, students and score",
        is_districts,
        load_districts,
        TAKES,
        TEMPLATE,
    ),
)
__all__ = ["ENTRIES", "FORMATS", "GENERATORS", "asked_of", "load_districts", "synthetic", "texas"]
