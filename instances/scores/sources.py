"""The catalogue of certified prediction: the Texas tables, a simulated panel, and drawn designs."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING

from fairbound.instances.core.entry import Entry, FileFormat, Generator, need_file
from fairbound.instances.core.tables import csv_text
from fairbound.instances.core.truth import truth_of
from fairbound.instances.scores.drawn import FEATURES
from fairbound.instances.scores.simulation import Settings, drawn_design, simulate
from fairbound.instances.scores.spending import TAKES
from fairbound.instances.scores.tables import (
    is_budgets,
    is_panel,
    is_plain,
    load_panel,
    load_plain,
    load_tables,
    texas_panel,
)
from fairbound.models.scores.instance import ScoresInstance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fairbound.models.core.truth import Truth
    from fairbound.models.scores.panel import Panel

TEXAS = "texas/functions_table.csv.gz"
TEXAS_ORIGIN = "Texas Education Agency, 2005-2019, as tabled for the seed"
DRAWN = {100: (10_000, 8), 1000: (2_000, 8)}
"""Training rows and planted features of the drawn designs."""
SIMULATED_ORIGIN = "drawn, seed 1"


@lru_cache(maxsize=1)
def panel_at(path: Path) -> tuple[Panel, tuple[str, ...]]:
    """The Texas panel; its tables take a second or two to read."""
    return texas_panel(path)


def texas(name: str) -> ScoresInstance:
    """The seed's districts; raises ``InputError`` where the tables are not on this machine."""
    panel, notes = panel_at(need_file(name, TEXAS))
    return ScoresInstance(name, panel, repairs=notes, title="average ACT of Texas districts")


def synthetic(name: str) -> ScoresInstance:
    """The simulated districts."""
    made = simulate()
    return ScoresInstance(name, made.panel, k=6, repairs=made.notes, title="600 simulated districts, 15 years")


def synthetic_truth() -> Truth:
    """What the simulated districts' spending really does."""
    return truth_of(simulate().truth, "the truth of scores/synthetic")


def drawn(name: str) -> ScoresInstance:
    """A drawn table of features."""
    p = int(name.rpartition("drawn")[2])
    n, k = DRAWN[p]
    return ScoresInstance(name, drawn_design(p, n, k, 0.5, 1), k=k, title=f"{n:,} rows, {p:,} correlated features")


def _make(settings: Mapping[str, str], seed: int) -> dict[str, str]:
    made = simulate(Settings.read(settings), seed)
    return {"": csv_text(made.table), "_truth": csv_text(made.truth)}


ENTRIES = (
    Entry(
        "scores/synthetic",
        "600 simulated districts over 15 years, planted effects of three functions",
        SIMULATED_ORIGIN,
        synthetic,
        truth=synthetic_truth,
    ),
    Entry(
        "scores/texas",
        "the seed's 930 Texas districts, 2005 to 2019",
        TEXAS_ORIGIN,
        texas,
        TEXAS,
        licence="none stated; altered copies are forbidden",
        closed=True,
    ),
    *(
        Entry(f"scores/drawn{p}", f"{n:,} rows, {p:,} correlated features, {k} of which count", SIMULATED_ORIGIN, drawn)
        for p, (n, k) in DRAWN.items()
    ),
)
GENERATORS = (
    Generator(
        "scores",
        "panel",
        "districts over years with planted effects, and the truth in a file of its own",
        {field.name: str(field.default) for field in fields(Settings)},
        _make,
        "districts.csv",
    ),
    FEATURES,
)
TEMPLATE = {
    "": (
        "district_id,year,score,students,Instruction,Guidance",
        *(
            f"{district},{year},{16 + district + (year % 4) / 4},{900 + 100 * district},{5000 + 90 * (year % 11)},"
            f"{300 + 9 * district}"
            for district in (1, 2, 3)
            for year in range(2008, 2020)
        ),
    )
}
FORMATS = (
    FileFormat("scores", "the table functions_table.csv with Instruction_General_Funds", is_budgets, load_tables),
    FileFormat(
        "scores",
        "a CSV of districts with district_id, year, score and students",
        is_panel,
        load_panel,
        TAKES,
        TEMPLATE,
    ),
    FileFormat("scores", "a CSV of features with a column label", is_plain, load_plain, ("counts",)),
)
