"""The page on files: its commands run as printed on the files it shows, and say what is printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from command_line import Run

PAGE = (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8")
FILES = re.findall(r"`(district\.csv|city\.geojson)`:\n\n```text\n(.*?)```", PAGE, re.DOTALL)
STEPS = re.findall(r"```console\n\$ fairbound (.*?)\n```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


def test_the_walks_of_the_page_run_as_printed(run: Run) -> None:
    assert [name for name, _ in FILES] == ["district.csv", "city.geojson"]
    assert len(STEPS) == 4
    for name, text in FILES:
        Path(name).write_text(text, encoding="utf-8")
    code, _, error = run("instance", "check", "district.csv")
    assert (code, "row 7, column identified: cannot be used: found '*'" in error) == (2, True)
    for command, expected in STEPS:
        code, said, _ = run(*shlex.split(command))
        assert code == 0, command
        for line in filter(None, expected.splitlines()):
            assert " ".join(line.split()) in " ".join(said.split()), line
    for folder, files in (("plan", ()), ("zones", ("zones.geojson", "certificate.json"))):
        for name in ("board.html", "plan.csv", "plan.xlsx", "solution.csv", "result.json", *files):
            assert (Path(folder) / name).is_file(), name
