"""The gallery shows what the demo writes, and the first page what the gallery shows."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from command_line import Run

from fairbound.cli import demo

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "docs" / "gallery"


def cells(text: str) -> list[tuple[str, str]]:
    """Methods with their values; bounds and levels depend on what the machine has time for."""
    return re.findall(r"^\| \**`(.+?)`\** \| \**(.+?)\** \|", text, re.MULTILINE)


QUICK = ("cep-threshold-0.40", "cep-threshold-0.25", "transfers", "applicants")
SUITE = 'name = "small"\ntitle = "small"\n[[experiment]]\ninstances = ["cep/calpads33"]\nmethods = ["alone"]\n'


def test_pages_show_what_the_demo_writes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The experiments that take a second or two."""
    Path("small.toml").write_text(SUITE)
    monkeypatch.setattr(demo, "EXPERIMENTS", [one for one in demo.EXPERIMENTS if one.folder in QUICK])
    monkeypatch.setattr(demo, "SUITE", "small.toml")
    done = run("demo", "--out", "here")
    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(GALLERY)
    import write

    compared = 0
    for path, text in write.pages(Path("here")).items():
        assert cells(text) == cells(path.read_text(encoding="utf-8")), path
        compared += sum(text.count(f"<!-- table {name} -->") for name in QUICK)
    assert compared == len(QUICK)
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
