"""The frame itself: imports run one way, and every folder of code is in the package list."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "models": {"models"},
    "instances": {"models", "instances"},
    "solvers": {"models", "solvers"},
    "benchmarks": {"models", "instances", "solvers", "benchmarks"},
}
ENGINES = {"highspy", "pyscipopt", "ortools", "casadi", "scipy"}
CODE = [path for room in MAY_IMPORT for path in sorted((ROOT / room).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """Full names that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "fairbound":
            assert len(parts) > 1
            assert parts[1] in MAY_IMPORT[room], f"{path} imports {name}"
        assert room != "models" or parts[0] not in ENGINES, f"{path} imports the engine {name}"


def test_the_checker_stands_alone() -> None:
    """What replays certificates imports nothing of ours and nothing that is not in the standard library."""
    import sys

    for path in sorted((ROOT / "solvers" / "checker").glob("*.py")):
        for name in imported(path):
            assert name.split(".")[0] in sys.stdlib_module_names, f"{path} imports {name}"


def test_every_folder_is_packaged() -> None:
    """A folder missing from the list works when editable and is silently absent from the wheel."""
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {
        ".".join(["fairbound", *path.parent.relative_to(ROOT).parts])
        for room in MAY_IMPORT
        for path in (ROOT / room).rglob("__init__.py")
    }
    front = ROOT / "src"
    found |= {".".join(path.parent.relative_to(front).parts) for path in front.rglob("__init__.py")}
    assert listed == found
    for folder in {path.parent for path in CODE}:
        assert (folder / "__init__.py").is_file(), folder


def test_the_lock_has_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert all("==" in line for line in lock.splitlines() if line and not line.startswith("#"))
