"""Text from files and arguments, made harmless for a terminal: data is never an instruction."""

from __future__ import annotations

import re

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
LONGEST = 200
"""Characters of a value that an error message repeats."""


def clean(text: str) -> str:
    """The text with control characters, marks that turn writing around and half characters replaced by U+FFFD.

    Tab and newline stay.
    """
    return _CONTROLS.sub("\ufffd", text)


def short(value: object) -> str:
    """A value as an error repeats it: cleaned, and cut where it is long."""
    try:
        text = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # a whole number of thousands of digits
        text = f"a {type(value).__name__} that is too long to show"
    return clean(text if len(text) <= LONGEST else text[:LONGEST] + "...")


NOTHING = frozenset({"", "*", "**", "-", "--", ".", "nan", "<na>", "n/a", "#n/a", "null"})
"""What tables write where a value is missing or masked. NA may be somebody's word, and so may None."""


def says_nothing(label: str) -> bool:
    """Whether a cell that should name a group names none."""
    return label.strip().lower() in NOTHING
