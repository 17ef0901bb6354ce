"""A district's own table of schools: strictly read, and refused where it does not say what it seems to."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.instances.cep.meaning import SYNONYMS, check_meaning, without_incomplete, without_marked, without_totals
from fairbound.instances.core.columns import note_unread
from fairbound.instances.core.source import Source, folded
from fairbound.instances.core.tables import BadCell, Count, Flag, Number, Text, check_header, sorted_rows
from fairbound.models.cep import CepInstance, School
from fairbound.models.core.errors import InputError
from fairbound.models.core.exact import decimal_text
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from fairbound.instances.core.tables import TextRow

THRESHOLD = Fraction(1, 4)
"""A district's own table is asked under the law since 26 October 2023 (7 CFR 245.9(f)(3)(i)); it was 0.40 before."""
PARTS = ("foster", "homeless", "migrant", "direct_cert")
TAKES = ("counts", "meals", "districts", "marked", "totals", "over", "alike", "years", "incomplete")
TEMPLATE = {
    "": (
        "school_id,name,enrolled,identified,free,reduced,breakfasts,lunches,severe_need",
        "0010,Alder School,320,136,160,20,20000,40000,no",
        "0020,Birch School,400,120,170,30,15000,50000,no",
        "0030,Cedar School,200,116,125,8,12000,20000,no",
    )
}


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
    free: Count | None = None
    reduced: Count | None = None


def load_csv(given: Path | Source) -> CepInstance:
    """Read a district from a school table; see ``SchoolRow`` for the columns.

    Raises
    ------
    InputError
        With file, row and column, for anything that cannot be meant.
    """
    source = Source.of(given)
    header, rows = source.table(SYNONYMS)
    check_header(source.path, header, SchoolRow)
    if "identified" not in header:
        for part in PARTS:
            if part not in header:
                others = ", ".join(name for name in header if name not in SchoolRow.model_fields) or "no other column"
                wanted = f"identified, or all of {', '.join(PARTS)}; the file has {others}: --map identified=..."
                column = "identified" if not set(PARTS) & set(header) else part
                raise InputError("missing column", file=source.file, row=1, column=column, wanted=wanted)
    rows = without_marked(source, rows)
    typed, bad = sorted_rows(rows, SchoolRow)
    bad += [BadCell(line, lacking, "", "a number") for line, row in typed if (lacking := _lacking(row))]
    kept = without_totals(source, without_incomplete(source, rows, typed, bad))
    schools = tuple(schools_of(source, kept))
    source.check_alike("school_id", {row.school_id: line for line, row in kept})
    lines = {line for line, _ in kept}
    check_meaning(source, [row for row in rows if row[0] in lines], schools, SchoolRow.model_fields)
    note_unread(source, [column for column in header if column not in SchoolRow.model_fields])
    return CepInstance(name=source.name, schools=schools, threshold=THRESHOLD, title=_district(rows))


def _district(rows: Sequence[TextRow]) -> str:
    """The district's name, where a column that is not read gives all schools the same."""
    columns = [column for column in rows[0][1] if folded(column) in ("districtname", "leaname", "sfaname")]
    names = {row[column] for _, row in rows for column in columns}
    return names.pop() if len(names) == 1 else ""


def _lacking(row: SchoolRow) -> str | None:
    """The column without which nobody knows who is identified."""
    missing = [part for part in PARTS if getattr(row, part) is None]
    if row.identified is not None or not missing:
        return None
    return "identified" if len(missing) == len(PARTS) else missing[0]


def schools_of(source: Source, rows: Iterable[tuple[int, SchoolRow]]) -> Iterator[School]:
    """The schools of typed rows; raises ``InputError`` for rows that contradict themselves or one another."""
    file = source.file
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
            identified = sum((getattr(row, part) for part in PARTS), Fraction(0))
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
            error = InputError(
                "more identified than enrolled",
                file=file,
                row=line,
                column="identified",
                found=decimal_text(identified),
                wanted=f"at most {decimal_text(row.enrolled)}",
            )
            source.refuse(error, "over")
            identified = row.enrolled
        meals = (row.breakfasts is not None, row.lunches is not None)
        has_meals = meals[0] if has_meals is None else has_meals
        if meals != (has_meals, has_meals):
            column = "lunches" if meals[1] != has_meals else "breakfasts"
            wanted = "breakfasts and lunches in every row or in none"
            raise InputError(
                "cannot be used", file=file, row=line, column=column, found=_cell(row, column), wanted=wanted
            )
        if row.free is not None and row.reduced is not None and row.free + row.reduced > row.enrolled:
            raise InputError(
                "more eligible than enrolled",
                file=file,
                row=line,
                column="free",
                found=f"{_cell(row, 'free')} and {_cell(row, 'reduced')} reduced",
                wanted=f"at most {decimal_text(row.enrolled)} together",
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
            free=row.free,
            reduced=row.reduced,
        )


def _cell(row: SchoolRow, column: str) -> str:
    value = getattr(row, column)
    return "" if value is None else decimal_text(value)
