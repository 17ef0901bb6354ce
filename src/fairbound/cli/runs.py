"""What the commands that run many solves share: a bar of progress, options, and words about the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column

from fairbound.benchmarks.core.runner import Event
from fairbound.cli.options import words
from fairbound.cli.screen import console
from fairbound.models.core.errors import InputError
from fairbound.models.core.text import clean
from fairbound.solvers.core.isolation import Outcome

Workers = Annotated[int, typer.Option(min=1, help="Solves at a time.")]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="WHERE", help="[b]dask[/b], a Dask scheduler's address, or [b]slurm[/b]."),
]
Retry = Annotated[str, typer.Option(metavar="OUTCOMES", help="Solve rows with these outcomes again: killed,error,...")]
MOST_SAID = 20
"""Solves that did not end well and are named; the rest is counted."""


def outcomes(text: str) -> list[str]:
    """Read ``--retry``; raises ``InputError``."""
    again = list(words(text))
    for word in again:
        if word not in list(Outcome):
            raise InputError("--retry", found=word, wanted=", ".join(Outcome))
    return again


def progress_bar() -> Bar:
    """A bar on standard error: how many are done, the time, and one line of words; nothing where nobody looks."""
    shown = console(stderr=True)
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
    )
    return Bar(*columns, console=shown, disable=not shown.is_terminal, transient=True, expand=True)


class Following:
    """Hears the events of a run and shows them on standard error."""

    def __init__(self, total: int) -> None:
        self.bar = progress_bar()
        self.task = self.bar.add_task("", total=total)
        self.running: dict[str, str] = {}
        self.failed: Counter[str] = Counter()

    def __call__(self, event: Event) -> None:
        """Show what has begun or ended."""
        if self.bar.disable and (event.row is None or event.row.outcome == Outcome.OK):
            return  # nobody looks
        key, label = event.specification.key, event.specification.label
        if event.row is None:
            self.running[key] = escape(clean(label))
        else:
            self.running.pop(key, None)
            if event.row.outcome != Outcome.OK:
                self.failed[event.row.outcome] += 1
                if self.failed.total() <= MOST_SAID:
                    text = f"{event.row.outcome}: {label}: {event.row.message[:200]}"
                    self.bar.console.print(text, soft_wrap=True)
        words = "".join(f"[red]{count} {kind}[/red] " for kind, count in self.failed.items())
        self.bar.update(self.task, completed=event.settled, description=words + " | ".join(self.running.values()))

    def said(self) -> str:
        """What did not end well, counted; empty if all did."""
        return ", ".join(f"{count:,} {kind}" for kind, count in self.failed.items())


@contextmanager
def following(total: int) -> Iterator[Following]:
    """A bar while a run is under way."""
    shown = Following(total)
    with shown.bar:
        yield shown
