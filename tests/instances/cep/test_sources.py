"""School tables: what is read, and how everything else is refused in one line."""

from __future__ import annotations

import gzip
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from fairbound.instances.cep import sources as cep
from fairbound.instances.core import catalogue
from fairbound.instances.core.entry import data_file
from fairbound.models.core.errors import InputError

import fairbound

HEADER = "school_id,enrolled,identified\n"


def write(folder: Path, text: str, name: str = "schools.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plain_table(tmp_path: Path) -> None:
    instance = cep.load_csv(write(tmp_path, HEADER + "a,100,40\n\nb,52.5,7.25\n"))
    assert instance.name == "schools"
    assert [(s.id, s.enrolled, s.identified) for s in instance.schools] == [
        ("a", 100, 40),
        ("b", Fraction(105, 2), Fraction(29, 4)),
    ]


def test_parts_meals_and_flags(tmp_path: Path) -> None:
    text = (
        "school_id,name,enrolled,foster,homeless,migrant,direct_cert,breakfasts,lunches,severe_need,notes\n"
        'a,"Adams, East",100,1,2,3,34,1000,2000,no,kept\n'
        "b,Baker,50,0,0,0,10,0,500,YES,\n"
    )
    first, second = cep.load_csv(write(tmp_path, text)).schools
    assert (first.name, first.identified, first.breakfasts, first.lunches) == ("Adams, East", 40, 1000, 2000)
    assert (first.severe_need, second.severe_need) == (False, True)


def test_a_byte_order_mark_and_gzip(tmp_path: Path) -> None:
    path = tmp_path / "schools.csv.gz"
    path.write_bytes(gzip.compress(("\ufeff" + HEADER + "a,10,4\n").encode()))
    assert cep.load_csv(path).schools[0].id == "a"


def test_a_data_frame_reads_like_a_table() -> None:
    frame = pd.DataFrame({"school_id": ["a", "b"], "enrolled": [10, 20], "identified": [4, 5], "name": ["A", None]})
    instance = fairbound.load(frame)
    assert [(s.id, s.name, s.enrolled) for s in instance.schools] == [("a", "A", 10), ("b", "", 20)]
    with pytest.raises(InputError, match=r"the table, row 3, column identified: more identified than enrolled"):
        fairbound.load(frame.assign(identified=[4, 50]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file: wanted"),
        (HEADER, "no rows below the header"),
        ("school_id,identified\na,1\n", "row 1, column enrolled: missing column: wanted enrolled"),
        ("enrolled,identified\n10,1\n", "row 1, column school_id: missing column"),
        ("school_id,enrolled\na,1\n", "row 1, column identified: missing column: wanted identified, or all of foster"),
        ("school_id,enrolled,foster,homeless\na,1,1,1\n", "row 1, column migrant: missing column"),
        (HEADER + "a,10,4\nb,many,4\n", "row 3, column enrolled: cannot be used: found 'many', wanted a number"),
        (HEADER + "a,nan,4\n", "row 2, column enrolled: cannot be used: found 'nan'"),
        (HEADER + "a,10,40%\n", "row 2, column identified: cannot be used: found '40%'"),
        (HEADER + "a,10,-4\n", "row 2, column identified: cannot be used: found '-4', wanted a number that is not neg"),
        (
            HEADER + "a,10,11\n",
            "row 2, column identified: more identified than enrolled: found '11', wanted at most 10",
        ),
        (
            HEADER + "a,10,4\na,20,4\n",
            "row 3, column school_id: duplicate school_id: found 'a', wanted each school once",
        ),
        (HEADER + ",10,4\n", "row 2, column school_id: cannot be used: found '', wanted some text"),
        (HEADER + "a,10,\n", "row 2, column identified: cannot be used: found '', wanted a number"),
        (HEADER + "a,10,4,5\n", "row 2: wrong number of cells: found 4, wanted 3"),
        (HEADER + "a,1e999,4\n", "row 2, column enrolled: cannot be used: found '1e999', wanted a number below 1e15"),
        (
            "school_id,enrolled,identified,breakfasts,lunches\na,9,4,1,1\nb,0,0,0,7\n",
            "row 3, column lunches: meals without students: found '7', wanted no meals where nobody is enrolled",
        ),
        ("school_id,enrolled,enrolled\na,1,1\n", "row 1, column enrolled: column stands twice"),
        ("school_id,enrolled,identified,brekfasts\na,1,1,1\n", "column brekfasts: unknown column"),
        (
            "school_id,enrolled,identified,lunches\na,10,4,5\n",
            "row 2, column lunches: cannot be used: found '5', wanted breakfasts and",
        ),
        (
            "school_id,enrolled,identified,breakfasts,lunches\na,10,4,5,5\nb,10,4,,\n",
            "row 3, column lunches: cannot be used: found '', wanted breakfasts and lunches in every row or in none",
        ),
        (
            "school_id,enrolled,identified,severe_need\na,10,4,maybe\n",
            "column severe_need: cannot be used: found 'maybe'",
        ),
        (
            "school_id,enrolled,identified,foster,homeless,migrant,direct_cert\na,10,4,1,1,1,2\n",
            "row 2, column identified: differs from the sum of its parts: found '4', wanted 5",
        ),
        (HEADER + '"a,10,4\n', "not a CSV table"),
        ("school_id,enrolled,identified,breakfasts,lunches\na,0,0,5,5\n", "meals without students"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError) as refusal:
        cep.load_csv(path)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ((HEADER + "a,10,4,5\n").encode(), "row 2: wrong number of cells: found 4, wanted 3"),
        (HEADER.encode() + b"a,\x81,4\n", "row 2: not UTF-8 text"),
        (b"\x50\x4b\x03\x04\xff\xfe", "a workbook that cannot be read"),
        (b"name,students\na,1\n", "cannot tell the problem of this file"),
    ],
)
def test_a_broken_file_is_told_what_is_wrong_with_it(tmp_path: Path, raw: bytes, message: str) -> None:
    """Not only that no format recognises it: its header may be that of a school table."""
    path = tmp_path / "district.csv"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=message):
        catalogue.load(str(path))


def test_the_embedded_seed() -> None:
    """33 schools, 40,319 enrolled, 12,937 identified; code 1000016 stands twice."""
    instance = cep.calpads33()
    assert len(instance.schools) == 33
    assert sum(s.enrolled for s in instance.schools) == 40319
    assert sum(s.identified for s in instance.schools) == 12937
    assert [s.enrolled for s in instance.schools if s.id.startswith("1000016")] == [858, 1795]


def test_unknown_names_and_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="wanted one of cep/calpads33"):
        catalogue.load("cep/calpad33")
    with pytest.raises(InputError, match="no such file"):
        catalogue.load(str(tmp_path / "absent.csv"))
    with pytest.raises(InputError, match="cannot tell the problem of this file"):
        catalogue.load(str(write(tmp_path, "a,b\n1,2\n")))
    with pytest.raises(InputError, match="missing column"):
        catalogue.load(str(write(tmp_path, "a,b\n1,2\n")), "cep")
    with pytest.raises(InputError, match="unknown problem"):
        catalogue.load(str(write(tmp_path, HEADER)), "sep")
    with pytest.raises(InputError, match="no instance of that name"):
        catalogue.expand("ceb/us/*")


def test_absent_data_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRBOUND_DATA", str(tmp_path))
    with pytest.raises(InputError, match=r"wanted a folder with cep/nyc1453.csv, named by FAIRBOUND_DATA"):
        catalogue.load("cep/nyc1453")


us = pytest.mark.skipif(data_file(cep.US) is None, reason="the national file is not on this machine (FAIRBOUND_DATA)")
nyc = pytest.mark.skipif(data_file(cep.NYC) is None, reason="New York's file is not on this machine (FAIRBOUND_DATA)")


@us
def test_the_national_file() -> None:
    names = catalogue.expand("cep/us/*")
    assert len(names) == 8050
    instances = [catalogue.load(name) for name in names]
    assert sum(len(instance.schools) for instance in instances) == 45872
    capped = [repair for instance in instances for repair in instance.repairs if "capped" in repair]
    assert len(capped) == 1
    assert "217 identified of 204 enrolled" in capped[0]
    los_angeles = catalogue.load("cep/us/ca/01702")
    assert (los_angeles.title, len(los_angeles.schools)) == ("Los Angeles Unified School District", 737)


@us
def test_unknown_districts_get_the_nearest_names() -> None:
    with pytest.raises(InputError, match="cep/us/ca/01702"):
        catalogue.load("cep/us/ca/1702")
    assert catalogue.expand("cep/us/hi/*") == [name for name in catalogue.expand("cep/us/*") if "/hi/" in name]


@nyc
def test_new_york() -> None:
    instance = catalogue.load("cep/nyc1453")
    assert len(instance.schools) == 1453
    assert instance.parameters["rates"] == "nyc2017"
    assert instance.schools[0].lunches == Fraction("32119.415316621646")
