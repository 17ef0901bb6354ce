"""Students and their classes from two tables: one row a student, one row a class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fairbound.instances.core.columns import check_missing, check_years, note_unread
from fairbound.instances.core.source import Source
from fairbound.instances.core.tables import (
    Flag,
    Number,
    Text,
    check_header,
    first_lines,
    validate_rows,
    without_thousands,
)
from fairbound.instances.core.totals import need_rows, without_totals
from fairbound.models.classes.instance import Student
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.text import short
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Sequence

TAKES = ("counts", "totals", "alike", "years")
"""What can be accepted or left out in tables of students."""
SIZES = ("SMALL", "LARGE")


class StudentRow(BaseModel):
    """A row of the table of students; further columns may be groups and covariates."""

    student_id: Text
    class_id: Text
    test_score: Number
    school_id: Text | None = None


class ClassRow(BaseModel):
    """A row of the table of classes."""

    class_id: Text
    school_id: Text
    class_size: Text
    teacher_has_ma: Flag
    n_students: Number | None = None
    has_aide: Flag | None = None


@dataclass(frozen=True)
class Roster:
    """Everybody, the names of the other columns, and whether the classes tell of aides."""

    columns: tuple[str, ...]
    students: tuple[Student, ...]
    aides: bool


def plain_id(text: str) -> str:
    """An id without the decimal point that a spreadsheet adds."""
    return text.removesuffix(".0")


STUDENT_NAMES: dict[str, tuple[str, ...]] = dict.fromkeys(
    (*StudentRow.model_fields, "family_income", "race", "cohort"), ()
)
CLASS_NAMES: dict[str, tuple[str, ...]] = dict.fromkeys(ClassRow.model_fields, ())


def is_students(source: Source) -> bool:
    """Whether a file is meant to be a table of students."""
    return source.has("student_id", "class_id", "test_score", names=STUDENT_NAMES)


def load_roster(given: Path | Source) -> Roster:
    """Read a table of students with the table of classes that lies beside it.

    Raises ``InputError`` also for what is probably not meant: totals, several years, marks of missing values, and ids
    or labels that look alike.
    """
    source = Source.of(given)
    beside = source.partner("tables of classes", ("class_id", "class_size"), CLASS_NAMES)
    header, rows = source.table(STUDENT_NAMES)
    class_header, class_rows = source.beside(beside, CLASS_NAMES)
    file, lines = beside.file, [line for line, _ in rows]
    if "student_id" in header:
        names = [[row["student_id"]] for _, row in rows]
        rows = [rows[i] for i in without_totals(source, lines, names, [()] * len(rows))]
        need_rows(source, rows)
    found = roster(source.file, header, rows, file, class_header, class_rows)
    check_years(source, rows, ())
    check_missing(source, rows, ("test_score", *found.columns))
    source.check_alike("student_id", first_lines(rows, "student_id"))
    for column in ("class_id", "school_id"):
        known = {plain_id(text): line for text, line in first_lines(class_rows, column).items()}
        source.check_alike(column, known, file=file)
    for column in found.columns:
        texts = first_lines(rows, column)
        if 2 * len(texts) <= len(rows):  # of groups; names may differ in little
            source.check_alike(column, texts, "values")
    note_unread(source, [column for column in class_header if column not in ClassRow.model_fields], beside.short_name)
    homes = {plain_id(row["class_id"]) for _, row in rows}
    empty = [row["class_id"] for _, row in class_rows if plain_id(row["class_id"]) not in homes]
    if empty:
        source.notes.append(f"{beside.short_name}: classes without students: {short(', '.join(empty))}")
    return found


def roster(
    path: Path | str,
    header: list[str],
    rows: Sequence[tuple[int, dict[str, str]]],
    class_path: Path | str,
    class_header: list[str],
    class_rows: Sequence[tuple[int, dict[str, str]]],
) -> Roster:
    """Join the two tables.

    Raises
    ------
    InputError
        For a class without a school or that stands twice, a student in two classes or in none that is known, a
        school or a number of students that the two tables give differently, and cells that cannot be read.
    """
    check_header(path, header, StudentRow)
    check_header(class_path, class_header, ClassRow)
    classes: dict[str, tuple[int, ClassRow]] = {}
    for line, each in validate_rows(class_path, class_rows, ClassRow):
        name = plain_id(each.class_id)
        if name in classes:
            raise InputError("a class stands twice", file=str(class_path), row=line, column="class_id", found=name)
        if each.class_size.upper() not in SIZES:
            wanted = " or ".join(SIZES)
            raise InputError(
                "cannot be used",
                file=str(class_path),
                row=line,
                column="class_size",
                found=each.class_size,
                wanted=wanted,
            )
        if each.has_aide is None and "has_aide" in class_header:
            raise InputError(
                "cannot be used", file=str(class_path), row=line, column="has_aide", found="", wanted="yes or no"
            )
        classes[name] = (line, each)
    columns = tuple(column for column in header if column not in StudentRow.model_fields)
    for column in columns:
        if column in ClassRow.model_fields:
            wanted = f"the one of {Path(class_path).name} alone"
            raise InputError("column stands in both tables", file=str(path), row=1, column=column, wanted=wanted)
    seen: dict[str, int] = {}
    sizes = dict.fromkeys(classes, 0)
    found = []
    for (line, student), (_, row) in zip(validate_rows(path, rows, StudentRow), rows, strict=True):
        home, known = plain_id(student.class_id), classes.get(plain_id(student.class_id))
        if student.student_id in seen:
            both = f"{student.student_id}, in row {seen[student.student_id]} too"
            raise InputError("a student in two classes", file=str(path), row=line, column="student_id", found=both)
        if known is None:
            raise InputError(
                "a class that is not in the table of classes", file=str(path), row=line, column="class_id", found=home,
                wanted=nearest(home, classes),
            )  # fmt: skip
        its = known[1]
        if student.school_id is not None and plain_id(student.school_id) != plain_id(its.school_id):
            raise InputError(
                "another school than his class", file=str(path), row=line, column="school_id",
                found=student.school_id, wanted=its.school_id,
            )  # fmt: skip
        seen[student.student_id] = line
        sizes[home] += 1
        flags = {"small": its.class_size.upper() == "SMALL", "ma": its.teacher_has_ma, "aide": bool(its.has_aide)}
        kind = frozenset(name for name, held in flags.items() if held)
        labels = tuple(without_thousands(row[column]) for column in columns)
        found.append(Student(student.student_id, plain_id(its.school_id), kind, student.test_score, labels))
    for name, (line, each) in classes.items():
        if each.n_students is not None and each.n_students != sizes[name]:
            raise InputError(
                "another number of students than the table of students has", file=str(class_path), row=line,
                column="n_students", found=str(each.n_students), wanted=str(sizes[name]),
            )  # fmt: skip
    return Roster(columns, tuple(found), "has_aide" in class_header)
