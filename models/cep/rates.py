"""Federal reimbursement rates per meal, as data with their source (``rates.csv``)."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import parse_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction


@dataclass(frozen=True)
class Rates:
    """Dollars paid per meal: at the free, the reduced and the paid rate; ``None`` where a source does not say.

    ``severe_breakfast_*`` apply to breakfasts of schools in severe need. Reduced rates count only outside CEP.
    """

    name: str
    school_year: str
    region: str
    breakfast_free: Fraction
    breakfast_paid: Fraction
    severe_breakfast_free: Fraction | None
    severe_breakfast_paid: Fraction | None
    lunch_free: Fraction
    lunch_paid: Fraction
    source: str
    breakfast_reduced: Fraction | None = None
    severe_breakfast_reduced: Fraction | None = None
    lunch_reduced: Fraction | None = None

    def raised(self, amounts: Mapping[str, Fraction]) -> Rates:
        """The rates with amounts added to those that are known."""
        known: dict[str, Any] = {name: rate for name in amounts if (rate := getattr(self, name)) is not None}
        return replace(self, **{name: rate + amounts[name] for name, rate in known.items()})

    def by_meal(self, severe_need: bool) -> tuple[tuple[Fraction, Fraction | None, Fraction], ...]:
        """Free, reduced and paid rate of a breakfast, and of a lunch; severe need must be known where it is asked."""
        lunch = (self.lunch_free, self.lunch_reduced, self.lunch_paid)
        if not severe_need:
            return (self.breakfast_free, self.breakfast_reduced, self.breakfast_paid), lunch
        assert self.severe_breakfast_free is not None
        assert self.severe_breakfast_paid is not None
        return (self.severe_breakfast_free, self.severe_breakfast_reduced, self.severe_breakfast_paid), lunch


@cache
def rate_tables() -> dict[str, Rates]:
    """Every named rate table."""
    with (files(__package__) / "rates.csv").open(encoding="utf-8") as stream:
        return {row["name"]: parse_rates(row) for row in csv.DictReader(stream)}


TEXTS = ("name", "school_year", "region", "source")
NEEDED = ("breakfast_free", "breakfast_paid", "lunch_free", "lunch_paid")


def parse_rates(row: Mapping[str, str]) -> Rates:
    """Rates from their texts, an empty one for a rate that is not known; raises ``ValueError`` for other texts."""
    parsed: dict[str, Any] = {
        key: text if key in TEXTS else parse_number(text) if text else None for key, text in row.items()
    }
    return Rates(**parsed)


def read_rates(path: Path) -> Rates:
    """A district's own rates: a CSV of one row with the columns of ``rates.csv``.

    Only the free and paid rates must be there. Raises ``InputError``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read ({error})", file=str(path)) from None
    known = [field.name for field in fields(Rates)]
    if len(rows) != 1:
        raise InputError("a table of rates", file=str(path), found=f"{len(rows)} rows", wanted="one")
    found = {str(key).strip(): (text or "").strip() for key, text in rows[0].items() if key is not None}
    for column in found:
        if column not in known:
            raise InputError("unknown column", file=str(path), row=1, column=column, wanted=nearest(column, known))
    for column in NEEDED:
        if not found.get(column):
            raise InputError("cannot be used", file=str(path), row=2, column=column, found="", wanted="dollars a meal")
    row = dict.fromkeys(known, "") | found
    for column in known:
        if column not in TEXTS and row[column]:
            try:
                good = parse_number(row[column]) >= 0
            except ValueError:
                good = False
            if not good:
                raise InputError(
                    "cannot be used", file=str(path), row=2, column=column, found=row[column], wanted="dollars a meal"
                )
    if bool(row["severe_breakfast_free"]) != bool(row["severe_breakfast_paid"]):
        raise InputError("severe-need breakfasts", file=str(path), row=2, wanted="a free and a paid rate, or neither")
    return parse_rates(row | {"name": str(path)})


def find_rates(name: str) -> Rates:
    """Find a rate table by name, or read one from a CSV file; raises ``InputError`` with the nearest names."""
    if name.endswith(".csv"):
        return read_rates(Path(name))
    try:
        return rate_tables()[name]
    except KeyError:
        wanted = f"none, a CSV file, or {nearest(name, rate_tables())}"
        raise InputError("parameter rates", found=name, wanted=wanted) from None
