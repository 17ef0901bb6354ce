"""The gallery and the first page show what the demo writes, and nothing that no page shows."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from command_line import Run

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "docs" / "gallery"


def cells(text: str) -> list[tuple[str, str]]:
    """Methods with their values; bounds and levels depend on what the machine has time for."""
    return re.findall(r"^\| \**`(.+?)`\** \| \**(.+?)\** \|", text, re.MULTILINE)


def test_pages_show_what_the_demo_writes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("demo", "--out", "here")
    assert done.returncode == 0, done.stderr
    assert "17,364.8" in done.stdout
    assert Path("here/cep-threshold-0.40/solution.csv").is_file()
    monkeypatch.syspath_prepend(GALLERY)
    import write

    pages = write.pages(Path("here"))
    assert sum(len(cells(text)) for text in pages.values()) > 40
    for path, text in pages.items():
        assert cells(text) == cells(path.read_text(encoding="utf-8")), path
    del sys.modules["write"]


def test_the_first_page_says_what_its_pages_say() -> None:
    rows = re.findall(r"^\| \[.*?\]\((\S+?)\).*? \| (.*?) \| (.*?) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(rows) == 8
    for page, theirs, ours in rows:
        text = (ROOT / page).read_text(encoding="utf-8")
        numbers = re.findall(r"\d[\d,.]*\d", re.sub(r"\[.*?\]\(.*?\).*", "", f"{theirs} {ours}"))
        assert numbers
        for number in numbers:
            assert number in text, f"{page} does not show {number}"
