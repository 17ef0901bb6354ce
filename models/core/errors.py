"""Errors that a person can act on: one line that says where, what was found and what was wanted."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from fairbound.models.core.text import clean, short

if TYPE_CHECKING:
    from collections.abc import Iterable


class InputError(ValueError):
    """The input is wrong. Its text is one line; nothing has been solved or written.

    Parameters
    ----------
    what
        What is wrong, in a few words.
    file, row, column
        Where; ``row`` counts lines of the file from 1, the header included.
    found, wanted
        The value found and the value wanted.
    """

    def __init__(
        self,
        what: str,
        *,
        file: str | None = None,
        row: int | None = None,
        column: str | None = None,
        found: object = None,
        wanted: object = None,
    ) -> None:
        where = [
            part
            for part in (
                file,
                f"row {row}" if row is not None else None,
                f"column {column}" if column is not None else None,
            )
            if part
        ]
        text = f"{', '.join(where)}: {what}" if where else what
        if found is not None:
            text += f": found {short(found)}"
        if wanted is not None:
            text += f"{',' if found is not None else ':'} wanted {wanted}"
        super().__init__(clean(" ".join(text.split())))
        self.what, self.file, self.row, self.column = what, file, row, column
        self.found, self.wanted = found, wanted


class UnsupportedModelError(ValueError):
    """An engine must not be given this model; the text says why."""


class TriviallyInfeasibleError(ValueError):
    """A row without variables contradicts itself."""


def nearest(name: str, known: Iterable[str], count: int = 5) -> str:
    """Say which known names come nearest to a wrong one."""
    names = list(known)
    close = get_close_matches(name, names, n=count, cutoff=0.5)
    if close:
        return "one of " + ", ".join(close)
    return "one of " + ", ".join(names[:count]) + (", ..." if len(names) > count else "")
