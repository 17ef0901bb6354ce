"""Hidden truths: a file or a simulation, for audits alone. No reader of instances takes one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from fairbound.instances.core.source import Source
from fairbound.instances.core.tables import Number, Text, check_header, read_rows, validate_rows
from fairbound.models.core.errors import InputError
from fairbound.models.core.truth import Truth
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class TruthRow(BaseModel):
    """One quantity: what it is, whose, and how much."""

    quantity: Text
    id: str = ""
    value: Number


def is_truth(path: Path) -> bool:
    """Whether a file is a hidden truth."""
    source = Source(path)
    return source.has(*TruthRow.model_fields) and len(source.grid().header) == len(TruthRow.model_fields)


def read_truth(path: Path) -> Truth:
    """A table of quantity, id and value; raises ``InputError``."""
    header, rows = read_rows(path)
    check_header(path, header, TruthRow)
    values: dict[tuple[str, str], Fraction] = {}
    for line, row in validate_rows(path, rows, TruthRow):
        if (row.quantity, row.id) in values:
            raise InputError("stands twice", file=str(path), row=line, found=f"{row.quantity} {row.id}")
        values[row.quantity, row.id] = row.value
    return Truth(values, str(path))


def truth_of(table: Iterable[Sequence[str]], name: str) -> Truth:
    """The truth of a simulation, from its rows below a header."""
    return Truth({(quantity, key): Fraction(value) for quantity, key, value in list(table)[1:]}, name)
