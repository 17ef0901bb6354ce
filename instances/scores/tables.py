"""Read panels of districts: the seed's three tables, one table of one's own, or a plain table of features."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, TypeVar

from fairbound.instances.core.columns import check_missing, check_points, number_columns
from fairbound.instances.core.source import Source
from fairbound.instances.core.tables import cell_number, first_lines, need_columns
from fairbound.instances.scores.spending import (
    DISTRICT,
    SCORE,
    STUDENTS,
    YEAR,
    dollars,
    number_in,
    spending_table,
)
from fairbound.models.core.errors import InputError
from fairbound.models.core.text import says_nothing
from fairbound.models.scores.instance import ScoresInstance
from fairbound.models.scores.panel import Column, Design, District, Panel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


T = TypeVar("T")

BUDGETS, ENROLMENT, TESTS = "functions_table", "enrollment_table", "test_scores_table"
GENERAL = "_General_Funds"
LEFT_OUT = (
    "Social_Work_Services",
    "Food",
    "Community_Services",
    "Health_Services",
    "Transportation",
    "Plant_Maintenance_Operation",
)
"""Functions that the seed leaves out."""
FIRST_YEAR, LAST_YEAR = 2005, 2019
FEWEST_SCORES = Fraction(3, 5)
NOT_PUBLISHED = ("-1", "-1.0", "-2")
SUPPRESSED = (*NOT_PUBLISHED, "NA")
"""Cells that say that a score was not published, beside those that say nothing."""
LABEL, SET = "label", "set"
HIGHEST = 100


@dataclass
class Raw:
    """What a district has in each year, before any is left out."""

    students: dict[int, int] = field(default_factory=dict)
    spending: dict[int, tuple[int, ...]] = field(default_factory=dict)
    scores: dict[int, Fraction] = field(default_factory=dict)


def whole_panel(
    raw: dict[str, Raw], years: Sequence[int], functions: Sequence[str], notes: list[str]
) -> tuple[Panel, tuple[str, ...]]:
    """Districts with every year and enough scores, by the seed's rules, and what was left out, in sentences.

    Raises ``InputError`` where none is left.
    """
    every = {name: found for name, found in raw.items() if all(year in found.spending for year in years)}
    kept = {
        name: found
        for name, found in every.items()
        if sum(year in found.scores for year in years) >= FEWEST_SCORES * len(years)
    }
    if not kept:
        raise InputError("no district has every year and 60 % of its scores", found=f"{len(raw)} districts")
    if len(every) < len(raw):
        notes.append(f"{len(raw) - len(every):,} of {len(raw):,} districts lack a year and are left out")
    if len(kept) < len(every):
        notes.append(
            f"{len(every) - len(kept):,} of {len(every):,} districts have fewer than 60 % of scores and are left out"
        )
    missing = sum(year not in found.scores for found in kept.values() for year in years)
    if missing:
        notes.append(f"{missing:,} of {len(kept) * len(years):,} scores are missing and are filled (parameter fill)")
    districts = tuple(
        District(
            name,
            tuple(found.students[year] for year in years),
            tuple(found.scores.get(year) for year in years),
            tuple(found.spending[year] for year in years),
        )
        for name, found in kept.items()
    )
    return Panel(tuple(years), tuple(functions), districts), tuple(notes)


# The seed's tables ------------------------------------------------------------------------------


def is_budgets(source: Source) -> bool:
    """Whether a file is the seed's table of spending by function."""
    return source.path.name.startswith(BUDGETS) and source.has("District_Id", "Year", f"Instruction{GENERAL}")


def load_tables(source: Source) -> ScoresInstance:
    """The seed's layout: the table of functions, with those of enrolment and test scores beside it.

    Raises
    ------
    InputError
        For a missing table or column, a cell that is no number, or a district twice in a year.
    """
    panel, notes = texas_panel(source)
    return ScoresInstance(source.path.parent.name or source.name, panel, repairs=notes)


def texas_panel(given: Path | Source) -> tuple[Panel, tuple[str, ...]]:
    """The seed's preprocessing, step by step, up to where missing scores are filled.

    Raises ``InputError`` for tables of another kind.
    """
    source = Source.of(given)
    path = source.path
    header, rows = source.table()
    functions = [name for name in header if name.endswith(GENERAL) and name.removesuffix(GENERAL) not in LEFT_OUT]
    if not functions:
        raise InputError(
            "missing column", file=str(path), row=1, column=f"Instruction{GENERAL}", wanted="general funds"
        )
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    pupils = _by_year(*_beside(source, ENROLMENT), "Fall_Enrollment", _pupils)
    scores = _by_year(*_beside(source, TESTS), "Avg_Act", _score)
    raw: dict[str, Raw] = {}
    negative = empty = 0
    for (name, year), score in scores.items():
        if year in years:
            found = raw.setdefault(name, Raw())
            if score is not None:
                found.scores[year] = score
    seen: set[tuple[str, int]] = set()
    for line, row in rows:
        name, year = _key(path, line, row, "District_Id", "Year", seen)
        if year not in years:
            continue
        found = raw.setdefault(name, Raw())
        amounts = [number_in(path, line, column, row[column]) for column in functions]
        negative += sum(amount < 0 for amount in amounts)
        students = pupils.get((name, year))
        if not students:
            empty += 1
            continue
        found.students[year] = students
        found.spending[year] = tuple(dollars(amount, students) for amount in amounts)
    notes = []
    if negative:
        notes.append(f"{negative:,} negative amounts are kept as published")
    if empty:
        notes.append(f"{empty:,} years of districts without students are left out")
    names = [name.removesuffix(GENERAL) for name in functions]
    # As in the seed, districts come in the order of the table of functions, which is that of their numbers.
    ordered = dict(sorted(raw.items(), key=lambda pair: (len(pair[0]), pair[0])))
    return whole_panel(ordered, list(years), names, notes)


def _beside(source: Source, stem: str) -> tuple[Path, list[tuple[int, dict[str, str]]]]:
    """A table beside another, packed or not."""
    path = source.path
    other = path.with_name(path.name.replace(BUDGETS, stem))
    for candidate in (other, other.with_suffix("") if other.suffix == ".gz" else other.with_name(f"{other.name}.gz")):
        if candidate.is_file():
            return candidate, source.beside(candidate)[1]
    raise InputError("no such file", file=str(other), wanted=f"the table {stem} beside {path.name}")


def _by_year(
    path: Path, rows: list[tuple[int, dict[str, str]]], column: str, read: Callable[[Path, int, str, str], T]
) -> dict[tuple[str, int], T]:
    found: dict[tuple[str, int], T] = {}
    seen: set[tuple[str, int]] = set()
    for line, row in rows:
        if column not in row:
            raise InputError("missing column", file=str(path), row=1, column=column)
        found[_key(path, line, row, "District_Id", "Year", seen)] = read(path, line, column, row[column])
    return found


# A table of one's own ---------------------------------------------------------------------------


PANEL_NAMES: dict[str, tuple[str, ...]] = {DISTRICT: (), YEAR: (), SCORE: (), STUDENTS: ()}


def is_panel(source: Source) -> bool:
    """Whether a file is a table of districts and years."""
    return source.has(DISTRICT, YEAR, SCORE, names=PANEL_NAMES)


def load_panel(given: Path | Source) -> ScoresInstance:
    """A table with district_id, year, score, students and a column of dollars per student for each function.

    A score that is blank, ``*`` or -1 was not published. Raises ``InputError``.
    """
    source = Source.of(given)
    path = source.path
    header, rows = source.table(PANEL_NAMES)
    need_columns(path, header, PANEL_NAMES)
    functions, rows, spending = spending_table(source, header, rows)
    raw: dict[str, Raw] = {}
    years: set[int] = set()
    seen: set[tuple[str, int]] = set()
    for (line, row), spent in zip(rows, spending, strict=True):
        name, year = _key(path, line, row, DISTRICT, YEAR, seen)
        years.add(year)
        found = raw.setdefault(name, Raw())
        found.students[year] = _pupils(path, line, STUDENTS, row[STUDENTS])
        score = _score(path, line, SCORE, row[SCORE])
        if score is not None:
            found.scores[year] = score
        found.spending[year] = spent
    source.check_alike(DISTRICT, first_lines(rows, DISTRICT))
    first, last = min(years), max(years)
    absent = [year for year in range(first, last + 1) if year not in years]
    if absent:
        raise InputError(
            "a year is missing",
            file=str(path),
            column=YEAR,
            found=f"no {absent[0]}",
            wanted=f"every year from {first} to {last}",
        )
    panel, notes = whole_panel(raw, list(range(first, last + 1)), functions, [])
    return ScoresInstance(source.name, panel, repairs=notes)


PLAIN_NAMES: dict[str, tuple[str, ...]] = {LABEL: (), SET: ()}


def is_plain(source: Source) -> bool:
    """Whether a file is a table of features with labels."""
    return source.has(LABEL, names=PLAIN_NAMES)


def load_plain(given: Path | Source) -> ScoresInstance:
    """A table with a column label, columns of features, and a column set (train or test) if there are test rows.

    Raises ``InputError``.
    """
    source = Source.of(given)
    path = source.path
    header, rows = source.table(PLAIN_NAMES)
    need_columns(path, header, (LABEL,))
    names = number_columns(source, header, rows, (LABEL, SET))
    for other in header if SET not in header else ():
        if {row[other].lower() for _, row in rows} <= {"train", "test"}:
            wanted = f"--map {SET}={other}"
            raise InputError("rows for training and testing", file=str(path), row=1, column=other, wanted=wanted)
    numbers: dict[str, list[Fraction]] = {name: [] for name in (*names, LABEL)}
    test: list[bool] = []
    for line, row in rows:
        word = row.get(SET, "train")
        if word not in ("train", "test"):
            raise InputError("cannot be used", file=str(path), row=line, column=SET, found=word, wanted="train or test")
        test.append(word == "test")
        for name, column in numbers.items():
            column.append(Fraction(number_in(path, line, name, row[name])))
    check_missing(source, rows, tuple(numbers))
    check_points(source, rows, tuple(numbers), whole=False)
    return ScoresInstance(source.name, design_of(numbers, test))


def design_of(numbers: dict[str, list[Fraction]], test: Sequence[bool]) -> Design:
    """Columns of numbers, the labels' under ``label``, as whole numbers of the largest unit that holds each."""

    def column(name: str) -> Column:
        values = numbers[name]
        common = lcm(*(value.denominator for value in values))
        whole = [int(value * common) for value in values]
        parts = [tuple(x for x, late in zip(whole, test, strict=True) if late is kind) for kind in (False, True)]
        return Column(name, "", Fraction(1, common), *parts)

    label = column(LABEL)
    columns = tuple(column(name) for name in numbers if name != LABEL)
    return Design(columns, label.training, label.test, label.unit)


# Cells ------------------------------------------------------------------------------------------


def _key(
    path: Path, line: int, row: dict[str, str], district: str, year: str, seen: set[tuple[str, int]]
) -> tuple[str, int]:
    for column in (district, year):
        if column not in row:
            raise InputError("missing column", file=str(path), row=1, column=column)
    if not row[district]:
        raise InputError("cannot be used", file=str(path), row=line, column=district, found="", wanted="an id")
    when = number_in(path, line, year, row[year])
    if when.denominator != 1 or not 1900 <= when <= 2200:
        raise InputError("cannot be used", file=str(path), row=line, column=year, found=row[year], wanted="a year")
    key = row[district], int(when)
    if key in seen:
        raise InputError(
            "a district stands twice in a year", file=str(path), row=line, found=f"{key[0]}, {key[1]}", wanted="once"
        )
    seen.add(key)
    return key


def _pupils(path: Path, line: int, column: str, text: str) -> int:
    value = number_in(path, line, column, text)
    if value.denominator != 1 or value < 0:
        raise InputError("cannot be used", file=str(path), row=line, column=column, found=text, wanted="a whole number")
    return int(value)


def _score(path: Path, line: int, column: str, text: str) -> Fraction | None:
    if text in SUPPRESSED or says_nothing(text):
        return None
    try:
        value = cell_number(text)
    except ValueError:
        value = Fraction(0)
    if not 0 < value <= HIGHEST:
        wanted = "a score above 0, or blank, * or -1 where none was published"
        raise InputError("cannot be used", file=str(path), row=line, column=column, found=text, wanted=wanted)
    return value
