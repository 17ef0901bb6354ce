"""The catalogue of class-type reassignment, its tables, and the simulations of any size."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from fairbound.instances.classes.simulation import Settings, simulate
from fairbound.instances.classes.tables import TAKES, Roster, is_students, load_roster, roster
from fairbound.instances.core.entry import Entry, FileFormat, Generator
from fairbound.instances.core.tables import csv_text
from fairbound.instances.core.truth import truth_of
from fairbound.models.classes.instance import ClassInstance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairbound.instances.core.source import Source
    from fairbound.models.core.truth import Truth

SEED = 100
DRAWN = (200, 600, 2000, 10_000)
"""Students of the drawn simulations, a school for 250 of them, and eight types of classes."""


@lru_cache(maxsize=4)
def simulated_roster(settings: Settings = Settings(), seed: int = SEED) -> Roster:  # noqa: B008 - frozen
    """The exported tables of a simulation; what is hidden stays behind."""
    made = simulate(settings, seed)
    return roster("students", *_rows(made.students), "classes", *_rows(made.classes))


def _rows(table: Sequence[Sequence[str]]) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    header = list(table[0])
    return header, [(line, dict(zip(header, row, strict=True))) for line, row in enumerate(table[1:], start=2)]


def instance_of(name: str, found: Roster, title: str = "") -> ClassInstance:
    """The question about a roster, with the default rules."""
    return ClassInstance(name, found.students, found.columns, title=title)


def seed100(name: str) -> ClassInstance:
    """The notebook's 6,000 students."""
    return instance_of(name, simulated_roster(), "6,000 simulated students in 275 classes")


def drawn_settings(name: str) -> Settings:
    """The settings behind ``.../drawn600`` and its like."""
    n = int(name.rpartition("drawn")[2])
    return Settings(regular=n - n // 3, experimental=n // 3, schools=max(2, n // 250), aide=0.4, aide_effect=3)


def drawn(name: str) -> ClassInstance:
    """A drawn simulation; the points of an aide are assumed to be the true ones, as the others are by default."""
    found = simulated_roster(drawn_settings(name), 1)
    return replace(instance_of(name, found), aide_effect=Fraction(3))


def drawn_truth(name: str) -> Truth:
    """Its hidden truth."""
    return truth_of(simulate(drawn_settings(name), 1).truth, f"the truth of {name}")


def seed_truth() -> Truth:
    """What the notebook's students can do, and what their classes and schools add."""
    return truth_of(simulate().truth, "the truth of classes/seed100")


def load_tables(source: Source) -> ClassInstance:
    """A table of students with the table of classes beside it; raises ``InputError``."""
    return instance_of(source.name, load_roster(source))


def _make(settings: Mapping[str, str], seed: int) -> dict[str, str]:
    made = simulate(Settings.read(settings), seed)
    tables = {"": made.students, "_classes": made.classes, "_truth": made.truth}
    return {added: csv_text(rows) for added, rows in tables.items()}


def _written(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


ENTRIES = (
    Entry(
        "classes/seed100",
        "6,000 simulated students, 275 classes, 20 schools; the truth is known and hidden",
        "the notebook's simulation, NumPy seed 100",
        seed100,
        truth=seed_truth,
    ),
    *(
        Entry(
            f"classes/drawn{n}",
            f"{n:,} simulated students, classes of eight types",
            "drawn, seed 1",
            drawn,
            truth=partial(drawn_truth, f"classes/drawn{n}"),
        )
        for n in DRAWN
    ),
)
GENERATORS = (
    Generator(
        "classes",
        "cohorts",
        "students of two cohorts in classes of schools, and the truth in a file of its own",
        {field.name: _written(field.default) for field in fields(Settings)},
        _make,
        "students.csv",
    ),
)
TEMPLATE = {
    "": (
        "student_id,class_id,test_score,race,family_income",
        "1,k1,62.5,Black,41000",
        "2,k1,71,White,52000",
        "3,k2,58,Black,38500",
        "4,k2,80.25,White,61000",
    ),
    "_classes": ("class_id,school_id,class_size,teacher_has_ma", "k1,Alder,SMALL,yes", "k2,Alder,LARGE,no"),
}
FORMATS = (
    FileFormat(
        "classes",
        "a CSV of students with student_id, class_id and test_score",
        is_students,
        load_tables,
        TAKES,
        TEMPLATE,
    ),
)
