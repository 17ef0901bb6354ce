"""The frame itself: imports run one way, and every folder of code is in the package list."""

from __future__ import annotations

import ast
from pathlib import Path

import networkx as nx
import pytest
from fairbound.models import PROBLEMS

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
    """What replays certificates imports itself and the standard library."""
    import sys

    for path in sorted((ROOT / "solvers" / "checker").rglob("*.py")):
        for name in imported(path):
            if f"{name}.".startswith("fairbound.solvers.checker."):
                continue
            assert name.split(".")[0] in sys.stdlib_module_names, f"{path} imports {name}"


def test_every_folder_is_a_package() -> None:
    """``setup.py`` finds packages by their ``__init__.py``; a folder without one is silently absent from the wheel."""
    for folder in {path.parent for path in CODE}:
        assert (folder / "__init__.py").is_file(), folder


def test_the_lock_has_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert all("==" in line for line in lock.splitlines() if line and not line.startswith("#"))


FLOORS = [*CODE, *sorted((ROOT / "src").rglob("*.py"))]
MAY_NAME = {"models/__init__.py", "src/fairbound/cli/demo.py"}
"""The one list of problems, and the demo's list of experiments."""


def _of_a_problem(path: Path) -> bool:
    """Whether a file is a problem's own: in a folder of its name, or a checker or command that begins with its name."""
    return not set(PROBLEMS).isdisjoint({*path.relative_to(ROOT).parts[:-1], path.stem, path.stem.partition("_")[0]})


def _docstrings(tree: ast.Module) -> set[int]:
    """Constants that are docstrings, of modules and of attributes too."""
    return {
        id(node.value)
        for holder in ast.walk(tree)
        if isinstance(holder, ast.Module | ast.ClassDef | ast.FunctionDef)
        for node in holder.body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


@pytest.mark.parametrize(
    "path", [path for path in FLOORS if not _of_a_problem(path)], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_problem_is_named_outside_its_folders(path: Path) -> None:
    if str(path.relative_to(ROOT)) in MAY_NAME:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    words = _docstrings(tree)
    for name in imported(path):
        assert set(PROBLEMS).isdisjoint(name.split(".")), f"{path} imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in words:
            named = [name for name in PROBLEMS if node.value == name or node.value.startswith(f"{name}/")]
            assert not named, f"{path}, line {node.lineno}: {node.value!r}"


@pytest.mark.parametrize("floor", MAY_IMPORT)
def test_every_problem_has_its_folder_on_every_floor(floor: str) -> None:
    for name in PROBLEMS:
        assert (ROOT / floor / name / "__init__.py").is_file()
        assert (ROOT / "benchmarks" / name / "tiny.py").is_file()
    if floor == "models":
        for name in PROBLEMS:
            for file in ("instance", "evaluate", "tables"):
                assert (ROOT / floor / name / f"{file}.py").is_file()


def test_no_module_imports_itself_by_a_detour() -> None:
    """Imports at the top of modules have no cycle."""
    modules = {}
    for path in FLOORS:
        parts = path.relative_to(ROOT / "src" if "src" in path.parts else ROOT).with_suffix("").parts
        name = ".".join(parts if parts[0] == "fairbound" else ("fairbound", *parts)).removesuffix(".__init__")
        modules[name] = path
    graph: nx.DiGraph = nx.DiGraph()
    for name, path in modules.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    graph.add_edge(name, full if full in modules else node.module)
    cycles = [part for part in nx.strongly_connected_components(graph.subgraph(modules)) if len(part) > 1]
    assert not cycles
