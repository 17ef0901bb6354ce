"""Methods from outside the package: planted errors are found, and what is no plugin is refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "own.md").read_text(encoding="utf-8")
[PARENTS] = re.findall(r"`parents\.py`:\n\n```python\n(.*?)```", PAGE, re.DOTALL)
[SUITE] = re.findall(r"`mine\.toml`:\n\n```toml\n(.*?)```", PAGE, re.DOTALL)


def fairbound(folder: Path, *words: str, code: int = 0, **variables: str) -> str:
    """What a command says; plugins are for a process of their own."""
    done = subprocess.run(
        [sys.executable, "-m", "fairbound", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | {"COLUMNS": "200"} | variables,
    )
    assert done.returncode == code, (words, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parents.py").write_text(PARENTS)
    (tmp_path / "mine.toml").write_text(SUITE)
    return tmp_path


def test_a_changed_file_is_another_method(folder: Path) -> None:
    suite = SUITE.replace('"highs", "highs-nopresolve"', '"highs"').replace('"flow", ', "")
    (folder / "mine.toml").write_text(suite)
    run = ("--plugin", "parents.py", "bench", "run", "mine.toml", "--out", "runs")
    assert "2 solves" in fairbound(folder, *run)
    (folder / "parents.py").write_text(PARENTS + "\n# changed\n")
    assert "results of another version" in fairbound(folder, *run, code=2)


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        # A wrong row: nobody may be two steps from the school.
        (
            "bounds=(0, n)",
            "bounds=(0, 1)",
            ["answer: parents on", r"assign gives level\[u2\] the value 2, wanted from 0 to 1"],
        ),
        # An invalid bound: the model says of its value that it is better than it is.
        (
            "    rules.set_goal(model, objective)\n",
            "    rules.set_goal(model, objective)\n    model.objective.expr *= 0.5\n",
            [
                "LP bound: parents on|answer: parents on",
                "is beaten by a solution worth|instead of optimal|objective is",
            ],
        ),
        # An extract that loses a unit: the first one goes to the last school.
        (
            "build, rules.extract, assign",
            "build, lambda model: type(rules.extract(model))((model.instance.schools[-1].id,"
            " *rules.extract(model).schools[1:])), assign",
            ["round trip: parents on", "what extract reads back from assign breaks a rule: school in its zone"],
        ),
    ],
    ids=["wrong row", "invalid bound", "extract loses a unit"],
)
def test_planted_errors_are_found(folder: Path, right: str, wrong: str, words: list[str]) -> None:
    assert right in PARENTS
    (folder / "parents.py").write_text(PARENTS.replace(right, wrong))
    said = fairbound(folder, "check", "parents.py", code=1)
    for pattern in words:
        assert re.search(pattern, said), said[:2000]
    assert re.search(r"parents\.py: \d+ checks, \d+ do not hold", said)


@pytest.mark.parametrize("kind", ["formulation", "baseline", "problem"])
def test_templates_run_at_once(tmp_path: Path, kind: str) -> None:
    problem = () if kind == "problem" else ("--problem", "designs")
    fairbound(tmp_path, "new", kind, "mine", *problem)
    assert "all hold" in fairbound(tmp_path, "check", "mine.py")
    assert "there already" in fairbound(tmp_path, "new", kind, "mine", *problem, code=2)
    if kind == "problem":
        assert "110" in fairbound(tmp_path, "--plugin", "mine.py", "solve", "mine/four", "--set", "buses=3")
        (tmp_path / "mine.csv").write_text("route,buses,riders\na,1,9\nb,2,8\n")
        assert "9" in fairbound(tmp_path, "--plugin", "mine.py", "solve", "mine.csv", "--set", "buses=1")
        fairbound(tmp_path, "--plugin", "mine.py", "solve", "mine/four", "--engine", "highs-nopresolve", "--out", "o")
        said = fairbound(tmp_path, "--plugin", "mine.py", "audit", "mine/four", "o/solution.csv", "--json")
        assert json.loads(said)["feasible"] is True


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\n", "no PLUGINS"),
        ("import no_such_module\n", "ModuleNotFoundError"),
        ("x = 1\ny = x / 0\n", "row 2"),
        ("def f(:\n", "SyntaxError"),
        ("import sys\nsys.exit(0)\n", "row 2: a plugin that does not run (SystemExit: 0)"),
        ("from fairbound import Plugin\nPLUGINS = (Plugin('nothing'),)\n", "unknown problem"),
    ],
)
def test_a_file_that_is_no_plugin_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    said = fairbound(tmp_path, "check", "bad.py", code=2)
    assert words in said
    assert len(said.strip().splitlines()) == 1


def test_a_method_is_known_where_its_file_is_named(folder: Path) -> None:
    assert "parents" in fairbound(folder, "--plugin", "parents.py", "list", "blocks")
    assert "unknown" in fairbound(folder, "solve", "blocks/grid100", "--method", "parents", code=2)


def test_a_name_that_is_taken_is_refused(folder: Path) -> None:
    (folder / "parents.py").write_text(PARENTS.replace('"parents", "each', '"flow", "each'))
    assert "have one name" in fairbound(folder, "--plugin", "parents.py", "list", "blocks", code=2)


def test_a_heuristic_does_not_take_the_name_of_a_method(tmp_path: Path) -> None:
    fairbound(tmp_path, "new", "baseline", "membership", "--problem", "cep")
    for command in (("check", "membership.py"), ("--plugin", "membership.py", "list", "cep")):
        assert "one name: found 'membership'" in fairbound(tmp_path, *command, code=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "absent.py"), "absent.py: no such file"),
        (("new", "baseline", "json", "--problem", "cep"), "a name of Python itself"),
        (("new", "problem", "class"), "a name of Python itself"),
    ],
)
def test_names_that_cannot_be_are_told(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in fairbound(tmp_path, *arguments, code=2)
    assert not list(tmp_path.iterdir())


def test_an_installed_package_brings_its_methods_and_figures(tmp_path: Path) -> None:
    """An entry point names the module: no option is needed, also not in the processes of a run."""
    (tmp_path / "mine_1.py").write_text(
        "from fairbound import Plugin\n"
        "from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series\n"
        "from fairbound.models.cep import Grouping\n"
        "from fairbound.solvers.core.baseline import Baseline\n"
        "def nobody(instance, objective, seed, argument):\n"
        "    return Grouping.of([])\n"
        "def own_figure(rows, solutions):\n"
        "    bars = Series('rows', (float(len(rows)),), ('all',), Mark.BARS)\n"
        "    y = Axis('', categories=('all',))\n"
        "    return [Figure('own-count', 'Rows counted by a plugin', '', Axis('rows'), y, (bars,))]\n"
        "PLUGINS = (Plugin('cep', baselines=(Baseline('nobody', 'no group', nobody),), figures=(own_figure,)),)\n"
    )
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[fairbound.plugins]\nmine = mine_1\n")
    asked = 'instances = ["cep/calpads33"]\nmethods = ["nobody", "membership"]\n'
    (tmp_path / "own.toml").write_text('name = "own"\ntitle = "own"\n[[experiment]]\n' + asked)
    path = {"PYTHONPATH": str(tmp_path)}
    assert "nobody" in fairbound(tmp_path, "list", "cep", **path)
    assert "2 of 2 solves" in fairbound(tmp_path, "bench", "run", "own.toml", "--out", "runs", **path)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.1\n")
    again = ("bench", "run", "own.toml", "--out", "runs")
    assert "results of another version" in fairbound(tmp_path, *again, code=2, **path)
    fairbound(tmp_path, "bench", "report", "runs", "--no-static", **path)
    page = (tmp_path / "runs" / "report.html").read_text()
    assert "Rows counted by a plugin" in page
    assert "nobody" in page
    assert "unknown method" in fairbound(tmp_path / "runs", "solve", "cep/calpads33", "--method", "nobody", code=2)
