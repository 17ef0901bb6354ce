"""How numbers, tables and running work look on a terminal."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction

from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from fairbound.cli.screen import console
from fairbound.models.core.exact import decimal_text
from fairbound.models.core.problem import Instance
from fairbound.models.core.text import clean
from fairbound.solvers.core.bound import Level
from fairbound.solvers.core.result import Progress, Result, Status
from fairbound.solvers.core.wall import kept

SIGNIFICANT = 6
"""Digits of a number below 1, of which four decimals would show too few."""
LONGEST_FRACTION = 60
"""Characters of a fraction that is shown beside its number; a longer one stands in the JSON only."""
PATIENCE = 1.0
"""Seconds after which running work is shown."""

LEVELS = {
    Level.L0: "claimed by the engine",
    Level.L1: "value exact, bound claimed by the engine",
    Level.L2: "value and bound exact",
    Level.L3: "independent engines agree",
    Level.L4: "tree certificate replayed",
    Level.L5: "VIPR certificate accepted",
}


def number(value: Fraction | float | None, digits: int = 4) -> str:
    """A number for people: thousands separated, exact where few decimals suffice.

    Below 1 the digits that count are significant ones, not decimals.
    """
    if value is None:
        return "-"
    if isinstance(value, Fraction):
        text = decimal_text(value)
        if "/" not in text and len(text.partition(".")[2]) <= digits:
            whole, point, part = text.partition(".")
            return f"{int(whole):,}{point}{part}" if not whole.startswith("-0") else text
    if 0 < abs(float(value)) < 1:
        return f"{float(value):.{SIGNIFICANT}g}"
    return f"{float(value):,.{digits}f}"


def exact(value: Fraction | None) -> str:
    """The number for people, and the fraction it is where that says more and can be read."""
    if value is None:
        return "none"
    if value.denominator == 1 or len(str(value)) > LONGEST_FRACTION:
        return number(value)
    return f"{number(value)} = {value}"


def percent(gap: float | None) -> str:
    """A relative gap as percent."""
    if gap is None:
        return "-"
    if gap == 0:
        return "0"
    return f"{100 * gap:.2g} %" if gap < 0.01 else f"{100 * gap:.2f} %"


def status_text(result: Result) -> str:
    """Status with its level, in words."""
    word = result.status.value
    if result.status in (Status.OPTIMAL, Status.FEASIBLE):
        says = LEVELS[result.level] if result.dual_bound is not None else "value exact, no bound"
        return f"{word} ({result.level.value}: {says})"
    return word


def proven_text(result: Result) -> str:
    """The strongest proven bound, how near it is, and what proves it."""
    if result.proven is None:
        return "no bound"
    source = f", {result.proven.source}" if result.proven.source else ""
    near = "" if result.proven_gap is None else f", {percent(result.proven_gap)} away"
    return f"{number(result.proven.value)}{near} ({result.proven.level.value}: {result.proven.basis.value}{source})"


def levels_line(results: Iterable[Result]) -> str:
    """What the levels mean that occur among results; empty where no result has a value."""
    found = {result.level for result in results if result.status in (Status.OPTIMAL, Status.FEASIBLE)}
    return "; ".join(f"{level.value}: {LEVELS[level]}" for level in sorted(found))


def shout(contradictions: Iterable[str]) -> bool:
    """Print contradictions so that nobody misses them; whether there are any."""
    said = [text for text in contradictions if text]
    for text in dict.fromkeys(said):
        console().print(Text(clean(f"CONTRADICTION {text}"), style="bold red"), soft_wrap=True)
    return bool(said)


class Line:
    """A line about running work; call it with a moment of progress."""

    def __init__(self, label: str) -> None:
        self.label = label = clean(label)
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        self.bar = Bar(*columns, console=console(stderr=True), transient=True, redirect_stdout=False)
        self.task = self.bar.add_task(label)

    def say(self, label: str) -> None:
        """Name the work that runs now."""
        self.label = label = clean(label)
        self.bar.update(self.task, description=label)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the line away while something else is printed."""
        shown = self.bar.live.is_started
        if shown:
            self.bar.stop()
        yield
        if shown:
            self.bar.start()

    def __call__(self, moment: Progress) -> None:
        """Show a moment of progress."""
        primal = "no solution yet" if moment.primal is None else f"primal {moment.primal:,.6g}"
        dual = "" if moment.dual is None else f", dual {moment.dual:,.6g}"
        nodes = f", {moment.nodes:,} nodes" if moment.nodes else ""
        self.bar.update(self.task, description=f"{self.label}: {primal}{dual}{nodes}")


@contextmanager
def running(label: str, *instances: Instance, count: int = 1) -> Iterator[Line]:
    """Show a line on standard error while work of more than a second is under way; its solves share a fork server.

    That knows these instances; others travel to it. Searches side by side (``count``) have one each.
    """
    line = Line(label)
    timer = threading.Timer(PATIENCE, line.bar.start)
    timer.daemon = True
    with kept(*instances, count=count):
        if line.bar.console.is_terminal:
            timer.start()
        try:
            yield line
        finally:
            timer.cancel()
            if line.bar.live.is_started:
                line.bar.stop()
