"""Where the published US and New York files come from, and how the tables that we read are made of them."""

from __future__ import annotations

import csv
from importlib.resources import files
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

from fairbound.instances.cep.sources import NYC, US
from fairbound.instances.core.published import DataFile, Published, on_github

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MEALSCOUNT = ("opensandiego/mealscount-backend", "a9e7df3ff7e9eb9e3352e71463d3ea8bba39c6d1")
SCHOOL_LUNCH = ("MODA-NYC/Project_SchoolLunch", "873912a950c4e3ffce1456067026e972e79310a3")
COLUMNS = {
    "state": "state",
    "district_code": "District Code",
    "district_name": "District Name",
    "school_code": "School Code",
    "school_name": "School Name",
    "isp_percent": "individual_isp",
    "in_cep": "participating_in_cep",
    "enrolled": "total_enrolled",
    "identified": "total_eligible",
}
"""Columns of the national table, and their names in the states' files."""


def _text(rows: Iterable[Sequence[str]]) -> bytes:
    with StringIO(newline="") as text:
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode()


def _positive(cell: str) -> bool:
    return cell.isdecimal() and int(cell) > 0


def national(parts: Sequence[bytes]) -> bytes:
    """The rows of all states whose enrolled and identified students are counted and not 0.

    Names lose blanks at their ends; a school whose code is ``NA`` has none.
    """
    rows: list[Sequence[str]] = [list(COLUMNS)]
    for part in parts:
        for row in csv.DictReader(StringIO(part.decode("utf-8-sig"), newline="")):
            cells = {ours: row[theirs] for ours, theirs in COLUMNS.items()}
            if _positive(cells["enrolled"]) and _positive(cells["identified"]):
                cells |= {name: cells[name].strip() for name in ("district_name", "school_name")}
                cells["school_code"] = cells["school_code"] if cells["school_code"] != "NA" else ""
                rows.append(list(cells.values()))
    return _text(rows)


def new_york(parts: Sequence[bytes]) -> bytes:
    """The sheet of schools, without its titles and without schools that nobody is enrolled in."""
    import openpyxl

    book = openpyxl.load_workbook(BytesIO(parts[0]), read_only=True, data_only=True)
    listed = list(book["School Data"].iter_rows(min_row=4, max_col=5, values_only=True))
    rows = [[str(int(school)), *(repr(float(cell)) for cell in cells)] for school, *cells in listed if cells[0] > 0]
    return _text([["School", "N", "E", "B", "L"], *rows])


def _states() -> tuple[Published, ...]:
    """The states' files, sorted by state."""
    table = (files("fairbound.instances.cep.data") / "us_parts.csv").read_text(encoding="utf-8")
    return tuple(
        Published(on_github(*MEALSCOUNT, f"data/{row['state']}/latest.csv"), row["sha256"])
        for row in csv.DictReader(StringIO(table))
    )


DATA = (
    DataFile(
        US,
        "6aeb6af3b43bae00f674c3319d82743f4e9b93bdc32bb9d8fc9cd0a7dbd78aad",
        "FRAC community eligibility database, as published by MealsCount (opensandiego/mealscount-backend)",
        "repository MIT; no licence of the data is stated",
        "the states' files put together, rows with enrolled and identified students only",
        _states(),
        national,
    ),
    DataFile(
        NYC,
        "526631b37f93e33da63de425b351f1521e4bad2858069b7b7005e53ed95ab58b",
        "New York City, Mayor's Office of Data Analytics (MODA-NYC/Project_SchoolLunch)",
        "none is stated",
        "the sheet School Data of the test data for CEP grouping as a table, schools with students only",
        (
            Published(
                on_github(*SCHOOL_LUNCH, "data/Test Data for CEP Grouping.xlsx"),
                "f41a6cdd0f5ebf7223a50f4130a7d5cbdf67c865b34f493dba59b36636fdb932",
            ),
        ),
        new_york,
    ),
)
