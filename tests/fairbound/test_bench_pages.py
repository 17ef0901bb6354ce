"""The pages on engines and on what they get wrong: their commands run as printed, and say what is printed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("page", ["compare", "honesty"])
def test_the_commands_of_the_page_run_as_printed(page: str, tmp_path: Path) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    steps = re.findall(r"```console\n\$ fairbound (.*?)\n```(?:\n\n```text\n(.*?)```)?", text, re.DOTALL)
    assert steps
    for command, expected in steps:
        words = [sys.executable, "-m", "fairbound", *shlex.split(command)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, (command, done.stderr)
        for line in filter(None, expected.splitlines()):
            assert plain(line) in plain(done.stdout), (command, line, done.stdout)
    if page == "honesty":
        assert (tmp_path / "honest" / "honesty.csv").is_file()
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, page, "exec"), {})
