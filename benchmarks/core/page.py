"""A page of tables that sort and filter and of figures, in one HTML file that needs no network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fairbound.instances.core.files import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fairbound.benchmarks.core.figure import Figure
    from fairbound.benchmarks.core.report_tables import Table


@dataclass(frozen=True)
class Part:
    """A section of a page; ``name`` is what its link points to."""

    name: str
    title: str
    words: Sequence[str]
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class Tile:
    """A number of the summary and what it counts."""

    value: str
    label: str
    note: str = ""


def write_page(
    folder: Path, name: str, title: str, subtitle: str, tiles: Sequence[Tile], parts: Sequence[Part]
) -> Path:
    """Write ``NAME.html``, every figure into ``figures/`` and every table into ``tables/``; returns the page."""
    from fairbound.benchmarks.core.report import as_json, from_template, plotly_library
    from fairbound.benchmarks.core.static_figures import write_static  # Matplotlib takes its time
    from fairbound.benchmarks.core.table_files import write_tables
    from markupsafe import Markup

    figures = [figure for part in parts for figure in part.figures]
    tables = [table for part in parts for table in part.tables]
    data = {
        "figures": {figure.name: figure.to_json() for figure in figures},
        "tables": {table.name: table.to_json() for table in tables},
    }
    text = from_template(
        "page.html.j2",
        title=title,
        subtitle=subtitle,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        tiles=tiles,
        parts=parts,
        plotly=Markup(plotly_library()) if figures else "",
        data=as_json(data),
    )
    page = folder / f"{name}.html"
    write_text(page, text)
    write_static(figures, folder / "figures")
    write_tables(tables, folder / "tables")
    return page
