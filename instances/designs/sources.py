"""Small cohorts to be divided: the first students of the simulation's experiment, and a table of anybody."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.instances.classes.sources import simulated_roster
from fairbound.instances.core.columns import check_missing, check_points, number_columns
from fairbound.instances.core.entry import Entry, FileFormat
from fairbound.instances.core.source import Source
from fairbound.instances.core.tables import LARGEST, cell_number, first_lines, need_columns
from fairbound.instances.core.totals import need_rows, without_totals
from fairbound.instances.designs.drawn import GENERATORS
from fairbound.models.core.errors import InputError
from fairbound.models.designs.instance import DesignInstance, Subject

if TYPE_CHECKING:
    from pathlib import Path

SIZES = (16, 24, 30)
SUBJECT = "subject_id"


def simulated(name: str) -> DesignInstance:
    """The first so many students of the experimental cohort, with family income and score."""
    found = simulated_roster()
    cohort, income = found.columns.index("cohort"), found.columns.index("family_income")
    chosen = [student for student in found.students if student.labels[cohort] == "EXPERIMENTAL"]
    size = int(name.rpartition("seed")[2])
    subjects = tuple(Subject(s.id, (Fraction(s.labels[income]), s.score)) for s in chosen[:size])
    columns = ("family_income", "test_score")
    return DesignInstance(name, subjects, columns, columns, title=f"{size} students of the experimental cohort")


def load_csv(given: Path | Source) -> DesignInstance:
    """A table with ``subject_id`` and columns of numbers; raises ``InputError``."""
    source = Source.of(given)
    path = source.path
    header, rows = source.table({SUBJECT: ()})
    need_columns(path, header, (SUBJECT,))
    columns = tuple(number_columns(source, header, rows, (SUBJECT,)))
    subjects = []
    for line, row in rows:
        if not row[SUBJECT]:
            raise InputError("cannot be used", file=str(path), row=line, column=SUBJECT, found="", wanted="some text")
        numbers = []
        for column in columns:
            try:
                numbers.append(cell_number(row[column]))
            except ValueError:
                numbers.append(Fraction(LARGEST))
            if abs(numbers[-1]) >= LARGEST:
                raise InputError(
                    "cannot be used",
                    file=str(path),
                    row=line,
                    column=column,
                    found=row[column],
                    wanted="a number below 1e15",
                )
        subjects.append(Subject(row[SUBJECT], tuple(numbers)))
    names = [[cell for column, cell in row.items() if column not in columns] for _, row in rows]
    kept = without_totals(source, [line for line, _ in rows], names, [subject.numbers for subject in subjects])
    need_rows(source, kept)
    rows, subjects = [rows[i] for i in kept], [subjects[i] for i in kept]
    lines = first_lines(rows, SUBJECT)
    for line, row in rows:
        if lines[row[SUBJECT]] != line:
            wanted = f"every subject once (it stands in row {lines[row[SUBJECT]]} too)"
            raise InputError(
                "a subject stands twice", file=source.file, row=line, column=SUBJECT, found=row[SUBJECT], wanted=wanted
            )
    source.check_alike(SUBJECT, lines)
    check_missing(source, rows, columns)
    check_points(source, rows, columns, whole=False)
    return DesignInstance(source.name, tuple(subjects), columns, tuple(sorted(columns)))


def recognises(source: Source) -> bool:
    """Whether a file is meant to be a table of subjects."""
    return source.has(SUBJECT, names={SUBJECT: ()})


TEMPLATE = {"": ("subject_id,income,score", "a,52000,81.5", "b,41000,77", "c,63000,90.25", "d,47500,68")}
ENTRIES = tuple(
    Entry(f"designs/seed{n}", f"{n} students of the simulation's experiment", "NumPy seed 100", simulated)
    for n in SIZES
)
TAKES = ("counts", "totals", "alike")
FORMATS = (
    FileFormat("designs", "a CSV with subject_id and columns of numbers", recognises, load_csv, TAKES, TEMPLATE),
)
__all__ = ["ENTRIES", "FORMATS", "GENERATORS", "load_csv", "simulated"]
