"""``docs/adding.md`` is followed to the letter in a copy of the project: its toy problem is solved and tested."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding.md"
FILES = re.findall(
    r"`((?:models|solvers|instances|benchmarks|tests)/[\w/]*routes[\w/]*\.py)`\n\n```python\n(.*?)```",
    PAGE.read_text(),
    re.S,
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The floors inside a package ``fairbound``, with the page's files and its one line."""
    folder = tmp_path_factory.mktemp("copy")
    package = folder / "fairbound"
    shutil.copytree(ROOT / "src" / "fairbound", package)
    for floor in ("models", "solvers", "instances", "benchmarks"):
        shutil.copytree(ROOT / floor, package / floor)
    shutil.copytree(ROOT / "tests", folder / "tests")
    for name, text in FILES:
        path = (folder if name.startswith("tests/") else package) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    words = package / "models" / "__init__.py"
    line = '"routes": "run the routes that serve most students with the buses there are",'
    assert f"    {line}\n" in (ROOT / "docs" / "adding.md").read_text()
    named = words.read_text().replace("PROBLEMS = {", f"PROBLEMS = {{{line}")
    assert '"routes"' in named
    words.write_text(named)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{folder / 'tests' / 'support'}"}
    words = [sys.executable, "-m", *command]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder, env=environment)


def test_the_page_has_every_file_of_a_problem() -> None:
    named = {name for name, _ in FILES}
    for file in ("instance", "evaluate", "tables", "knapsack", "__init__"):
        assert f"models/routes/{file}.py" in named
    assert {"solvers/routes/methods.py", "instances/routes/sources.py", "benchmarks/routes/tiny.py"} <= named


def test_the_toy_problem_is_solved_and_compared(copy: Path) -> None:
    done = run(copy, "fairbound", "solve", "routes/four", "--set", "buses=3", "--json", "--out", "answer")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["primal_bound"]) == ("optimal", "110")
    done = run(copy, "fairbound", "audit", "routes/four", "answer/solution.csv", "--set", "buses=3", "--json")
    assert json.loads(done.stdout)["feasible"] is True
    done = run(copy, "fairbound", "compare", "routes/four")
    assert done.returncode == 0, done.stderr
    assert "greedy" in done.stdout
    (copy / "mine.csv").write_text("route,buses,students\na,1,9\nb,2,8\n")
    assert "9" in run(copy, "fairbound", "solve", "mine.csv", "--set", "buses=1").stdout


def test_the_contract_tests_find_it_by_name(copy: Path) -> None:
    options = ("-q", "--import-mode=importlib", "-p", "no:cacheprovider", "-k", "routes")
    done = run(copy, "pytest", *options, "tests/models/core/test_contracts.py")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-500:]
    assert " passed" in done.stdout
