"""The catalogue of balanced comparison: the simulation's students as a study of small classes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from fairbound.instances.classes.simulation import Settings
from fairbound.instances.classes.sources import (
    DRAWN,
    TEMPLATE,
    drawn_settings,
    drawn_truth,
    seed_truth,
    simulated_roster,
)
from fairbound.instances.classes.sources import GENERATORS as COHORTS
from fairbound.instances.classes.tables import TAKES, Roster, is_students, load_roster
from fairbound.instances.core.entry import Entry, FileFormat
from fairbound.models.matching.instance import EVERYONE, MatchingInstance, Unit

if TYPE_CHECKING:
    from fairbound.instances.core.source import Source

ABILITY = "ability"


def instance_of(name: str, found: Roster, cohort: str = EVERYONE, title: str = "") -> MatchingInstance:
    """The study of a roster: students in small classes are treated, and ability is a covariate where it is a column."""
    words = {True: "yes", False: "no"}
    columns = (*found.columns, "school_id", "teacher_has_ma", *(("has_aide",) if found.aides else ()))
    units = []
    for student in found.students:
        aide = (words["aide" in student.kind],) if found.aides else ()
        labels = (*student.labels, student.school, words["ma" in student.kind], *aide)
        units.append(Unit(student.id, "small" in student.kind, student.score, labels))
    plain = MatchingInstance(name, tuple(units), columns, cohort=cohort, title=title)
    return replace(
        plain,
        exact=tuple(column for column in plain.exact if column in columns),
        means=tuple(column for column in (*plain.means, ABILITY) if column in columns),
    )


def seed100(name: str) -> MatchingInstance:
    """The notebook's students; with ``-ability`` as a study that measured ability."""
    shown = name.endswith("-ability")
    found = simulated_roster(Settings(ability=shown))
    title = f"small classes, regular cohort, ability {'measured' if shown else 'hidden'}"
    return instance_of(name, found, "REGULAR", title)


def load_tables(source: Source) -> MatchingInstance:
    """A table of students with the table of classes beside it; raises ``InputError``."""
    return instance_of(source.name, load_roster(source))


ORIGIN = "the notebook's simulation, NumPy seed 100"
ENTRIES = (
    Entry(
        "matching/seed100",
        "small against large classes, 4,000 students of the regular cohort",
        ORIGIN,
        seed100,
        truth=seed_truth,
    ),
    Entry("matching/seed100-ability", "the same as a study that measured ability", ORIGIN, seed100, truth=seed_truth),
    *(
        Entry(
            f"matching/drawn{n}",
            f"small against large classes, {n:,} simulated students",
            "drawn, seed 1",
            lambda name: instance_of(name, simulated_roster(drawn_settings(name), 1)),
            truth=partial(drawn_truth, f"matching/drawn{n}"),
        )
        for n in DRAWN
    ),
)
GENERATORS = tuple(replace(generator, problem="matching") for generator in COHORTS)
FORMATS = (FileFormat("matching", "the same with --problem matching", is_students, load_tables, TAKES, TEMPLATE),)
