"""The tables of a report as files: CSV with full numbers for programs, LaTeX with the page's texts for papers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairbound.instances.core.files import write_text
from fairbound.instances.core.tables import write_csv
from fairbound.models.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fairbound.benchmarks.core.report_tables import Table

LONGEST = 40
"""Rows of a LaTeX table that stays on one page; a longer one is a ``longtable``."""
SIGNS = {"…": r"\ldots{}", "∞": r"$\infty$"}
"""What LaTeX does not read as plain text."""


def write_tables(tables: Iterable[Table], folder: Path) -> None:
    """Write each table that has rows as ``NAME.csv`` and ``NAME.tex``."""
    for table in tables:
        if table.rows:
            write_csv(folder / f"{table.name}.csv", table.table())
            write_text(folder / f"{table.name}.tex", latex_text(table))


def latex_text(table: Table) -> str:
    """A table for LaTeX with the package ``booktabs``, and ``longtable`` where it is long: units stand in headers."""
    import pandas as pd  # imported where it is used: every command would wait for it

    headings, numeric, body = table.texts()
    frame = pd.DataFrame([[clean(text) for text in row] for row in body], columns=[clean(text) for text in headings])
    align = "".join("r" if number else "l" for number in numeric)
    text: str = frame.to_latex(index=False, escape=True, longtable=len(body) > LONGEST, column_format=align)
    for sign, command in SIGNS.items():
        text = text.replace(sign, command)
    return text
