"""CEP instances: a district's own CSV, the embedded seed, and the published US and New York files."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairbound.instances.cep.meaning import check_meaning, understood
from fairbound.instances.core.entry import Entry, FileFormat, data_file, need_file
from fairbound.instances.core.tables import (
    Count,
    Flag,
    Number,
    Text,
    check_header,
    read_header,
    read_rows,
    validate_rows,
)
from fairbound.models.cep import CepInstance, School, find_rates
from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import decimal_text
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

US = "cep/us_districts.csv.gz"
NYC = "cep/nyc1453.csv"
THRESHOLD = Fraction(1, 4)
"""A district's own table is asked under the law since 26 October 2023 (7 CFR 245.9(f)(3)(i)); it was 0.40 before."""
PARTS = ("foster", "homeless", "migrant", "direct_cert")


class SchoolRow(BaseModel):
    """Columns of a school table. Identified students stand in ``identified`` or in its four parts."""

    school_id: Text
    enrolled: Count
    identified: Count | None = None
    foster: Count | None = None
    homeless: Count | None = None
    migrant: Count | None = None
    direct_cert: Count | None = None
    name: str = ""
    breakfasts: Count | None = None
    lunches: Count | None = None
    severe_need: Flag = False
    gain: Number = Fraction(0)


def load_csv(path: Path) -> CepInstance:
    """Read a district from a school table; see ``SchoolRow`` for the columns.

    Raises
    ------
    InputError
        With file, row and column, for anything that cannot be meant.
    """
    header, rows = read_rows(path)
    names, notes = understood(str(path), header)
    if names:
        header = [names.get(column, column) for column in header]
        rows = [(line, {names.get(column, column): cell for column, cell in row.items()}) for line, row in rows]
    check_header(path, header, SchoolRow)
    if "identified" not in header:
        for part in PARTS:
            if part not in header:
                wanted = "identified, or all of " + ", ".join(PARTS)
                column = "identified" if not set(PARTS) & set(header) else part
                raise InputError("missing column", file=str(path), row=1, column=column, wanted=wanted)
    schools = tuple(_schools(str(path), validate_rows(path, rows, SchoolRow)))
    check_meaning(str(path), rows, schools, SchoolRow.model_fields)
    ignored = [column for column in header if column not in SchoolRow.model_fields]
    if ignored:
        notes = (*notes, f"columns that are not read: {', '.join(ignored)}")
    return CepInstance(name=path.stem, schools=schools, threshold=THRESHOLD, repairs=notes)


def from_frame(frame: Any, name: str = "frame") -> CepInstance:
    """Read a district from a pandas DataFrame with the columns of ``SchoolRow``.

    Missing values count as absent; rows are numbered as in a CSV with one header line.
    """
    frame = frame.astype(object).where(frame.notna(), "")
    rows = [(i + 2, {str(k): str(v) for k, v in row.items()}) for i, row in enumerate(frame.to_dict("records"))]
    check_header(Path(name), frame.columns, SchoolRow)
    schools = tuple(_schools(name, validate_rows(name, rows, SchoolRow)))
    if rows:
        check_meaning(name, rows, schools, SchoolRow.model_fields)
    return CepInstance(name=name, schools=schools, threshold=THRESHOLD)


def _schools(file: str, rows: Iterable[tuple[int, SchoolRow]]) -> Iterator[School]:
    first_line: dict[str, int] = {}
    has_meals: bool | None = None
    for line, row in rows:
        if row.school_id in first_line:
            wanted = f"each school once (it stands in row {first_line[row.school_id]} too)"
            raise InputError(
                "duplicate school_id", file=file, row=line, column="school_id", found=row.school_id, wanted=wanted
            )
        first_line[row.school_id] = line
        identified = row.identified
        if identified is None:
            parts = [getattr(row, part) for part in PARTS]
            missing = [part for part, value in zip(PARTS, parts, strict=True) if value is None]
            if missing:
                column = "identified" if len(missing) == len(PARTS) else missing[0]
                raise InputError("cannot be used", file=file, row=line, column=column, found="", wanted="a number")
            identified = sum(parts, Fraction(0))
        elif any(getattr(row, part) is not None for part in PARTS):
            total = sum((getattr(row, part) or Fraction(0) for part in PARTS), Fraction(0))
            if total != identified:
                raise InputError(
                    "differs from the sum of its parts",
                    file=file,
                    row=line,
                    column="identified",
                    found=decimal_text(identified),
                    wanted=decimal_text(total),
                )
        if identified > row.enrolled:
            raise InputError(
                "more identified than enrolled",
                file=file,
                row=line,
                column="identified",
                found=decimal_text(identified),
                wanted=f"at most {decimal_text(row.enrolled)}",
            )
        meals = (row.breakfasts is not None, row.lunches is not None)
        has_meals = meals[0] if has_meals is None else has_meals
        if meals != (has_meals, has_meals):
            column = "lunches" if meals[1] != has_meals else "breakfasts"
            wanted = "breakfasts and lunches in every row or in none"
            raise InputError(
                "cannot be used", file=file, row=line, column=column, found=_cell(row, column), wanted=wanted
            )
        for column in ("breakfasts", "lunches"):
            if row.enrolled == 0 and getattr(row, column):
                raise InputError(
                    "meals without students",
                    file=file,
                    row=line,
                    column=column,
                    found=_cell(row, column),
                    wanted="no meals where nobody is enrolled",
                )
        yield School(
            id=row.school_id,
            name=row.name,
            enrolled=row.enrolled,
            identified=identified,
            breakfasts=row.breakfasts,
            lunches=row.lunches,
            severe_need=row.severe_need,
            gain=row.gain,
        )


def _cell(row: SchoolRow, column: str) -> str:
    value = getattr(row, column)
    return "" if value is None else decimal_text(value)


def calpads33() -> CepInstance:
    """The 33 schools that the MealsCount notebook prints (one code stands twice: both are real)."""
    with as_file(files("fairbound.instances.cep.data") / "calpads33.csv") as path:
        _, rows = read_rows(path)
        typed = validate_rows("calpads33.csv", rows, SchoolRow)
    return CepInstance(name="cep/calpads33", schools=tuple(_schools("calpads33.csv", typed)))


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


@cache
def _us_rows(path: Path) -> dict[str, list[tuple[int, dict[str, str]]]]:
    """Rows of the national file by ``state/district``.

    The file tells 18 pairs of districts apart by a blank at the end of the code alone. They are kept
    apart, as published; the blank is written ``_``.
    """
    districts: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for line, row in read_rows(path, strip=False)[1]:
        code = row["district_code"].replace(" ", "_")
        districts.setdefault(f"{row['state']}/{code}", []).append((line, row))
    return districts


def us_districts(path: Path) -> list[str]:
    """Keys ``state/district`` of the national file, sorted."""
    return sorted(_us_rows(path))


def us_district(path: Path, key: str) -> CepInstance:
    """One district of the national file; a school with more identified than enrolled is capped.

    Every change to the published row is recorded in ``repairs``.
    """
    schools, repairs = [], []
    for line, row in _us_rows(path)[key]:
        identifier = row["school_code"].strip()
        if not identifier:
            identifier = f"row{line}"
            repairs.append(f"row {line}: no school code, called {identifier}")
        cells: Mapping[str, str] = {
            "school_id": identifier,
            "name": row["school_name"],
            "enrolled": row["enrolled"],
            "identified": row["identified"],
        }
        [(_, typed)] = validate_rows(path, [(line, cells)], SchoolRow)
        identified = typed.identified or Fraction(0)
        if identified > typed.enrolled:
            repairs.append(
                f"row {line}: school {identifier} has {decimal_text(identified)} identified of "
                f"{decimal_text(typed.enrolled)} enrolled, capped"
            )
            identified = typed.enrolled
        schools.append(School(id=identifier, name=typed.name, enrolled=typed.enrolled, identified=identified))
    title = _us_rows(path)[key][0][1]["district_name"]
    return CepInstance(name=f"cep/us/{key}", schools=tuple(schools), repairs=tuple(repairs), title=title)


def _us_members() -> list[str]:
    path = data_file(US)
    return [] if path is None else [f"cep/us/{key}" for key in us_districts(path)]


def _load_us(name: str) -> CepInstance:
    path, key = need_file("cep/us", US), name.removeprefix("cep/us/")
    if key not in _us_rows(path):
        raise InputError("unknown instance", found=name, wanted=nearest(name, _us_members()))
    return us_district(path, key)


def _recognises(path: Path) -> bool:
    """Whether a file's header is meant to be that of a table of schools, not of students."""
    try:
        columns = read_header(path)
    except InputError:
        return False
    try:
        header = {*columns, *understood(str(path), columns)[0].values()}
    except InputError:
        return True  # it has two columns for one of a school's
    return not {"school_id", "enrolled"}.isdisjoint(header) and "student_id" not in header


ENTRIES = (
    Entry(
        "cep/calpads33",
        "33 schools of a sample district in California",
        "printed in the MealsCount notebook",
        lambda _name: calpads33(),
    ),
    Entry(
        "cep/nyc1453",
        "1,453 schools of New York City with yearly meals",
        "New York City, project SchoolLunch, test data for CEP grouping",
        lambda name: nyc1453(need_file(name, NYC)),
        file=NYC,
    ),
    Entry(
        "cep/us/*",
        "45,872 schools in 8,050 districts of the United States, e.g. cep/us/ca/01702",
        "FRAC community eligibility database, as published by MealsCount",
        _load_us,
        file=US,
        members=_us_members,
    ),
)
FORMATS = (FileFormat("cep", "a CSV with the columns school_id and enrolled", _recognises, load_csv),)
