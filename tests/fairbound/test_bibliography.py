"""Works that pages and code name stand in the bibliography."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENTRIES = re.split(r"^- ", (ROOT / "docs" / "bibliography.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
NAMED = re.compile(r"\b([A-Z][a-zé]+(?:-[A-Z][a-z]+)?)(?: et al\.| and others)?,? \(?((?:19|20)\d\d)\b(?![/-])")
NO_WORK = {"Census", "Fall", "In", "January", "List", "November", "October", "Since"}
"""What stands before other years."""


def named(text: str) -> set[tuple[str, str]]:
    """The last name and the year of every work that a text names, as in ``Horowitz and Sahni 1974``."""
    return {(name, year) for name, year in NAMED.findall(" ".join(text.split())) if name not in NO_WORK}


def test_what_is_named_stands_in_the_bibliography() -> None:
    pages = [path for path in (ROOT / "docs").glob("*.md") if path.stem != "bibliography"]
    code = [path for floor in ("models", "solvers", "instances", "benchmarks") for path in (ROOT / floor).rglob("*.py")]
    works = {work: path for path in (*pages, *code) for work in named(path.read_text(encoding="utf-8"))}
    assert len(works) >= 40
    missing = {
        f"{path.relative_to(ROOT)}: {name} {year}"
        for (name, year), path in works.items()
        if not any(name in entry and f"({year})" in entry for entry in ENTRIES)
    }
    assert not missing
