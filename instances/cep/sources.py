"""CEP instances: a district's own CSV, the embedded seed, and the published US and New York files."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from fairbound.instances.cep.drawn import GENERATORS
from fairbound.instances.cep.meaning import SYNONYMS
from fairbound.instances.cep.tables import TAKES, TEMPLATE, SchoolRow, load_csv, schools_of
from fairbound.instances.core.entry import Entry, FileFormat, data_file, need_file
from fairbound.instances.core.grid import Line, read_grid
from fairbound.instances.core.source import Source
from fairbound.instances.core.tables import Count, Text, check_header, read_rows, said, validate_rows
from fairbound.models.cep import CepInstance, School, find_rates
from fairbound.models.core.arrays import collector_paused
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import decimal_text, exceeds
from pydantic import BaseModel

if TYPE_CHECKING:
    from pathlib import Path

US = "cep/us_districts.csv.gz"
NYC = "cep/nyc1453.csv"


def calpads33() -> CepInstance:
    """The 33 schools that the MealsCount notebook prints (one code stands twice: both are real)."""
    with as_file(files("fairbound.instances.cep.data") / "calpads33.csv") as path:
        _, rows = read_rows(path)
        typed = validate_rows("calpads33.csv", rows, SchoolRow)
        schools = tuple(schools_of(Source(path), typed))
    return CepInstance(name="cep/calpads33", schools=schools)


def nyc1453(path: Path) -> CepInstance:
    """1,453 New York schools with yearly meals, under the city's own rates."""

    class Row(BaseModel):
        School: Text
        N: Count
        E: Count
        B: Count
        L: Count

    header, rows = read_rows(path)
    check_header(path, header, Row)
    schools = tuple(
        School(id=row.School, enrolled=row.N, identified=row.E, breakfasts=row.B, lunches=row.L)
        for _, row in validate_rows(path, rows, Row)
    )
    return CepInstance(name="cep/nyc1453", schools=schools, rates=find_rates("nyc2017"))


class DistrictRow(BaseModel):
    """What is read of a row of the national file."""

    school_id: Text
    name: str
    enrolled: Count
    identified: Count | None = None


@cache
@collector_paused()
def _us_rows(path: Path) -> tuple[list[str], dict[str, list[Line]]]:
    """The header of the national file, and its rows by ``state/district``.

    The file tells 18 pairs of districts apart by a blank at the end of the code alone. They are kept
    apart, as published; the blank is written ``_``.
    """
    districts: dict[str, list[Line]] = {}
    grid = read_grid(path)
    state, district = (grid.header.index(column) for column in ("state", "district_code"))
    for line in grid.rows:
        code = line[1][district].replace(" ", "_")
        districts.setdefault(f"{line[1][state]}/{code}", []).append(line)
    return grid.header, districts


def us_districts(path: Path) -> list[str]:
    """Keys ``state/district`` of the national file, sorted."""
    return sorted(_us_rows(path)[1])


def us_district(path: Path, key: str) -> CepInstance:
    """One district of the national file; a school with more identified than enrolled is capped.

    Every change to the published row is recorded in ``repairs``.
    """
    schools, repairs, cells = [], [], []
    header, districts = _us_rows(path)
    wanted = ("school_code", "school_name", "enrolled", "identified")
    places = [header.index(column) for column in wanted]
    for line, row in districts[key]:
        code, school, enrolled, of_them = [said(row[place]) for place in places]
        identifier = code.strip()
        if not identifier:
            identifier = f"row{line}"
            repairs.append(f"row {line}: no school code, called {identifier}")
        named = {"school_id": identifier, "name": school, "enrolled": enrolled, "identified": of_them}
        cells.append((line, named))
    for line, typed in validate_rows(path, cells, DistrictRow):
        identified = typed.identified or Fraction(0)
        if exceeds(identified, typed.enrolled):
            repairs.append(
                f"row {line}: school {typed.school_id} has {decimal_text(identified)} identified of "
                f"{decimal_text(typed.enrolled)} enrolled, capped"
            )
            identified = typed.enrolled
        schools.append(School(id=typed.school_id, name=typed.name, enrolled=typed.enrolled, identified=identified))
    title = said(districts[key][0][1][header.index("district_name")])
    return CepInstance(name=f"cep/us/{key}", schools=tuple(schools), repairs=tuple(repairs), title=title)


def _us_members() -> list[str]:
    path = data_file(US)
    return [] if path is None else [f"cep/us/{key}" for key in us_districts(path)]


def _load_us(name: str) -> CepInstance:
    path, key = need_file("cep/us", US), name.removeprefix("cep/us/")
    if key not in _us_rows(path)[1]:
        raise InputError("unknown instance", found=name, wanted=nearest(name, _us_members()))
    return us_district(path, key)


def _recognises(source: Source) -> bool:
    """Whether a file's header is meant to be that of a table of schools, not of students."""
    named = any(source.has(column, names={column: SYNONYMS[column]}) for column in ("school_id", "enrolled"))
    # A table with two columns that could be a school's is still one of schools.
    named = named or any(source.has(column) for column in ("School Code", "total_enrolled"))
    return named and not source.has("student_id")


ENTRIES = (
    Entry(
        "cep/calpads33",
        "33 schools of a sample district in California",
        "printed in the MealsCount notebook",
        lambda _name: calpads33(),
        licence="figures printed in the notebook",
    ),
    Entry(
        "cep/nyc1453",
        "1,453 schools of New York City with yearly meals",
        "New York City, project SchoolLunch, test data for CEP grouping",
        lambda name: nyc1453(need_file(name, NYC)),
        file=NYC,
        licence="not stated",
    ),
    Entry(
        "cep/us/*",
        "45,872 schools in 8,050 districts of the United States, e.g. cep/us/ca/01702",
        "FRAC community eligibility database, as published by MealsCount",
        _load_us,
        file=US,
        members=_us_members,
        licence="MIT (the repository's)",
    ),
)
FORMATS = (FileFormat("cep", "a CSV with the columns school_id and enrolled", _recognises, load_csv, TAKES, TEMPLATE),)
__all__ = ["ENTRIES", "FORMATS", "GENERATORS", "calpads33", "nyc1453", "us_district", "us_districts"]
