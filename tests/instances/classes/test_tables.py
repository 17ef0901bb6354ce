"""What is refused in tables of students and classes, and where."""

from __future__ import annotations

from pathlib import Path

import pytest
from fairbound.models.core.errors import InputError

import fairbound

STUDENTS = """student_id,class_id,test_score,family_income,race,cohort
1,71.0,60.5,40000,x,A
2,71,70,50000,y,A
3,82,65,60000,x,A
4,82,55,70000,y,B
"""
CLASSES = """class_id,school_id,n_students,class_size,teacher_has_ma
71,9,2,SMALL,True
82,9,2,LARGE,no
"""


def write(folder: Path, students: str = STUDENTS, classes: str = CLASSES) -> str:
    (folder / "students.csv").write_text(students)
    (folder / "rooms.csv").write_text(classes)
    return str(folder / "students.csv")


def test_tables_are_joined(tmp_path: Path) -> None:
    asked = fairbound.load(write(tmp_path), {"groups": "race"})
    assert asked.problem == "classes"
    assert asked.seats == {("9", "small+MA"): 2, ("9", "large"): 2}
    study = fairbound.load(write(tmp_path), {"exact": "race"}, problem="matching")
    assert [unit.treated for unit in study.members] == [True, True, False, False]


@pytest.mark.parametrize(
    ("old", "new", "where", "parts"),
    [
        ("71,9,2", "71,,2", "rooms.csv, row 2, column school_id", "some text"),
        ("82,9,2,LARGE", "82,9,2,BIG", "rooms.csv, row 3, column class_size", "SMALL or LARGE"),
        ("82,9,2,LARGE,no\n", "82,9,2,LARGE,no\n82,8,2,LARGE,no\n", "rooms.csv, row 4", "a class stands twice"),
        ("71,9,2,", "71,9,3,", "rooms.csv, row 2, column n_students", "another number of students"),
        ("True", "perhaps", "rooms.csv, row 2, column teacher_has_ma", "yes or no"),
        ("3,82,65", "2,82,65", "students.csv, row 4, column student_id", "a student in two classes"),
        ("3,82,65", "3,99,65", "students.csv, row 4, column class_id", "not in the table of classes"),
        ("3,82,65", "3,82,good", "students.csv, row 4, column test_score", "a number"),
        ("class_id,test_score", "class,test_score", "students.csv", "class_id"),
    ],
)  # fmt: skip
def test_refused_tables(tmp_path: Path, old: str, new: str, where: str, parts: str) -> None:
    students = STUDENTS.replace(old, new, 1)
    classes = CLASSES if students != STUDENTS else CLASSES.replace(old, new, 1)
    assert students + classes != STUDENTS + CLASSES
    with pytest.raises(InputError) as refused:
        fairbound.load(write(tmp_path, students, classes), problem="classes")
    assert where in str(refused.value)
    assert parts in str(refused.value)


def test_the_table_of_classes_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "students.csv").write_text(STUDENTS)
    with pytest.raises(InputError, match="tables of classes beside it"):
        fairbound.load(str(tmp_path / "students.csv"))


@pytest.mark.parametrize(
    ("problem", "parameters", "parts"),
    [
        ("classes", {"groups": "income", "bands": "5"}, "income band 5 of 5 has no students"),
        ("classes", {"groups": "colour"}, "no such column"),
        ("classes", {"groups": "race", "cohort": "C"}, "parameter cohort"),
        ("classes", {"groups": "race", "epsilon": "-1"}, "at least 0"),
        ("classes", {"groups": "cohort", "cohort": "A"}, "a gap needs two groups"),
        ("matching", {"exact": "race", "cohort": "B"}, "no treated students"),
        ("matching", {"exact": "cohort", "cohort": "A"}, "a covariate without variance"),
        ("matching", {"means": "race", "exact": ""}, "a number"),
        ("matching", {"tolerance": "-0.1"}, "at least 0"),
        ("matching", {"exact": "family_income"}, "in exact and in means"),
    ],
)  # fmt: skip
def test_refused_questions(tmp_path: Path, problem: str, parameters: dict[str, str], parts: str) -> None:
    with pytest.raises(InputError, match=parts):
        fairbound.load(write(tmp_path), parameters, problem=problem)


def test_a_blank_group_or_income_is_told_by_student(tmp_path: Path) -> None:
    blank = write(tmp_path, STUDENTS.replace("60000,x", "60000,"))
    with pytest.raises(InputError, match="student 3 has no race"):
        fairbound.load(blank, {"groups": "race"})
    with pytest.raises(InputError, match="family_income of student 3"):
        fairbound.load(write(tmp_path, STUDENTS.replace("60000", "some")))
