"""The screen: a console and tables, for names that come from files."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairbound.models.core.text import clean

WIDTH, NARROWEST, LEAST_WORDS, LONGEST_WORD = 100, 40, 20, 64
"""Columns of output that goes to no terminal, the fewest that are believed, what a column of words keeps at least, and
the longest word or number that is kept whole: only exact fractions of many digits are longer."""


class Screen(Console):
    """A console that takes no text for markup or for an instruction to the terminal: names come from files."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Text as it is, without what a terminal would obey."""
        return super().render_str(clean(text), **options)

    def print(self, *objects: Any, crop: bool = False, **options: Any) -> None:
        """What is wider than the screen goes on in the next line: a number that is cut is another number."""
        super().print(*objects, crop=crop, **options)


def console(stderr: bool = False) -> Console:
    """A console as wide as the terminal; where there is none, as wide as ``COLUMNS`` says, or 100 columns."""
    plain: dict[str, Any] = {"stderr": stderr, "highlight": False, "markup": False, "emoji": False}
    made = Screen(**plain)
    if made.is_terminal:
        return made
    asked = os.environ.get("COLUMNS", "")
    return Screen(**plain, width=max(int(asked), NARROWEST) if asked.isdigit() else WIDTH)


def facts_lines(facts: Mapping[str, str]) -> None:
    """Print names and what they are, the names dim; what has several lines stands below itself."""
    width = max(map(len, facts))
    for name, text in facts.items():
        for i, part in enumerate(clean(text).split("\n")):
            line = Text.assemble((f"{'' if i else name:<{width}}", "dim"), "  ", part)
            console().print(line, soft_wrap=True)


def table(title: str, rows: Sequence[Mapping[str, str]], text_columns: int = 1, words: Collection[str] = ()) -> Table:
    """A table of text rows; the first ``text_columns`` and those named by ``words`` are set left, numbers right.

    No word and no number is cut or broken: where the screen is too narrow, lines are longer than it.
    """
    made = Table(
        title=Text(clean(title), no_wrap=True, overflow="ignore"),
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    names = list(rows[0]) if rows else ["(nothing)"]
    lefts = [i < text_columns or name in words for i, name in enumerate(names)]
    widths, leasts = [], []
    for name, left in zip(names, lefts, strict=True):
        cells = [clean(row[name]) for row in rows]
        longest = max(map(cell_len, cells), default=0)
        folds = left or longest > LONGEST_WORD
        word = max((cell_len(word) for text in (name, *cells) for word in text.split()), default=0)
        leasts.append(max(min(longest, LEAST_WORDS) if folds else longest, min(word, LONGEST_WORD)))
        widths.append(max(longest, cell_len(name)))
    # Words give way where a terminal is too narrow for both, the widest column first.
    for _ in range(sum(widths) + len(widths) - 1 - console().width):
        spare = [i for i, width in enumerate(widths) if width > leasts[i]]
        if not spare:
            break
        widths[max(spare, key=widths.__getitem__)] -= 1
    for name, left, width in zip(names, lefts, widths, strict=True):
        made.add_column(name, justify="left" if left else "right", overflow="fold", width=width)
    made.width = sum(widths) + len(widths) - 1
    for row in rows:
        made.add_row(*row.values())
    return made
