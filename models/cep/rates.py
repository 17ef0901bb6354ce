"""Federal reimbursement rates per meal, as data with their source (``rates.csv``)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from fairbound.models.core.errors import InputError, nearest
from fairbound.models.core.exact import parse_number

if TYPE_CHECKING:
    from fractions import Fraction


@dataclass(frozen=True)
class Rates:
    """Dollars paid per meal, at the free and at the paid rate.

    ``severe_breakfast_*`` apply to breakfasts of schools in severe need.
    """

    name: str
    school_year: str
    region: str
    breakfast_free: Fraction
    breakfast_paid: Fraction
    severe_breakfast_free: Fraction
    severe_breakfast_paid: Fraction
    lunch_free: Fraction
    lunch_paid: Fraction
    source: str

    def breakfast(self, severe_need: bool) -> tuple[Fraction, Fraction]:
        """Free and paid rate of a breakfast."""
        if severe_need:
            return self.severe_breakfast_free, self.severe_breakfast_paid
        return self.breakfast_free, self.breakfast_paid


@cache
def rate_tables() -> dict[str, Rates]:
    """Every named rate table."""
    texts = ("name", "school_year", "region", "source")
    with (files(__package__) / "rates.csv").open(encoding="utf-8") as stream:
        return {
            row["name"]: Rates(**{key: text if key in texts else parse_number(text) for key, text in row.items()})  # type: ignore[arg-type]
            for row in csv.DictReader(stream)
        }


def find_rates(name: str) -> Rates:
    """Find a rate table by name; raises ``InputError`` with the nearest names."""
    try:
        return rate_tables()[name]
    except KeyError:
        wanted = "none or " + nearest(name, rate_tables())
        raise InputError("parameter rates", found=name, wanted=wanted) from None
