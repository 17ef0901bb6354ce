"""``make demo`` and ``make test`` set up with any Python from 3.11 on and say which, or what is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIND = ROOT / ".ci" / "find-python"
FAKE = """#!{python} -IS
import sys
if sys.argv[1:3] == ["-m", "venv"]:
    import pathlib
    made = pathlib.Path(sys.argv[3], "bin", "python")
    made.parent.mkdir(parents=True)
    made.write_text("#!/bin/sh\\necho {name} \\"$@\\" >> called\\n")
    made.chmod(0o755)
elif sys.argv[1] == "--version":
    print("Python {version}")
else:
    sys.version_info = ({numbers}, "final", 0)
    if {bare}:
        sys.modules["ensurepip"] = None
    exec(sys.argv[2])
"""


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder for commands; what a test puts there is all that it finds."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def python(folder: Path, name: str, version: str, bare: bool = False) -> None:
    """A command that is a Python of some version, without what makes environments if it is bare."""
    numbers = version.replace(".", ", ")
    text = FAKE.format(python=sys.executable, name=name, version=version, numbers=numbers, bare=bare)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def found(folder: Path, *asked: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([FIND, *asked], env={"PATH": str(folder)}, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ({"python3.13": "3.13.1", "python3.11": "3.11.9", "python3": "3.12.1"}, "python3.11"),
        ({"python3.13": "3.13.1", "python3": "3.9.2"}, "python3.13"),
        ({"python3": "3.10.4", "python": "3.14.0"}, "python"),
        ({"python3.11": "3.10.4", "python3": "3.12.1"}, "python3"),
    ],
)
def test_the_first_that_is_new_enough(commands: Path, there: dict[str, str], taken: str) -> None:
    for name, version in there.items():
        python(commands, name, version)
    assert found(commands).stdout == f"{taken}\n"


def test_one_that_cannot_run_or_make_environments_is_passed_over(commands: Path) -> None:
    (commands / "python3.11").write_text("#!/bin/sh\necho no such version >&2\nexit 127\n")
    (commands / "python3.11").chmod(0o755)
    python(commands, "python3.12", "3.12.4", bare=True)
    python(commands, "python3", "3.11.2")
    assert found(commands).stdout == "python3\n"
    (commands / "python3").unlink()
    refused = found(commands)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(
        "no Python to set up with: found python3.11 is not working, python3.12 is 3.12.4 without venv"
    )
    assert refused.stderr.count("\n") == 1


def test_nothing_to_find(commands: Path) -> None:
    assert "found none of python3.11 python3.12" in found(commands).stderr
    assert "wanted 3.11 or later" in found(commands).stderr


def made(tmp_path: Path, commands: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Set up in a folder of its own; whoever is called there writes its name."""
    for name in ("Makefile", ".ci/find-python", "pyproject.toml", "requirements.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    path = f"{commands}:/usr/bin:/bin"
    command = ["make", ".venv/.ready", *arguments]
    return subprocess.run(command, cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True)


def test_make_says_which_it_takes(tmp_path: Path, commands: Path) -> None:
    python(commands, "python3.11", "3.11.9")
    python(commands, "mine", "3.13.1")
    done = made(tmp_path, commands, "PYTHON=mine")
    assert done.returncode == 0, done.stderr
    assert "setting up .venv with mine, Python 3.13.1" in done.stdout
    assert (tmp_path / "called").read_text().startswith("mine -m pip install")
    shutil.rmtree(tmp_path / ".venv")
    assert "with python3.11, Python 3.11.9" in made(tmp_path, commands).stdout


def test_make_refuses_a_python_that_will_not_do(tmp_path: Path, commands: Path) -> None:
    python(commands, "old", "3.9.2")
    refused = made(tmp_path, commands, "PYTHON=old")
    assert refused.returncode != 0
    assert "no Python to set up with: found old is 3.9.2; wanted 3.11 or later" in refused.stderr
    assert not (tmp_path / ".venv").exists()
