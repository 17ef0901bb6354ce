"""What is refused in tables of students and classes, and where."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import openpyxl
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


@pytest.mark.parametrize(
    ("old", "new", "where", "parts"),
    [
        ("4,82,55", "01,82,55", "students.csv, row 5, column student_id: ids that look alike", "--accept alike"),
        ("82,9,2", "82,9,2,LARGE,no\n82.0A,9,0,LARGE,no\n82.0a,9,0", "rooms.csv, row 5, column class_id", "alike"),
        ("70000,y,B", "70000,y,a", "students.csv, row 5, column cohort: values that look alike", "alike"),
        ("4,82,55,", "4,82,-999,", "students.csv, row 5, column test_score: a mark for a missing value", "counts"),
        ("70000", "-666666666", "students.csv, row 5, column family_income: a mark for a missing", "counts"),
        ("70000,y,B\n", "70000,y,B\nTotal,82,62,,,\n", "students.csv, row 6: a row of totals", "totals"),
        ("race", "school_year", "students.csv, row 1, column school_year: several years in a table", "years"),
        ("race", "class_size", "students.csv, row 1, column class_size: column stands in both tables", "rooms.csv"),
        ("3,82,65", "3,81,65", "students.csv, row 4, column class_id", "wanted one of 82, 71"),
    ],
)  # fmt: skip
def test_tables_that_would_be_misread(tmp_path: Path, old: str, new: str, where: str, parts: str) -> None:
    students = STUDENTS.replace(old, new, 1)
    classes = CLASSES if students != STUDENTS else CLASSES.replace(f"{old},LARGE,no", f"{new},LARGE,no", 1)
    assert students + classes != STUDENTS + CLASSES
    for problem, asked in (("classes", {"groups": "cohort"}), ("matching", {"exact": "cohort"})):
        path = write(tmp_path, students, classes)
        with pytest.raises(InputError) as refused:
            fairbound.load(path, asked, problem=problem)
        assert where in str(refused.value)
        assert parts in str(refused.value)
        if "--accept" in str(refused.value) and "Total" not in new:
            accepted = fairbound.load(f"{path}#accept={parts.rpartition(' ')[2]}", asked, problem=problem)
            assert any("accepted" in note for note in accepted.repairs)


def test_schools_that_look_alike_are_one_or_said_to_be_two(tmp_path: Path) -> None:
    path = write(tmp_path, classes=CLASSES.replace("71,9", "71,Elm").replace("82,9", "82,elm"))
    with pytest.raises(InputError, match=r"rooms\.csv, row 3, column school_id: ids that look alike: found 'elm'"):
        fairbound.load(path, {"groups": "race"})
    assert len(fairbound.load(f"{path}#accept=alike", {"groups": "race"}).seats) == 2


def test_columns_are_read_in_any_writing_and_the_others_told(tmp_path: Path) -> None:
    plain = fairbound.load(write(tmp_path), {"groups": "income", "bands": "2"})
    students = STUDENTS.replace("family_income", "Family Income").replace("40000", '"40,000"')
    classes = CLASSES.replace("class_id", "Class ID").replace("n_students", "N_Students")
    classes = (
        classes.replace("has_ma", "has_ma,room").replace("True", "True,12").replace("no", "no,14")
        + "99,9,0,SMALL,no,15\n"
    )
    found = fairbound.load(write(tmp_path, students, classes), {"groups": "income", "bands": "2"})
    assert found.canonical() == plain.canonical()
    assert found.repairs == (
        "column Family Income is read as family_income",
        "rooms.csv: column Class ID is read as class_id",
        "rooms.csv: column N_Students is read as n_students",
        "rooms.csv: columns that are not read: room",
        "rooms.csv: classes without students: '99'",
    )


def test_an_aide_is_told_of_every_class(tmp_path: Path) -> None:
    aides = CLASSES.replace("has_ma", "has_ma,has_aide").replace("True", "True,yes")
    with pytest.raises(
        InputError, match=r"rooms\.csv, row 3, column has_aide: cannot be used: found '', wanted yes or no"
    ):
        fairbound.load(write(tmp_path, classes=aides.replace("LARGE,no", "LARGE,no,")), {"groups": "race"})
    assert fairbound.load(write(tmp_path, classes=aides.replace("LARGE,no", "LARGE,no,no")), {"groups": "race"})


def test_what_is_wrong_with_the_table_of_classes_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, classes=CLASSES + "Source: the state\n")
    wanted = r"found 'none', wanted one table with .*; not read: .*rooms\.csv, row 4: wrong number of cells"
    with pytest.raises(InputError, match=wanted):
        fairbound.load(path)
    (tmp_path / "rooms.csv").rename(tmp_path / "students_rooms.csv")
    (tmp_path / "a.csv").write_text("x\n")
    with pytest.raises(InputError, match=r"not read: .*students_rooms\.csv, row 4: wrong .*; .*a\.csv: no rows below"):
        fairbound.load(path)


def test_of_several_tables_of_classes_the_students_own_is_read(tmp_path: Path) -> None:
    path = write(tmp_path)
    others = CLASSES.replace("9", "7")
    (tmp_path / "others.csv").write_text(others)
    with pytest.raises(InputError, match=r"tables of classes beside it: found 'others\.csv, rooms\.csv', wanted one"):
        fairbound.load(path, {"groups": "race"})
    (tmp_path / "students_rooms.csv.gz").write_bytes(gzip.compress(CLASSES.encode()))
    found = fairbound.load(path, {"groups": "race"})
    assert {school for school, _ in found.seats} == {"9"}
    assert found.repairs == ("of 3 tables of classes students_rooms.csv.gz is read",)
    # A table of others is not taken in the place of one that cannot be read.
    (tmp_path / "rooms.csv").unlink()
    (tmp_path / "students_rooms.csv.gz").write_bytes(gzip.compress((CLASSES + "Source: the state\n").encode()))
    with pytest.raises(InputError, match=r"found 'others\.csv', wanted .*; not read: .*students_rooms\.csv\.gz, row 4"):
        fairbound.load(path, {"groups": "race"})


def test_both_tables_may_be_sheets_of_a_workbook(tmp_path: Path) -> None:
    plain = fairbound.load(write(tmp_path), {"groups": "race"})
    (tmp_path / "rooms.csv").unlink()
    book = openpyxl.Workbook()
    for title, text in (("Students", STUDENTS), ("Rooms", CLASSES), ("Notes", "From the office\nof the district\n")):
        page = book.create_sheet(title)
        for line in text.splitlines():
            page.append(line.split(","))
    book.save(tmp_path / "book.xlsx")
    found = fairbound.load(f"{tmp_path / 'book.xlsx'}#Students", {"groups": "race"})
    assert found.canonical() == plain.canonical()
    assert found.repairs == (
        "sheet Students of the workbook is read",
        "book.xlsx#Rooms: sheet Rooms of the workbook is read",
    )
    book["Rooms"]["D3"] = "BIG"
    book.save(tmp_path / "book.xlsx")
    with pytest.raises(InputError, match=r"book\.xlsx#Rooms, row 3, column class_size: cannot be used: found 'BIG'"):
        fairbound.load(f"{tmp_path / 'book.xlsx'}#Students", {"groups": "race"})


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
    for mark in ("", "*", "N/A", "nan"):
        blank = write(tmp_path, STUDENTS.replace("60000,x", f"60000,{mark}"))
        for problem, asked in (("classes", {"groups": "race"}), ("matching", {"exact": "race"})):
            with pytest.raises(InputError, match=rf"student 3 has no race: found '{re.escape(mark)}'"):
                fairbound.load(blank, asked, problem=problem)
    said = write(tmp_path, STUDENTS.replace("60000,x", "60000,unknown"))
    assert fairbound.load(said, {"groups": "race"})
    with pytest.raises(InputError, match="family_income of student 3"):
        fairbound.load(write(tmp_path, STUDENTS.replace("60000", "some")))
