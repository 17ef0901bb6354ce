"""The command line in the test's process, in an empty folder, and a small district with its proof."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from command_line import Done, Run
from general_meals import ROWS

from fairbound.cli import main


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command line in this process, in an empty folder: importing Pyomo anew for each command is slow."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)  # what runs tests side by side sets it

    def command(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["fairbound", *arguments])
        capsys.readouterr()
        try:
            code = main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Done(code, *capsys.readouterr())

    return command


@pytest.fixture
def district(tmp_path: Path) -> str:
    """The five schools with meals of their own, as a table."""
    lines = [f"s{i},{','.join(map(str, row))}" for i, row in enumerate(ROWS, start=1)]
    (tmp_path / "five.csv").write_text("\n".join(["school_id,enrolled,identified,breakfasts,lunches", *lines]) + "\n")
    return "five.csv"


ASKED = ("--set", "rates=nyc2017", "--set", "threshold=0.4")


@pytest.fixture
def certificate(run: Run, district: str) -> Path:
    code, _, error = run("solve", district, *ASKED, "--method", "price_curve", "--out", "proof")
    assert code == 0, error
    return Path("proof/certificate.json")
