"""What ruff's rules on docstrings leave open: errors that a function raises, shapes of arrays, names of parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [path for floor in ("models", "solvers", "instances", "benchmarks") for path in (ROOT / floor).rglob("*.py")]
OUTSIDE = [*FILES, ROOT / "src" / "fairbound" / "api.py", ROOT / "src" / "fairbound" / "__init__.py"]
"""What plugins and users import; docstrings of commands are what ``--help`` says."""
ROOMS = ("models", "instances", "solvers/core", "solvers/engines", "benchmarks/core")
"""Where whoever writes a plugin meets arrays."""
ARRAYS = re.compile(r"\b(ndarray|NDArray|Floats|csr_array|csc_array)\b")
SHAPE = re.compile(r"[Ss]hape|\b(each|every|all|row|rows|column|columns|per)\b")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[tuple[str, Function]]:
    """Public functions and methods of a file, by their names there."""
    todo: list[tuple[str, ast.stmt]] = [("", node) for node in ast.parse(path.read_text(encoding="utf-8")).body]
    while todo:
        where, node = todo.pop()
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            todo += [(f"{node.name}.", inner) for inner in node.body]
        elif isinstance(node, Function) and not node.name.startswith("_"):
            yield f"{where}{node.name}", node


def raised(function: Function) -> set[str]:
    """Names of errors that a function itself raises, functions within it left out."""
    names, todo = set(), list[ast.AST](function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, Function | ast.Lambda):
            continue
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            names.add(ast.unparse(error).rpartition(".")[2])
        todo += ast.iter_child_nodes(node)
    return {name for name in names if name.endswith("Error") or name == "Rejected"} - {"NotImplementedError"}


def documented(docstring: str) -> list[str]:
    """Names in the section on parameters, if there is one."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=\n\n\w+\n-+\n|\Z)", docstring, re.DOTALL | re.MULTILINE)
    lines = section[1].splitlines() if section else []
    heads = [line for line, below in pairwise(lines) if line[:1].strip() and below[:1].isspace()]
    return [name.strip().lstrip("*") for head in heads for name in head.partition(" : ")[0].split(",")]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_say_what_callers_need(path: Path) -> None:
    arrays = str(path.relative_to(ROOT)).startswith(ROOMS)
    for name, function in functions(path):
        said = ast.get_docstring(function) or ""
        for error in raised(function):
            assert error in said, f"{name} raises {error} and does not say so"
        given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        given += [extra for extra in (function.args.vararg, function.args.kwarg) if extra is not None]
        for parameter in documented(said):
            assert parameter in {argument.arg for argument in given}, f"{name} has no parameter {parameter}"
        kinds = " ".join(ast.unparse(kind) for kind in [*(a.annotation for a in given), function.returns] if kind)
        assert not arrays or not ARRAYS.search(kinds) or SHAPE.search(said), f"{name}: of what shape are its arrays?"
