"""Tables as people have them: other separators and encodings, workbooks, titles, columns under another name."""

from __future__ import annotations

import datetime
import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
from fairbound.instances.core import catalogue
from fairbound.instances.core.grid import read_grid
from fairbound.instances.core.source import Reading, Source
from fairbound.models import PROBLEMS
from fairbound.models.core.errors import InputError

import fairbound

PLAIN = "school_id,enrolled,identified\nalder,320,136\nbirch,400,120\npeña,200,116\n"
IDS = ["alder", "birch", "peña"]


def written(folder: Path, raw: bytes, name: str = "d.csv") -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("raw", "note"),
    [
        (PLAIN.replace(",", ";").encode(), "cells are separated by semicolons"),
        (PLAIN.replace(",", "\t").encode(), "cells are separated by tabs"),
        (("sep=|\n" + PLAIN.replace(",", "|")).encode(), "cells are separated by bars"),
        (PLAIN.encode("utf-16"), "the file is read as UTF-16"),
        (PLAIN.encode("cp1252"), "the file is not UTF-8 (row 4): read as Windows text (cp1252)"),
        (b"CEP list 2024,,\n\n" + PLAIN.encode(), "row 1 above the header: skipped (CEP list 2024)"),
        (b"Sample City, 2024\nSource: state\n" + PLAIN.encode(), "rows 1 to 2 above the header: skipped (Sample City)"),
        (PLAIN.replace("\n", ",,\n").encode(), None),
        (("\ufeff" + PLAIN).encode(), None),
    ],
)
def test_files_of_all_kinds_hold_the_same_table(tmp_path: Path, raw: bytes, note: str | None) -> None:
    asked = fairbound.load(written(tmp_path, raw))
    assert [school.id for school in asked.schools] == IDS
    assert [int(school.identified) for school in asked.schools] == [136, 120, 116]
    assert asked.repairs == (() if note is None else (note,))


def test_thousands_are_read_where_they_have_one_reading(tmp_path: Path) -> None:
    text = PLAIN.replace("320", '"1,320"')
    assert fairbound.load(written(tmp_path, text.encode())).schools[0].enrolled == 1320
    semicolons = PLAIN.replace("320", "1.320").replace(",", ";").replace("1.", "1,")
    with pytest.raises(InputError, match=r"row 2: a number with two readings: found '1,320', wanted 1320 or 1\.320"):
        fairbound.load(written(tmp_path, semicolons.encode()))


def test_decimal_commas_are_read_where_a_number_has_no_other_reading(tmp_path: Path) -> None:
    text = "school_id;enrolled;identified\nalder;320,5;136\nbirch;1400,25;1,200\n"
    asked = fairbound.load(written(tmp_path, text.encode()))
    assert [str(school.enrolled) for school in asked.schools] == ["641/2", "5601/4"]
    assert str(asked.schools[1].identified) == "6/5"
    assert "commas in numbers are decimal commas" in asked.repairs
    with pytest.raises(InputError, match=r"row 3: points where commas are decimal: found '1\.400', wanted .* 1400"):
        fairbound.load(written(tmp_path, text.replace("1400,25", "1.400").encode()))
    with pytest.raises(InputError, match=r"column enrolled: cannot be used: found '320,5'"):
        fairbound.load(written(tmp_path, text.replace(";", "\t").encode()))


@pytest.mark.parametrize(
    ("raw", "row"),
    [
        (PLAIN.replace("birch", "bi\0rch").encode(), 3),
        (PLAIN.replace("ñ", "n").encode("utf-16-le"), 1),
        (PLAIN.replace("ñ", "n").encode("utf-16-be"), 1),
        (PLAIN.encode("utf-32"), 1),
    ],
)
def test_zero_bytes_are_no_part_of_a_table(tmp_path: Path, raw: bytes, row: int) -> None:
    with pytest.raises(InputError, match=rf"d\.csv, row {row}: .*wanted a file saved as UTF-8"):
        fairbound.load(written(tmp_path, raw), problem="cep")


def book(folder: Path, sheets: dict[str, list[list[object]]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        page = made.create_sheet(title)
        for row in rows:
            page.append(row)
    path = folder / "d.xlsx"
    made.save(path)
    return path


ROWS: list[list[object]] = [["school_id", "enrolled", "identified"], ["alder", 320, 136.0], [12, 400, 120.5]]


def test_a_workbook_is_read_sheet_by_sheet(tmp_path: Path) -> None:
    one = fairbound.load(book(tmp_path, {"Schools": [["CEP list"], [], *ROWS], "Notes": []}))
    assert [(s.id, str(s.enrolled), str(s.identified)) for s in one.schools] == [
        ("alder", "320", "136"),
        ("12", "400", "241/2"),
    ]
    assert one.repairs == ("sheet Schools of the workbook is read", "row 1 above the header: skipped (CEP list)")
    path = book(tmp_path, {"2024": ROWS, "2025": [*ROWS, ["cedar", 10, 1]]})
    with pytest.raises(InputError, match=r"several sheets: found '2024, 2025', wanted d\.xlsx#2024 or d\.xlsx#2025"):
        fairbound.load(path)
    assert len(fairbound.load(f"{path}#2025").schools) == 3
    with pytest.raises(InputError, match="no such sheet: found '2026'"):
        fairbound.load(f"{path}#2026")
    with pytest.raises(InputError, match="only a workbook has sheets"):
        fairbound.load(f"{written(tmp_path, PLAIN.encode())}#2025")


def test_what_a_workbook_hides_is_told(tmp_path: Path) -> None:
    path = book(tmp_path, {"Schools": ROWS})
    made = openpyxl.load_workbook(path)
    made["Schools"].row_dimensions[3].hidden = True
    made["Schools"].column_dimensions.group("B", "C", hidden=True)
    made["Schools"].column_dimensions.group("G", "XFD", hidden=True)
    made.save(path)
    asked = fairbound.load(path)
    assert len(asked.schools) == 2
    assert "1 rows that the sheet hides are read too" in asked.repairs
    assert "2 columns that the sheet hides are read too" in asked.repairs


def test_a_formula_that_nobody_computed_is_no_blank_cell(tmp_path: Path) -> None:
    rows = [[*row, free] for row, free in zip(ROWS, ["free", 10, "=5+5"], strict=True)]
    path = book(tmp_path, {"Schools": rows, "Old": []})
    with pytest.raises(InputError, match=r"d\.xlsx, row 3, column D: a formula without its value"):
        fairbound.load(path)
    raw = path.read_bytes()
    path.unlink()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(path, "w") as new:  # as a spreadsheet saves it
        for name in old.namelist():
            new.writestr(name, re.sub(rb"(<f>5\+5</f>)<v ?/>", rb"\1<v>10</v>", old.read(name)))
    assert [school.free for school in fairbound.load(path).schools] == [10, 10]
    rows[2][3] = '=""'
    raw = book(tmp_path, {"Schools": rows}).read_bytes()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'<c r="D3"><f>', b'<c r="D3" t="str"><f>'))
    assert [school.free for school in fairbound.load(path).schools] == [10, None]


def test_percentages_of_a_workbook_stand_alone(tmp_path: Path) -> None:
    rows = [*ROWS, ["cedar", 300, 0.5]]
    path = book(tmp_path, {"Schools": [["Year", 2026], *rows]})
    made = openpyxl.load_workbook(path)
    for row in (3, 5):
        made["Schools"][f"C{row}"].number_format = "0.0%"
    made.save(path)
    with pytest.raises(InputError, match=r"row 4, column identified: a number beside percentages: found '120\.5'"):
        read_grid(path)
    made["Schools"]["C4"] = 0
    made.save(path)
    assert "percentages in column identified are read as shares" in read_grid(path).notes


def test_ids_without_their_last_digits_are_refused(tmp_path: Path) -> None:
    text = PLAIN.replace("birch", "1.23457E+15")
    with pytest.raises(
        InputError, match=r"row 3, column school_id: an id of which a spreadsheet has lost digits: found"
    ):
        fairbound.load(written(tmp_path, text.encode()))
    assert fairbound.load(written(tmp_path, text.replace("E+15", "E15").encode())).schools
    assert fairbound.load(f"{written(tmp_path, text.encode())}#accept=alike").schools


def test_cells_of_a_workbook_are_what_it_shows(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    page = made.active
    page.append(["id", "number", "flag", "day"])
    page.append([17, 0.1, True, datetime.date(2026, 1, 2)])
    page["A2"].number_format = "0000000"
    made.save(tmp_path / "d.xlsx")
    assert read_grid(tmp_path / "d.xlsx").rows == [(2, ["0000017", "0.1", "true", "2026-01-02T00:00:00"])]
    page["B2"] = "#DIV/0!"
    page["B2"].data_type = "e"
    made.save(tmp_path / "d.xlsx")
    with pytest.raises(InputError, match=r"row 2: a formula that failed: found '#DIV/0!'"):
        read_grid(tmp_path / "d.xlsx")


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    raw = book(tmp_path, {"Schools": ROWS}).read_bytes()
    for broken in (raw[:200], raw[:-30], raw.replace(b"xl/work", b"xl/wurk")):
        with pytest.raises(InputError, match="workbook"):
            fairbound.load(written(tmp_path, broken, "e.xlsx"))
    buffer = io.BytesIO(b"\xd0\xcf\x11\xe0old")
    with pytest.raises(InputError, match="an old Excel workbook"):
        fairbound.load(written(tmp_path, buffer.read(), "f.csv"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (",school_id,enrolled,identified\n0,alder,320,136\n", None),  # the index of a data frame
        ("school_id,enrolled,identified\nalder,320,136,5\n", "row 2: wrong number of cells: found 4, wanted 3"),
        ("school_id,enrolled,identified\nalder,320\n", "row 2: wrong number of cells: found 2, wanted 3"),
        ("school_id,enrolled,identified,,\nalder,320,136,x,y\n", "row 1: columns without a name"),
        ("school_id,school_id\n1,2\n", "row 1, column school_id: column stands twice"),
        ("school_id,enrolled\n", "no rows below the header"),
        ("\n\n", "empty file"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, wrong: str | None) -> None:
    path = written(tmp_path, text.encode())
    if wrong is None:
        assert fairbound.load(path).schools[0].id == "alder"
        return
    with pytest.raises(InputError) as refused:
        fairbound.load(path)
    assert wrong in str(refused.value)


def test_columns_are_mapped_and_rows_chosen(tmp_path: Path) -> None:
    text = "District,Code,Kids,identified,Poor\nA,0010,320,1,136\nA,0020,400,2,120\nB,0010,200,3,116\n"
    path = written(tmp_path, text.encode())
    columns = (("school_id", "Code"), ("enrolled", "Kids"), ("identified", "Poor"))
    asked = fairbound.load(str(Source(path, Reading(columns=columns, only=(("District", "A"),)))), problem="cep")
    assert asked.name == "d/A"
    assert [(s.id, int(s.enrolled), int(s.identified)) for s in asked.schools] == [
        ("0010", 320, 136),
        ("0020", 400, 120),
    ]
    assert "column Poor is read as identified" in asked.repairs
    assert "columns that are not read: District, identified (of the file)" in asked.repairs
    for reading, wrong in (
        (Reading(columns=(("enrolled", "Kid"),)), "no such column: found 'Kid', wanted one of Kids"),
        (Reading(columns=(("enrolled", "Kids"), ("school_id", "Kids"))), "map names a column twice"),
        (Reading(columns=columns, only=(("District", "C"),)), "no such rows: found 'C', wanted"),
        (Reading(columns=columns, only=(("Town", "C"),)), "no such column: found 'Town'"),
    ):
        with pytest.raises(InputError, match=wrong):
            fairbound.load(str(Source(path, reading)), problem="cep")


def test_how_a_file_is_read_is_part_of_its_name(tmp_path: Path) -> None:
    reading = Reading(
        "A & B", (("enrolled", "a=b#c%"),), (("District Code", "01&=02"),), ("over", "totals"), ("incomplete",)
    )
    assert Reading.parse(reading.text) == reading
    path = written(tmp_path, PLAIN.encode(), "a#b.csv")
    assert Source.named(str(path)) == Source(path)
    assert Source.named(f"{path}#leave_out=incomplete") == Source(path, Reading(leave_out=("incomplete",)))
    assert Source.named(f"{tmp_path}/none.csv#x") is None
    with pytest.raises(InputError, match="how a file is to be read: found 'x=1'"):
        Source.named(f"{path}#x=1")
    with pytest.raises(InputError, match="means nothing here: found 'over'"):
        fairbound.load(f"{template(tmp_path, 'blocks')}#accept=over")


def template(folder: Path, problem: str) -> Path:
    return catalogue.write_template(problem, folder / f"{problem}_template")[0]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_problem_has_a_template_that_loads(tmp_path: Path, problem: str) -> None:
    assert catalogue.load(str(template(tmp_path, problem)), problem).problem == problem


def test_commands_take_how_a_file_is_to_be_read(tmp_path: Path) -> None:
    written(tmp_path, b"Code,Kids,identified\na,100,60\nb,,3\n")
    asked = "instance check d.csv --problem cep --map school_id=Code --map enrolled=Kids --leave-out incomplete"
    done = command(tmp_path, asked)
    assert done.returncode == 0, done.stderr
    assert "d: fine (1 schools, 100 students, 60 identified; 3 repairs recorded)" in done.stdout
    assert "row 3 (b): left out, enrolled is ''" in done.stdout
    refused = command(tmp_path, "solve cep/calpads33 --leave-out incomplete")
    assert refused.returncode == 2
    assert "only a file is read in a way of its own" in refused.stderr


def command(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "fairbound", *words.split()]
    return subprocess.run(arguments, cwd=folder, check=False, capture_output=True, text=True)
