"""The command as a process: standard output is ours alone, whatever a library writes to its descriptor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

NOISY = """
import os, sys
from fairbound.cli import command
import fairbound.solvers.engines.highs as engine
run = engine.execute
def noisy(highs):
    os.write(1, b"an engine speaks past Python\\n")
    run(highs)
engine.execute = noisy
sys.exit(command())
"""


def test_json_stands_alone_beside_an_engine_that_prints(tmp_path: Path) -> None:
    arguments = ["solve", "cep/calpads33", "--set", "threshold=0.40", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", NOISY, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert json.loads(done.stdout)["primal_bound"] == "86824/5"


def test_a_closed_standard_output_is_no_accident(tmp_path: Path) -> None:
    command = f"exec {sys.executable} -m fairbound solve cep/calpads33 --out answer >&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert (tmp_path / "answer" / "result.json").is_file()
